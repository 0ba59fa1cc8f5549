"""A running Aloft server for tests: starts it, gives real clients for it, kills it, starts it again.

    cloud = Cloud.start(binary, data_directory)
    s3 = cloud.admin.client("s3")
    alice = cloud.make_user(policy={"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    cloud.kill()       # SIGKILL, as a power cut of the process
    cloud.restart()    # the same data directory and address
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import uuid

import boto3
import botocore.config
import botocore.loaders
import botocore.session

from leftovers import processes_of

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MODELS = botocore.loaders.create_loader()  # of all sessions: reading them is most of what making a client costs
BANNER_URL = re.compile(r"Aloft is up at (\S+) \(account (\d{12}), region ([\w-]+)\)")


class Identity:
    """A principal's credentials on one cloud, and clients that act as it."""

    def __init__(self, cloud: "Cloud", access_key_id: str, secret: str, token: str | None = None, name: str = ""):
        self.cloud, self.access_key_id, self.secret, self.token, self.name = cloud, access_key_id, secret, token, name

    def session(self) -> boto3.Session:
        core = botocore.session.Session()
        core.register_component("data_loader", MODELS)
        core.set_config_variable("ca_bundle", str(self.cloud.ca_file) if self.cloud.ca_file else None)
        return boto3.Session(self.access_key_id, self.secret, self.token, self.cloud.region, botocore_session=core)

    def client(self, service: str, **config):
        config = {"retries": {"max_attempts": 1}, "read_timeout": 60, **config}
        return self.session().client(service, endpoint_url=self.cloud.url, verify=str(self.cloud.ca_file or True),
                                     config=botocore.config.Config(**config))

    def environment(self) -> dict[str, str]:
        """What a command-line client needs to act as this principal, and nothing of the tester's own profiles."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        kept.update(AWS_ACCESS_KEY_ID=self.access_key_id, AWS_SECRET_ACCESS_KEY=self.secret,
                    AWS_DEFAULT_REGION=self.cloud.region, AWS_REGION=self.cloud.region, AWS_ENDPOINT_URL=self.cloud.url,
                    AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true")
        if self.token:
            kept["AWS_SESSION_TOKEN"] = self.token
        if self.cloud.ca_file:
            kept["AWS_CA_BUNDLE"] = str(self.cloud.ca_file)
        return kept


class Cloud:
    def __init__(self, binary: pathlib.Path, data: pathlib.Path, arguments: tuple[str, ...], variables: dict[str, str]):
        self.binary, self.data, self.arguments, self.variables = binary, data, arguments, variables
        self.process: subprocess.Popen | None = None
        self.url = self.account = self.region = ""
        self.ca_file: pathlib.Path | None = None
        self.admin: Identity | None = None
        self.port = 0

    @classmethod
    def start(cls, binary, data, *arguments: str, settings: str = "", **variables: str) -> "Cloud":
        """`settings`: its configuration file's text."""
        data = pathlib.Path(data)
        if settings:
            file = data.with_name(data.name + ".toml")
            file.write_text(settings)
            arguments += ("--config", str(file))
        cloud = cls(pathlib.Path(binary), data, arguments, variables)
        cloud.restart()
        return cloud

    @property
    def home_url(self) -> str:
        """The server that runs on `data`, also where `url` takes turns."""
        return f"{self.url.split(':')[0]}://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> pathlib.Path:
        return self.data.parent / (self.data.name + ".log")

    def restart(self, **variables: str) -> None:
        """Starts the server on its data directory; the first time on a free port, then always on that one."""
        assert self.process is None or self.process.poll() is not None, "it is running"
        environments = os.environ.get("ALOFT_ENVIRONMENTS_DIR", str(REPOSITORY / "build/environments"))
        command = [str(self.binary), "up", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}",
                   "--environments", environments, *self.arguments]
        log = open(self.log_file, "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True,
                                        env={**os.environ, **self.variables, **variables})
        banner = []
        for line in self.process.stdout:
            banner.append(line)
            if line.startswith("  stop"):
                break
        text = "".join(banner)
        match = BANNER_URL.search(text)
        if not match:
            self.process.wait(10)
            raise RuntimeError(f"the server did not start: {text}\n{self.log_file.read_text()[-4000:]}")
        self.url, self.account, self.region = match.groups()
        self.port = int(match.group(1).rsplit(":", 1)[1])
        ca = re.search(r"^  CA +(\S+)$", text, re.MULTILINE)
        self.ca_file = pathlib.Path(ca.group(1)) if ca else None
        key = re.search(r"access key id +(\S+)\n +secret access key +(\S+)", text)
        if key:
            self.admin = Identity(self, key.group(1), key.group(2), name="administrator")

    def stop(self) -> int:
        """SIGTERM and the wait for a clean end; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        # Tasks outlive their server; a test's must not outlive the test.
        for pid, command in processes_of(self.data).items():
            if "aloft-task" in command:
                os.kill(pid, signal.SIGTERM)

    def aloft(self, *arguments: str, identity: Identity | None = None, **variables: str) -> subprocess.CompletedProcess:
        """Runs the command line as somebody (the administrator unless given)."""
        environment = {**(identity or self.admin).environment(), "ALOFT_DATA": str(self.data), **variables}
        return subprocess.run([str(self.binary), *arguments], env=environment, capture_output=True, text=True, timeout=120)

    def make_user(self, policy: dict | list | None = None, name: str | None = None) -> Identity:
        """A new user with a key and, where given, one inline policy of these statements."""
        iam = self.admin.client("iam")
        name = name or f"user-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        if policy:
            iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=document(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Identity(self, key["AccessKeyId"], key["SecretAccessKey"], name=name)

    def make_role(self, policy: dict | list | None = None, service: str = "sagemaker.amazonaws.com",
                  name: str | None = None) -> str:
        """A new role that `service` may assume, with these statements; returns its ARN."""
        iam = self.admin.client("iam")
        name = name or f"role-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="given", PolicyDocument=document(policy))
        return arn


class Replicas(Cloud):
    """Two servers over one PostgreSQL and one shared directory. Each test talks to one of them, and the next test to the other."""

    @classmethod
    def start(cls, binary, directory, connection: str) -> "Replicas":
        shared = ("--postgres", connection, "--shared", str(pathlib.Path(directory) / "shared"))
        cloud = cls(pathlib.Path(binary), pathlib.Path(directory) / "data", shared, {})
        cloud.second = None
        cloud.on_second = False
        cloud.restart()
        cloud.second = Cloud.start(binary, pathlib.Path(directory) / "data2", *shared)
        cloud.second.admin = cloud.admin
        return cloud

    def switch(self) -> None:
        self.on_second = not self.on_second

    @property
    def url(self) -> str:
        return self.second.url if self.on_second else self.own_url

    @url.setter
    def url(self, value: str) -> None:
        self.own_url = value

    def close(self) -> None:
        if self.second:
            self.second.close()
        super().close()


def document(statements: dict | list) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def wait_for(condition, seconds: float = 30, every: float = 0.1, what: str = "the condition"):
    """The first true value of condition(); fails after `seconds`, or a minute. A bound on a hang, not a measurement."""
    seconds = max(seconds, 60)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(every)
    raise AssertionError(f"{what} did not come true within {seconds} s")
