#!/usr/bin/env python3
"""Checks that every header under src/ compiles alone. Usage: check_headers.py BUILD_DIR (for generated headers).

A header that a source includes before anything else compiles alone if that source does, which is the build's business; the others are compiled
here. What compiled with the same content of everything it includes is not compiled again: ccache remembers.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def definitions() -> list[str]:
    """The texts that rooms' CMake files define, with any value: which one does not matter here."""
    names = {name for path in (ROOT / "src").rglob("CMakeLists.txt") for name in re.findall(r'\b(ALOFT_[A-Z_]+)="', path.read_text())}
    return [f'-D{name}=""' for name in sorted(names)]


def proven_by_the_build() -> set[str]:
    """What sources include first. Fuzz targets are not part of every build."""
    first = (re.search(r'^#include "([^"]+)"|^#include <', source.read_text(), re.MULTILINE)
             for source in (ROOT / "src").rglob("*.cc") if not source.name.endswith("_fuzz.cc"))
    return {match[1] for match in first if match and match[1]}


def compile_alone(header: pathlib.Path, build: pathlib.Path, options: list[str]) -> str:
    stub = build / "header_check" / (header.relative_to(ROOT / "src").as_posix().replace("/", "__") + ".cc")
    text = f'#include "{header.relative_to(ROOT / "src").as_posix()}"\n'
    if not stub.exists() or stub.read_text() != text:
        stub.write_text(text)
    command = [*([shutil.which("ccache")] if shutil.which("ccache") else []), "g++", "-std=c++20", "-O0", "-w", "-c", *options,
               "-I", str(ROOT / "src"), "-I", str(build / "generated"), str(stub), "-o", str(stub.with_suffix(".o"))]
    result = subprocess.run(command, capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{header.relative_to(ROOT)} does not compile alone:\n{result.stderr[:1500]}"


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    (build / "header_check").mkdir(parents=True, exist_ok=True)
    options = definitions()
    proven = proven_by_the_build()
    headers = sorted((ROOT / "src").rglob("*.h"))
    open_question = [header for header in headers if header.relative_to(ROOT / "src").as_posix() not in proven]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [p for p in pool.map(lambda h: compile_alone(h, build, options), open_question) if p]
    for problem in problems:
        print(problem)
    print(f"headers: {len(headers)} compile alone, {len(open_question)} of them tried here" if not problems else f"headers: {len(problems)} of {len(headers)} fail")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
