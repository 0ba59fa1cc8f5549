"""The Python model worker, run as a process over a Unix socket, as the agent runs it."""

import http.client
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import textwrap
import time

import joblib
import numpy
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

RUNTIME = pathlib.Path(__file__).resolve().parents[2] / "runtime"
X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, Y)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Worker:
    def __init__(self, base, environment=None):
        self.base = base
        self.socket = str(base / "w.sock")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aloft_runtime.serve", "--socket", self.socket, "--base", str(base)],
            env={**os.environ, "PYTHONPATH": str(RUNTIME), **(environment or {})},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def wait_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.request("GET", "/ping")[0] == 200:
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                raise AssertionError("worker ended: " + self.process.stdout.read())
            time.sleep(0.02)
        raise AssertionError("worker never became ready")

    def request(self, method, path, body=b"", headers=None):
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def invoke(self, body, content_type="application/json", accept="*/*", **headers):
        return self.request("POST", "/invocations", body, {"Content-Type": content_type, "Accept": accept, **headers})

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture
def start(tmp_path):
    """start(script=None, model=MODEL, **environment) -> Worker, not yet ready."""
    workers = []

    def make(script=None, model=MODEL, **environment):
        (tmp_path / "model" / "code").mkdir(parents=True)
        if model is not None:
            joblib.dump(model, tmp_path / "model" / "model.joblib")
        if script is not None:
            (tmp_path / "model" / "code" / "inference.py").write_text(textwrap.dedent(script))
        workers.append(Worker(tmp_path, environment))
        return workers[-1]

    yield make
    for worker in workers:
        worker.end()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One worker with the default handlers, shared by the tests that only ask."""
    base = tmp_path_factory.mktemp("served")
    (base / "model").mkdir()
    joblib.dump(MODEL, base / "model" / "model.joblib")
    worker = Worker(base).wait_ready()
    yield worker
    worker.end()


# The three content types of the issue answer exactly what the library answers in process.
@pytest.mark.parametrize("shape", ["bare", "instances", "inputs"])
def test_json_predicts_as_in_process(served, shape):
    rows = X[:7].tolist()
    body = rows if shape == "bare" else {shape: rows}
    status, headers, answer = served.invoke(json.dumps(body))
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(answer) == MODEL.predict(X[:7]).tolist()


# {"features": [...]} is the one-row form of the plain predict door.
def test_features_is_one_row(served):
    assert json.loads(served.invoke(json.dumps({"features": X[0].tolist()}))[2]) == MODEL.predict(X[:1]).tolist()


# CSV in and out, as `aws sagemaker-runtime invoke-endpoint` users send it.
def test_csv(served):
    body = "\n".join(",".join(map(str, row)) for row in X[:5])
    status, headers, answer = served.invoke(body, "text/csv; charset=utf-8", "text/csv")
    assert (status, headers["Content-Type"]) == (200, "text/csv")
    assert [int(line) for line in answer.decode().split()] == MODEL.predict(X[:5]).tolist()


# NPY is what the SDK's scikit-learn predictor sends and reads by default.
def test_npy(served):
    body = io.BytesIO()
    numpy.save(body, X[:150])
    status, headers, answer = served.invoke(body.getvalue(), "application/x-npy", "application/x-npy")
    assert (status, headers["Content-Type"]) == (200, "application/x-npy")
    assert (numpy.load(io.BytesIO(answer), allow_pickle=False) == MODEL.predict(X)).all()


# A pickle inside an NPY body would run the caller's code.
def test_npy_with_objects_is_refused(served):
    body = io.BytesIO()
    numpy.save(body, numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert served.invoke(body.getvalue(), "application/x-npy")[0] == 400


# Each kind of bad request has its own status and says what is wrong.
@pytest.mark.parametrize(
    "body, content_type, accept, status, text",
    [
        ("x", "application/xml", "*/*", 415, "application/xml is not supported"),
        ("{", "application/json", "*/*", 400, "not valid application/json"),
        ("[[1, 2], [3]]", "application/json", "*/*", 400, "inhomogeneous"),
        ('{"rows": [[1]]}', "application/json", "*/*", 400, "none of the members"),
        ("1,2\n3", "text/csv", "*/*", 400, "same number of fields"),
        ("", "text/csv", "*/*", 400, "no rows"),
        ("[[1, 2, 3]]", "application/json", "*/*", 400, "X has 3 features, but LogisticRegression is expecting 4"),
        ("[[1, 2, 3, 4]]", "application/json", "image/png", 406, "image/png is not supported"),
    ],
)
def test_bad_requests(served, body, content_type, accept, status, text):
    got, _, answer = served.invoke(body, content_type, accept)
    assert got == status
    assert text in json.loads(answer)["error"]


# Wrong paths and methods are no predictions.
def test_paths_and_methods(served):
    assert served.request("GET", "/invocations")[0] == 405
    assert served.request("POST", "/nothing")[0] == 404


# Accept by quality; a type that we cannot write is passed over.
def test_accept_prefers_by_quality(served):
    body = json.dumps(X[:1].tolist())
    assert served.invoke(body, accept="text/csv;q=0.5, application/json;q=0.9")[1]["Content-Type"] == "application/json"
    assert served.invoke(body, accept="image/png, text/csv")[1]["Content-Type"] == "text/csv"


# Bytes that are no HTTP are answered and end only their own connection.
@pytest.mark.parametrize(
    "raw, status",
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /ping HTTP/1.1\r\nX: " + b"y" * 70000 + b"\r\n\r\n", 431),
    ],
)
def test_malformed_http(served, raw, status):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(10)
        sock.connect(served.socket)
        sock.sendall(raw)
        assert sock.recv(4096).startswith(b"HTTP/1.1 %d" % status)
    assert served.request("GET", "/ping")[0] == 200


# Chunked bodies, Expect: 100-continue and two requests in one packet, on one connection.
def test_chunked_continue_and_pipelining(served):
    body = json.dumps(X[:2].tolist()).encode()
    chunked = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (5, body[:5], len(body) - 5, body[5:])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(10)
        sock.connect(served.socket)
        sock.sendall(b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(chunked + b"GET /ping HTTP/1.1\r\n\r\n")
        answer = b""
        while answer.count(b"HTTP/1.1 200 OK") < 2:
            answer += sock.recv(4096)
    assert b"[0, 0]" in answer


# The functions of the inference toolkit, each with the arguments that its contract names.
def test_own_functions(start):
    worker = start(
        """
        import json, os
        def model_fn(model_dir):
            assert os.path.isdir(model_dir)
            return {"factor": 10}
        def input_fn(body, content_type):
            assert isinstance(body, str) and content_type == "application/json"
            return json.loads(body)
        def predict_fn(data, model):
            return [x * model["factor"] for x in data]
        def output_fn(prediction, accept):
            return ";".join(map(str, prediction)), "text/special"
        """
    ).wait_ready()
    status, headers, answer = worker.invoke("[1, 2]", "application/json", "application/json")
    assert (status, headers["Content-Type"], answer) == (200, "text/special", b"10;20")


# transform_fn replaces the other three; a trailing context carries request headers and answers with some.
def test_transform_fn_with_context(start):
    worker = start(
        """
        def model_fn(model_dir, context):
            return "m"
        def transform_fn(model, body, content_type, accept, context):
            context.set_response_header("X-Amzn-SageMaker-Custom-Attributes",
                                        context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes"))
            return model + body.decode(), accept
        """
    ).wait_ready()
    attributes = {"X-Amzn-SageMaker-Custom-Attributes": "trace=1"}
    status, headers, answer = worker.invoke(b"abc", "application/octet-stream", "text/plain", **attributes)
    assert (status, answer, headers["Content-Type"]) == (200, b"mabc", "text/plain")
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=1"


# SAGEMAKER_PROGRAM from the directory that the agent staged the code archive into, importing its neighbour.
def test_program_from_the_code_directory(start, tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    (code / "helper.py").write_text("FACTOR = 3\n")
    (code / "serve_it.py").write_text(
        "from helper import FACTOR\n"
        "def model_fn(d): return FACTOR\n"
        "def predict_fn(data, model): return [model]\n"
    )
    worker = start(model=None, SAGEMAKER_PROGRAM="serve_it.py", SAGEMAKER_SUBMIT_DIRECTORY="s3://b/sourcedir.tar.gz")
    assert worker.wait_ready().invoke("[1]")[2] == b"[3]"


# An exception in own code is a 500 with its message; the worker goes on, and the traceback is in the log.
def test_exception_in_own_code(start):
    worker = start(
        """
        def predict_fn(data, model):
            raise RuntimeError("out of cheese")
        """
    ).wait_ready()
    status, _, answer = worker.invoke("[[1]]")
    assert (status, json.loads(answer)["error"]) == (500, "RuntimeError: out of cheese")
    assert worker.request("GET", "/ping")[0] == 200
    assert "Traceback" in worker.end()


class Bomb:
    """A pickle of a few bytes that wants more memory than any machine has."""

    def __reduce__(self):
        return bytearray, (1 << 62,)


# A model that does not load ends the worker with the traceback as the reason that the endpoint shows.
@pytest.mark.parametrize(
    "script, model, text",
    [
        ("def model_fn(d):\n    raise KeyError('weights')\n", None, "KeyError: 'weights'"),
        ("import nothing_of_that_name\n", None, "ModuleNotFoundError"),
        ("def model_fn(d):\n    import sys; sys.exit('bad licence')\n", None, "bad licence"),
        (None, None, "not exactly one file that can be read"),
        ("def transform_fn(*a): pass\ndef input_fn(*a): pass\n", MODEL, "transform_fn replaces input_fn"),
        (None, Bomb(), "MemoryError"),
    ],
)
def test_load_failure(start, tmp_path, script, model, text):
    worker = start(script, model)
    output, _ = worker.process.communicate(timeout=60)
    assert worker.process.returncode == 1
    assert text in (tmp_path / "output" / "failure").read_text()
    assert text in output


# requirements.txt beside the script is met before the script runs; what cannot be met is the reason, by name.
def test_requirements(start, tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "requirements.txt").write_text("numpy\nno-such-package-of-aloft==1.0\n")
    (tmp_path / "code" / "inference.py").write_text("def model_fn(d): return 1\n")
    worker = start(model=None, PIP_NO_INDEX="1")
    worker.process.communicate(timeout=60)
    assert worker.process.returncode == 1
    assert "requirements.txt could not be installed" in (tmp_path / "output" / "failure").read_text()


# /ping answers while a prediction runs: a slow model is not a dead one.
def test_ping_while_predicting(start, tmp_path):
    worker = start(
        """
        import os, time
        def predict_fn(data, model):
            print("predicting", flush=True)
            while not os.path.exists(os.environ["GATE"]): time.sleep(0.01)
            return [1]
        """,
        GATE=str(tmp_path / "gate"),
    ).wait_ready()
    connection = UnixConnection(worker.socket)
    connection.request("POST", "/invocations", "[[1]]", {"Content-Type": "application/json"})
    assert "model loaded" in worker.process.stdout.readline()
    assert worker.process.stdout.readline() == "predicting\n"
    assert worker.request("GET", "/ping")[0] == 200
    (tmp_path / "gate").touch()
    assert connection.getresponse().read() == b"[1]"
    connection.close()


# SIGTERM lets the running prediction finish.
def test_sigterm_finishes_what_runs(start):
    worker = start(
        """
        import time
        def predict_fn(data, model):
            print("predicting", flush=True)
            time.sleep(1)
            return [1]
        """
    ).wait_ready()
    connection = UnixConnection(worker.socket)
    connection.request("POST", "/invocations", "[[1]]", {"Content-Type": "application/json"})
    assert "model loaded" in worker.process.stdout.readline()
    assert worker.process.stdout.readline() == "predicting\n"
    worker.process.terminate()
    assert connection.getresponse().read() == b"[1]"
    connection.close()
    assert worker.process.wait(60) == 0


# Several processes share the socket; one that is killed is replaced, and the others answer meanwhile.
def test_several_processes(start):
    worker = start(
        """
        import os
        def predict_fn(data, model):
            return [os.getpid()]
        """,
        SAGEMAKER_MODEL_SERVER_WORKERS="2",
    ).wait_ready()
    seen = set()
    deadline = time.monotonic() + 60
    while len(seen) < 2 and time.monotonic() < deadline:
        connections = [UnixConnection(worker.socket) for _ in range(4)]
        for connection in connections:
            connection.request("POST", "/invocations", "[[1]]", {"Content-Type": "application/json"})
        for connection in connections:
            seen.add(json.loads(connection.getresponse().read())[0])
            connection.close()
    assert len(seen) == 2
    victim = seen.pop()
    os.kill(victim, signal.SIGKILL)
    fresh = set()
    while not fresh - seen - {victim} and time.monotonic() < deadline + 60:
        fresh.add(json.loads(worker.invoke("[[1]]")[2])[0])
    assert fresh - seen - {victim}
    worker.process.terminate()
    assert worker.process.wait(60) == 0
