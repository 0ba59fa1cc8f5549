"""From exec to the first answer on an empty data directory, and what an idle server holds in memory."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from lib.measure import Stat, cpu_seconds, memory_mib
from lib.servers import ask, free_port


def first_answer(binary: pathlib.Path, *arguments: str, path: str = "/readyz") -> dict[str, float]:
    """Starts a server on an empty directory, polls until it is ready, then lets it idle for a second and looks at its memory."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="aloft-bench-"))
    port = free_port()
    command = [str(binary), "up", "--data", str(home / "data"), "--listen", f"127.0.0.1:{port}", *arguments]
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while ask(port, path) != 200:
            if process.poll() is not None or time.monotonic() > begin + 30:
                raise RuntimeError("the server did not start")
            time.sleep(0.001)
        took = (time.monotonic() - begin) * 1e3
        cpu = cpu_seconds([process.pid]) * 1e3
        time.sleep(1)
        return {"ms": took, "cpu_ms": cpu, **memory_mib(process.pid)}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def run(bench) -> None:
    section = bench.report.section(
        "Start and memory", "From `exec` of `aloft up` on an empty data directory to the first answer of `/readyz`, wall time; then PSS after a "
        "second of idleness. The server makes its databases, its root key and the first administrator in that time.",
        ["ms", "cpu_ms", "pss_mib", "rss_mib"])
    # One start that is thrown away: the first reads the binary from the disk.
    first_answer(bench.binary, "--no-tls")
    rounds = [first_answer(bench.binary, "--no-tls") for _ in range(bench.rounds * 2)]
    figures = {name: Stat([row[name] for row in rounds]) for name in rounds[0]}
    section.add("empty directory", "Aloft", figures)
    took, idle = figures["ms"], figures["pss_mib"]
    bench.report.aim("start to first answer, empty directory", "≤ 100 ms", f"{took.median:.0f} ± {took.sd:.0f} ms wall, "
                     f"{figures['cpu_ms'].median:.0f} ms CPU", took.median <= 100)
    bench.report.aim("idle memory (PSS)", "≤ 60 MiB", f"{idle.median:.1f} MiB", idle.median <= 60)
