"""Command-line clients and libraries as people use them."""

import os
import subprocess
import sys

import pytest
from cloud import wait_for

pytestmark = pytest.mark.any_store

MIB = 1 << 20


# The AWS CLI as people type it.
def test_aws_cli(cloud, bucket, tmp_path):
    def aws(*arguments):
        program = os.path.join(os.path.dirname(sys.executable), "aws")
        result = subprocess.run([program, "s3", *arguments], env=cloud.admin.environment(), capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, result.stderr
        return result.stdout

    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/a.txt").write_text("a")
    (tmp_path / "tree/sub/b c.txt").write_text("b")
    (tmp_path / "tree/big.bin").write_bytes(os.urandom(20 * MIB))
    aws("sync", str(tmp_path / "tree"), f"s3://{bucket}/tree")
    assert "big.bin" in aws("ls", f"s3://{bucket}/tree/") and "PRE sub/" in aws("ls", f"s3://{bucket}/tree/")
    aws("cp", f"s3://{bucket}/tree/big.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "tree/big.bin").read_bytes()
    assert aws("sync", str(tmp_path / "tree"), f"s3://{bucket}/tree") == ""
    aws("mv", f"s3://{bucket}/tree/a.txt", f"s3://{bucket}/moved.txt")
    aws("rm", f"s3://{bucket}/tree", "--recursive")
    assert aws("ls", f"s3://{bucket}", "--recursive").split()[-1] == "moved.txt"


# A sync that was killed is run again: what had come is not sent again, what had not comes whole, and nothing half is seen meanwhile.
def test_aws_cli_goes_on(cloud, s3, bucket, tmp_path):
    program = [os.path.join(os.path.dirname(sys.executable), "aws"), "s3", "sync", str(tmp_path / "tree"), f"s3://{bucket}/tree"]
    (tmp_path / "tree").mkdir()
    bodies = {f"part-{n}.bin": os.urandom(9 * MIB) for n in range(6)}
    for name, body in bodies.items():
        (tmp_path / "tree" / name).write_bytes(body)
    environment = {**cloud.admin.environment(), "AWS_CONFIG_FILE": str(tmp_path / "config")}
    (tmp_path / "config").write_text("[default]\ns3 =\n  max_concurrent_requests = 1\n")
    first = subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    came = wait_for(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), what="the first object")
    first.kill()
    first.wait()
    assert all(entry["Size"] == 9 * MIB for entry in came)
    before = {entry["Key"]: entry["LastModified"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    again = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    for name, body in bodies.items():
        assert s3.get_object(Bucket=bucket, Key=f"tree/{name}")["Body"].read() == body
    for key, modified in before.items():
        assert s3.head_object(Bucket=bucket, Key=key)["LastModified"] == modified.replace(microsecond=0), "it was there"


def own_trust(cloud) -> dict[str, str]:
    """The environment of clients that are told whom to trust by an option; rclone stumbles over the variable."""
    return {name: value for name, value in cloud.admin.environment().items() if name != "AWS_CA_BUNDLE"}


def run(cloud, program: str, *arguments: str, **variables: str) -> str:
    result = subprocess.run([program, *arguments], env={**own_trust(cloud), **variables}, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def make_tree(directory) -> None:
    (directory / "sub").mkdir(parents=True)
    (directory / "a.txt").write_text("a")
    (directory / "sub/b c+\u00e9.txt").write_text("b")
    (directory / "big.bin").write_bytes(os.urandom(12 * MIB))


# rclone as people mirror with it: it checks sizes, times and digests, and must find nothing to do the second time.
def test_rclone(cloud, bucket, tmp_path):
    make_tree(tmp_path / "tree")
    remote = {"RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_HERE_TYPE": "s3", "RCLONE_CONFIG_HERE_PROVIDER": "Other",
              "RCLONE_CONFIG_HERE_ENV_AUTH": "true", "RCLONE_CONFIG_HERE_ENDPOINT": cloud.url, "RCLONE_CONFIG_HERE_REGION": cloud.region,
              "RCLONE_S3_UPLOAD_CUTOFF": "5M", "RCLONE_S3_CHUNK_SIZE": "5M"}
    trust = ["--ca-cert", str(cloud.ca_file)] if cloud.ca_file else []
    run(cloud, "rclone", "sync", str(tmp_path / "tree"), f"here:{bucket}/tree", *trust, **remote)
    run(cloud, "rclone", "check", str(tmp_path / "tree"), f"here:{bucket}/tree", "--download", *trust, **remote)
    again = subprocess.run(["rclone", "sync", "-v", str(tmp_path / "tree"), f"here:{bucket}/tree", *trust],
                           env={**own_trust(cloud), **remote}, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0 and "There was nothing to transfer" in again.stderr, again.stderr
    run(cloud, "rclone", "copy", f"here:{bucket}/tree", str(tmp_path / "back"), *trust, **remote)
    for name in ["a.txt", "sub/b c+\u00e9.txt", "big.bin"]:
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "tree" / name).read_bytes()
    assert "a.txt" in run(cloud, "rclone", "lsf", "-R", f"here:{bucket}", *trust, **remote)


# s3cmd signs and encodes in ways of its own.
def test_s3cmd(cloud, bucket, tmp_path):
    make_tree(tmp_path / "tree")
    host = cloud.url.split("://")[1]
    options = ["--config", "/dev/null", "--host", host, "--host-bucket", host, "--region", cloud.region,
               "--access_key", cloud.admin.access_key_id, "--secret_key", cloud.admin.secret, "--multipart-chunk-size-mb=5"]
    options += ["--ca-certs", str(cloud.ca_file)] if cloud.ca_file else ["--no-ssl"]
    run(cloud, "s3cmd", *options, "sync", f"{tmp_path}/tree/", f"s3://{bucket}/tree/")
    listed = run(cloud, "s3cmd", *options, "ls", "--recursive", f"s3://{bucket}/")
    assert f"s3://{bucket}/tree/sub/b c+\u00e9.txt" in listed and f"s3://{bucket}/tree/big.bin" in listed
    run(cloud, "s3cmd", *options, "get", f"s3://{bucket}/tree/big.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == (tmp_path / "tree/big.bin").read_bytes()
    assert "STANDARD" in run(cloud, "s3cmd", *options, "info", f"s3://{bucket}/tree/a.txt")
    run(cloud, "s3cmd", *options, "del", "--recursive", "--force", f"s3://{bucket}/tree/")
    assert run(cloud, "s3cmd", *options, "ls", f"s3://{bucket}/") == ""
