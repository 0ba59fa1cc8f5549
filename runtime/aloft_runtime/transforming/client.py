"""Asks the model server of this task over its Unix socket, and asks again where that can help."""

import http.client
import json
import socket
import threading
import time


class ModelError(Exception):
    """The model refused or failed; the message becomes the job's FailureReason."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("model", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class ModelClient:
    """Thread-safe: each thread has a connection of its own."""

    def __init__(self, path, headers, timeout, retries):
        self._path, self._headers, self._timeout, self._retries = path, headers, timeout, retries
        self._local = threading.local()

    def ready(self):
        try:
            return self._ask("GET", "/ping", None, {}, 2)[0] == 200
        except OSError:
            return False

    def execution_parameters(self):
        """What the container wishes, where it says so."""
        try:
            status, body = self._ask("GET", "/execution-parameters", None, {}, 10)
            value = json.loads(body) if status == 200 else {}
            return value if isinstance(value, dict) else {}
        except (OSError, ValueError):
            return {}

    def invoke(self, body):
        for attempt in range(self._retries + 1):
            if attempt:
                time.sleep(min(0.2 * 2 ** attempt, 10))
            try:
                status, answer = self._ask("POST", "/invocations", body, self._headers, self._timeout)
            except OSError as error:
                failure = f"the model did not answer: {error}"
                continue
            if 200 <= status < 300:
                return answer
            failure = f"Bad HTTP status received from algorithm: {status}: {answer[:1000].decode(errors='replace')}"
            if status < 500:
                break  # the same body would be refused again
        raise ModelError(failure)

    def _ask(self, method, path, body, headers, timeout):
        connection = getattr(self._local, "connection", None)
        fresh = connection is None
        if fresh:
            connection = self._local.connection = _Connection(self._path, timeout)
        connection.timeout = timeout
        if connection.sock:
            connection.sock.settimeout(timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.will_close:
                self._forget()
            return answer.status, content
        except http.client.HTTPException as error:
            self._forget()
            raise OSError(f"broken answer: {error}") from error
        except OSError:
            self._forget()
            raise

    def _forget(self):
        self._local.connection.close()
        self._local.connection = None
