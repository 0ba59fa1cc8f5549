"""Who runs and who waits: quotas, priorities that interrupt, reservations."""

import pytest
from cloud import wait_for
from jobs import Trainer

@pytest.fixture(scope="module")
def own(binary, tmp_path_factory):
    """A server of these tests' own: quotas and full machines are everybody's."""
    from cloud import Cloud
    cloud = Cloud.start(binary, tmp_path_factory.mktemp("queue") / "data")
    cloud.admin.client("s3").create_bucket(Bucket="queue")
    yield cloud
    cloud.close()


@pytest.fixture
def trainer(own):
    trainer = Trainer(own, "queue")
    started = []
    create = trainer.create
    trainer.create = lambda *arguments, **changes: started.append(create(*arguments, **changes)) or started[-1]
    yield trainer
    for name in started:
        if trainer.describe(name)["TrainingJobStatus"] == "InProgress":
            trainer.sagemaker.stop_training_job(TrainingJobName=name)
    for name in started:
        trainer.wait(name)
        wait_for(lambda: trainer.nothing_left(name), 20, what="its end")


def quota(own, *arguments):
    done = own.aloft("quota", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def reason(trainer, name):
    job = trainer.describe(name)
    return job["SecondaryStatusTransitions"][-1].get("StatusMessage", "") if job["SecondaryStatus"] == "Pending" else ""


# An operator bounds an account and a user; what is beyond waits and says for what, what could never fit is refused, and what
# waits goes on when the bound is gone.
def test_quotas(own, trainer):
    account = own.admin.client("sts").get_caller_identity()["Account"]
    quota(own, "set", "--instances", "1")
    try:
        assert account in quota(own, "list") and "(all)" in quota(own, "list")
        first, second = trainer.create("import time; print('up', flush=True); time.sleep(600)"), trainer.create("print('second')")
        wait_for(lambda: "waits for the quota of account" in reason(trainer, second), 20, what="the reason")
        assert reason(trainer, second) == f"waits for the quota of account {account}: 1 of 1 instances are in use and it needs 1"
        waiting = own.aloft("queue").stdout
        assert second in waiting and "waits for the quota of account" in waiting
        code, message = trainer.refused(trainer.request("pass", ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}))
        assert code == "ResourceLimitExceeded" and "is more than the quota of account" in message
        trainer.sagemaker.stop_training_job(TrainingJobName=first)
        assert trainer.wait(second)["TrainingJobStatus"] == "Completed"
    finally:
        quota(own, "set")
    assert "no quotas" in quota(own, "list")


# Users' quotas are their account's business, accounts' quotas the installation's; nobody else sets any.
def test_who_sets_quotas(own, trainer):
    eve = own.make_user({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}, name="eve")
    refused = own.aloft("quota", "set", "--instances", "5", identity=eve)
    assert refused.returncode != 0 and "aloft:PutQuota" in refused.stderr
    quota(own, "set", "--owner", "user/eve", "--vcpus", "1")
    try:
        done = own.aloft("quota", "list")
        assert "user/eve" in done.stdout
    finally:
        quota(own, "set", "--owner", "user/eve")


def large():
    """An instance type of which only one fits at a time."""
    [total] = [int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemTotal")]
    gib = total / (1 << 20) * 0.9
    return next(name for name, size in (("ml.m5.24xlarge", 384), ("ml.m5.16xlarge", 256), ("ml.m5.12xlarge", 192), ("ml.m5.8xlarge", 128), ("ml.m5.4xlarge", 64),
                                 ("ml.r5.xlarge", 32), ("ml.m5.xlarge", 16), ("ml.m5.large", 8), ("ml.t3.medium", 4)) if gib / 2 < size <= gib)


# A job of higher priority gets the place of a managed spot job, which goes on from its checkpoint afterwards.
def test_priority_interrupts_spot(own, trainer):
    kind = large()
    resources = {"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 1}
    spot = trainer.create("""
        import pathlib, time
        mark = pathlib.Path("/opt/ml/checkpoints/mark")
        print("resumed" if mark.exists() else "first", flush=True)
        if not mark.exists():
            mark.write_text("x")
            time.sleep(600)
        """, ResourceConfig=resources, EnableManagedSpotTraining=True, CheckpointConfig={"S3Uri": "s3://queue/checkpoints/"},
        StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600}, Tags=[{"Key": "aloft:priority", "Value": "-10"}])
    wait_for(lambda: "first" in trainer.log(spot), 30, what="the spot job")
    low = trainer.create("print('low')", ResourceConfig=resources, Tags=[{"Key": "aloft:priority", "Value": "-10"}])
    wait_for(lambda: "GiB of memory" in reason(trainer, low), 20, what="the reason")
    urgent = trainer.create("print('urgent')", ResourceConfig=resources, Tags=[{"Key": "aloft:priority", "Value": "10"}])
    assert trainer.wait(urgent)["TrainingJobStatus"] == "Completed"
    assert "Interrupted" in trainer.steps(trainer.describe(spot))
    assert trainer.wait(spot)["TrainingJobStatus"] == "Completed" and "resumed" in trainer.log(spot)
    assert trainer.wait(low)["TrainingJobStatus"] == "Completed"


def pool(trainer, name):
    return trainer.describe(name).get("WarmPoolStatus", {})


def keep(trainer, name, seconds):
    trainer.sagemaker.update_training_job(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": seconds})


# A warm pool's room is for jobs that match it, also after the server was killed; whoever else waits for it reads so, and gets it when
# the pool is ended.
def test_warm_pool(own, trainer):
    kind = large()
    resources = {"InstanceType": kind, "InstanceCount": 1, "VolumeSizeInGB": 1}
    first = trainer.run("print('first')", ResourceConfig=resources | {"KeepAlivePeriodInSeconds": 3600})["TrainingJobName"]
    try:
        assert pool(trainer, first)["Status"] == "Available"
        other = trainer.create("print('other')", ResourceConfig=resources | {"VolumeSizeInGB": 2}, Tags=[{"Key": "aloft:priority", "Value": "10"}])
        wait_for(lambda: "warm pools keep" in reason(trainer, other), 60, what="the reason")
        listed = trainer.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")["TrainingJobSummaries"]
        assert [(job["TrainingJobName"], job["WarmPoolStatus"]["Status"]) for job in listed] == [(first, "Available")]
        queue = trainer.cloud.aloft("queue").stdout.splitlines()
        assert any(line.split()[:1] == [other] and "warm pools keep" in line for line in queue), queue
        assert any(line.split()[:4] == [first, "1", "x", kind] and line.endswith(" s") for line in queue), queue
        own.kill()
        own.restart()
        second = trainer.run("print('second')", ResourceConfig=resources | {"KeepAlivePeriodInSeconds": 3600})["TrainingJobName"]
        reused = pool(trainer, first)
        assert (reused["Status"], reused["ReusedByJob"]) == ("Reused", second) and reused["ResourceRetainedBillableTimeInSeconds"] > 0
        assert pool(trainer, second)["Status"] == "Available" and "warm pools keep" in reason(trainer, other)
    finally:
        for name in (first, *([second] if "second" in locals() else [])):
            if pool(trainer, name).get("Status") in ("InUse", "Available"):
                keep(trainer, name, 0)
    assert trainer.wait(other)["TrainingJobStatus"] == "Completed"
    assert pool(trainer, second)["Status"] == "Terminated" and pool(trainer, other) == {}
