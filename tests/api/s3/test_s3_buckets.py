"""Buckets: the exact errors that tools decide by."""

import botocore.exceptions
import pytest
from s3_client import code_of


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
