"""The Open Inference Protocol, version 2, over HTTP: named, typed tensors as JSON or as bytes behind the JSON.

https://github.com/kserve/open-inference-protocol, with the binary tensor extension of Triton. The tests use tritonclient.
A model gets one input as an array, several as a dictionary by name; a dictionary that it answers becomes named outputs, anything
else is the output "predict".
"""

import json

from .errors import RequestError

VERSION = "1"
LENGTH = "inference-header-content-length"
TYPES = {"BOOL": "bool", "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64", "INT8": "int8", "INT16": "int16",
         "INT32": "int32", "INT64": "int64", "FP16": "float16", "FP32": "float32", "FP64": "float64"}  # fmt: skip
NAMES = {name: datatype for datatype, name in TYPES.items()}
MAX_DIMENSIONS = 32


def route(path):
    """(model, what) of /v2/models/<model>[/versions/1][/infer|/ready], or None; 404 for a version that is not there."""
    parts = path.strip("/").split("/")
    if parts[:2] != ["v2", "models"] or len(parts) < 3:
        return None
    model, rest = parts[2], parts[3:]
    if rest[:1] == ["versions"]:
        if rest[1:2] != [VERSION]:
            raise RequestError(404, f"Model {model} has no version {'/'.join(rest[1:2])}; it has {VERSION}")
        rest = rest[2:]
    what = "/".join(rest) or "metadata"
    return (model, what) if what in ("metadata", "ready", "infer") else None


def metadata(model, platform, features=None):
    return {"name": model, "versions": [VERSION], "platform": platform,
            "inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, features or -1]}],
            "outputs": [{"name": "predict", "datatype": "FP64", "shape": [-1]}]}  # fmt: skip


def decode(body, headers):
    """(the request without its tensors, {name: array})."""
    text, binary = _parts(body, headers)
    try:
        request = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"The request is not valid JSON: {error}") from error
    inputs = request.get("inputs") if isinstance(request, dict) else None
    if not isinstance(inputs, list) or not inputs:
        raise RequestError(400, "The request has no inputs")
    tensors, at = {}, 0
    for tensor in inputs:
        name, array, used = _tensor(tensor, binary[at:])
        if name in tensors:
            raise RequestError(400, f"Two inputs have the name {name}")
        tensors[name] = array
        at += used
    if at != len(binary):
        raise RequestError(400, f"The body has {len(binary) - at} bytes behind its last tensor")
    return request, tensors


def _parts(body, headers):
    length = headers.get(LENGTH)
    if length is None:
        return body, b""
    if not length.isdigit() or int(length) > len(body):
        raise RequestError(400, "Inference-Header-Content-Length is no length of a part of the body")
    return body[: int(length)], memoryview(body)[int(length) :]


def _tensor(tensor, binary):
    import numpy

    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
        raise RequestError(400, "An input has no name")
    name, datatype, shape = tensor["name"], tensor.get("datatype"), tensor.get("shape")
    if datatype != "BYTES" and datatype not in TYPES:
        raise RequestError(400, f"Input {name}: the datatype {datatype} is none of {', '.join([*TYPES, 'BYTES'])}")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not all(type(size) is int and size >= 0 for size in shape):
        raise RequestError(400, f"Input {name}: the shape is no list of sizes")
    count = 1
    for size in shape:
        count *= size
    used = (tensor.get("parameters") or {}).get("binary_data_size")
    if used is None:
        return name, _from_json(numpy, name, datatype, shape, count, tensor.get("data")), 0
    if type(used) is not int or not 0 <= used <= len(binary):
        raise RequestError(400, f"Input {name}: its {used} bytes are not there; the body is cut off")
    return name, _from_bytes(numpy, name, datatype, shape, count, binary[:used]), used


def _from_json(numpy, name, datatype, shape, count, data):
    try:
        if datatype == "BYTES":
            array = numpy.array(data, dtype=object).reshape(-1)
        else:
            array = numpy.array(data).reshape(-1)
            if array.size and (array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and datatype[0] in "IU")):
                raise RequestError(400, f"Input {name}: the data is not {datatype}")
            array = array.astype(TYPES[datatype])
    except (ValueError, TypeError, OverflowError) as error:
        raise RequestError(400, f"Input {name}: the data is not {datatype}: {error}") from error
    if array.size != count:
        raise RequestError(400, f"Input {name}: the shape {shape} has {count} elements, the data {array.size}")
    return array.reshape(shape)


def _from_bytes(numpy, name, datatype, shape, count, binary):
    if datatype != "BYTES":
        kind = numpy.dtype(TYPES[datatype]).newbyteorder("<")
        if len(binary) != count * kind.itemsize:
            raise RequestError(400, f"Input {name}: {shape} of {datatype} are {count * kind.itemsize} bytes, not {len(binary)}")
        return numpy.frombuffer(binary, dtype=kind).reshape(shape)
    texts, at = [], 0
    while at < len(binary):
        length = int.from_bytes(binary[at : at + 4], "little")
        if at + 4 + length > len(binary):
            raise RequestError(400, f"Input {name}: an element is cut off")
        texts.append(bytes(binary[at + 4 : at + 4 + length]))
        at += 4 + length
    if len(texts) != count:
        raise RequestError(400, f"Input {name}: the shape {shape} has {count} elements, the data {len(texts)}")
    return numpy.array(texts, dtype=object).reshape(shape)


def encode(model, request, prediction):
    """The answer's bytes and headers."""
    import numpy

    arrays = prediction if isinstance(prediction, dict) else {"predict": prediction}
    arrays = {name: numpy.asarray(value) for name, value in arrays.items()}
    wanted = request.get("outputs") or [{"name": name} for name in arrays]
    everything = bool((request.get("parameters") or {}).get("binary_data_output"))
    described, binary = [], []
    for output in wanted:
        name = output.get("name")
        if name not in arrays:
            raise RequestError(400, f"The model has no output {name}; it has {', '.join(arrays)}")
        array = arrays[name]
        datatype = NAMES.get(array.dtype.name, "BYTES")
        one = {"name": name, "datatype": datatype, "shape": list(array.shape)}
        if (output.get("parameters") or {}).get("binary_data", everything):
            binary.append(_bytes_of(array, datatype))
            one["parameters"] = {"binary_data_size": len(binary[-1])}
        else:
            one["data"] = [_text(value) for value in array.reshape(-1).tolist()] if datatype == "BYTES" else array.reshape(-1).tolist()
        described.append(one)
    answer = {"model_name": model, "model_version": VERSION, "outputs": described}
    if request.get("id"):
        answer["id"] = request["id"]
    text = json.dumps(answer).encode()
    if not binary:
        return text, {"Content-Type": "application/json"}
    return b"".join([text, *binary]), {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(text))}


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _bytes_of(array, datatype):
    if datatype != "BYTES":
        return array.astype(array.dtype.newbyteorder("<")).tobytes()
    parts = []
    for value in array.reshape(-1).tolist():
        content = value if isinstance(value, bytes) else str(value).encode()
        parts += [len(content).to_bytes(4, "little"), content]
    return b"".join(parts)
