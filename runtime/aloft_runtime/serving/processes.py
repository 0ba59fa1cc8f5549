"""One process that serves, or a parent over several: each loads the model itself, and one that dies is made again.

Forking comes before loading: numeric libraries do not survive a fork once their threads have run.
"""

import os
import signal
import sys
import time

RESTARTS_PER_MINUTE = 5


def run(serve, count: int) -> int:
    """Runs `serve()` in `count` processes; the status to end with. A process that ends with a status above 0 ends all:
    it has said why. One that a signal ended is replaced, a few times a minute."""
    if count <= 1:
        return serve()
    return _Parent(serve, count).run()


class _Parent:
    def __init__(self, serve, count):
        self._serve = serve
        self._count = count
        self._children = set()
        self._stopping = False
        self._deaths = []

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self._on_term)
        signal.signal(signal.SIGINT, self._on_term)
        for _ in range(self._count):
            self._start()
        status = 0
        while self._children:
            try:
                pid, wait_status = os.wait()
            except ChildProcessError:
                break
            if pid not in self._children:
                continue
            self._children.discard(pid)
            code = os.waitstatus_to_exitcode(wait_status)
            if self._stopping:
                status = status or (0 if code >= 0 else 128 - code)
                continue
            if code > 0 or not self._may_restart():
                # It said why (the model does not load), or dies again and again: the task fails with it.
                status = code if code > 0 else 128 - code
                self._end_all()
                continue
            print(f"a model process ended by signal {-code}; starting another", file=sys.stderr, flush=True)
            self._start()
        return status

    def _may_restart(self) -> bool:
        now = time.monotonic()
        self._deaths = [at for at in self._deaths if now - at < 60] + [now]
        return len(self._deaths) <= RESTARTS_PER_MINUTE

    def _start(self):
        pid = os.fork()
        if pid:
            self._children.add(pid)
            return
        status = 70
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            status = self._serve()
        except SystemExit as leave:
            status = leave.code if isinstance(leave.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _on_term(self, *_):
        self._stopping = True
        self._end_all()

    def _end_all(self):
        self._stopping = True
        for pid in list(self._children):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
