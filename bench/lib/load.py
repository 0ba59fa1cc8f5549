"""Runs aloft-load against a server and turns its report into figures."""

from __future__ import annotations

import json
import subprocess

from .measure import cpu_seconds


class BadLoad(RuntimeError):
    """The server answered something else than was asked for; a rate of errors is no rate."""


def run(program, server, *arguments: str, expected: tuple[str, ...] = ("200",), tree: bool = False, keys: bool = True) -> dict[str, float]:
    """One round: figures of the load and the processor time that the server (with its workers, if `tree`) took for it."""
    pids = server.all_pids() if tree else server.pids()
    before = cpu_seconds(pids)
    command = [str(program), "--target", server.target, *(server.keys if keys and server.keys else no_keys()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BadLoad(done.stderr.strip())
    report = json.loads(done.stdout)
    used = cpu_seconds(pids) - before
    if report["errors"] or not set(report["statuses"]) <= set(expected) or not report["requests"]:
        raise BadLoad(f"errors: {report['errors']}, statuses: {report['statuses']}")
    requests = report["requests"]
    return {"cpu_us": used / requests * 1e6, "per_second": report["requests_per_second"], "p50_ms": report["p50_us"] / 1e3,
            "p99_ms": report["p99_us"] / 1e3, "seconds": report["seconds"], "client_cpu_us": report["client_cpu_seconds"] / requests * 1e6,
            "mb_per_second": (report["bytes_received"] + report.get("bytes_sent", 0)) / report["seconds"] / 1e6,
            "gb_per_cpu_second": (report["bytes_received"] + report.get("bytes_sent", 0)) / max(used, 1e-9) / 1e9}


def no_keys() -> list[str]:
    """For servers that check no signature; the bytes of a request stay the same."""
    return ["--access-key", "AKIAIOSFODNN7EXAMPLE", "--secret", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]
