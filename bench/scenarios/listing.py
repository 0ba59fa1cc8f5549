"""A bucket of ten million keys: how fast a million of them are listed, whether memory stays flat, and how long a look at one prefix takes."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile

from lib import load
from lib.measure import interleave, memory_mib
from lib.servers import Ours

BUCKET = "bench"
PAGE = 1000


def fill(bench, server, keys: int) -> None:
    """Empty objects with the names 0 .. keys-1, put there by a program of its own while the server is stopped."""
    subprocess.run([str(bench.program("aloft-fill")), "--data", str(server.cloud.data), "--account", server.cloud.account, "--bucket", BUCKET, "--keys", str(keys)],
                   check=True)


def name(n: int) -> str:
    """Folders of a thousand."""
    return f"folder-{n // 1000:05d}/object-{n % 1000:03d}"


def paths(home: pathlib.Path, keys: int, listed: int) -> tuple[pathlib.Path, pathlib.Path]:
    """Requests for every page of the first `listed` keys, and for single prefixes all over the bucket."""
    pages, prefixes = home / "pages", home / "prefixes"
    lines = [f"/{BUCKET}?list-type=2&max-keys={PAGE}&start-after={name(n - 1).replace('/', '%2F')}" if n else f"/{BUCKET}?list-type=2&max-keys={PAGE}"
             for n in range(0, listed, PAGE)]
    pages.write_text("\n".join(lines) + "\n")
    step = max(1, keys // PAGE // 200)
    prefixes.write_text("".join(f"/{BUCKET}?list-type=2&max-keys=10&prefix=folder-{n:05d}%2F\n" for n in range(0, keys // PAGE, step)))
    return pages, prefixes


def run(bench) -> None:
    keys, listed = (50_000, 50_000) if bench.quick else (10_000_000, 1_000_000)
    section = bench.report.section(
        "Listing", f"A bucket of {keys:,} empty objects, in folders of 1,000, whose records were written while no server ran. {listed:,} keys in pages of "
        "1,000, from 4 clients; then single prefixes at one client.", ["cpu_us", "per_second", "p50_ms", "p99_ms", "mb_per_second"])
    ours = Ours(bench.binary)
    try:
        ours.cloud.admin.client("s3").create_bucket(Bucket=BUCKET)
        ours.cloud.stop()
        fill(bench, ours, keys)
        ours.cloud.restart()
        with tempfile.TemporaryDirectory(prefix="aloft-bench-paths-") as home:
            pages, prefixes = paths(pathlib.Path(home), keys, listed)
            program = bench.program("aloft-load")

            def all_pages():
                return load.run(program, ours, "--mode", "s3-get", "--paths-file", str(pages), "--connections", "4", "--requests", str(listed // PAGE))

            def one_prefix():
                return load.run(program, ours, "--mode", "s3-get", "--paths-file", str(prefixes), "--connections", "1", "--requests", "200")

            all_pages()
            before = memory_mib(ours.cloud.process.pid)["rss_mib"]
            figures = interleave(bench.rounds, {"pages": all_pages, "prefix": one_prefix})
            grown = memory_mib(ours.cloud.process.pid)["rss_mib"] - before
    finally:
        ours.close()
    section.add("a page of 1,000 keys", "Aloft", figures["pages"])
    section.add("10 keys of one prefix", "Aloft", figures["prefix"])
    rate = figures["pages"]["per_second"].median * PAGE
    by_cpu = PAGE / figures["pages"]["cpu_us"].median * 1e6
    bench.report.aim(f"LIST of {listed:,} keys", "≥ 300,000 keys/s, memory flat",
                     f"{rate:,.0f} keys/s ({by_cpu:,.0f} per CPU second), {grown:+.1f} MiB over {bench.rounds} times all of them", rate >= 300_000 and grown < 64)
    took = figures["prefix"]["p99_ms"].median
    bench.report.aim(f"a prefix of a bucket of {keys:,} keys", "< 10 ms", f"p50 {figures['prefix']['p50_ms'].median:.2f} ms, p99 {took:.2f} ms", took < 10)
