"""The same model as a runtime of MLServer, which has none for ONNX of its own."""

import numpy
import onnxruntime
from mlserver import MLModel, types
from mlserver.codecs import NumpyCodec


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        self.tensor = self.session.get_inputs()[0]
        self.dtype = numpy.int64 if "int64" in self.tensor.type else numpy.float32
        return True

    async def predict(self, payload: types.InferenceRequest) -> types.InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(self.dtype, copy=False)
        name = self.session.get_outputs()[0].name
        answer = self.session.run([name], {self.tensor.name: rows})[0]
        return types.InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output(name=name, payload=answer)])
