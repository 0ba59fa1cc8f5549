"""The servers under measurement: Aloft itself, and its peers started side by side. All on loopback, all ended by their pid."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "lib"))
from cloud import Cloud  # noqa: E402
from leftovers import processes_of  # noqa: E402

from .measure import wait_until, with_descendants  # noqa: E402


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port: int, path: str, timeout: float = 2.0) -> int:
    """The status of GET path, 0 where nobody answers. Raw, because a client library would cost more than the answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout) as peer:
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            head = peer.recv(64)
            return int(head.split()[1]) if head.startswith(b"HTTP/") else 0
    except (OSError, ValueError, IndexError):
        return 0


class Ours:
    """An Aloft server in a directory of its own, without TLS so that all peers speak plain HTTP."""

    def __init__(self, binary: pathlib.Path, *arguments: str, tls: bool = False, config: str = "", **variables: str):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="aloft-bench-"))
        more = list(arguments) + ([] if tls else ["--no-tls"])
        if config:
            (self.home / "aloft.toml").write_text(config)
            more += ["--config", str(self.home / "aloft.toml")]
        self.cloud = Cloud.start(binary, self.home / "data", *more, **variables)
        self.port = self.cloud.port
        self.target = f"127.0.0.1:{self.port}"

    @property
    def keys(self) -> list[str]:
        return ["--access-key", self.cloud.admin.access_key_id, "--secret", self.cloud.admin.secret]

    def pids(self) -> list[int]:
        return [self.cloud.process.pid]

    def all_pids(self) -> list[int]:
        """The server, and every agent and worker of its tasks."""
        return with_descendants([self.cloud.process.pid, *processes_of(self.cloud.data)])

    def close(self) -> None:
        self.cloud.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Peer:
    """Somebody else's server: a command that is told its port, ready when `path` answers 200."""

    def __init__(self, name: str, command: list[str], port: int, path: str = "/", seconds: float = 60, **variables: str):
        self.name, self.port, self.target, self.keys = name, port, f"127.0.0.1:{port}", []
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"aloft-bench-{name}-"))
        self.log = open(self.home / "log", "wb")
        # A session of its own, so that its workers end with it.
        self.process = subprocess.Popen(command, cwd=self.home, stdout=self.log, stderr=self.log, start_new_session=True,
                                        env={**os.environ, **variables})
        try:
            wait_until(lambda: self.process.poll() is not None or ask(port, path) == 200, seconds, 0.1, f"{name} answers")
            if self.process.poll() is not None:
                raise RuntimeError(f"{name} ended: " + (self.home / "log").read_text(errors="replace")[-600:])
        except Exception:
            self.close()
            raise

    def pids(self) -> list[int]:
        return with_descendants([self.process.pid])

    all_pids = pids

    def close(self) -> None:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, ending)
            except ProcessLookupError:
                break
            end = time.monotonic() + 5
            while self.process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)


class OnnxFloor:
    """The bare loop around ONNX Runtime; `arguments` as bench/onnx_floor.cc tells."""

    keys: list[str] = []

    def __init__(self, bench, model: pathlib.Path, *arguments: str):
        command = [str(bench.program("onnx-floor")), str(bench.build / "programs/lib/libonnxruntime.so.1"), str(model), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.target = f"127.0.0.1:{int(self.process.stdout.readline())}"

    def pids(self) -> list[int]:
        return [self.process.pid]

    all_pids = pids

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
