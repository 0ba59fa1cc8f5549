"""A task's agent that runs nothing: it tells its keys as `aloft-task` does, opens what the server seals to them, and leaves all of it where a test
can take it. What a thief may have of an agent, and what an agent itself would do, is then the test's to try.

    double = AgentDouble(directory)                      # before the server starts, with settings=double.settings
    agent = double.of(task)                              # once a job was made; .credentials, .certificate, .key: files and values
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import pathlib
import socket
import stat
import sys
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LIFE = 300  # seconds, after which it ends whatever happens


def hkdf_extract(salt: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), material, "sha256")


def hkdf_expand(key: bytes, info: bytes, size: int) -> bytes:
    out = block = b""
    while len(out) < size:
        block = hmac.digest(key, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:size]


def hpke_open(private: x25519.X25519PrivateKey, sealed: bytes, info: bytes, associated: bytes) -> bytes:
    """RFC 9180, base mode, X25519, HKDF-SHA256, AES-256-GCM."""
    raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    kem, suite = b"KEM" + b"\x00\x20", b"HPKE" + b"\x00\x20\x00\x01\x00\x02"

    def extract(who: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
        return hkdf_extract(salt, b"HPKE-v1" + who + label + material)

    def expand(who: bytes, key: bytes, label: bytes, about: bytes, size: int) -> bytes:
        return hkdf_expand(key, size.to_bytes(2, "big") + b"HPKE-v1" + who + label + about, size)

    ephemeral, text = sealed[:32], sealed[32:]
    agreed = private.exchange(x25519.X25519PublicKey.from_public_bytes(ephemeral))
    shared = expand(kem, extract(kem, b"", b"eae_prk", agreed), b"shared_secret", ephemeral + private.public_key().public_bytes(*raw), 32)
    context = b"\x00" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    key, nonce = expand(suite, secret, b"key", context, 32), expand(suite, secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, text, associated)


class AgentDouble:
    """`before`: it is one of an earlier version, which tells no key for TLS."""

    def __init__(self, directory: pathlib.Path, before: bool = False):
        self.out = directory / "aloft-task-double"
        self.out.mkdir(parents=True)
        program = directory / "aloft-task"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{self.out}" {int(before)} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.settings = f'agent_binary = "{program}"\n'

    def grants(self, job: str) -> list[dict]:
        """What that job's agent was given, one after the other, each with the files `certificate_file` and `key_file`."""
        return [json.loads(file.read_text()) for file in sorted(self.out.glob(f"*{job}*.json"))]


def main() -> None:
    out, before, directory = pathlib.Path(sys.argv[1]), sys.argv[2] == "1", pathlib.Path(sys.argv[sys.argv.index("--directory") + 1])
    task = json.loads((directory / "spec.json").read_text())["id"]
    sealing, tls = x25519.X25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    key_file = out / f"{task}.key"
    key_file.write_bytes(tls.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))

    def tell(event: str, **members) -> None:
        with open(directory / "journal", "a") as journal:
            journal.write(json.dumps({"v": 1, "at": time.time_ns() // 1000, "event": event, **members}) + "\n")

    ticks = int(pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    tell("agent", pid=os.getpid(), start_ticks=ticks, boot_id=pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip(), seals=True)
    public = sealing.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    spki = tls.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo).hex()
    tell("key", public_key=public, **({} if before else {"tls_key": spki, "host": socket.gethostname()}))

    seen, count, end = "", 0, time.monotonic() + LIFE
    while time.monotonic() < end and (directory / "spec.json").exists() and not (directory / "stop").exists():
        file = directory / "credentials.json"
        text = file.read_text() if file.exists() else ""
        if text and text != seen:
            seen, count = text, count + 1
            sealed = base64.b64decode(json.loads(text)["sealed"])
            grant = json.loads(hpke_open(sealing, sealed, b"aloft: a task's credentials, version 2", task.encode()))
            if certificate := grant.get("certificate"):
                grant["certificate_file"], grant["key_file"] = str(out / f"{task}.{count}.pem"), str(key_file)
                pathlib.Path(grant["certificate_file"]).write_text(certificate)
            grant["task"] = task
            grant["spki_sha256"] = hashlib.sha256(bytes.fromhex(spki)).hexdigest()
            partial = out / "partial"
            partial.write_text(json.dumps(grant))
            partial.rename(out / f"{task}.{count}.json")
        time.sleep(0.05)
    if (directory / "journal").exists():
        tell("ended", outcome="Stopped", failure="", failure_is_users=False)


if __name__ == "__main__":
    main()
