"""S3 as its clients use it: boto3, the AWS CLI and raw requests against a running server."""

import base64
import hashlib
import hmac
import io
import os
import subprocess
import sys
import threading
import zlib

import boto3.s3.transfer
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest
import requests
from raw import send, signed

MIB = 1 << 20


def code_of(failure) -> str:
    return failure.value.response["Error"]["Code"]


def status_of(failure) -> int:
    return failure.value.response["ResponseMetadata"]["HTTPStatusCode"]


def url_of(cloud, presigned: str) -> str:
    """The path and query of a presigned URL."""
    return presigned[len(cloud.url):]


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


# The SageMaker SDK decides by these exact errors whether to create its bucket.
def test_buckets(cloud, s3, bucket):
    assert bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.head_bucket(Bucket="absent-" + bucket)
    assert code_of(failure) == "404" and failure.value.response["Error"]["Message"] == "Not Found"
    with pytest.raises(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=bucket)
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="999999999999")
    assert code_of(failure) == "403"
    s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=cloud.account)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.delete_bucket(Bucket=bucket)
    assert code_of(failure) == "BucketNotEmpty"


# A location is kept, and the oldest region has no name.
def test_bucket_location(s3, bucket):
    other = f"eu-{bucket}"
    s3.create_bucket(Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket=other)["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket=other)["BucketRegion"] == "eu-west-1"
    s3.delete_bucket(Bucket=other)


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


# Listing in pages and by delimiter: nothing twice, nothing lost, prefixes rolled up, odd characters intact.
@pytest.mark.parametrize("operation", ["list_objects_v2", "list_objects"])
def test_listing(s3, bucket, operation):
    keys = sorted([f"d{i}/f{j}" for i in range(5) for j in range(7)] + ["top", "z\n\t<&>\"' +", "\u00e9"], key=str.encode)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    pages = s3.get_paginator(operation)
    assert [e["Key"] for p in pages.paginate(Bucket=bucket, PaginationConfig={"PageSize": 4}) for e in p.get("Contents", [])] == keys
    rolled = list(pages.paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}))
    assert [c["Prefix"] for p in rolled for c in p.get("CommonPrefixes", [])] == [f"d{i}/" for i in range(5)]
    assert [e["Key"] for p in rolled for e in p.get("Contents", [])] == [k for k in keys if "/" not in k]
    page = getattr(s3, operation)(Bucket=bucket, Prefix="d3/", MaxKeys=3)
    assert [e["Key"] for e in page["Contents"]] == ["d3/f0", "d3/f1", "d3/f2"] and page["IsTruncated"]
    assert s3.list_objects_v2(Bucket=bucket, StartAfter="top")["Contents"][0]["Key"] == keys[keys.index("top") + 1]


# Deleting many: absent keys count as deleted, and the answer can be quiet.
def test_delete_objects(s3, bucket):
    for key in ["a", "b"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k} for k in ["a", "b", "c"]]})
    assert [d["Key"] for d in answer["Deleted"]] == ["a", "b", "c"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}], "Quiet": True})


# Copies keep or replace what is said about an object, and conditions on the source count.
def test_copy(s3, bucket):
    body = os.urandom(200_000)
    s3.put_object(Bucket=bucket, Key="from \u00e9+", Body=body, ContentType="text/x", Metadata={"a": "1"})
    s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from \u00e9+"})
    got = s3.get_object(Bucket=bucket, Key="to")
    assert got["Body"].read() == body and got["Metadata"] == {"a": "1"} and got["ContentType"] == "text/x"
    s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/to", MetadataDirective="REPLACE", Metadata={"b": "2"})
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"b": "2"}
    s3.delete_object(Bucket=bucket, Key="from \u00e9+")
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == body
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/to")
    assert code_of(failure) == "InvalidRequest"
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.copy_object(Bucket=bucket, Key="x", CopySource=f"{bucket}/to", CopySourceIfMatch='"x"')
    assert code_of(failure) == "PreconditionFailed"


# What upload_file does with a large file: parts in parallel, a composite checksum, and reads across the seams.
def test_multipart_transfer(s3, bucket, tmp_path):
    body = os.urandom(17 * MIB + 5)
    source = tmp_path / "big"
    source.write_bytes(body)
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.upload_file(str(source), bucket, "big", Config=config)
    head = s3.head_object(Bucket=bucket, Key="big")
    md5s = b"".join(hashlib.md5(body[i:i + 5 * MIB]).digest() for i in range(0, len(body), 5 * MIB))
    assert head["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-4"' and head["ContentLength"] == len(body)
    s3.download_file(bucket, "big", str(tmp_path / "back"), Config=config)
    assert (tmp_path / "back").read_bytes() == body
    seam = s3.get_object(Bucket=bucket, Key="big", Range=f"bytes={5 * MIB - 3}-{5 * MIB + 2}")
    assert seam["Body"].read() == body[5 * MIB - 3:5 * MIB + 3]
    part = s3.get_object(Bucket=bucket, Key="big", PartNumber=4)
    assert part["Body"].read() == body[15 * MIB:] and part["PartsCount"] == 4
    attributes = s3.get_object_attributes(Bucket=bucket, Key="big", ObjectAttributes=["ObjectParts", "ObjectSize", "ETag"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 4 and attributes["ObjectSize"] == len(body)


# Every step of an upload in parts by hand, and each way it can go wrong.
def test_multipart_by_hand(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    names = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    small = s3.upload_part(**names, PartNumber=1, Body=b"small")["ETag"]
    last = s3.upload_part(**names, PartNumber=2, Body=b"last")["ETag"]

    def complete(parts):
        return s3.complete_multipart_upload(**names, MultipartUpload={"Parts": [{"PartNumber": n, "ETag": e} for n, e in parts]})

    for parts, code in [([(1, small), (2, last)], "EntityTooSmall"), ([(2, last), (1, small)], "InvalidPartOrder"),
                        ([(3, last)], "InvalidPart"), ([(2, small)], "InvalidPart")]:
        with pytest.raises(botocore.exceptions.ClientError) as failure:
            complete(parts)
        assert code_of(failure) == code
    assert [p["PartNumber"] for p in s3.list_parts(**names)["Parts"]] == [1, 2]
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]
    done = complete([(2, last)])
    assert complete([(2, last)])["ETag"] == done["ETag"]  # the answer may have been lost: ask again
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"last"
    again = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=again)
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.upload_part(Bucket=bucket, Key="k", UploadId=again, PartNumber=1, Body=b"x")


# Parts copied from objects, whole and in part.
def test_upload_part_copy(s3, bucket):
    body = os.urandom(6 * MIB)
    s3.put_object(Bucket=bucket, Key="source", Body=body)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    names = {"Bucket": bucket, "Key": "k", "UploadId": upload, "CopySource": f"{bucket}/source"}
    whole = s3.upload_part_copy(**names, PartNumber=1)["CopyPartResult"]["ETag"]
    piece = s3.upload_part_copy(**names, PartNumber=2, CopySourceRange="bytes=100-199")["CopyPartResult"]["ETag"]
    assert whole == f'"{hashlib.md5(body).hexdigest()}"'
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": whole}, {"PartNumber": 2, "ETag": piece}]})
    s3.delete_object(Bucket=bucket, Key="source")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body + body[100:200]


# Links for people without credentials: they work, they end, and they cannot be bent.
def test_presigned(cloud, s3, bucket):
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert send(cloud, "PUT", url_of(cloud, put), b"hello").status_code == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert send(cloud, "GET", url_of(cloud, get)).content == b"hello"
    bent = url_of(cloud, get).replace("/k?", "/other?")
    response = send(cloud, "GET", bent)
    assert response.status_code == 403 and "<Code>SignatureDoesNotMatch</Code>" in response.text
    assert send(cloud, "DELETE", url_of(cloud, get)).status_code == 403


# Tags travel with the object and can be changed without it.
def test_tagging(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=1&b=two%20words")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}]
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


# What is not built says so by name and at once; what the SDKs send by default is accepted and not claimed.
def test_unbuilt_and_defaults(s3, bucket):
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert code_of(failure) == "NotImplemented" and "PutBucketVersioning" in str(failure.value)
    assert failure.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    assert "ServerSideEncryption" not in put
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    assert code_of(failure) == "AccessControlListNotSupported"


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


# A policy for one prefix is a wall: what lies outside is neither read nor written nor admitted to exist.
def test_permissions(cloud, s3, bucket):
    user = cloud.make_user([{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/mine/*"},
                            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
                             "Condition": {"StringLike": {"s3:prefix": "mine/*"}}}])
    theirs = user.client("s3")
    s3.put_object(Bucket=bucket, Key="other/k", Body=b"secret")
    theirs.put_object(Bucket=bucket, Key="mine/k", Body=b"ok")
    assert theirs.get_object(Bucket=bucket, Key="mine/k")["Body"].read() == b"ok"
    assert theirs.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 1
    for call in [lambda: theirs.get_object(Bucket=bucket, Key="other/k"), lambda: theirs.list_objects_v2(Bucket=bucket),
                 lambda: theirs.get_object(Bucket=bucket, Key="mine/absent"),
                 lambda: theirs.put_object(Bucket=bucket, Key="other/k", Body=b"x"),
                 lambda: theirs.delete_object(Bucket=bucket, Key="mine/k"), lambda: theirs.list_buckets(),
                 lambda: theirs.copy_object(Bucket=bucket, Key="mine/stolen", CopySource=f"{bucket}/other/k")]:
        with pytest.raises(botocore.exceptions.ClientError) as failure:
            call()
        assert code_of(failure) == "AccessDenied"
    answer = theirs.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/k"}]})
    assert answer["Errors"][0]["Code"] == "AccessDenied"


def put_signed_chunks(identity, path: str, chunks: list[bytes], forge: bool = False) -> requests.Response:
    """An upload in signed chunks, as some SDKs send it over plain connections."""
    cloud = identity.cloud
    request = botocore.awsrequest.AWSRequest("PUT", cloud.url + path, headers={
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(sum(map(len, chunks)))})
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(identity.access_key_id, identity.secret), "s3", cloud.region)
    signer.add_auth(request)
    date_time = request.headers["X-Amz-Date"]
    scope = f"{date_time[:8]}/{cloud.region}/s3/aws4_request"
    signature = request.headers["Authorization"].rsplit("Signature=", 1)[1]
    key = f"AWS4{identity.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    body = b""
    for chunk in [*chunks, b""]:
        text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", date_time, scope, signature, hashlib.sha256(b"").hexdigest(),
                          hashlib.sha256(chunk).hexdigest()])
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        sent = chunk.swapcase() if forge else chunk
        body += f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + sent + b"\r\n"
    return send(cloud, "PUT", path, body, dict(request.headers.items()))


# Each chunk's signature is checked, and a forged one leaves nothing behind.
def test_signed_chunks(cloud, s3, bucket):
    chunks = [os.urandom(70_000), b"hello"]
    assert put_signed_chunks(cloud.admin, f"/{bucket}/k", chunks).status_code == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"".join(chunks)
    response = put_signed_chunks(cloud.admin, f"/{bucket}/forged", chunks, forge=True)
    assert response.status_code == 403 and "<Code>SignatureDoesNotMatch</Code>" in response.text
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="forged")
