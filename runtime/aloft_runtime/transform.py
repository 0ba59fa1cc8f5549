"""Runs a batch transform inside its task: starts the model server, sends every record through it, writes the answers.

    python -m aloft_runtime.transform --job /opt/ml/input/config/transform.json -- python -m aloft_runtime.serve

Every input file gives one output file, its name with ".out", whose records are in the order of the input. Requests run side
by side up to MaxConcurrentTransforms; answers are written in order, and no more are held than are on their way. Files go
to the output directory whole, so that an attempt that is repeated writes the same files again and never half of one.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from .transforming import parquet
from .transforming.client import ModelClient, ModelError
from .transforming.jsonpath import PathError
from .transforming.records import BadInput, batches, open_input, payload, split
from .transforming.shaping import Shaping, accept_of

MAX_FAILURE = 4096
STARTUP_SECONDS = 600


class Transform:
    def __init__(self, job, inputs, outputs, scratch, client, parameters):
        self._inputs, self._outputs, self._scratch, self._client = inputs, outputs, scratch, client
        source = job["TransformInput"]
        self._split = source.get("SplitType", "None")
        self._compression = source.get("CompressionType", "None")
        self._strategy = job.get("BatchStrategy") or parameters.get("BatchStrategy") or "MultiRecord"
        self._strategy = {"SINGLE_RECORD": "SingleRecord", "MULTI_RECORD": "MultiRecord"}.get(self._strategy, self._strategy)
        megabytes = job.get("MaxPayloadInMB")
        megabytes = parameters.get("MaxPayloadInMB", 6) if megabytes is None else megabytes
        self._limit = (int(megabytes) or 100) << 20  # 0 asks for no limit; 100 MB is the most that AWS sends
        self._concurrency = int(job.get("MaxConcurrentTransforms") or parameters.get("MaxConcurrentTransforms") or 1)
        self._assemble = job["TransformOutput"].get("AssembleWith", "None")
        self._shaping = Shaping(job)
        self.records = 0

    def run(self, files):
        with concurrent.futures.ThreadPoolExecutor(max(1, min(self._concurrency, 64))) as pool:
            for number, name in enumerate(files):
                try:
                    count = self._file(pool, name)
                except (BadInput, ModelError) as error:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise BadInput(f"{name}: {error}") from error
                self.records += count
                print(f"{name}: {count} records ({number + 1} of {len(files)} files)", flush=True)

    def _file(self, pool, name):
        target = os.path.join(self._outputs, name + (".out.parquet" if self._shaping.parquet else ".out"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        unfinished = os.path.join(self._scratch, "unfinished")
        count, waiting = 0, collections.deque()
        with self._writer(unfinished) as write, open_input(os.path.join(self._inputs, name), self._compression) as stream:
            for batch in batches(split(stream, self._split, self._limit), self._split, self._strategy, self._limit):
                count += len(batch)
                body = payload([self._shaping.before(record) for record in batch], self._split)
                waiting.append((batch, pool.submit(self._client.invoke, body)))
                if len(waiting) > self._concurrency:
                    write(*waiting.popleft())
            while waiting:
                write(*waiting.popleft())
        os.replace(unfinished, target)
        return count

    @contextlib.contextmanager
    def _writer(self, path):
        """What takes batches with their answers; at its end the file is there."""
        if not self._shaping.parquet:
            with open(path, "wb") as out:
                yield lambda batch, future: self._write(out, batch, future)
            return
        with open(os.path.join(self._scratch, "rows"), "w+b") as scratch:
            rows = parquet.Rows(scratch)

            def write(batch, future):
                for row in self._shaping.rows(batch, future.result()):
                    rows.add(row)

            yield write
            rows.save(path)

    def _write(self, out, batch, future):
        answer = future.result()
        if self._shaping.per_record:
            answer = b"\n".join(self._shaping.after(batch, answer))
        out.write(answer)
        if self._assemble == "Line" and not answer.endswith(b"\n"):
            out.write(b"\n")


def input_files(directory, index, count):
    """The files of this instance, of `count` that share them: by name, one in turn."""
    found = []
    for folder, _, names in os.walk(directory):
        found += [os.path.relpath(os.path.join(folder, name), directory) for name in names]
    return [name for number, name in enumerate(sorted(found)) if number % count == index]


def fail(base, text):
    print(text, file=sys.stderr, flush=True)
    try:
        with open(os.path.join(base, "output", "failure"), "w", encoding="utf-8") as file:
            file.write(text[:MAX_FAILURE])
    except OSError as error:
        print(f"cannot write the failure file: {error}", file=sys.stderr, flush=True)
    return 1


def wait_until_ready(server, client):
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise BadInput(f"the model server ended with status {server.returncode}")
        if client.ready():
            return
        time.sleep(0.05)
    raise BadInput(f"the model did not answer its health check within {STARTUP_SECONDS} seconds")


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Aloft's batch transform")
    parser.add_argument("--base", default="/opt/ml")
    parser.add_argument("--job", required=True)
    parser.add_argument("--index", type=int, default=0, help="this instance's place")
    parser.add_argument("--count", type=int, default=1, help="how many instances share the files")
    parser.add_argument("--socket", default="/run/aloft/worker.sock")
    parser.add_argument("command", nargs="+", help="the model server")
    options = parser.parse_args(arguments)
    with open(options.job, encoding="utf-8") as file:
        job = json.load(file)
    os.makedirs(os.path.join(options.base, "output"), exist_ok=True)
    headers = {"Content-Type": job["TransformInput"].get("ContentType") or "application/json"}
    if accept := accept_of(job):
        headers["Accept"] = accept
    settings = job.get("ModelClientConfig") or {}
    client = ModelClient(options.socket, headers, settings.get("InvocationsTimeoutInSeconds", 600),
                         settings.get("InvocationsMaxRetries", 3))
    server = subprocess.Popen([*options.command, "--socket", options.socket, "--base", options.base])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        wait_until_ready(server, client)
        scratch = os.path.join(options.base, "output", "scratch")
        outputs = os.path.join(options.base, "output", "data")
        os.makedirs(scratch, exist_ok=True)
        os.makedirs(outputs, exist_ok=True)
        inputs = os.path.join(options.base, "input", "data")
        transform = Transform(job, inputs, outputs, scratch, client, client.execution_parameters())
        files = input_files(inputs, options.index, options.count)
        transform.run(files)
        print(f"{transform.records} records of {len(files)} files were transformed", flush=True)
        return 0
    except (BadInput, PathError, ModelError) as error:
        reason = os.path.join(options.base, "output", "failure")
        if server.poll() is not None and os.path.exists(reason):
            return 1  # the model server has said why
        return fail(options.base, str(error))
    finally:
        server.terminate()
        try:
            server.wait(25)
        except subprocess.TimeoutExpired:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
