"""Attacks that come through jobs and models, one test named after each: what the user's code, archives, names and addresses may try."""

import gzip
import io
import json
import pathlib
import tarfile
import time
import uuid

import botocore.exceptions
import pytest
from cloud import wait_for
from jobs import PYTHON, USE_S3, Trainer, archive

pytestmark = pytest.mark.any_store

EVIL = pathlib.Path("/tmp/aloft-evil")


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


def tar(*members: tuple) -> bytes:
    """A tar.gz of (name, type, target or content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(value)
                file.addfile(info, io.BytesIO(value))
            else:
                info.linkname = value
                file.addfile(info)
    return out.getvalue()


SCRIPT = ("train.py", tarfile.REGTYPE, b"print('ran', flush=True)")
ARCHIVES = {
    "dots": [("../../../../../../tmp/aloft-evil", tarfile.REGTYPE, b"x")],
    "absolute": [("/tmp/aloft-evil", tarfile.REGTYPE, b"x")],
    "absolute link": [("link", tarfile.SYMTYPE, "/tmp")],
    "climbing link": [("a/link", tarfile.SYMTYPE, "../../../../../../tmp")],
    "file through a link": [("link", tarfile.SYMTYPE, "."), ("link/aloft-evil", tarfile.REGTYPE, b"x")],
    "link by way of a link": [("a/b/c/here", tarfile.SYMTYPE, "../../.."), ("out", tarfile.SYMTYPE, "a/b/c/here/../../../tmp")],
    "hard link": [("hard", tarfile.LNKTYPE, "/etc/passwd")],
    "climbing hard link": [("hard", tarfile.LNKTYPE, "../../../../../etc/passwd")],
    "device": [("memory", tarfile.CHRTYPE, "")],
}


# No archive writes, links or reads outside of the directory that it was sent for.
def test_path_traversal_by_archive(trainer):
    EVIL.unlink(missing_ok=True)
    jobs = {name: trainer.create(None, tar(SCRIPT, *members)) for name, members in ARCHIVES.items()}
    for name, job in jobs.items():
        ended = trainer.wait(job)
        assert ended["TrainingJobStatus"] == "Failed", name
        assert "archive" in ended["FailureReason"], (name, ended["FailureReason"])
        assert "ran" not in trainer.log(job), name
    assert not EVIL.exists()
    for job in jobs.values():
        wait_for(lambda: trainer.nothing_left(job), what="an empty machine")


# A key is a name in a bucket; as a file it stays below its channel, or the job is refused.
@pytest.mark.parametrize("key", ["data/../../../../../../tmp/aloft-evil", "data/..", "data/a/../../../b"])
def test_path_traversal_by_key(trainer, key):
    EVIL.unlink(missing_ok=True)
    try:
        trainer.s3.put_object(Bucket=trainer.bucket, Key=key, Body=b"evil")
    except botocore.exceptions.ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return
    job = trainer.run()
    assert job["TrainingJobStatus"] == "Failed" and "cannot be a file name" in job["FailureReason"], job.get("FailureReason")
    assert not EVIL.exists()


# The names in a request that become files or arguments.
def test_path_traversal_by_parameter(trainer):
    for program in ("../../../../../../etc/passwd", "/etc/passwd", "train.py/../../../../../etc/passwd"):
        job = trainer.request()
        job["HyperParameters"]["sagemaker_program"] = json.dumps(program)
        trainer.sagemaker.create_training_job(**job)
        assert trainer.wait(job["TrainingJobName"])["TrainingJobStatus"] == "Failed"
    for name in ("../up", "a/b", "/abs", ".."):
        assert trainer.refused(trainer.request(InputDataConfig=[trainer.channel(name, "data/")]))[0] == "ValidationException"


# What the code leaves as its model is packed as it is: a link to a file of this host stays a link.
def test_path_traversal_by_output(trainer):
    job = trainer.run("""
        import os
        os.symlink("/etc/hostname", "/opt/ml/model/link")
        os.symlink("/", "/opt/ml/model/root")
        os.symlink("/etc/shadow", "/opt/ml/output/failure")
        os.symlink("/etc", "/opt/ml/output/data/etc")
    """)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix(f"s3://{trainer.bucket}/")
    body = trainer.s3.get_object(Bucket=trainer.bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as packed:
        assert sorted((m.name.removeprefix("./"), m.issym()) for m in packed.getmembers() if not m.isdir()) == [("link", True), ("root", True)]
    # The failure file is read by the agent, outside of the sandbox.
    job = trainer.run("""
        import os
        os.symlink("/etc/shadow", "/opt/ml/output/failure")
        raise SystemExit(3)
    """)
    assert job["TrainingJobStatus"] == "Failed" and "root" not in job["FailureReason"], job["FailureReason"]


def bomb(mebibytes: int) -> bytes:
    """A tar.gz of one file of zeros: a thousandth of what it becomes."""
    info = tarfile.TarInfo("zeros")
    info.size = mebibytes << 20
    block = gzip.compress(b"\0" * (64 << 20))
    return gzip.compress(info.tobuf()) + block * (mebibytes // 64) + gzip.compress(b"\0" * 1024)


# An archive that grows beyond the volume ends its job at the volume's size.
def test_decompression_bomb_by_archive(trainer):
    source = bomb(2048)
    assert len(source) < 4 << 20
    begun = time.monotonic()
    job = trainer.run(None, source)
    assert job["TrainingJobStatus"] == "Failed" and "unpacks to more" in job["FailureReason"], job["FailureReason"]
    assert time.monotonic() - begun < 60
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")


# Addresses that a caller gives are places in S3 and nothing else: the server fetches no URL for anybody.
def test_ssrf_by_request(trainer, cloud):
    for url in ("http://169.254.169.254/latest/meta-data/", "https://127.0.0.1:1/x", "file:///etc/passwd", "s3://", "s3:///key",
                f"http://127.0.0.1:{cloud.port}/metrics", "gopher://127.0.0.1/", "s3://../../etc/passwd", "//127.0.0.1/x"):
        channel = trainer.channel("train", "data/")
        channel["DataSource"]["S3DataSource"]["S3Uri"] = url
        for changes in ({"InputDataConfig": [channel]}, {"OutputDataConfig": {"S3OutputPath": url}}):
            assert trainer.refused(trainer.request(**changes))[0] == "ValidationException", (url, changes)
        request = trainer.request()
        request["HyperParameters"]["sagemaker_submit_directory"] = json.dumps(url)
        try:
            trainer.sagemaker.create_training_job(**request)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationException"
        else:
            assert trainer.wait(request["TrainingJobName"])["TrainingJobStatus"] == "Failed", url
        with pytest.raises(botocore.exceptions.ClientError) as error:
            trainer.sagemaker.create_model(ModelName="ssrf", ExecutionRoleArn=trainer.role,
                                           PrimaryContainer={"Image": PYTHON, "ModelDataUrl": url})
        assert error.value.response["Error"]["Code"] == "ValidationException", url


# Code in a sandbox reaches neither this host's services nor the metadata of a cloud's machine, by whatever spelling.
def test_ssrf_by_code(trainer, cloud):
    job = trainer.run(f"""
        import os, socket, urllib.request
        def tried(what, call):
            try:
                print("reached", what, call(), flush=True)
            except Exception as error:
                print("stopped", what, type(error).__name__, flush=True)
        for host in ("127.0.0.1", "localhost", "0.0.0.0", "0", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254",
                     "[::ffff:a9fe:a9fe]", "[fe80::1]", socket.gethostname()):
            for port in (22, 5432, 80):
                url = f"http://{{host}}:{{port}}/"
                tried(url, lambda: urllib.request.urlopen(url, timeout=5).status)
                proxy = urllib.request.ProxyHandler({{"http": "http://127.0.0.1:51781"}})
                tried("by proxy " + url, lambda: urllib.request.build_opener(proxy).open(url, timeout=5).status)
        def tunnel():
            with socket.create_connection(("127.0.0.1", 51781), timeout=5) as s:
                s.sendall(b"CONNECT 127.0.0.1:{cloud.port} HTTP/1.1\\r\\n\\r\\n")
                answer = s.recv(100)
                assert b" 200 " in answer, answer
                return answer
        tried("tunnel", tunnel)
        tried("credentials", lambda: urllib.request.urlopen("http://127.0.0.1:51780/", timeout=5).status)
    """)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    lines = [line for line in trainer.log(job["TrainingJobName"]) if line.startswith(("reached", "stopped"))]
    assert len(lines) == 74 and not [line for line in lines if line.startswith("reached")], lines


# A metric's pattern runs over each line of a job: it costs what the line costs.
def test_redos_by_metric(trainer):
    patterns = ["(a+)+$", "(a|aa)+$", "(.*)*=(.*)*;", "(a*)*b([0-9]+)"]
    begun = time.monotonic()
    job = trainer.run("""
        for _ in range(50):
            print("a" * 30_000 + "!", flush=True)
        print("b=7;", flush=True)
    """, AlgorithmSpecification={"TrainingImage": PYTHON, "TrainingInputMode": "File", "MetricDefinitions": [
        {"Name": f"m{i}", "Regex": pattern} for i, pattern in enumerate(patterns)]})
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert time.monotonic() - begun < 60


# Who may start jobs but not pass a role cannot borrow what the role may do; and a role lends itself only to whom its trust names.
def test_confused_deputy(trainer, cloud):
    user = cloud.make_user({"Effect": "Allow", "Action": ["sagemaker:*"], "Resource": "*"})
    code, message = trainer.refused(trainer.request(), user)
    assert code == "AccessDeniedException" and "iam:PassRole" in message
    with pytest.raises(botocore.exceptions.ClientError) as error:
        user.client("sagemaker").create_model(ModelName="borrowed", ExecutionRoleArn=trainer.role, PrimaryContainer={"Image": PYTHON})
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"

    # Passing is allowed to another service only.
    other = cloud.make_user([{"Effect": "Allow", "Action": ["sagemaker:*"], "Resource": "*"},
                             {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                              "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}])
    assert trainer.refused(trainer.request(), other)[0] == "AccessDeniedException"

    # The trust asks for whom the service acts.
    iam = cloud.admin.client("iam")
    for key, value, allowed in (("aws:SourceAccount", "999999999999", False), ("aws:SourceAccount", cloud.account, True)):
        name = f"deputy-{uuid.uuid4().hex[:8]}"
        trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"},
                                                        "Action": "sts:AssumeRole", "Condition": {"StringEquals": {key: value}}}}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": USE_S3}))
        if allowed:
            assert trainer.run(RoleArn=arn)["TrainingJobStatus"] == "Completed"
        else:
            assert trainer.refused(trainer.request(RoleArn=arn)) == (
                "ValidationException", f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
                                       "'sagemaker.amazonaws.com' to assume the role.")

    # The job's own credentials are the role's: what the caller may does not count, and what the role may not is refused.
    poor = cloud.make_role([USE_S3, {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}])
    job = trainer.run("open('/opt/ml/model/m', 'w').write('x')", RoleArn=poor)
    assert job["TrainingJobStatus"] == "Failed" and "upload" in job["FailureReason"], job.get("FailureReason")
