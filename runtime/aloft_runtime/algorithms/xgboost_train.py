"""The built-in XGBoost: trains on the channels train and validation without a script, as SageMaker's image of XGBoost does.

    python -m aloft_runtime.algorithms.xgboost_train [--base /opt/ml]

Reads <base>/input, writes <base>/model/xgboost-model (XGBoost's own form, UBJSON), and ends with 0; else <base>/output/failure says why. Each
round is a line `[0]#011train-rmse:0.12345#011validation-rmse:0.23456`, as SageMaker's log shows it: the image's metrics are read from these lines.
With a checkpoint directory each round leaves xgboost-checkpoint.N there, and the next attempt goes on from the last. Several hosts train one model, each over its
share of the rows; the first one writes it.
Source: docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html; proved by tests/runtime/test_xgboost.py and tests/api/test_training_xgboost.py.
"""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import time

from aloft_runtime.algorithms import tables, xgboost_metrics, xgboost_parameters
from aloft_runtime.algorithms.errors import Refused

MODEL = "xgboost-model"
CHECKPOINT = "xgboost-checkpoint."
KEPT_CHECKPOINTS = 5
MAX_FAILURE = 1024  # characters, as FailureReason allows
TRACKER_PORT = 9099
TRACKER_WAIT = 600  # seconds until all hosts must have found each other, each after reading its data
CHANNELS = ("train", "validation", "code")


def say(text):
    print(text, flush=True)


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


class Job:
    def __init__(self, base):
        config = os.path.join(base, "input", "config")
        self.base = base
        self.data = os.path.join(base, "input", "data")
        given = read_json(f"{config}/hyperparameters.json")
        self.values = xgboost_parameters.check({name: value for name, value in given.items() if not name.startswith("sagemaker_")})
        self.channels = read_json(f"{config}/inputdataconfig.json")
        resources = read_json(f"{config}/resourceconfig.json")
        self.host = resources.get("current_host", "algo-1")
        self.hosts = resources.get("hosts", [self.host])
        self.checkpoints = read_json(f"{config}/checkpointconfig.json").get("LocalPath")
        if "train" not in self.channels:
            raise Refused("The channel train is missing")
        if extra := sorted(set(self.channels) - set(CHANNELS)):
            raise Refused(f"The algorithm has no channel {', '.join(extra)}; it reads train and validation")

    @property
    def first(self):
        return self.hosts[0] == self.host

    def table(self, channel):
        if channel not in self.channels:
            return None
        weighted = channel == "train" and self.values.get("csv_weights") == "1"
        table = tables.read(self.data, channel, self.channels[channel], weighted)
        if table is None:
            shared = " on this host: of a channel ShardedByS3Key each host needs an object" if len(self.hosts) > 1 else ""
            raise Refused(f"The channel {channel} holds no data{shared}")
        check_labels(channel, table.labels, self.values)
        say(f"The channel {channel} has {table.rows.shape[0]} rows of {table.rows.shape[1]} features.")
        return table


def check_labels(channel, labels, values):
    """What XGBoost would refuse with a text about its own insides."""
    objective = values.get("objective", "")
    most = 1 if objective in ("binary:logistic", "binary:logitraw", "binary:hinge", "reg:logistic") else values.get("num_class", 0) - 1
    if most > 0 and not (labels.min() >= 0 and labels.max() <= most):
        raise Refused(f"The channel {channel} has labels from {labels.min():g} to {labels.max():g}; with {objective} they are from 0 to {most}")


def last_checkpoint(directory):
    """(path, rounds that are in it), or (None, 0)."""
    found = (re.fullmatch(re.escape(CHECKPOINT) + r"(\d+)", name) for name in (os.listdir(directory) if os.path.isdir(directory) else []))
    numbers = [int(match[1]) for match in found if match]
    return (os.path.join(directory, f"{CHECKPOINT}{max(numbers)}"), max(numbers) + 1) if numbers else (None, 0)


def write_whole(path, content):
    """Either all of it is there or nothing."""
    scratch = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}")
    with open(scratch, "wb") as file:
        file.write(content)
    os.replace(scratch, path)


def callbacks_of(job, xgboost, done):
    class Rounds(xgboost.callback.TrainingCallback):
        """Says each round, keeps it, and ends training early where the job is stopped."""

        stopped = False

        def after_iteration(self, model, epoch, evals_log):
            number = epoch + done
            if job.first:
                values = (f"{data}-{name}:{history[-1]:.5f}" for data, metrics in evals_log.items() for name, history in metrics.items())
                say("#011".join([f"[{number}]", *values]))
                if job.checkpoints:
                    os.makedirs(job.checkpoints, exist_ok=True)
                    write_whole(os.path.join(job.checkpoints, f"{CHECKPOINT}{number}"), bytes(model.save_raw("ubj")))
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(os.path.join(job.checkpoints, f"{CHECKPOINT}{number - KEPT_CHECKPOINTS}"))
            return self.stopped

    rounds = Rounds()

    def stop(_number, _frame):
        if job.values.get("save_model_on_termination") != "true" or len(job.hosts) > 1:
            os._exit(128 + signal.SIGTERM)  # not through the other hosts, which may wait for this one
        rounds.stopped = True

    signal.signal(signal.SIGTERM, stop)
    return [rounds]


def evaluation(job, xgboost):
    """(XGBoost's own metrics, custom_metric, the callback of early stopping)."""
    objective = job.values.get("objective", "reg:squarederror")
    theirs, ours = xgboost_metrics.split(job.values.get("eval_metric", ""))
    xgboost_metrics.check(ours, objective)
    if ours and len(job.hosts) > 1:
        raise Refused(f"The metric {ours[0]} is computed on one instance only; XGBoost's own metrics work on several")
    stopping = []
    if rounds := job.values.get("early_stopping_rounds"):
        # As XGBoost has it: the last metric of the last channel decides.
        maximize = {"maximize": ours[-1] not in xgboost_metrics.MINIMIZED} if ours else {}
        best = job.values.get("booster") != "gblinear"
        stopping = [xgboost.callback.EarlyStopping(rounds=rounds, save_best=best, **maximize)]
    return theirs, xgboost_metrics.metric(ours, objective) if ours else None, stopping


def matrix(xgboost, table):
    return xgboost.DMatrix(table.rows, label=table.labels, weight=table.weights, qid=table.queries)


def train(job, xgboost):
    loaded = {channel: table for channel in ("train", "validation") if (table := job.table(channel))}
    tables.same_width(list(loaded.values()))
    theirs, custom, stopping = evaluation(job, xgboost)
    parameters = xgboost_parameters.of_booster(job.values)
    if theirs:
        parameters["eval_metric"] = theirs
    elif custom:
        parameters["disable_default_eval_metric"] = 1
    path, done = last_checkpoint(job.checkpoints) if job.checkpoints else (None, 0)
    if path:
        say(f"Goes on from the checkpoint {os.path.basename(path)}.")
    with together(job, xgboost):
        watched = [(matrix(xgboost, table), channel) for channel, table in loaded.items()]
        loaded.clear()
        left = job.values["num_round"] - done
        start = xgboost.Booster(model_file=bytearray(open(path, "rb").read())) if path else None
        if left <= 0:
            return start
        return xgboost.train(
            parameters,
            watched[0][0],
            left,
            evals=watched,
            custom_metric=custom,
            verbose_eval=False,
            xgb_model=start,
            callbacks=callbacks_of(job, xgboost, done) + stopping,
        )


@contextlib.contextmanager
def together(job, xgboost):
    """The hosts as one: the first runs the tracker, all meet there."""
    if len(job.hosts) == 1:
        yield
        return
    from xgboost import collective
    from xgboost.tracker import RabitTracker

    deadline = time.monotonic() + TRACKER_WAIT
    while True:
        try:
            address = socket.gethostbyname(job.hosts[0])
            break
        except OSError as error:
            if time.monotonic() > deadline:
                raise Refused(f"The host {job.hosts[0]} was not found: {error}") from error
            time.sleep(0.2)
    tracker = None
    if job.first:
        tracker = RabitTracker(n_workers=len(job.hosts), host_ip=address, port=TRACKER_PORT, sortby="task", timeout=TRACKER_WAIT)
        tracker.start()
    settings = {
        "dmlc_communicator": "rabit",
        "dmlc_tracker_uri": address,
        "dmlc_tracker_port": TRACKER_PORT,
        "dmlc_task_id": f"{job.hosts.index(job.host):05d}",
        "dmlc_retry": 60,
        "dmlc_timeout": 86_400,  # a host may compute as long as it likes: the platform itself notices a lost one
    }
    with collective.CommunicatorContext(**settings):
        yield
    if tracker:
        tracker.wait_for(TRACKER_WAIT)


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    base = arguments[1] if len(arguments) == 2 and arguments[0] == "--base" else "/opt/ml"
    failure = os.path.join(base, "output", "failure")

    def fail(text):
        say(f"The training failed: {text}")
        os.makedirs(os.path.dirname(failure), exist_ok=True)
        with open(failure, "w", encoding="utf-8") as file:
            file.write(text[:MAX_FAILURE])
        return 1

    try:
        job = Job(base)
        import xgboost

        say(f"The built-in algorithm XGBoost {xgboost.__version__}, hyperparameters: {json.dumps(job.values, sort_keys=True)}")
        for name in sorted(set(job.values) & set(xgboost_parameters.WITHOUT_EFFECT)):
            say(f"The hyperparameter {name} has no effect in XGBoost {xgboost.__version__}.")
        model = train(job, xgboost)
        if job.first:
            os.makedirs(os.path.join(base, "model"), exist_ok=True)
            write_whole(os.path.join(base, "model", MODEL), bytes(model.save_raw("ubj")))
    except Refused as error:
        return fail(str(error))
    except Exception as error:  # whatever it is, the job must end with a reason
        # XGBoost's own texts begin with a time and a place in its source, and end with a stack.
        text = re.sub(r"^\[[0-9:]+\] \S+?:\d+: ", "", str(error).split("\nStack trace:")[0].strip())
        return fail(f"{type(error).__name__}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
