"""What a recording leaves on a disk when the power goes: a model of files, folders and what was synced of them.

Strict: a write is there after an fsync of its file that began after the write ended; a name is there after an fsync of
its folder. Everything else may be there or not, whole, torn, or in part: `image` makes one such outcome.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import random
from collections.abc import Callable

from recording import Call

SECTOR = 512


@dataclasses.dataclass(eq=False)
class File:
    data: bytearray = dataclasses.field(default_factory=bytearray)
    durable: bytearray = dataclasses.field(default_factory=bytearray)
    pending: list = dataclasses.field(default_factory=list)  # (offset, bytes) or (size, None), since the last fsync


@dataclasses.dataclass(eq=False)
class Folder:
    entries: dict = dataclasses.field(default_factory=dict)  # name -> File or Folder
    durable: dict = dataclasses.field(default_factory=dict)
    synced: int = 0  # how many changes of names had been made when the fsync that `durable` is of began


@dataclasses.dataclass(eq=False)
class Description:
    """An open file: a descriptor or several share its position."""

    node: File | Folder
    path: str = ""
    position: int = 0
    append: bool = False


def change(data: bytearray, operation: tuple) -> None:
    at, content = operation
    if content is None:
        if at < len(data):
            del data[at:]
        else:
            data.extend(bytes(at - len(data)))
        return
    if at > len(data):
        data.extend(bytes(at - len(data)))
    data[at : at + len(content)] = content


class Disk:
    """Follows a recording below `root`, a folder that was empty and durable when it began.

    `ignores` tells of which nodes (path, is it a folder) the disk swallows an fsync without doing it.
    """

    def __init__(self, root: str, ignores: Callable[[str, bool], bool] = lambda path, folder: False):
        self.ignores = ignores
        self.root = os.path.normpath(root).encode()
        self.top = Folder()
        self.descriptors: dict[int, Description] = {}
        self.output: list[bytes] = []  # writes to standard output so far
        self.marks: dict[int, tuple] = {}  # thread -> what its running fsync vouches for
        self.closing: set[int] = set()  # threads whose close has begun
        # Changes of names in order, each a list of (folder, name, node or None) that happen together; those before
        # `settled` are on the disk, because a journal commits in order and some folder was synced after them.
        self.renames: list[list] = []
        self.settled = 0
        self.base: dict[Folder, dict] = {self.top: {}}

    # -- following ------------------------------------------------------------------------------------------------

    def apply(self, call: Call) -> bool:
        """Returns whether the power might be cut here with a new outcome."""
        if call.name in ("fsync", "fdatasync"):
            return self.sync(call)
        if call.name == "close":
            if not self.closed_before(call):
                self.on_close(call)
            return False
        if call.result is None or call.result < 0:
            return False
        handler = getattr(self, "on_" + call.name, None)
        return bool(handler(call)) if handler else False

    def closed_before(self, call: Call) -> bool:
        """True at the end of a close that overlapped others: its number was free when it began, and may mean another file by now."""
        if call.thread in self.closing:
            self.closing.discard(call.thread)
            return True
        if call.result is None:
            self.closing.add(call.thread)
        return False

    def sync(self, call: Call) -> bool:
        if call.thread not in self.marks:
            opened = self.descriptors.get(int(call.arguments[0]))
            if opened is None or self.ignores(opened.path, isinstance(opened.node, Folder)):
                return False
            node = opened.node
            state = len(node.pending) if isinstance(node, File) else (dict(node.entries), len(self.renames))
            self.marks[call.thread] = (node, state)
        if call.result is None or call.thread not in self.marks:
            return False
        node, state = self.marks.pop(call.thread)
        if call.result != 0:
            return False
        if isinstance(node, File):
            for operation in node.pending[:state]:
                change(node.durable, operation)
            del node.pending[:state]
            self.forget(node, state)
        else:
            entries, made = state
            # Of two that overlapped, the one that began first may end last: it takes nothing back.
            if made >= node.synced:
                node.durable, node.synced = entries, made
            self.settle(made)
        return True

    def forget(self, node: File, count: int) -> None:
        """Other fsyncs of the same file may still run; what they vouch for has moved."""
        for thread, (other, state) in self.marks.items():
            if other is node:
                self.marks[thread] = (other, max(0, state - count))

    def settle(self, upto: int) -> None:
        while self.settled < upto:
            self.rename_in(self.base, self.renames[self.settled])
            self.settled += 1

    @staticmethod
    def rename_in(names: dict, together: list) -> None:
        for folder, name, node in together:
            entries = names.setdefault(folder, {})
            if node is None:
                entries.pop(name, None)
            else:
                entries[name] = node

    def rename_all(self, *together) -> bool:
        for folder, name, node in together:
            if node is None:
                folder.entries.pop(name, None)
            else:
                folder.entries[name] = node
        self.renames.append(list(together))
        return True

    def find(self, path: bytes, at: bytes | None = None):
        """(folder, name, node or None); folder is None outside the root."""
        folder = self.top
        if at is not None and at != b"AT_FDCWD" and not path.startswith(b"/"):
            opened = self.descriptors.get(int(at))
            if opened is None or not isinstance(opened.node, Folder):
                return None, b"", None
            folder = opened.node
            parts = os.path.normpath(path).split(b"/")
        else:
            path = os.path.normpath(path)
            if path == self.root:
                return self.top, b".", self.top
            if not path.startswith(self.root + b"/"):
                return None, b"", None
            parts = path[len(self.root) + 1 :].split(b"/")
        for part in parts[:-1]:
            folder = folder.entries.get(part)
            if not isinstance(folder, Folder):
                return None, b"", None
        if parts[-1] == b".":
            return folder, b".", folder
        return folder, parts[-1], folder.entries.get(parts[-1])

    def path_of(self, folder: Folder) -> str:
        """With a slash at the end; folders are at most two deep."""
        for name, node in self.top.entries.items():
            if node is folder:
                return name.decode() + "/"
            for below, node_below in node.entries.items() if isinstance(node, Folder) else ():
                if node_below is folder:
                    return f"{name.decode()}/{below.decode()}/"
        return ""

    def on_openat(self, call: Call) -> bool:
        flags = call.arguments[2].split(b"|")
        folder, name, node = self.find(call.texts[0], call.arguments[0])
        self.descriptors.pop(call.result, None)
        if folder is None:
            return False
        named = False
        if b"O_TMPFILE" in flags:
            node = File()
        elif node is None:
            node = File()
            named = self.rename_all((folder, name, node))
        elif b"O_TRUNC" in flags and node.data:
            self.write(node, (0, None))
        path = self.path_of(folder) + name.decode()
        self.descriptors[call.result] = Description(node, path, append=b"O_APPEND" in flags)
        return named

    def on_open(self, call: Call) -> bool:
        call.arguments.insert(0, b"AT_FDCWD")
        return self.on_openat(call)

    def on_close(self, call: Call) -> None:
        self.descriptors.pop(int(call.arguments[0]), None)

    def on_dup(self, call: Call) -> None:
        opened = self.descriptors.get(int(call.arguments[0]))
        if opened:
            self.descriptors[call.result] = opened
        else:
            self.descriptors.pop(call.result, None)

    on_dup2 = on_dup3 = on_dup

    def on_lseek(self, call: Call) -> None:
        opened = self.descriptors.get(int(call.arguments[0]))
        if opened:
            opened.position = call.result

    def write(self, node: File, operation: tuple) -> None:
        change(node.data, operation)
        node.pending.append(operation)

    def on_write(self, call: Call) -> bool:
        descriptor, content = int(call.arguments[0]), b"".join(call.texts)[: call.result]
        opened = self.descriptors.get(descriptor)
        if opened is None:
            if descriptor == 1:
                self.output.append(content)
                return True
            return False
        if opened.append:
            opened.position = len(opened.node.data)
        self.write(opened.node, (opened.position, content))
        opened.position += call.result
        return False

    on_writev = on_write

    def on_pwrite64(self, call: Call) -> None:
        opened = self.descriptors.get(int(call.arguments[0]))
        if opened:
            self.write(opened.node, (int(call.arguments[-1]), b"".join(call.texts)[: call.result]))

    on_pwritev = on_pwrite64

    def on_pwritev2(self, call: Call) -> None:
        call.arguments.pop()
        self.on_pwrite64(call)

    def on_ftruncate(self, call: Call) -> None:
        opened = self.descriptors.get(int(call.arguments[0]))
        if opened:
            self.write(opened.node, (int(call.arguments[1]), None))

    def on_truncate(self, call: Call) -> None:
        _, _, node = self.find(call.texts[0])
        if node:
            self.write(node, (int(call.arguments[1]), None))

    def on_fallocate(self, call: Call) -> None:
        opened = self.descriptors.get(int(call.arguments[0]))
        end = int(call.arguments[2]) + int(call.arguments[3])
        if opened and b"FALLOC_FL_KEEP_SIZE" not in call.arguments[1] and end > len(opened.node.data):
            self.write(opened.node, (end, None))

    def on_mkdirat(self, call: Call) -> bool:
        folder, name, _ = self.find(call.texts[0], call.arguments[0])
        return folder is not None and self.rename_all((folder, name, Folder()))

    def on_mkdir(self, call: Call) -> bool:
        call.arguments.insert(0, b"AT_FDCWD")
        return self.on_mkdirat(call)

    def on_unlinkat(self, call: Call) -> bool:
        folder, name, node = self.find(call.texts[0], call.arguments[0])
        return node is not None and self.rename_all((folder, name, None))

    def on_unlink(self, call: Call) -> bool:
        call.arguments.insert(0, b"AT_FDCWD")
        return self.on_unlinkat(call)

    on_rmdir = on_unlink

    def on_renameat(self, call: Call) -> bool:
        source, source_name, node = self.find(call.texts[0], call.arguments[0])
        target, target_name, _ = self.find(call.texts[1], call.arguments[2])
        return node is not None and self.rename_all((source, source_name, None), (target, target_name, node))

    on_renameat2 = on_renameat

    def on_rename(self, call: Call) -> bool:
        call.arguments.insert(0, b"AT_FDCWD")
        call.arguments.insert(2, b"AT_FDCWD")
        return self.on_renameat(call)

    def on_linkat(self, call: Call) -> bool:
        target, name, _ = self.find(call.texts[1], call.arguments[2])
        if call.texts[0].startswith(b"/proc/self/fd/"):
            opened = self.descriptors.get(int(call.texts[0].rsplit(b"/", 1)[1]))
            node = opened.node if opened else None
        else:
            _, _, node = self.find(call.texts[0], call.arguments[0])
        return node is not None and target is not None and self.rename_all((target, name, node))

    # -- cutting --------------------------------------------------------------------------------------------------

    def image(self, names: str, bytes_: str, dice: random.Random) -> dict:
        """One outcome of a power cut now: {path: content, or None for a folder}.

        `names`: "strict" (folders as they were synced), "journal" (some prefix of the changes since, in order), "all".
        `bytes_`: "strict" (files as they were synced), "torn" (of each write since: nothing, all, or some sectors),
        "all".
        """
        if names == "journal":
            tree = {folder: dict(entries) for folder, entries in self.base.items()}
            for together in self.renames[self.settled : dice.randint(self.settled, len(self.renames))]:
                self.rename_in(tree, together)
            listing = lambda folder: tree.get(folder, {})  # noqa: E731
        else:
            listing = lambda folder: folder.entries if names == "all" else folder.durable  # noqa: E731
        outcome: dict[str, bytes | None] = {}
        contents: dict[File, bytes] = {}

        def walk(folder: Folder, path: str) -> None:
            for name, node in sorted(listing(folder).items()):
                below = path + name.decode()
                if isinstance(node, Folder):
                    outcome[below] = None
                    walk(node, below + "/")
                    continue
                if node not in contents:
                    contents[node] = self.content(node, bytes_, dice)
                outcome[below] = contents[node]

        walk(self.top, "")
        return outcome

    @staticmethod
    def content(node: File, bytes_: str, dice: random.Random) -> bytes:
        if bytes_ == "all":
            return bytes(node.data)
        if bytes_ == "strict" or not node.pending:
            return bytes(node.durable)
        data = bytearray(node.durable)
        for at, written in node.pending:
            fate = dice.random()
            if fate < 0.35:
                continue
            if fate < 0.7 or written is None or len(written) <= SECTOR:
                change(data, (at, written))
                continue
            begin = SECTOR * dice.randint(0, len(written) // SECTOR)
            end = SECTOR * dice.randint(begin // SECTOR, len(written) // SECTOR + 1)
            change(data, (at + begin, written[begin:end]))
        return bytes(data)


def lay_out(image: dict, directory: pathlib.Path) -> None:
    """Modes are not followed: everything is its owner's alone."""
    directory.mkdir(parents=True, mode=0o700)
    for path, content in image.items():
        if content is None:
            (directory / path).mkdir(mode=0o700)
        else:
            (directory / path).write_bytes(content)
            (directory / path).chmod(0o600)
