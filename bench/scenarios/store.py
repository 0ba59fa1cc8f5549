"""The object store beside what disk and libraries give in the same run (bench/disk_floor.cc): commits, multipart, plain and encrypted reads."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import time

from lib import load
from lib.measure import MIB, Stat, cpu_seconds, interleave
from lib.servers import Ours

BUCKET = "bench"
PART, PARTS = 8 * MIB, 8
LARGE = PART * PARTS


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
    """One upload of 64 MiB in eight parts at once, from CreateMultipartUpload to its completion."""
    s3 = server.cloud.admin.client("s3")
    paths = pathlib.Path(home) / "parts"
    pids, before, begin = server.pids(), cpu_seconds(server.pids()), time.monotonic()
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
    paths.write_text("".join(f"/{BUCKET}/large?partNumber={n}&uploadId={upload}\n" for n in range(1, PARTS + 1)))
    figures = load.run(bench.program("aloft-load"), server, "--mode", "s3-put", "--paths-file", str(paths), "--body-bytes", str(PART), "--connections", str(PARTS),
                       "--requests", str(PARTS))
    parts = [{"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in s3.list_parts(Bucket=BUCKET, Key="large", UploadId=upload)["Parts"]]
    s3.complete_multipart_upload(Bucket=BUCKET, Key="large", UploadId=upload, MultipartUpload={"Parts": parts})
    took, used = time.monotonic() - begin, cpu_seconds(pids) - before
    client = figures["client_cpu_us"] * PARTS / 1e6
    # What the cores could do at best, if nothing waited: client and server share them.
    return {"mb_per_second": LARGE / took / 1e6, "cpu_us": used * 1e6, "client_cpu_us": client * 1e6,
            "cores_mb_per_second": LARGE / 1e6 * os.cpu_count() / max(used + client, 1e-9)}


def large_get(bench, server) -> dict[str, float]:
    return load.run(bench.program("aloft-load"), server, "--mode", "s3-get", "--bucket", BUCKET, "--prefix", "large", "--keys", "1", "--paths-file",
                    str(server.paths), "--connections", "2", "--seconds", str(bench.seconds))


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
        **{name: lambda server=server: large_get(bench, server) for name, server in servers.items()}})
    section.add("64 MiB file", "sendfile", figures["sendfile"])
    section.add("AES-256-GCM frames and a copy", "OpenSSL", figures["open"])
    for name in servers:
        section.add("GET 64 MiB, 2 clients", name, figures[name])

    def share(name: str, base: float) -> float:
        return figures[name]["gb_per_cpu_second"].median / base

    plain = share("Aloft, encryption off", figures["sendfile"]["gb_per_cpu_second"].median)
    bench.report.aim("plain GET 64 MiB beside sendfile, by CPU", "≥ 70%", f"{plain:.0%}", plain >= 0.7)
    if "Aloft, encrypted" in servers:
        # An encrypted read opens its frames, and then sends what came out: both are what the machine takes for it.
        both = 1 / (1 / figures["open"]["gb_per_cpu_second"].median + 1 / copying_send(figures))
        sealed = share("Aloft, encrypted", both)
        bench.report.aim("encrypted GET 64 MiB beside AES-GCM, a copy and sending, by CPU", "≥ 60%", f"{sealed:.0%}", sealed >= 0.6)


def copying_send(figures: dict[str, dict[str, Stat]]) -> float:
    return figures["sendfile"]["gb_per_cpu_second"].median


def supports(bench, setting: str) -> bool:
    """Whether this build knows a line of configuration; what it does not know it refuses by name."""
    with tempfile.TemporaryDirectory() as home:
        file = pathlib.Path(home) / "aloft.toml"
        file.write_text(setting)
        command = [str(bench.binary), "up", "--data", f"{home}/data", "--listen", "127.0.0.1:0", "--no-tls", "--config", str(file)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            return "Aloft is up" in process.stdout.readline()
        finally:
            process.terminate()
            process.wait(30)


OFF = '[encryption]\nat_rest = "off"\n'


def run(bench) -> None:
    section = bench.report.section(
        "The object store beside the machine", "What disk and libraries give, by `bench/disk_floor.cc` in the same run, and what the object store makes of it. "
        "Writes are synced.", ["cpu_us", "per_second", "p50_ms", "p99_ms", "mb_per_second", "gb_per_cpu_second", "client_cpu_us"])
    encrypts = supports(bench, OFF)
    servers = {"Aloft, encryption off": Ours(bench.binary, config=OFF if encrypts else "")}
    try:
        if encrypts:
            servers["Aloft, encrypted"] = Ours(bench.binary)
        else:
            bench.report.skip("encrypted GET: this build has no encryption.at_rest")
        with tempfile.TemporaryDirectory(prefix="aloft-bench-store-") as home:
            for server in servers.values():
                server.cloud.admin.client("s3").create_bucket(Bucket=BUCKET)
                server.paths = server.home / "large"
                server.paths.write_text(f"/{BUCKET}/large\n")
            server = servers.get("Aloft, encrypted", servers["Aloft, encryption off"])  # as it is by default
            small(bench, server, "s3-put")
            commits(bench, section, server, home)
            for each in servers.values():
                multipart(bench, each, home)
            uploads(bench, section, server, home)
            reads(bench, section, servers, home)
    finally:
        for server in servers.values():
            server.close()
