"""Requests that wait for the model are predicted together, row below row, where the model's predictions are row by row.

That is known of scikit-learn's, XGBoost's and LightGBM's models without a script; a script says it of its predict_fn with
`JOINS_REQUESTS = True`. A request that finds the model idle is predicted at once. How many rows a call has grows where
calls are full, and is taken back where a row gets no cheaper; docs/serving.md, "Batching".
"""

import collections
import statistics
import threading
import time

SIZE_HEADER = "X-Aloft-Batch-Size"
FIRST_CHECKS, CHECK_EVERY = 8, 1024  # joined calls that are predicted a second time, each request apart
CHEAPER = 0.97  # a row's time, against that with half of the rows
TRIES, KEPT = 5, 9  # calls until a number of rows is judged, and the last ones that it is judged by
AGAIN_SECONDS, AGAIN_AT_MOST = 2.0, 600.0  # until what was rejected is tried again: longer each time


class Settings:
    """ALOFT_BATCH, ALOFT_BATCH_P99_MS, ALOFT_BATCH_MAX; the server has refused what makes no sense."""

    def __init__(self, environment):
        self.on = environment.get("ALOFT_BATCH", "auto") != "off"
        goal = environment.get("ALOFT_BATCH_P99_MS")
        self.goal = float(goal) / 1000 if goal else None
        self.most = int(environment.get("ALOFT_BATCH_MAX") or 256)
        self.divides = "ALOFT_BATCH_MAX" in environment


class _Cost:
    """What the last calls of about so many rows took: their medians, so that one which the machine held up says nothing."""

    def __init__(self):
        self._calls = collections.deque(maxlen=KEPT)  # (seconds, rows)

    def add(self, seconds, rows):
        self._calls.append((seconds, rows))

    def __len__(self):
        return len(self._calls)

    @property
    def seconds(self):
        return statistics.median(seconds for seconds, _ in self._calls)

    @property
    def rows(self):
        return statistics.median(rows for _, rows in self._calls)

    @property
    def per_row(self):
        return statistics.median(seconds / rows for seconds, rows in self._calls)


class Growth:
    """How many rows a call may have, from what calls took. Times are what the caller says they are."""

    def __init__(self, settings):
        self._settings = settings
        self.rows = 1
        self._costs = collections.defaultdict(_Cost)  # by the power of two that is not below the rows
        self._rejected = {}  # rows -> (seconds until they may be tried again, when that is, why)

    def called(self, now, rows, full, took):
        """A call of so many rows has ended; `full`: others had no room in it."""
        self._costs[_size(rows)].add(took, rows)
        if self.rows > 1:
            tried, known = self._costs[_size(self.rows)], self._costs[_size(self.rows // 2)]
            if len(tried) < TRIES:
                return
            if known and tried.per_row > CHEAPER * known.per_row:
                why = f"a row takes {_text(tried.per_row)} in a call of {tried.rows:.0f} rows, {_text(known.per_row)} in one of {known.rows:.0f}"
                return self._back(now, why)
            if self._settings.goal and 2 * tried.seconds > self._settings.goal:
                return self._back(now, f"with the wait for the call before, {_text(2 * tried.seconds)}; the goal is {_text(self._settings.goal)}")
            self._rejected.pop(self.rows, None)
        twice = min(max(self.rows, rows) * 2, self._settings.most)
        if not full or twice <= self.rows or any(size <= twice and now < until for size, (_, until, _) in self._rejected.items()):
            return
        self.rows = twice
        self._costs[_size(twice)] = _Cost()  # judged by what it takes now

    def _back(self, now, why):
        pause = min(2 * self._rejected[self.rows][0], AGAIN_AT_MOST) if self.rows in self._rejected else AGAIN_SECONDS
        self._rejected[self.rows] = (pause, now + pause, why)
        self.rows //= 2

    def explain(self):
        lines = [f"Requests that wait are predicted together, at most {self.rows} rows in a call; a request that finds the model idle is predicted at once."]
        known = [f"{cost.rows:.0f} row{'s' * (cost.rows > 1.5)} {_text(cost.seconds)}" for _, cost in sorted(self._costs.items()) if cost]
        if known:
            lines.append(f"Measured calls: {'; '.join(known)}.")
        if self._settings.goal:
            lines.append(f"Goal: p99 of {_text(self._settings.goal)}.")
        return lines + [f"Rejected {rows} rows: {why}." for rows, (*_, why) in sorted(self._rejected.items())]


def _size(rows):
    return (rows - 1).bit_length()


def _text(seconds):
    return f"{seconds * 1e6:.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"


class _Waiting:
    def __init__(self, rows):
        self.rows, self.done, self.answer, self.error, self.together = rows, False, None, None, 1
        self.form = (str(rows.dtype), rows.shape[1:])


class Joiner:
    """`predict` may be called by many threads; the model is, under `lock`, by one."""

    def __init__(self, settings, lock, clock=time.monotonic):
        self._settings, self._lock, self._clock = settings, lock, clock
        self._mutex = threading.Lock()
        self._queue = []
        self._growth = Growth(settings)
        self._checked = self._answered = self._joined = 0
        self._forbidden = None

    def predict(self, function, rows):
        """The prediction for these rows, and how many requests were predicted in one call."""
        if not _is_rows(rows) or self._forbidden or not self._settings.on:
            with self._lock:
                return self._divided(function, rows), 1
        waiting = _Waiting(rows)
        with self._mutex:
            self._queue.append(waiting)
        while not waiting.done:
            with self._lock:
                if not waiting.done:
                    self._call(function)
        if waiting.error is not None:
            raise waiting.error
        return waiting.answer, waiting.together

    def _take(self):
        """The oldest, and those of its form that fit beside it; nobody is passed by one of its own form."""
        with self._mutex:
            taken, left, rows, full = self._queue[:1], [], len(self._queue[0].rows), False
            for one in self._queue[1:]:
                if one.form == taken[0].form and not full and rows + len(one.rows) <= self._growth.rows and not self._forbidden:
                    taken.append(one)
                    rows += len(one.rows)
                else:
                    full = full or one.form == taken[0].form
                    left.append(one)
            self._queue = left
        return taken, rows, full

    def _call(self, function):
        import numpy

        taken, rows, full = self._take()
        self._answered += len(taken)
        if len(taken) == 1:
            began = self._clock()
            self._alone(function, taken[0])
            if taken[0].error is None:
                self._growth.called(self._clock(), rows, full, self._clock() - began)
            return
        self._joined += len(taken)
        answer = None
        try:
            began = self._clock()
            answer = function(numpy.concatenate([one.rows for one in taken]))
            self._growth.called(self._clock(), rows, full, self._clock() - began)
        except Exception:  # one of them is bad: that one alone is to be told
            pass
        fits = isinstance(answer, numpy.ndarray) and answer.ndim > 0 and len(answer) == rows
        differ = any(one.rows.shape != taken[0].rows.shape or not numpy.array_equal(one.rows, taken[0].rows) for one in taken)
        check = fits and differ and (self._checked < FIRST_CHECKS or self._checked % CHECK_EVERY == 0)
        self._checked += differ
        at, good = 0, True
        for one in taken:
            part = answer[at : at + len(one.rows)] if fits else None
            at += len(one.rows)
            if fits and not check:
                one.answer, one.together, one.done = part, len(taken), True
                continue
            self._alone(function, one)
            good = good and one.error is None
            if fits and one.error is None and not _alike(numpy, one.answer, part):
                self._forbidden = "answers of this model depend on what is predicted beside them"
            one.together = len(taken) if fits else 1
        if not fits and good:
            self._forbidden = "the model does not answer row by row"

    def _alone(self, function, one):
        try:
            one.answer = self._divided(function, one.rows)
        except Exception as error:
            one.error = error
        one.done = True

    def _divided(self, function, rows):
        most = self._settings.most
        if not self._settings.divides or not _is_rows(rows) or len(rows) <= most:
            return function(rows)
        import numpy

        return numpy.concatenate([function(rows[at : at + most]) for at in range(0, len(rows), most)])

    def explain(self):
        if not self._settings.on:
            return ["Batching is off (ALOFT_BATCH)."]
        lines = [f"Nothing is joined: {self._forbidden}."] if self._forbidden else self._growth.explain()
        return lines + [f"{self._answered} requests answered, {self._joined} of them joined."]


def _is_rows(rows):
    return getattr(rows, "ndim", 0) == 2 and not hasattr(rows, "columns") and hasattr(rows, "dtype") and len(rows) > 0


def _alike(numpy, a, b):
    if getattr(a, "shape", None) != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind == "f":
        return bool(numpy.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True))
    return bool((a == b).all())


def is_row_by_row(functions, model) -> bool:
    """Whether predictions of these handlers may be joined: our own call of a known library, or a script that says so."""
    if "transform_fn" in functions:
        return False
    if "predict_fn" in functions:
        return getattr(sys_module(functions["predict_fn"]), "JOINS_REQUESTS", False) is True
    module = str(getattr(type(model), "__module__", "")).split(".")[0]  # a type may have none
    return module in ("sklearn", "xgboost", "lightgbm") or type(model).__name__ in ("_Booster", "_LightGbm")


def sys_module(function):
    import sys

    return sys.modules.get(getattr(function, "__module__", ""), None)
