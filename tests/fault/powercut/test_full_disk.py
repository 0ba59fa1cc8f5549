"""A full disk is told as such by every store, leaves nothing behind, and goes away."""

from __future__ import annotations

import os
import pathlib
import subprocess


# Each store fills what a file system of 256 MiB has left beside 200 MiB of other things, then there is room again, and it goes on without a restart.
def test_full_disk(request, tmp_path):
    program = pathlib.Path(request.config.getoption("--binary")).resolve().parents[2] / "tests/fault/powercut/powercut"
    assert program.exists(), f"{program} is not built; run make build"
    script = 'mount -t tmpfs -o size=256m none "$1" && trap \'umount "$1"\' EXIT && head -c 200M /dev/zero > "$1/others" && "$2" fill "$1"'
    # In a chroot root gets neither a user namespace, which others need, nor a say in what its mounts propagate.
    user = ["--propagation", "unchanged"] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    done = subprocess.run(
        ["unshare", *user, "--mount", "sh", "-c", script, "sh", str(tmp_path), str(program)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
