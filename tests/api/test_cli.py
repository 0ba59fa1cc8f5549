"""The command line as a user meets it: help with examples, errors that say what to do, profiles that disturb nobody."""

import configparser
import json
import os
import subprocess

import pytest

pytestmark = pytest.mark.any_store

COMMANDS = ["up", "configure", "status", "jobs", "queue", "logs", "token", "login", "stop", "doctor", "operations", "keys", "iam", "audit", "compliance", "du", "import",
            "export", "fsck"]


# Every command explains itself with an example, so that nobody has to guess.
@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples(binary, command):
    text = subprocess.run([binary, command, "--help"], capture_output=True, text=True, check=True).stdout
    assert "Example" in text and f"aloft {command}" in text


# The status of a data directory without a server is an error that names the next step.
def test_status_without_server(binary, tmp_path):
    result = subprocess.run([binary, "status", "--data", tmp_path], capture_output=True, text=True)
    assert result.returncode == 1 and "aloft up" in result.stderr


def test_status_and_operations(cloud):
    """A running server is found by its data directory, and lists what it has built."""
    assert cloud.home_url in cloud.aloft("status").stdout
    operations = json.loads(cloud.aloft("operations", "--json").stdout)["Operations"]
    assert {"Service": "iam", "Operation": "CreateUser"} in operations


# A slip of the finger is named, with what was probably meant.
@pytest.mark.parametrize("words, hint", [(["statsu"], "did you mean 'status'?"), (["frobnicate"], "`aloft --help` lists them"),
                                         (["audit", "verfy"], "did you mean 'verify'?")])
def test_unknown_command(binary, words, hint):
    done = subprocess.run([binary, *words], capture_output=True, text=True)
    assert done.returncode != 0 and f"'{words[-1]}' is no command of `aloft" in done.stderr and hint in done.stderr


# A second server on the same directory would corrupt it: refused, and the first is unharmed.
def test_one_server_per_directory(cloud, binary):
    result = subprocess.run([binary, "up", "--data", cloud.data, "--listen", "0"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1 and "already runs" in result.stderr
    assert cloud.aloft("status").returncode == 0


@pytest.fixture
def home(tmp_path):
    """A home with real-looking profiles of the user's own."""
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "config").write_text("# mine\n[default]\nregion = eu-west-1\n\n[profile work]\nregion=eu-central-1\nrole_arn = arn:aws:iam::1:role/x\n")
    (aws / "credentials").write_text("[default]\naws_access_key_id = AKIAMINE\naws_secret_access_key = mine\n")
    return tmp_path


def configure(cloud, home, *arguments):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env.update(HOME=str(home), ALOFT_DATA=str(cloud.data), AWS_ACCESS_KEY_ID=cloud.admin.access_key_id,
               AWS_SECRET_ACCESS_KEY=cloud.admin.secret)
    import sys

    return subprocess.run([cloud.binary, "configure", "--python", sys.executable, *arguments], env=env, capture_output=True, text=True)


# `aloft configure` adds a profile of its own and leaves every byte of the others.
def test_configure_leaves_other_profiles(cloud, home):
    before = (home / ".aws/config").read_text()
    for _ in range(2):  # again is the same
        result = configure(cloud, home)
        assert result.returncode == 0, result.stderr
    after = (home / ".aws/config").read_text()
    assert after.startswith(before)
    profiles = configparser.ConfigParser()
    profiles.read_string(after)
    assert profiles["profile aloft"]["endpoint_url"] == cloud.home_url
    assert (home / ".aws/credentials").read_text().startswith("[default]\naws_access_key_id = AKIAMINE\naws_secret_access_key = mine\n")
    assert (home / ".aws/credentials").stat().st_mode & 0o077 == 0
    assert (home / ".aws/models/endpoints.json").exists()


# A profile of the user's in the same region would be sent to this server for STS: the shared file is then left alone, and said so.
def test_configure_does_not_capture_a_used_region(cloud, home):
    config = home / ".aws/config"
    config.write_text(config.read_text().replace("eu-west-1", cloud.region))
    result = configure(cloud, home)
    assert result.returncode == 0 and "not written" in result.stdout
    assert not (home / ".aws/models/endpoints.json").exists()


# A wrong key is noticed before anything of the user's is touched.
def test_configure_with_a_wrong_key(cloud, home):
    before = (home / ".aws/config").read_text()
    result = configure(cloud, home, "--secret-access-key", "wrong")
    assert result.returncode == 1 and result.stderr
    assert (home / ".aws/config").read_text() == before


# The AWS CLI and the SageMaker SDK's STS helper work with nothing but what configure wrote.
def test_configured_clients_work(cloud, home):
    import sys

    assert configure(cloud, home).returncode == 0
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env.update(HOME=str(home), AWS_PROFILE="aloft", SAGEMAKER_USER_CONFIG_OVERRIDE=str(home / ".aloft/aloft-sagemaker.yaml"))
    script = ("import sagemaker; s = sagemaker.Session(); print(s.default_bucket()); print(s.get_caller_identity_arn()); print(s.account_id())")
    result = subprocess.run([sys.executable, "-W", "ignore", "-c", script], env=env, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.split()
    assert lines[-3:] == [f"sagemaker-{cloud.region}-{cloud.account}", f"arn:aws:iam::{cloud.account}:user/administrator", cloud.account]
