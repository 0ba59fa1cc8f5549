"""Copies, whole and as parts."""

import hashlib
import os

import botocore.exceptions
import pytest
from s3_client import code_of

MIB = 1 << 20


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
