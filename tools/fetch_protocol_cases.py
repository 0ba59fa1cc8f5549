#!/usr/bin/env python3
"""Fetches botocore's protocol test cases, which its wheel lacks, into a directory.

  fetch_protocol_cases.py build/oracle        -> build/oracle/{input,output,legacy/...}/*.json

Downloads the source distribution of exactly the installed botocore through pip and unpacks tests/unit/protocols. Does
nothing when they are there already.
"""

import importlib.metadata
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile


def main() -> int:
    target = pathlib.Path(sys.argv[1])
    version = importlib.metadata.version("botocore")
    stamp = target / "version"
    if stamp.exists() and stamp.read_text() == version:
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "botocore",
                   "--dest", scratch, f"botocore=={version}"]
        subprocess.run(command, check=True)
        folder = f"botocore-{version}/tests/unit/protocols/"
        with tarfile.open(next(pathlib.Path(scratch).glob("botocore-*.tar.gz"))) as archive:
            members = [m for m in archive.getmembers() if m.isfile() and m.name.startswith(folder) and ".." not in m.name]
            for member in members:
                member.name = member.name.removeprefix(folder)
            archive.extractall(pathlib.Path(scratch) / "cases", members=members)
        (pathlib.Path(scratch) / "cases" / "version").write_text(version)
        shutil.rmtree(target, ignore_errors=True)
        (pathlib.Path(scratch) / "cases").rename(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
