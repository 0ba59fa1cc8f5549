"""The power goes at any moment: every acknowledged write is there afterwards, and nothing else is broken.

A small program writes through all three stores; its system calls are recorded below the C library. From the recording
the test builds what a disk could hold had the power gone at a moment of the run, and holds the stores that open it against what was
acknowledged until then. Moments are drawn by seed: ALOFT_SEED replays, ALOFT_SOAK draws many.
"""

from __future__ import annotations

import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess

import pytest

from disk import Disk, lay_out
from recording import calls, record

SEED = int(os.environ.get("ALOFT_SEED", "20261122"))
CUTS = 3000 if os.environ.get("ALOFT_SOAK") else 90
# How much of what was not synced survives: names, then bytes. See Disk.image.
OUTCOMES = [
    ("strict", "strict"),
    ("strict", "torn"),
    ("journal", "strict"),
    ("journal", "torn"),
    ("all", "strict"),
    ("all", "torn"),
    ("all", "all"),
]


@pytest.fixture(scope="module")
def program(request) -> pathlib.Path:
    build = pathlib.Path(request.config.getoption("--binary")).resolve().parents[2]
    path = build / "tests/fault/powercut/powercut"
    assert path.exists(), f"{path} is not built; run make build"
    return path


@pytest.fixture(scope="module")
def recording(program, tmp_path_factory) -> tuple[pathlib.Path, pathlib.Path]:
    """(the recording, the directory as it was left)"""
    assert shutil.which("strace"), "strace is not installed: apt-get install strace"
    base = tmp_path_factory.mktemp("powercut")
    data = base / "data"
    data.mkdir()
    done = record([str(program), "write", str(data), "2", "40"], str(base / "trace"))
    assert done.returncode == 0, f"the recorded run failed (is ptrace allowed here?): {done.stderr}"
    assert len(done.stdout.splitlines()) == 2 * 3 * (40 + 40 + 10)
    return base / "trace", data


def check(program: pathlib.Path, directory: pathlib.Path) -> str:
    """Empty, or what is wrong with the stores in `directory`."""
    done = subprocess.run(
        [str(program), "check", str(directory / "disk"), str(directory / "acknowledged")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return "" if done.returncode == 0 else f"exit status {done.returncode}: {done.stderr.strip()[-2000:]}"


def cut(disk: Disk, outcome: tuple[str, str], seed: int, directory: pathlib.Path) -> None:
    directory.mkdir()
    lay_out(disk.image(*outcome, random.Random(seed)), directory / "disk")
    (directory / "acknowledged").write_bytes(b"".join(disk.output))


# The model of the disk must be right, or all else means nothing: what it says of the whole run is what is there.
def test_model_follows_the_run(recording):
    trace, data = recording
    disk = Disk(str(data))
    for call in calls(str(trace)):
        disk.apply(call)
    model = disk.image("all", "all", random.Random(0))
    real = {
        str(path.relative_to(data)): None if path.is_dir() else path.read_bytes() for path in data.rglob("*")
    }
    assert model.keys() == real.keys()
    assert [path for path in real if real[path] != model[path]] == []


# The check must be able to fail: where a disk ignores the fsyncs of one store, or those of folders, acknowledged writes are
# gone, and it says so. A fsync that can be left out without this test noticing is not needed, or not checked.
@pytest.mark.parametrize("lie", ["sql/", "kv/", "blobs/", "folders"])
def test_a_lying_disk_is_noticed(program, recording, tmp_path, lie):
    trace, data = recording
    disk = Disk(str(data), lambda path, folder: folder if lie == "folders" else path.startswith(lie))
    for call in calls(str(trace)):
        disk.apply(call)
    cut(disk, ("strict", "strict"), SEED, tmp_path / "lie")
    assert check(program, tmp_path / "lie") != ""


# The power cut itself, at seeded moments of the run and with seeded outcomes.
def test_acknowledged_writes_survive(program, recording, tmp_path):
    trace, data = recording
    dice = random.Random(SEED)
    disk = Disk(str(data))
    moments = sum(1 for call in calls(str(trace)) if disk.apply(call))
    chosen = set(dice.sample(range(moments), min(CUTS, moments)))

    failures: list[str] = []

    def run(moment: int, outcome: tuple[str, str], seed: int, directory: pathlib.Path) -> None:
        wrong = check(program, directory)
        if wrong:
            failures.append(f"moment {moment} of {moments}, outcome {outcome}, seed {seed}, {directory}: {wrong}")
        else:
            shutil.rmtree(directory)

    disk = Disk(str(data))
    moment = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running: set = set()
        for call in calls(str(trace)):
            if not disk.apply(call):
                continue
            if moment in chosen:
                outcome, seed = dice.choice(OUTCOMES), dice.randrange(1 << 30)
                directory = tmp_path / f"cut-{moment}"
                cut(disk, outcome, seed, directory)
                running.add(pool.submit(run, moment, outcome, seed, directory))
                if len(running) > 8:
                    _, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            moment += 1
    assert not failures, f"ALOFT_SEED={SEED}\n" + "\n".join(failures)
