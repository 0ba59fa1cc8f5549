"""Training on several instances: data parallel, pipeline parallel, groups of instances, shares of channels, hosts that fail and vanish."""

import json
import os
import pathlib
import re
import signal

import pytest
from cloud import REPOSITORY, wait_for
from jobs import Trainer, archive
from leftovers import processes_of
from sdk import sagemaker_session

EXAMPLES = REPOSITORY / "examples/training"

pytestmark = [pytest.mark.any_store, pytest.mark.skipif(not os.access("/dev/net/tun", os.R_OK | os.W_OK), reason="the machine lends no TUN devices")]


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


def hosts(count: int, instance: str = "ml.t3.medium") -> dict:
    return {"ResourceConfig": {"InstanceType": instance, "InstanceCount": count, "VolumeSizeInGB": 1}}


# Each host is told of the others, reaches them by name, has a log stream of its own; the model holds what all have written.
def test_hosts_and_merged_model(trainer):
    name = trainer.create("""
        import json, os, pathlib, socket, time
        me, all = os.environ["SM_CURRENT_HOST"], json.loads(os.environ["SM_HOSTS"])
        server = socket.create_server(("", 5000))
        for other in all:
            for attempt in range(200):
                try:
                    socket.create_connection((other, 5000), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                raise SystemExit(f"{me} does not reach {other}")
        for _ in all:
            server.accept()  # until all have been here, this one stays
        print(me, all, "reaches all", flush=True)
        pathlib.Path(os.environ["SM_MODEL_DIR"], me).write_text(me)
        pathlib.Path(os.environ["SM_MODEL_DIR"], "same").write_text(me)
    """, **hosts(3))
    job = trainer.wait(name, seconds=180)
    lines = trainer.log(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    every = ["algo-1", "algo-2", "algo-3"]
    for host in every:
        assert f"{host} {every} reaches all" in lines
    streams = trainer.logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name)
    assert sorted(s["logStreamName"].split("/")[1][:6] for s in streams["logStreams"]) == every
    model = trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"])
    assert model == {"algo-1": b"algo-1", "algo-2": b"algo-2", "algo-3": b"algo-3", "same": b"algo-3"}
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")


# A host whose code fails ends the others at once, and is named.
def test_a_host_fails(trainer):
    job = trainer.wait(trainer.create("""
        import os, sys, time
        if os.environ["SM_CURRENT_HOST"] == "algo-2":
            sys.exit(5)
        time.sleep(600)
    """, **hosts(2)), seconds=120)
    assert job["FailureReason"].startswith("AlgorithmError: algo-2: ") and job["FailureReason"].endswith("exit code: 5")
    assert "ModelArtifacts" not in job
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")


# A host whose agent is killed fails the attempt with its name; nothing is left of either, not of the network between them.
def test_a_host_is_lost(trainer):
    name = trainer.create("import time\nprint('ready', flush=True)\ntime.sleep(600)\n", **hosts(2))
    wait_for(lambda: trainer.describe(name)["SecondaryStatus"] == "Training" and trainer.log(name).count("ready") == 2, 90)
    (agent,) = [pid for pid, command in processes_of(trainer.cloud.data).items()
                if f".{name}.1.2 " in command + " " and pathlib.Path(f"/proc/{pid}/comm").read_text() == "aloft-task\n"]
    os.kill(agent, signal.SIGKILL)
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert "InternalServerError: The task was lost: algo-2: " in job["FailureReason"]
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")
    run = pathlib.Path(trainer.cloud.data, "run")
    assert [p.name for p in run.iterdir() if p.name.startswith("g")] == []


# Groups of other types: who is in which, who gets which channel, and its share of it.
def test_instance_groups_and_shares(trainer):
    for i in range(5):
        trainer.s3.put_object(Bucket=trainer.bucket, Key=f"shares/{i}", Body=b"x")
    sharded = trainer.channel("train", "shares/")
    sharded["DataSource"]["S3DataSource"] |= {"S3DataDistributionType": "ShardedByS3Key", "InstanceGroupNames": ["workers"]}
    groups = [{"InstanceGroupName": "workers", "InstanceType": "ml.t3.medium", "InstanceCount": 2},
              {"InstanceGroupName": "judge", "InstanceType": "ml.t2.medium", "InstanceCount": 1}]
    name = trainer.create("""
        import json, os, pathlib
        train = pathlib.Path("/opt/ml/input/data/train")
        files = sorted(p.name for p in train.iterdir()) if train.exists() else None
        print(json.dumps([os.environ["SM_CURRENT_HOST"], os.environ["SM_CURRENT_INSTANCE_GROUP"],
                          os.environ["SM_CURRENT_INSTANCE_TYPE"], files, os.environ["SM_IS_HETERO"]]), flush=True)
    """, InputDataConfig=[sharded], ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1})
    job = trainer.wait(name, seconds=180)
    lines = trainer.log(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    said = sorted(json.loads(line) for line in lines if line.startswith("["))
    assert said == [["algo-1", "workers", "ml.t3.medium", ["0", "2", "4"], "true"],
                    ["algo-2", "workers", "ml.t3.medium", ["1", "3"], "true"],
                    ["algo-3", "judge", "ml.t2.medium", None, "true"]]


def torch_or_skip():
    if not pathlib.Path("/usr/lib/python3/dist-packages/torch").exists():
        pytest.skip("python3-torch is not installed")


# PyTorch's DistributedDataParallel over gloo, through the SDK's estimator: two and three instances find what one finds.
def test_torch_distributed_equals_one_instance(trainer, capsys):
    torch_or_skip()
    from sagemaker.pytorch import PyTorch

    session = sagemaker_session(trainer.cloud, trainer.bucket, trainer.s3, trainer.sagemaker)
    losses = {}
    for count in (1, 2, 3):
        estimator = PyTorch(entry_point="ddp.py", source_dir=str(EXAMPLES), role=trainer.role, framework_version="1.13.1",
                            py_version="py39", instance_type="ml.t3.medium", instance_count=count, sagemaker_session=session,
                            # The SDK refuses distribution={"torch_distributed": ...} on instances without GPUs; this is what it sends.
                            hyperparameters={"sagemaker_torch_distributed_enabled": True}, code_location=f"s3://{trainer.bucket}/code",
                            output_path=f"s3://{trainer.bucket}/models", max_run=300)
        estimator.fit(wait=False)
        name = estimator.latest_training_job.name
        job = trainer.wait(name, seconds=240)
        lines = trainer.log(name)
        assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
        assert sum(f"of {count} on algo-" in line for line in lines) == count
        losses[count] = [float(re.search(r"loss=(.*);", line)[1]) for line in lines if "loss=" in line]
        assert set(trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"])) == {"model.pt"}
        assert any(version.startswith("torch 1.13") for version in job["AloftRuntime"]["Versions"]) if "AloftRuntime" in job else True
    assert len(losses[1]) == 20 and losses[1][0] > losses[1][-1]
    for count in (2, 3):
        assert losses[count] == pytest.approx(losses[1], abs=2e-9)


# A model cut in two: each half on its instance has the gradients of the unsplit model.
def test_pipeline_parallel(trainer):
    torch_or_skip()
    request = trainer.request(None, source=archive(train_dot_py=(EXAMPLES / "pipeline.py").read_text()), **hosts(2))
    request["AlgorithmSpecification"]["TrainingImage"] = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:1.13.1-cpu-py39"
    request["HyperParameters"]["sagemaker_torch_distributed_enabled"] = "true"
    trainer.sagemaker.create_training_job(**request)
    job = trainer.wait(request["TrainingJobName"], seconds=240)
    lines = trainer.log(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    for stage in (0, 1):
        assert f"stage {stage} on algo-{stage + 1}: gradients equal the unsplit model's" in lines
