"""Objects: put, get, names, checksums, ranges, conditions."""

import base64
import hashlib
import io
import os
import threading
import zlib

import botocore.exceptions
import pytest
from raw import send, signed
from s3_client import code_of, status_of, url_of

MIB = 1 << 20


# The default walk of every client: a bucket, an object, its bytes back.
@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 5 * MIB])
def test_put_get_delete(s3, bucket, size):
    body = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="dir/a b+c%.bin", Body=body, ContentType="text/x", Metadata={"Owner": "me"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="dir/a b+c%.bin")
    assert got["Body"].read() == body
    assert got["ContentType"] == "text/x" and got["Metadata"] == {"owner": "me"} and got["ContentLength"] == size
    head = s3.head_object(Bucket=bucket, Key="dir/a b+c%.bin")
    assert head["ETag"] == put["ETag"] and head["LastModified"] == got["LastModified"]
    s3.delete_object(Bucket=bucket, Key="dir/a b+c%.bin")
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="dir/a b+c%.bin")


# Names that are no buckets; keys that look like paths are only keys.
def test_names(cloud, s3, bucket):
    for name in ["ab", "Upper-case", "a_b_c", "192.168.1.1", "a..b", "-abc", "x" * 64]:
        response = signed(cloud.admin, "s3", "PUT", f"/{name}")
        assert response.status_code == 400 and "<Code>InvalidBucketName</Code>" in response.text, name
    for key in ["../../etc/passwd", "a//b", "/lead", "trail/", "a/./b", "\u00e9\U0001f600", "a%2Fb", "?q=1&r#f", "k" * 1024]:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    response = signed(cloud.admin, "s3", "PUT", f"/{bucket}/{'k' * 1025}", b"x")
    assert response.status_code == 400 and "<Code>KeyTooLongError</Code>" in response.text


# What boto3 cannot compute without its native library is checked and kept all the same; the values are the algorithms' published check values.
@pytest.mark.parametrize("algorithm, value", [("CRC32C", 0xE3069283.to_bytes(4, "big")), ("CRC64NVME", 0xAE8B14860A799888.to_bytes(8, "big"))], ids=["CRC32C", "CRC64NVME"])
def test_checksums_at_hand(s3, bucket, algorithm, value):
    body, field, good = b"123456789", "Checksum" + algorithm, base64.b64encode(value).decode()
    wrong = base64.b64encode(bytes(len(value))).decode()
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.put_object(Bucket=bucket, Key="checked", Body=body, **{field: wrong})
    assert code_of(failure) == "BadDigest"
    assert s3.put_object(Bucket=bucket, Key="checked", Body=body, **{field: good})[field] == good
    head = s3.head_object(Bucket=bucket, Key="checked", ChecksumMode="ENABLED")
    assert (head[field], head["ChecksumType"]) == (good, "FULL_OBJECT")


# Every checksum as header and as trailer, stored, returned, and wrong ones refused with nothing stored.
@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums(s3, bucket, algorithm):
    body = os.urandom(100_000)
    put = s3.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(body), ChecksumAlgorithm=algorithm)
    value = put[f"Checksum{algorithm}"]
    expected = {"CRC32": lambda: zlib.crc32(body).to_bytes(4, "big"), "SHA1": lambda: hashlib.sha1(body).digest(),
                "SHA256": lambda: hashlib.sha256(body).digest()}[algorithm]()
    assert value == base64.b64encode(expected).decode()
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got[f"Checksum{algorithm}"] == value and got["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[f"Checksum{algorithm}"] == value
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.put_object(Bucket=bucket, Key="bad", Body=b"x", **{f"Checksum{algorithm}": value})
    assert code_of(failure) == "BadDigest"
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="bad")


# A body that is not what was signed, or not the bytes that were announced.
def test_damaged_bodies(cloud, s3, bucket):
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    response = signed(cloud.admin, "s3", "PUT", f"/{bucket}/k", b"body", {"Content-MD5": md5})
    assert response.status_code == 400 and "<Code>BadDigest</Code>" in response.text
    presigned = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    response = send(cloud, "PUT", url_of(cloud, presigned), b"body", {"x-amz-content-sha256": hashlib.sha256(b"x").hexdigest()})
    assert response.status_code in (400, 403)
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="k")


# The reading half of the protocol: ranges, conditions, overrides.
def test_ranges_and_conditions(cloud, s3, bucket):
    body = os.urandom(300_000)
    etag = s3.put_object(Bucket=bucket, Key="k", Body=body)["ETag"]
    for header, expected in [("bytes=0-0", body[:1]), ("bytes=299990-", body[299990:]), ("bytes=-10", body[-10:]),
                             ("bytes=100-999999", body[100:])]:
        got = s3.get_object(Bucket=bucket, Key="k", Range=header)
        assert got["Body"].read() == expected and got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["ContentRange"].endswith("/300000")
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=300000-")
    assert code_of(failure) == "InvalidRange" and status_of(failure) == 416
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)
    assert code_of(failure) == "304"
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.get_object(Bucket=bucket, Key="k", IfMatch='"x"')
    assert code_of(failure) == "PreconditionFailed"
    presigned = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k", "ResponseContentType": "text/q",
                                                         "ResponseContentDisposition": "attachment"})
    got = send(cloud, "GET", url_of(cloud, presigned))
    assert got.content == body and got.headers["Content-Type"] == "text/q" and got.headers["Content-Disposition"] == "attachment"


# Conditional writes: the base of locks and commit logs.
def test_conditional_writes(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert code_of(failure) == "PreconditionFailed" and status_of(failure) == 412
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=etag)
    assert code_of(failure) == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


# One winner, whatever the timing.
def test_racing_creators(s3, bucket):
    outcomes = []

    def create(body):
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=body, IfNoneMatch="*")
            outcomes.append(body)
        except botocore.exceptions.ClientError as failure:
            assert failure.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict")

    threads = [threading.Thread(target=create, args=(str(i).encode(),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1 and s3.get_object(Bucket=bucket, Key="lock")["Body"].read() == outcomes[0]


# Deleting many: absent keys count as deleted, and the answer can be quiet.
def test_delete_objects(s3, bucket):
    for key in ["a", "b"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in ["a", "b", "c"]]})
    assert [d["Key"] for d in answer["Deleted"]] == ["a", "b", "c"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}], "Quiet": True})
