"""What people write first: a joblib model behind Flask. Reads {"instances": [[...]]}, answers {"predictions": [...]}."""

import os

import joblib
import numpy
from flask import Flask, jsonify, request

app = Flask(__name__)
model = joblib.load(os.environ["MODEL"])


@app.get("/ping")
def ping():
    return "ok"


@app.post("/predict")
def predict():
    rows = numpy.asarray(request.get_json()["instances"])
    return jsonify(predictions=model.predict(rows).tolist())


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
