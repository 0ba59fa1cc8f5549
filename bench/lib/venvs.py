"""Virtual environments for the peers, made by the benchmark from pinned requirements, apart from the project's own clients."""

from __future__ import annotations

import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parents[1]


class Missing(RuntimeError):
    """This peer cannot be had here; the text says why."""


def environment(root: pathlib.Path, name: str) -> pathlib.Path:
    """The bin directory of the environment for peers/NAME.txt, made on first use. The file names everything, dependencies too."""
    requirements = HERE / "peers" / f"{name}.txt"
    home = root / name
    stamp = home / ".requirements"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        print(f"  installing {name} into {home} (once)", file=sys.stderr, flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True, capture_output=True, text=True)
            subprocess.run([str(home / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r",
                            str(requirements)], check=True, capture_output=True, text=True, timeout=600)
        except subprocess.CalledProcessError as failure:
            raise Missing(f"{name} did not install: {(failure.stderr or '').strip().splitlines()[-1:]}") from failure
        except subprocess.TimeoutExpired as failure:
            raise Missing(f"{name} did not install within 600 s") from failure
        stamp.write_text(requirements.read_text())
    return home / "bin"


def version(bin_directory: pathlib.Path, package: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([str(bin_directory / "python"), "-c", code], capture_output=True, text=True).stdout.strip()
