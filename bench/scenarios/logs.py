"""A talkative job: how many lines a second reach the log stream, whether all do and in their order, and what it costs in memory."""

from __future__ import annotations

import re
import threading

from lib.measure import Stat, cpu_seconds, memory_mib
from lib.servers import Ours, processes_of

from .jobs import GROUP, Trainer
from .training import finish, request, start

LINE = "a line of a job's log, as long as such lines are: step=%d loss=0.123456 accuracy=0.98765"
NUMBER = re.compile(r"step=(\d+) ")


class Memory:
    """The highest RSS of the server and of the largest agent, looked at every 50 ms from another thread."""

    def __init__(self, ours: Ours):
        self.ours, self.server, self.agent = ours, 0.0, 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.server = max(self.server, memory_mib(self.ours.cloud.process.pid)["rss_mib"])
            for pid, command in processes_of(self.ours.cloud.data).items():
                if "aloft-task" not in command.split(" ", 1)[0]:
                    continue
                try:
                    self.agent = max(self.agent, memory_mib(pid).get("rss_mib", 0))
                except OSError:
                    continue  # ended meanwhile

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def lost(trainer: Trainer, name: str, count: int) -> int:
    """How many of the lines 0..count-1 are not in the stream; one out of order is an error."""
    stream = trainer.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=name)["logStreams"][0]["logStreamName"]
    found, last, follow = 0, -1, {}
    while events := (page := trainer.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True, **follow))["events"]:
        for event in events:
            if match := NUMBER.search(event["message"]):
                number = int(match[1])
                if number <= last:
                    raise RuntimeError(f"line {number} stands after line {last}")
                found, last = found + 1, number
        follow = {"nextToken": page["nextForwardToken"]}
    return count - found


def run(bench) -> None:
    count = 300_000 if bench.quick else 3_000_000
    section = bench.report.section("A talkative job", f"One job prints {count:,} lines of {len(LINE) + 5} bytes as fast as it can; every line must be in the log stream, in its "
                                   "order. RSS of the server before, at its highest and after; of the job's agent at its highest.", ["per_second", "rss_mib", "cpu_us"])
    script = f"import sys\nout = sys.stdout\nfor i in range({count}):\n    out.write({LINE!r} % i + chr(10))\n"
    ours = Ours(bench.binary)
    try:
        trainer = Trainer(ours.cloud, "logs")
        trainer.run()  # makes the environment
        what = request(trainer, script)
        finish(trainer, start(trainer, request(trainer, script.replace(str(count), "100000"))))  # what the server keeps from its first lines on
        server = ours.cloud.process.pid
        before, cpu = memory_mib(server)["rss_mib"], cpu_seconds([server])
        with Memory(ours) as memory:
            job = finish(trainer, start(trainer, what))
        cpu = cpu_seconds([server]) - cpu
        after = memory_mib(server)["rss_mib"]
        missing = lost(trainer, job["TrainingJobName"], count)
    finally:
        ours.close()
    seconds = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    section.add("printed and stored", "Aloft", {"per_second": Stat([count / seconds]), "cpu_us": Stat([cpu / count * 1e6])})
    for what, value in (("server before", before), ("server, highest", memory.server), ("server after", after), ("agent, highest", memory.agent)):
        section.add(what, "Aloft", {"rss_mib": Stat([value])})
    bench.report.aim("log lines of one job, without loss", "≥ 100,000/s", f"{count / seconds:,.0f}/s, {missing} lost", count / seconds >= 100_000 and missing == 0)
