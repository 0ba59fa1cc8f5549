"""The native worker in this process's place: converts the model beside the traffic, compares, and only then lets it answer.

Requests come to the worker's socket, on which this process listens. The native worker listens on a second one; when its answers are
known to be Python's, it takes the first one's name, in one step, and passes on to this process, under a third name, whatever is not
plainly the same. So no request finds nobody, before, meanwhile or after; where the native worker ends, this process takes the name
back. Nothing here keeps a model from being served: what goes wrong is said, and Python stays.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from .. import codecs

PROGRAM = "/opt/aloft/bin/aloft-onnx-worker"
PASSED_ON, ENGINE = "x-aloft-passed-on", "X-Aloft-Engine"
CLOSE_ENOUGH = 1e-12  # of the largest answer: what other orders of adding 64-bit numbers up may change, as other sizes of a request do
BATCHES = (1, 1, 1, 1, 1, 1, 1, 1, 2, 7, 33, 256)
START_SECONDS, ANSWER_SECONDS, GRACE_SECONDS = 600.0, 600.0, 25.0  # of a machine that has much else to do: nobody waits for it


class Different(Exception):
    """The native answer is not Python's; the message says where."""


def unsuitable(handlers, environment, workers):
    """Why this model is not even tried, or None."""
    from .. import frameworks

    if environment.get("ALOFT_NATIVE", "auto") == "off":
        return "ALOFT_NATIVE is off"
    if handlers.has_functions():
        return "it has a script of its own"
    if not os.access(environment.get("ALOFT_NATIVE_WORKER") or PROGRAM, os.X_OK):
        return "the native worker is not here"
    if workers > 1:
        return f"SAGEMAKER_MODEL_SERVER_WORKERS asks for {workers} processes of Python"
    for name in ("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "SAGEMAKER_MAX_PAYLOAD_IN_MB"):
        if environment.get(name):
            return f"{name} is set, which Python alone heeds"
    if type(handlers.model).__module__.split(".")[0] != "sklearn":
        return f"{frameworks.kind_of(handlers.model)} is none of scikit-learn's models"
    return None


class Front:
    """`start` once, after the process listens; then `explain`, `retires` and `stop`, on any thread."""

    def __init__(self, handlers, path, environment, workers=1):
        self._handlers, self._path, self._environment = handlers, path, environment
        self._python, self._native = path + ".python", path + ".native"
        self._lock = threading.Lock()
        self._process = None
        self._stopping = False
        self._serves = False
        self._directory = None
        self.why = unsuitable(handlers, environment, workers)
        self._thread = None

    def start(self):
        if self.why is None:
            self.why = "the native worker is being compared with it"
            self._thread = threading.Thread(target=self._run, name="native", daemon=True)
            self._thread.start()

    def explain(self, plan):
        """The plan in words, as JSON: Python's own with who serves, or the native worker's, also for those who still ask here."""
        for path in (self._native, self._path) if self._serves else ():  # which name it has changes just then
            with contextlib.suppress(OSError, http.client.HTTPException):
                return ask(path, "GET", "/batching")[2]
        return json.dumps({"Plan": [f"Served by Python: {self.why}.", *plan]}).encode()

    def retires(self, headers):
        """Whether the connection of a request is one from before the native worker answered: its next request goes there."""
        return self._serves and PASSED_ON not in headers

    def stop(self):
        """Ends the native worker, which first answers what it has."""
        with self._lock:
            self._stopping = True
            process = self._process
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _run(self):
        try:
            self._convert_and_serve()
        except Exception as error:  # of the libraries; the model is served anyway
            self._say(f"{type(error).__name__}: {error}")
        finally:
            self._clean()

    def _convert_and_serve(self):
        from . import convert, samples

        model = self._handlers.model
        try:
            converted = convert.convert(model)
        except convert.Unsuitable as error:
            return self._say(str(error))
        self._directory = tempfile.mkdtemp(prefix="aloft-native-")
        os.mkdir(os.path.join(self._directory, "model"))
        with open(os.path.join(self._directory, "model", "model.onnx"), "wb") as file:
            file.write(converted.data)
        rows = samples.draw(converted, model.n_features_in_)
        how = "bit for bit" if converted.exact else "labels equal and numbers to the 12th digit, where sums are added up in another order"
        says = f"Served by the native worker: the model converts to ONNX and answered {len(rows)} samples as scikit-learn does ({how}); "
        process = self._launch(says + "what is not JSON, CSV or NPY rows of finite numbers is passed on to Python.")
        if process is None:
            return None
        try:
            self._wait(process)
            compare(self._native, model, rows, converted.exact)
        except (Different, OSError, http.client.HTTPException) as error:
            process.kill()
            process.wait()
            return self._say(f"its ONNX form was compared with it: {error}")
        return self._take_over(process)

    def _launch(self, says):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._python)  # of a process before this one
        os.link(self._path, self._python)
        with self._lock:
            if self._stopping:
                return None
            self._process = subprocess.Popen(
                [self._environment.get("ALOFT_NATIVE_WORKER") or PROGRAM, "--socket", self._native, "--base", self._directory,
                 "--behind", self._python, "--says", says],
                env={**self._environment, "SAGEMAKER_MODEL_SERVER_WORKERS": str(max(1, min(16, len(os.sched_getaffinity(0)))))},
            )  # fmt: skip
        return self._process

    def _wait(self, process):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return ask(self._native, "GET", "/ping")
            except OSError as error:
                if process.poll() is not None:
                    raise Different(f"the native worker ended with {process.returncode}") from error
                if time.monotonic() > deadline:
                    raise Different("the native worker does not come up") from error
                time.sleep(0.01)

    def _take_over(self, process):
        shutil.rmtree(self._directory, ignore_errors=True)  # the native worker has read it
        self._serves = True
        os.rename(self._native, self._path)
        print("the native worker serves this model: its answers are scikit-learn's", flush=True)
        code = process.wait()
        with self._lock:
            if self._stopping:
                return None
            self._serves = False
            os.rename(self._python, self._path)  # the name leads back to this process
        return self._say(f"the native worker ended with {code}")

    def _say(self, why):
        self.why = why
        print(f"Python serves this model: {why}", flush=True)

    def _clean(self):
        for path in (self._native, self._python) if not self._serves else ():
            try:
                os.unlink(path)
            except OSError:
                pass
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(path, method, target, body=b"", headers=None):
    connection = _Connection(path)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def compare(path, model, rows, exact):
    """Different where the native worker's answers, whole bodies in each form, are not what Python writes."""
    at = turn = 0
    while at < len(rows):
        part = rows[at : at + BATCHES[turn % len(BATCHES)]]
        # Each form as it would come; one form alone for the most, because they share what computes.
        for kind in (codecs.JSON, codecs.CSV, codecs.NPY) if turn < 2 * len(BATCHES) else (codecs.JSON,):
            body = codecs.encode(part, kind)
            expected = codecs.encode(model.predict(codecs.decode(body, kind)), kind)
            status, headers, answer = ask(path, "POST", "/invocations", body, {"Content-Type": kind, "Accept": kind})
            _alike(kind, body, expected, status, headers, answer, exact)
        at += len(part)
        turn += 1


def _alike(kind, body, expected, status, headers, answer, exact):
    if status == 200 and answer == expected and (headers.get(ENGINE) or _passes_on(kind, expected)):
        return
    if status == 200 and not exact and headers.get(ENGINE) and _close(kind, expected, answer):
        return
    shown = body[:200].decode("utf-8", "replace") if kind != codecs.NPY else f"{len(body)} bytes of NPY"
    if status == 200 and not headers.get(ENGINE):
        raise Different(f"it leaves {shown} to Python")
    raise Different(f"it answers {shown} with {status} {answer[:100]!r}, Python with {expected[:100]!r}")


def _passes_on(kind, expected):
    """Texts are written natively as JSON always, in the other forms not always; those are passed on."""
    if kind == codecs.NPY:
        return b"'<U" in expected[:128]
    return kind == codecs.CSV and b'"' in expected


def _close(kind, expected, answer):
    import numpy

    try:
        ours, theirs = (_numbers(kind, text) for text in (expected, answer))
    except (ValueError, TypeError):
        return False
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape or ours.dtype.kind != "f":
        return False
    return bool(numpy.all(numpy.abs(ours - theirs) <= CLOSE_ENOUGH * max(1e-300, float(numpy.max(numpy.abs(ours))))))


def _numbers(kind, text):
    import numpy

    return numpy.array(json.loads(text)) if kind == codecs.JSON else codecs.decode(text, kind)
