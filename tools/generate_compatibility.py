#!/usr/bin/env python3
"""Writes docs/compatibility.md from what the binary says that it has built and what botocore says exists.

Usage: generate_compatibility.py --binary PATH [--check]

--check fails where the file differs from what would be written: the table in the repository is always the binary's own.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

import botocore.session

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs/compatibility.md"
# The botocore service -> the IAM prefix that its rows have.
SERVICES = {"s3": "s3", "iam": "iam", "sts": "sts", "sagemaker": "sagemaker", "sagemaker-runtime": "sagemaker", "logs": "logs",
            "cloudwatch": "cloudwatch", "kms": "kms", "organizations": "organizations", "cloudtrail": "cloudtrail",
            "application-autoscaling": "application-autoscaling"}


def operations_of(binary: pathlib.Path) -> list[dict]:
    """Starts a server in a temporary directory and asks it."""
    with tempfile.TemporaryDirectory() as work:
        data = f"{work}/data"
        banner = subprocess.run([binary, "up", "--detach", "--data", data, "--listen", "127.0.0.1:0", "--no-tls"],
                                capture_output=True, text=True, check=True).stdout
        key = re.search(r"access key id +(\S+)\n +secret access key +(\S+)", banner)
        url = re.search(r"up at (\S+)", banner).group(1)
        env = {**os.environ, "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": key[1], "AWS_SECRET_ACCESS_KEY": key[2]}
        try:
            listed = subprocess.run([binary, "operations", "--json"], capture_output=True, text=True, check=True, env=env)
        finally:
            subprocess.run([binary, "stop", "--data", data], capture_output=True)
        return json.loads(listed.stdout)["Operations"]


def render(operations: list[dict]) -> str:
    built: dict[str, set[str]] = {}
    for operation in operations:
        built.setdefault(operation["Service"], set()).add(operation["Operation"])
    session = botocore.session.get_session()
    unlisted = set(built) & set(session.get_available_services()) - set(SERVICES)
    assert not unlisted, f"SERVICES lacks {unlisted}"
    lines = ["# Compatibility", "",
             "Made by `tools/generate_compatibility.py` from the rows of the binary and the models of botocore; do not edit. An operation that",
             "is not listed answers with a typed error that names it.", "",
             "| service | built | of |", "|---|---|---|"]
    models = {service: set(session.get_service_model(service).operation_names) for service in SERVICES}
    names = {service: sorted(built.get(prefix, set()) & models[service]) for service, prefix in SERVICES.items()}
    for service in SERVICES:
        lines.append(f"| {service} | {len(names[service])} | {len(models[service])} |")
    for service in SERVICES:
        lines += ["", f"## {service}", "", *textwrap.wrap(", ".join(names[service]) + ".", 140)]
    known = set().union(*models.values())
    own = sorted(set().union(*built.values()) - known)
    lines += ["", "## Aloft's own", "", ", ".join(own) + ".", ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = render(operations_of(arguments.binary.resolve()))
    if not arguments.check:
        TABLE.write_text(text)
    elif not TABLE.exists() or TABLE.read_text() != text:
        print("docs/compatibility.md is not what the binary says; run make compatibility")
        return 1
    print("compatibility: the table is the binary's own")
    return 0


if __name__ == "__main__":
    sys.exit(main())
