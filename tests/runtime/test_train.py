"""The script launcher, run as a process over a made-up /opt/ml, as the agent runs it."""

import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import textwrap

import pytest

RUNTIME = pathlib.Path(__file__).resolve().parents[2] / "runtime"
LAUNCHER = RUNTIME / "aloft_runtime" / "train.py"


class Base:
    """An /opt/ml with a script and its configuration."""

    def __init__(self, path):
        self.path = path
        for name in ("input/config", "input/data/train", "model", "output/data", "code"):
            (path / name).mkdir(parents=True)
        self.hyperparameters = {"sagemaker_program": json.dumps("train.py"), "sagemaker_job_name": json.dumps("job-1")}
        self.configure("inputdataconfig", {"train": {"TrainingInputMode": "File"}})
        groups = [{"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}]
        self.configure(
            "resourceconfig",
            {
                "current_host": "algo-1",
                "hosts": ["algo-1"],
                "network_interface_name": "eth0",
                "current_instance_type": "ml.m5.large",
                "current_group_name": "homogeneousCluster",
                "instance_groups": groups,
            },
        )

    def configure(self, name, value):
        (self.path / "input/config" / f"{name}.json").write_text(json.dumps(value))

    def script(self, text, name="train.py"):
        (self.path / "code" / name).write_text(textwrap.dedent(text))

    def start(self, **variables):
        self.configure("hyperparameters", self.hyperparameters)
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(RUNTIME), "PYTHONUNBUFFERED": "1", "TMPDIR": str(self.path)}
        return subprocess.Popen(
            [sys.executable, str(LAUNCHER), "--base", str(self.path)],
            env=environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, **variables):
        process = self.start(**variables)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    @property
    def failure(self):
        return (self.path / "output/failure").read_text()


@pytest.fixture
def base(tmp_path):
    return Base(tmp_path / "ml")


# The contract of script mode: hyperparameters arrive as arguments, decoded and without SageMaker's own.
def test_arguments_are_the_hyperparameters(base):
    base.hyperparameters |= {"learning-rate": "0.1", "name": json.dumps("a b"), "x": "1", "flag": "true", "raw": "not json"}
    base.script("import json, sys; print('ARGS', json.dumps(sys.argv[1:]))")
    code, output = base.run()
    assert code == 0, output
    line = next(line for line in output.splitlines() if line.startswith("ARGS"))
    assert json.loads(line[5:]) == ["--flag", "True", "--learning-rate", "0.1", "--name", "a b", "--raw", "not json", "-x", "1"]


# Scripts read their places from SM_* variables: every one that SageMaker's toolkit makes must be there.
def test_variables_are_the_toolkits(base):
    base.hyperparameters |= {"epochs": "3", "layers": "[1, 2]"}
    base.script("import json, os; print('ENV', json.dumps({k: v for k, v in os.environ.items() if k.startswith('SM_')}))")
    code, output = base.run()
    assert code == 0, output
    variables = json.loads(next(line for line in output.splitlines() if line.startswith("ENV"))[4:])
    names = """SM_MODEL_DIR SM_CHANNELS SM_CHANNEL_TRAIN SM_HPS SM_HP_EPOCHS SM_CURRENT_HOST SM_CURRENT_INSTANCE_TYPE
        SM_CURRENT_INSTANCE_GROUP SM_CURRENT_INSTANCE_GROUP_HOSTS SM_INSTANCE_GROUPS SM_INSTANCE_GROUPS_DICT
        SM_DISTRIBUTION_INSTANCE_GROUPS SM_IS_HETERO SM_HOSTS SM_NUM_GPUS SM_NUM_NEURONS SM_NUM_CPUS SM_LOG_LEVEL
        SM_NETWORK_INTERFACE_NAME SM_USER_ARGS SM_USER_ENTRY_POINT SM_FRAMEWORK_PARAMS SM_FRAMEWORK_MODULE SM_MODULE_NAME
        SM_MODULE_DIR SM_INPUT_DIR SM_INPUT_CONFIG_DIR SM_OUTPUT_DIR SM_OUTPUT_DATA_DIR SM_OUTPUT_INTERMEDIATE_DIR
        SM_RESOURCE_CONFIG SM_INPUT_DATA_CONFIG SM_TRAINING_ENV""".split()
    assert [name for name in names if name not in variables] == []
    assert variables["SM_CHANNEL_TRAIN"] == str(base.path / "input/data/train")
    assert variables["SM_MODEL_DIR"] == str(base.path / "model")
    assert json.loads(variables["SM_HPS"]) == {"epochs": 3, "layers": [1, 2]}
    assert variables["SM_HP_LAYERS"] == "[1, 2]" and variables["SM_HP_EPOCHS"] == "3"
    assert json.loads(variables["SM_CHANNELS"]) == ["train"]
    assert json.loads(variables["SM_TRAINING_ENV"])["job_name"] == "job-1"
    assert json.loads(variables["SM_INSTANCE_GROUPS"]) == ["homogeneousCluster"]


# Modules beside the script can be imported, and the script stands in its own directory.
def test_code_directory_is_home(base):
    base.script("VALUE = 7", name="helper.py")
    base.script("import helper, os; print('GOT', helper.VALUE, os.getcwd())")
    code, output = base.run()
    assert code == 0 and f"GOT 7 {base.path}/code" in output
    assert (base.path / "output/success").exists()


# A failed script's traceback becomes FailureReason: whole at its end, and short enough.
def test_failure_holds_the_traceback(base):
    base.script("def f(n):\n    return f(n - 1) if n else 1 / 0\nf(40)")
    code, output = base.run()
    assert code == 1
    assert "ZeroDivisionError" in output, "the log has it too"
    assert "ExitCode 1" in base.failure and "ZeroDivisionError: division by zero" in base.failure
    assert len(base.failure) <= 1024


# What the code itself says about its failure is better than what can be guessed.
def test_failure_of_the_script_stays(base):
    base.script(f"import sys; open('{base.path}/output/failure', 'w').write('no data'); sys.exit(9)")
    code, _ = base.run()
    assert code == 9 and base.failure == "no data"


# A stop must reach the script, which may save its model; its own exit code counts.
def test_sigterm_is_passed_on(base):
    base.script(
        """
        import signal, sys
        def stop(*_):
            print("saving", flush=True)
            sys.exit(3)
        signal.signal(signal.SIGTERM, stop)
        print("ready", flush=True)
        signal.pause()
        """
    )
    process = base.start()
    while "ready" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert "saving" in output and process.returncode == 3


# A script that ends with a child still running has ended.
def test_children_do_not_hold_the_end(base):
    base.script("import subprocess; print('CHILD', subprocess.Popen(['sleep', '1000']).pid)")
    process = base.start()
    assert process.wait(timeout=30) == 0
    child = next(line for line in process.stdout if line.startswith("CHILD"))
    os.kill(int(child.split()[1]), signal.SIGKILL)


# A wrong name is the most usual mistake: the message must show what is there.
def test_missing_entry_point_is_named(base):
    base.script("", name="other.py")
    code, output = base.run()
    assert code == 1 and "train.py is not in the submitted code" in base.failure and "other.py" in base.failure
    base.hyperparameters["sagemaker_program"] = json.dumps("../../etc/passwd")
    (base.path / "output/failure").unlink()
    assert base.run()[0] == 1 and "is not in the submitted code" in base.failure


# Shell entry points are part of the contract.
def test_shell_entry_point(base):
    base.hyperparameters["sagemaker_program"] = json.dumps("train.sh")
    base.script("echo shell $1 $2; exit 4", name="train.sh")
    base.hyperparameters["a"] = "1"
    code, output = base.run()
    assert code == 4 and "shell -a 1" in output


def archive(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            data = b""
            if kind == tarfile.REGTYPE:
                data = content.encode()
                info.size = len(data)
            else:
                info.linkname = content
            tar.addfile(info, io.BytesIO(data))


# With network isolation the code comes as an archive in a channel.
def test_archive_in_a_channel_is_unpacked(base):
    (base.path / "input/data/code").mkdir()
    path = base.path / "input/data/code/sourcedir.tar.gz"
    archive(path, ("train.py", tarfile.REGTYPE, "print('from the archive')"))
    base.hyperparameters["sagemaker_submit_directory"] = json.dumps(str(path))
    code, output = base.run()
    assert code == 0 and "from the archive" in output


# An archive must not write outside of its directory, however it tries, and is refused as a whole.
@pytest.mark.parametrize(
    "members",
    [
        [("../evil", tarfile.REGTYPE, "x")],
        [("/tmp/evil", tarfile.REGTYPE, "x")],
        [("link", tarfile.SYMTYPE, "/etc")],
        [("a/link", tarfile.SYMTYPE, "../../out")],
        [("link", tarfile.SYMTYPE, "dir"), ("link/file", tarfile.REGTYPE, "x")],
        [("hard", tarfile.LNKTYPE, "/etc/passwd")],
        [("fifo", tarfile.FIFOTYPE, "")],
    ],
)
def test_archives_that_lead_out_are_refused(base, members):
    path = base.path / "input/data/sourcedir.tar.gz"
    archive(path, ("train.py", tarfile.REGTYPE, ""), *members)
    base.hyperparameters["sagemaker_submit_directory"] = json.dumps(str(path))
    code, _ = base.run()
    assert code == 1 and "the archive's entry" in base.failure
    assert not (base.path / "code/train.py").exists()


# Something that is no archive at all.
def test_no_archive_is_said(base):
    path = base.path / "input/data/sourcedir.tar.gz"
    path.write_text("hello")
    base.hyperparameters["sagemaker_submit_directory"] = json.dumps(str(path))
    code, _ = base.run()
    assert code == 1 and "not a tar archive" in base.failure


# Requirements that the environment meets cost nothing: no installer is started.
def test_met_requirements_install_nothing(base):
    (base.path / "code/requirements.txt").write_text("# met\npytest\n")
    base.script("print('ran')")
    code, output = base.run()
    assert code == 0 and "Installing" not in output


# A local wheel is installed on top, without any index; the environment itself stays as it is.
def test_requirements_are_installed_on_top(base, tmp_path):
    wheel = tmp_path / "aloft_probe-1.0-py3-none-any.whl"
    import zipfile

    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("aloft_probe.py", "VALUE = 11\n")
        info = "aloft_probe-1.0.dist-info"
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: aloft-probe\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", f"aloft_probe.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    (base.path / "code/requirements.txt").write_text(f"{wheel}\n")
    base.script("import aloft_probe; print('GOT', aloft_probe.VALUE)")
    code, output = base.run()
    assert code == 0, output
    assert "GOT 11" in output


# Each host starts its processes with the ranks that torchrun would give; one that fails ends the others with its code.
def test_torch_launcher(base):
    launch = RUNTIME / "aloft_runtime" / "torch_launch.py"
    script = base.path / "ranks.py"
    script.write_text("import os, sys, time\nnames = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR')\n"
                      "os.write(1, f'{[os.environ[n] for n in names]} {sys.argv[1:]}\\n'.encode())\n"
                      "if os.environ['RANK'] == sys.argv[1]:\n    sys.exit(7)\nif sys.argv[1] != 'none':\n    time.sleep(600)\n")
    command = [sys.executable, str(launch), "--nnodes", "3", "--node_rank", "1", "--nproc_per_node", "2", "--master_addr", "algo-1",
               "--master_port", "7777", str(script)]
    done = subprocess.run([*command, "none", "--x"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        "['2', '6', '0', 'algo-1'] ['none', '--x']", "['3', '6', '1', 'algo-1'] ['none', '--x']"]
    assert subprocess.run([*command, "3"], capture_output=True, timeout=60).returncode == 7
