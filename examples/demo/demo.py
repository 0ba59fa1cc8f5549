"""Walks real data through a cloud of one's own with public, unmodified clients.

Usage: demo.py --binary PATH [--keep] [--postgres CONNECTION]

Starts Aloft in a temporary directory, then: users and roles, a bucket of data, a look at it with pandas, a training job, an endpoint, the
same model as ONNX. Fails if a prediction differs from scikit-learn's own, in this process.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLOR = sys.stdout.isatty()


def paint(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if COLOR else text


class Demo:
    def __init__(self, binary: pathlib.Path, work: pathlib.Path, postgres: str | None):
        self.binary, self.work = binary, work
        self.more = ["--postgres", postgres] if postgres else []
        self.bin = pathlib.Path(sys.executable).parent
        self.home = work / "home"
        self.home.mkdir()
        self.bucket = "demo-data"
        self.steps: list[tuple[str, float, float | None]] = []
        # A home of its own, so that nobody's real AWS files are read or written.
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SAGEMAKER_", "ALOFT_"))}
        self.env.update(HOME=str(self.home), ALOFT_DATA=str(work / "data"), PATH=f"{self.bin}:{os.environ['PATH']}",
                        PYTHONUNBUFFERED="1", PYTHONWARNINGS="ignore", AWS_EC2_METADATA_DISABLED="true",
                        SAGEMAKER_SUPPRESS_V2_WARNING="1")

    # -- running commands

    def run(self, *command: str, quiet: bool = False, shown: str | None = None, **env: str) -> str:
        """Shows the command and its output as it comes; returns the output. A failure ends the demo."""
        print(paint("36", "  $ " + (shown or " ".join(shlex.quote(part) for part in command))), flush=True)
        process = subprocess.Popen(command, cwd=HERE, env={**self.env, **env}, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        lines = []
        for line in process.stdout:
            lines.append(line)
            if not quiet:
                print("    " + line.rstrip("\n"), flush=True)
        if process.wait() != 0:
            raise SystemExit(paint("31", f"\nThe demo failed: exit status {process.returncode} of the command above.")
                             + ("\n" + "".join(lines) if quiet else ""))
        return "".join(lines)

    def aws(self, *arguments: str, **options) -> str:
        return self.run("aws", *arguments, **options)

    def python(self, script: str, *arguments: str) -> str:
        return self.run("python", script, *arguments)

    # -- measuring

    def server_seconds(self) -> float:
        """The time that the server has spent on answering requests so far."""
        text = self.fetch("/metrics")
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("aloft_request_seconds_sum"))

    def fetch(self, path: str) -> str:
        import ssl
        context = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(self.url + path, context=context) as answer:
            return answer.read().decode()

    def step(self, title: str):
        demo = self

        class Step:
            server: float | None = None  # set by a step that knows better than the sum of its requests

            def __enter__(self):
                print("\n" + paint("1", f"{len(demo.steps) + 1}. {title}"), flush=True)
                self.began, self.requests = time.monotonic(), demo.server_seconds()
                return self

            def __exit__(self, kind, *_):
                if kind is None:
                    wait = time.monotonic() - self.began
                    server = self.server if self.server is not None else demo.server_seconds() - self.requests
                    demo.steps.append((title, wait, server))

        return Step()

    # -- the walk

    def start(self):
        print(paint("1", "Starting a cloud in ") + str(self.work))
        environments = os.environ.get("ALOFT_ENVIRONMENTS_DIR", str(ROOT / "build/environments"))
        banner = self.run(str(self.binary), "up", "--detach", "--data", str(self.work / "data"), "--listen", "127.0.0.1:0",
                          "--environments", environments, *self.more, shown="aloft up --detach --listen 127.0.0.1:0")
        words = {line.split("  ")[1].strip(): line.split("  ")[-1].strip() for line in banner.splitlines() if line.startswith("  ")}
        self.url = banner.split("Aloft is up at ")[1].split(" ")[0]
        self.account = banner.split("(account ")[1].split(",")[0]
        self.ca = words["CA"]
        self.run(str(self.binary), "configure", "--python", sys.executable, shown="aloft configure",
                 AWS_ACCESS_KEY_ID=words["access key id"], AWS_SECRET_ACCESS_KEY=words["secret access key"])
        self.env.update(AWS_PROFILE="aloft", SAGEMAKER_USER_CONFIG_OVERRIDE=str(self.home / ".aloft/aloft-sagemaker.yaml"),
                        PATH=f"{self.shims()}:{self.env['PATH']}")

    def shims(self) -> pathlib.Path:
        """`aloft` by its name, as it is once installed."""
        directory = self.work / "bin"
        directory.mkdir()
        (directory / "aloft").symlink_to(self.binary)
        return directory

    def identities(self):
        role_policy = [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
                        "Resource": [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]}]
        role_arn = f"arn:aws:iam::{self.account}:role/trainer"
        user_policy = [
            {"Effect": "Allow", "Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{self.bucket}", f"arn:aws:s3:::{self.bucket}/*"]},
            {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets", "sagemaker:*", "logs:*", "cloudwatch:*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role_arn}]
        trust = [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]
        for name, statements in (("trust", trust), ("role", role_policy), ("user", user_policy)):
            (self.work / f"{name}.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1))

        def file(name):
            return f"file://{self.work / name}.json"

        self.aws("iam", "create-user", "--user-name", "ana", quiet=True)
        self.aws("iam", "put-user-policy", "--user-name", "ana", "--policy-name", "own-data", "--policy-document", file("user"))
        self.aws("iam", "create-role", "--role-name", "trainer", "--assume-role-policy-document", file("trust"), quiet=True)
        self.aws("iam", "put-role-policy", "--role-name", "trainer", "--policy-name", "data", "--policy-document", file("role"))
        self.aws("iam", "create-role", "--role-name", "other", "--assume-role-policy-document", file("trust"), quiet=True)
        key = json.loads(self.aws("iam", "create-access-key", "--user-name", "ana", quiet=True))["AccessKey"]
        self.run("aloft", "configure", "--profile", "ana", "--bucket", self.bucket, "--no-sts-endpoint", quiet=True,
                 shown=f"aloft configure --profile ana --bucket {self.bucket}",
                 AWS_ACCESS_KEY_ID=key["AccessKeyId"], AWS_SECRET_ACCESS_KEY=key["SecretAccessKey"])
        self.env.update(AWS_PROFILE="ana", ALOFT_PROFILE="ana",
                        SAGEMAKER_USER_CONFIG_OVERRIDE=str(self.home / ".aloft/ana-sagemaker.yaml"))
        self.role = role_arn
        self.aws("sts", "get-caller-identity")

    def data(self):
        from sklearn.datasets import load_breast_cancer

        table = load_breast_cancer(as_frame=True).frame
        table.to_csv(self.work / "breast_cancer.csv", index=False)
        self.rows = table.drop(columns="target").to_numpy()[::40]
        with open(self.work / "rows.csv", "w") as out:
            for row in self.rows:
                out.write(",".join(repr(float(value)) for value in row) + "\n")
        self.aws("s3", "mb", f"s3://{self.bucket}")
        self.aws("s3", "cp", "--no-progress", str(self.work / "breast_cancer.csv"), f"s3://{self.bucket}/breast_cancer/train.csv")
        self.aws("s3", "ls", f"s3://{self.bucket}/breast_cancer/")
        self.python("explore.py", self.bucket, "breast_cancer/train.csv")

    def train(self, step):
        output = self.python("fit.py", self.bucket, self.role)
        self.job = json.loads(output.splitlines()[-1])
        described = json.loads(self.aws("sagemaker", "describe-training-job", "--training-job-name", self.job["job"], "--query",
                                        "{from:CreationTime,to:TrainingEndTime,metrics:FinalMetricDataList}", quiet=True))
        step.server = seconds_between(described["from"], described["to"])
        self.accuracy = described["metrics"][0]["Value"]
        self.run("aloft", "jobs")

    def expected(self):
        """scikit-learn's own predictions, in this process, with the model that the job stored."""
        import boto3
        import joblib

        session = boto3.Session(**self.ana_keys())
        s3 = session.client("s3", endpoint_url=self.url, verify=self.ca)
        key = self.job["model_data"].split("/", 3)[3]
        archive = tarfile.open(fileobj=io.BytesIO(s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))
        model = joblib.load(io.BytesIO(archive.extractfile("model.joblib").read()))
        return model.predict(self.rows).tolist()

    def ana_keys(self):
        import configparser

        profile = configparser.ConfigParser()
        profile.read(self.home / ".aws/credentials")
        return {**dict(profile["ana"]), "region_name": "us-east-1"}

    def deploy(self, step):
        expected = self.expected()
        endpoint = "breast-cancer"
        output = self.python("deploy.py", self.job["job"], endpoint, str(self.work / "rows.csv"))
        self.same("the SDK's predict()", json.loads(output.splitlines()[-1])["predictions"], expected)
        step.server = self.endpoint_seconds(endpoint)

        answer = self.work / "answer.json"
        body = self.work / "body.json"
        body.write_text(json.dumps({"instances": self.rows.tolist()}))
        self.aws("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", endpoint, "--content-type", "application/json", "--accept",
                 "application/json", "--body", f"fileb://{body}", str(answer))
        self.same("aws sagemaker-runtime invoke-endpoint", predictions_of(json.loads(answer.read_text())), expected)

        one = json.dumps({"features": self.rows[0].tolist()})
        command = (f'curl -sS --fail-with-body --cacert {self.ca} -H "Authorization: Bearer $(aloft token {endpoint})" '
                   f"-H 'Content-Type: application/json' -d '{one}' {self.url}/endpoints/{endpoint}/predict")
        shown = command.replace(one, '{"features": [...]}')
        output = self.run("bash", "-c", command, shown=shown)
        self.same("curl with a token", predictions_of(json.loads(output)), expected[:1])

    def deploy_onnx(self, step):
        endpoint = "breast-cancer-onnx"
        output = self.python("deploy_onnx.py", self.bucket, self.job["model_data"], self.role, endpoint, str(self.work / "rows.csv"))
        self.same("the ONNX endpoint", predictions_of(json.loads(output.splitlines()[-1])["answer"]), self.expected())
        step.server = self.endpoint_seconds(endpoint)

    def endpoint_seconds(self, endpoint: str) -> float:
        described = json.loads(self.aws("sagemaker", "describe-endpoint", "--endpoint-name", endpoint, "--query",
                                        "{from:CreationTime,to:LastModifiedTime}", quiet=True))
        return seconds_between(described["from"], described["to"])

    def same(self, who: str, got, expected):
        if [int(value) for value in got] != [int(value) for value in expected]:
            raise SystemExit(paint("31", f"\nThe demo failed: {who} predicts {got}, scikit-learn {expected}."))
        print(paint("32", f"    {who}: {len(expected)} prediction(s), the same as scikit-learn's"), flush=True)

    def table(self, keep: bool):
        width = max(len(title) for title, *_ in self.steps)
        print("\n" + paint("1", f"{'step':<{width}}   you waited   the server worked"))
        for title, wait, server in self.steps:
            print(f"{title:<{width}}   {wait:8.1f} s   {server:14.2f} s")
        print(f"\nMade: user ana, roles trainer and other, bucket {self.bucket}, job {self.job['job']},\n"
              f"      endpoints breast-cancer and breast-cancer-onnx. Accuracy on held-out rows: {self.accuracy:.4f}.\n"
              "The SDK itself sleeps 5 s or more in fit() and 30 s in deploy(); that is most of the waiting.")
        if keep:
            print(f"\nThe cloud runs on at {self.url}. Try:\n  export HOME={self.home} PATH={self.work / 'bin'}:{self.bin}:$PATH\n"
                  f"  export ALOFT_DATA={self.work / 'data'}\n"
                  "  source ~/.aloft/aloft-env         # as the administrator; ~/.aloft/ana-env as the user\n"
                  "  aloft jobs; aloft logs " + self.job["job"] + "\n"
                  "  aws s3 ls --recursive s3://" + self.bucket + "\n"
                  "  aloft stop                        # jobs and endpoints go on until they are stopped or deleted\n")
        else:
            print("\nTry `make demo KEEP=1` to keep it, or the ten lines of the README to start your own.")

    def clean(self):
        """Deletes the endpoints, then stops the server: nothing runs on, nothing is left."""
        for endpoint in ("breast-cancer", "breast-cancer-onnx"):
            self.aws("sagemaker", "delete-endpoint", "--endpoint-name", endpoint, quiet=True)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            left = json.loads(self.aws("sagemaker", "list-endpoints", "--query", "Endpoints[].EndpointName", quiet=True))
            if not left:
                break
            time.sleep(0.5)
        self.run("aloft", "stop")


def predictions_of(answer):
    return answer["predictions"] if isinstance(answer, dict) else answer


def seconds_between(start: str | float, end: str | float) -> float:
    import dateutil.parser

    if isinstance(start, (int, float)):
        return end - start
    return (dateutil.parser.parse(end) - dateutil.parser.parse(start)).total_seconds()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true", help="leave the cloud running")
    parser.add_argument("--postgres", help="a libpq connection string: keep records there")
    arguments = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="aloft-demo-"))
    demo = Demo(arguments.binary.resolve(), work, arguments.postgres)
    started = False
    try:
        demo.start()
        started = True
        with demo.step("A user, and a role to pass"):
            demo.identities()
        with demo.step("A bucket of data, read with pandas"):
            demo.data()
        with demo.step("Training with the SageMaker SDK") as step:
            demo.train(step)
        with demo.step("An endpoint, asked in three ways") as step:
            demo.deploy(step)
        with demo.step("The same model as ONNX, natively") as step:
            demo.deploy_onnx(step)
        demo.table(arguments.keep)
        if not arguments.keep:
            demo.clean()
            started = False
    finally:
        if started and not arguments.keep:
            subprocess.run([str(demo.binary), "stop", "--data", str(work / "data")], capture_output=True)
            print(f"What was made is kept for a look: {work} (log: data/log/aloft.log)")
        elif not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
