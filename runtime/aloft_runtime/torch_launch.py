"""Starts one process for each device of this instance, with the variables that torch.distributed reads, as torchrun does.

    python torch_launch.py --nnodes N --node_rank I --nproc_per_node G --master_addr algo-1 --master_port 7777 script.py [arguments]

torchrun itself would do, but that of PyTorch before 2.0 does not work with Python 3.11; and of its elasticity nothing is used here: hosts
start together and fail together. SIGTERM is passed on. One process that fails ends the others, and its exit code is the launcher's.
"""

import argparse
import os
import signal
import subprocess
import sys

GRACE_SECONDS = 15


def parse(arguments):
    parser = argparse.ArgumentParser()
    for name, kind in (("nnodes", int), ("node_rank", int), ("nproc_per_node", int), ("master_addr", str), ("master_port", int)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


class _Other(Exception):
    pass


def torchrun(arguments):
    """As `torchrun ARGUMENTS`: the usual options and a script are done here, anything else by PyTorch's own. The exit code."""

    class Parser(argparse.ArgumentParser):
        def error(self, message):
            raise _Other(message)

    parser = Parser(add_help=False, allow_abbrev=False)
    for name, kind, default in (("nnodes", int, 1), ("node_rank", int, 0), ("nproc_per_node", int, 1), ("master_addr", str, "127.0.0.1"),
                                ("master_port", int, 29500)):
        parser.add_argument(f"--{name}", f"--{name.replace('_', '-')}", dest=name, type=kind, default=default)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    try:
        options = parser.parse_args(arguments)
        if not options.command or not options.command[0].endswith(".py"):
            raise _Other("no script")
    except _Other:
        os.execv(sys.executable, [sys.executable, "-m", "torch.distributed.run", *arguments])
    if options.nnodes > 1:
        for name in ("GLOO_SOCKET_IFNAME", "TP_SOCKET_IFNAME"):
            os.environ.setdefault(name, os.environ.get("SM_NETWORK_INTERFACE_NAME", "eth0"))
    return launch(options)


def variables(options, local_rank):
    each = options.nproc_per_node
    return dict(os.environ) | {
        "MASTER_ADDR": options.master_addr,
        "MASTER_PORT": str(options.master_port),
        "WORLD_SIZE": str(options.nnodes * each),
        "RANK": str(options.node_rank * each + local_rank),
        "LOCAL_RANK": str(local_rank),
        "LOCAL_WORLD_SIZE": str(each),
        "NODE_RANK": str(options.node_rank),
        "GROUP_RANK": str(options.node_rank),
    }


def end(processes):
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main(arguments=None):
    return launch(parse(sys.argv[1:] if arguments is None else arguments))


def launch(options):
    processes = [subprocess.Popen([sys.executable, "-u", *options.command], env=variables(options, rank))
                 for rank in range(options.nproc_per_node)]

    def pass_on(number, _frame):
        for process in processes:
            if process.poll() is None:
                process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    by_pid = {process.pid: process for process in processes}
    while by_pid:
        pid, status = os.wait()
        process = by_pid.pop(pid, None)
        if process is None:
            continue
        code = os.waitstatus_to_exitcode(status)
        process.returncode = code
        if code != 0:
            end(processes)
            return 128 - code if code < 0 else code
    return 0


if __name__ == "__main__":
    sys.exit(main())
