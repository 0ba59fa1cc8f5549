"""kill -9 of the server, of agents and of model workers at random moments: nothing acknowledged is lost, and everything recovers.

Each round runs a workload (objects written, jobs trained, an endpoint asked), kills something at a seeded moment, starts the server again
where it was the server, and checks. `make test` runs 20 rounds, `make soak` 200. ALOFT_SEED replays.
"""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import random
import signal
import threading
import time

import botocore.exceptions
import pytest
from cloud import wait_for
from jobs import SKLEARN, archive
from leftovers import mounts_of, processes_of, tasks_of

ROUNDS = 200 if os.environ.get("ALOFT_SOAK") else 20
SEED = int(os.environ.get("ALOFT_SEED", "20261122"))
LINES = 40

SCRIPT = f"""
import os, sys, time
for i in range({LINES}):
    print(f"line {{i}}", flush=True)
    time.sleep(0.02)
open(os.path.join(os.environ["SM_MODEL_DIR"], "weights"), "w").write("x" * 1000)
"""

MODEL = """
import json
def model_fn(directory):
    return 2
def input_fn(body, content_type):
    return json.loads(body)
def predict_fn(data, model):
    return [value * model for value in data]
def output_fn(prediction, accept):
    return json.dumps(prediction), "application/json"
"""


class Workload:
    """Writes objects as fast as it is let; remembers exactly what was acknowledged."""

    def __init__(self, cloud, bucket: str):
        self.cloud, self.bucket = cloud, bucket
        self.acknowledged: dict[str, str] = {}
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.write, args=(n,), daemon=True) for n in range(3)]
        for thread in self.threads:
            thread.start()

    def write(self, number: int) -> None:
        s3 = self.cloud.admin.client("s3", connect_timeout=1, read_timeout=10)
        count = 0
        while not self.stopping.is_set():
            key = f"writer-{number}/{count:06d}"
            body = random.Random(key).randbytes(200_000 if count % 7 == 0 else 900)
            count += 1
            try:
                s3.put_object(Bucket=self.bucket, Key=key, Body=body)
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                self.stopping.wait(0.05)  # the server is away; not acknowledged, so nothing is owed
                continue
            self.acknowledged[key] = hashlib.md5(body).hexdigest()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def verify(self) -> None:
        s3 = self.cloud.admin.client("s3")
        for key, digest in self.acknowledged.items():
            body = s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            assert hashlib.md5(body).hexdigest() == digest, f"{key} is not what was acknowledged"


def start_job(cloud, role: str, name: str) -> bool:
    """True where the server acknowledged the job."""
    try:
        cloud.admin.client("sagemaker", connect_timeout=1, read_timeout=10).create_training_job(
            TrainingJobName=name, RoleArn=role,
            AlgorithmSpecification={"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://kill/models"},
            ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": '"s3://kill/code.tar.gz"'})
        return True
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        return False


def lines_of(cloud, job: str) -> list[str]:
    logs = cloud.admin.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    messages = []
    for stream in logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job + "/")["logStreams"]:
        token = {}
        while True:
            page = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True, **token)
            if not page["events"]:
                break
            messages += [event["message"] for event in page["events"]]
            token = {"nextToken": page["nextForwardToken"]}
    return [message for message in messages if message.startswith("line ")]


def kill_one(data: pathlib.Path, what: str, dice: random.Random) -> bool:
    """Ends one agent, or one process that an agent runs, of this server."""
    found = processes_of(data)
    agents = [pid for pid, command in found.items() if "aloft-task" in command]
    if what == "worker":
        agents = [child for pid in agents for child in children(pid)]
    if not agents:
        return False
    try:
        os.kill(dice.choice(sorted(agents)), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


@pytest.fixture(scope="module")
def prepared(binary, tmp_path_factory):
    from cloud import Cloud

    cloud = Cloud.start(binary, tmp_path_factory.mktemp("kill") / "data")
    try:
        s3 = cloud.admin.client("s3")
        s3.create_bucket(Bucket="kill")
        s3.put_object(Bucket="kill", Key="code.tar.gz", Body=archive(**{"train.py": SCRIPT}))
        s3.put_object(Bucket="kill", Key="model.tar.gz", Body=archive(**{"code__inference.py": MODEL}))
        role = cloud.make_role({"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::kill", "arn:aws:s3:::kill/*"]})
        sagemaker = cloud.admin.client("sagemaker")
        sagemaker.create_model(ModelName="doubler", ExecutionRoleArn=role, PrimaryContainer={
            "Image": SKLEARN, "ModelDataUrl": "s3://kill/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}})
        sagemaker.create_endpoint_config(EndpointConfigName="doubler", ProductionVariants=[
            {"VariantName": "AllTraffic", "ModelName": "doubler", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}])
        sagemaker.create_endpoint(EndpointName="doubler", EndpointConfigName="doubler")
        wait_for(lambda: sagemaker.describe_endpoint(EndpointName="doubler")["EndpointStatus"] == "InService", 300, 0.5, "the endpoint")
        yield cloud, role
    finally:
        cloud.close()


def predicts(cloud) -> bool:
    try:
        answer = cloud.admin.client("sagemaker-runtime", connect_timeout=1).invoke_endpoint(
            EndpointName="doubler", ContentType="application/json", Body=json.dumps([1, 2, 3]))
        return json.loads(answer["Body"].read()) == [2, 4, 6]
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        return False


# The promise of the whole product: what was acknowledged is there, what was started ends, what was served is served again.
@pytest.mark.parametrize("number", range(ROUNDS))
def test_kill_round(prepared, number):
    cloud, role = prepared
    dice = random.Random(SEED * 1000 + number)
    what = dice.choice(["server", "server", "server", "agent", "worker"])
    jobs = [f"round-{number}-{i}" for i in range(2)]

    workload = Workload(cloud, "kill")
    created = [job for job in jobs if start_job(cloud, role, job)]
    time.sleep(dice.uniform(0, 2.5))
    killed = True
    if what == "server":
        cloud.kill()
        time.sleep(dice.uniform(0, 0.5))
        cloud.restart()
    else:
        killed = kill_one(cloud.data, what, dice)
    time.sleep(0.3)
    workload.stop()
    workload.verify()

    sagemaker = cloud.admin.client("sagemaker")

    def ended(job):
        described = sagemaker.describe_training_job(TrainingJobName=job)
        return described if described["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    for job in created:
        described = wait_for(lambda: ended(job), 120, 0.2, f"the end of {job}")
        lines = lines_of(cloud, job)
        if described["TrainingJobStatus"] == "Completed":
            assert lines == [f"line {i}" for i in range(LINES)], f"{job}: lost or repeated log lines"
            key = described["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://kill/")
            assert cloud.admin.client("s3").head_object(Bucket="kill", Key=key)["ContentLength"] > 0
        else:
            # Only a killed agent or script may fail a job, and the reason says so.
            assert what != "server" and killed, described.get("FailureReason")
            assert described["TrainingJobStatus"] == "Failed" and described["FailureReason"]
            assert lines == [f"line {i}" for i in range(len(lines))], f"{job}: log lines out of order"
    wait_for(lambda: predicts(cloud), 60, 0.2, "the endpoint's recovery")


# After everything has ended and been deleted, the machine is as it was before.
def test_nothing_is_left_behind(prepared):
    cloud, _ = prepared
    sagemaker = cloud.admin.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName="doubler")
    wait_for(lambda: not sagemaker.list_endpoints()["Endpoints"], 120, 0.5, "the endpoint's end")

    def clean():
        left = {pid: c for pid, c in processes_of(cloud.data).items() if pid != cloud.process.pid}
        return not left and not mounts_of(cloud.data) and not tasks_of(cloud.data)

    wait_for(clean, 60, 0.5, f"clean-up; left: {processes_of(cloud.data)} {mounts_of(cloud.data)} {tasks_of(cloud.data)}")
