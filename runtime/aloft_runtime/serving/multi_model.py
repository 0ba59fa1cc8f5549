"""Many models in one worker: each is brought from S3 and loaded when it is first asked for, the least recently used ones go.

ALOFT_MULTI_MODEL_PREFIX says below which URI the models lie; a request's X-Amzn-SageMaker-Target-Model is the rest of the key. An
archive (tar, gzip or not) is unpacked, any other object is the model's one file. Models share a process: scripts of their own are run
under a name of their own, but modules beside them are shared where they have the same name.
"""

import collections
import hashlib
import os
import shutil
import tarfile
import threading
import time

from .. import archive, s3_get
from .errors import LoadError, RequestError
from .handlers import Handlers

HEADER = "x-amzn-sagemaker-target-model"
REFUSAL = "X-Aloft-Refusal"  # tells the server that not the model, but the worker answers
LOADERS = 2  # models that are loaded side by side
WAITING = 64  # requests that may wait for a model to be loaded
PATIENCE = 50.0  # seconds that one waits
SMALLEST = 16 << 10  # bytes that the least model is counted as
MAX_NAME = 1024


def of(environment, base, workers=1):
    """The models of this worker, or None where it serves a single one."""
    prefix = environment.get("ALOFT_MULTI_MODEL_PREFIX")
    if not prefix:
        return None
    memory = int(environment.get("ALOFT_WORKER_MEMORY") or 4 << 30)
    budget = max(64 << 20, int(memory * 0.75) // workers - resident())
    directory = os.path.join(base, "models", str(os.getpid()))
    return Models(environment, prefix, directory, os.path.join(base, "code"), budget, s3_get.Reader(environment))


def resident() -> int:
    """Bytes of memory of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Refused(RequestError):
    """The answer of the worker itself; `kind` is for the server."""

    def __init__(self, status, kind, message):
        super().__init__(status, message)
        self.kind = kind


class _Slot:
    """A model that is being loaded, or is."""

    def __init__(self):
        self.done = threading.Event()
        self.handlers = None
        self.error = None
        self.bytes = 0
        self.directory = ""


class Models:
    """Thread-safe. `reader` is s3_get.Reader, or a test's."""

    def __init__(self, environment, prefix, directory, code_directory, budget, reader):
        self._environment = environment
        self._bucket, self._prefix = s3_get.split(prefix)
        self._directory = directory
        self._code = code_directory
        self._budget = budget
        self._reader = reader
        self._lock = threading.Lock()
        self._slots = collections.OrderedDict()  # by name, least recently used first
        self._bytes = 0
        self._loaders = threading.BoundedSemaphore(LOADERS)
        self._one_load = threading.Lock()  # what a load adds to memory is measured: one at a time
        self._waiting = 0
        self.loads = self.evictions = 0

    def find(self, headers) -> Handlers:
        """The handlers of the model that the request names, loaded. Refused."""
        name = headers.get(HEADER, "").lstrip("/")
        if not name:
            raise Refused(400, "TargetModelNeeded", "A multi-model endpoint needs TargetModel, the key of a model below its prefix")
        if len(name) > MAX_NAME or ".." in name.split("/"):
            raise self._absent(name)
        with self._lock:
            slot = self._slots.get(name)
            if slot is not None:
                self._slots.move_to_end(name)
                if slot.handlers is not None:
                    return slot.handlers
            if self._waiting >= WAITING:
                raise Refused(429, "ModelNotReady", f"Too many requests wait for models to be loaded; try {name} again")
            self._waiting += 1
            ours = slot is None
            if ours:
                slot = self._slots[name] = _Slot()
        try:
            if ours:
                self._load(name, slot)
            elif not slot.done.wait(PATIENCE):
                raise Refused(429, "ModelNotReady", f"The model {name} is still being loaded; try again")
        finally:
            with self._lock:
                self._waiting -= 1
        if slot.error is not None:
            raise slot.error
        return slot.handlers

    def names(self):
        with self._lock:
            return {name: slot.bytes for name, slot in self._slots.items() if slot.handlers is not None}

    def _absent(self, name):
        return Refused(
            404, "ModelNotFound",
            f"Failed to download model data(bucket: {self._bucket}, key: {self._prefix}{name}). Please ensure that there is an object "
            "located at the URL and that the role passed to CreateModel has permissions to download the model.")  # fmt: skip

    def _load(self, name, slot):
        """Fills the slot; one that failed is forgotten at once, so that the next request tries anew."""
        try:
            if not self._loaders.acquire(timeout=PATIENCE):
                raise Refused(429, "ModelNotReady", f"The model {name} waits behind others; try again")
            try:
                self._bring(name, slot)
            finally:
                self._loaders.release()
        except Refused as error:
            slot.error = error
        except (LoadError, archive.BadArchive) as error:
            slot.error = RequestError(400, f"The model {name} cannot be loaded: {error}")
        except OSError as error:
            slot.error = Refused(503, "ModelNotReady", f"The model {name} could not be brought: {error}")
        except BaseException as error:  # own code may raise anything, also SystemExit
            slot.error = RequestError(500, f"The model {name} cannot be loaded: {type(error).__name__}: {error}")
        if slot.error is not None:
            with self._lock:
                self._slots.pop(name, None)
            shutil.rmtree(slot.directory, ignore_errors=True)
        slot.done.set()

    def _bring(self, name, slot):
        began = time.monotonic()
        slot.directory = os.path.join(self._directory, hashlib.sha256(name.encode()).hexdigest()[:32])
        model = os.path.join(slot.directory, "model")
        os.makedirs(model, exist_ok=True)
        data = os.path.join(slot.directory, "data")
        try:
            size = self._reader.get(self._bucket, self._prefix + name, data, self._budget)
        except s3_get.NotThere:
            raise self._absent(name) from None
        except s3_get.TooLarge as error:
            raise Refused(507, "", f"The model {name} is larger than the worker's memory: {error}") from None
        if tarfile.is_tarfile(data):
            size = archive.unpack(data, model, self._budget)
            os.unlink(data)
        else:
            os.rename(data, os.path.join(model, os.path.basename(name)))
        with self._one_load:
            self._make_room(name, size)
            before = resident()
            handlers = Handlers.of(self._environment, model, self._code)
            handlers.load()
            slot.bytes = max(resident() - before, size, SMALLEST)
        with self._lock:
            self._bytes += slot.bytes
            slot.handlers = handlers
            self.loads += 1
        self._make_room(name, 0)
        if self.loads <= 20 or self.loads % 1000 == 0:
            print(f"model {name} loaded in {(time.monotonic() - began) * 1000:.0f} ms; {len(self._slots)} models, {self._bytes >> 20} MiB", flush=True)

    def _make_room(self, keep, size):
        """Forgets the least recently used models until `size` more bytes fit. A request that runs keeps its model's objects alive."""
        gone = []
        with self._lock:
            for name in list(self._slots):
                if self._bytes + size <= self._budget:
                    break
                slot = self._slots[name]
                if name == keep or slot.handlers is None:
                    continue
                del self._slots[name]
                self._bytes -= slot.bytes
                self.evictions += 1
                gone.append(slot)
        for slot in gone:
            shutil.rmtree(slot.directory, ignore_errors=True)
