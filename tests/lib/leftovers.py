"""What a server may leave behind on the machine: processes, control groups, mounts, task directories. A sweep proves there is nothing."""

from __future__ import annotations

import hashlib
import os
import pathlib
import time


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


def control_groups_of(data: pathlib.Path, account: str) -> list[str]:
    """Control groups of tasks of this account: their names begin with the digest of where the tasks are. An earlier server in the same
    place had another account."""
    mine = {hashlib.sha256(str(data / name).encode()).hexdigest()[:8] + "-" for name in ("tasks", "slurm-tasks")}
    return [os.path.join(root, name) for root, directories, _ in os.walk("/sys/fs/cgroup") for name in directories if name[:9] in mine and f".{account}." in name]


def sandboxed_of(data: pathlib.Path) -> list[int]:
    """Processes that see something of this server's tasks through mounts of their own, whatever they are called: with them lives their
    mount namespace, and what it mounts."""
    mount = data
    while not os.path.ismount(mount):
        mount = mount.parent
    places = {f"{data}/tasks/", f"/{(data / 'tasks').relative_to(mount)}/"}
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            mounts = (entry / "mountinfo").read_text(errors="replace")
        except OSError:
            continue
        if any(place in mounts for place in places):
            found.append(int(entry.name))
    return found


def leftovers_of(cloud) -> dict[str, list]:
    """All that tasks of this server have on the machine, by its kind; {}: nothing. The server itself is not counted."""
    data, run = cloud.data, cloud.data / "run"
    found = {
        "processes": [command for command in processes_of(data).values() if "aloft-task" in command or "/tasks/" in command],
        "sandboxed": sandboxed_of(data), "control groups": control_groups_of(data, cloud.account), "mounts": mounts_of(data), "tasks": tasks_of(data),
        "sockets": [place.name for place in run.iterdir() if place.is_dir()] if run.exists() else [],
    }
    return {kind: things for kind, things in found.items() if things}


def swept(cloud, seconds: float = 60) -> None:
    """Fails where tasks leave something. A process that was killed is gone a moment later, and its namespaces with it."""
    end = time.monotonic() + seconds
    while (left := leftovers_of(cloud)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not left, left
