"""Input mode FastFile: files that are fetched as they are read."""

import json
import os
import signal

import pytest
from cloud import wait_for
from jobs import Trainer
from leftovers import mounts_of, processes_of

pytestmark = [pytest.mark.any_store, pytest.mark.skipif(not os.access("/dev/fuse", os.R_OK | os.W_OK), reason="/dev/fuse cannot be opened by this user")]

MIB = 1 << 20


@pytest.fixture(scope="module")
def trainer(cloud, bucket_of_module):
    return Trainer(cloud, bucket_of_module)


@pytest.fixture(scope="module")
def bucket_of_module(cloud):
    name = f"fast-{os.getpid()}-{os.urandom(4).hex()}"
    cloud.admin.client("s3").create_bucket(Bucket=name)
    return name


def fast(trainer, prefix, **source):
    channel = trainer.channel("train", prefix) | {"InputMode": "FastFile"}
    channel["DataSource"]["S3DataSource"] |= source
    return [channel]


def inputs_of(trainer, name):
    """What Describe says beyond the service model, as the server sent it."""
    kept = {}
    client = trainer.cloud.admin.client("sagemaker")
    client.meta.events.register("after-call.sagemaker.DescribeTrainingJob", lambda http_response, **_: kept.update(json.loads(http_response.text)))
    client.describe_training_job(TrainingJobName=name)
    return kept.get("AloftInputs")


# Names, sizes, directories, seeks, reads past the end, mmap, and that nothing can be written: what code does with files.
def test_files_as_they_are(trainer):
    block = bytes(range(256)) * 4096
    trainer.s3.put_object(Bucket=trainer.bucket, Key="f/big.bin", Body=block * 3 + b"tail")
    trainer.s3.put_object(Bucket=trainer.bucket, Key="f/empty", Body=b"")
    trainer.s3.put_object(Bucket=trainer.bucket, Key="f/deep/er/small.txt", Body=b"small")
    job = trainer.run("""
        import hashlib, mmap, os, pathlib
        root = pathlib.Path("/opt/ml/input/data/train")
        assert sorted(p.relative_to(root).as_posix() for p in root.rglob("*")) == ["big.bin", "deep", "deep/er", "deep/er/small.txt", "empty"]
        big = root / "big.bin"
        block = bytes(range(256)) * 4096
        assert big.stat().st_size == 3 * len(block) + 4 and (root / "empty").read_bytes() == b""
        assert big.read_bytes() == block * 3 + b"tail"
        with open(big, "rb") as file:
            file.seek(-8, os.SEEK_END)
            assert file.read(100) == block[-4:] + b"tail" and file.read() == b""
            file.seek(len(block) - 2)
            assert file.read(4) == block[-2:] + block[:2]
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                assert mapped[2 * len(block):2 * len(block) + 256] == block[:256]
        assert (root / "deep/er/small.txt").read_text() == "small"
        assert not (root / "absent").exists() and os.access(big, os.R_OK)
        for refused in (lambda: open(root / "new", "w"), lambda: open(big, "r+b"), lambda: os.unlink(big), lambda: os.mkdir(root / "d")):
            try:
                refused()
                raise SystemExit("it was allowed")
            except OSError as error:
                print("refused", error.errno)
        print("fuse" if any(line.split()[1] == str(root) and " fuse" in line for line in open("/proc/mounts")) else "no mount")
        """, InputDataConfig=fast(trainer, "f/"))
    lines = trainer.log(job["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed" and "fuse" in lines, (job.get("FailureReason"), lines)
    assert inputs_of(trainer, job["TrainingJobName"]) == [
        {"ChannelName": "train", "InputMode": "FastFile", "Objects": 3, "ObjectsRead": 2, "Bytes": 3 * MIB + 9, "BytesRead": 3 * MIB + 9}]


# Only what is read is fetched: the reason for this mode. The code sees all names, reads one file and one piece of another.
def test_reads_only_what_is_asked(trainer):
    for index in range(20):
        trainer.s3.put_object(Bucket=trainer.bucket, Key=f"many/{index:02}", Body=bytes(4 * MIB))
    job = trainer.run("""
        import os
        root = "/opt/ml/input/data/train"
        assert len(os.listdir(root)) == 20
        open(f"{root}/03", "rb").read()
        os.pread(os.open(f"{root}/11", os.O_RDONLY), 10, 3 << 20)
        """, InputDataConfig=fast(trainer, "many/"))
    assert job["TrainingJobStatus"] == "Completed", trainer.log(job["TrainingJobName"])
    [read] = inputs_of(trainer, job["TrainingJobName"])
    assert read["Objects"] == 20 and read["ObjectsRead"] == 2 and 5 * MIB <= read["BytesRead"] <= 8 * MIB, read


# A manifest names no sizes, and shards give each host its own: both go through the same list as input mode File.
def test_manifest(trainer):
    for name, body in (("x", b"one"), ("deep/y", b"three"), ("z", b"no")):
        trainer.s3.put_object(Bucket=trainer.bucket, Key=f"m/{name}", Body=body)
    trainer.s3.put_object(Bucket=trainer.bucket, Key="manifest", Body=json.dumps([{"prefix": f"s3://{trainer.bucket}/m/"}, "x", "deep/y"]))
    job = trainer.run("""
        import pathlib
        root = pathlib.Path("/opt/ml/input/data/train")
        print([(str(p.relative_to(root)), p.read_text()) for p in sorted(root.rglob("*")) if p.is_file()])
        """, InputDataConfig=fast(trainer, "manifest", S3DataType="ManifestFile"))
    assert "[('deep/y', 'three'), ('x', 'one')]" in trainer.log(job["TrainingJobName"]), trainer.log(job["TrainingJobName"])


# What was replaced since the job began fails, it is not mixed; the log says which object and why.
def test_replaced_object_fails_its_reads(trainer):
    trainer.s3.put_object(Bucket=trainer.bucket, Key="r/a", Body=bytes(40 * MIB))
    name = trainer.create("""
        import os, time
        fd = os.open("/opt/ml/input/data/train/a", os.O_RDONLY)
        for at in range(0, 40 << 20, 1 << 20):
            try:
                assert os.pread(fd, 10, at) == bytes(10)
            except OSError as error:
                print("errno", error.errno, flush=True)
                break
            print("read", flush=True)
            time.sleep(0.2)
        """, InputDataConfig=fast(trainer, "r/"))
    wait_for(lambda: "read" in trainer.log(name), 30, what="the first read")
    trainer.s3.put_object(Bucket=trainer.bucket, Key="r/a", Body=b"1" * (40 * MIB))
    trainer.wait(name)
    lines = trainer.log(name)
    assert "errno 5" in lines and any("a cannot be read" in line and "was replaced" in line for line in lines), lines


# Reading goes on over a restart of the server: the agent waits for it.
def test_server_restarts_while_a_job_reads(own_cloud):
    own_cloud.admin.client("s3").create_bucket(Bucket="restarts")
    trainer = Trainer(own_cloud, "restarts")
    trainer.s3.put_object(Bucket=trainer.bucket, Key="s/a", Body=bytes(40 * MIB))
    name = trainer.create("""
        import os, time
        fd = os.open("/opt/ml/input/data/train/a", os.O_RDONLY)
        for at in range(0, 40 << 20, 1 << 20):
            assert len(os.pread(fd, 1 << 20, at)) == 1 << 20
            print("at", at >> 20, flush=True)
            time.sleep(0.05)
        print("all", flush=True)
        """, InputDataConfig=fast(trainer, "s/"))
    trainer.wait_step(name, "Training")
    wait_for(lambda: "at 2" in trainer.log(name), 30, what="a read")
    own_cloud.kill()
    own_cloud.restart()
    trainer = Trainer(own_cloud, "restarts")
    assert trainer.wait(name)["TrainingJobStatus"] == "Completed" and "all" in trainer.log(name)


# The mount is in the sandbox alone and ends with it: nothing is left on the host, however the job ends.
def test_nothing_stays_mounted(trainer):
    trainer.s3.put_object(Bucket=trainer.bucket, Key="n/a", Body=b"x")
    name = trainer.create("""
        import time
        held = open("/opt/ml/input/data/train/a", "rb")
        print("open", flush=True)
        time.sleep(600)
        """, InputDataConfig=fast(trainer, "n/"), StoppingCondition={"MaxRuntimeInSeconds": 600})
    wait_for(lambda: "open" in trainer.log(name), 30, what="the job to run")
    assert " fuse " not in "".join(line for line in open("/proc/mounts") if "aloft" in line)
    trainer.sagemaker.stop_training_job(TrainingJobName=name)
    trainer.wait(name)
    wait_for(lambda: trainer.nothing_left(name), 20, what="the end of all that the job was")


# The agent dies while the code reads: the kernel ends the reads with it, the job fails with that reason, and nothing stays.
def test_agent_dies_while_a_job_reads(own_cloud):
    own_cloud.admin.client("s3").create_bucket(Bucket="dies")
    trainer = Trainer(own_cloud, "dies")
    trainer.s3.put_object(Bucket=trainer.bucket, Key="d/a", Body=bytes(64 * MIB))
    name = trainer.create("""
        import os
        fd = os.open("/opt/ml/input/data/train/a", os.O_RDONLY)
        while True:
            for at in range(0, 64 << 20, 1 << 20):
                os.pread(fd, 1 << 20, at)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        """, InputDataConfig=fast(trainer, "d/"))
    trainer.wait_step(name, "Training")
    [agent] = [pid for pid in processes_of(own_cloud.data) if open(f"/proc/{pid}/comm").read() == "aloft-task\n"]
    os.kill(agent, signal.SIGKILL)
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Failed" and job["FailureReason"].startswith("InternalServerError"), job
    wait_for(lambda: trainer.nothing_left(name), 20, what="an empty machine")
    assert mounts_of(own_cloud.data) == []
