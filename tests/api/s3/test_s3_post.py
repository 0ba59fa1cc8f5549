"""POST forms: a browser uploads with a signature that somebody else made, within the policy that was signed."""

import base64
import datetime
import json

import botocore.config
import pytest
import requests
from s3_client import open_to_policies

pytestmark = pytest.mark.any_store


def post(cloud, bucket: str, fields: dict, body: bytes = b"hello", name: str = "a b.txt", **options) -> requests.Response:
    return requests.post(f"{cloud.url}/{bucket}", data=fields, files={"file": (name, body)}, verify=str(cloud.ca_file or True),
                         timeout=30, allow_redirects=False, **options)


@pytest.fixture(params=["s3v4", "s3"])
def signer(cloud, request):
    """Clients that sign forms with version 4, and with version 2, as boto3 does by default."""
    return cloud.admin.client("s3", signature_version=request.param)


# What boto3 makes for a web page: any size of file, streamed, with what the form says about it.
@pytest.mark.parametrize("size", [0, 5, 70_000, 3_000_000])
def test_upload(cloud, s3, bucket, signer, size):
    body = bytes(range(256)) * (size // 256 + 1)
    body = body[:size].replace(b"\r\n", b"xx") if size < 1000 else body[:size]
    made = signer.generate_presigned_post(bucket, "up/${filename}", Fields={"Content-Type": "text/x", "x-amz-meta-who": "me"},
                                          Conditions=[{"Content-Type": "text/x"}, {"x-amz-meta-who": "me"}])
    answer = post(cloud, bucket, made["fields"], body)
    assert answer.status_code == 204, answer.text
    got = s3.get_object(Bucket=bucket, Key="up/a b.txt")
    assert got["Body"].read() == body and got["ContentType"] == "text/x" and got["Metadata"] == {"who": "me"}
    assert answer.headers["ETag"] == got["ETag"] and answer.headers["Location"].endswith(f"/{bucket}/up/a%20b.txt")


# What the page is told, as its author asked.
def test_answers(cloud, bucket, signer):
    def answer(field: str, value: str) -> requests.Response:
        made = signer.generate_presigned_post(bucket, "k", Fields={field: value}, Conditions=[{field: value}])
        return post(cloud, bucket, made["fields"])

    created = answer("success_action_status", "201")
    assert created.status_code == 201 and f"<Bucket>{bucket}</Bucket><Key>k</Key>" in created.text
    assert answer("success_action_status", "200").status_code == 200
    assert answer("success_action_status", "418").status_code == 204
    sent = answer("success_action_redirect", "https://example.com/done?x=1")
    assert sent.status_code == 303 and sent.headers["Location"].startswith(f"https://example.com/done?x=1&bucket={bucket}&key=k&etag=")
    assert answer("success_action_redirect", "javascript:alert(1)").status_code == 204


# The policy binds: another key, another size, a field it does not name, another signature, another time.
def test_bounds(cloud, s3, bucket, signer):
    made = signer.generate_presigned_post(bucket, "user/1", Conditions=[["content-length-range", 3, 10]])
    fields = made["fields"]
    refusals = [
        (post(cloud, bucket, {**fields, "key": "user/2"}), 403, "AccessDenied"),
        (post(cloud, bucket, fields, b"x" * 11), 400, "EntityTooLarge"),
        (post(cloud, bucket, fields, b"x"), 400, "EntityTooSmall"),
        (post(cloud, bucket, {**fields, "x-amz-meta-more": "1"}), 403, "AccessDenied"),
        (post(cloud, bucket, {k: v for k, v in fields.items() if k != "policy"}), 400, "InvalidArgument"),
        (post(cloud, bucket, {k: v for k, v in fields.items() if k != "key"}), 400, "InvalidArgument"),
    ]
    loose = json.loads(base64.b64decode(fields["policy"]))
    loose["conditions"] = []
    bent = {**fields, "policy": base64.b64encode(json.dumps(loose).encode()).decode()}
    refusals.append((post(cloud, bucket, bent), 403, "SignatureDoesNotMatch"))
    old = signer.generate_presigned_post(bucket, "user/1", ExpiresIn=-60)
    refusals.append((post(cloud, bucket, old["fields"]), 403, "AccessDenied"))
    for answer, status, code in refusals:
        assert answer.status_code == status and f"<Code>{code}</Code>" in answer.text, answer.text
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0, "nothing is left of a refused form"
    assert post(cloud, bucket, {**fields, "x-ignore-this": "1"}).status_code == 204


# The signer's rights are what counts, not the page's.
def test_rights(cloud, s3, bucket):
    weak = cloud.make_user([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}])
    client = weak.client("s3", signature_version="s3v4")
    assert post(cloud, bucket, client.generate_presigned_post(bucket, "mine/k")["fields"]).status_code == 204
    assert post(cloud, bucket, client.generate_presigned_post(bucket, "other/k")["fields"]).status_code == 403
    tagged = client.generate_presigned_post(bucket, "mine/k", Fields={"tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
                                            Conditions=[["starts-with", "$tagging", ""]])
    assert post(cloud, bucket, tagged["fields"]).status_code == 403, "tags need their own right"
    admin = cloud.admin.client("s3", signature_version="s3v4").generate_presigned_post(
        bucket, "t", Fields={"tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"},
        Conditions=[["starts-with", "$tagging", ""]])
    assert post(cloud, bucket, admin["fields"]).status_code == 204
    assert s3.get_object_tagging(Bucket=bucket, Key="t")["TagSet"] == [{"Key": "a", "Value": "b"}]


# A form without a signature comes from nobody: only a bucket's policy lets it in.
def test_anonymous(cloud, s3, bucket):
    assert post(cloud, bucket, {"key": "drop/k"}).status_code == 403
    open_to_policies(s3, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/drop/*"}]}))
    assert post(cloud, bucket, {"key": "drop/k"}).status_code == 204
    assert post(cloud, bucket, {"key": "other/k"}).status_code == 403
    s3.delete_bucket_policy(Bucket=bucket)


# Bodies that are no forms, or half of one: refused, and the connection lives or ends, but nothing hangs.
def test_broken_forms(cloud, bucket):
    def send(body: bytes, kind: str = "multipart/form-data; boundary=b") -> requests.Response:
        return requests.post(f"{cloud.url}/{bucket}", data=body, headers={"Content-Type": kind}, verify=str(cloud.ca_file or True), timeout=30)

    field = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n'
    assert send(b"x", "text/plain").status_code == 412
    assert send(b"x").status_code == 400
    assert "<Code>MalformedPOSTRequest</Code>" in send(field).text
    assert "exactly one file" in send(field + b"--b--").text
    huge = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n' + b"k" * 30_000 + b"\r\n--b--"
    assert "<Code>MaxPostPreDataLengthExceeded</Code>" in send(huge).text
    assert send(b'--b\r\nX: y\r\n\r\nk\r\n--b--').status_code == 400
