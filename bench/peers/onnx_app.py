"""What people write around ONNX Runtime: Flask, behind gunicorn. Reads {"rows": [...]}, answers {"predictions": [...]}."""

import os

import numpy
import onnxruntime
from flask import Flask, jsonify, request

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
tensor = session.get_inputs()[0]
DTYPE = numpy.int64 if "int64" in tensor.type else numpy.float32
app = Flask(__name__)


@app.get("/ping")
def ping():
    return "ok"


@app.post("/predict")
def predict():
    rows = numpy.asarray(request.get_json()["rows"], DTYPE)
    return jsonify(predictions=session.run([session.get_outputs()[0].name], {tensor.name: rows})[0].tolist())
