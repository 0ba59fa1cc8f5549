"""The model of an archive without model_fn: which framework's files these are, and one `predict(rows)` over each.

What is recognised, in this order; exactly one of it must be there:
    model.joblib, *.joblib, *.pkl, *.pickle                joblib (scikit-learn, and the scikit-learn classes of XGBoost and LightGBM)
    xgboost-model, *.ubj, *.bst, *.xgb, model.json         an XGBoost booster
    *.lgb, model.txt                                       a LightGBM booster
    model.pt, model.pth, *.pt, *.pth                       PyTorch: TorchScript, or a whole module that was pickled
    saved_model.pb, also in one directory below            a TensorFlow SavedModel
A pickle runs code when it is read: it does so inside the sandbox, as every model does.
"""

import os
import pathlib

from . import estimate
from .errors import LoadError

PICKLES = (".joblib", ".pkl", ".pickle")
BOOSTERS = (".ubj", ".bst", ".xgb")
TORCH = (".pt", ".pth")
MISSING = {
    "joblib": "an image of scikit-learn or XGBoost",
    "xgboost": "an image of XGBoost (*xgboost*)",
    "lightgbm": "an image of XGBoost or LightGBM (*lightgbm*)",
    "torch": "an image of PyTorch (*pytorch-inference*)",
    "tensorflow": "an image of TensorFlow (*tensorflow-inference*), or tensorflow in code/requirements.txt",
}


def load_default(model_dir: str):
    """The loaded model; LoadError says what was found instead."""
    found = _candidates(pathlib.Path(model_dir))
    if len(found) != 1:
        named = [(loader, path) for loader, path in found if path.stem in ("model", "xgboost-model")]
        found = named if len(named) == 1 else found
    if len(found) != 1:
        names = ", ".join(path.name for _, path in found) or "none"
        raise LoadError(
            "The model has no model_fn, and not exactly one file that can be read without "
            f"(*.joblib, *.pkl, xgboost-model, *.ubj, model.json, *.lgb, model.txt, *.pt, saved_model.pb); found: {names}"
        )
    loader, path = found[0]
    estimate.check(os.environ, path)
    try:
        return loader(path)
    except ImportError as error:
        module = (error.name or "").split(".")[0]
        if module not in MISSING:
            raise
        raise LoadError(f"{path.name} needs {module}, which this environment does not have; serve it with {MISSING[module]}") from error


def _candidates(directory):
    found = []
    for path in sorted(directory.iterdir()) if directory.is_dir() else []:
        if path.is_dir() and (path / "saved_model.pb").is_file():
            found.append((_load_saved_model, path / "saved_model.pb"))
        elif path.suffix in PICKLES:
            found.append((_load_joblib, path))
        elif path.suffix in BOOSTERS or path.name in ("xgboost-model", "model.json"):
            found.append((_load_xgboost, path))
        elif path.suffix == ".lgb" or path.name == "model.txt":
            found.append((_load_lightgbm, path))
        elif path.suffix in TORCH:
            found.append((_load_torch, path))
        elif path.name == "saved_model.pb":
            found.append((_load_saved_model, path))
        elif path.suffix == ".onnx":
            raise LoadError(f"{path.name} is an ONNX model: serve it with the image aloft-onnx, or write a model_fn")
    return found


def kind_of(model) -> str:
    """What the model is, as its owner knows it."""
    return {"_Booster": "an XGBoost booster", "_LightGbm": "a LightGBM booster", "_Torch": "a PyTorch module",
            "_SavedModel": "a TensorFlow SavedModel"}.get(type(model).__name__, type(model).__name__)  # fmt: skip


def _load_joblib(path):
    import joblib

    return joblib.load(path)


def _load_xgboost(path):
    import xgboost

    with open(path, "rb") as file:
        pickled = file.read(2) in (b"\x80\x03", b"\x80\x04", b"\x80\x05")
    if pickled:  # SageMaker's own training images used to write their booster so
        import pickle

        with open(path, "rb") as file:
            model = pickle.load(file)
        return _Booster(model) if isinstance(model, xgboost.Booster) else model
    booster = xgboost.Booster()
    try:
        booster.load_model(path if path.suffix in (".ubj", ".json") else bytearray(path.read_bytes()))
    except xgboost.core.XGBoostError as error:
        raise LoadError(f"{path.name} is no XGBoost model: {str(error).splitlines()[0]}") from error
    return _Booster(booster)


class _Booster:
    """XGBoost's own predictions: probabilities for logistic objectives, as SageMaker's image answers them."""

    def __init__(self, booster):
        self._booster = booster
        self.n_features_in_ = booster.num_features()

    def predict(self, rows):
        import numpy
        import xgboost

        names = None
        if hasattr(rows, "columns"):
            names, rows = list(rows.columns), rows.to_numpy()
        rows = _matrix(numpy, rows, "float32", self.n_features_in_)
        known = self._booster.feature_names
        if names and known and set(names) != set(known):
            raise ValueError(f"The model has the features {', '.join(known)}, the rows have {', '.join(map(str, names))}")
        if names and known:
            rows = rows[:, [names.index(name) for name in known]]
        return self._booster.predict(xgboost.DMatrix(rows, feature_names=known))


def _load_lightgbm(path):
    import lightgbm

    try:
        return _LightGbm(lightgbm.Booster(model_file=str(path)))
    except lightgbm.basic.LightGBMError as error:
        raise LoadError(f"{path.name} is no LightGBM model: {error}") from error


class _LightGbm:
    def __init__(self, booster):
        self._booster = booster
        self.n_features_in_ = booster.num_feature()

    def predict(self, rows):
        import numpy

        rows = rows.to_numpy() if hasattr(rows, "to_numpy") else rows
        return self._booster.predict(_matrix(numpy, rows, "float64", self.n_features_in_), num_threads=1)


def _matrix(numpy, rows, kind, width):
    """Rows of `width` numbers; ValueError is the caller's fault."""
    rows = numpy.asarray(rows)
    if rows.dtype.kind not in "biuf":
        raise ValueError("The rows hold something that is no number")
    rows = rows.astype(kind)
    if rows.ndim == 1 and rows.size == width:
        rows = rows.reshape(1, -1)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise ValueError(f"The model expects rows of {width} features, the request has {list(rows.shape)}")
    return rows


def _load_torch(path):
    import torch

    torch.set_num_threads(max(1, min(4, torch.get_num_threads())))
    try:
        model = torch.jit.load(str(path), map_location="cpu")
    except RuntimeError as not_script:
        try:
            try:
                model = torch.load(str(path), map_location="cpu", weights_only=False)
            except TypeError:  # older than weights_only
                model = torch.load(str(path), map_location="cpu")
        except (AttributeError, ModuleNotFoundError) as error:
            raise LoadError(f"{path.name} needs its module's class: put it into code/inference.py with a model_fn ({error})") from error
        except Exception as error:
            raise LoadError(f"{path.name} is neither TorchScript nor a pickled module: {error}") from not_script
    if not isinstance(model, torch.nn.Module):
        raise LoadError(f"{path.name} holds a {type(model).__name__} (weights alone?), no module: a model_fn has to build the module")
    return _Torch(model.eval())


class _Torch:
    """Numbers as 32-bit floats where the request has floats, integers as 64-bit ones; several inputs in their order."""

    def __init__(self, module):
        self._module = module

    def predict(self, rows):
        import numpy
        import torch

        arrays = rows.values() if isinstance(rows, dict) else [rows]
        inputs = []
        for array in arrays:
            array = array.to_numpy() if hasattr(array, "to_numpy") else numpy.asarray(array)
            if array.dtype.kind not in "biuf":
                raise ValueError("The rows hold something that is no number")
            if array.dtype == numpy.float64:
                array = array.astype(numpy.float32)
            inputs.append(torch.from_numpy(numpy.array(array)))
        if len(inputs) == 1 and inputs[0].dtype == torch.int64 and self._takes_floats():
            inputs[0] = inputs[0].to(torch.float32)  # [[1, 2]] in JSON is a row of numbers
        try:
            with torch.no_grad():
                answer = self._module(*inputs)
        except RuntimeError as error:
            # Shapes and types that the module's layers refuse.
            raise ValueError(str(error).strip().splitlines()[-1]) from error
        return _arrays(answer)

    def _takes_floats(self):
        import torch

        if any(isinstance(part, (torch.nn.Embedding, torch.nn.EmbeddingBag)) for part in self._module.modules()):
            return False
        return not any(getattr(part, "original_name", "") in ("Embedding", "EmbeddingBag") for part in self._module.modules())


def _arrays(answer):
    if isinstance(answer, dict):
        return {str(name): _arrays(value) for name, value in answer.items()}
    if isinstance(answer, (tuple, list)):
        return {f"output-{index}": _arrays(value) for index, value in enumerate(answer)}
    return answer.detach().cpu().numpy() if hasattr(answer, "detach") else answer


def _load_saved_model(path):
    import tensorflow

    loaded = tensorflow.saved_model.load(str(path.parent))
    signature = loaded.signatures.get("serving_default")
    if signature is None:
        raise LoadError("The SavedModel has no signature serving_default")
    return _SavedModel(loaded, signature)


class _SavedModel:
    def __init__(self, loaded, signature):
        self._loaded = loaded  # owns the signature's variables
        self._signature = signature
        self._inputs = dict(signature.structured_input_signature[1])

    def predict(self, rows):
        import tensorflow

        if not isinstance(rows, dict):
            if len(self._inputs) != 1:
                raise ValueError(f"The model has the inputs {', '.join(self._inputs)}: they are sent by name")
            rows = {next(iter(self._inputs)): rows}
        if set(rows) != set(self._inputs) and len(rows) == len(self._inputs) == 1:
            rows = dict(zip(self._inputs, rows.values(), strict=True))  # one tensor needs no name
        if set(rows) != set(self._inputs):
            raise ValueError(f"The model has the inputs {', '.join(self._inputs)}, the request has {', '.join(rows)}")
        try:
            inputs = {name: tensorflow.convert_to_tensor(value, dtype=self._inputs[name].dtype) for name, value in rows.items()}
            answer = self._signature(**inputs)
        except (tensorflow.errors.InvalidArgumentError, tensorflow.errors.UnimplementedError) as error:
            raise ValueError(str(error).splitlines()[0]) from error
        arrays = {name: value.numpy() for name, value in answer.items()}
        return next(iter(arrays.values())) if len(arrays) == 1 else arrays
