"""Models of several kinds and weights, as ONNX: made here with random weights, because what a prediction costs does not depend on them."""

from __future__ import annotations

import dataclasses
import json
import pathlib

import numpy
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier

DATATYPES = {"float": "FP32", "int64": "INT64"}


@dataclasses.dataclass
class Network:
    """An ONNX model, and one row for it."""

    name: str
    onnx: bytes
    row: numpy.ndarray  # float32 or int64, without the dimension of rows
    output: str  # the first one
    output_bytes: int  # of one row
    input: str = "x"

    @property
    def type(self) -> str:
        return "int64" if self.row.dtype == numpy.int64 else "float"

    def floor_arguments(self) -> list[str]:
        return ["raw", self.input, self.type, "x".join(map(str, self.row.shape)), f"{self.output}:{self.output_bytes}"]

    def binary(self, path: pathlib.Path) -> int:
        """The row as a request of the Open Inference Protocol with binary tensors; the bytes of its JSON part."""
        head = json.dumps({"inputs": [{"name": self.input, "shape": [1, *self.row.shape], "datatype": DATATYPES[self.type],
                                       "parameters": {"binary_data_size": self.row.nbytes}}],
                           "outputs": [{"name": self.output, "parameters": {"binary_data": True}}]}).encode()  # fmt: skip
        path.write_bytes(head + self.row.tobytes())
        return len(head)

    def tensors(self, path: pathlib.Path) -> None:
        """The same with the numbers in JSON."""
        tensor = {"name": self.input, "shape": [1, *self.row.shape], "datatype": DATATYPES[self.type], "data": self.row.ravel().tolist()}
        path.write_text(json.dumps({"inputs": [tensor], "outputs": [{"name": self.output}]}))

    def rows(self, path: pathlib.Path) -> None:
        """{"rows": [[...]]}, for servers of people's own code."""
        path.write_text(json.dumps({"rows": self.row[None].tolist()}))


class Graph:
    """Builds an ONNX graph node by node; each call returns the name of what it computes."""

    def __init__(self):
        self.nodes, self.weights, self.random, self.counter = [], [], numpy.random.default_rng(1), 0

    def constant(self, value) -> str:
        self.counter += 1
        name = f"c{self.counter}"
        self.weights.append(numpy_helper.from_array(numpy.asarray(value), name))
        return name

    def weight(self, *shape: int, scale: float | None = None) -> str:
        fan = numpy.prod(shape[1:]) if len(shape) > 2 else shape[0]
        return self.constant((self.random.standard_normal(shape) * (scale or (1 / fan) ** 0.5)).astype(numpy.float32))

    def __call__(self, kind: str, *inputs: str, **attributes) -> str:
        self.counter += 1
        name = f"t{self.counter}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def finish(self, name: str, element: int, row: tuple[int, ...], result: str, width: int) -> bytes:
        self.nodes.append(helper.make_node("Identity", [result], ["y"]))
        graph = helper.make_graph(self.nodes, name, [helper.make_tensor_value_info("x", element, [None, *row])],
                                  [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, width])], self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def multilayer_perceptron() -> Network:
    """128 numbers, two layers of 512, 10 numbers."""
    g, at, width = Graph(), "x", 128
    for size in (512, 512, 10):
        at = g("Add", g("MatMul", at, g.weight(width, size)), g.weight(size))
        at, width = (at if size == 10 else g("Relu", at)), size
    return Network("MLP", g.finish("mlp", TensorProto.FLOAT, (128,), at, 10), g.random.standard_normal(128).astype(numpy.float32), "y", 40)


def boosted_trees() -> Network:
    """100 trees of 31 leaves, fitted to Breast Cancer Wisconsin."""
    data, target = load_breast_cancer(return_X_y=True)
    model = HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=0).fit(data, target)
    onnx = to_onnx(model, data[:1].astype(numpy.float32), options={"zipmap": False})
    return Network("boosted trees", onnx.SerializeToString(), data[0].astype(numpy.float32), onnx.graph.output[0].name, 8, onnx.graph.input[0].name)


def resnet18() -> Network:
    """3 x 224 x 224 numbers; batch normalization folded into the convolutions, as converters do."""
    g = Graph()

    def convolution(at: str, before: int, after: int, size: int, stride: int) -> str:
        return g("Conv", at, g.weight(after, before, size, size), g.weight(after, scale=0.01), kernel_shape=[size, size],
                 strides=[stride, stride], pads=[size // 2] * 4)

    at = g("MaxPool", g("Relu", convolution("x", 3, 64, 7, 2)), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    before = 64
    for after, first in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for stride in (first, 1):
            inner = convolution(g("Relu", convolution(at, before, after, 3, stride)), after, after, 3, 1)
            shortcut = at if before == after else convolution(at, before, after, 1, stride)
            at, before = g("Relu", g("Add", inner, shortcut)), after
    at = g("Flatten", g("GlobalAveragePool", at))
    at = g("Add", g("MatMul", at, g.weight(512, 1000)), g.weight(1000))
    row = g.random.standard_normal((3, 224, 224)).astype(numpy.float32)
    return Network("ResNet-18", g.finish("resnet18", TensorProto.FLOAT, row.shape, at, 1000), row, "y", 4000)


def transformer(length: int = 64, width: int = 128, heads: int = 4, layers: int = 4) -> Network:
    """64 tokens, four layers of width 128, mean over the tokens, 10 numbers."""
    g = Graph()

    def norm(at: str) -> str:
        return g("LayerNormalization", at, g.constant(numpy.ones(width, numpy.float32)), g.constant(numpy.zeros(width, numpy.float32)), axis=-1)

    def split(at: str) -> str:
        shaped = g("Reshape", g("MatMul", at, g.weight(width, width)), g.constant(numpy.array([0, length, heads, width // heads])))
        return g("Transpose", shaped, perm=[0, 2, 1, 3])

    at = g("Add", g("Gather", g.weight(1000, width, scale=1.0), "x"), g.weight(length, width, scale=0.1))
    for _ in range(layers):
        inner = norm(at)
        scores = g("MatMul", split(inner), g("Transpose", split(inner), perm=[0, 1, 3, 2]))
        shares = g("Softmax", g("Mul", scores, g.constant(numpy.float32((heads / width) ** 0.5))), axis=-1)
        mixed = g("Transpose", g("MatMul", shares, split(inner)), perm=[0, 2, 1, 3])
        mixed = g("Reshape", mixed, g.constant(numpy.array([0, length, width])))
        at = g("Add", at, g("MatMul", mixed, g.weight(width, width)))
        inner = g("Relu", g("MatMul", norm(at), g.weight(width, 4 * width)))
        at = g("Add", at, g("MatMul", inner, g.weight(4 * width, width)))
    at = g("MatMul", g("ReduceMean", norm(at), axes=[1], keepdims=0), g.weight(width, 10))
    row = g.random.integers(0, 1000, length)
    return Network("transformer", g.finish("transformer", TensorProto.INT64, (length,), at, 10), row, "y", 40)


def networks() -> list[Network]:
    return [multilayer_perceptron(), boosted_trees(), transformer(), resnet18()]
