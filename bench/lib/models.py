"""One scikit-learn model for all model servers, as joblib and as ONNX; its requests; and Aloft endpoints that serve it."""

from __future__ import annotations

import io
import json
import pathlib
import tarfile
import uuid

import joblib
import numpy
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .measure import wait_until

SKLEARN_IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ONNX_IMAGE = "aloft-onnx:1"


class TestModel:
    """Breast Cancer Wisconsin, scaled, logistic regression: 30 numbers in, a class out."""

    __test__ = False

    def __init__(self, home: pathlib.Path):
        data, target = load_breast_cancer(return_X_y=True)
        self.rows = data
        self.model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(data, target)
        self.joblib_file, self.onnx_file = home / "model.joblib", home / "model.onnx"
        joblib.dump(self.model, self.joblib_file)
        onnx = to_onnx(self.model, data[:1].astype(numpy.float32), options={"zipmap": False})
        self.onnx_file.write_bytes(onnx.SerializeToString())
        self.onnx_names = [onnx.graph.input[0].name, *(output.name for output in onnx.graph.output)]
        self.home = home

    def request(self, batch: int) -> pathlib.Path:
        """{"instances": [[...], ...]}"""
        path = self.home / f"instances-{batch}.json"
        path.write_text(json.dumps({"instances": self.rows[:batch].tolist()}))
        return path

    def request_v2(self, batch: int) -> pathlib.Path:
        """The same rows as an Open Inference Protocol request."""
        path = self.home / f"v2-{batch}.json"
        tensor = {"name": "x", "shape": [batch, self.rows.shape[1]], "datatype": "FP64", "data": self.rows[:batch].ravel().tolist()}
        path.write_text(json.dumps({"inputs": [tensor]}))
        return path

    def archive(self, file: pathlib.Path) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            tar.add(file, file.name)
        return out.getvalue()


class Endpoints:
    """Puts models in service on one Aloft."""

    def __init__(self, cloud, bucket: str = "models"):
        self.s3, self.sagemaker = cloud.admin.client("s3"), cloud.admin.client("sagemaker")
        self.bucket = bucket
        self.s3.create_bucket(Bucket=bucket)
        self.role = cloud.make_role({"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"})

    def serve(self, archive: bytes, image: str, environment: dict | None = None) -> tuple[str, float]:
        """The name of an endpoint in service, and the seconds from CreateEndpoint to InService by the server's own clock."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        self.s3.put_object(Bucket=self.bucket, Key=f"{name}/model.tar.gz", Body=archive)
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.role, PrimaryContainer={
            "Image": image, "ModelDataUrl": f"s3://{self.bucket}/{name}/model.tar.gz", "Environment": environment or {}})
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[
            {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

        def settled():
            described = self.sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] != "Creating" else None

        described = wait_until(settled, 180, 0.05, f"{name} settles")
        if described["EndpointStatus"] != "InService":
            raise RuntimeError(described.get("FailureReason"))
        return name, (described["LastModifiedTime"] - described["CreationTime"]).total_seconds()

    def delete(self, name: str) -> None:
        self.sagemaker.delete_endpoint(EndpointName=name)
