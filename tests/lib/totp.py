"""Codes as an authenticator app makes them (RFC 6238), and waiting for one that was not used yet."""

import base64
import hashlib
import hmac
import struct
import time


class Authenticator:
    def __init__(self, seed: bytes):
        self.secret = base64.b32decode(seed + b"=" * (-len(seed) % 8))
        self.used = 0

    def at(self, step: int) -> str:
        mac = hmac.new(self.secret, struct.pack(">Q", step), hashlib.sha1).digest()
        offset = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[offset:offset + 4])[0] & 0x7fffffff) % 1_000_000:06d}"

    def pair(self) -> tuple[str, str]:
        """Two codes in a row, as EnableMFADevice wants them: the past step and this one, so that the next is free at once."""
        step = int(time.time()) // 30
        self.used = step
        return self.at(step - 1), self.at(step)

    def code(self) -> str:
        """A code later than every one before; the server takes the coming step too, so there is seldom a wait."""
        while self.used >= int(time.time()) // 30 + 1:
            time.sleep(0.5)
        self.used = max(self.used + 1, int(time.time()) // 30)
        return self.at(self.used)
