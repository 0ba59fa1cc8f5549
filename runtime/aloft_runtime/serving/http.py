"""A small HTTP/1.1 server over a Unix socket: keep-alive, Content-Length and chunked bodies, Expect: 100-continue.

One thread per connection, at most `max_connections`; more wait in the listening queue. `application(method, path,
headers, body)` returns (status, headers, body) and is called on the connection's thread. A body that is not bytes is a generator of
them, sent chunked; it is closed when the peer goes away.
"""

import os
import select
import socket
import threading
import traceback

MAX_HEAD = 64 * 1024
REASONS = {
    200: "OK", 204: "No Content", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    413: "Content Too Large", 415: "Unsupported Media Type", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


class BadRequest(Exception):
    """Bytes that are no request: answered once, and the connection closes."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class Connection:
    """Reads requests one after the other from a connected socket."""

    def __init__(self, sock, max_body):
        self._socket = sock
        self._max_body = max_body
        self._buffer = bytearray()

    def read_request(self):
        """(method, path, headers, body), or None where the peer closed between two requests."""
        end = self._buffer.find(b"\r\n\r\n")
        while end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest(431, "the head is too large")
            if not self._fill():
                if self._buffer:
                    raise BadRequest(400, "the head is cut off")
                return None
            end = self._buffer.find(b"\r\n\r\n")
        if end > MAX_HEAD:
            raise BadRequest(431, "the head is too large")
        head = bytes(self._buffer[:end]).decode("latin-1")
        del self._buffer[: end + 4]
        line, *fields = head.split("\r\n")
        try:
            method, target, version = line.split(" ")
        except ValueError:
            raise BadRequest(400, "the request line is malformed") from None
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise BadRequest(400, "the HTTP version is not supported")
        headers = {}
        for field in fields:
            name, colon, value = field.partition(":")
            if not colon or not name or name != name.strip():
                raise BadRequest(400, "a header field is malformed")
            headers[name.lower()] = value.strip()
        headers.setdefault("connection", "close" if version == "HTTP/1.0" else "keep-alive")
        body = self._read_body(headers)
        return method, target.split("?", 1)[0], headers, body

    def _read_body(self, headers) -> bytes:
        chunked = "transfer-encoding" in headers
        if chunked and headers["transfer-encoding"].lower() != "chunked":
            raise BadRequest(501, "the transfer encoding is not supported")
        length = 0
        if not chunked:
            text = headers.get("content-length", "0")
            if not text.isdigit():
                raise BadRequest(400, "Content-Length is no number")
            length = int(text)
            if length > self._max_body:
                raise BadRequest(413, f"the body is larger than {self._max_body} bytes")
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._read_chunks() if chunked else self._take(length)

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            text = self._take_line().split(b";", 1)[0].strip()
            try:
                size = int(text, 16)
            except ValueError:
                raise BadRequest(400, "a chunk size is malformed") from None
            if size == 0:
                break
            if size < 0 or len(body) + size > self._max_body:
                raise BadRequest(413, f"the body is larger than {self._max_body} bytes")
            body += self._take(size)
            if self._take(2) != b"\r\n":
                raise BadRequest(400, "a chunk is malformed")
        while self._take_line():  # trailers
            pass
        return bytes(body)

    def _take(self, size) -> bytes:
        while len(self._buffer) < size:
            if not self._fill():
                raise BadRequest(400, "the body is cut off")
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _take_line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest(400, "a line is too long")
            if not self._fill():
                raise BadRequest(400, "the body is cut off")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _fill(self) -> bool:
        piece = self._socket.recv(256 * 1024)
        self._buffer += piece
        return bool(piece)

    def write_stream(self, status, headers, pieces, close):
        """A body of pieces, each sent as it is made. An error in between cuts it off, which the peer sees."""
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
        for name, value in headers.items():
            lines.append(f"{name}: {value}".replace("\r", " ").replace("\n", " "))
        lines.append("Transfer-Encoding: chunked")
        if close:
            lines.append("Connection: close")
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace"))
        for piece in pieces:
            if piece:
                self._socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        self._socket.sendall(b"0\r\n\r\n")

    def write(self, status, headers, body, close, head_only=False):
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
        for name, value in headers.items():
            # A handler's header must not end the head early.
            lines.append(f"{name}: {value}".replace("\r", " ").replace("\n", " "))
        lines.append(f"Content-Length: {len(body)}")
        if close:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        self._socket.sendall(head if head_only else head + body)


class Server:
    """Accepts on a listening socket until `stop`, which lets running requests finish."""

    def __init__(self, listener: socket.socket, application, max_connections: int, max_body: int, retires=None):
        """`retires(headers)`: whether the connection of such a request ends with its answer."""
        self._retires = retires or (lambda headers: False)
        self._listener = listener
        self._application = application
        self._slots = threading.BoundedSemaphore(max_connections)
        self._max_body = max_body
        self._stopping = threading.Event()
        self._wake = os.pipe()
        self._open = set()
        self._busy = 0
        self._changed = threading.Condition()

    def run(self):
        self._listener.setblocking(False)  # several processes may wake for one connection
        while not self._stopping.is_set():
            if not self._slots.acquire(timeout=0.5):
                continue
            sock = self._accept()
            if sock is None:
                self._slots.release()
                continue
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _accept(self):
        readable, _, _ = select.select([self._listener, self._wake[0]], [], [])
        if self._listener not in readable:
            return None
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return None
        sock.setblocking(True)
        return sock

    def stop(self, grace: float) -> None:
        """No new connections; idle ones close; waits up to `grace` seconds for running requests."""
        self._stopping.set()
        os.write(self._wake[1], b"x")
        with self._changed:
            self._changed.wait_for(lambda: self._busy == 0, grace)
            for sock in self._open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _serve(self, sock):
        connection = Connection(sock, self._max_body)
        with self._changed:
            self._open.add(sock)
        try:
            while self._exchange(connection):
                pass
        except OSError:
            pass  # the peer went away
        finally:
            with self._changed:
                self._open.discard(sock)
            sock.close()
            self._slots.release()

    def _exchange(self, connection) -> bool:
        """One request and its answer; False where the connection ends."""
        try:
            request = connection.read_request()
        except BadRequest as error:
            connection.write(error.status, {"Content-Type": "text/plain"}, str(error).encode(), close=True)
            return False
        if request is None:
            return False
        method, path, headers, body = request
        with self._changed:
            self._busy += 1
        try:
            status, answer_headers, answer = self._application(method, path, headers, body)
            close = self._stopping.is_set() or headers["connection"].lower() == "close" or self._retires(headers)
            if isinstance(answer, (bytes, bytearray, memoryview)):
                connection.write(status, answer_headers, answer, close, head_only=method == "HEAD")
            else:
                try:
                    connection.write_stream(status, answer_headers, answer, close)
                except Exception as error:
                    if not isinstance(error, OSError):
                        traceback.print_exc()
                    return False
                finally:
                    answer.close()
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()
        return not close
