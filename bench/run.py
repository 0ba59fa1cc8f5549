#!/usr/bin/env python3
"""Side-by-side benchmarks: Aloft beside the servers that people use otherwise, and beside what the machine itself can do.

    bench/run.py --build build/release              # everything: build/bench.json, docs/benchmarks.md; about half an hour
    bench/run.py --build build/release --quick      # two short rounds of each; writes build/bench-quick.json only
    bench/run.py --build build/release --only s3 invoke

A scenario that cannot run here (a peer that does not install) is left out with its reason; a server that answers wrongly is an error.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib
import pathlib
import signal
import subprocess
import sys
import time

from lib.measure import Load, machine
from lib.report import Report, write_page

ROOT = pathlib.Path(__file__).resolve().parents[1]
SCENARIOS = ["startup", "http", "s3", "invoke", "models", "wake", "jobs", "training", "logs", "store", "listing", "uploads", "audit"]


@dataclasses.dataclass
class Bench:
    """What a scenario gets: where things are, how long to measure, and where the figures go."""

    build: pathlib.Path
    quick: bool
    rounds: int
    seconds: float
    report: Report
    versions: dict[str, str]
    venvs: pathlib.Path = ROOT / "build" / "bench-venvs"

    @property
    def binary(self) -> pathlib.Path:
        return self.build / "src/app/aloft"

    def program(self, name: str) -> pathlib.Path:
        return self.build / "bench" / name


def output_of(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--quick", action="store_true", help="two short rounds; nothing is written to docs/")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that every server is ended on the way out
    whole = not options.quick and options.only == SCENARIOS
    report, load, begin = Report(), Load(), time.monotonic()
    version = output_of(str(options.build / "src/app/aloft"), "--version")
    bench = Bench(options.build.resolve(), options.quick, options.rounds or (2 if options.quick else 5), 0.5 if options.quick else 1.0,
                  report, {"Aloft": version.split()[-1] if version else "?"})
    failures = []
    for name in options.only:
        print(f"{name} (load {load.look():.1f}, {time.monotonic() - begin:.0f} s so far)", flush=True)
        try:
            importlib.import_module(f"scenarios.{name}").run(bench)
        except Exception as failure:  # the other scenarios still count; the status says that one is missing
            failures.append(f"{name}: {type(failure).__name__}: {failure}")
            report.skip(f"{name} failed ({type(failure).__name__}: {failure})")
    facts = {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "machine": machine(),
             "commit": output_of("git", "rev-parse", "--short", "HEAD") or "?", "quick": options.quick, "rounds": bench.rounds,
             "load_average": load.json(), "versions": bench.versions, "seconds": round(time.monotonic() - begin),
             "durability": "on (every acknowledged write is synced: RocksDB WAL, SQLite FULL, blobs with fsync)"}
    target = options.json or ROOT / "build" / ("bench.json" if whole else "bench-quick.json")
    target.write_text(report.json(facts) + "\n")
    if whole and not failures:
        write_page(ROOT / "docs/benchmarks.md", report.markdown(facts))
    else:
        print(report.markdown(facts))
    print(f"{target} written after {facts['seconds']} s")
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
