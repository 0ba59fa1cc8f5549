"""scikit-learn's models served by the native worker in Python's place: the same bytes, or not at all."""

import io
import json
import os
import signal
import sys
import threading
import time

import joblib
import numpy
import onnxruntime
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from test_onnx_worker import find_program
from test_serve import RUNTIME, UnixConnection, Worker

sys.path.insert(0, str(RUNTIME))
from aloft_runtime.serving.handlers import Handlers  # noqa: E402
from aloft_runtime.serving.native import convert, front, samples  # noqa: E402

FLOWERS, KINDS = load_iris(return_X_y=True)
NAMES = numpy.array(["setosa", "versicolour", 'a "quoted", \u00e9'])[KINDS]
PATIENTS, PROGRESS = load_diabetes(return_X_y=True)
SERVED = {
    "linear": (LinearRegression(), PATIENTS, PROGRESS),
    "logistic": (make_pipeline(StandardScaler(), LogisticRegression()), FLOWERS, NAMES),
    "forest": (RandomForestClassifier(n_estimators=10, random_state=0), FLOWERS, KINDS),
    "boosted": (GradientBoostingRegressor(n_estimators=30, random_state=0), PATIENTS, PROGRESS),
}
CONVERTED = {
    **SERVED,
    "two": (LogisticRegression(max_iter=1000), FLOWERS, KINDS == 1),
    "margin": (LinearSVC(), FLOWERS, NAMES),
    "tree": (DecisionTreeClassifier(random_state=0), FLOWERS, NAMES),
    "mean": (RandomForestRegressor(n_estimators=20, random_state=0), PATIENTS, PROGRESS),
    "extra": (ExtraTreesClassifier(n_estimators=10, max_depth=3, random_state=0), FLOWERS, KINDS),
    "boosted-kinds": (GradientBoostingClassifier(n_estimators=10, random_state=0), FLOWERS, KINDS),
    "boosted-two": (GradientBoostingClassifier(n_estimators=10, random_state=0), FLOWERS, numpy.minimum(KINDS, 1)),
    "histogram": (HistGradientBoostingClassifier(max_iter=10, random_state=0), FLOWERS, KINDS),
    "histogram-number": (make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=10, random_state=0)), PATIENTS, PROGRESS),
    "scaled-forest": (make_pipeline(MinMaxScaler(), RandomForestRegressor(n_estimators=10, random_state=0)), PATIENTS, PROGRESS),
    "one-leaf": (DecisionTreeClassifier(max_depth=1, min_samples_leaf=149), FLOWERS, KINDS),
}
JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"




def npy(rows):
    out = io.BytesIO()
    numpy.save(out, rows)
    return out.getvalue()


def settled(worker):
    """The plan, once it is known who serves."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        plan = json.loads(worker.request("GET", "/batching")[2])["Plan"]
        if "is being compared" not in plan[0]:
            return plan
        time.sleep(0.02)
    raise AssertionError("nobody knows who serves")


@pytest.fixture
def serve(tmp_path):
    workers = []

    def start(model, name="w", **environment):
        base = tmp_path / name
        (base / "model").mkdir(parents=True)
        joblib.dump(model, base / "model" / "model.joblib")
        workers.append(Worker(base, {"ALOFT_NATIVE_WORKER": find_program(), **environment}).wait_ready())
        return workers[-1]

    yield start
    for worker in workers:
        worker.end()


# Every family converts, and its ONNX form answers as it does at the thresholds and beside them.
@pytest.mark.parametrize("name", CONVERTED)
def test_converts(name):
    model, rows, targets = CONVERTED[name]
    if targets.dtype == bool:
        with pytest.raises(convert.Unsuitable, match="classes are of the type bool"):
            convert.convert(model.fit(rows, targets))
        return
    converted = convert.convert(model.fit(rows, targets))
    drawn = samples.draw(converted, rows.shape[1])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # as the worker has it: several add up in an order of their own
    answers = onnxruntime.InferenceSession(converted.data, options).run(None, {"rows": drawn})[0]
    expected = model.predict(drawn)
    if converted.exact or expected.dtype.kind != "f":
        assert answers.tolist() == expected.tolist()
    else:
        assert numpy.max(numpy.abs(answers - expected)) <= front.CLOSE_ENOUGH * numpy.max(numpy.abs(expected))


# A reply must not tell which engine made it: each form of request and answer, and each refusal, byte by byte. The Python worker, which
# stays behind, is asked by its own name.
@pytest.mark.parametrize("name", SERVED)
def test_same_replies(serve, name):
    model, rows, targets = SERVED[name]
    worker = serve(model.fit(rows, targets))
    plan = settled(worker)
    assert plan[0].startswith("Served by the native worker") and "onnxruntime-" in plan[0], plan
    some = rows[::9]
    bodies = [
        (json.dumps(some.tolist()).encode(), JSON), (json.dumps({"instances": some[:3].tolist()}).encode(), JSON), (npy(some), NPY),
        ("\n".join(",".join(map(repr, row)) for row in some.tolist()).encode(), CSV),
        # What the native worker leaves to Python.
        (b"[1, 2]", JSON), (b"[[1, NaN, 3, 4]]", JSON), (b"[[", JSON), (b"{}", JSON), (b"a,b", CSV), (b"x", "text/nothing"),
        (json.dumps({"dataframe_split": {"data": some[:2].tolist()}}).encode(), JSON), (npy(some.astype(numpy.float32)), NPY),
        (json.dumps([[1e300] * rows.shape[1]]).encode(), JSON),
    ]  # fmt: skip
    engines = set()
    for body, kind in bodies:
        for accept in (JSON, CSV, NPY, "*/*", "text/csv;q=0.5, application/json", "image/png"):
            answer = worker.invoke(body, kind, accept)
            engines.add(answer[1].pop("X-Aloft-Engine", None))
            expected = by_python(worker, body, kind, accept)
            for unlike in ("Date", "Connection", "Server"):
                answer[1].pop(unlike, None), expected[1].pop(unlike, None)
            if name == "linear" and answer[0] == 200:
                assert numpy.allclose(*(loaded(one[2], one[1]["Content-Type"]) for one in (answer, expected)), rtol=1e-11, atol=0)
                answer, expected = answer[:1], expected[:1]
            assert answer == expected, (body[:80], kind, accept)
    assert len(engines) == 2  # both were asked


def by_python(worker, body, kind, accept):
    name = worker.socket
    worker.socket = name + ".python"
    try:
        return worker.invoke(body, kind, accept)
    finally:
        worker.socket = name


def loaded(body, kind):
    if kind == JSON:
        return numpy.array(json.loads(body))
    return numpy.load(io.BytesIO(body)) if kind == NPY else numpy.array(body.decode().split(), dtype=float)


# What cannot be converted, or is wished otherwise, stays in Python, which says why.
@pytest.mark.parametrize(
    "model, environment, workers, why",
    [
        (KNeighborsClassifier(), {}, 1, "sklearn's KNeighborsClassifier is none of"),
        (make_pipeline(FunctionTransformer(), LogisticRegression(max_iter=1000)), {}, 1, "the step sklearn's FunctionTransformer"),
        (LogisticRegression(max_iter=1000), {"ALOFT_NATIVE": "off"}, 1, "ALOFT_NATIVE is off"),
        (LogisticRegression(max_iter=1000), {"ALOFT_NATIVE_WORKER": "/nothing"}, 1, "the native worker is not here"),
        (LogisticRegression(max_iter=1000), {}, 2, "2 processes of Python"),
        (LogisticRegression(max_iter=1000), {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": CSV}, 1, "which Python alone heeds"),
    ],
)
def test_stays_in_python(tmp_path, model, environment, workers, why):
    joblib.dump(model.fit(FLOWERS, KINDS), tmp_path / "model.joblib")
    handlers = Handlers.of({}, str(tmp_path), str(tmp_path))
    handlers.load()
    said = front.unsuitable(handlers, {"ALOFT_NATIVE_WORKER": find_program(), **environment}, workers)
    if said is None:
        with pytest.raises(convert.Unsuitable) as error:
            convert.convert(handlers.model)
        said = str(error.value)
    assert why in said


# A transformer of the user's own is code: the model answers, in Python, and says whose step it is.
def test_custom_transformer(serve, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "class Custom(TransformerMixin, BaseEstimator):\n"
        "    def fit(self, rows, labels=None): return self\n"
        "    def transform(self, rows): return rows * 2\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import mine

    model = make_pipeline(mine.Custom(), LogisticRegression(max_iter=1000)).fit(FLOWERS, KINDS)
    worker = serve(model, PYTHONPATH=f"{RUNTIME}:{tmp_path}")
    assert "the step Custom is not known here" in settled(worker)[0]
    assert json.loads(worker.invoke(json.dumps(FLOWERS.tolist()).encode())[2]) == model.predict(FLOWERS).tolist()


# Taking over and giving back are seen by nobody who asks meanwhile.
def test_no_request_fails_while_the_engine_changes(serve):
    model = GradientBoostingRegressor(n_estimators=30, random_state=0).fit(PATIENTS, PROGRESS)
    worker = serve(model)
    body, expected = json.dumps(PATIENTS[:2].tolist()).encode(), json.dumps(model.predict(PATIENTS[:2]).tolist()).encode()
    answers, done = [], threading.Event()

    def ask():
        while not done.is_set():
            answers.append(worker.invoke(body))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert settled(worker)[0].startswith("Served by the native worker")
        before = len(answers)
        deadline = time.monotonic() + 300
        while not any("X-Aloft-Engine" in answer[1] for answer in answers[before:]):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert {(answer[0], answer[2]) for answer in answers} == {(200, expected)}


# Who asks on a connection from before is told of the engine that answers now, and is sent to it by the connection's end.
def test_connections_from_before(serve):
    worker = serve(LogisticRegression(max_iter=1000).fit(FLOWERS, KINDS))
    before = UnixConnection(worker.socket)
    before.request("GET", "/ping")
    assert before.getresponse().read() == b""
    settled(worker)
    before.request("GET", "/batching")
    answer = before.getresponse()
    assert b"Served by the native worker" in answer.read() and answer.headers["Connection"] == "close"
    before.close()


# Where the native worker dies, Python answers again, and says so.
def test_python_takes_the_name_back(serve):
    worker = serve(LogisticRegression(max_iter=1000).fit(FLOWERS, KINDS))
    assert settled(worker)[0].startswith("Served by the native worker")
    children = f"/proc/{worker.process.pid}/task"
    native = [int(pid) for thread in os.listdir(children) for pid in open(f"{children}/{thread}/children").read().split()]
    assert len(native) == 1
    os.kill(native[0], signal.SIGKILL)
    deadline = time.monotonic() + 300
    while True:
        try:
            plan = json.loads(worker.request("GET", "/batching")[2])["Plan"]
            if plan[0].startswith("Served by Python"):
                break
        except (OSError, ValueError):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert "ended with -9" in plan[0]
    assert worker.invoke(b"[[5.1, 3.5, 1.4, 0.2]]")[2] == b"[0]"
