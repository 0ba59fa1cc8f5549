"""What came out: build/bench.json, and the measured part of docs/benchmarks.md."""

from __future__ import annotations

import json
import pathlib
import re

from .measure import Stat

BEGIN, END = "<!-- measured: written by make bench -->", "<!-- end of what is measured -->"
TITLES = {"cpu_us": "µs of CPU", "per_second": "per second", "p50_ms": "p50 ms", "p99_ms": "p99 ms", "client_cpu_us": "client µs",
          "mb_per_second": "MB/s", "gb_per_cpu_second": "GB per CPU second", "ms": "ms", "pss_mib": "PSS MiB", "rss_mib": "RSS MiB"}


class Report:
    """Rows of figures, aims, and what was left out with its reason."""

    def __init__(self):
        self.sections: list[dict] = []
        self.aims: list[dict] = []
        self.left_out: list[str] = []

    def section(self, name: str, text: str, columns: list[str]) -> "Section":
        entry = {"name": name, "text": text, "columns": columns, "rows": []}
        self.sections.append(entry)
        return Section(entry)

    def aim(self, what: str, wanted: str, measured: str, met: bool) -> None:
        self.aims.append({"what": what, "wanted": wanted, "measured": measured, "met": met})

    def skip(self, what: str) -> None:
        print(f"  left out: {what}", flush=True)
        self.left_out.append(what)

    def json(self, facts: dict) -> str:
        def plain(value):
            return value.json() if isinstance(value, Stat) else value

        sections = [{**section, "rows": [{key: plain(value) for key, value in row.items()} for row in section["rows"]]}
                    for section in self.sections]
        return json.dumps({**facts, "aims": self.aims, "sections": sections, "left_out": self.left_out}, indent=1, ensure_ascii=False)

    def markdown(self, facts: dict) -> str:
        machine, load = facts["machine"], facts["load_average"]
        lines = [f"{facts['date']}, commit {facts['commit']}{', quick form' if facts['quick'] else ''}: {machine['processor']}, "
                 f"{machine['cores']} cores, {machine['memory_mib'] // 1024} GiB; {machine['system']}, Linux {machine['kernel']}. Load average "
                 f"{load['start']} at the start, {load['highest']} at its highest, {load['end']} at the end. Durability: {facts['durability']}. "
                 f"{facts['rounds']} rounds that take turns; median ± standard deviation.", "",
                 "Versions: " + ", ".join(f"{name} {version}" for name, version in facts["versions"].items()) + ".", "",
                 "| aim | wanted | measured | |", "|---|---|---|---|"]
        lines += [f"| {aim['what']} | {aim['wanted']} | {aim['measured']} | {'met' if aim['met'] else '**missed**'} |" for aim in self.aims]
        for section in self.sections:
            columns = section["columns"]
            lines += ["", f"### {section['name']}", "", section["text"], "", "| case | server | " + " | ".join(
                TITLES.get(column, column) for column in columns) + " |", "|---|---|" + "---:|" * len(columns)]
            lines += ["| " + " | ".join([row["case"], row["server"], *(cell(row.get(column)) for column in columns)]) + " |"
                      for row in section["rows"]]
        if self.left_out:
            lines += ["", "Left out: " + "; ".join(self.left_out) + "."]
        return "\n".join(lines) + "\n"


class Section:
    def __init__(self, entry: dict):
        self.entry = entry

    def add(self, case: str, server: str, figures: dict[str, Stat]) -> None:
        row = {"case": case, "server": server, **figures}
        self.entry["rows"].append(row)
        shown = ", ".join(f"{TITLES.get(c, c)} {cell(figures[c])}" for c in self.entry["columns"] if c in figures)
        print(f"  {case} | {server}: {shown}", flush=True)


def cell(stat: Stat | None) -> str:
    return "" if stat is None else f"{number(stat.median)} ± {number(stat.sd)}"


def number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def write_page(page: pathlib.Path, measured: str) -> None:
    """Replaces what is measured between the marks; the rest of the page is written by people."""
    text = page.read_text()
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    page.write_text(pattern.sub(lambda _: f"{BEGIN}\n\n{measured}\n{END}", text))
