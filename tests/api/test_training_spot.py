"""Managed spot: checkpoints kept in S3, interruptions by an operator, jobs that go on where they stood; waiting only so long."""

import datetime
import re

import pytest
from cloud import REPOSITORY, Cloud, wait_for
from jobs import SKLEARN, Trainer, archive
from sdk import sagemaker_session

EXAMPLES = REPOSITORY / "examples/training"


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


def spot(trainer, steps: int = 30, **changes) -> dict:
    return trainer.request(
        None, source=archive(train_dot_py=(EXAMPLES / "checkpoints.py").read_text()),
        HyperParameters=None, EnableManagedSpotTraining=True, StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
        CheckpointConfig={"S3Uri": f"s3://{trainer.bucket}/checkpoints"}, **changes)


def with_parameters(trainer, request: dict, steps: int, pause: float = 0.2) -> dict:
    key = f"code/{request['TrainingJobName']}/sourcedir.tar.gz"
    request["HyperParameters"] = {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": f'"s3://{trainer.bucket}/{key}"',
                                  "steps": str(steps), "pause": str(pause)}
    return request


def weights(lines: list[str]) -> list[str]:
    return [re.search(r"weight=(.*);", line)[1] for line in lines if "weight=" in line]


# An interrupted job goes on from its checkpoint in a second attempt, and ends with what an uninterrupted one finds.
def test_interrupted_job_goes_on(trainer):
    whole = with_parameters(trainer, spot(trainer), 30, 0.0)
    whole["CheckpointConfig"]["S3Uri"] += "/whole"
    trainer.sagemaker.create_training_job(**whole)
    request = with_parameters(trainer, spot(trainer), 30)
    name = request["TrainingJobName"]
    trainer.sagemaker.create_training_job(**request)
    wait_for(lambda: "step=3 " in "\n".join(trainer.log(name)) if trainer.describe(name)["SecondaryStatus"] == "Training" else False,
             60, what="some steps")
    done = trainer.cloud.aloft("jobs", "interrupt", name, "--pause", "1")
    assert done.returncode == 0, done.stderr
    job = trainer.wait(name, seconds=120)
    lines = trainer.log(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    steps = trainer.steps(job)
    assert "Interrupted" in steps and "Pending" in steps[steps.index("Interrupted"):]
    begins = [int(line.split()[-1]) for line in lines if line.startswith("begins at step")]
    assert len(begins) == 2 and begins[0] == 0 and begins[1] >= 3, "the second attempt begins where the first stood"
    uninterrupted = weights(trainer.log(trainer.wait(whole["TrainingJobName"])["TrainingJobName"]))
    # A step may be saved and not be said any more when the code is ended between the two; none is done twice.
    assert len(uninterrupted) == 30 and weights(lines)[-1] == uninterrupted[-1]
    assert set(weights(lines)) <= set(uninterrupted) and len(weights(lines)) == len(set(weights(lines))) >= 29
    assert 0 < job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]
    assert trainer.s3.get_object(Bucket=trainer.bucket, Key="checkpoints/state.json")["Body"].read()
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")


# The proof for a job of one's own: a copy is interrupted early, and must find the same.
def test_rehearse_spot(trainer):
    request = with_parameters(trainer, spot(trainer), 20, 0.15)
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "weight", "Regex": "weight=(.*?);"}]
    trainer.sagemaker.create_training_job(**request)
    trainer.wait(request["TrainingJobName"])
    done = trainer.cloud.aloft("jobs", "rehearse-spot", request["TrainingJobName"], "--after", "1")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "It was interrupted, went on, and completed." in done.stdout
    original, rehearsal = re.findall(r"weight=(\S+)", done.stdout)
    assert original == rehearsal


# Only what may be interrupted is, and only by whom may.
def test_interruptions_are_refused(trainer):
    name = trainer.create("import time\ntime.sleep(600)\n")
    trainer.wait_step(name, "Training")
    done = trainer.cloud.aloft("jobs", "interrupt", name)
    assert done.returncode != 0 and "managed spot training" in done.stderr
    stranger = trainer.cloud.make_user({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"})
    done = trainer.cloud.aloft("jobs", "interrupt", name, identity=stranger)
    assert done.returncode != 0 and "aloft:InterruptTrainingJob" in done.stderr
    trainer.sagemaker.stop_training_job(TrainingJobName=name)
    trainer.wait(name)


# What may wait only so long is stopped while it waits; why it waits is one sentence, in Describe and in `aloft queue`.
def test_waiting_for_room(trainer):
    large = {"ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}}
    holder = trainer.create("import time\ntime.sleep(600)\n", **large)
    trainer.wait_step(holder, "Training")
    try:
        name = trainer.create("pass", StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxPendingTimeInSeconds": 7200}, **large)
        job = trainer.wait_step(name, "Pending")
        assert re.match(r"needs 16.0 GiB of memory, .* GiB are free", job["SecondaryStatusTransitions"][-1]["StatusMessage"])
        queue = trainer.cloud.aloft("queue").stdout
        assert name in queue and "needs 16.0 GiB of memory" in queue
        trainer.sagemaker.stop_training_job(TrainingJobName=name)
        assert trainer.wait(name)["TrainingJobStatus"] == "Stopped"
    finally:
        trainer.sagemaker.stop_training_job(TrainingJobName=holder)
    trainer.wait(holder)


# The SDK's estimator with spot and checkpoints: what it sends is taken, what it prints of the saving it can compute.
def test_sdk_spot(trainer, capsys):
    from sagemaker.sklearn import SKLearn

    session = sagemaker_session(trainer.cloud, trainer.bucket, trainer.s3, trainer.sagemaker)
    estimator = SKLearn(entry_point="checkpoints.py", source_dir=str(EXAMPLES), role=trainer.role, instance_type="ml.m5.large",
                        instance_count=1, framework_version="1.2-1", sagemaker_session=session, use_spot_instances=True,
                        max_run=300, max_wait=600, checkpoint_s3_uri=f"s3://{trainer.bucket}/sdk-checkpoints",
                        hyperparameters={"steps": 3, "pause": 0}, code_location=f"s3://{trainer.bucket}/code",
                        output_path=f"s3://{trainer.bucket}/models")
    estimator.fit(logs=True)
    assert "Managed Spot Training savings" in capsys.readouterr().out
    again = SKLearn.attach(estimator.latest_training_job.name, sagemaker_session=session)
    assert again.checkpoint_s3_uri == f"s3://{trainer.bucket}/sdk-checkpoints" if again.checkpoint_s3_uri else True


# An operator's configuration: images that ask for another version are refused, and spot jobs wait for their hours while others run.
def test_strict_versions_and_spot_hours(binary, tmp_path):
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=3)
    settings = tmp_path / "aloft.toml"
    settings.write_text(f'strict_versions = true\nspot_hours = "{soon:%H:%M}-{soon + datetime.timedelta(hours=1):%H:%M}"\n')
    cloud = Cloud.start(binary, tmp_path / "data")
    try:
        cloud.stop()
        cloud.arguments = ("--config", str(settings))
        cloud.restart()
        cloud.admin.client("s3").create_bucket(Bucket="operators")
        trainer = Trainer(cloud, "operators")
        code, message = trainer.refused(trainer.request(AlgorithmSpecification={"TrainingImage": SKLEARN, "TrainingInputMode": "File"}))
        assert code == "ValidationException" and "asks for scikit-learn 1.2, this Aloft has" in message, message

        waits = spot(trainer)
        trainer.sagemaker.create_training_job(**waits)
        assert trainer.run("print('by day')")["TrainingJobStatus"] == "Completed"
        job = trainer.wait_step(waits["TrainingJobName"], "Pending")
        assert f"which begin at {soon:%Y-%m-%dT%H:%M}:00Z" in job["SecondaryStatusTransitions"][-1]["StatusMessage"], job
        trainer.sagemaker.stop_training_job(TrainingJobName=waits["TrainingJobName"])
        assert trainer.wait(waits["TrainingJobName"])["TrainingJobStatus"] == "Stopped"
    finally:
        cloud.close()
