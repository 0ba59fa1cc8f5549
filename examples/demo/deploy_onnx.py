"""Exports a trained scikit-learn model to ONNX and serves it natively. Usage: deploy_onnx.py BUCKET MODEL_DATA_URI ROLE ENDPOINT ROWS.csv"""

import io
import json
import sys
import tarfile
from urllib.parse import urlparse

import boto3
import joblib
import numpy
from sagemaker.deserializers import JSONDeserializer
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.serializers import CSVSerializer
from skl2onnx import to_onnx

bucket, model_data, role, endpoint, rows = sys.argv[1:]
s3 = boto3.client("s3")
source = urlparse(model_data)
archive = tarfile.open(fileobj=io.BytesIO(s3.get_object(Bucket=source.netloc, Key=source.path[1:])["Body"].read()))
model = joblib.load(io.BytesIO(archive.extractfile("model.joblib").read()))

table = numpy.loadtxt(rows, delimiter=",", ndmin=2)
onnx = to_onnx(model, table[:1].astype(numpy.float32), options={"zipmap": False}).SerializeToString()
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w:gz") as out:
    entry = tarfile.TarInfo("model.onnx")
    entry.size = len(onnx)
    out.addfile(entry, io.BytesIO(onnx))
s3.put_object(Bucket=bucket, Key="models/onnx/model.tar.gz", Body=packed.getvalue())

Model(image_uri="aloft-onnx:1", model_data=f"s3://{bucket}/models/onnx/model.tar.gz", role=role, name=endpoint).deploy(
    initial_instance_count=1, instance_type="ml.m5.large", endpoint_name=endpoint)
predictor = Predictor(endpoint, serializer=CSVSerializer(), deserializer=JSONDeserializer())
print("\n" + json.dumps({"answer": predictor.predict(table.tolist())}))
