"""The bucket's name as a part of the server's, as SDKs address it by themselves where the server has a name."""

import socket

import pytest
import requests
from cloud import Cloud

pytestmark = pytest.mark.any_store

NAME = "cloud.test"


@pytest.fixture
def named(binary, tmp_path, monkeypatch):
    """A server of its own name, which this process resolves as a DNS server with a wildcard would."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve(
        "127.0.0.1" if isinstance(host, str) and (host == NAME or host.endswith("." + NAME)) else host, *rest, **more))
    cloud = Cloud.start(binary, tmp_path / "data", settings=f'public_name = "{NAME}"\n')
    yield cloud
    cloud.close()


# boto3 in virtual-host style: each host is in the server's certificate, each signature is over the host, and a bucket's page is "/".
def test_boto3(named):
    s3 = named.admin.client("s3", s3={"addressing_style": "virtual"})
    asked = []
    s3.meta.events.register("before-send.s3", lambda request, **_: asked.append(request.url.split("/")[2]))
    s3.create_bucket(Bucket="my-data")
    for key in ("a", "deep/er key+%", "my-data/x"):
        s3.put_object(Bucket="my-data", Key=key, Body=key.encode())
        assert s3.get_object(Bucket="my-data", Key=key)["Body"].read() == key.encode()
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="my-data")["Contents"]] == ["a", "deep/er key+%", "my-data/x"]
    s3.copy_object(Bucket="my-data", Key="copy", CopySource={"Bucket": "my-data", "Key": "my-data/x"})
    upload = s3.create_multipart_upload(Bucket="my-data", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="my-data", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(Bucket="my-data", Key="parts", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    link = s3.generate_presigned_url("get_object", {"Bucket": "my-data", "Key": "parts"})
    assert link.startswith(f"https://my-data.{NAME}:")
    assert requests.get(link, verify=str(named.ca_file), timeout=60).text == "part"
    host = f"my-data.{NAME}:{named.port}"
    assert set(asked) == {host}
    # The same objects, the other way.
    path = named.admin.client("s3", s3={"addressing_style": "path"})
    assert path.get_object(Bucket="my-data", Key="copy")["Body"].read() == b"my-data/x"
    assert asked == [host] * len(asked) and [bucket["Name"] for bucket in path.list_buckets()["Buckets"]] == ["my-data"]


# A link of signature version 2, which boto3 makes unless it is told otherwise, covers no host: it must not open the path of another bucket
# that is called as the bucket and key of the link.
@pytest.mark.parametrize("style", ["virtual", "path"])
def test_a_link_opens_one_bucket(named, style):
    s3 = named.admin.client("s3", s3={"addressing_style": style})
    for bucket, key in (("mine", "key"), ("other", "mine/key"), ("other", "key")):
        if key != "key" or bucket == "mine":
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=f"{bucket}/{key}".encode())
    query = s3.generate_presigned_url("get_object", {"Bucket": "mine", "Key": "key"}).split("?")[1]

    assert "AWSAccessKeyId=" in query

    def get(host, path):
        return requests.get(f"https://{host}:{named.port}{path}?{query}", verify=str(named.ca_file), timeout=60)

    assert get(f"mine.{NAME}", "/key").text == "mine/key" and get(NAME, "/mine/key").text == "mine/key"
    for host, path in ((f"other.{NAME}", "/mine/key"), (f"other.{NAME}", "/key"), (NAME, "/other/key"), (f"mine.{NAME}", "/mine/key")):
        assert get(host, path).status_code == 403, (host, path)
