"""Training under load: many queued jobs, data on its way to a job beside `cp`, and the scheduler's decision over a long queue."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tempfile
import time
import uuid

from lib.measure import Stat, memory_mib, wait_until
from lib.servers import Ours

from .jobs import PYTHON_IMAGE, Trainer, archive, percentile

GIB = 1 << 30
PART = 64 << 20
SMALL = {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 30}


def request(trainer: Trainer, script: str, prefix: str = "data/", mode: str = "File") -> dict:
    key = f"code/{uuid.uuid4().hex}.tar.gz"
    trainer.s3.put_object(Bucket=trainer.bucket, Key=key, Body=archive(script))
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{trainer.bucket}/{prefix}", "S3DataDistributionType": "FullyReplicated"}
    return {"RoleArn": trainer.role, "AlgorithmSpecification": {"TrainingImage": PYTHON_IMAGE, "TrainingInputMode": mode},
            "HyperParameters": {"sagemaker_program": '"train.py"', "sagemaker_submit_directory": f'"s3://{trainer.bucket}/{key}"'},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{trainer.bucket}/out"}, "ResourceConfig": SMALL,
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600}}


def start(trainer: Trainer, what: dict) -> str:
    name = f"bench-{uuid.uuid4().hex[:12]}"
    trainer.sagemaker.create_training_job(TrainingJobName=name, **what)
    return name


def finish(trainer: Trainer, name: str, seconds: float = 1800) -> dict:
    def look():
        job = trainer.sagemaker.describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    job = wait_until(look, seconds, 0.1, f"{name} ends")
    if job["TrainingJobStatus"] != "Completed":
        raise RuntimeError(job.get("FailureReason"))
    return job


def queued(bench, ours: Ours, trainer: Trainer) -> None:
    count = 50 if bench.quick else 1000
    section = bench.report.section("Queued jobs", f"{count} training jobs are created as fast as one client can and run as there is room; each has a script of "
                                   "one line.", ["per_second", "mib"])
    what = request(trainer, "print('ran', flush=True)\n")
    began = time.monotonic()
    names = [start(trainer, what) for _ in range(count)]
    created = time.monotonic() - began
    for name in names:
        finish(trainer, name)
    whole = time.monotonic() - began
    memory = memory_mib(ours.cloud.process.pid)["pss_mib"]
    section.add("created", "Aloft", {"per_second": Stat([count / created])})
    section.add("through, from the first to the last end", "Aloft", {"per_second": Stat([count / whole]), "mib": Stat([memory])})
    bench.report.aim(f"{count} queued jobs through", "all complete", f"{count} complete in {whole:.0f} s", True)


def staging(bench, ours: Ours, trainer: Trainer) -> None:
    size = GIB // 4 if bench.quick else int(os.environ.get("ALOFT_BENCH_STAGING_GIB", "20")) * GIB
    section = bench.report.section("Data on its way to a job", f"{size / GIB:g} GiB in objects of 64 MiB, as the job's channel: File waits for all, FastFile reads "
                                   "all of it through the mount. Beside it `cp` of the same bytes on the same disk.", ["mb_per_second", "mib"])
    with tempfile.TemporaryDirectory(dir=ours.home) as directory:
        block = os.urandom(PART)
        for index in range(size // PART):
            pathlib.Path(directory, f"{index:05}").write_bytes(block)
            trainer.s3.put_object(Bucket=trainer.bucket, Key=f"big/{index:05}", Body=block)
        began = time.monotonic()
        subprocess.run(["cp", "-r", directory, directory + ".copy"], check=True)
        subprocess.run(["sync", "-f", directory + ".copy"], check=True)
        copied = time.monotonic() - began
        subprocess.run(["rm", "-rf", directory + ".copy"], check=True)
    section.add("cp and sync", "the machine", {"mb_per_second": Stat([size / 1e6 / copied])})
    reading = "import os\nroot = os.environ['SM_CHANNEL_TRAIN']\nfor name in sorted(os.listdir(root)):\n    with open(f'{root}/{name}', 'rb', 0) as f:\n        while f.read(1 << 20):\n            pass\n"
    for mode, script in (("File", "print('here')\n"), ("FastFile", reading)):
        job = finish(trainer, start(trainer, request(trainer, script, "big/", mode)))
        steps = {step["Status"]: step for step in job["SecondaryStatusTransitions"]}
        step = steps["Downloading" if mode == "File" else "Training"]
        seconds = (step["EndTime"] - step["StartTime"]).total_seconds()
        section.add(f"mode {mode}", "Aloft", {"mb_per_second": Stat([size / 1e6 / max(seconds, 1e-3)]),
                                              "mib": Stat([memory_mib(ours.cloud.process.pid)["pss_mib"]])})


def decision(bench) -> None:
    program = bench.build / "src/platform/compute/compute_bench"
    if not program.exists():
        return bench.report.skip("the scheduler's decision: compute_bench is not built (ALOFT_BENCH)")
    out = subprocess.run([program, "--benchmark_filter=BM_Decide", "--benchmark_format=json", f"--benchmark_repetitions={max(bench.rounds, 2)}"],
                         check=True, capture_output=True, text=True).stdout
    section = bench.report.section("The scheduler's decision", "Who of those who wait starts now: one decision, of which nothing else can start.", ["ms"])
    rows: dict[str, list[float]] = {}
    for row in json.loads(out)["benchmarks"]:
        if row.get("run_type") == "iteration":
            rows.setdefault(row["name"].split("/")[1], []).append(row["cpu_time"])
    for waiting, values in rows.items():
        section.add(f"{waiting} tasks wait", "Aloft", {"ms": Stat(values)})
    slowest = percentile(rows["10000"], 0.5)
    bench.report.aim("a decision over 10,000 waiting tasks", "≤ 50 ms", f"{slowest:.1f} ms", slowest <= 50)


def run(bench) -> None:
    ours = Ours(bench.binary)
    try:
        trainer = Trainer(ours.cloud, "training")
        trainer.run()  # makes the environment
        queued(bench, ours, trainer)
        staging(bench, ours, trainer)
    finally:
        ours.close()
    decision(bench)
