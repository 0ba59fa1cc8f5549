"""aws-chunked uploads with signed chunks."""

import base64
import hashlib
import hmac
import os
import zlib

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
import requests
from raw import send

pytestmark = pytest.mark.any_store


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


def put_with_trailer(identity, path: str, announced: str, sent: str) -> requests.Response:
    """An upload in chunks without signatures, whose checksum comes behind the bytes."""
    cloud = identity.cloud
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "5"}
    request = botocore.awsrequest.AWSRequest("PUT", cloud.url + path, headers={**headers, **({"x-amz-trailer": announced} if announced else {})})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(identity.access_key_id, identity.secret), "s3", cloud.region).add_auth(request)
    return send(cloud, "PUT", path, f"5\r\nhello\r\n0\r\n{sent}\r\n\r\n".encode(), dict(request.headers.items()))


# A checksum that nobody announced would not be checked, and its sender believe that it was; nor is one of a wrong length any.
def test_trailers(cloud, s3, bucket):
    right = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
    name = "x-amz-checksum-crc32"
    assert put_with_trailer(cloud.admin, f"/{bucket}/right", name, f"{name}:{right}").status_code == 200
    for announced, sent in [("", f"{name}:{right}"), (name, f"{name}:AAAAAA=="), (name, f"{name}:AAAA"), (name, f"{name}:"), (name, "rubbish"),
                            (name, f"x-amz-checksum-sha1:{right}"), ("x-amz-checksum-md4", f"x-amz-checksum-md4:{right}")]:
        assert put_with_trailer(cloud.admin, f"/{bucket}/wrong", announced, sent).status_code == 400, (announced, sent)
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["right"]
