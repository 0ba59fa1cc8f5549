"""Requests to the native worker that wait are computed together: each gets its own rows, and the worker says what it does."""

import concurrent.futures
import io
import json

import numpy
import pytest
from test_onnx_worker import Worker

WIDTH = 768


def heavy_model():
    """Milliseconds for one row, more than a client takes to ask, and little more for several: what is slow is reading the weights."""
    from onnx import TensorProto, helper, numpy_helper

    random = numpy.random.default_rng(1)
    weights = [(random.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5).astype(numpy.float32) for _ in range(8)]
    names = ["x"] + [f"h{i}" for i in range(2 * len(weights) - 1)] + ["y"]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i % 8}"], [names[i + 1]]) for i in range(len(names) - 1)]
    graph = helper.make_graph(nodes, "heavy", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, WIDTH])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, WIDTH])],
                              [numpy_helper.from_array(weight, f"w{i}") for i, weight in enumerate(weights)])  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString(), weights + weights


def mean_model():
    """Subtracts the mean over all rows: what comes out depends on who else is in the call."""
    from onnx import TensorProto, helper, numpy_helper

    weights = [numpy_helper.from_array(numpy.eye(WIDTH, dtype=numpy.float32), f"w{i}") for i in range(8)]
    names = ["x"] + [f"h{i}" for i in range(16)]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i % 8}"], [names[i + 1]]) for i in range(16)]
    nodes += [helper.make_node("ReduceMean", ["h15"], ["m"], axes=[0]), helper.make_node("Sub", ["h15", "m"], ["y"])]
    graph = helper.make_graph(nodes, "mean", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, WIDTH])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, WIDTH])], weights)  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def npy(array):
    out = io.BytesIO()
    numpy.save(out, array)
    return out.getvalue()


@pytest.fixture
def start(tmp_path, monkeypatch):
    workers = []

    def make(model, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        workers.append(Worker(tmp_path, model=model))
        return workers[-1].wait_ready()

    yield make
    for worker in workers:
        worker.end()


def plan(worker):
    return " ".join(json.loads(worker.request("GET", "/batching")[2])["Plan"])


def drive(worker, ask, until, rounds=40):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for _ in range(rounds):
            list(pool.map(ask, range(160)))
            if until():
                return
    raise AssertionError(plan(worker))


# Sixteen clients at once: nobody gets another's rows, whatever was joined, and a bad request among them fails alone.
def test_rows_are_never_mixed(start):
    content, weights = heavy_model()
    worker = start(content, ALOFT_BATCH_P99_MS="500")
    rows = numpy.random.default_rng(2).standard_normal((24, WIDTH)).astype(numpy.float32)
    expected = rows
    for weight in weights:
        expected = expected @ weight
    sizes = set()

    def ask(i):
        if i % 40 == 39:
            status, _, answer = worker.invoke(npy(rows[i % 24][None, :-1]), "application/x-npy", "application/x-npy")
            assert status == 400 and b"the request has [1, 767]" in answer
            return
        status, headers, answer = worker.invoke(npy(rows[i % 24][None]), "application/x-npy", "application/x-npy")
        assert status == 200
        sizes.add(int(headers.get("X-Aloft-Batch-Size", 1)))
        assert numpy.allclose(numpy.load(io.BytesIO(answer))[0], expected[i % 24], atol=1e-3), i

    drive(worker, ask, lambda: max(sizes) > 1 and "Requests that wait are joined" in plan(worker))
    assert "Goal: p99 of 500.0 ms" in plan(worker) and "Measured calls: 1 row " in plan(worker)


# A model whose rows depend on each other is found out before anybody gets a wrong answer.
def test_dependent_rows_are_found_out(start):
    worker = start(mean_model())
    row = npy(numpy.ones((1, WIDTH), dtype=numpy.float32))
    other = npy(numpy.full((1, WIDTH), 5, dtype=numpy.float32))

    def ask(i):
        status, _, answer = worker.invoke(other if i % 2 else row, "application/x-npy", "application/x-npy")
        assert status == 200 and (numpy.load(io.BytesIO(answer)) == 0).all()  # alone, the mean of a row is the row

    drive(worker, ask, lambda: "depend on what is computed beside them" in plan(worker))


# A request with more rows than a call may have is divided, and its answer is one.
def test_large_requests_are_divided(start):
    content, weights = heavy_model()
    worker = start(content, ALOFT_BATCH_MAX="8")
    rows = numpy.random.default_rng(3).standard_normal((20, WIDTH)).astype(numpy.float32)
    expected = rows
    for weight in weights:
        expected = expected @ weight
    status, _, answer = worker.invoke(npy(rows), "application/x-npy", "application/x-npy")
    assert status == 200 and numpy.allclose(numpy.load(io.BytesIO(answer)), expected, atol=1e-3)
    worker.end()


# "off" joins nothing; a wrong wish ends the worker with the reason.
@pytest.mark.parametrize("value,says", [("off", "Batching is off"), ("maybe", "ALOFT_BATCH must be auto or off")])
def test_switch(tmp_path, monkeypatch, value, says):
    monkeypatch.setenv("ALOFT_BATCH", value)
    worker = Worker(tmp_path, model=mean_model())
    if value == "off":
        assert says in plan(worker.wait_ready())
        worker.end()
    else:
        assert worker.process.wait(60) == 1 and says in (tmp_path / "output" / "failure").read_text()


# A model that cannot fit into its instance is refused before it is loaded, with what it needs and what there is.
def test_a_model_too_large_for_its_instance(tmp_path, monkeypatch):
    monkeypatch.setenv("ALOFT_WORKER_MEMORY", str(40 << 20))
    worker = Worker(tmp_path, model=mean_model())  # 18 MiB of weights
    assert worker.process.wait(20) == 1
    says = (tmp_path / "output" / "failure").read_text()
    assert "needs at least 0.05 GiB of memory, its instance has 0.04 GiB" in says and "larger instance type" in says
