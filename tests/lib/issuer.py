"""An OpenID Connect issuer on loopback, with keys that OpenSSL makes and signs with: what a CI system or a directory is to a cloud."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import pathlib
import subprocess
import threading
import time
import urllib.parse
import uuid


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
    """`asked` counts the requests for keys; `keys` may be changed while it runs: that is a rotation. Whoever opens its page is
    `person`, and is sent back with a code (or, where `refuses` names an error, with that); `nonce` replaces the request's."""

    def __init__(self, directory: pathlib.Path):
        self.directory, self.asked, self.named = directory, 0, None
        self.person, self.refuses, self.nonce, self.codes = "ada@example.com", None, None, {}
        self.keys = [Key(directory, "rsa-1", "RS256"), Key(directory, "ec-1", "ES256")]
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/realm/.well-known/openid-configuration":
                    body = {"issuer": issuer.named or issuer.url, "jwks_uri": issuer.url + "/keys",
                            "authorization_endpoint": issuer.url + "/authorize", "token_endpoint": issuer.url + "/token"}
                elif self.path == "/realm/keys":
                    issuer.asked += 1
                    body = {"keys": [key.jwk() for key in issuer.keys]}
                elif self.path.startswith("/realm/authorize?"):
                    self.send_response(302)
                    self.send_header("Location", issuer.authorize(urllib.parse.parse_qs(self.path.split("?", 1)[1])))
                    return self.end_headers()
                else:
                    return self.send_error(404)
                self.answer(body)

            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                body = issuer.redeem(form) if self.path == "/realm/token" else None
                self.answer(body) if body else self.send_error(400)

            def answer(self, body):
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

    def authorize(self, query: dict) -> str:
        """Where the browser is sent; remembers what the code is good for."""
        back = {"state": query["state"][0]}
        if self.refuses:
            back["error"] = self.refuses
        else:
            assert query["response_type"] == ["code"] and query["code_challenge_method"] == ["S256"] and "openid" in query["scope"][0]
            back["code"] = uuid.uuid4().hex
            self.codes[back["code"]] = query
        return query["redirect_uri"][0] + "?" + urllib.parse.urlencode(back)

    def redeem(self, form: dict) -> dict | None:
        query = self.codes.pop(form["code"][0], None)
        if not query or form["redirect_uri"] != query["redirect_uri"] or form["client_id"] != query["client_id"]:
            return None
        if b64(hashlib.sha256(form["code_verifier"][0].encode()).digest()) != query["code_challenge"][0]:
            return None
        return {"token_type": "Bearer", "id_token": self.token(aud=query["client_id"][0], sub=self.person, email=self.person,
                                                               nonce=self.nonce or query["nonce"][0])}

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
