"""A thousand uploads open at once, each declared 1 GiB and only begun: what they cost the server in memory."""

from __future__ import annotations

import resource
import selectors
import socket
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from lib.measure import MIB, Stat, memory_mib
from lib.servers import Ours

BUCKET = "bench"
DECLARED = 1 << 30


def head(server, key: str) -> bytes:
    admin = server.cloud.admin
    request = botocore.awsrequest.AWSRequest("PUT", f"http://{server.target}/{BUCKET}/{key}", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    request.context["payload_signing_enabled"] = False
    botocore.auth.S3SigV4Auth(botocore.credentials.Credentials(admin.access_key_id, admin.secret), "s3", "us-east-1").add_auth(request)
    headers = {**dict(request.headers), "Host": server.target, "Content-Length": str(DECLARED)}
    return (f"PUT /{BUCKET}/{key} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()


def run(bench) -> None:
    count, sent = (100, 1) if bench.quick else (1000, 16)
    section = bench.report.section("Open uploads", f"{count} PUTs open at once, each declared 1 GiB, {sent} MiB of each sent, none finished.", ["rss_mib"])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    ours = Ours(bench.binary)
    peers, selector, piece = [], selectors.DefaultSelector(), b"u" * (256 * 1024)
    try:
        ours.cloud.admin.client("s3").create_bucket(Bucket=BUCKET)
        before = memory_mib(ours.cloud.process.pid)["rss_mib"]
        for n in range(count):
            peer = socket.create_connection(("127.0.0.1", ours.port))
            peer.sendall(head(ours, f"upload-{n}"))
            peer.setblocking(False)
            peers.append(peer)
            selector.register(peer, selectors.EVENT_READ | selectors.EVENT_WRITE, [0])
        highest, open_still, looked = before, count, 0.0
        while open_still:
            for key, events in selector.select(30):
                if events & selectors.EVENT_READ:
                    raise RuntimeError("an upload was answered: " + key.fileobj.recv(400).decode(errors="replace"))
                key.data[0] += key.fileobj.send(piece)
                if key.data[0] >= sent * MIB:
                    selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
                    open_still -= 1
            if time.monotonic() - looked > 0.2:
                looked, highest = time.monotonic(), max(highest, memory_mib(ours.cloud.process.pid)["rss_mib"])
        highest = max(highest, memory_mib(ours.cloud.process.pid)["rss_mib"])
        section.add(f"{count} uploads", "Aloft", {"rss_mib": Stat([highest])})
        section.add("before them", "Aloft", {"rss_mib": Stat([before])})
        bench.report.aim(f"{count:,} open uploads, 1 GiB declared, {sent} MiB sent", "< 1 GiB", f"{highest:.0f} MiB ({before:.0f} MiB before)", highest < 1024)
    finally:
        for peer in peers:
            peer.close()
        ours.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
