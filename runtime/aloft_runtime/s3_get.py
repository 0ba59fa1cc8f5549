"""Reads objects of this cloud from inside a sandbox, as the task's role, with the standard library alone.

The agent says where (AWS_ENDPOINT_URL_S3, AWS_CA_BUNDLE) and lends the role's credentials (AWS_CONTAINER_CREDENTIALS_FULL_URI, the
protocol of container credentials). Signature: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; proved by
tests/api/test_multi_model.py.
"""

import datetime
import hashlib
import hmac
import http.client
import json
import os
import ssl
import threading
import urllib.parse
import urllib.request

EMPTY = hashlib.sha256(b"").hexdigest()
PIECE = 1 << 20
RENEW_SECONDS = 300  # before credentials end


class NotThere(Exception):
    """No such object, or the role may not read it: to the caller these look alike."""


class TooLarge(Exception):
    """The object is larger than it may be."""


def split(uri: str):
    """s3://bucket/key -> (bucket, key)."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


class Reader:
    """Thread-safe; one connection per object."""

    def __init__(self, environment=os.environ):
        self._url = urllib.parse.urlsplit(environment.get("AWS_ENDPOINT_URL_S3", ""))
        self._region = environment.get("AWS_REGION", "us-east-1")
        self._credentials_uri = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
        self._token = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        self._tls = None
        if self._url.scheme == "https":
            self._tls = ssl.create_default_context(cafile=environment.get("AWS_CA_BUNDLE") or None)
        self._lock = threading.Lock()
        self._credentials = None

    def get(self, bucket: str, key: str, path: str, limit: int) -> int:
        """Writes the object to `path`; its size. NotThere, TooLarge; OSError for anything that may pass."""
        target = urllib.parse.quote(f"/{bucket}/{key}", safe="/-_.~")
        kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        options = {"context": self._tls} if self._tls else {}
        connection = kind(self._url.hostname, self._url.port, timeout=60, **options)
        try:
            connection.request("GET", target, headers=self._sign("GET", target))
            answer = connection.getresponse()
            if answer.status in (403, 404):
                raise NotThere(f"{answer.status}")
            if answer.status != 200:
                raise OSError(f"the object cannot be read: {answer.status} {answer.read(300)!r}")
            size = int(answer.headers.get("Content-Length", "0"))
            if size > limit:
                raise TooLarge(f"{size} bytes; {limit} are allowed")
            with open(path, "wb") as file:
                while piece := answer.read(PIECE):
                    file.write(piece)
                if file.tell() != size:
                    raise OSError("the object was cut off")
            return size
        except http.client.HTTPException as error:
            raise OSError(f"the object cannot be read: {error!r}") from error
        finally:
            connection.close()

    def _sign(self, method, target):
        credentials = self._current()
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        host = self._url.netloc
        headers = {"host": host, "x-amz-content-sha256": EMPTY, "x-amz-date": stamp}
        if credentials.get("Token"):
            headers["x-amz-security-token"] = credentials["Token"]
        names = ";".join(headers)
        canonical = "\n".join([method, target, "", *(f"{name}:{value}" for name, value in headers.items()), "", names, EMPTY])
        scope = f"{day}/{self._region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + credentials["SecretAccessKey"]).encode()
        for part in (day, self._region, "s3", "aws4_request", text):
            key = hmac.digest(key, part.encode(), "sha256")
        signed = f"Credential={credentials['AccessKeyId']}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        return {**headers, "Authorization": "AWS4-HMAC-SHA256 " + signed}

    def _current(self):
        with self._lock:
            if self._credentials is None or self._expired(self._credentials):
                request = urllib.request.Request(self._credentials_uri, headers={"Authorization": self._token})
                opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with opener.open(request, timeout=20) as answer:
                    self._credentials = json.load(answer)
            return self._credentials

    @staticmethod
    def _expired(credentials):
        try:
            ends = datetime.datetime.fromisoformat(credentials["Expiration"].replace("Z", "+00:00"))
        except (KeyError, ValueError):
            return True
        return ends - datetime.datetime.now(datetime.timezone.utc) < datetime.timedelta(seconds=RENEW_SECONDS)
