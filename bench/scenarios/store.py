"""The object store beside what disk and libraries give in the same run (bench/disk_floor.cc): commits, multipart, plain and encrypted reads."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import time

from lib import load
from lib.measure import MIB, cpu_seconds, interleave
from lib.servers import Ours

BUCKET = "bench"
PART, PARTS = 8 * MIB, 8
LARGE = PART * PARTS
KEYS = {"whole-0": "put at once", "large": "put in 8 parts"}
PLAIN, ENCRYPTED = "Aloft, encryption off", "Aloft, encrypted"


def floor(bench, mode: str, place: str) -> dict[str, float]:
    """One round of disk-floor."""
    done = subprocess.run([str(bench.program("disk-floor")), mode, place, str(bench.seconds)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"disk-floor {mode} failed {done.stderr}")
    report = json.loads(done.stdout)
    return {"per_second": report["operations"] / report["seconds"], "mb_per_second": report["bytes"] / report["seconds"] / 1e6,
            "cpu_us": report["cpu_seconds"] / report["operations"] * 1e6,
            "gb_per_cpu_second": report["bytes"] / max(report["cpu_seconds"], 1e-9) / 1e9}


def small(bench, server, mode: str) -> dict[str, float]:
    return load.run(bench.program("aloft-load"), server, "--mode", mode, "--bucket", BUCKET, "--body-bytes", "4096", "--prefix", "small/", "--keys", "512",
                    "--connections", "64", "--seconds", str(bench.seconds))


def multipart(bench, server, home: str) -> dict[str, float]:
    """One upload of 64 MiB in eight parts at once: CreateMultipartUpload, the parts, CompleteMultipartUpload. What only the measuring does (starting the
    load generator, asking for the parts' ETags) is not counted."""
    s3 = server.cloud.admin.client("s3")
    paths = pathlib.Path(home) / "parts"
    pids = server.pids()
    before, own, begin = cpu_seconds(pids), time.process_time(), time.monotonic()
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
    took, own = time.monotonic() - begin, time.process_time() - own
    paths.write_text("".join(f"/{BUCKET}/large?partNumber={n}&uploadId={upload}\n" for n in range(1, PARTS + 1)))
    figures = load.run(bench.program("aloft-load"), server, "--mode", "s3-put", "--paths-file", str(paths), "--body-bytes", str(PART), "--connections", str(PARTS),
                       "--requests", str(PARTS))
    parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in s3.list_parts(Bucket=BUCKET, Key="large", UploadId=upload)["Parts"]]
    started, begin = time.process_time(), time.monotonic()
    s3.complete_multipart_upload(Bucket=BUCKET, Key="large", UploadId=upload, MultipartUpload={"Parts": parts})
    took += time.monotonic() - begin + figures["seconds"]
    used = cpu_seconds(pids) - before
    client = figures["client_cpu_us"] * PARTS / 1e6 + own + time.process_time() - started
    # What the cores could do at best, if nothing waited: client and server share them.
    return {"mb_per_second": LARGE / took / 1e6, "cpu_us": used * 1e6, "client_cpu_us": client * 1e6,
            "cores_mb_per_second": LARGE / 1e6 * os.cpu_count() / max(used + client, 1e-9)}


def large_put(bench, server) -> None:
    load.run(bench.program("aloft-load"), server, "--mode", "s3-put", "--bucket", BUCKET, "--prefix", "whole-", "--keys", "1", "--body-bytes", str(LARGE),
             "--connections", "1", "--requests", "1")


def large_get(bench, server, key: str) -> dict[str, float]:
    """64 MiB that were put at once ("whole-0") or in eight parts ("large"), which lie in eight files."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as paths:
        paths.write(f"/{BUCKET}/{key}\n")
        paths.flush()
        return load.run(bench.program("aloft-load"), server, "--mode", "s3-get", "--paths-file", paths.name, "--connections", "2", "--seconds", str(3 * bench.seconds))


def commits(bench, section, server, home: str) -> None:
    figures = interleave(bench.rounds, {"floor": lambda: floor(bench, "commit", home), "PUT": lambda: small(bench, server, "s3-put"),
                                        "GET": lambda: small(bench, server, "s3-get")})
    section.add("4 KiB synced write, 64 threads", "RocksDB alone", figures["floor"])
    section.add("PUT 4 KiB, 64 clients", "Aloft", figures["PUT"])
    section.add("GET 4 KiB warm, 64 clients", "Aloft", figures["GET"])
    share = figures["PUT"]["per_second"].median / figures["floor"]["per_second"].median
    bench.report.aim("PUT 4 KiB, 64 clients, beside RocksDB's own group commit", "≥ 50%", f"{share:.0%}", share >= 0.5)
    get = figures["GET"]
    each = get["cpu_us"].median + get["client_cpu_us"].median
    rate = get["per_second"].median
    bench.report.aim("GET 4 KiB warm, server and client on the same cores", "≥ 40,000/s, p99 < 10 ms",
                     f"{rate:,.0f}/s, p99 {get['p99_ms'].median:.1f} ms; {each:.0f} µs of CPU with the client, so {os.cpu_count() / each * 1e6:,.0f}/s of free cores",
                     rate >= 40_000 and get["p99_ms"].median < 10)


def uploads(bench, section, server, home: str) -> None:
    figures = interleave(bench.rounds, {
        "direct": lambda: floor(bench, "direct", home), "md5": lambda: floor(bench, "md5", "-"), "put": lambda: multipart(bench, server, home)})
    section.add("O_DIRECT write", "the disk", figures["direct"])
    section.add("MD5", "OpenSSL", figures["md5"])
    section.add("multipart PUT 64 MiB, 8 parts at once", "Aloft", figures["put"])
    limits = {"the disk": figures["direct"]["mb_per_second"].median, "MD5": figures["md5"]["mb_per_second"].median,
              "the cores": figures["put"]["cores_mb_per_second"].median}
    name = min(limits, key=limits.get)
    share = figures["put"]["mb_per_second"].median / limits[name]
    bench.report.aim("multipart PUT 64 MiB beside min(disk, MD5, cores / CPU)", "≥ 75%",
                     f"{share:.0%} ({figures['put']['mb_per_second'].median:.0f} MB/s; the limit is {name}, {limits[name]:.0f} MB/s)", share >= 0.75)


def reads(bench, section, servers: dict, home: str) -> None:
    file = pathlib.Path(home) / "file"
    file.write_bytes(os.urandom(MIB) * (LARGE // MIB))
    figures = interleave(bench.rounds, {
        "sendfile": lambda: floor(bench, "sendfile", str(file)), "open": lambda: floor(bench, "open", "-"),
        **{(name, key): lambda server=server, key=key: large_get(bench, server, key) for name, server in servers.items() for key in KEYS}})
    section.add("64 MiB file", "sendfile", figures["sendfile"])
    section.add("AES-256-GCM frames and a copy", "OpenSSL", figures["open"])
    send, opened = figures["sendfile"]["gb_per_cpu_second"].median, figures["open"]["gb_per_cpu_second"].median
    for name in servers:
        for key, how in KEYS.items():
            got = figures[name, key]
            section.add(f"GET 64 MiB {how}, 2 clients", name, got)
            # An encrypted read opens its frames, and then sends what came out: both are what the machine takes for it.
            base, wanted, what = (send, 0.7, "sendfile") if name == PLAIN else (1 / (1 / opened + 1 / send), 0.6, "AES-GCM, a copy and sending")
            share = got["gb_per_cpu_second"].median / base
            bench.report.aim(f"GET 64 MiB {how} ({name.removeprefix('Aloft, ')}) beside {what}, by CPU", f"≥ {wanted:.0%}", f"{share:.0%}", share >= wanted)


def setting_for_off(bench) -> str | None:
    """The configuration that turns encryption off, where this build has one; what it does not know it refuses."""
    for setting in ('[encryption]\nat_rest = "off"\n', 'encryption_at_rest = "off"\n', 'encryption.at_rest = "off"\n'):
        try:
            Ours(bench.binary, config=setting).close()
            return setting
        except RuntimeError:
            continue
    return None


def encrypts(server) -> bool:
    s3 = server.cloud.admin.client("s3")
    s3.put_object(Bucket=BUCKET, Key="probe", Body=b"x")
    return "ServerSideEncryption" in s3.head_object(Bucket=BUCKET, Key="probe")


def run(bench) -> None:
    section = bench.report.section(
        "The object store beside the machine", "What disk and libraries give, by `bench/disk_floor.cc` in the same run, and what the object store makes of it. "
        "Writes are synced.", ["cpu_us", "per_second", "p50_ms", "p99_ms", "mb_per_second", "gb_per_cpu_second", "client_cpu_us"])
    servers, default = {}, Ours(bench.binary)
    try:
        off = setting_for_off(bench)
        default.cloud.admin.client("s3").create_bucket(Bucket=BUCKET)
        servers[ENCRYPTED if encrypts(default) else PLAIN] = default
        if ENCRYPTED in servers and off:
            servers[PLAIN] = Ours(bench.binary, config=off)
            servers[PLAIN].cloud.admin.client("s3").create_bucket(Bucket=BUCKET)
        for name in {PLAIN, ENCRYPTED} - set(servers):
            bench.report.skip(f"GET with {name.removeprefix('Aloft, ')}: this build cannot be configured so")
        with tempfile.TemporaryDirectory(prefix="aloft-bench-store-") as home:
            server = default
            small(bench, server, "s3-put")
            commits(bench, section, server, home)
            for each in servers.values():
                multipart(bench, each, home)
                large_put(bench, each)
            uploads(bench, section, server, home)
            reads(bench, section, servers, home)
    finally:
        for server in servers.values():
            server.close()
