"""An inference pipeline: the containers of one model in a row, each in a process of its own, behind one Unix socket.

    python -m aloft_runtime.pipeline [--socket /run/aloft/worker.sock] [--base /opt/ml]

<base>/pipeline/pipeline.json says what runs: {"mode": "Serial" or "Direct", "containers": [{"name", "command", "base", "variables"}]}.
Serial: a request goes to the first container, its answer with its content type to the next, and the last one's is the answer; what one
refuses is answered as it is, with its name in X-Aloft-Container. Direct: a request names its container, and goes to that one alone.
A container that ends, ends all: the platform starts the worker anew.
"""

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from .serve import GRACE_SECONDS, MAX_CONNECTIONS, listen, record_failure
from .serving.http import Server

CONTAINER = "X-Aloft-Container"
TARGET = "x-amzn-sagemaker-target-container-hostname"
MAX_BODY = 64 << 20
MAX_FAILURE = 400  # characters of a container's own reason: the whole reason is short
START_SECONDS = 600
ANSWER_SECONDS = 60
# What is the caller's, and not about one hop's body.
PASSED = ("x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-inference-id", "traceparent", "tracestate")


class _Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Container:
    """One process and the connections to it."""

    def __init__(self, what, index, directory):
        self.name = what["name"]
        self.base = what["base"]
        self._socket = os.path.join(directory, f"c{index}.sock")
        command = [*what["command"], "--socket", self._socket, "--base", self.base]
        self.process = subprocess.Popen(command, env={**os.environ, **what.get("variables", {})}, cwd=self.base)
        self.default_accept = what.get("variables", {}).get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "")
        self._free = []

    def failure(self):
        """What it left when it ended."""
        with contextlib.suppress(OSError), open(os.path.join(self.base, "output", "failure"), encoding="utf-8") as file:
            return file.read()[-MAX_FAILURE:].lstrip()
        return f"it ended with status {self.process.returncode}"

    def is_ready(self):
        try:
            return self.ask("GET", "/ping", b"", {})[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body, headers):
        """(status, headers, body). A connection that was kept may have been closed meanwhile: then once more, on a new one."""
        while True:
            kept = self._free.pop() if self._free else None
            connection = kept or _Unix(self._socket)
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                if kept is not None and not isinstance(error, TimeoutError):
                    continue
                raise OSError(str(error)) from error
            if not answer.will_close:
                self._free.append(connection)
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


class Pipeline:
    """Requests -> containers. Called on connection threads."""

    def __init__(self, containers, direct):
        self._containers = containers
        self._direct = direct

    def __call__(self, method, path, headers, body):
        if path == "/ping":
            ready = all(container.process.poll() is None for container in self._containers)
            return (200 if ready else 503), {"Content-Type": "text/plain"}, b""
        if path.startswith("/v2/"):
            return _refuse(400, "A model of several containers takes no tensors: its containers' forms differ")
        if path != "/invocations":
            return _refuse(404, f"{path} is not served; POST /invocations predicts")
        if method != "POST":
            return _refuse(405, f"{method} is not served; POST /invocations predicts")
        row = self._containers
        if self._direct:
            wanted = headers.get(TARGET, "")
            row = [container for container in self._containers if container.name == wanted]
            if not row:
                names = ", ".join(container.name for container in self._containers)
                status, answer_headers, text = _refuse(400, f"The endpoint has no container '{wanted}'; TargetContainerHostname is one of {names}")
                return status, {**answer_headers, "X-Aloft-Refusal": "TargetContainerNeeded"}, text
        return self._through(row, headers, body)

    @staticmethod
    def _through(row, headers, body):
        passed = {name: headers[name] for name in PASSED if name in headers}
        content_type = headers.get("content-type", "application/json")
        attributes = None
        for container in row:
            accept = headers.get("accept", "") if container is row[-1] else container.default_accept
            sent = {**passed, "Content-Type": content_type, **({"Accept": accept} if accept else {})}
            try:
                status, answered, body = container.ask("POST", "/invocations", body, sent)
            except OSError as error:
                timed_out = "timed out" in str(error)
                status, _, text = _refuse(504 if timed_out else 502, f"The container {container.name} did not answer: {error}")
                return status, {"Content-Type": "application/json", CONTAINER: container.name}, text
            content_type = answered.get("content-type", "application/octet-stream")
            attributes = answered.get("x-amzn-sagemaker-custom-attributes", attributes)
            if not 200 <= status < 300:
                return status, {"Content-Type": content_type, CONTAINER: container.name}, body
            if len(body) > MAX_BODY:
                status, _, text = _refuse(502, f"The container {container.name} answered more than {MAX_BODY} bytes")
                return status, {"Content-Type": "application/json", CONTAINER: container.name}, text
        more = {"X-Amzn-SageMaker-Custom-Attributes": attributes} if attributes else {}
        return 200, {"Content-Type": content_type, **more}, body


def _refuse(status, message):
    return status, {"Content-Type": "application/json"}, json.dumps({"error": message}).encode()


def start(base, directory):
    """The containers, all ready; ValueError with the reason of the first one that does not come up."""
    with open(os.path.join(base, "pipeline", "pipeline.json"), encoding="utf-8") as file:
        described = json.load(file)
    containers = []
    try:
        for index, what in enumerate(described["containers"]):
            os.makedirs(what["base"], exist_ok=True)
            containers.append(Container(what, index, directory))
        deadline = time.monotonic() + START_SECONDS
        for container in containers:
            while not container.is_ready():
                if container.process.poll() is not None:
                    raise ValueError(f"the container {container.name} cannot serve: {container.failure()}")
                if time.monotonic() > deadline:
                    raise ValueError(f"the container {container.name} did not answer within {START_SECONDS} seconds")
                time.sleep(0.01)
    except BaseException:
        end(containers)
        raise
    return containers, described.get("mode") == "Direct"


def end(containers):
    for container in containers:
        if container.process.poll() is None:
            container.process.terminate()
    for container in containers:
        try:
            container.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            container.process.kill()


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description="Aloft's worker for models of several containers")
    parser.add_argument("--socket", default=os.environ.get("ALOFT_WORKER_SOCKET", "/run/aloft/worker.sock"))
    parser.add_argument("--base", default="/opt/ml")
    options = parser.parse_args(arguments)
    directory = os.environ.get("TMPDIR", "/tmp")
    try:
        containers, direct = start(options.base, directory)
    except (ValueError, KeyError, OSError) as error:
        print(f"the pipeline cannot be started: {error}", file=sys.stderr, flush=True)
        record_failure(options.base, str(error))
        return 1
    print("the containers answer: " + ", ".join(container.name for container in containers), flush=True)
    server = Server(listen(options.socket), Pipeline(containers, direct), MAX_CONNECTIONS, MAX_BODY)
    status = []

    def stop(code):
        if not status:
            status.append(code)
            threading.Thread(target=server.stop, args=(GRACE_SECONDS,), daemon=True).start()

    signal.signal(signal.SIGTERM, lambda *_: stop(0))
    signal.signal(signal.SIGINT, lambda *_: stop(0))

    def watch():
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        ended = next((container for container in containers if container.process.poll() is not None), None)
        if ended is not None and not status:
            record_failure(options.base, f"the container {ended.name} ended: {ended.failure()}")
            stop(1)

    threading.Thread(target=watch, daemon=True).start()
    server.run()
    server.stop(GRACE_SECONDS)
    end(containers)
    return status[0] if status else 0


if __name__ == "__main__":
    sys.exit(main())
