"""The http room beside a bare epoll loop: processor time per small reply, bytes per second of one core, memory of idle connections."""

from __future__ import annotations

import os
import pathlib
import resource
import socket
import subprocess
import tempfile

from lib import load
from lib.measure import MIB, interleave, memory_mib, pinned

FILE_MIB = 8


class Floor:
    """One of the floor programs, on a core of its own."""

    keys: list[str] = []

    def __init__(self, program: pathlib.Path, file: str):
        self.process = subprocess.Popen([str(program), file], stdout=subprocess.PIPE, text=True, preexec_fn=pinned(0))
        self.port = int(self.process.stdout.readline())
        self.target = f"127.0.0.1:{self.port}"

    def pids(self) -> list[int]:
        return [self.process.pid]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def idle_bytes(server: Floor, connections: int) -> float:
    """Bytes of the server's own memory that each idle connection costs, once it has been answered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = memory_mib(server.process.pid)["rss_mib"]
    sockets = []
    try:
        for _ in range(connections):
            peer = socket.create_connection(("127.0.0.1", server.port))
            sockets.append(peer)
            peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            peer.recv(4096)
        return (memory_mib(server.process.pid)["rss_mib"] - before) * MIB / connections
    finally:
        for peer in sockets:
            peer.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def run(bench) -> None:
    section = bench.report.section(
        "HTTP", "The http room with handlers that do nothing, beside the least that a server can do. Server on one core, client on the other; "
        "plain HTTP/1.1 over loopback.", ["cpu_us", "per_second", "p50_ms", "p99_ms", "gb_per_cpu_second"])
    cases = {"GET 5 bytes, 64 clients": ["--connections", "64"],
             "POST 1 KiB, 64 clients": ["--mode", "post", "--body-bytes", "1024", "--connections", "64"],
             f"GET {FILE_MIB} MiB file, 8 clients": ["--path", "/file", "--connections", "8"]}
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as file:
        file.write(os.urandom(MIB) * FILE_MIB)
        file.flush()
        servers = {"Aloft's http room": Floor(bench.program("http-floor"), file.name),
                   "bare epoll loop": Floor(bench.program("epoll-floor"), file.name)}
        try:
            found = {}
            for case, arguments in cases.items():
                found[case] = interleave(bench.rounds, {
                    name: lambda server=server: load.run(bench.program("aloft-load"), server, *arguments, "--seconds", str(bench.seconds))
                    for name, server in servers.items()})
                for name, figures in found[case].items():
                    section.add(case, name, figures)
            ours, bare = servers
            small, _, large = found.values()
            ratio = small[ours]["cpu_us"].median / small[bare]["cpu_us"].median
            bench.report.aim("HTTP: CPU per small reply beside a bare epoll loop", "≤ 1.6x", f"{ratio:.2f}x", ratio <= 1.6)
            speed = large[ours]["gb_per_cpu_second"].median
            bench.report.aim("HTTP: plain 8 MiB GET per core", "≥ 4 GB/s", f"{speed:.1f} GB/s", speed >= 4)
            each = idle_bytes(servers[ours], 1000 if bench.quick else 10_000)
            bench.report.aim("HTTP: memory of an idle connection", "10,000 of them", f"{each / 1024:.1f} KiB each", each < 64 * 1024)
        finally:
            for server in servers.values():
                server.close()
