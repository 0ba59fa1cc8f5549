"""System calls of a program that change files, recorded below the C library with strace.

`record(command, directory)` runs a command; `calls(path)` reads the recording in the order in which things happened:
a call that others overlapped appears twice, when it began and when it ended, because an fsync vouches only for what
was written before it began.
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Iterator

CALLS = (
    "open,openat,creat,close,dup,dup2,dup3,lseek,write,pwrite64,pwritev,pwritev2,writev,fsync,fdatasync,rename,renameat,"
    "renameat2,link,linkat,unlink,unlinkat,ftruncate,truncate,fallocate,mkdir,mkdirat,rmdir,clone,clone3,mmap"
)
LINE = re.compile(rb"(\d+) +(\d+\.\d+) (.*)\n", re.DOTALL)
RESUMED = re.compile(rb"<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
TEXT = re.compile(rb'"([^"]*)"')
THREAD = re.compile(rb"clone3?[( ].*CLONE_THREAD.*= (\d+)$", re.DOTALL)
RESULT = re.compile(rb"\) += (-?\d+|0x[0-9a-f]+|\?)[^\"]*$")


@dataclasses.dataclass
class Call:
    """One call, or its beginning where `result` is None."""

    line: int
    time: float
    thread: int
    name: str
    arguments: list[bytes]  # as strace prints them, but for texts
    texts: list[bytes]  # the decoded texts among the arguments
    result: int | None


def record(command: list[str], output: str) -> subprocess.CompletedProcess:
    """Runs `command` to its end; its standard output is captured, each write to it is in the recording too."""
    return subprocess.run(
        ["strace", "-f", "-ttt", "-xx", "-s", "33554432", "--seccomp-bpf", "-o", output, "-e", f"trace={CALLS}", *command],
        capture_output=True,
        text=True,
        timeout=300,
    )


def parse(line: int, thread: int, time: float, text: bytes, ended: bool) -> Call:
    name, _, rest = text.partition(b"(")
    result = None
    if ended:
        tail = max(0, len(rest) - 300)  # strace writes nothing long after the result
        found = RESULT.search(rest, tail)
        assert found, rest[-300:]
        result = -1 if found[1] == b"?" else int(found[1], 0)
        rest = rest[: found.start()]
    texts = [bytes.fromhex(each.replace(b"\\x", b"").decode()) for each in TEXT.findall(rest)]
    arguments = [each.strip() for each in TEXT.sub(b'""', rest).split(b",")]
    return Call(line, time, thread, name.decode(), arguments, texts, result)


def threads(path: str) -> set[int]:
    """The threads of the first process. Known before any call is read, because a new thread may call before its maker's clone ends."""
    begun: dict[int, bytes] = {}
    made: dict[int, int] = {}  # thread -> by which
    first = 0
    with open(path, "rb") as recording:
        for line in recording:
            found = LINE.fullmatch(line)
            if not found:
                continue
            maker, text = int(found[1]), found[3]
            first = first or maker
            if text.startswith(b"clone") and text.endswith(b" <unfinished ...>"):
                begun[maker] = text
            elif text.startswith(b"clone") or text.startswith(b"<... clone"):
                thread = THREAD.search(begun.pop(maker, b"") + text)
                if thread:
                    made[int(thread[1])] = maker
    members = {first}
    while more := {thread for thread, maker in made.items() if maker in members} - members:
        members |= more
    return members


def calls(path: str) -> Iterator[Call]:
    """The recording of the first process and its threads; other processes have files of their own."""
    begun: dict[int, bytes] = {}
    members = threads(path)
    with open(path, "rb") as recording:
        for number, line in enumerate(recording):
            found = LINE.fullmatch(line)
            if not found:
                continue
            thread, time, text = int(found[1]), float(found[2]), found[3]
            if text.startswith((b"+++", b"---")):
                continue
            if text.endswith(b" <unfinished ...>"):
                begun[thread] = text.removesuffix(b" <unfinished ...>")
                if thread in members:
                    yield parse(number, thread, time, begun[thread], ended=False)
                continue
            resumed = RESUMED.fullmatch(text)
            if resumed:
                text = begun.pop(thread) + resumed[2]
            call = parse(number, thread, time, text, ended=True)
            if thread in members:
                yield call
