"""What goes wrong around jobs of several hosts, interruptions and machines, and it recovers: no job stays in progress for ever, none runs
twice at once, and a sweep finds nothing left behind."""

import json
import os
import pathlib
import signal
import subprocess

import pytest
from cloud import REPOSITORY, Cloud, wait_for
from jobs import Trainer, archive
from leftovers import leftovers_of, processes_of, swept, tasks_of

CHECKPOINTS = (REPOSITORY / "examples/training/checkpoints.py").read_text()
TUN = os.access("/dev/net/tun", os.R_OK | os.W_OK)


@pytest.fixture
def trainer(own_cloud):
    own_cloud.admin.client("s3").create_bucket(Bucket="faults")
    return Trainer(own_cloud, "faults")


def two_hosts(trainer: Trainer, script: str, **changes) -> dict:
    return trainer.request(script, ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 2, "VolumeSizeInGB": 1}, **changes)


def arm(cloud: Cloud, faults: str) -> None:
    cloud.stop()
    cloud.restart(ALOFT_FAULTS=faults)


def dies_and_comes_back(cloud: Cloud) -> None:
    wait_for(lambda: cloud.process.poll() is not None, 60, what="the server's death")
    cloud.restart()


def agents_of(cloud: Cloud) -> list[int]:
    return [pid for pid in processes_of(cloud.data) if pathlib.Path(f"/proc/{pid}/comm").read_text() == "aloft-task\n"]


def sweep(trainer: Trainer, name: str) -> None:
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")
    # A process that was killed is gone a moment later, and its namespaces with it.
    swept(trainer.cloud)


# The sweep that ends each case would see what a job has on the machine; and the job's clean-up takes all of it.
def test_sweep_sees_what_a_job_has(trainer):
    name = trainer.create("import time\nprint('up', flush=True)\ntime.sleep(600)\n")
    trainer.wait_step(name, "Training")
    wait_for(lambda: "up" in trainer.log(name), 60, what="the script")
    there = leftovers_of(trainer.cloud)
    assert {"processes", "sandboxed", "tasks", "sockets"} <= there.keys(), there
    if os.geteuid() == 0:
        groups = [line for line in trainer.log(name) if "control group" in line]  # the log says where there can be none
        assert "control groups" in there or groups, (there, trainer.log(name))
    trainer.sagemaker.stop_training_job(TrainingJobName=name)
    assert trainer.wait(name)["TrainingJobStatus"] == "Stopped"
    sweep(trainer, name)


# The server dies between the starts of two hosts, between their launches, or after both: they start together, once.
@pytest.mark.skipif(not TUN, reason="the machine lends no TUN devices")
@pytest.mark.parametrize("point", ["jobs.between_starts", "compute.after_launch", "jobs.after_start"])
def test_death_while_hosts_start(trainer, point):
    arm(trainer.cloud, f"{point}=kill@1")
    request = two_hosts(trainer, "import os, time\nprint('ran', os.environ['SM_CURRENT_HOST'], flush=True)\ntime.sleep(1)\n")
    name = request["TrainingJobName"]
    trainer.sagemaker.create_training_job(**request)
    dies_and_comes_back(trainer.cloud)
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), trainer.log(name))
    assert sorted(line for line in trainer.log(name) if line.startswith("ran")) == ["ran algo-1", "ran algo-2"]
    sweep(trainer, name)


# The server dies when it has told the others of a failed host to end: they end, and the reason is the first one's.
@pytest.mark.skipif(not TUN, reason="the machine lends no TUN devices")
def test_death_after_a_host_failed(trainer):
    arm(trainer.cloud, "jobs.after_abandon=kill@1")
    request = two_hosts(trainer, "import os, sys, time\nif os.environ['SM_CURRENT_HOST'] == 'algo-1': sys.exit(4)\ntime.sleep(600)\n")
    name = request["TrainingJobName"]
    trainer.sagemaker.create_training_job(**request)
    dies_and_comes_back(trainer.cloud)
    reason = trainer.wait(name)["FailureReason"]
    assert reason.startswith("AlgorithmError: algo-1: ") and reason.endswith("exit code: 4")
    sweep(trainer, name)


# The server dies in the middle of an interruption, at each of its steps: the job is interrupted once and goes on once.
@pytest.mark.parametrize("point", ["jobs.after_interrupt_sent", "jobs.between_attempts"])
def test_death_while_interrupted(trainer, point):
    arm(trainer.cloud, f"{point}=kill@1")
    request = trainer.request(None, source=archive(train_dot_py=CHECKPOINTS), EnableManagedSpotTraining=True,
                              StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
                              CheckpointConfig={"S3Uri": "s3://faults/checkpoints"})
    request["HyperParameters"] |= {"steps": "25", "pause": "0.2"}
    name = request["TrainingJobName"]
    trainer.sagemaker.create_training_job(**request)
    wait_for(lambda: trainer.describe(name)["SecondaryStatus"] == "Training" and
             any("step=3 " in line for line in trainer.log(name)), 60, what="some steps")
    trainer.cloud.aloft("jobs", "interrupt", name)
    dies_and_comes_back(trainer.cloud)
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), trainer.log(name))
    assert trainer.steps(job).count("Interrupted") == 1
    steps = [int(line.split()[0].removeprefix("step=")) for line in trainer.log(name) if line.startswith("step=")]
    # One may be saved and not be said any more when the code is ended between the two.
    assert steps == sorted(set(steps)) and steps[-1] == 25 and len(steps) >= 24, "each step once, over both attempts"
    sweep(trainer, name)


# The machine restarts: its processes are gone, its boot id is another. What ran has failed with that reason, or runs once more.
@pytest.mark.parametrize("retries", [0, 1])
def test_reboot(trainer, retries):
    request = trainer.request("""
        import pathlib, time
        print("began", flush=True)
        time.sleep(600 if not pathlib.Path("/opt/ml/input/data/go/go").exists() else 0)
    """, InputDataConfig=[trainer.channel("go", "data/")], RetryStrategy={"MaximumRetryAttempts": retries + 1} if retries else None)
    name = request["TrainingJobName"]
    trainer.sagemaker.create_training_job(**request)
    wait_for(lambda: "began" in trainer.log(name) if trainer.describe(name)["SecondaryStatus"] == "Training" else False, 60)
    trainer.s3.put_object(Bucket="faults", Key="data/go", Body=b"")
    trainer.cloud.kill()
    for agent in agents_of(trainer.cloud):
        os.kill(agent, signal.SIGKILL)
    wait_for(lambda: not agents_of(trainer.cloud), what="the end of the agents")
    (task,) = tasks_of(trainer.cloud.data)
    journal = pathlib.Path(trainer.cloud.data, "tasks", task, "journal")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        if "boot_id" in line:
            line["boot_id"] = "00000000-0000-0000-0000-000000000000"
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    trainer.cloud.restart()
    job = trainer.wait(name)
    if retries:
        assert job["TrainingJobStatus"] == "Completed" and "Restarting" in trainer.steps(job)
        assert trainer.log(name).count("began") == 2
    else:
        assert job["FailureReason"].endswith("the machine restarted while the task ran")
    sweep(trainer, name)


# The disk is full while inputs come in: the job fails and says so, its files go, and the next job runs.
def test_disk_full_in_staging(binary, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    data = tmp_path / "data"
    tasks = data / "tasks"
    tasks.mkdir(parents=True, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(tasks)], check=True)
    cloud = None
    try:
        cloud = Cloud.start(binary, data)
        cloud.admin.client("s3").create_bucket(Bucket="faults")
        trainer = Trainer(cloud, "faults")
        for i in range(10):
            trainer.s3.put_object(Bucket="faults", Key=f"large/{i}", Body=os.urandom(8 << 20))
        job = trainer.run(InputDataConfig=[trainer.channel("train", "large/")])
        assert job["TrainingJobStatus"] == "Failed"
        assert "The disk is full" in job["FailureReason"], job["FailureReason"]
        wait_for(lambda: tasks_of(data) == [], what="an empty machine")
        assert trainer.run("print('and it recovers')")["TrainingJobStatus"] == "Completed"
        wait_for(lambda: tasks_of(data) == [], what="an empty machine")
    finally:
        if cloud:
            cloud.close()
            wait_for(lambda: not agents_of(cloud), what="the end of the agents")
        subprocess.run(["umount", "-l", str(tasks)], check=True)


# S3 answers SlowDown to most of what a job's agent asks: the job takes longer, and ends as it would have.
def test_s3_throttled(binary, tmp_path):
    settings = tmp_path / "aloft.toml"
    settings.write_text("[limits]\ndata = 6\n")
    cloud = Cloud.start(binary, tmp_path / "data")
    try:
        cloud.admin.client("s3").create_bucket(Bucket="faults")
        trainer = Trainer(cloud, "faults")
        for i in range(20):
            trainer.s3.put_object(Bucket="faults", Key=f"many/{i}", Body=b"x")
        request = trainer.request("""
            import pathlib
            for i in range(10):
                pathlib.Path(f"/opt/ml/model/{i}").write_text("made")
            print(sum(1 for _ in pathlib.Path("/opt/ml/input/data/train").iterdir()), "files", flush=True)
        """, InputDataConfig=[trainer.channel("train", "many/")], OutputDataConfig={
            "S3OutputPath": "s3://faults/out", "CompressionType": "NONE"})
        cloud.stop()
        cloud.arguments = ("--config", str(settings))
        cloud.restart()
        trainer.sagemaker.create_training_job(**request)
        job = trainer.wait(request["TrainingJobName"])
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        assert "20 files" in trainer.log(job["TrainingJobName"])
        cloud.stop()
        cloud.arguments = ()
        cloud.restart()
        made = trainer.s3.list_objects_v2(Bucket="faults", Prefix=f"out/{job['TrainingJobName']}/output/model/")
        assert made["KeyCount"] == 10
        sweep(trainer, job["TrainingJobName"])
    finally:
        cloud.close()
