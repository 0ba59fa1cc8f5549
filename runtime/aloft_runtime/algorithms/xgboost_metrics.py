"""The evaluation metrics of the built-in XGBoost that XGBoost itself does not have, computed by scikit-learn.

Source of the names: docs.aws.amazon.com/sagemaker/latest/dg/xgboost-tuning.html.
"""

from .errors import Refused

CLASSES = ("accuracy", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "precision", "precision_macro", "precision_micro", "recall", "recall_macro", "recall_micro")
VALUES = ("mse", "r2")
OWN = CLASSES + VALUES
MINIMIZED = ("mse",)


def split(text):
    """The names of an eval_metric: XGBoost's own, and ours."""
    names = [name.strip() for name in text.strip("[] ").replace('"', "").replace("'", "").split(",") if name.strip()]
    return [name for name in names if name not in OWN], [name for name in names if name in OWN]


def check(ours, objective):
    for name in ours:
        if name in CLASSES and not objective.startswith(("binary:", "multi:", "reg:logistic")):
            raise Refused(f"The metric {name} is of classes; the objective is {objective}")


def metric(ours, objective):
    """A custom_metric of xgboost.train: [(name, value), ...] of predictions and a matrix."""

    def evaluate(predictions, matrix):
        import numpy

        labels = matrix.get_label()
        classes = predictions
        if predictions.ndim == 2:
            classes = predictions.argmax(axis=1)
        elif objective != "multi:softmax":
            classes = (predictions > (0.0 if objective == "binary:logitraw" else 0.5)).astype(numpy.float32)
        return [(name, _value(name, labels, classes, predictions, matrix.get_weight())) for name in ours]

    return evaluate


def _value(name, labels, classes, predictions, weights):
    from sklearn import metrics

    weights = weights if len(weights) else None
    if name == "mse":
        return float(metrics.mean_squared_error(labels, predictions, sample_weight=weights))
    if name == "r2":
        return float(metrics.r2_score(labels, predictions, sample_weight=weights))
    if name == "accuracy":
        return float(metrics.accuracy_score(labels, classes, sample_weight=weights))
    if name == "balanced_accuracy":
        return float(metrics.balanced_accuracy_score(labels, classes, sample_weight=weights))
    kind, _, average = name.partition("_")
    score = {"f1": metrics.f1_score, "precision": metrics.precision_score, "recall": metrics.recall_score}[kind]
    # f1 alone is the macro average, precision and recall alone those of two classes.
    average = average or ("macro" if kind == "f1" else "binary" if set(labels) <= {0.0, 1.0} else "macro")
    return float(score(labels, classes, average=average, sample_weight=weights, zero_division=0))
