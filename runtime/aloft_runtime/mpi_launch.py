"""MPI over the hosts of a job, without any SSH: Open MPI's launcher runs on the first host, and reaches the others through this program.

    python mpi_launch.py --host algo-2 --hosts algo-1,algo-2 --slots 2 [--interface eth0] [--options "..."] -- command ...

On the first host it runs `mpirun` and ends with its exit code. On the others it serves: each connection asks for one command (Open MPI's
daemon), gets its output and its exit code, and ends the command when it breaks; they end when the first host says so. The network
between the hosts of a job is theirs alone, so whoever can connect is one of them. As a program of its own with a host and a command
(`python mpi_launch.py --run algo-2 orted ...`) it is what mpirun calls instead of ssh.
"""

import argparse
import json
import os
import selectors
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PORT = 7778
PATIENCE_SECONDS = 120  # until the other hosts' code runs: their inputs may take longer
END = "the job has ended"


def send(connection, kind, payload=b""):
    connection.sendall(struct.pack(">cI", kind, len(payload)) + payload)


def receive(connection):
    """One (kind, payload); (None, b"") where the other side is gone."""
    head = _exactly(connection, 5)
    if head is None:
        return None, b""
    kind, length = struct.unpack(">cI", head)
    payload = _exactly(connection, length)
    return (None, b"") if payload is None else (kind, payload)


def _exactly(connection, size):
    data = b""
    while len(data) < size:
        try:
            chunk = connection.recv(size - len(data))
        except OSError:
            return None
        if not chunk:
            return None
        data += chunk
    return data


def connect(host, seconds=PATIENCE_SECONDS):
    """A connection to a host that may not listen yet."""
    until = time.monotonic() + seconds
    while True:
        try:
            connection = socket.create_connection((host, PORT), timeout=2)
            connection.settimeout(None)
            return connection
        except OSError as error:
            if time.monotonic() > until:
                raise ValueError(f"{host} does not answer: {error}") from error
            time.sleep(0.05)


def run_remotely(host, command):
    """Instead of `ssh host command`: its output here, its exit code ours."""
    with connect(host) as connection:
        send(connection, b"r", " ".join(command).encode())
        while True:
            kind, payload = receive(connection)
            if kind == b"o":
                os.write(1, payload)
            elif kind == b"e":
                os.write(2, payload)
            else:
                return int(payload) if kind == b"x" else 255


def _serve_one(connection, ended):
    with connection:
        kind, payload = receive(connection)
        if kind == b"q":
            ended.set()
            return
        if kind != b"r":
            return
        process = subprocess.Popen(["/bin/sh", "-c", payload.decode()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        with selectors.DefaultSelector() as waits:
            waits.register(process.stdout, selectors.EVENT_READ, b"o")
            waits.register(process.stderr, selectors.EVENT_READ, b"e")
            waits.register(connection, selectors.EVENT_READ, b"c")
            open_pipes = 2
            while open_pipes:
                for key, _ in waits.select():
                    if key.data == b"c":  # nobody says more: it is gone, and so is the sense of the command
                        os.killpg(process.pid, signal.SIGKILL)
                        waits.unregister(connection)
                        continue
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        waits.unregister(key.fileobj)
                        open_pipes -= 1
                        continue
                    try:
                        send(connection, key.data, chunk)
                    except OSError:
                        os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        try:
            send(connection, b"x", str(128 - code if code < 0 else code).encode())
        except OSError:
            pass


def serve(host):
    """What a host that is not the first does until the first one has ended."""
    ended = threading.Event()
    with socket.create_server((socket.gethostbyname(host), PORT), backlog=16) as listener:
        listener.settimeout(0.2)
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            threading.Thread(target=_serve_one, args=(connection, ended), daemon=True).start()
    print(f"MPI: {END}.", flush=True)
    return 0


def mpirun(options, command):
    """The launcher's command line: as SageMaker's toolkit has it, without what needs privileges or special hardware."""
    hosts = options.hosts.split(",")
    passed = [name for name in os.environ if name.startswith(("SM_", "AWS_")) or name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")]
    line = ["mpirun", "--host", ",".join(f"{host}:{options.slots}" for host in hosts), "-np", str(len(hosts) * options.slots),
            "--tag-output", "--oversubscribe", "--bind-to", "none", "--leave-session-attached",
            "-mca", "plm_rsh_agent", f"{sys.executable} {os.path.abspath(__file__)} --run", "-mca", "plm_rsh_no_tree_spawn", "1",
            "-mca", "pml", "ob1", "-mca", "btl", "self,vader,tcp", "-mca", "btl_vader_single_copy_mechanism", "none",
            "-mca", "orte_abort_on_non_zero_status", "1", "-mca", "orte_keep_fqdn_hostnames", "1"]
    if len(hosts) > 1:
        line += ["-mca", "btl_tcp_if_include", options.interface, "-mca", "oob_tcp_if_include", options.interface]
    for name in sorted(set(passed) - {"SM_CURRENT_HOST", "SM_TRAINING_ENV", "SM_RESOURCE_CONFIG"}):
        line += ["-x", name]
    return [*line, *shlex.split(options.options), *command]


def lead(options, command):
    if not shutil.which("mpirun"):
        raise ValueError("MPI needs Open MPI on this machine: apt-get install openmpi-bin")
    others = [connect(host) for host in options.hosts.split(",")[1:]]  # they are there: mpirun itself would not wait
    process = subprocess.Popen(mpirun(options, command))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, _frame: process.send_signal(n))
    code = process.wait()
    for connection in others:
        try:
            send(connection, b"q", json.dumps({"code": code}).encode())
            connection.close()
        except OSError:
            pass
    return 128 - code if code < 0 else code


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--run"]:
        rest = [argument for argument in arguments[1:]]
        while rest and rest[0].startswith("-"):  # ssh's own options
            rest = rest[1:]
        return run_remotely(rest[0], rest[1:])
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--hosts", required=True)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--interface", default="eth0")
    parser.add_argument("--options", default="")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    try:
        return lead(options, command) if options.host == options.hosts.split(",")[0] else serve(options.host)
    except ValueError as error:
        print(f"MPI: {error}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
