"""What a server may leave behind on the machine: processes, control groups, mounts, task directories. A sweep proves there is nothing."""

from __future__ import annotations

import os
import pathlib


def processes_of(data: pathlib.Path) -> dict[int, str]:
    """Processes whose command line, environment-free, names the data directory."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(data) in command:
            found[int(entry.name)] = command.strip()
    return found


def mounts_of(data: pathlib.Path) -> list[str]:
    return [line.split()[1] for line in open("/proc/self/mounts") if str(data) in line]


def tasks_of(data: pathlib.Path) -> list[str]:
    tasks = data / "tasks"
    return sorted(p.name for p in tasks.iterdir() if p.is_dir()) if tasks.exists() else []


def control_groups() -> set[str]:
    """Every control group that Aloft made, of any server on this machine."""
    found = set()
    for root, directories, _ in os.walk("/sys/fs/cgroup"):
        found.update(os.path.join(root, d) for d in directories if os.path.basename(root) == "aloft" or d.startswith("aloft-"))
    return found
