"""A scikit-learn model -> the same model in ONNX's operators, in 64-bit numbers and in scikit-learn's own order of additions.

Known are the plain classes of scikit-learn, by their exact type: a subclass may predict otherwise. What is not known is Unsuitable, with
the reason. That the two answer alike is checked on samples afterwards (`front`); sources are scikit-learn's `predict` functions.
"""

import numpy

from . import onnx_file

MOST_NODES = 4_000_000  # of all trees, for all classes


class Unsuitable(Exception):
    """The model stays in Python; the message says why."""


class Converted:
    """`exact`: the answers are equal to the last bit; else sums are added up in another order. `splits`: feature -> thresholds."""

    def __init__(self, data, exact, splits, centre, spread):
        self.data, self.exact, self.splits, self.centre, self.spread = data, exact, splits, centre, spread


_LINEAR_REGRESSORS = {"LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "Lars", "LassoLars", "BayesianRidge",
                      "HuberRegressor", "SGDRegressor", "TheilSenRegressor", "ARDRegression"}  # fmt: skip
_LINEAR_CLASSIFIERS = {"LogisticRegression", "LogisticRegressionCV", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier", "Perceptron", "LinearSVC"}
_TREES = {"DecisionTreeRegressor", "DecisionTreeClassifier", "ExtraTreeRegressor", "ExtraTreeClassifier"}
_FORESTS = {"RandomForestRegressor", "RandomForestClassifier", "ExtraTreesRegressor", "ExtraTreesClassifier"}
_BOOSTED = {"GradientBoostingRegressor", "GradientBoostingClassifier"}
_HISTOGRAM = {"HistGradientBoostingRegressor", "HistGradientBoostingClassifier"}
_SCALERS = {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"}


def convert(model) -> Converted:
    steps = [step for _, step in model.steps] if _is(model, {"Pipeline"}) else [model]
    for step in steps[:-1]:
        if not (isinstance(step, str) or step is None or _is(step, _SCALERS)):
            raise Unsuitable(f"the step {_name(step)} is not known here")
    width = getattr(model, "n_features_in_", None)
    if not isinstance(width, int) or width < 1:
        raise Unsuitable("the model does not say how many features it has")
    builder = _Builder(width)
    for step in steps[:-1]:
        builder.scale(step)
    builder.predict(steps[-1])
    return builder.finish()


def _is(model, names):
    kind = type(model)
    return kind.__name__ in names and kind.__module__.split(".")[0] == "sklearn"


def _name(model):
    return f"{type(model).__module__.split('.')[0]}'s {type(model).__name__}" if _is(model, {type(model).__name__}) else type(model).__name__


class _Builder:
    def __init__(self, width):
        self._graph = onnx_file.Graph(width)
        self._width, self._now, self._exact, self._splits, self._output = width, self._graph.input, True, {}, None
        self._centre, self._spread = numpy.zeros(width), numpy.ones(width)  # of the features, where a scaler tells
        self._factor, self._shift = numpy.ones(width), numpy.zeros(width)  # feature -> what the model sees

    def finish(self):
        output, kind = self._output
        splits = {feature: (values - self._shift[feature]) / self._factor[feature] for feature, values in self._splits.items()}
        return Converted(self._graph.model(output, kind), self._exact, splits, self._centre, self._spread)

    # What comes before the model.

    def scale(self, step):
        if isinstance(step, str) or step is None:
            return  # "passthrough"
        kind, first = type(step).__name__, numpy.all(self._factor == 1)
        if kind == "MinMaxScaler":
            if step.clip:
                raise Unsuitable("a MinMaxScaler that clips is not known here")
            self._now = self._both("Add", self._both("Mul", self._now, step.scale_), step.min_)
            factor, shift = step.scale_, step.min_
        else:
            scale = None if kind == "RobustScaler" and not step.with_scaling else step.scale_
            middle = {"StandardScaler": "mean_", "RobustScaler": "center_"}.get(kind)
            middle = getattr(step, middle) if middle and getattr(step, "with_mean", getattr(step, "with_centering", False)) else None
            if middle is not None:
                self._now = self._both("Sub", self._now, middle)
            if scale is not None:
                self._now = self._both("Div", self._now, scale)
            factor = 1 / (numpy.ones(self._width) if scale is None else scale)
            shift = -factor * (numpy.zeros(self._width) if middle is None else middle)
        if first:
            self._centre, self._spread = -shift / factor, 1 / numpy.abs(factor)
        self._factor, self._shift = self._factor * factor, self._shift * factor + shift

    def _both(self, kind, name, values):
        return self._graph.node(kind, name, self._graph.constant(numpy.asarray(values, dtype=numpy.float64)))

    # The model.

    def predict(self, model):
        if _is(model, _LINEAR_REGRESSORS):
            self._linear(model)
        elif _is(model, _LINEAR_CLASSIFIERS):
            self._linear_classes(model)
        elif _is(model, _TREES | _FORESTS):
            self._forest(model)
        elif _is(model, _BOOSTED):
            self._boosted(model)
        elif _is(model, _HISTOGRAM):
            self._histogram(model)
        else:
            raise Unsuitable(f"{_name(model)} is none of the linear models and tree ensembles that are known here")

    def _number(self, name):
        self._output = (self._graph.node("Reshape", name, self._graph.constant(numpy.array([-1]))), onnx_file.DOUBLE)

    def _labels(self, index, classes):
        """`index` holds places in `classes`."""
        graph = self._graph
        if classes.dtype.kind in "iu" or classes.dtype.kind == "b":
            if classes.dtype.name != "int64":
                raise Unsuitable(f"its classes are of the type {classes.dtype}")
            self._output = (graph.node("Gather", graph.constant(classes), index), onnx_file.INT64)
        elif classes.dtype.kind in "UO" and all(isinstance(one, str) for one in classes.tolist()):
            self._output = (graph.node("Gather", graph.constant([str(one) for one in classes.tolist()]), index), onnx_file.STRING)
        else:
            raise Unsuitable(f"its classes are of the type {classes.dtype}")

    def _largest(self, scores, classes):
        self._labels(self._graph.node("ArgMax", scores, axis=1, keepdims=0), classes)

    def _positive(self, score, classes, compare):
        """`score`: one column; the second class where it is above (or equals) zero."""
        graph = self._graph
        flat = graph.node("Reshape", score, graph.constant(numpy.array([-1])))
        self._labels(graph.node("Cast", graph.node(compare, flat, graph.constant(numpy.zeros(1))), to=onnx_file.INT64), classes)

    def _sums(self, model):
        coefficients = numpy.atleast_2d(numpy.asarray(model.coef_))
        if coefficients.dtype.kind != "f" or coefficients.shape[1] != self._width:
            raise Unsuitable("its coefficients are not numbers of its features")
        if coefficients.dtype != numpy.float64:
            raise Unsuitable(f"its coefficients are {coefficients.dtype} numbers")
        self._exact = False
        return self._both("Add", self._both("MatMul", self._now, coefficients.T), numpy.atleast_1d(model.intercept_)), len(coefficients)

    def _linear(self, model):
        scores, columns = self._sums(model)
        if columns != 1 or numpy.ndim(model.coef_) != 1:
            raise Unsuitable("it predicts several targets")
        self._number(scores)

    def _linear_classes(self, model):
        scores, columns = self._sums(model)
        classes = numpy.asarray(model.classes_)
        if classes.ndim != 1 or columns != (1 if len(classes) == 2 else len(classes)):
            raise Unsuitable("it predicts several labels at once")
        if columns == 1:
            self._positive(scores, classes, "Greater")
        else:
            self._largest(scores, classes)

    def _forest(self, model):
        trees = [one.tree_ for one in model.estimators_] if _is(model, _FORESTS) else [model.tree_]
        if model.n_outputs_ != 1:
            raise Unsuitable("it predicts several targets")
        classes = getattr(model, "classes_", None)
        columns = 1 if classes is None else len(classes)
        if getattr(model, "n_jobs", None) not in (None, 1):
            self._exact = False  # its threads add up in the order in which they end
        parts = [_Tree.of(tree, tree.value[:, 0, column], column) for tree in trees for column in range(columns)]
        sums = self._trees(parts, columns, single=True)
        if len(trees) > 1:
            sums = self._both("Div", sums, numpy.array([float(len(trees))]))
        self._number(sums) if classes is None else self._largest(sums, classes)

    def _boosted(self, model):
        if not (model.init_ == "zero" or _is(model.init_, {"DummyRegressor", "DummyClassifier"})):
            raise Unsuitable(f"it begins with the predictions of {_name(model.init_)}")
        start = model._raw_predict_init(numpy.zeros((1, self._width), dtype=numpy.float32))[0]
        parts = [_Tree.constant(value, column) for column, value in enumerate(start)]
        for stage in model.estimators_:
            parts += [_Tree.of(one.tree_, model.learning_rate * one.tree_.value[:, 0, 0], column) for column, one in enumerate(stage)]
        self._raw(model, self._trees(parts, len(start), single=True), len(start))

    def _histogram(self, model):
        if getattr(model, "is_categorical_", None) is not None and numpy.any(model.is_categorical_):
            raise Unsuitable("it has features that are categories")
        if type(model).__name__ == "HistGradientBoostingRegressor" and model.loss not in ("squared_error", "absolute_error", "quantile"):
            raise Unsuitable(f"its loss {model.loss} makes numbers of sums by a function")
        start = numpy.ravel(model._baseline_prediction)
        parts = [_Tree.constant(value, column) for column, value in enumerate(start)]
        for stage in model._predictors:
            parts += [_Tree.of_histogram(one.nodes, column) for column, one in enumerate(stage)]
        self._raw(model, self._trees(parts, len(start), single=False), len(start))

    def _raw(self, model, sums, columns):
        classes = getattr(model, "classes_", None)
        if classes is None:
            self._number(sums)
        elif columns == 1:
            self._positive(sums, classes, "GreaterOrEqual" if _is(model, _BOOSTED) else "Greater")
        else:
            self._largest(sums, classes)

    def _trees(self, parts, columns, single):
        """The sums of the trees' leaves. `single`: scikit-learn makes 32-bit numbers of the features first."""
        if sum(len(part.feature) for part in parts) > MOST_NODES:
            raise Unsuitable(f"its trees have more than {MOST_NODES} nodes")
        graph = self._graph
        rows = self._now
        if single:
            rows = graph.node("Cast", graph.node("Cast", rows, to=onnx_file.FLOAT), to=onnx_file.DOUBLE)
        joined = _join(parts)
        for feature in numpy.unique(joined["nodes_featureids"]).tolist():
            found = joined["nodes_splits"][joined["nodes_featureids"] == feature]
            self._splits[feature] = numpy.unique(found[numpy.isfinite(found)])
        return graph.node("TreeEnsemble", rows, domain=onnx_file.ML, aggregate_function=1, n_targets=columns, post_transform=0,
                          nodes_modes=numpy.zeros(len(joined["nodes_splits"]), dtype=numpy.uint8), **joined)  # fmt: skip


class _Tree:
    """Inner nodes: feature, threshold (left where the feature is not above it), children; a child below 0 is leaf -1 - child."""

    def __init__(self, feature, threshold, left, right, leaves, column):
        self.feature, self.threshold, self.left, self.right, self.leaves, self.column = feature, threshold, left, right, leaves, column

    @classmethod
    def constant(cls, value, column):
        return cls(*(numpy.array([number]) for number in (0, 0.0, -1, -1, float(value))), column)

    @classmethod
    def of_nodes(cls, is_leaf, feature, threshold, left, right, value, column):
        if is_leaf[0]:
            return cls.constant(value[0], column)
        place = numpy.where(is_leaf, -numpy.cumsum(is_leaf), numpy.cumsum(~is_leaf) - 1)  # of each node in the new order
        inner = ~is_leaf
        return cls(feature[inner].astype(numpy.int64), threshold[inner].astype(numpy.float64), place[left[inner]], place[right[inner]],
                   value[is_leaf].astype(numpy.float64), column)  # fmt: skip

    @classmethod
    def of(cls, tree, value, column):
        return cls.of_nodes(tree.children_left == -1, tree.feature, tree.threshold, tree.children_left, tree.children_right, value, column)

    @classmethod
    def of_histogram(cls, nodes, column):
        names = ("feature_idx", "num_threshold", "left", "right", "value")
        return cls.of_nodes(nodes["is_leaf"] != 0, *(nodes[name].astype(numpy.int64) if name in ("left", "right") else nodes[name] for name in names), column)


def _join(parts):
    """The attributes of TreeEnsemble, whose nodes and leaves are numbered through all trees."""
    nodes = numpy.cumsum([0] + [len(part.feature) for part in parts])
    leaves = numpy.cumsum([0] + [len(part.leaves) for part in parts])

    def children(which):
        return numpy.concatenate([numpy.where(child < 0, first_leaf - 1 - child, first_node + child)
                                  for child, first_node, first_leaf in zip(map(which, parts), nodes, leaves, strict=False)])  # fmt: skip

    left, right = numpy.concatenate([part.left for part in parts]), numpy.concatenate([part.right for part in parts])
    return {
        "tree_roots": nodes[:-1].astype(numpy.int64),
        "nodes_featureids": numpy.concatenate([part.feature for part in parts]).astype(numpy.int64),
        "nodes_splits": numpy.concatenate([part.threshold for part in parts]),
        "nodes_truenodeids": children(lambda part: part.left).astype(numpy.int64),
        "nodes_trueleafs": (left < 0).astype(numpy.int64),
        "nodes_falsenodeids": children(lambda part: part.right).astype(numpy.int64),
        "nodes_falseleafs": (right < 0).astype(numpy.int64),
        "leaf_targetids": numpy.concatenate([numpy.full(len(part.leaves), part.column) for part in parts]).astype(numpy.int64),
        "leaf_weights": numpy.concatenate([part.leaves for part in parts]),
    }
