"""The power goes while the server answers clients: what a client was told is there when the server starts again.

The same recording and the same disks as test_powercut.py, of the whole server: its start on an empty directory, its keys,
its certificates, objects and users made by real clients.
"""

from __future__ import annotations

import os
import pathlib
import random
import shutil
import signal
import threading
import time

from cloud import Cloud, Identity
from disk import Disk, lay_out
from recording import CALLS, calls
from test_powercut import OUTCOMES, SEED

CUTS = 150 if os.environ.get("ALOFT_SOAK") else 8
OBJECTS = 12
BUCKET = "powercut"


def body(thread: int, number: int) -> bytes:
    """Every third object is large enough to be a blob."""
    return random.Random(f"{thread}/{number}").randbytes(200_000 if number % 3 == 0 else 3_000)


def recorded(binary: pathlib.Path, trace: pathlib.Path, script: pathlib.Path) -> pathlib.Path:
    """A program that runs `binary` and records it."""
    script.write_text(
        f"#!/bin/sh\nexec strace -f -ttt -xx -s 33554432 --seccomp-bpf -o {trace} -e trace={CALLS} {binary} \"$@\"\n"
    )
    script.chmod(0o755)
    return script


def work(cloud: Cloud, thread: int, told: list[tuple[float, str, object]]) -> None:
    s3, iam = cloud.admin.client("s3"), cloud.admin.client("iam")
    for number in range(OBJECTS):
        key = f"{thread}/{number}"
        s3.put_object(Bucket=BUCKET, Key=key, Body=body(thread, number))
        told.append((time.time(), "object", (thread, number)))
        if number % 4 == 0:
            name = f"user-{thread}-{number}"
            iam.create_user(UserName=name)
            told.append((time.time(), "user", name))


def check(cloud: Cloud, told: list[tuple[float, str, object]]) -> list[str]:
    """What was told and is not so."""
    s3, iam = cloud.admin.client("s3"), cloud.admin.client("iam")
    wrong = []
    users = {user["UserName"] for page in iam.get_paginator("list_users").paginate() for user in page["Users"]}
    for _, kind, what in told:
        if kind == "user":
            wrong += [] if what in users else [f"user {what} is gone"]
            continue
        try:
            same = s3.get_object(Bucket=BUCKET, Key="%d/%d" % what)["Body"].read() == body(*what)
            wrong += [] if same else [f"object {what} has other bytes"]
        except Exception as error:  # noqa: BLE001: any failure to read it is the finding
            wrong.append(f"object {what}: {error}")
    # Whatever is listed can be read, told or not.
    for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        content = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        wrong += [] if len(content) == entry["Size"] else [f"{entry['Key']} is listed with another size"]
    s3.put_object(Bucket=BUCKET, Key="after", Body=b"the cut")
    return wrong


# Everything a client was told before the cut is true after it, and the server takes new writes.
def test_server_keeps_its_word(binary, tmp_path):
    assert shutil.which("strace"), "strace is not installed: apt-get install strace"
    data, trace = tmp_path / "data", tmp_path / "trace"
    data.mkdir()
    cloud = Cloud.start(recorded(binary, trace, tmp_path / "recorded"), data)
    admin = cloud.admin
    told: list[tuple[float, str, object]] = []
    admin.client("s3").create_bucket(Bucket=BUCKET)
    begun = time.time()
    threads = [threading.Thread(target=work, args=(cloud, thread, told)) for thread in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 2 * (OBJECTS + OBJECTS // 4)
    ended = time.time()
    # The child of strace: strace itself would leave it running.
    server = int(pathlib.Path(f"/proc/{cloud.process.pid}/task/{cloud.process.pid}/children").read_text().split()[0])
    os.kill(server, signal.SIGTERM)
    cloud.process.wait(60)

    dice = random.Random(SEED)
    disk = Disk(str(data))
    moments = [call.time for call in calls(str(trace)) if disk.apply(call)]
    first_start = [i for i, at in enumerate(moments) if at < begun]
    serving = [i for i, at in enumerate(moments) if begun < at < ended]
    chosen = set(dice.sample(serving, min(CUTS, len(serving))) + dice.sample(first_start, min(CUTS // 2, len(first_start))))
    disk = Disk(str(data))
    moment = -1
    for call in calls(str(trace)):
        if not disk.apply(call):
            continue
        moment += 1
        if moment not in chosen:
            continue
        outcome, seed = dice.choice(OUTCOMES), dice.randrange(1 << 30)
        after = tmp_path / f"cut-{moment}"
        lay_out(disk.image(*outcome, random.Random(seed)), after)
        server = Cloud.start(binary, after)
        server.admin = Identity(server, admin.access_key_id, admin.secret, name="administrator")
        try:
            wrong = [] if call.time < begun else check(server, [each for each in told if each[0] <= call.time])
        finally:
            server.close()
        assert not wrong, f"ALOFT_SEED={SEED}, moment {moment}, outcome {outcome}, seed {seed}, {after}: {wrong}"
        shutil.rmtree(after)
