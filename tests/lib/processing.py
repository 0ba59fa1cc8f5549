"""Processing jobs for tests: starts them in one bucket with one role, and looks at what they did."""

from __future__ import annotations

import textwrap
import uuid

from cloud import wait_for
from jobs import ENDED, PYTHON, Trainer

GROUP = "/aws/sagemaker/ProcessingJobs"
ROOT = "/opt/ml/processing"


class Processor(Trainer):
    def request(self, script: str = "pass", **changes) -> dict:
        """A request for a job that runs the script over data/; `changes` replace or (None) remove members."""
        name = f"job-{uuid.uuid4().hex[:10]}"
        key = f"{name}/input/code/work.py"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=textwrap.dedent(script).encode())
        request = {
            "ProcessingJobName": name,
            "RoleArn": self.role,
            "AppSpecification": {"ImageUri": PYTHON, "ContainerEntrypoint": ["python3", f"{ROOT}/input/code/work.py"]},
            "ProcessingInputs": [self.input("code", key, "input/code"), self.input("data", "data/", "input/data")],
            "ProcessingOutputConfig": {"Outputs": [self.output("result", f"{name}/result", "output")]},
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
            "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        }
        request.update(changes)
        return {name: value for name, value in request.items() if value is not None}

    def input(self, name: str, prefix: str, path: str, **more) -> dict:
        return {"InputName": name, "S3Input": {"S3Uri": f"s3://{self.bucket}/{prefix}", "LocalPath": f"{ROOT}/{path}",
                                               "S3DataType": "S3Prefix", "S3InputMode": "File", **more}}

    def output(self, name: str, prefix: str, path: str, mode: str = "EndOfJob") -> dict:
        return {"OutputName": name, "S3Output": {"S3Uri": f"s3://{self.bucket}/{prefix}", "LocalPath": f"{ROOT}/{path}",
                                                 "S3UploadMode": mode}}

    def create(self, *arguments, **changes) -> str:
        request = self.request(*arguments, **changes)
        self.sagemaker.create_processing_job(**request)
        return request["ProcessingJobName"]

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_processing_job(ProcessingJobName=name)

    def wait(self, name: str, status: tuple[str, ...] = ENDED, seconds: float = 600) -> dict:
        def reached():
            job = self.describe(name)
            return job if job["ProcessingJobStatus"] in status else None
        return wait_for(reached, seconds, what=f"{name} in {status}")

    def log(self, name: str, group: str = GROUP) -> list[str]:
        return super().log(name, group)

    def objects(self, prefix: str) -> dict[str, bytes]:
        """What lies under the prefix, by the rest of its key."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {entry["Key"].removeprefix(prefix).lstrip("/"):
                self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read() for entry in found}
