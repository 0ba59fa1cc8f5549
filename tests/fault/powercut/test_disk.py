"""The model of the disk, on recordings written by hand: what each order of calls leaves when the power goes."""

from __future__ import annotations

import pathlib
import random
import re

from disk import Disk
from recording import calls

# How strace tells of a new thread, up to what it returns.
CLONE = "clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, stack_size=0x7ff840}"


def played(tmp_path: pathlib.Path, *lines: str) -> Disk:
    """The disk after the recording of `lines`, each "THREAD CALL"; /d is the root."""
    trace = tmp_path / "trace"
    hexed = (re.sub(r'"([^"]*)"', lambda text: '"' + "".join(f"\\x{ord(c):02x}" for c in text[1]) + '"', each) for each in lines)
    numbered = (each.split(" ", 1) for each in hexed)
    trace.write_text("".join(f"{thread} {1000 + i}.5 {call}\n" for i, (thread, call) in enumerate(numbered)))
    disk = Disk("/d")
    for call in calls(str(trace)):
        disk.apply(call)
    return disk


def names(disk: Disk, how: str) -> list[str]:
    return sorted(disk.image(how, "all", random.Random(0)))


FOLDER = 'openat(AT_FDCWD, "/d", O_RDONLY|O_DIRECTORY) = 3'


def made(name: str) -> str:
    return f'mkdirat(3, "{name}", 0700) = 0'


# Two threads sync one folder; the one that began first, before the other's name was there, ends last. Both names stay: the disk takes
# back nothing that it vouched for. Recordings in which this happened were held against the store.
def test_older_sync_that_ends_last_takes_nothing_back(tmp_path):
    disk = played(
        tmp_path,
        f"1 {FOLDER}",
        f"1 {CLONE} => {{parent_tid=[2]}}, 88) = 2",
        f"1 {made('a')}",
        "1 fsync(3 <unfinished ...>",
        f"2 {made('b')}",
        "2 fsync(3) = 0",
        "1 <... fsync resumed>) = 0",
    )
    assert names(disk, "strict") == ["a", "b"]
    assert disk.settled == 2


# A sync vouches for no name that appeared after it began.
def test_sync_vouches_for_what_was_there_when_it_began(tmp_path):
    disk = played(
        tmp_path,
        f"1 {FOLDER}",
        f"1 {CLONE} => {{parent_tid=[2]}}, 88) = 2",
        f"1 {made('a')}",
        "1 fsync(3 <unfinished ...>",
        f"2 {made('b')}",
        "1 <... fsync resumed>) = 0",
    )
    assert names(disk, "strict") == ["a"]
    assert names(disk, "all") == ["a", "b"]


# A name that was removed and synced stays removed when an older sync ends.
def test_older_sync_brings_no_name_back(tmp_path):
    disk = played(
        tmp_path,
        f"1 {FOLDER}",
        f"1 {CLONE} => {{parent_tid=[2]}}, 88) = 2",
        f"1 {made('a')}",
        "1 fsync(3 <unfinished ...>",
        '2 unlinkat(3, "a", AT_REMOVEDIR) = 0',
        "2 fsync(3) = 0",
        "1 <... fsync resumed>) = 0",
    )
    assert names(disk, "strict") == []


# A sync that failed vouches for nothing.
def test_failed_sync_vouches_for_nothing(tmp_path):
    disk = played(tmp_path, f"1 {FOLDER}", f"1 {made('a')}", "1 fsync(3) = -1 EIO (Input/output error)")
    assert names(disk, "strict") == []


# Of bytes, two overlapping syncs vouch for what was written before each began.
def test_overlapping_syncs_of_bytes(tmp_path):
    disk = played(
        tmp_path,
        f"1 {FOLDER}",
        f"1 {CLONE} => {{parent_tid=[2]}}, 88) = 2",
        '1 openat(3, "f", O_WRONLY|O_CREAT, 0600) = 4',
        "1 fsync(3) = 0",
        '1 pwrite64(4, "one", 3, 0) = 3',
        "1 fdatasync(4 <unfinished ...>",
        '2 pwrite64(4, "two", 3, 3) = 3',
        "2 fdatasync(4 <unfinished ...>",
        '1 <... fdatasync resumed>) = 0',
        '2 pwrite64(4, "no", 2, 6) = 2',
    )
    assert disk.image("strict", "strict", random.Random(0)) == {"f": b"one"}
    assert disk.image("strict", "all", random.Random(0)) == {"f": b"onetwono"}


# A thread may call before the clone that made it is told to have ended; another process's calls are never taken for ours.
def test_thread_that_calls_before_its_clone_ended(tmp_path):
    disk = played(
        tmp_path,
        f"1 {FOLDER}",
        f"1 {CLONE} <unfinished ...>",
        f"2 {made('a')}",
        "1 <... clone3 resumed> => {parent_tid=[2]}, 88) = 2",
        "1 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 9",
        f"9 {made('b')}",
    )
    assert names(disk, "all") == ["a"]


# A number that is free again may be another file before its close is told to have ended.
def test_number_used_again_while_its_close_runs(tmp_path):
    disk = played(
        tmp_path,
        f"1 {FOLDER}",
        f"1 {CLONE} => {{parent_tid=[2]}}, 88) = 2",
        '1 openat(3, "f", O_WRONLY|O_CREAT, 0600) = 4',
        "1 close(4 <unfinished ...>",
        '2 openat(3, "g", O_WRONLY|O_CREAT, 0600) = 4',
        "1 <... close resumed>) = 0",
        '2 write(4, "g", 1) = 1',
    )
    assert disk.image("all", "all", random.Random(0)) == {"f": b"", "g": b"g"}
