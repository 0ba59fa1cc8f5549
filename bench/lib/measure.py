"""What every scenario measures with: rounds that take turns, processor time of processes, memory, and what the machine was doing.

Processor time per operation is the main figure, because it holds still on a shared machine; rates and latencies come beside it.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import platform
import statistics
import time

MIB = 1 << 20
TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Stat:
    """A figure over several rounds."""

    values: list[float]
    unit: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def sd(self) -> float:
        return statistics.stdev(self.values) if len(self.values) > 1 else 0.0

    def json(self) -> dict:
        return {"median": round(self.median, 4), "sd": round(self.sd, 4), "rounds": len(self.values), "unit": self.unit}


# The unit of each figure that a round may report.
UNITS = {"cpu_us": "µs CPU/op", "per_second": "/s", "p50_ms": "ms", "p99_ms": "ms", "mb_per_second": "MB/s", "gb_per_cpu_second": "GB/CPU s",
         "mib": "MiB", "ms": "ms"}


def interleave(rounds: int, alternatives: dict, leave_out=None) -> dict[str, dict[str, Stat]]:
    """Runs {name: function -> {figure: value}} in turn, A B A B ..., and returns {name: {figure: Stat}}. A peer that fails (its name is not
    Aloft's) is left out from then on where `leave_out(reason)` is given."""
    seen: dict[str, list[dict]] = {name: [] for name in alternatives}
    for _ in range(rounds):
        for name in list(seen):
            try:
                seen[name].append(alternatives[name]())
            except RuntimeError as failure:
                if leave_out is None or name.startswith("Aloft"):
                    raise
                leave_out(f"{name}: {failure}")
                del seen[name]
    return {name: {figure: Stat([row[figure] for row in rows], UNITS.get(figure, "")) for figure in rows[0]}
            for name, rows in seen.items() if rows}


def parents() -> dict[int, int]:
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    return found


def with_descendants(roots: list[int]) -> list[int]:
    """These processes and all below them."""
    above = parents()
    chosen = set(roots)
    while more := {pid for pid, parent in above.items() if parent in chosen} - chosen:
        chosen |= more
    return sorted(chosen)


def cpu_seconds(pids: list[int]) -> float:
    """User and system time so far of these processes, all their threads, and the children they have waited for."""
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(value) for value in fields[11:15])
    return total / TICK


def memory_mib(pid: int) -> dict[str, float]:
    """PSS and RSS of a process. PSS counts shared pages by share, as `smem` does."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Pss", "Rss"):
            found[name.lower() + "_mib"] = int(rest.split()[0]) / 1024
    return found


def pinned(core: int):
    """For Popen's preexec_fn: the child runs on this core only."""
    return lambda: os.sched_setaffinity(0, {core % os.cpu_count()})


def machine() -> dict:
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = int(next(line for line in open("/proc/meminfo") if line.startswith("MemTotal")).split()[1]) // 1024
    return {"processor": model, "cores": os.cpu_count(), "memory_mib": memory, "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "")}


class Load:
    """The machine's load average over a run: at the start, the highest, at the end."""

    def __init__(self):
        self.start = self.highest = os.getloadavg()[0]

    def look(self) -> float:
        now = os.getloadavg()[0]
        self.highest = max(self.highest, now)
        return now

    def json(self) -> dict:
        return {"start": round(self.start, 2), "highest": round(self.highest, 2), "end": round(self.look(), 2)}


def wait_until(condition, seconds: float, every: float, what: str):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise TimeoutError(f"{what}: not within {seconds} s")
