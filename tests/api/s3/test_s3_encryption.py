"""Encryption at rest: what was asked is what is done, and the answer says what was done."""

import base64
import hashlib
import os

import pytest
from raw import signed
from s3_client import refused

KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
OTHER = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"o" * 32}


# A key that the writer brings is not kept: without it nobody reads, with it everything works, also pieces and copies.
def test_customer_keys(s3, bucket):
    body = os.urandom(300_000)
    put = s3.put_object(Bucket=bucket, Key="k", Body=body, **KEY)
    assert put["SSECustomerAlgorithm"] == "AES256" and "ServerSideEncryption" not in put
    assert put["SSECustomerKeyMD5"] == base64.b64encode(hashlib.md5(KEY["SSECustomerKey"]).digest()).decode()
    assert s3.get_object(Bucket=bucket, Key="k", **KEY)["Body"].read() == body
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=65530-131080", **KEY)["Body"].read() == body[65530:131081]
    assert s3.head_object(Bucket=bucket, Key="k", **KEY)["ContentLength"] == len(body)
    with refused("InvalidRequest", 400):
        s3.get_object(Bucket=bucket, Key="k")
    with refused("AccessDenied", 403):
        s3.get_object(Bucket=bucket, Key="k", **OTHER)
    s3.copy_object(Bucket=bucket, Key="plain", CopySource=f"{bucket}/k", **{"CopySource" + name: value for name, value in KEY.items()})
    assert s3.get_object(Bucket=bucket, Key="plain")["Body"].read() == body
    with refused("InvalidRequest", 400):
        s3.get_object(Bucket=bucket, Key="plain", **KEY)


# A customer changes the key where the object lies, by a copy onto itself.
def test_customer_key_is_changed(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"secret", **KEY)
    s3.copy_object(Bucket=bucket, Key="k", CopySource=f"{bucket}/k", **OTHER, **{"CopySource" + name: value for name, value in KEY.items()})
    assert s3.get_object(Bucket=bucket, Key="k", **OTHER)["Body"].read() == b"secret"
    with refused("AccessDenied", 403):
        s3.get_object(Bucket=bucket, Key="k", **KEY)


# The same for uploads in parts: every part needs the key, and so does every reader.
def test_customer_keys_in_parts(s3, bucket):
    first, last = os.urandom(5 << 20), os.urandom(1000)
    names = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k", **KEY)["UploadId"]}
    with refused("InvalidRequest", 400):
        s3.upload_part(**names, PartNumber=1, Body=first)
    parts = [{"PartNumber": n, "ETag": s3.upload_part(**names, PartNumber=n, Body=b, **KEY)["ETag"]} for n, b in [(1, first), (2, last)]]
    s3.complete_multipart_upload(**names, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="k", **KEY)["Body"].read() == first + last
    assert s3.get_object(Bucket=bucket, Key="k", PartNumber=2, **KEY)["Body"].read() == last


# Keys that are none.
def test_broken_customer_keys(cloud, s3, bucket):
    good = base64.b64encode(b"k" * 32).decode()
    md5 = base64.b64encode(hashlib.md5(b"k" * 32).digest()).decode()
    prefix = "x-amz-server-side-encryption-customer-"
    for algorithm, key, digest, code in [("AES128", good, md5, "InvalidEncryptionAlgorithmError"), ("AES256", "short", md5, "InvalidArgument"),
                                         ("AES256", good, "AAAA", "InvalidArgument"), ("AES256", "", "", "InvalidArgument")]:
        headers = {prefix + "algorithm": algorithm, prefix + "key": key, prefix + "key-MD5": digest}
        response = signed(cloud.admin, "s3", "PUT", f"/{bucket}/k", b"x", headers)
        assert response.status_code == 400 and f"<Code>{code}</Code>" in response.text, response.text
    for headers in [{"x-amz-server-side-encryption": "rot13"}, {"x-amz-server-side-encryption-aws-kms-key-id": "k"}]:
        response = signed(cloud.admin, "s3", "PUT", f"/{bucket}/k", b"x", headers)
        assert response.status_code == 400 and "<Code>InvalidArgument</Code>" in response.text


# The store's own keys: asked for in the request, or configured for the bucket.
def test_store_keys(s3, bucket):
    body = os.urandom(100_000)
    assert s3.put_object(Bucket=bucket, Key="k", Body=body, ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["ServerSideEncryption"] == "AES256" and got["Body"].read() == body
    assert s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.put_object(Bucket=bucket, Key="by default", Body=body)["ServerSideEncryption"] == "AES256"
    assert s3.create_multipart_upload(Bucket=bucket, Key="parts")["ServerSideEncryption"] == "AES256"


# The SageMaker SDK asks for KMS without a key on every upload: it must work, and the answer must be true.
def test_kms_without_a_key(s3, bucket):
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    assert put["ServerSideEncryption"] == s3.head_object(Bucket=bucket, Key="k")["ServerSideEncryption"] in ("AES256", "aws:kms")
