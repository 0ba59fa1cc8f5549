"""Presigned links."""

from raw import send
from s3_client import url_of


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
