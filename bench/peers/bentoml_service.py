"""The same model as a BentoML service."""

import os

import bentoml
import numpy
import onnxruntime


@bentoml.service(workers=2)
class Service:
    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
        self.tensor = self.session.get_inputs()[0]
        self.dtype = numpy.int64 if "int64" in self.tensor.type else numpy.float32

    @bentoml.api
    def predict(self, rows: list) -> list:
        return self.session.run([self.session.get_outputs()[0].name], {self.tensor.name: numpy.asarray(rows, self.dtype)})[0].tolist()
