"""aws-chunked uploads with signed chunks."""

import hashlib
import hmac
import os

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
