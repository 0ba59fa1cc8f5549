#!/usr/bin/env python3
"""Checks (or with --fix applies) clang-format on every tracked C++ file."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    listed = subprocess.run(["git", "ls-files", "*.h", "*.cc"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [name for name in listed.stdout.split() if (ROOT / name).exists()]
    mode = ["-i"] if "--fix" in sys.argv[1:] else ["--dry-run", "--Werror"]
    result = subprocess.run(["clang-format-16", *mode, *files], cwd=ROOT, capture_output=True, text=True)
    sys.stderr.write(result.stderr[:4000])
    print(f"format: {len(files)} files, {'clean' if result.returncode == 0 else 'run make format'}")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
