"""S3 PUT and GET of small and large objects, at one client and at many, beside moto's server and, where its binary is at hand, MinIO."""

from __future__ import annotations

import shutil

import boto3
import botocore.config
from lib import load, venvs
from lib.measure import MIB, interleave
from lib.servers import Ours, Peer, free_port

SIZES = {"4 KiB": 4096, "8 MiB": 8 * MIB}
CLIENTS = [1, 64]
BUCKET = "bench"


def start_moto(bench) -> Peer:
    bin_directory = venvs.environment(bench.venvs, "moto")
    bench.versions["moto"] = venvs.version(bin_directory, "moto")
    port = free_port()
    return Peer("moto", [str(bin_directory / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], port, "/moto-api/")


def start_minio(bench) -> Peer:
    program = shutil.which("minio")
    if not program:
        raise venvs.Missing("MinIO: no `minio` on PATH")
    port = free_port()
    peer = Peer("minio", [program, "server", "--address", f"127.0.0.1:{port}", "data"], port, "/minio/health/ready",
                MINIO_ROOT_USER="benchbench", MINIO_ROOT_PASSWORD="benchbench")
    peer.keys = ["--access-key", "benchbench", "--secret", "benchbench"]
    bench.versions["MinIO"] = "as on PATH"
    return peer


def make_bucket(server) -> None:
    keys = server.keys or load.no_keys()
    client = boto3.client("s3", endpoint_url=f"http://{server.target}", aws_access_key_id=keys[1], aws_secret_access_key=keys[3],
                          region_name="us-east-1", config=botocore.config.Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket=BUCKET)


def one_round(bench, server, mode: str, size: int, clients: int, prefix: str) -> dict[str, float]:
    # So few large objects that memory holds them; so many small ones that storms do not meet on one key.
    keys = 16 if size > MIB else 512
    seconds = bench.seconds * (2 if size > MIB and mode == "s3-put" else 1)
    arguments = ["--mode", mode, "--bucket", BUCKET, "--body-bytes", str(size), "--prefix", prefix, "--keys", str(keys),
                 "--connections", str(clients), "--seconds", str(seconds)]
    return load.run(bench.program("aloft-load"), server, *arguments)


def fill(bench, server, size: int, prefix: str) -> None:
    """Every key that the GETs ask for."""
    keys = 16 if size > MIB else 512
    load.run(bench.program("aloft-load"), server, "--mode", "s3-put", "--bucket", BUCKET, "--body-bytes", str(size), "--prefix", prefix,
             "--keys", str(keys), "--connections", "8", "--requests", str(keys))


def run(bench) -> None:
    section = bench.report.section(
        "S3", "Signed requests made in advance by `aloft-load`, path style, plain HTTP, 512 keys of 4 KiB or 16 of 8 MiB. moto keeps everything "
        "in memory, syncs nothing and checks no signature. A PUT's CPU includes SHA-256 of the payload, MD5 and CRC.",
        ["cpu_us", "per_second", "p50_ms", "p99_ms", "mb_per_second", "client_cpu_us"])
    servers = {"Aloft": Ours(bench.binary)}
    try:
        for name, start in (("moto", start_moto), ("MinIO", start_minio)):
            try:
                servers[name] = start(bench)
            except (venvs.Missing, TimeoutError, RuntimeError) as failure:
                bench.report.skip(f"{name} ({failure})" if name not in str(failure) else str(failure))
        for server in servers.values():
            make_bucket(server)
        for size_name, size in SIZES.items():
            prefix = f"{size}/"
            for server in servers.values():
                fill(bench, server, size, prefix)
            for clients in CLIENTS:
                for mode, verb in (("s3-put", "PUT"), ("s3-get", "GET")):
                    case = f"{verb} {size_name}, {clients} client{'s' if clients > 1 else ''}"
                    figures = interleave(bench.rounds, {
                        name: lambda server=server: one_round(bench, server, mode, size, clients, prefix) for name, server in servers.items()},
                        lambda reason: bench.report.skip(f"{case}, {reason}"))
                    for name, row in figures.items():
                        section.add(case, name, row)
    finally:
        for server in servers.values():
            server.close()
