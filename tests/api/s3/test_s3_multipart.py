"""Uploads in parts, as transfer libraries and as people by hand do them."""

import hashlib
import os

import boto3.s3.transfer
import botocore.exceptions
import pytest
from s3_client import code_of

MIB = 1 << 20


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
