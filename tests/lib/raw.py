"""Requests that the SDKs refuse to send: any bytes, any signature, any time."""

from __future__ import annotations

import datetime
import json
import socket
import ssl
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import requests


def signed(identity, service: str, method: str, path: str, body: bytes = b"", headers: dict | None = None, secret: str | None = None,
           skew: float = 0, region: str | None = None) -> requests.Response:
    """One request signed as `identity`; `skew` moves the signer's clock by seconds."""
    cloud = identity.cloud
    url = cloud.url
    request = botocore.awsrequest.AWSRequest(method, url + path, headers=headers or {}, data=body)
    credentials = botocore.credentials.Credentials(identity.access_key_id, secret or identity.secret, identity.token)
    signer = (botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth)(credentials, service, region or cloud.region)
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew)
    with mock.patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None), create=True), \
            mock.patch("botocore.auth.datetime", FrozenModule(now)):
        signer.add_auth(request)
    return send(cloud, method, path, body, dict(request.headers.items()), url)


class FrozenModule:
    """Stands in for the datetime module (or class) that the signer asks for the time."""

    def __init__(self, now):
        self.now_value = now
        self.datetime = self
        self.timezone, self.timedelta = datetime.timezone, datetime.timedelta

    def utcnow(self):
        return self.now_value.replace(tzinfo=None)

    def now(self, zone=None):
        return self.now_value if zone else self.now_value.replace(tzinfo=None)


def send(cloud, method: str, path: str, body: bytes = b"", headers: dict | None = None, url: str | None = None) -> requests.Response:
    prepared = requests.Request(method, url or cloud.url, data=body, headers=headers or {}).prepare()
    prepared.url = (url or cloud.url) + path  # as it is: requests would resolve "..", and then it is not what was signed
    with requests.Session() as session:
        return session.send(prepared, verify=str(cloud.ca_file or True), timeout=30)


def json_call(identity, service: str, target: str, body, **options) -> requests.Response:
    """An AWS JSON 1.1 operation with any body: a value, or bytes as they are."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    return signed(identity, service, "POST", "/", payload, headers, **options)


def connect(cloud, timeout: float = 10) -> ssl.SSLSocket:
    """A connection to the server without any client's opinion of HTTP."""
    plain = socket.create_connection(("127.0.0.1", cloud.port), timeout=timeout)
    context = ssl.create_default_context(cafile=cloud.ca_file)
    return context.wrap_socket(plain, server_hostname="127.0.0.1")


def exchange(cloud, data: bytes, timeout: float = 10) -> bytes:
    """Sends the bytes as they are; everything that came back until the server closed the connection, or `timeout` of silence."""
    received = b""
    with connect(cloud, timeout) as connection:
        try:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionError, ssl.SSLError):
            pass
    return received
