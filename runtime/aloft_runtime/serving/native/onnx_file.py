"""An ONNX model's bytes, for the few operators that `convert` needs: https://onnx.ai/onnx/api/classes.html gives the fields' numbers.

Written by hand because the onnx package is large, and slow to import, for what is a list of numbers.
"""

import numpy

FLOAT, UINT8, INT64, STRING, DOUBLE = 1, 2, 7, 8, 11
_TYPES = {"float32": FLOAT, "uint8": UINT8, "int64": INT64, "float64": DOUBLE}
ML = "ai.onnx.ml"
_OPSETS = {"": 18, ML: 5}
_IR_VERSION = 10


def _varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _int(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, value):
    value = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _packed(field, values):
    """Many integers of 0 to 2**35, each in five bytes: longer than need be, and made at once."""
    values = numpy.asarray(values, dtype=numpy.int64)
    out = numpy.empty((len(values), 5), dtype=numpy.uint8)
    for place in range(5):
        out[:, place] = (values >> (7 * place)) & 0x7F | (0x80 if place < 4 else 0)
    return _bytes(field, out.tobytes())


def tensor(name, values):
    if isinstance(values, list):  # texts
        return _int(1, len(values)) + _int(2, STRING) + b"".join(_bytes(6, text) for text in values) + _bytes(8, name)
    array = numpy.ascontiguousarray(values)
    dimensions = b"".join(_int(1, size) for size in array.shape)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return dimensions + _int(2, _TYPES[array.dtype.name]) + _bytes(8, name) + _bytes(9, little.tobytes())


def _attribute(name, value):
    head = _bytes(1, name)
    if isinstance(value, int):
        return head + _int(3, value) + _int(20, 2)
    if isinstance(value, numpy.ndarray) and value.dtype == numpy.int64:
        return head + _packed(8, value) + _int(20, 7)
    if isinstance(value, list):
        return head + b"".join(_bytes(9, text) for text in value) + _int(20, 8)
    return head + _bytes(5, tensor("", value)) + _int(20, 4)


def _value(name, kind, shape):
    sizes = b"".join(_bytes(1, _bytes(2, "n") if size is None else _int(1, size)) for size in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, kind) + _bytes(2, sizes)))


class Graph:
    """Nodes in their order; every method gives the name of what it makes."""

    def __init__(self, width):
        self.input = "rows"
        self._width, self._nodes, self._constants, self._count = width, [], [], 0

    def constant(self, values):
        self._count += 1
        name = f"c{self._count}"
        self._constants.append(_bytes(5, tensor(name, values)))
        return name

    def node(self, kind, *inputs, domain="", **attributes):
        self._count += 1
        name = f"v{self._count}"
        text = b"".join(_bytes(1, one) for one in inputs) + _bytes(2, name) + _bytes(4, kind)
        text += b"".join(_bytes(5, _attribute(key, value)) for key, value in attributes.items())
        self._nodes.append(_bytes(1, text + (_bytes(7, domain) if domain else b"")))
        return name

    def model(self, output, kind):
        """The file, whose one input is rows of doubles and whose one output is one value for each."""
        self._nodes.append(_bytes(1, _bytes(1, output) + _bytes(2, "predict") + _bytes(4, "Identity")))
        graph = b"".join(self._nodes) + _bytes(2, "model") + b"".join(self._constants)
        graph += _bytes(11, _value(self.input, DOUBLE, [None, self._width])) + _bytes(12, _value("predict", kind, [None]))
        sets = b"".join(_bytes(8, _bytes(1, domain) + _int(2, version)) for domain, version in _OPSETS.items())
        return _int(1, _IR_VERSION) + _bytes(2, "aloft") + _bytes(7, graph) + sets


