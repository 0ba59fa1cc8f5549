"""An OpenID Connect issuer on loopback, with keys that OpenSSL makes and signs with: what a CI system or a directory is to a cloud."""

from __future__ import annotations

import base64
import http.server
import json
import pathlib
import subprocess
import threading
import time


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def openssl(*arguments: str, text: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=text, capture_output=True, check=True).stdout


class Key:
    def __init__(self, directory: pathlib.Path, name: str, algorithm: str):
        self.id, self.algorithm, self.path = name, algorithm, directory / f"{name}.pem"
        if algorithm == "RS256":
            openssl("genrsa", "-out", str(self.path), "2048")
        else:
            openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(self.path))

    def jwk(self) -> dict:
        if self.algorithm == "RS256":
            modulus = openssl("rsa", "-in", str(self.path), "-noout", "-modulus").decode().strip().split("=")[1]
            return {"kty": "RSA", "use": "sig", "kid": self.id, "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}
        point = openssl("ec", "-in", str(self.path), "-pubout", "-outform", "DER")[-64:]
        return {"kty": "EC", "crv": "P-256", "kid": self.id, "x": b64(point[:32]), "y": b64(point[32:])}

    def sign(self, text: bytes) -> bytes:
        signature = openssl("dgst", "-sha256", "-sign", str(self.path), text=text)
        if self.algorithm == "RS256":
            return signature
        numbers, rest = [], signature[2:]
        for _ in range(2):  # DER: 02 <length> <number>
            numbers.append(rest[2:2 + rest[1]].lstrip(b"\0").rjust(32, b"\0"))
            rest = rest[2 + rest[1]:]
        return b"".join(numbers)


class Issuer:
    """`asked` counts the requests for keys; `keys` may be changed while it runs: that is a rotation."""

    def __init__(self, directory: pathlib.Path):
        self.directory, self.asked, self.named = directory, 0, None
        self.keys = [Key(directory, "rsa-1", "RS256"), Key(directory, "ec-1", "ES256")]
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/realm/.well-known/openid-configuration":
                    body = {"issuer": issuer.named or issuer.url, "jwks_uri": issuer.url + "/keys"}
                elif self.path == "/realm/keys":
                    issuer.asked += 1
                    body = {"keys": [key.jwk() for key in issuer.keys]}
                else:
                    return self.send_error(404)
                text = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/realm"
        self.name = self.url.split("://")[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, key: Key | None = None, header: dict | None = None, **claims) -> str:
        key = key or self.keys[0]
        now = int(time.time())
        claims = {"iss": self.url, "aud": "aloft-test", "sub": "repo:team/model", "iat": now, "exp": now + 600, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        header = header or {"alg": key.algorithm, "kid": key.id, "typ": "JWT"}
        text = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        return text + "." + b64(key.sign(text.encode()))

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
