"""The server dies at each point of a training job where dying could hurt, and it recovers: the job ends as it would have, with every
log line once, every metric counted once, and nothing left behind."""

import contextlib

import botocore.exceptions
import pytest
from cloud import wait_for
from jobs import GROUP, PYTHON, Trainer
from leftovers import swept

LINES = 40
POINTS = [
    "jobs.after_start",
    "jobs.after_metrics",
    "jobs.after_log",
    "telemetry.append.before_apply",
    "telemetry.append.after_apply",
    "jobs.before_end",
    "jobs.after_end",
    "jobs.after_remove",
]
SCRIPT = f"""
    import pathlib, time
    for i in range({LINES}):
        print(f"line {{i}} value={{i}};", flush=True)
        time.sleep(0.01)
    pathlib.Path("/opt/ml/model/m").write_text("made")
"""


def job_with_metric(trainer: Trainer) -> dict:
    return trainer.request(SCRIPT, AlgorithmSpecification={
        "TrainingImage": PYTHON, "TrainingInputMode": "File", "MetricDefinitions": [{"Name": "value", "Regex": "value=(.*?);"}]})


def dies_and_comes_back(cloud, seconds: float = 60) -> None:
    wait_for(lambda: cloud.process.poll() is not None, seconds, what="the server's death")
    cloud.restart()


# Each point alone, at its first pass: what was done is not done again, what was not done is.
@pytest.mark.parametrize("point", POINTS)
def test_death_at(own_cloud, point):
    own_cloud.admin.client("s3").create_bucket(Bucket="faults")
    trainer = Trainer(own_cloud, "faults")
    request = job_with_metric(trainer)
    own_cloud.stop()
    own_cloud.restart(ALOFT_FAULTS=f"{point}=kill@1")
    name = request["TrainingJobName"]
    trainer.sagemaker.create_training_job(**request)
    dies_and_comes_back(own_cloud)

    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = [line for line in trainer.log(name) if line.startswith("line ")]
    assert lines == [f"line {i} value={i};" for i in range(LINES)]
    points = trainer.cloudwatch.get_metric_statistics(
        Namespace=GROUP, MetricName="value", Dimensions=[{"Name": "TrainingJobName", "Value": name}],
        StartTime=job["CreationTime"], EndTime=job["TrainingEndTime"].timestamp() + 60, Period=60,
        Statistics=["SampleCount"])["Datapoints"]
    assert sum(p["SampleCount"] for p in points) == LINES
    assert job["FinalMetricDataList"][0]["Value"] == LINES - 1
    assert trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"m": b"made"}
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")
    swept(own_cloud)


# A wish to stop survives the server that took it, before and after it reached the task.
def test_death_while_stopping(own_cloud):
    own_cloud.admin.client("s3").create_bucket(Bucket="faults")
    trainer = Trainer(own_cloud, "faults")
    request = trainer.request("import time\ntime.sleep(600)\n")
    own_cloud.stop()
    own_cloud.restart(ALOFT_FAULTS="jobs.after_stop_sent=kill@1")
    name = request["TrainingJobName"]
    trainer.sagemaker.create_training_job(**request)
    trainer.wait_step(name, "Training")
    with contextlib.suppress(botocore.exceptions.BotoCoreError):  # the loop may be quicker than the answer, and die first
        trainer.sagemaker.stop_training_job(TrainingJobName=name)
    dies_and_comes_back(own_cloud)
    assert trainer.wait(name)["TrainingJobStatus"] == "Stopped"
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")
    swept(own_cloud)
