#!/usr/bin/env python3
"""Holds every #include under src/ against tools/layers.toml.

A file may include its own room, and rooms of lower levels that its room's `uses` names; "foundation" in `uses` stands for
every room below that floor. Prints one line per violation and exits 1 if there is any.
"""

import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def room_of(path: str, rooms: dict) -> str | None:
    """The longest room name that is a directory prefix of `path`."""
    parts = path.split("/")
    for length in range(len(parts) - 1, 0, -1):
        name = "/".join(parts[:length])
        if name in rooms:
            return name
    return None


def allowed(user: str, used: str, rooms: dict) -> bool:
    if user == used:
        return True
    named = any(used == name or used.startswith(name + "/") for name in rooms[user]["uses"])
    return named and rooms[used]["level"] < rooms[user]["level"]


def check(source: pathlib.Path, rooms: dict) -> list[str]:
    problems = []
    for path in sorted(p for p in source.rglob("*") if p.suffix in (".h", ".cc")):
        relative = path.relative_to(source).as_posix()
        user = room_of(relative, rooms)
        if user is None:
            problems.append(f"src/{relative}: belongs to no room of tools/layers.toml")
            continue
        for include in INCLUDE.findall(path.read_text()):
            if include.startswith("generated/"):
                continue  # made of foundation/shapes
            used = room_of(include, rooms)
            if used is None:
                problems.append(f"src/{relative}: includes {include}, which is in no room")
            elif not allowed(user, used, rooms):
                problems.append(f"src/{relative}: {user} may not include {used} ({include})")
    return problems


def main() -> int:
    rooms = tomllib.loads((ROOT / "tools/layers.toml").read_text())["rooms"]
    problems = check(ROOT / "src", rooms)
    for name, room in rooms.items():
        if not (ROOT / "src" / name).is_dir():
            problems.append(f"tools/layers.toml: {name} has no directory; an empty room is not kept")
    for problem in problems:
        print(problem)
    print(f"layers: {len(rooms)} rooms, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
