"""Models in service for tests, and what a refused call says."""

from __future__ import annotations

import uuid

import botocore.exceptions
import pytest
from cloud import wait_for
from jobs import SKLEARN

READ_S3 = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}


class Deployer:
    """Puts models in service under names of its own, and takes everything away again."""

    def __init__(self, cloud, bucket):
        self.cloud, self.bucket = cloud, bucket
        self.s3 = cloud.admin.client("s3")
        self.sagemaker = cloud.admin.client("sagemaker")
        self.runtime = cloud.admin.client("sagemaker-runtime")
        self.role = cloud.make_role(READ_S3)
        self.endpoints, self.configs, self.models = [], [], []

    def upload(self, content: bytes, key=None) -> str:
        key = key or f"models/{uuid.uuid4().hex[:8]}/model.tar.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"s3://{self.bucket}/{key}"

    def model(self, data: str, image=SKLEARN, environment=None) -> str:
        name = f"m-{uuid.uuid4().hex[:8]}"
        container = {"Image": image, "ModelDataUrl": data, "Environment": environment or {}}
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role)
        self.models.append(name)
        return name

    def configure(self, variants, shadows=(), **options) -> str:
        name = f"c-{uuid.uuid4().hex[:8]}"
        options |= {"ShadowProductionVariants": list(shadows)} if shadows else {}
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **options)
        self.configs.append(name)
        return name

    def config(self, data: str, instances=1, **options) -> str:
        """A model and a configuration of one variant; returns the configuration's name."""
        return self.configure([{"VariantName": "AllTraffic", "ModelName": self.model(data, **options),
                                "InitialInstanceCount": instances, "InstanceType": "ml.t2.medium", "InitialVariantWeight": 1}])

    def create(self, config: str) -> str:
        name = f"e-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.endpoints.append(name)
        return name

    def settled(self, name: str) -> dict:
        def look():
            described = self.sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] not in ("Creating", "Updating") else None

        # An environment may be made for the first time, beside others.
        return wait_for(look, 600, what=f"endpoint {name} settles")

    def serve(self, data: str, **options) -> str:
        return self._serve(self.config(data, **options))

    def serve_variants(self, variants, **options) -> str:
        return self._serve(self.configure(variants, **options))

    def _serve(self, config: str) -> str:
        name = self.create(config)
        described = self.settled(name)
        assert described["EndpointStatus"] == "InService", described.get("FailureReason")
        return name

    def predict(self, name, body, content_type="application/json", accept="application/json", **options):
        return self.runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType=content_type, Accept=accept, **options)

    def end_endpoints(self, kept: int):
        """Those beyond the first `kept`: their instances have memory that the next test needs."""
        for name in self.endpoints[kept:]:
            try:
                self.sagemaker.delete_endpoint(EndpointName=name)
            except botocore.exceptions.ClientError as error:
                assert "Could not find" in str(error)
        del self.endpoints[kept:]

    def clear(self):
        for kind, names in (("endpoint", self.endpoints), ("endpoint_config", self.configs), ("model", self.models)):
            parameter = {"endpoint": "EndpointName", "endpoint_config": "EndpointConfigName", "model": "ModelName"}[kind]
            for name in names:
                try:
                    getattr(self.sagemaker, f"delete_{kind}")(**{parameter: name})
                except botocore.exceptions.ClientError as error:
                    assert "Could not find" in str(error)
            names.clear()


def refusal(call, *arguments, **options):
    """(code, message, response) of the error that the call must raise."""
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(*arguments, **options)
    response = failure.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response
