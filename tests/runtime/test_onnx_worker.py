"""The native ONNX worker, run as a process over a Unix socket, beside scikit-learn in process."""

import http.client
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import numpy
import pytest
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = pathlib.Path(__file__).resolve().parents[2]
X, Y = load_iris(return_X_y=True)


def find_program():
    """The newest build's worker, unless ALOFT_ONNX_WORKER names one."""
    if os.environ.get("ALOFT_ONNX_WORKER"):
        return os.environ["ALOFT_ONNX_WORKER"]
    built = sorted(ROOT.glob("build/*/programs/aloft-onnx-worker"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.skip("aloft-onnx-worker is not built")
    return str(built[-1])


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Worker:
    def __init__(self, base, environment=None, **files):
        (base / "model").mkdir()
        for name, content in files.items():
            (base / "model" / (name + ".onnx")).write_bytes(content)
        self.base = base
        self.socket = str(base / "w.sock")
        self.process = subprocess.Popen(
            [find_program(), "--socket", self.socket, "--base", str(base)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
        )  # fmt: skip

    def wait_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.request("GET", "/ping")[0] == 200:
                    return self
            except OSError:
                pass
            assert self.process.poll() is None, self.process.stdout.read()
            time.sleep(0.01)
        raise AssertionError("worker never became ready")

    def request(self, method, path, body=b"", headers=None):
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def invoke(self, body, content_type="application/json", accept="*/*"):
        return self.request("POST", "/invocations", body, {"Content-Type": content_type, "Accept": accept})

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.communicate(timeout=60)[0]


def onnx(model, rows, **options):
    return to_onnx(model, rows[:1], **options).SerializeToString()


@pytest.fixture
def start(tmp_path):
    workers = []

    def make(**files):
        workers.append(Worker(tmp_path, **files))
        return workers[-1]

    yield make
    for worker in workers:
        worker.end()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A classifier over doubles, so that predictions can be compared exactly."""
    model = LogisticRegression(max_iter=500).fit(X, Y)
    worker = Worker(tmp_path_factory.mktemp("onnx"), model=onnx(model, X, options={"zipmap": False})).wait_ready()
    worker.model = model
    yield worker
    worker.end()


# Labels are those of scikit-learn for every row, probabilities to 12 digits; all three content types, both ways.
def test_equals_scikit_learn(served):
    status, headers, answer = served.invoke(json.dumps({"instances": X.tolist()}))
    assert (status, headers["Content-Type"]) == (200, "application/json")
    answer = json.loads(answer)
    assert answer["predictions"] == served.model.predict(X).tolist()
    assert numpy.allclose(answer["probabilities"], served.model.predict_proba(X), rtol=0, atol=1e-12)

    csv = "\n".join(",".join(map(repr, row)) for row in X.tolist())
    status, headers, answer = served.invoke(csv, "text/csv", "text/csv")
    assert (status, headers["Content-Type"]) == (200, "text/csv")
    assert [int(line) for line in answer.split()] == served.model.predict(X).tolist()

    npy = io.BytesIO()
    numpy.save(npy, X)
    status, headers, answer = served.invoke(npy.getvalue(), "application/x-npy", "application/x-npy")
    assert (status, headers["Content-Type"]) == (200, "application/x-npy")
    assert (numpy.load(io.BytesIO(answer)) == served.model.predict(X)).all()


# {"features": [...]} is one row.
def test_features(served):
    answer = json.loads(served.invoke(json.dumps({"features": X[0].tolist()}))[2])
    assert answer["predictions"] == served.model.predict(X[:1]).tolist()


def several_inputs():
    """(rows, ids, names) -> (rows + ids, names, ids * 2): floats, 64-bit integers and texts."""
    from onnx import TensorProto, helper

    one = helper.make_tensor("one", TensorProto.INT64, [1], [2])
    nodes = [helper.make_node("Cast", ["ids"], ["floats"], to=TensorProto.FLOAT), helper.make_node("Add", ["rows", "floats"], ["sum"]),
             helper.make_node("Identity", ["names"], ["same"]), helper.make_node("Mul", ["ids", "one"], ["twice"])]
    inputs = [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", 2]), helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", 1]),
              helper.make_tensor_value_info("names", TensorProto.STRING, ["n"])]
    outputs = [helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["n", 2]), helper.make_tensor_value_info("same", TensorProto.STRING, ["n"]),
               helper.make_tensor_value_info("twice", TensorProto.INT64, ["n", 1])]
    graph = helper.make_graph(nodes, "several", inputs, outputs, [one])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


# Inputs by name: columns, rows, and tensors as JSON and as bytes; integers beyond 2^53 stay exact. All outputs by their names.
def test_several_inputs(start):
    worker = start(model=several_inputs()).wait_ready()
    columns = {"inputs": {"rows": [[1, 2], [3, 4]], "ids": [[10], [20]], "names": ["a", "b"]}}
    rows = {"instances": [{"rows": [1, 2], "ids": [10], "names": "a"}, {"rows": [3, 4], "ids": [20], "names": "b"}]}
    for body in (columns, rows):
        status, _, answer = worker.invoke(json.dumps(body))
        answer = json.loads(answer)
        assert status == 200 and answer["predictions"] == [[11, 12], [23, 24]]
        assert answer["outputs"] == {"same": ["a", "b"], "twice": [[20], [40]]}

    described = json.loads(worker.request("GET", "/v2/models/m")[2])
    assert [(one["name"], one["datatype"], one["shape"]) for one in described["inputs"]] == [
        ("rows", "FP32", [-1, 2]), ("ids", "INT64", [-1, 1]), ("names", "BYTES", [-1])]
    large = 2**53 + 1
    tensors = [(numpy.array([large]).tobytes(), "ids", "INT64", [1, 1]), (b"\x01\0\0\0x", "names", "BYTES", [1])]
    request = {"inputs": [{"name": name, "datatype": kind, "shape": shape, "parameters": {"binary_data_size": len(content)}}
                          for content, name, kind, shape in tensors] + [{"name": "rows", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}],
               "outputs": [{"name": "twice", "parameters": {"binary_data": True}}, {"name": "same"}]}
    text = json.dumps(request).encode()
    body = text + b"".join(content for content, *_ in tensors)
    length = {"Inference-Header-Content-Length": str(len(text))}
    status, headers, answer = worker.request("POST", "/v2/models/m/infer", body, length)
    assert status == 200, answer
    size = int(headers["Inference-Header-Content-Length"])
    assert numpy.frombuffer(answer[size:], numpy.int64).tolist() == [2 * large]
    assert json.loads(answer[:size])["outputs"][1]["data"] == ["x"]

    for bad, text in (({"inputs": {"rows": [[1, 2]], "ids": [[1]]}}, "no input names"), ({"inputs": {**columns["inputs"], "more": []}}, "does not have"),
                      ({"inputs": {**columns["inputs"], "ids": [[1.5], [2]]}}, "integers"), ({"inputs": {**columns["inputs"], "names": [1, 2]}}, "texts"),
                      ({"inputs": {**columns["inputs"], "rows": [[1, 2], [3]]}}, "different depths or lengths"),
                      ({"inputs": {**columns["inputs"], "rows": [[1], [2]]}}, "rows of shape [any, 2]"), ([[1, 2]], "columns by name")):
        status, _, answer = worker.invoke(json.dumps(bad))
        assert status == 400 and text in json.loads(answer)["error"], answer
    assert worker.invoke("1,2", "text/csv")[0] == 415
    assert worker.request("POST", "/v2/models/m/infer", body[:-1], length)[0] == 400
    assert worker.request("GET", "/ping")[0] == 200


# What converters make by default: float inputs, a map per row; a pipeline and trees on real data.
@pytest.mark.parametrize(
    "model", [make_pipeline(StandardScaler(), LogisticRegression()), RandomForestClassifier(20, random_state=0)]
)
def test_maps_of_probabilities(start, model):
    data = load_breast_cancer()
    rows = data.data.astype(numpy.float32)
    model.fit(rows, data.target)
    worker = start(anything=onnx(model, rows)).wait_ready()
    answer = json.loads(worker.invoke(json.dumps(rows.tolist()))[2])
    assert answer["predictions"] == model.predict(rows).tolist()
    assert answer["classes"] == [0, 1]
    assert numpy.allclose(answer["probabilities"], model.predict_proba(rows), atol=1e-5)


# Text labels, also as NPY.
def test_text_labels(start):
    names = numpy.array(["setosa", "versicolor", "virgínica"])[Y]
    model = LogisticRegression(max_iter=500).fit(X, names)
    worker = start(model=onnx(model, X.astype(numpy.float32))).wait_ready()
    assert json.loads(worker.invoke(json.dumps(X.tolist()))[2])["predictions"] == model.predict(X).tolist()
    answer = worker.invoke(json.dumps(X.tolist()), accept="application/x-npy")[2]
    assert (numpy.load(io.BytesIO(answer)) == model.predict(X)).all()


# A regressor's column reads as a list.
def test_regression(start):
    model = LinearRegression().fit(X, Y)
    worker = start(model=onnx(model, X)).wait_ready()
    answer = json.loads(worker.invoke(json.dumps(X.tolist()))[2])
    assert list(answer) == ["predictions"]
    assert numpy.allclose(answer["predictions"], model.predict(X), atol=1e-9)


# Each kind of bad request has its own status and says what is wrong.
@pytest.mark.parametrize(
    "body, content_type, accept, status, text",
    [
        ("x", "application/xml", "*/*", 415, "application/xml is not supported"),
        ("{", "application/json", "*/*", 400, "not valid application/json"),
        ("[[1, 2], [3]]", "application/json", "*/*", 400, "same length"),
        ("1,2\n3", "text/csv", "*/*", 400, "same number of fields"),
        ("a,b", "text/csv", "*/*", 400, "no number"),
        ("[[1, 2, 3]]", "application/json", "*/*", 400, "expects rows of shape [any, 4], the request has [1, 3]"),
        ("[1, 2, 3, 4]", "application/json", "*/*", 400, "the request has [4]"),
        ('[["1", 2, 3, 4]]', "application/json", "*/*", 400, "number"),
        ("[[1, NaN, 3, 4]]", "application/json", "*/*", 400, "not valid application/json"),
        ("[" * 100_000, "application/json", "*/*", 400, "not valid application/json"),
        (b"\x93NUMPY\x01\x00", "application/x-npy", "*/*", 400, "not valid application/x-npy"),
        ("[[1, 2, 3, 4]]", "application/json", "image/png", 406, "image/png is not supported"),
    ],
)
def test_bad_requests(served, body, content_type, accept, status, text):
    got, _, answer = served.invoke(body, content_type, accept)
    assert got == status
    assert text in json.loads(answer)["error"]
    assert served.request("GET", "/ping")[0] == 200


# Wrong paths and methods are no predictions; the counters tell what happened.
def test_paths_and_metrics(served):
    assert served.request("GET", "/invocations")[0] == 405
    assert served.request("POST", "/nothing")[0] == 404
    assert b"aloft_worker_predictions_total" in served.request("GET", "/metrics")[2]


# A model that does not load ends the worker with the reason that the endpoint shows.
@pytest.mark.parametrize(
    "files, text",
    [
        ({}, "holds 0 files *.onnx"),
        ({"model": b"no protobuf"}, "Protobuf parsing failed"),
        ({"a": b"", "b": b""}, "holds 2 files *.onnx"),
    ],
)
def test_load_failure(start, tmp_path, files, text):
    worker = start(**files)
    output = worker.process.communicate(timeout=60)[0]
    assert worker.process.returncode == 1
    assert text in output
    assert text in (tmp_path / "output" / "failure").read_text()


def grown(*nodes, sizes):
    """A model of a few bytes: x + the sum of a tensor whose size is `sizes`, a constant or computed from x."""
    from onnx import TensorProto, helper

    made = [*nodes, helper.make_node("ConstantOfShape", [sizes], ["ones"], value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])),
            helper.make_node("ReduceSum", ["ones"], ["sum"], keepdims=0), helper.make_node("Add", ["x", "sum"], ["y"])]
    graph = helper.make_graph(made, "bomb", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 1])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
                              [helper.make_tensor("huge", TensorProto.INT64, [1], [1 << 46])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


# A model that is small as a file and huge as a tensor: what it asks for is refused, and the worker goes on.
def test_model_bombs(start, tmp_path):
    from onnx import helper

    nodes = [helper.make_node("Constant", [], ["axis"], value_ints=[0]), helper.make_node("Cast", ["x"], ["as_int"], to=7),
             helper.make_node("Squeeze", ["as_int", "axis"], ["size"])]
    worker = start(model=grown(*nodes, sizes="size")).wait_ready()
    assert json.loads(worker.invoke("[[3]]")[2])["predictions"] == [6]
    status, _, answer = worker.invoke(f"[[{1 << 46}]]")
    assert status == 500 and "ONNX Runtime" in json.loads(answer)["error"]
    assert json.loads(worker.invoke("[[3]]")[2])["predictions"] == [6]
    (tmp_path / "always").mkdir()
    always = Worker(tmp_path / "always", model=grown(sizes="huge")).wait_ready()
    try:
        assert always.invoke("[[3]]")[0] == 500 and always.request("GET", "/ping")[0] == 200
    finally:
        always.end()


# The library that reads models would tell its maker about them and keep a number of this machine: it is told not to.
def test_nothing_is_reported(start, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}
    worker = start(environment={**environment, "HOME": str(home), "TMPDIR": str(home)}, model=onnx(LinearRegression().fit(X, Y), X)).wait_ready()
    assert worker.invoke("[[1, 2, 3, 4]]")[0] == 200
    worker.end()
    assert list(home.rglob("*")) == []


# SIGTERM ends the worker in order.
def test_sigterm(start):
    worker = start(model=onnx(LinearRegression().fit(X, Y), X)).wait_ready()
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(60) == 0
