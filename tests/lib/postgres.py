"""A throw-away PostgreSQL 15 cluster on a Unix socket, for tests. Debian's postgresql-15; never touches a cluster of the machine."""

from __future__ import annotations

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


class Postgres:
    def __init__(self):
        assert (BIN / "initdb").exists(), "postgresql-15 is not installed; run tools/setup packages"
        # A short path: the name of a Unix socket has at most 107 bytes.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pg-"))
        self.user: list[str] = []
        if os.geteuid() == 0:  # initdb refuses root
            account = pwd.getpwnam("postgres")
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            self.user = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        data = self.directory / "data"
        self.run("initdb", "-D", str(data), "-A", "trust", "-U", "aloft", "--no-sync", "-E", "UTF8", "--locale=C")
        self.run("pg_ctl", "-D", str(data), "-w", "-l", str(self.directory / "log"), "-o",
                 f"-c listen_addresses='' -k {self.directory} -c max_connections=200", "start")

    def run(self, program: str, *arguments: str) -> str:
        result = subprocess.run([*self.user, str(BIN / program), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, cwd=self.directory)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def database(self, name: str) -> str:
        """A new database; returns its libpq connection string."""
        self.run("createdb", "-h", str(self.directory), "-U", "aloft", name)
        return f"host={self.directory} user=aloft dbname={name}"

    def require_certificates(self, ca: str, certificate: str, key: str) -> int:
        """From now on it also listens on loopback, for TLS with a client certificate alone; returns the port."""
        data = self.directory / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for name, text in (("root.crt", ca), ("server.crt", certificate), ("server.key", key)):
            (data / name).write_text(text)
            (data / name).chmod(0o600)
            if self.user:
                account = pwd.getpwnam("postgres")
                os.chown(data / name, account.pw_uid, account.pw_gid)
        (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 cert\n")
        self.run("pg_ctl", "-D", str(data), "-w", "-m", "fast", "-l", str(self.directory / "log"), "-o",
                 f"-c listen_addresses=127.0.0.1 -c port={port} -k {self.directory} -c max_connections=200 -c ssl=on -c ssl_ca_file=root.crt "
                 "-c ssl_min_protocol_version=TLSv1.2", "restart")
        return port

    def _signal(self, number: int) -> None:
        main = int((self.directory / "data/postmaster.pid").read_text().split()[0])
        os.kill(main, number)
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == main:
                    os.kill(int(entry.name), number)
            except (OSError, IndexError):
                continue

    def pause(self) -> None:
        """It answers nobody any more, and refuses nobody: as behind a cable that was pulled."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        try:
            self.run("pg_ctl", "-D", str(self.directory / "data"), "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
