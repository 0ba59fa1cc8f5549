"""Requests that no library sends: each is refused, or does what it says; none does more than its sender asked for."""

import base64
import hashlib

import pytest
from raw import signed
from s3_client import refused

pytestmark = pytest.mark.any_store


def request(cloud, method: str, path: str, body: bytes = b"", **headers: str):
    return signed(cloud.admin, "s3", method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.text.partition("<Code>")[2].partition("</Code>")[0]


# Numbers beyond 64 bits are numbers: a reader that asks behind the end must not get the object from its beginning.
@pytest.mark.parametrize("asked, status, told", [
    ("bytes=0-99999999999999999999", 206, "bytes 0-9/10"), ("bytes=4-18446744073709551616", 206, "bytes 4-9/10"),
    ("bytes=-99999999999999999999", 206, "bytes 0-9/10"), ("bytes=99999999999999999999-", 416, None),
    ("bytes=18446744073709551614-18446744073709551615", 416, None), ("bytes=5-2", 200, None), ("bytes=0-x", 200, None)])
def test_range_numbers(cloud, s3, bucket, asked, status, told):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    answer = request(cloud, "GET", f"/{bucket}/k", Range=asked)
    assert answer.status_code == status and answer.headers.get("Content-Range") == told


# A download that goes on names what it has begun; of an object that changed meanwhile it must get all, not the rest.
def test_if_range(cloud, s3, bucket):
    tag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    date = request(cloud, "HEAD", f"/{bucket}/k").headers["Last-Modified"]
    for known, status in [(tag, 206), (date, 206), ('"other"', 200), (f"W/{tag}", 200), ("Mon, 01 Jan 2024 00:00:00 GMT", 200)]:
        answer = request(cloud, "GET", f"/{bucket}/k", Range="bytes=4-", If_Range=known)
        assert (answer.status_code, answer.content) == (status, b"456789" if status == 206 else b"0123456789"), known


# What is not known is not passed over where the rest would destroy something.
def test_nothing_more_than_asked(cloud, s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    assert code(request(cloud, "DELETE", f"/{bucket}/k", If_None_Match="*")) == (501, "NotImplemented")
    assert code(request(cloud, "PUT", f"/{bucket}/k?versionId=null", b"x")) == (400, "InvalidArgument")
    assert code(request(cloud, "PUT", f"/{bucket}/k?partNumber=1", b"x")) == (400, "InvalidArgument")
    assert code(request(cloud, "GET", f"/{bucket}?list-type=3")) == (400, "InvalidArgument")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"


# What S3 can do to a part of a bucket or an object, and is not known here, must not happen to the whole of it.
def test_unknown_parts(cloud, s3, bucket):
    empty = f"{bucket}-empty"
    s3.create_bucket(Bucket=empty)
    s3.put_object(Bucket=bucket, Key="k", Body=b"kept")
    for name in ("abac", "metadataConfiguration", "metadataInventoryTable", "somethingNew"):
        for method in ("PUT", "DELETE", "POST"):
            answer = request(cloud, method, f"/{empty}?{name}", b"<x/>" if method != "DELETE" else b"")
            assert code(answer)[0] in (405, 501), (name, method)
    for name in ("annotation", "annotation&annotationName=a", "renameObject", "somethingNew"):
        for method in ("PUT", "DELETE"):
            assert code(request(cloud, method, f"/{bucket}/k?{name}", b"new" if method == "PUT" else b""))[0] in (405, 501), (name, method)
    assert request(cloud, "PUT", f"/{bucket}/noted?x-note", b"x").status_code == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"
    s3.delete_bucket(Bucket=empty)


# Keys that cannot be are refused one by one, and a request of nothing else is no error of the server's.
def test_delete_impossible_keys(cloud, s3, bucket):
    def delete(*keys: str):
        body = f"<Delete>{''.join(f'<Object><Key>{key}</Key></Object>' for key in keys)}</Delete>".encode()
        return request(cloud, "POST", f"/{bucket}?delete", body, Content_MD5=base64.b64encode(hashlib.md5(body).digest()).decode())

    assert code(delete("")) == (400, "MalformedXML")
    assert code(delete("k" * 1025)) == (200, "KeyTooLongError")
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert code(delete("k" * 1025, "k")) == (200, "KeyTooLongError")
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="k")
