"""The SageMaker handler functions: model_fn, input_fn, predict_fn, output_fn, transform_fn, each with a default.

The contract is that of the SageMaker inference toolkit (documented in the SageMaker Python SDK, "Deploy a scikit-learn
model"): model_fn(model_dir), input_fn(body, content_type), predict_fn(data, model), output_fn(prediction, accept), or
transform_fn(model, body, content_type, accept) instead of the last three. Each may take a trailing `context`.
"""

import hashlib
import importlib.util
import inspect
import os
import pathlib
import sys

from . import codecs, frameworks, joining, open_inference
from .errors import LoadError, RequestError

NAMES = ("model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn")


class Context:
    """What a handler may ask about its request, and the headers it adds to the answer."""

    def __init__(self, headers: dict, model_dir: str):
        self.request_headers = headers
        self.response_headers = {}
        self.system_properties = {"model_dir": model_dir}

    def get_request_header(self, index, name, default=None):
        """`index` is the place in a batch and always 0 here, as the toolkit's signature has it."""
        return self.request_headers.get(name.lower(), default)

    def get_all_request_header(self, index):
        return dict(self.request_headers)

    def set_response_header(self, name, value):
        self.response_headers[name] = str(value)

    def set_response_content_type(self, index, value):
        self.response_headers["Content-Type"] = value


def find_script(environment, model_dir: str, code_dir: str):
    """The user's script, or None where the model has none. SAGEMAKER_PROGRAM names it; the default is inference.py."""
    program = environment.get("SAGEMAKER_PROGRAM")
    submit = environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    places = [submit] if submit.startswith("/") else []
    places += [code_dir, os.path.join(model_dir, "code"), model_dir]
    for place in places:
        path = pathlib.Path(place, program or "inference.py")
        if path.is_file():
            return path
    if program:
        raise LoadError(f"The program {program} is neither in the code archive nor in the model's code directory")
    return None


def import_script(path: pathlib.Path):
    """Runs the script as module, with its own directory importable. A second script of one name gets a name of its own."""
    name = path.stem.replace("-", "_")
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) != str(path):
        name += "_" + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise LoadError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


class Handlers:
    """The model and the functions around it. `load` once; then `respond` for each request, one at a time."""

    def __init__(self, functions: dict, model_dir: str, default_accept: str = codecs.JSON):
        self._functions = functions
        self._model_dir = model_dir
        self._default_accept = default_accept
        self._wants_context = {name: _takes_context(name, function) for name, function in functions.items()}
        self._model = None
        self.joiner = None  # where requests may be predicted together

    @classmethod
    def of(cls, environment, model_dir: str, code_dir: str) -> "Handlers":
        script = find_script(environment, model_dir, code_dir)
        module = import_script(script) if script else None
        functions = {name: getattr(module, name) for name in NAMES if callable(getattr(module, name, None))}
        both = [name for name in ("input_fn", "predict_fn", "output_fn") if name in functions]
        if "transform_fn" in functions and both:
            raise LoadError(f"transform_fn replaces {', '.join(both)}; the script defines both")
        accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or codecs.JSON
        return cls(functions, model_dir, accept)

    @property
    def model(self):
        return self._model

    def has_functions(self) -> bool:
        """Whether a script of the user's takes part in predictions."""
        return bool(self._functions)

    def load(self) -> None:
        if "model_fn" in self._functions:
            self._model = self._call("model_fn", Context({}, self._model_dir), self._model_dir)
        else:
            self._model = frameworks.load_default(self._model_dir)

    def join(self, environment, lock) -> None:
        """From now on requests that wait are predicted together, where that is safe; the model is called under `lock`."""
        if joining.is_row_by_row(self._functions, self._model) and not self._wants_context.get("predict_fn"):
            self.joiner = joining.Joiner(joining.Settings(environment), lock)

    def respond(self, body: bytes, headers: dict):
        """The answer's bytes and headers; RequestError where the request is at fault."""
        context = Context(headers, self._model_dir)
        content_type = headers.get("content-type") or codecs.JSON
        accept = headers.get("accept") or self._default_accept
        if "transform_fn" in self._functions:
            text = _as_text(body, content_type)
            answer = self._call("transform_fn", context, self._model, text, content_type, accept)
            return _pack(answer, codecs.media_type(accept.split(",")[0]), context)
        own_output = "output_fn" in self._functions
        if own_output:
            accept = self._default_accept if accept.strip() == "*/*" else accept
        else:
            accept = codecs.choose(accept, self._default_accept)  # refuses before the model works
        data = self._input(context, body, content_type)
        prediction = self._predict(context, data)
        if own_output:
            answer = self._call("output_fn", context, prediction, accept)
        else:
            answer = codecs.encode(prediction, accept)
        return _pack(answer, codecs.media_type(accept.split(",")[0]), context)

    def metadata(self, name: str) -> dict:
        """What the Open Inference Protocol tells of the model."""
        kind = type(self._model)
        return open_inference.metadata(name, f"{kind.__module__.split('.')[0]}_{kind.__name__}", getattr(self._model, "n_features_in_", None))

    def infer(self, name: str, body: bytes, headers: dict):
        """The Open Inference Protocol's answer and its headers."""
        if "transform_fn" in self._functions:
            raise RequestError(400, "The model's script has a transform_fn, which takes no tensors; a predict_fn does")
        context = Context(headers, self._model_dir)
        request, tensors = open_inference.decode(body, headers)
        data = next(iter(tensors.values())) if len(tensors) == 1 else tensors
        answer, answer_headers = open_inference.encode(name, request, self._predict(context, data))
        return answer, {**answer_headers, **context.response_headers}

    def _input(self, context, body, content_type):
        if "input_fn" in self._functions:
            return self._call("input_fn", context, _as_text(body, content_type), content_type)
        return codecs.decode(body, content_type, getattr(self._model, "n_features_in_", None))

    def _predict(self, context, data):
        if self.joiner is not None:
            prediction, together = self.joiner.predict(lambda rows: self._predict_rows(context, rows), data)
            if together > 1:
                context.set_response_header(joining.SIZE_HEADER, together)
            return prediction
        return self._predict_rows(context, data)

    def _predict_rows(self, context, data):
        if "predict_fn" in self._functions:
            return self._call("predict_fn", context, data, self._model)
        try:
            return self._model.predict(data)
        except (ValueError, TypeError) as error:
            # Our own call of the library: what it refuses here is the shape or type of the rows.
            raise RequestError(400, str(error)) from error

    def _call(self, name, context, *arguments):
        if self._wants_context[name]:
            return self._functions[name](*arguments, context)
        return self._functions[name](*arguments)


_ARGUMENTS = {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2, "transform_fn": 4}


def _takes_context(name, function) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > _ARGUMENTS[name]


def _as_text(body: bytes, content_type: str):
    """Own handlers get text for text types, as in SageMaker's containers, and bytes for everything else."""
    kind = codecs.media_type(content_type)
    if kind in (codecs.JSON, codecs.CSV) or kind.startswith("text/"):
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RequestError(400, f"The body is not valid UTF-8: {error}") from error
    return body


def _pieces(answer):
    """Text and bytes as they are, anything else as a line of JSON."""
    try:
        for piece in answer:
            if isinstance(piece, str):
                piece = piece.encode()
            elif not isinstance(piece, (bytes, bytearray, memoryview)):
                piece = codecs.encode(piece, codecs.JSON) + b"\n"
            yield bytes(piece)
    finally:
        answer.close()


def _pack(answer, content_type: str, context: Context):
    """A handler answers with data, or with (data, content type); a generator is sent piece by piece."""
    if isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], str):
        answer, content_type = answer
    headers = {"Content-Type": content_type, **context.response_headers}
    if inspect.isgenerator(answer):
        return _pieces(answer), headers
    if isinstance(answer, str):
        answer = answer.encode()
    if not isinstance(answer, (bytes, bytearray, memoryview)):
        answer = codecs.encode(answer, content_type)
    return bytes(answer), headers
