"""How long a training job takes to begin: from CreateTrainingJob to the first log line of the user's own script, by the server's clock."""

from __future__ import annotations

import io
import tarfile
import uuid

from lib.measure import Stat, wait_until
from lib.servers import Ours

GROUP = "/aws/sagemaker/TrainingJobs"
MARK = "the script speaks"
PYTHON_IMAGE = "aloft-python:3"
JOBS = 100


def archive(script: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("train.py")
        info.size = len(script)
        tar.addfile(info, io.BytesIO(script.encode()))
    return out.getvalue()


class Trainer:
    def __init__(self, cloud, bucket: str = "jobs"):
        self.bucket = bucket
        self.s3, self.sagemaker, self.logs = (cloud.admin.client(name) for name in ("s3", "sagemaker", "logs"))
        self.role = cloud.make_role({"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"], "Resource": "*"})
        self.s3.create_bucket(Bucket=bucket)
        self.s3.put_object(Bucket=bucket, Key="data/a.csv", Body=b"1,2\n3,4\n")
        self.s3.put_object(Bucket=bucket, Key="code/sourcedir.tar.gz", Body=archive(f"print({MARK!r}, flush=True)\n"))

    def start(self) -> str:
        name = f"bench-{uuid.uuid4().hex[:10]}"
        channel = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/data/", "S3DataDistributionType": "FullyReplicated"}
        self.sagemaker.create_training_job(
            TrainingJobName=name, RoleArn=self.role, AlgorithmSpecification={"TrainingImage": PYTHON_IMAGE, "TrainingInputMode": "File"},
            HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_submit_directory": f'"s3://{self.bucket}/code/sourcedir.tar.gz"'},
            InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": channel}}],
            OutputDataConfig={"S3OutputPath": f"s3://{self.bucket}/out"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}, StoppingCondition={"MaxRuntimeInSeconds": 300})
        return name

    def ended(self, name: str) -> dict:
        def look():
            job = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        return wait_until(look, 120, 0.02, f"{name} ends")

    def run(self) -> dict[str, float]:
        """Milliseconds from CreationTime until: any line, the script's own line was in the log stream, the job was done."""
        job = self.ended(self.start())
        if job["TrainingJobStatus"] != "Completed":
            raise RuntimeError(job.get("FailureReason"))
        created = job["CreationTime"].timestamp() * 1e3
        stream = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=job["TrainingJobName"])["logStreams"][0]["logStreamName"]
        events = self.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
        own = next(event for event in events if MARK in event["message"])
        return {"banner": events[0]["timestamp"] - created, "script": own["timestamp"] - created, "visible": own["ingestionTime"] - created,
                "whole": job["TrainingEndTime"].timestamp() * 1e3 - created}


def percentile(values: list[float], fraction: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


def run(bench) -> None:
    jobs = 10 if bench.quick else JOBS
    section = bench.report.section(
        "Job start", f"{jobs} training jobs one after the other, each with a script that needs no packages beyond Python and one input file. Milliseconds "
        "from the job's CreationTime, by the server's clock; the spread is over all jobs.", ["p50_ms", "p99_ms"])
    ours = Ours(bench.binary)
    try:
        trainer = Trainer(ours.cloud)
        trainer.run()  # makes the environment, once for all
        rows = [trainer.run() for _ in range(jobs)]
    finally:
        ours.close()
    cases = {"banner": "first line of all (the agent's)", "script": "the script's first line, written", "visible": "the script's first line, in the log stream",
             "whole": "job completed, model stored"}
    # The rounds of a percentile are tenths of the jobs, so that its spread is known too.
    size = max(1, jobs // max(bench.rounds, 1))
    for key, case in cases.items():
        values = [row[key] for row in rows]
        parts = [values[i:i + size] for i in range(0, jobs, size)]
        section.add(case, "Aloft", {"p50_ms": Stat([percentile(part, 0.5) for part in parts]), "p99_ms": Stat([percentile(values, 0.99)])})
    first = percentile([row["visible"] for row in rows], 0.5)
    bench.report.aim(f"first log line of a job's script, p50 of {jobs}", "≤ 300 ms", f"{first:.0f} ms (p99 {percentile([row['visible'] for row in rows], 0.99):.0f} ms)",
                     first <= 300)
