"""A disk that is full, cannot be written, fails to sync or is slow: writes are refused clearly, reads go on, and it recovers."""

import concurrent.futures
import pathlib
import subprocess

import botocore.exceptions
import pytest
from cloud import Cloud

LARGE = 300_000


def status_of(call) -> int:
    """The HTTP status of a call that may be refused."""
    try:
        return call()["ResponseMetadata"]["HTTPStatusCode"]
    except botocore.exceptions.ClientError as refused:
        return refused.response["ResponseMetadata"]["HTTPStatusCode"]


def put(s3, key: str, body: bytes) -> int:
    return status_of(lambda: s3.put_object(Bucket="data", Key=key, Body=body))


@pytest.fixture
def faulty(binary, tmp_path):
    """Starts servers of this test whose fault points are armed."""
    clouds = []

    def start(faults: str) -> Cloud:
        cloud = Cloud.start(binary, tmp_path / "data", **({"ALOFT_FAULTS": faults} if faults else {}))
        clouds.append(cloud)
        return cloud

    yield start
    for cloud in clouds:
        cloud.close()


# A sync that fails has promised nothing: the write is refused, nothing of it is visible, and the next one succeeds.
@pytest.mark.parametrize("point", ["blob.write", "blob.fsync", "blob.link", "blob.sync_directory"])
def test_failed_sync(faulty, point):
    cloud = faulty(f"{point}=error@1")
    s3 = cloud.admin.client("s3", retries={"max_attempts": 0})
    s3.create_bucket(Bucket="data")
    assert put(s3, "k", b"x" * LARGE) == 500
    assert s3.list_objects_v2(Bucket="data")["KeyCount"] == 0
    assert put(s3, "small", b"s") == 200
    assert put(s3, "k", b"y" * LARGE) == 200
    assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"y" * LARGE
    checked = cloud.aloft("fsck")
    assert checked.returncode == 0, checked.stderr


# The same of the index: whatever an unlucky client was told, the others go on, and its object is whole or absent.
def test_failed_commit_of_the_index(faulty):
    cloud = faulty("kv.apply=error@40")
    s3 = cloud.admin.client("s3", retries={"max_attempts": 0})
    assert status_of(lambda: s3.create_bucket(Bucket="data")) == 200
    answers = {f"k{n:02}": put(s3, f"k{n:02}", b"x" * (LARGE if n % 2 else 10)) for n in range(60)}
    refused = [key for key, status in answers.items() if status != 200]
    assert len(refused) <= 1, "one commit failed, not the store"
    listed = {entry["Key"] for entry in s3.list_objects_v2(Bucket="data")["Contents"]}
    assert listed >= set(answers) - set(refused)
    for key in listed:
        s3.get_object(Bucket="data", Key=key)["Body"].read()
    checked = cloud.aloft("fsck")
    assert checked.returncode == 0, checked.stderr


# A directory that cannot be written (its mount went read-only) refuses large writes; what is there is read, and when it can be
# written again nobody has to start anything.
def test_read_only_directory(faulty):
    cloud = faulty("")
    s3 = cloud.admin.client("s3", retries={"max_attempts": 0})
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="k", Body=b"x" * LARGE)
    blobs = cloud.data / "blob"
    read_only(blobs, True)
    try:
        assert put(s3, "new", b"y" * LARGE) in (500, 503, 507)
        assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"x" * LARGE
        assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="data")["Contents"]] == ["k"]
    finally:
        read_only(blobs, False)
    assert put(s3, "new", b"y" * LARGE) == 200
    assert cloud.aloft("fsck").returncode == 0


def read_only(directory: pathlib.Path, wanted: bool) -> None:
    """By the attribute that binds root too; where the file system has none, the test says so."""
    folders = [str(path) for path in directory.iterdir() if path.is_dir()]
    done = subprocess.run(["chattr", "+i" if wanted else "-i", str(directory), *folders], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"this file system has no immutable attribute: {done.stderr.strip()}")


# A disk that takes seconds to sync slows who writes, and nobody else; when it is quick again, so are they.
def test_slow_disk(faulty, tmp_path):
    cloud = faulty("")
    s3 = cloud.admin.client("s3", retries={"max_attempts": 0})
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="k", Body=b"x" * LARGE)
    tracer = subprocess.Popen(["strace", "-f", "-p", str(cloud.process.pid), "-o", "/dev/null", "-e", "trace=fdatasync,fsync",
                               "-e", "inject=fdatasync,fsync:delay_enter=3000000"], stderr=subprocess.PIPE, text=True)
    try:
        # With each thread that it finds it says so; one that may not trace ends.
        line = tracer.stderr.readline()
        if "attached" not in line:
            pytest.skip(f"strace may not slow the server here: {line.strip()}")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            writes = [pool.submit(put, s3, f"slow-{n}", bytes([n]) * LARGE) for n in range(4)]
            reads = 0
            while not all(write.done() for write in writes):
                assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"x" * LARGE
                assert s3.list_objects_v2(Bucket="data")["KeyCount"] >= 1
                reads += 1
            assert [write.result() for write in writes] == [200] * 4
        assert reads >= 5, "readers waited for the writers' disk"
    finally:
        tracer.terminate()
        tracer.wait(30)
    assert put(s3, "after", b"z" * LARGE) == 200
    for n in range(4):
        assert s3.get_object(Bucket="data", Key=f"slow-{n}")["Body"].read() == bytes([n]) * LARGE
