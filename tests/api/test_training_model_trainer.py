"""ModelTrainer, the estimator of the SageMaker SDK's next generation: its own drivers run in the job, and its torchrun over several instances."""

import os
import pathlib
import subprocess
import sys

import pytest
from jobs import PYTHON, Trainer

PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1-cpu-py310"

# In a process of its own: the SDK keeps its clients for the process' life, and reads the endpoint from the environment.
PROGRAM = """
import sys, boto3
from sagemaker.modules import Session
from sagemaker.modules.configs import Compute, InputData, OutputDataConfig, SourceCode
from sagemaker.modules.distributed import Torchrun
from sagemaker.modules.train import ModelTrainer
image, role, bucket, source, count = sys.argv[1:]
trainer = ModelTrainer(
    training_image=image, role=role, base_job_name="trainer", sagemaker_session=Session(boto_session=boto3.Session(), default_bucket=bucket),
    source_code=SourceCode(source_dir=source, entry_script="train.py", requirements="requirements.txt" if count == "1" else None),
    compute=Compute(instance_type="ml.t3.medium", instance_count=int(count)), hyperparameters={"depth": 3},
    distributed=Torchrun() if count != "1" else None, output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/models"))
trainer.train(input_data_config=[InputData(channel_name="train", data_source=f"s3://{bucket}/data/")], wait=False)
print("JOB", trainer._latest_training_job.training_job_name)
"""


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


def train(trainer, tmp_path, image: str, script: str, count: int) -> tuple[dict, list[str]]:
    pytest.importorskip("sagemaker.modules.train")
    (tmp_path / "train.py").write_text(script)
    (tmp_path / "requirements.txt").write_text("# nothing beyond what is there\n")
    done = subprocess.run([sys.executable, "-c", PROGRAM, image, trainer.role, trainer.bucket, str(tmp_path), str(count)],
                          env=trainer.cloud.admin.environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    [name] = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("JOB ")]
    job = trainer.wait(name)
    return job, trainer.log(name)


# A script with hyperparameters, a channel and a model: the job's entrypoint is the SDK's own script, which it brings as a channel.
def test_model_trainer(trainer, tmp_path):
    job, lines = train(trainer, tmp_path, PYTHON, """
import json, os, pathlib, sys
rows = sum(len(path.read_text().split()) for path in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).rglob("*.csv"))
print("rows", rows, json.loads(os.environ["SM_HPS"]), sys.argv[1:], flush=True)
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(str(rows))
""", 1)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    assert "rows 3 {'depth': 3} ['--depth', '3']" in lines, lines
    assert trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.txt": b"3"}


# Its driver of torchrun finds the other hosts by their names.
@pytest.mark.skipif(not os.access("/dev/net/tun", os.R_OK | os.W_OK), reason="the machine lends no TUN devices")
def test_torchrun_on_two_instances(trainer, tmp_path):
    if not pathlib.Path("/usr/lib/python3/dist-packages/torch").exists():
        pytest.skip("python3-torch is not installed")
    job, lines = train(trainer, tmp_path, PYTORCH, """
import torch, torch.distributed as dist
dist.init_process_group("gloo")
value = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(value)
print(f"rank {dist.get_rank()} of {dist.get_world_size()} sums {value.item():g}", flush=True)
""", 2)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    assert {"rank 0 of 2 sums 3", "rank 1 of 2 sums 3"} <= {line.partition("]:")[2] or line for line in lines}, lines
