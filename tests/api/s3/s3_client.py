"""What the tests of S3 share."""

import contextlib
import json

import botocore.config
import botocore.exceptions
import pytest


def code_of(failure) -> str:
    return failure.value.response["Error"]["Code"]


def status_of(failure) -> int:
    return failure.value.response["ResponseMetadata"]["HTTPStatusCode"]


def url_of(cloud, presigned: str) -> str:
    """The path and query of a presigned URL."""
    return presigned[len(cloud.url):]


@contextlib.contextmanager
def refused(code: str, status: int | None = None, text: str = ""):
    """The calls within must fail with this code."""
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        yield failure
    assert code_of(failure) == code, str(failure.value)
    assert status is None or status_of(failure) == status
    assert text in str(failure.value)


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal, action, resource, **condition) -> dict:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def deny(principal, action, resource, **condition) -> dict:
    return {**allow(principal, action, resource, **condition), "Effect": "Deny"}


def open_to_policies(s3, bucket: str) -> None:
    """Turns the public access block off, which is on for new buckets."""
    s3.delete_public_access_block(Bucket=bucket)
