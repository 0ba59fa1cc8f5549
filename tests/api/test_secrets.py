"""Plants secrets of every kind, makes the server use, refuse and fail with them, and then looks for them everywhere a secret must not be."""

import base64
import hashlib
import pathlib
import re
import resource
import stat

import botocore.exceptions
import pytest
import requests
from cloud import Cloud, Identity, wait_for
from jobs import Trainer
from raw import exchange, json_call, send, signed


class Search:
    """Secrets by name, in the spellings that they may leak in."""

    def __init__(self):
        self.needles: dict[str, list[bytes]] = {}

    def plant(self, name: str, secret: str) -> str:
        raw = secret.encode()
        self.needles[name] = [raw, base64.b64encode(raw)[:-4], raw.hex().encode(), requests.utils.quote(secret, safe="").encode()]
        return secret

    def found_in(self, content: bytes) -> list[str]:
        return [name for name, needles in self.needles.items() if any(needle in content for needle in needles)]


@pytest.fixture(scope="module")
def planted(binary, tmp_path_factory):
    """A server at its most talkative, after secrets went through it in every way, and every answer that it gave to a refused call."""
    cloud = Cloud.start(binary, tmp_path_factory.mktemp("secrets") / "data", "--verbose")
    search, answers = Search(), []
    try:
        search.plant("administrator's key", cloud.admin.secret)
        user = cloud.make_user({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
        search.plant("user's key", user.secret)
        search.plant("wrong key", "wrong+secret/of-somebody-1234567890abcdef")
        token = search.plant("endpoint's token", cloud.aloft("token", "some-endpoint").stdout.strip())
        credentials = user.client("sts").get_session_token()["Credentials"]
        session = Identity(cloud, credentials["AccessKeyId"], search.plant("session's key", credentials["SecretAccessKey"]),
                           search.plant("session's token", credentials["SessionToken"]))
        customer = search.plant("customer's encryption key", "0123456789abcdefCUSTOMER-KEY-xyz")

        s3 = user.client("s3")
        s3.create_bucket(Bucket="secrets")
        s3.put_object(Bucket="secrets", Key="k", Body=b"x")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "secrets", "Key": "k"})
        search.plant("presigned signature", re.search(r"[Ss]ignature=([^&]+)", url).group(1))
        answers.append(requests.get(url, verify=str(cloud.ca_file), timeout=30))
        answers.append(requests.get(url + "x", verify=str(cloud.ca_file), timeout=30))
        wrong = search.needles["wrong key"][0].decode()
        for identity in (cloud.admin, user, session):
            answers.append(signed(identity, "s3", "GET", "/secrets/absent"))
            answers.append(signed(identity, "s3", "GET", "/secrets", secret=wrong))
            answers.append(json_call(identity, "sagemaker", "SageMaker.ListTrainingJobs", {"MaxResults": 10_000}))
            answers.append(json_call(identity, "sagemaker", "SageMaker.ListTrainingJobs", {}, secret=wrong))
            answers.append(signed(identity, "iam", "POST", "/", b"Action=CreateUser&UserName=%21", {"Content-Type": "application/x-www-form-urlencoded"}))
        for header in (f"Bearer {token}", f"Bearer {token[:-2]}", "Basic " + base64.b64encode(f"me:{wrong}".encode()).decode(), f"AWS AKIA:{wrong}"):
            answers.append(send(cloud, "POST", "/endpoints/some-endpoint/predict", b"{}", {"Authorization": header}))
        answers.append(signed(session, "s3", "GET", "/secrets", headers={"x-amz-security-token": credentials["SessionToken"][:-5]}))
        answers.append(signed(user, "s3", "PUT", "/secrets/c", b"x", {
            "x-amz-server-side-encryption-customer-algorithm": "AES256",
            "x-amz-server-side-encryption-customer-key": base64.b64encode(customer.encode()).decode(),
            "x-amz-server-side-encryption-customer-key-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()}))
        exchange(cloud, f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: {wrong}\r\nContent-Length: x\r\n\r\n".encode(), timeout=3)
        yield cloud, search, answers
    finally:
        cloud.close()


# An error text says what was wrong, never what was sent as proof.
def test_no_secret_in_answers(planted):
    _, search, answers = planted
    assert len(answers) > 20
    for answer in answers:
        content = answer.content + repr(dict(answer.headers)).encode()
        # A refused S3 signature names the string that was to be signed, which holds no secret.
        assert not search.found_in(content), (answer.request.url, content)


# The log at its most talkative, the metrics, and what the command line prints.
def test_no_secret_in_logs(planted):
    cloud, search, _ = planted
    log = cloud.log_file.read_bytes()
    assert len(log) > 1000, "a verbose server logs each request"
    assert not search.found_in(log)
    for command in ("status", "operations", "jobs", "doctor"):
        result = cloud.aloft(command)
        assert not search.found_in((result.stdout + result.stderr).encode()), command
    for path in ("/metrics", "/healthz", "/readyz", "/operations"):
        assert not search.found_in(send(cloud, "GET", path).content), path


# Every key is sealed where it lies: neither records nor logs of the stores hold one in the clear.
def test_no_secret_at_rest(planted):
    cloud, search, _ = planted
    files = [path for path in cloud.data.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        assert not search.found_in(content), path
        # The server's own keys too: its authority's, its certificate's, the audit log's.
        assert b"PRIVATE KEY" not in content, path
    for path in files:
        if path.suffix == ".key" or path.parent.name in ("keys", "sql", "kv") and path.name != "VERSION":
            directory_closed = not stat.S_IMODE(path.parent.stat().st_mode) & 0o077
            assert directory_closed or not stat.S_IMODE(path.stat().st_mode) & 0o077, f"{path} can be read by others"


# What a server holds in memory must not end in a file when it crashes.
def test_no_secret_in_dumps(planted):
    cloud, _, _ = planted
    limits = pathlib.Path(f"/proc/{cloud.process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"], line
    assert resource.getrlimit(resource.RLIMIT_CORE) is not None


# A running job: the code gets its role's credentials, and they are in no file, no argument and no environment.
def test_no_secret_in_tasks(planted):
    cloud, search, _ = planted
    trainer = Trainer(cloud, "secrets")
    name = trainer.create("""
        import json, os, time, urllib.request
        print("environment", sorted(os.environ), flush=True)
        request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                                         headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
        given = json.load(urllib.request.urlopen(request))
        # Backwards, so that the test learns them and no file shows them.
        print("given", given["SecretAccessKey"][::-1], given["Token"][::-1], flush=True)
        print("begun", flush=True)
        time.sleep(600)
    """)
    wait_for(lambda: trainer.describe(name)["SecondaryStatus"] == "Training" and "begun" in trainer.log(name), 90, what="the job's start")
    try:
        (task,) = [path for path in (cloud.data / "tasks").iterdir() if f".{name}." in path.name]
        assert stat.S_IMODE(task.stat().st_mode) == 0o700
        (line,) = [line for line in trainer.log(name) if line.startswith("given ")]
        for what, backwards in zip(("secret key", "session token"), line.split()[1:], strict=True):
            search.plant(f"the job's {what}", backwards[::-1])
        assert "sealed" in (task / "credentials.json").read_text()
        # The sockets of workers and of a job's hosts lie in directories of one task, closed to every other user.
        ways = [path for path in (cloud.data / "run").iterdir() if path.is_dir()]
        assert ways and not [path for path in ways if stat.S_IMODE(path.stat().st_mode) & 0o077], ways
        for path in cloud.data.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert not search.found_in(path.read_bytes()), path
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            except OSError:
                continue
            if str(cloud.data).encode() in command or name.encode() in environment:
                assert not search.found_in(command), command
                assert not search.found_in(environment), environment
        log = "\n".join(trainer.log(name))
        assert not search.found_in(log.encode()) and "AWS_SECRET_ACCESS_KEY" not in log
    finally:
        trainer.sagemaker.stop_training_job(TrainingJobName=name)
        trainer.wait(name)
    assert not search.found_in(cloud.log_file.read_bytes())


# Secrets that AWS shows once are shown once.
def test_secrets_are_shown_once(planted):
    cloud, search, _ = planted
    iam = cloud.admin.client("iam")
    assert not search.found_in(repr(iam.list_users()).encode() + repr(iam.list_access_keys()).encode())
    details = []
    for operation in ("get_account_authorization_details", "list_virtual_mfa_devices"):
        try:
            details.append(repr(getattr(iam, operation)()))
        except botocore.exceptions.ClientError as error:
            details.append(str(error))
    assert not search.found_in("".join(details).encode())
    cloud.kill()
    cloud.restart()
    assert cloud.admin.client("sts").get_caller_identity()["Account"] == cloud.account
