"""Large bytes in a bucket of another S3 endpoint, records here: against another Aloft, and against moto's server."""

import hashlib
import os
import pathlib
import socket
import subprocess
import sys
import uuid

import boto3
import botocore.exceptions
import pytest
import requests
from cloud import Cloud, wait_for

BIG = 300_000


class Far:
    """The other endpoint, with an empty bucket."""

    def __init__(self, url: str, key: str, secret: str, ca_file, client):
        self.url, self.key, self.secret, self.ca_file, self.client = url, key, secret, ca_file, client
        self.bucket = f"far-{uuid.uuid4().hex[:8]}"
        client.create_bucket(Bucket=self.bucket)

    def config(self, directory: pathlib.Path) -> str:
        secret = directory / "far.secret"
        secret.write_text(f"{self.key}\n{self.secret}\n")
        secret.chmod(0o600)
        text = f'[blobs]\nendpoint = "{self.url}"\nbucket = "{self.bucket}"\nprefix = "deep/"\ncredentials = "{secret}"\n'
        if self.ca_file:
            text += f'ca_file = "{self.ca_file}"\n'
        path = directory / "aloft.toml"
        path.write_text(text)
        return str(path)

    def keys(self) -> list[str]:
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]


@pytest.fixture(scope="module")
def far_aloft(binary, tmp_path_factory):
    cloud = Cloud.start(binary, tmp_path_factory.mktemp("far") / "data")
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def moto():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = pathlib.Path(sys.executable).parent / "moto_server"
    server = subprocess.Popen([str(program), "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return requests.get(url, timeout=1).status_code > 0
        except requests.ConnectionError:
            return False

    wait_for(answers, 60, 0.2, "moto's server")
    yield url
    server.terminate()
    server.wait(30)


@pytest.fixture(params=["aloft", "moto"])
def far(request):
    if request.param == "moto":
        url = request.getfixturevalue("moto")
        return Far(url, "AKID", "secret", None, boto3.client("s3", endpoint_url=url, aws_access_key_id="AKID",
                                                             aws_secret_access_key="secret", region_name="us-east-1"))
    cloud = request.getfixturevalue("far_aloft")
    return Far(cloud.url, cloud.admin.access_key_id, cloud.admin.secret, cloud.ca_file, cloud.admin.client("s3"))


@pytest.fixture
def house(binary, tmp_path, far):
    cloud = Cloud.start(binary, tmp_path / "data", "--config", far.config(tmp_path))
    yield cloud
    cloud.close()


# Everything that has large bytes works as with a directory, and what lies at the other endpoint tells nothing.
def test_objects(house, far):
    s3 = house.admin.client("s3")
    s3.create_bucket(Bucket="data")
    bodies = {"empty": b"", "small": b"s" * 100, "large": os.urandom(BIG), "text": b"secret words " * 100_000}
    for key, body in bodies.items():
        s3.put_object(Bucket="data", Key=key, Body=body)
    parts = [os.urandom(9 << 20), os.urandom(5 << 20), b"end"]
    names = {"Bucket": "data", "Key": "parts", "UploadId": s3.create_multipart_upload(Bucket="data", Key="parts")["UploadId"]}
    done = [{"PartNumber": n, "ETag": s3.upload_part(**names, PartNumber=n, Body=part)["ETag"]} for n, part in enumerate(parts, 1)]
    s3.complete_multipart_upload(**names, MultipartUpload={"Parts": done})
    bodies["parts"] = b"".join(parts)
    s3.copy_object(Bucket="data", Key="copy", CopySource="data/large")
    bodies["copy"] = bodies["large"]
    s3.put_object(Bucket="data", Key="cold", Body=bodies["large"], StorageClass="GLACIER")
    s3.restore_object(Bucket="data", Key="cold", RestoreRequest={"Days": 1})
    bodies["cold"] = bodies["large"]
    for restart in (False, True):
        for key, body in bodies.items():
            assert hashlib.sha256(s3.get_object(Bucket="data", Key=key)["Body"].read()).digest() == hashlib.sha256(body).digest(), key
        assert s3.get_object(Bucket="data", Key="parts", Range="bytes=9437180-9437190")["Body"].read() == bodies["parts"][9437180:9437191]
        if not restart:
            house.stop()
            house.restart()
    keys = far.keys()
    assert keys and all(key.startswith(("deep/blob/", "deep/archive/")) for key in keys)
    assert any(key.startswith("deep/archive/") for key in keys)
    for key in keys:
        assert b"secret words" not in far.client.get_object(Bucket=far.bucket, Key=key)["Body"].read()
    assert not list((house.data / "blob").glob("??/*")), "nothing lies here"
    checked = house.aloft("fsck")
    assert checked.returncode == 0, checked.stderr
    # One that is gone from there is found.
    lost = next(key for key in keys if key.startswith("deep/blob/"))
    far.client.delete_object(Bucket=far.bucket, Key=lost)
    checked = house.aloft("fsck", "--quick")
    assert checked.returncode == 2 and "missing bytes" in checked.stderr


# An installation is opened with the bytes that it has, or not at all.
def test_where_bytes_lie_does_not_change(binary, house, far, tmp_path):
    house.stop()
    for arguments in ((), ("--config", other_prefix(far, tmp_path))):
        with pytest.raises(RuntimeError, match="keeps its bytes in"):
            Cloud.start(binary, house.data, *arguments)
    house.restart()


def other_prefix(far: Far, directory: pathlib.Path) -> str:
    path = pathlib.Path(far.config(directory))
    other = directory / "other.toml"
    other.write_text(path.read_text().replace('"deep/"', '"elsewhere/"'))
    return str(other)


# Without its endpoint the server refuses what needs it and does the rest; when the endpoint is back, so is everything.
def test_endpoint_away(binary, tmp_path, tmp_path_factory):
    away = Cloud.start(binary, tmp_path_factory.mktemp("away") / "data")
    far = Far(away.url, away.admin.access_key_id, away.admin.secret, away.ca_file, away.admin.client("s3"))
    house = Cloud.start(binary, tmp_path / "data", "--config", far.config(tmp_path))
    try:
        s3 = house.admin.client("s3", retries={"max_attempts": 0})
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="large", Body=b"x" * BIG)
        away.kill()
        with pytest.raises(botocore.exceptions.ClientError) as failure:
            s3.put_object(Bucket="data", Key="other", Body=b"x" * BIG)
        assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        with pytest.raises(botocore.exceptions.ClientError) as failure:
            s3.get_object(Bucket="data", Key="large")
        assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        s3.put_object(Bucket="data", Key="small", Body=b"small")
        assert s3.get_object(Bucket="data", Key="small")["Body"].read() == b"small"
        assert {entry["Key"] for entry in s3.list_objects_v2(Bucket="data")["Contents"]} == {"large", "small"}
        away.restart()
        s3.put_object(Bucket="data", Key="other", Body=b"y" * BIG)
        assert s3.get_object(Bucket="data", Key="large")["Body"].read() == b"x" * BIG
    finally:
        house.close()
        away.close()


# Two servers, records in PostgreSQL, bytes in a bucket: either is killed while writes run, and nothing acknowledged is lost.
def test_two_replicas(binary, tmp_path, far_aloft, postgres):
    far = Far(far_aloft.url, far_aloft.admin.access_key_id, far_aloft.admin.secret, far_aloft.ca_file, far_aloft.admin.client("s3"))
    shared = ("--postgres", postgres.database(f"far_{uuid.uuid4().hex[:8]}"), "--shared", str(tmp_path / "shared"),
              "--config", far.config(tmp_path))
    first = Cloud.start(binary, tmp_path / "one", *shared)
    second = Cloud.start(binary, tmp_path / "two", *shared)
    try:
        second.admin = type(first.admin)(second, first.admin.access_key_id, first.admin.secret)
        first.admin.client("s3").create_bucket(Bucket="data")
        acknowledged: dict[str, bytes] = {}

        def write(cloud: Cloud, name: str) -> None:
            body = os.urandom(BIG)
            cloud.admin.client("s3", retries={"max_attempts": 0}).put_object(Bucket="data", Key=name, Body=body)
            acknowledged[name] = body

        for victim, other in ((first, second), (second, first)):
            for n in range(4):
                write(victim, f"{victim.data.name}-before-{n}")
                write(other, f"{other.data.name}-too-{n}")
            victim.kill()
            for n in range(4):
                write(other, f"{other.data.name}-alone-{n}")
            for name, body in acknowledged.items():
                assert other.admin.client("s3").get_object(Bucket="data", Key=name)["Body"].read() == body
            victim.restart()
            for name, body in acknowledged.items():
                assert victim.admin.client("s3").get_object(Bucket="data", Key=name)["Body"].read() == body
    finally:
        second.close()
        first.close()
