"""Presigned links."""

import datetime

import botocore.auth
import pytest
from raw import send
from s3_client import url_of

pytestmark = pytest.mark.any_store


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


# A link that was made an hour ago for a minute is worth nothing, and says since when.
def test_expired(cloud, s3, bucket, monkeypatch):
    s3.put_object(Bucket=bucket, Key="late", Body=b"hello")
    then = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then)
    signer = cloud.admin.client("s3", signature_version="s3v4")
    link = url_of(cloud, signer.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "late"}, ExpiresIn=60))
    assert then.strftime("X-Amz-Date=%Y%m%dT%H") in link
    response = send(cloud, "GET", link)
    assert response.status_code == 403 and "<Code>AccessDenied</Code>" in response.text and "Request has expired" in response.text
