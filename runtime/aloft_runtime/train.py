"""The script launcher: runs a training job's own code inside its sandbox, as SageMaker's containers do.

    python train.py [--base /opt/ml] [--algorithm <module>]

Reads <base>/input/config, makes the SM_* variables and the arguments, installs the code's requirements.txt, runs the
entry point in <base>/code, passes SIGTERM on, and ends with the entry point's exit code. A job without a script becomes
`python -m <module>` where the image has an algorithm. When the exit code is not 0, <base>/output/failure says why: the traceback, at most 1024 characters (whatever the code wrote there itself stays).

Layout and variables: docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html and
github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md; proved by tests/runtime/test_train.py.

Only light modules are imported: a job's first log line waits for this program.
"""

import json
import os
import select
import signal
import sys

MAX_FAILURE = 1024  # characters, as FailureReason allows
MASTER_PORT = 7777  # as SageMaker's toolkit chooses it
TENSORFLOW_PORT = 8890  # likewise
NOT_BUILT = (
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
)
KEPT_ERRORS = 16 * 1024  # bytes of the code's standard error that are remembered for the failure text


class LaunchError(Exception):
    """The job cannot be run as asked; the text is for the user."""


def read_json(path, otherwise):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return otherwise


def decode(value):
    """A hyperparameter as the SDK encoded it: JSON where it is JSON, else the text itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


class Job:
    """What <base>/input/config says, and what follows from it."""

    def __init__(self, base, environ):
        self.base = base
        config = os.path.join(base, "input", "config")
        decoded = {name: decode(value) for name, value in read_json(f"{config}/hyperparameters.json", {}).items()}
        self.platform = {name: value for name, value in decoded.items() if name.startswith("sagemaker_")}
        self.hyperparameters = {name: value for name, value in decoded.items() if not name.startswith("sagemaker_")}
        self.channels = read_json(f"{config}/inputdataconfig.json", {})
        self.resources = read_json(f"{config}/resourceconfig.json", {})
        self.program = self.platform.get("sagemaker_program") or environ.get("SAGEMAKER_PROGRAM") or ""
        self.submitted = (
            self.platform.get("sagemaker_submit_directory") or environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or ""
        )
        self.code = os.path.join(base, "code")

    @property
    def arguments(self):
        """Hyperparameters as the entry point's arguments: --name value, -n value, in the order of their names."""
        arguments = []
        for name in sorted(self.hyperparameters):
            arguments += [f"--{name}" if len(name) > 1 else f"-{name}", str(self.hyperparameters[name])]
        return arguments

    def variables(self):
        """The SM_* variables; lists and objects are JSON."""
        host = self.resources.get("current_host", "algo-1")
        hosts = self.resources.get("hosts", [host])
        group = self.resources.get("current_group_name", "homogeneousCluster")
        groups = self.resources.get("instance_groups", [])
        log_level = self.platform.get("sagemaker_container_log_level", 20)
        directories = {
            "model_dir": "model",
            "input_dir": "input",
            "input_config_dir": "input/config",
            "output_dir": "output",
            "output_data_dir": "output/data",
            "output_intermediate_dir": "output/intermediate",
        }
        values = {name: os.path.join(self.base, path) for name, path in directories.items()}
        values |= {
            "channels": sorted(self.channels),
            "hps": self.hyperparameters,
            "current_host": host,
            "current_instance_type": self.resources.get("current_instance_type", "local"),
            "current_instance_group": group,
            "current_instance_group_hosts": next(
                (g["hosts"] for g in groups if g.get("instance_group_name") == group), hosts
            ),
            "instance_groups": [g["instance_group_name"] for g in groups if "instance_group_name" in g],
            "instance_groups_dict": {g["instance_group_name"]: g for g in groups if "instance_group_name" in g},
            "distribution_instance_groups": self.platform.get("sagemaker_distribution_instance_groups") or [],
            "is_hetero": len({g.get("instance_type") for g in groups}) > 1,
            "hosts": hosts,
            "num_gpus": count_gpus(),
            "num_neurons": 0,
            "num_cpus": len(os.sched_getaffinity(0)),
            "log_level": log_level,
            "network_interface_name": self.resources.get("network_interface_name", "eth0"),
            "user_args": self.arguments,
            "user_entry_point": self.program,
            "framework_params": {},
            "framework_module": "aloft_runtime.train:main",
            "module_name": self.program.removesuffix(".py"),
            "module_dir": self.submitted,
            "resource_config": self.resources,
            "input_data_config": self.channels,
        }
        values |= {f"channel_{name}": os.path.join(self.base, "input", "data", name) for name in self.channels}
        training_env = {
            "additional_framework_parameters": {},
            "channel_input_dirs": {name: values[f"channel_{name}"] for name in self.channels},
            "current_host": host,
            "current_instance_group": group,
            "current_instance_type": values["current_instance_type"],
            "framework_module": values["framework_module"],
            "hosts": hosts,
            "hyperparameters": self.hyperparameters,
            "input_config_dir": values["input_config_dir"],
            "input_data_config": self.channels,
            "input_dir": values["input_dir"],
            "is_master": hosts[:1] == [host],
            "job_name": self.platform.get("sagemaker_job_name", os.environ.get("TRAINING_JOB_NAME", "")),
            "log_level": log_level,
            "master_hostname": hosts[0] if hosts else host,
            "model_dir": values["model_dir"],
            "module_dir": self.submitted,
            "module_name": values["module_name"],
            "network_interface_name": values["network_interface_name"],
            "num_cpus": values["num_cpus"],
            "num_gpus": values["num_gpus"],
            "output_data_dir": values["output_data_dir"],
            "output_dir": values["output_dir"],
            "output_intermediate_dir": values["output_intermediate_dir"],
            "resource_config": self.resources,
            "user_entry_point": self.program,
        }
        values["training_env"] = training_env
        variables = {f"SM_{name.upper()}": as_text(value) for name, value in values.items()}
        return variables | {f"SM_HP_{name.upper()}": as_text(value) for name, value in self.hyperparameters.items()}


def as_text(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def count_gpus():
    try:
        return sum(1 for name in os.listdir("/dev") if name.startswith("nvidia") and name[6:].isdigit())
    except OSError:
        return 0


def prepare_code(job):
    """The directory with the entry point; unpacks an archive that lies inside the sandbox (network isolation)."""
    if job.submitted.startswith("/"):
        if os.path.isdir(job.submitted):
            job.code = job.submitted
        elif os.path.isfile(job.submitted):
            from aloft_runtime import archive

            archive.unpack(job.submitted, job.code)
    if not job.program:
        raise LaunchError("no entry point: the hyperparameter sagemaker_program names the script to run")
    for name in NOT_BUILT:
        if job.platform.get(name):
            raise LaunchError(f"{name} is not built; torch_distributed, MPI and MultiWorkerMirroredStrategy are, and scripts that start without a launcher")
    path = os.path.normpath(os.path.join(job.code, job.program))
    if not path.startswith(job.code.rstrip("/") + "/") or not os.path.isfile(path):
        there = ", ".join(sorted(os.listdir(job.code))[:20]) if os.path.isdir(job.code) else ""
        raise LaunchError(f"the entry point {job.program} is not in the submitted code, which holds: {there or 'nothing'}")


def distribution_hosts(job):
    """The hosts that take part: those of sagemaker_distribution_instance_groups where it names some, else all."""
    names = job.platform.get("sagemaker_distribution_instance_groups") or []
    groups = {g.get("instance_group_name"): g.get("hosts", []) for g in job.resources.get("instance_groups", [])}
    chosen = [host for name in names for host in groups.get(name, [])]
    return chosen or job.resources.get("hosts", ["algo-1"])


def torch_launcher(job):
    """What torchrun does over the job's hosts; empty on a host that does not take part."""
    hosts = distribution_hosts(job)
    host = job.resources.get("current_host", "algo-1")
    if host not in hosts:
        return []
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_launch.py")
    launcher = [sys.executable, "-u", program, "--nnodes", str(len(hosts))]
    launcher += ["--nproc_per_node", str(max(count_gpus(), 1)), "--master_addr", hosts[0]]
    return [*launcher, "--master_port", str(MASTER_PORT), "--node_rank", str(hosts.index(host))]


def mpi_launcher(job):
    """What mpirun does over the job's hosts, without SSH between them; empty on a host that does not take part."""
    hosts = distribution_hosts(job)
    host = job.resources.get("current_host", "algo-1")
    if host not in hosts:
        return []
    slots = job.platform.get("sagemaker_mpi_num_of_processes_per_host") or max(count_gpus(), 1)
    options = job.platform.get("sagemaker_mpi_custom_mpi_options") or ""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mpi_launch.py")
    launcher = [sys.executable, "-u", program, "--host", host, "--hosts", ",".join(hosts), "--slots", str(slots)]
    interface = job.resources.get("network_interface_name", "eth0")
    return [*launcher, "--interface", interface, f"--options={options}", "--"]


def tensorflow_cluster(job):
    """TF_CONFIG of a MultiWorkerMirroredStrategy: every host a worker, in the order of their names."""
    hosts = distribution_hosts(job)
    host = job.resources.get("current_host", "algo-1")
    if host not in hosts:
        return {}
    cluster = {"worker": [f"{name}:{TENSORFLOW_PORT}" for name in hosts]}
    task = {"type": "worker", "index": hosts.index(host)}
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})}


def command_of(job):
    if job.platform.get("sagemaker_mpi_enabled"):
        if launcher := mpi_launcher(job):
            shell = ["/bin/bash"] if job.program.endswith(".sh") else [sys.executable, "-u"]
            return [*launcher, *shell, job.program, *job.arguments]
    if job.platform.get("sagemaker_torch_distributed_enabled") or job.platform.get("sagemaker_pytorch_ddp_enabled"):
        if not job.program.endswith(".py"):
            raise LaunchError("torch_distributed needs a Python entry point")
        if launcher := torch_launcher(job):
            return [*launcher, job.program, *job.arguments]
    if job.program.endswith(".sh"):
        return ["/bin/bash", job.program, *job.arguments]
    return [sys.executable, "-u", job.program, *job.arguments]


def run(job, command, variables):
    """Runs the command in the code's directory; its exit code (128 + signal where one ended it), and the end of its
    standard error, which is passed on."""
    reading, writing = os.pipe()
    os.chdir(job.code)
    ended = False

    def pass_on(number, _frame):
        if not ended:
            os.kill(child, number)

    # Blocked until there is a child to pass them on to.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    child = os.posix_spawn(
        command[0],
        command,
        variables,
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 2), (os.POSIX_SPAWN_CLOSE, reading)],
        setsigmask=(),
        setsigdef=(signal.SIGTERM, signal.SIGINT, signal.SIGPIPE),
    )
    os.close(writing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    # Until the command itself has ended: what it leaves behind may hold the pipe for ever.
    waits = select.poll()
    pidfd = os.pidfd_open(child)
    waits.register(reading, select.POLLIN)
    waits.register(pidfd, select.POLLIN)
    os.set_blocking(reading, False)
    kept, alive, readable = b"", True, True
    while alive:
        ready = {fd for fd, _ in waits.poll()}
        alive = pidfd not in ready
        while readable and (reading in ready or not alive):
            try:
                chunk = os.read(reading, 65536)
            except BlockingIOError:
                break
            if not chunk:
                waits.unregister(reading)
                readable = False
                break
            view = memoryview(chunk)
            while view:
                view = view[os.write(2, view) :]
            kept = (kept + chunk)[-KEPT_ERRORS:]
    _, status = os.waitpid(child, 0)
    ended = True
    code = os.waitstatus_to_exitcode(status)
    return (128 - code if code < 0 else code), kept.decode("utf-8", "replace")


def failure_text(code, errors, command):
    """As the SDK and people know it from SageMaker; of a long traceback the end stays."""
    start = errors.rfind("Traceback (most recent call last):")
    message = (errors[start:] if start >= 0 else errors).strip()
    head = f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "'
    shown = " ".join(os.path.basename(part) if i == 0 else part for i, part in enumerate(command))
    tail = f'"\nCommand "{shown[:200]}"'
    room = MAX_FAILURE - len(head) - len(tail)
    return head + (message if len(message) <= room else "..." + message[-(room - 3) :]) + tail


def write_once(path, text):
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        if not os.path.exists(path):
            print(f"{path} cannot be written: {error}", file=sys.stderr, flush=True)


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    options = dict(zip(arguments[::2], arguments[1::2], strict=False))
    base = options.get("--base", "/opt/ml")
    failure = os.path.join(base, "output", "failure")
    try:
        job = Job(base, os.environ)
        if not job.program and "--algorithm" in options:
            os.execv(sys.executable, [sys.executable, "-u", "-m", options["--algorithm"], "--base", base])
        prepare_code(job)
        paths = [job.code]
        requirements = os.path.join(job.code, "requirements.txt")
        if os.path.isfile(requirements):
            from aloft_runtime import overlay

            shared = os.path.isdir(overlay.SHARED)
            paths += [overlay.SHARED] if shared else overlay.install(requirements)
        variables = dict(os.environ) | job.variables()
        if len(job.resources.get("hosts", [])) > 1:
            for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME", "TP_SOCKET_IFNAME"):
                variables.setdefault(name, job.resources.get("network_interface_name", "eth0"))
        if job.platform.get("sagemaker_multi_worker_mirrored_strategy_enabled"):
            variables |= tensorflow_cluster(job)
        paths += [path for path in [os.path.join(os.environ.get("TMPDIR", "/tmp"), "packages")] if path not in paths]  # of `pip install`
        variables["PYTHONPATH"] = os.pathsep.join(paths)
        command = command_of(job)
    except Exception as error:  # whatever it is, the job must end with a reason
        text = str(error) if isinstance(error, (LaunchError, ValueError, OSError)) else repr(error)
        print(f"Cannot run the job: {text}", file=sys.stderr, flush=True)
        write_once(failure, text[:MAX_FAILURE])
        return 1
    print("Invoking: " + " ".join(["python", *command[1:]]), flush=True)
    code, errors = run(job, command, variables)
    if code == 0:
        write_once(os.path.join(base, "output", "success"), "")
    else:
        write_once(failure, failure_text(code, errors, command))
    return code


if __name__ == "__main__":
    sys.exit(main())
