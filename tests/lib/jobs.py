"""Training jobs for tests: packs code, starts jobs in one bucket with one role, and looks at what they did."""

from __future__ import annotations

import io
import tarfile
import textwrap
import uuid

import botocore.exceptions
import pytest
from cloud import wait_for
from leftovers import processes_of, tasks_of

PYTHON = "aloft-python:3"
SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
GROUP = "/aws/sagemaker/TrainingJobs"
USE_S3 = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Resource": "*"}
ENDED = ("Completed", "Failed", "Stopped")


def archive(**files: str | bytes) -> bytes:
    """A tar.gz of these files; in a name "__" stands for "/" and "_dot_" for "."."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in files.items():
            content = textwrap.dedent(content).encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name.replace("__", "/").replace("_dot_", "."))
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Trainer:
    """Starts jobs in one bucket with one role, and looks at what they did."""

    def __init__(self, cloud, bucket):
        self.cloud, self.bucket = cloud, bucket
        self.s3 = cloud.admin.client("s3")
        self.sagemaker = cloud.admin.client("sagemaker")
        self.logs = cloud.admin.client("logs")
        self.cloudwatch = cloud.admin.client("cloudwatch")
        self.role = cloud.make_role(USE_S3)
        self.s3.put_object(Bucket=bucket, Key="data/a.csv", Body=b"1,2\n3,4\n")
        self.s3.put_object(Bucket=bucket, Key="data/deep/b.csv", Body=b"5,6\n")

    def request(self, script: str | None = "pass", source: bytes | None = None, **changes) -> dict:
        """A request for a job that runs the script; `changes` replace or (None) remove members."""
        name = f"job-{uuid.uuid4().hex[:10]}"
        parameters = {"depth": "3", "name": '"quoted"'}
        if script is not None or source is not None:
            key = f"code/{name}/sourcedir.tar.gz"
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=source or archive(train_dot_py=script))
            parameters |= {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": f'"s3://{self.bucket}/{key}"'}
        request = {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": PYTHON, "TrainingInputMode": "File"},
            "HyperParameters": parameters,
            "InputDataConfig": [self.channel("train", "data/")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        }
        request.update(changes)
        return {name: value for name, value in request.items() if value is not None}

    def channel(self, name: str, prefix: str) -> dict:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{prefix}", "S3DataDistributionType": "FullyReplicated"}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    def create(self, *arguments, **changes) -> str:
        request = self.request(*arguments, **changes)
        self.sagemaker.create_training_job(**request)
        return request["TrainingJobName"]

    def describe(self, name: str) -> dict:
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def wait(self, name: str, status: tuple[str, ...] = ENDED, seconds: float = 600) -> dict:
        def reached():
            job = self.describe(name)
            return job if job["TrainingJobStatus"] in status else None
        return wait_for(reached, seconds, what=f"{name} in {status}")

    def wait_step(self, name: str, step: str) -> dict:
        return wait_for(lambda: (job := self.describe(name))["SecondaryStatus"] == step and job, 60, what=f"{name} in {step}")

    def run(self, *arguments, **changes) -> dict:
        return self.wait(self.create(*arguments, **changes))

    def steps(self, job: dict) -> list[str]:
        return [step["Status"] for step in job["SecondaryStatusTransitions"]]

    def log(self, name: str, group: str = GROUP) -> list[str]:
        """All lines, read as the SDK reads them: by nextForwardToken until a page is empty."""
        lines = []
        for stream in self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]:
            follow = {}
            while events := (page := self.logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"],
                                                              startFromHead=True, **follow))["events"]:
                lines += [event["message"] for event in events]
                follow = {"nextToken": page["nextForwardToken"]}
            assert page["nextForwardToken"] == follow.get("nextToken", page["nextForwardToken"])
        return lines

    def unpack(self, uri: str) -> dict[str, bytes]:
        key = uri.removeprefix(f"s3://{self.bucket}/")
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            return {m.name.removeprefix("./"): tar.extractfile(m).read() for m in tar.getmembers() if m.isfile()}

    def refused(self, request: dict, identity=None) -> tuple[str, str]:
        sagemaker = identity.client("sagemaker") if identity else self.sagemaker
        with pytest.raises(botocore.exceptions.ClientError) as error:
            sagemaker.create_training_job(**request)
        with pytest.raises(botocore.exceptions.ClientError):
            self.describe(request["TrainingJobName"])
        return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]

    def nothing_left(self, name: str) -> bool:
        return not [task for task in tasks_of(self.cloud.data) if f".{name}." in task] and not [
            command for command in processes_of(self.cloud.data).values() if f".{name}." in command]
