"""The hyperparameters of the built-in XGBoost: their names and ranges, and what of them goes to XGBoost itself.

    parameters = check({"objective": "reg:squarederror", "num_round": "50"})   # Refused says which value is wrong

Source: docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html. What a job leaves out has the default of the
XGBoost that runs; they are the documented ones, except that base_score is estimated from the labels.
"""

import json

from .errors import Refused

OBJECTIVES = (
    "reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror", "reg:quantileerror",
    "reg:gamma", "reg:tweedie", "reg:linear", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson", "survival:cox",
    "survival:aft", "multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map",
)  # fmt: skip
FLAG = ("0", "1")
SWITCH = ("true", "false")


class Number:
    """A whole or broken number between bounds; `above` and `below` are not part of the range themselves."""

    def __init__(self, kind, least=None, most=None, above=None, below=None):
        self.kind, self.least, self.most, self.above, self.below = kind, least, most, above, below

    def read(self, name, text):
        try:
            value = self.kind(text)
        except ValueError:
            value = None
        inside = (
            value is not None
            and value == value
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )
        if not inside:
            raise Refused(f"The hyperparameter {name} is {text!r}; it must be {self}")
        return value

    def __str__(self):
        bounds = (("at least", self.least), ("more than", self.above), ("at most", self.most), ("less than", self.below))
        limits = " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
        return f"{'an integer' if self.kind is int else 'a number'} {limits}".strip()


class Choice:
    def __init__(self, *values):
        self.values = values

    def read(self, name, text):
        if text not in self.values:
            raise Refused(f"The hyperparameter {name} is {text!r}; it must be one of {', '.join(self.values)}")
        return text


class Text:
    """What XGBoost reads and refuses itself."""

    def read(self, _name, text):
        return text


FRACTION = Number(float, least=0, most=1)
SHARE = Number(float, above=0, most=1)
POSITIVE = Number(float, least=0)
COUNT = Number(int, least=0)

PARAMETERS = {
    # Of the algorithm itself.
    "num_round": Number(int, least=1),
    "early_stopping_rounds": Number(int, least=1),
    "csv_weights": Choice(*FLAG),
    "eval_metric": Text(),
    "save_model_on_termination": Choice(*SWITCH),
    # Of XGBoost.
    "objective": Choice(*OBJECTIVES),
    "num_class": Number(int, least=2),
    "booster": Choice("gbtree", "gblinear", "dart"),
    "nthread": Number(int, least=1),
    "verbosity": Number(int, least=0, most=3),
    "eta": FRACTION,
    "gamma": POSITIVE,
    "max_depth": COUNT,
    "min_child_weight": POSITIVE,
    "max_delta_step": POSITIVE,
    "subsample": SHARE,
    "sampling_method": Choice("uniform", "gradient_based"),
    "colsample_bytree": SHARE,
    "colsample_bylevel": SHARE,
    "colsample_bynode": SHARE,
    "lambda": POSITIVE,
    "alpha": POSITIVE,
    "tree_method": Choice("auto", "exact", "approx", "hist"),
    "scale_pos_weight": Number(float, above=0),
    "updater": Text(),
    "refresh_leaf": Choice(*FLAG),
    "process_type": Choice("default"),
    "grow_policy": Choice("depthwise", "lossguide"),
    "max_leaves": COUNT,
    "max_bin": COUNT,
    "num_parallel_tree": Number(int, least=1),
    "monotone_constraints": Text(),
    "interaction_constraints": Text(),
    "sample_type": Choice("uniform", "weighted"),
    "normalize_type": Choice("tree", "forest"),
    "rate_drop": FRACTION,
    "one_drop": Choice(*FLAG),
    "skip_drop": FRACTION,
    "tweedie_variance_power": Number(float, above=1, below=2),
    "huber_slope": Number(float, above=0),
    "quantile_alpha": Number(float, above=0, below=1),
    "base_score": Number(float),
    "seed": Number(int, least=-(2**31), most=2**31 - 1),
    "aft_loss_distribution": Choice("normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": Number(float, above=0),
    # Of older versions: read, checked, said to be without effect.
    "silent": Choice(*FLAG),
    "sketch_eps": Number(float, above=0, below=1),
    "dsplit": Choice("row", "col"),
    "predictor": Choice("auto", "cpu_predictor"),
    "lambda_bias": FRACTION,
    "prob_buffer_row": Number(float, above=0, most=1),
    "deterministic_histogram": Choice(*SWITCH),
    "single_precision_histogram": Choice(*SWITCH),
    "use_dask_gpu_training": Choice("false"),
}
OWN = ("num_round", "early_stopping_rounds", "csv_weights", "eval_metric", "save_model_on_termination")
WITHOUT_EFFECT = tuple(PARAMETERS)[tuple(PARAMETERS).index("silent") :]
NOT_BUILT = {
    "_kfold": "cross-validation is not built",
    "_num_cv_round": "cross-validation is not built",
    "_tuning_objective_metric": "tuning is not built; eval_metric names metrics",
}


def plain(value):
    """A value as text: the SDK's framework estimators send texts as JSON, its generic one and boto3 as they are."""
    try:
        decoded = json.loads(value)
    except ValueError:
        return value
    if isinstance(decoded, bool):
        return "true" if decoded else "false"
    return decoded if isinstance(decoded, str) else value.strip()


def check(given):
    """{name: value} of those given, as numbers where they are numbers; Refused names the first that cannot be."""
    if "num_round" not in given:
        raise Refused("The hyperparameter num_round is missing: the number of rounds to train")
    values = {}
    for name in sorted(given):
        if name in NOT_BUILT:
            raise Refused(f"The hyperparameter {name} is refused: {NOT_BUILT[name]}")
        if name not in PARAMETERS:
            raise Refused(f"The algorithm has no hyperparameter {name}; it has {', '.join(sorted(PARAMETERS))}")
        values[name] = PARAMETERS[name].read(name, plain(given[name]))
    objective = values.get("objective", "")
    if objective.startswith("multi:") and "num_class" not in values:
        raise Refused(f"The objective {objective} needs the hyperparameter num_class")
    if objective == "reg:quantileerror" and "quantile_alpha" not in values:
        raise Refused(f"The objective {objective} needs the hyperparameter quantile_alpha")
    if objective == "reg:linear":
        values["objective"] = "reg:squarederror"  # its name of today
    return values


def of_booster(values):
    """What XGBoost is given of them."""
    return {name: value for name, value in values.items() if name not in OWN and name not in WITHOUT_EFFECT}
