"""A job's own packages: requirements.txt on top of the environment."""

import glob
import importlib.util
import os
import re
import subprocess
import sys

SHARED = "/opt/aloft/packages"  # what the platform has installed already, for this job and others
TARGET = os.path.join(os.environ.get("TMPDIR", "/tmp"), "packages")


def satisfied(lines):
    """True where every line names a package (or name==version) that the environment holds already."""
    from importlib import metadata

    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:==\s*([A-Za-z0-9._+!-]+))?", line)
        if not match:
            return False
        try:
            version = metadata.version(match.group(1))
        except metadata.PackageNotFoundError:
            return False
        if match.group(2) and match.group(2) != version:
            return False
    return True


def _pip():
    """How pip is run, and what it needs: an environment without pip borrows the wheel that ensurepip would install."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"], {}
    for wheel in sorted(glob.glob("/usr/share/python-wheels/pip-*.whl")):
        return [sys.executable, "-m", "pip"], {"PYTHONPATH": wheel}
    raise ValueError("requirements.txt cannot be installed: this environment has no pip")


def _lines(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.split(" #")[0].strip() for line in file]
    return [line for line in lines if line and not line.startswith("#")]


def install(path, target=TARGET):
    """Installs what is missing; the directories to put on PYTHONPATH."""
    lines = _lines(path)
    if not lines or satisfied(lines):
        return []
    command, variables = _pip()
    print(f"Installing {os.path.basename(path)}.", flush=True)
    command += ["install", "--quiet", "--no-input", "--disable-pip-version-check", "--target", target, "-r", path]
    done = subprocess.run(command, env=dict(os.environ) | variables, cwd=os.path.dirname(path), check=False)
    if done.returncode != 0:
        raise ValueError(
            "requirements.txt could not be installed (exit code "
            f"{done.returncode}); pip's reasons stand in the log. Without internet access for jobs nothing can be fetched."
        )
    return [target]


LOCATIONS = ("--target", "-t", "--user", "--prefix", "--root", "--python")


def pip(arguments, target=TARGET):
    """`pip ARGUMENTS`, as a command: an install without a place of its own goes to `target`, which is on the job's PYTHONPATH. The exit code."""
    try:
        command, variables = _pip()
    except ValueError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    placed = any(argument.split("=")[0] in LOCATIONS for argument in arguments)
    if arguments[:1] == ["install"] and not placed:
        rest = arguments[1:]
        only_a_list = len(rest) == 2 and rest[0] in ("-r", "--requirement") and os.path.isfile(rest[1])
        if only_a_list and satisfied(_lines(rest[1])):
            print(f"What {rest[1]} asks for is here already.", flush=True)
            return 0
        arguments = ["install", "--no-input", "--disable-pip-version-check", "--upgrade", "--target", target, *rest]
    return subprocess.run([*command, *arguments], env=dict(os.environ) | variables, check=False).returncode


def main(arguments):
    """overlay.py REQUIREMENTS TARGET: for the platform, in a sandbox of its own."""
    try:
        install(*arguments)
    except ValueError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
