#!/usr/bin/env python3
"""The http room beside a bare epoll loop: CPU per small reply, and bytes per second of one core for large files.

Server and client are pinned to a core each; rounds alternate, and the median counts. Prints one JSON object.

    bench/http.py --programs build/release/bench
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

MIB = 1 << 20


def pinned(core):
    return lambda: os.sched_setaffinity(0, {core})


def cpu_seconds(pid):
    """User and system time of a process, all threads."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def idle_memory(server, port, connections):
    """Bytes of the server's own memory that each idle connection costs."""
    import resource
    import socket

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def resident():
        for line in pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    before = resident()
    sockets = []
    for _ in range(connections):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        peer.recv(4096)
        sockets.append(peer)
    after = resident()
    for peer in sockets:
        peer.close()
    return {"connections": connections, "bytes_each": round((after - before) / connections),
            "resident_mib": round(after / MIB, 1)}


class Server:
    def __init__(self, program, file):
        self.process = subprocess.Popen([program, file], stdout=subprocess.PIPE, text=True, preexec_fn=pinned(0))
        self.pid = self.process.pid
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()


def measure(load, server, arguments):
    before = cpu_seconds(server.pid)
    output = subprocess.run([load, "--target", f"127.0.0.1:{server.port}", *arguments], check=True,
                            capture_output=True, text=True, preexec_fn=pinned(1)).stdout
    report = json.loads(output)
    report["server_cpu_seconds"] = cpu_seconds(server.pid) - before
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", default="build/release/bench", help="where aloft-load, http-floor, epoll-floor are")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--idle", type=int, default=10_000, help="idle connections to hold; 0: skip")
    options = parser.parse_args()
    programs = pathlib.Path(options.programs)
    load = str(programs / "aloft-load")
    seconds = ["--seconds", str(options.seconds)]
    cases = {
        "hello": ["--connections", "64", *seconds],
        "post_1k": ["--mode", "post", "--body-bytes", "1024", "--connections", "64", *seconds],
        "file_8m": ["--path", "/file", "--connections", "8", *seconds],
    }
    result = {"machine": os.uname().machine, "cores": os.cpu_count(), "cases": {}}
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as file:
        file.write(os.urandom(MIB) * 8)
        file.flush()
        servers = {name: Server(str(programs / name), file.name) for name in ("epoll-floor", "http-floor")}
        try:
            for case, arguments in cases.items():
                rounds = {name: [] for name in servers}
                for _ in range(options.rounds):
                    for name, server in servers.items():
                        rounds[name].append(measure(load, server, arguments))
                result["cases"][case] = summary = {}
                for name, reports in rounds.items():
                    if any(report["errors"] or set(report["statuses"]) != {"200"} for report in reports):
                        sys.exit(f"{case} on {name} had errors: {reports}")
                    summary[name] = {
                        "cpu_us_per_request": round(statistics.median(
                            report["server_cpu_seconds"] / report["requests"] * 1e6 for report in reports), 2),
                        "requests_per_second": round(statistics.median(
                            report["requests_per_second"] for report in reports)),
                        "p50_us": statistics.median(report["p50_us"] for report in reports),
                        "p99_us": statistics.median(report["p99_us"] for report in reports),
                        "gb_per_cpu_second": round(statistics.median(
                            report["bytes_received"] / report["server_cpu_seconds"] / 1e9 for report in reports), 2),
                    }
                summary["ratio"] = round(summary["http-floor"]["cpu_us_per_request"] /
                                         summary["epoll-floor"]["cpu_us_per_request"], 2)
            if options.idle:
                result["idle"] = idle_memory(servers["http-floor"], servers["http-floor"].port, options.idle)
        finally:
            for server in servers.values():
                server.stop()
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
