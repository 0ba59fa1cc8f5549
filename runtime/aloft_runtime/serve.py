"""The Python model worker: loads the model below /opt/ml/model and answers HTTP on a Unix socket.

    python -m aloft_runtime.serve [--socket /run/aloft/worker.sock] [--base /opt/ml]

GET /ping answers 200 once the model is loaded; POST /invocations predicts. Requests are answered one at a time per
process (model code is seldom safe to run twice at once, and the interpreter lock leaves nothing to win), while /ping is
answered at any time; SAGEMAKER_MODEL_SERVER_WORKERS asks for more processes. A model that does not load ends the process
with status 1 and its traceback in <base>/output/failure.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import socket
import sys
import threading
import time
import traceback

from . import overlay
from .serving import multi_model, open_inference, processes
from .serving.errors import LoadError, RequestError
from .serving.handlers import Handlers, find_script
from .serving.http import Server
from .serving.native import front

MAX_CONNECTIONS = 80  # the server holds at most 64 for predictions, and some for health checks
MAX_FAILURE = 4096  # bytes of a failure text that are kept
GRACE_SECONDS = 20.0


class Application:
    """Paths -> the model. Called on connection threads. `find` gives the handlers for a request's headers."""

    def __init__(self, find, lock=None, front=None):
        self._find = find
        self._front = front
        self._one_at_a_time = lock or threading.Lock()

    def __call__(self, method, path, headers, body):
        if path == "/ping":
            return 200, {"Content-Type": "text/plain"}, b""
        if path.startswith("/v2/"):
            return self._open_inference(method, path, headers, body)
        if path == "/batching":
            return self._explain(headers)
        if path != "/invocations":
            return _refuse(404, f"{path} is not served; POST /invocations predicts")
        if method != "POST":
            return _refuse(405, f"{method} is not served; POST /invocations predicts")
        return self._predict(headers, lambda handlers: handlers.respond(body, headers))

    def _explain(self, headers):
        try:
            joiner = getattr(self._find(headers), "joiner", None)
        except Exception:
            joiner = None  # of many models none is meant
        plan = joiner.explain() if joiner else ["Each request is predicted by itself: this model does not say that it predicts row by row."]
        text = self._front.explain(plan) if self._front else json.dumps({"Plan": plan}).encode()
        return 200, {"Content-Type": "application/json"}, text

    def _open_inference(self, method, path, headers, body):
        try:
            found = open_inference.route(path)
        except RequestError as error:
            return _refuse(error.status, error.message)
        if found is None:
            return _refuse(404, f"{path} is not served")
        name, what = found
        if method != ("POST" if what == "infer" else "GET"):
            return _refuse(405, f"{method} is not served here")
        if what == "infer":
            return self._predict(headers, lambda handlers: handlers.infer(name, body, headers))
        if what == "ready":
            return 200, {"Content-Type": "application/json"}, json.dumps({"name": name, "ready": True}).encode()
        json_type = {"Content-Type": "application/json"}
        return self._predict(headers, lambda handlers: (json.dumps(handlers.metadata(name)).encode(), json_type))

    def _predict(self, headers, function):
        try:
            handlers = self._find(headers)
            # What joins requests takes the lock around the model itself.
            with contextlib.nullcontext() if getattr(handlers, "joiner", None) else self._one_at_a_time:
                answer, answer_headers = function(handlers)
                if isinstance(answer, (bytes, bytearray, memoryview)):
                    return 200, answer_headers, answer
                first = next(answer, b"")  # what fails at once is an error, not a body that breaks off
            return 200, answer_headers, self._stream(first, answer)
        except multi_model.Refused as error:
            status, answer_headers, answer = _refuse(error.status, error.message)
            return status, {**answer_headers, multi_model.REFUSAL: error.kind}, answer
        except RequestError as error:
            return _refuse(error.status, error.message)
        except Exception as error:
            # The inference toolkit's own errors carry the status that they mean.
            status = getattr(error, "status_code", 500)
            if not isinstance(status, int) or not 400 <= status <= 599:
                status = 500
            log_failure(headers)
            return _refuse(status, f"{type(error).__name__}: {error}")

    def _stream(self, first, pieces):
        """The model works on one piece at a time; a caller who reads slowly keeps nobody else from theirs."""
        try:
            while first is not None:
                yield first
                with self._one_at_a_time:
                    first = next(pieces, None)
        finally:
            pieces.close()


def log_failure(headers):
    """The traceback, under the trace that the server's request log and the caller know the request by."""
    trace = (headers.get("traceparent") or "").split("-")
    text = traceback.format_exc()
    print((f"trace={trace[1]} " if len(trace) == 4 else "") + "a request failed\n" + text, file=sys.stderr, end="", flush=True)


def _refuse(status, message):
    return status, {"Content-Type": "application/json"}, json.dumps({"error": message}).encode()


def listen(path: str) -> socket.socket:
    """A listening socket at `path`, in place of what an earlier process left there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    os.chmod(path, 0o666)  # its directory decides who may come
    listener.listen(256)
    return listener


def versions() -> str:
    """The libraries that models use, as far as they are installed."""
    from importlib import metadata

    found = [f"Python {platform.python_version()}"]
    for name in ("scikit-learn", "numpy", "xgboost-cpu", "xgboost", "lightgbm", "torch", "tensorflow"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            pass
    return ", ".join(found)


def record_failure(base: str, text: str) -> None:
    """Leaves the reason where the platform looks for it; the end of a long text says most."""
    try:
        os.makedirs(os.path.join(base, "output"), exist_ok=True)
        with open(os.path.join(base, "output", "failure"), "w", encoding="utf-8") as file:
            file.write(text[-MAX_FAILURE:])
    except OSError as error:
        print(f"cannot write the failure file: {error}", file=sys.stderr, flush=True)


def install_requirements(base: str, environment) -> None:
    """The packages that the user's script asks for, once for all processes."""
    script = find_script(environment, os.path.join(base, "model"), os.path.join(base, "code"))
    requirements = script.parent / "requirements.txt" if script else None
    if requirements is None or not requirements.is_file():
        return
    try:
        sys.path[:0] = overlay.install(str(requirements))
    except ValueError as error:
        raise LoadError(str(error)) from error


def refuse_to_start(base: str, error: LoadError) -> int:
    print(f"the model cannot be loaded: {error}", file=sys.stderr, flush=True)
    record_failure(base, str(error))
    return 1


def finder(base: str, environment, workers: int, lock, path: str):
    """Headers -> handlers: the one model, which is loaded now, or one of many, which are loaded as they are asked for. And for one model
    what may take this process's place at `path`."""
    models = multi_model.of(environment, base, workers)
    if models is not None:
        return models.find, None
    handlers = Handlers.of(environment, os.path.join(base, "model"), os.path.join(base, "code"))
    handlers.load()
    handlers.join(environment, lock)
    return (lambda headers: handlers), front.Front(handlers, path, environment, workers)


def serve(listener: socket.socket, base: str, environment, workers: int = 1) -> int:
    """Loads the model, then answers until SIGTERM; the status to end with."""
    started = time.monotonic()
    try:
        lock = threading.Lock()
        find, stand_in = finder(base, environment, workers, lock, listener.getsockname())
    except LoadError as error:
        return refuse_to_start(base, error)
    except BaseException as error:  # also SystemExit: own code may call sys.exit
        traceback.print_exc()
        record_failure(base, traceback.format_exc())
        if isinstance(error, KeyboardInterrupt):
            raise
        return 1
    print(f"model loaded in {(time.monotonic() - started) * 1000:.0f} ms; {versions()}", flush=True)
    limit = int(environment.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or 64) << 20
    server = Server(listener, Application(find, lock, stand_in), MAX_CONNECTIONS, limit, stand_in.retires if stand_in else None)
    stopped = threading.Event()

    def end():
        if stand_in:
            stand_in.stop()  # what it has may need this process
        server.stop(GRACE_SECONDS)

    def stop(*_):
        if not stopped.is_set():
            stopped.set()
            threading.Thread(target=end, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if stand_in:
        stand_in.start()
    server.run()
    if stopped.is_set():
        server.stop(GRACE_SECONDS)
    return 0


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description="Aloft's Python model worker")
    parser.add_argument("--socket", default=os.environ.get("ALOFT_WORKER_SOCKET", "/run/aloft/worker.sock"))
    parser.add_argument("--base", default="/opt/ml", help="the directory that holds model/, code/ and output/")
    options = parser.parse_args(arguments)
    try:
        count = max(1, min(64, int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS") or 1)))
    except ValueError:
        count = 1
    try:
        install_requirements(options.base, os.environ)
    except LoadError as error:
        return refuse_to_start(options.base, error)
    listener = listen(options.socket)
    return processes.run(lambda: serve(listener, options.base, os.environ, count), count)


if __name__ == "__main__":
    sys.exit(main())
