"""Jobs that misbehave on the machine: each ends with its reason, at its limit, and the machine and the server are as before."""

import pathlib
import time

import pytest
from cloud import wait_for
from jobs import Trainer
from raw import send

pytestmark = pytest.mark.any_store


@pytest.fixture
def trainer(cloud, bucket):
    trainer = Trainer(cloud, bucket)
    yield trainer
    assert send(cloud, "GET", "/readyz").status_code == 200


def small(**changes) -> dict:
    return {"ResourceConfig": {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}, **changes}


# A job that writes ten times its volume is ended at the volume's size, and the space comes back.
@pytest.mark.parametrize("place", ["/opt/ml/model/big", "/tmp/big", "/opt/ml/output/data/big"])
def test_writes_without_end(trainer, cloud, place):
    job = trainer.run(f"""
        print("writing", flush=True)
        with open("{place}", "wb") as out:
            for _ in range(10 * 1024):
                out.write(bytes(1 << 20))
        print("ten gigabytes written", flush=True)
    """, **small())
    assert job["TrainingJobStatus"] == "Failed"
    assert "space" in job["FailureReason"] or "volume" in job["FailureReason"] or "large" in job["FailureReason"], job["FailureReason"]
    assert "ten gigabytes written" not in trainer.log(job["TrainingJobName"])
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")
    assert sum(path.stat().st_blocks * 512 for path in (cloud.data / "tasks").rglob("*") if path.is_file()) < 100 << 20


# A file that is deleted while it is open takes as much room as another.
def test_writes_without_end_and_without_a_name(trainer):
    job = trainer.run("""
        import os
        out = open("/tmp/big", "wb")
        os.unlink("/tmp/big")
        for _ in range(10 * 1024):
            out.write(bytes(1 << 20))
        print("ten gigabytes written", flush=True)
    """, **small())
    assert job["TrainingJobStatus"] == "Failed" and "ten gigabytes written" not in trainer.log(job["TrainingJobName"])
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")


# A job that forks without end meets its limit and takes no process of anybody else; all of them are gone with it.
def test_forks_without_end(trainer):
    name = trainer.create("""
        import os, time
        made = 0
        try:
            while True:
                if os.fork() == 0:
                    time.sleep(600)
                    os._exit(0)
                made += 1
        except OSError as error:
            print("stopped after", made, error.errno, flush=True)
        raise SystemExit(9)
    """, **small())
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Failed" and "exit code: 9" in job["FailureReason"], job["FailureReason"]
    (line,) = [line for line in trainer.log(name) if line.startswith("stopped after")]
    assert int(line.split()[2]) < 5000
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")
    assert not [pid for pid in pathlib.Path("/proc").glob("[0-9]*") if name in environment_of(pid)]


def environment_of(pid: pathlib.Path) -> str:
    try:
        return (pid / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""


# Two generations of orphans, each in a session of its own: a daemon is no way out of the job.
def test_leaves_daemons_behind(trainer):
    name = trainer.create("""
        import os, time
        for _ in range(20):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(600)
                os._exit(0)
        print("left", flush=True)
    """)
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    wait_for(lambda: not [pid for pid in pathlib.Path("/proc").glob("[0-9]*") if name in environment_of(pid)], what="the daemons' end")
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")


# Memory has a limit in all processes together, not in each.
def test_eats_memory_in_children(trainer):
    job = trainer.run("""
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                held = b"x" * (768 << 20)
                time.sleep(600)
        _, status = os.wait()
        print("a child ended by", status & 127, flush=True)
        raise SystemExit(1)
    """, **small())
    assert job["TrainingJobStatus"] == "Failed", job
    assert "a child ended by 9" in trainer.log(job["TrainingJobName"])
    assert "memory" in job["FailureReason"].lower(), job["FailureReason"]
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")


# A log without end is cut at its limits and hurts neither the job's others nor the server.
def test_logs_without_end(trainer):
    name = trainer.create("""
        import sys
        print("first", flush=True)
        sys.stdout.write("x" * (8 << 20) + "\\n")
        for i in range(20_000):
            print("y" * 100)
        sys.stdout.write("\\x00\\xff\\u2028 odd" + "\\n")
        print("last", flush=True)
    """)
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = trainer.log(name)
    assert "first" in lines and "last" in lines and max(map(len, lines)) <= 64 << 10


# Who ignores SIGTERM is ended after the grace, here by the time limit of a second stop.
def test_ignores_sigterm(binary, tmp_path):
    from cloud import Cloud

    cloud = Cloud.start(binary, tmp_path / "data", settings="stop_grace_seconds = 1\n")
    try:
        cloud.admin.client("s3").create_bucket(Bucket="stubborn")
        trainer = Trainer(cloud, "stubborn")
        name = trainer.create("""
            import signal, time
            for number in range(1, 32):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except OSError:
                    pass
            print("deaf", flush=True)
            while True:
                time.sleep(600)
        """)
        wait_for(lambda: trainer.describe(name)["SecondaryStatus"] == "Training" and "deaf" in trainer.log(name), 60)
        begun = time.monotonic()
        trainer.sagemaker.stop_training_job(TrainingJobName=name)
        assert trainer.wait(name)["TrainingJobStatus"] == "Stopped"
        assert time.monotonic() - begun < 60
        wait_for(lambda: trainer.nothing_left(name), what="an empty machine")
    finally:
        cloud.close()
