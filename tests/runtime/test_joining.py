"""The Python worker's joining of requests: rows are never mixed, a bad request fails alone, and what does not pay is given up."""

import pathlib
import sys
import threading
import time

import numpy
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "runtime"))
from aloft_runtime.serving import estimate, joining  # noqa: E402
from aloft_runtime.serving.errors import LoadError  # noqa: E402


class Model:
    """Doubles; holds its calls until it is told, so that requests queue."""

    def __init__(self, answer=lambda rows: rows[:, 0] * 2):
        self.answer, self.calls, self.free, self.entered = answer, [], threading.Event(), threading.Event()
        self.free.set()

    def __call__(self, rows):
        self.calls.append(len(rows))
        self.entered.set()
        assert self.free.wait(10)
        if (rows == 666).any():
            raise ValueError("a bad number")
        return self.answer(rows)


def joiner_of(rows=8, **environment):
    joiner = joining.Joiner(joining.Settings(environment), threading.Lock())
    joiner._growth.rows = rows
    joiner._growth.called = lambda *_: None
    return joiner


def together(joiner, model, requests):
    """What each request was told, when all but the first came while the model worked."""
    answers = {}

    def ask(index, rows):
        try:
            answers[index] = joiner.predict(model, numpy.array(rows, dtype=float))
        except ValueError as error:
            answers[index] = error

    model.free.clear()
    model.entered.clear()
    threads = [threading.Thread(target=ask, args=(i, rows)) for i, rows in enumerate(requests)]
    threads[0].start()
    assert model.entered.wait(60)
    for number, thread in enumerate(threads[1:], 1):
        thread.start()
        deadline = time.monotonic() + 60
        while len(joiner._queue) < number and not joiner._forbidden:
            assert time.monotonic() < deadline
            time.sleep(0.001)
    model.free.set()
    for thread in threads:
        thread.join(60)
    return [answers[i] for i in range(len(requests))]


# Each gets its own rows, whatever it was joined with, also where requests have several.
def test_rows_are_never_mixed():
    joiner, model = joiner_of(), Model()
    for _ in range(12):  # beyond the first calls, which are checked
        answers = together(joiner, model, [[[0]], [[1]], [[2], [3]], [[4]]])
        assert [list(answer) for answer, _ in answers] == [[0], [2], [4, 6], [8]]
        assert [size for _, size in answers] == [1, 3, 3, 3]
    assert model.calls[-2:] == [1, 4]
    assert "48 requests answered, 36 of them joined." in joiner.explain()


# What is wrong with one request is told to that one.
def test_a_bad_request_fails_alone():
    answers = together(joiner_of(), Model(), [[[0]], [[1]], [[666]], [[3]]])
    assert isinstance(answers[2], ValueError) and [list(answers[i][0]) for i in (1, 3)] == [[2], [6]]


# Rows that depend on each other, and answers that are not row by row, are found out before a wrong answer is given.
@pytest.mark.parametrize("answer", [lambda rows: rows[:, 0] - rows.mean(), lambda rows: rows.sum(keepdims=True)[:1, 0]])
def test_dependent_rows(answer):
    joiner, model = joiner_of(), Model(answer)
    for _ in range(3):
        answers = together(joiner, model, [[[0]], [[1]], [[2]], [[3]]])
        assert [list(found) for found, _ in answers] == [list(answer(numpy.array([[float(i)]]))) for i in range(4)]
    assert joiner.explain()[0].startswith("Nothing is joined")


# Only what has the same columns goes together, in order; what is larger than a call may be is divided.
def test_forms_and_large_requests():
    model = Model(lambda rows: rows.sum(axis=1))
    answers = together(joiner_of(), model, [[[0]], [[1, 1]], [[2]], [[3, 3]]])
    assert [list(answer) for answer, _ in answers] == [[0], [2], [2], [6]] and model.calls == [1, 2, 1, 1, 1, 1][: len(model.calls)]
    model = Model()
    answer, _ = joiner_of(ALOFT_BATCH_MAX="4").predict(model, numpy.arange(10.0).reshape(10, 1))
    assert list(answer) == [2.0 * i for i in range(10)] and model.calls == [4, 4, 2]


def grow(cost, settings=None, calls=400):
    """What rows a call may have after many full ones, whose time is `cost(rows)`."""
    growth, now = joining.Growth(joining.Settings(settings or {})), 0.0
    for _ in range(calls):
        took = cost(growth.rows)
        now += took
        growth.called(now, growth.rows, True, took)
    return growth


# Constant time: as many as there may be. Linear, superlinear: none. With a goal: no more than fit into it.
def test_growth_follows_what_calls_take():
    assert grow(lambda rows: 0.01).rows == 256
    assert grow(lambda rows: 0.01 * rows).rows == 1
    assert grow(lambda rows: 0.01 * rows**1.5).rows == 1
    limited = grow(lambda rows: 0.004 + 0.0005 * rows, {"ALOFT_BATCH_P99_MS": "20"})
    assert limited.rows == 8 and "the goal is 20.0 ms" in " ".join(limited.explain())
    idle = joining.Growth(joining.Settings({}))
    for i in range(100):
        idle.called(i, 1, False, 0.01)
    assert idle.rows == 1


# A call that the machine held up says nothing of the model; and where many in a row were, what was rejected is tried again, soon at
# first, ever more seldom where it goes on to fail.
def test_growth_forgets_what_disturbed_it():
    calls = iter(range(10**6))
    assert grow(lambda rows: 0.5 if next(calls) % 3 == 0 else 0.01).rows == 256
    growth, now = joining.Growth(joining.Settings({})), 0.0
    for took in [0.01] + [0.09] * 5:
        growth.called(now, growth.rows, True, took)
    assert growth.rows == 1 and "Rejected 2 rows: a row takes 45.0 ms in a call of 2 rows, 10.0 ms in one of 1." in growth.explain()
    for _ in range(400):
        now += 0.01
        growth.called(now, growth.rows, True, 0.01)
    assert growth.rows == 256 and "Rejected" not in " ".join(growth.explain())
    failing, now, tries = joining.Growth(joining.Settings({})), 0.0, []
    for _ in range(4000):
        before = failing.rows
        now += 0.1
        failing.called(now, before, True, 0.1 * before)
        if failing.rows > before:
            tries.append(now)
    pauses = [b - a for a, b in zip(tries, tries[1:])]
    assert 5 < len(tries) < 9 and pauses == sorted(pauses) and pauses[-1] > 100


# A model that cannot fit into its instance is refused before it is loaded, with what it needs and what there is.
def test_a_model_too_large_for_its_instance(tmp_path):
    (tmp_path / "model.joblib").write_bytes(b"x" * (1 << 20))
    estimate.check({"ALOFT_WORKER_MEMORY": str(1 << 40)}, tmp_path / "model.joblib")
    with pytest.raises(LoadError, match=r"needs at least \d.\d\d GiB of memory \(model.joblib alone 0.00 GiB\), its instance has 0.00 GiB"):
        estimate.check({"ALOFT_WORKER_MEMORY": "500000"}, tmp_path / "model.joblib")
