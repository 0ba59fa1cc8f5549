"""Whether a model can fit into its instance's memory, by what its file holds at least; asked before it is loaded.

A file takes in memory what it takes on disk, or more where it is compressed; that, and what the interpreter has already, is the least
that is needed. What needs more than it seems is ended by the instance's limit later.
"""

import os

from .errors import LoadError


def check(environment, path) -> None:
    """LoadError says how much the model at `path` needs and how much there is."""
    limit = int(environment.get("ALOFT_WORKER_MEMORY") or 0)
    if limit <= 0:
        return
    limit = min(limit, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    held = path.stat().st_size
    needed = held + _resident()
    if needed > limit:
        raise LoadError(
            f"The model needs at least {_gibibytes(needed)} of memory ({path.name} alone {_gibibytes(held)}), "
            f"its instance has {_gibibytes(limit)}: take a larger instance type"
        )


def _resident() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _gibibytes(count: int) -> str:
    return f"{count / (1 << 30):.2f} GiB"
