"""The SDK's estimators of frameworks: the environment that stands in for their image, and its true versions."""

import io
import zipfile

import pytest
from cloud import REPOSITORY
from jobs import PYTHON, Trainer, archive
from sdk import sagemaker_session

XGBOOST = """
import argparse, os
import xgboost
parser = argparse.ArgumentParser()
parser.add_argument("--max-depth", type=int)
parser.add_argument("--num-round", type=int)
options = parser.parse_args()
data = xgboost.DMatrix([[float(i)] for i in range(100)], label=[float(i >= 50) for i in range(100)])
model = xgboost.train({"max_depth": options.max_depth, "objective": "binary:logistic"}, data, options.num_round, evals=[(data, "train")])
model.save_model(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"))
print("trained with", xgboost.__version__, flush=True)
"""


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


@pytest.fixture
def session(cloud, bucket, trainer):
    return sagemaker_session(cloud, bucket, trainer.s3, trainer.sagemaker)


# The XGBoost estimator in script mode, as the SDK sends it; metrics come from XGBoost's own lines, and the log names the versions that ran.
def test_xgboost_estimator(trainer, session, tmp_path):
    from sagemaker.xgboost import XGBoost

    (tmp_path / "train.py").write_text(XGBOOST)
    estimator = XGBoost(entry_point="train.py", source_dir=str(tmp_path), framework_version="1.7-1", role=trainer.role, sagemaker_session=session,
                        instance_type="ml.m5.large", instance_count=1, hyperparameters={"max-depth": 2, "num-round": 5},
                        output_path=f"s3://{trainer.bucket}/models",
                        metric_definitions=[{"Name": "logloss", "Regex": r"\[4\]\ttrain-logloss:([0-9.]+)"}])
    estimator.fit({"train": f"s3://{trainer.bucket}/data/"}, wait=False)
    name = estimator.latest_training_job.name
    job = trainer.wait(name, seconds=600)
    lines = trainer.log(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    [pinned] = [line.partition("==")[2] for line in (REPOSITORY / "runtime/environments/xgboost.txt").read_text().splitlines() if line.startswith("xgboost-cpu==")]
    assert f"trained with {pinned}" in lines and any(line.startswith("Runtime xgboost: ") and pinned in line for line in lines), lines
    assert job["FinalMetricDataList"][0]["Value"] < 0.5
    assert list(trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"])) == ["model.json"]


# TensorFlow is too large to be fetched unasked: where the machine has none, the job says how to provide it.
def test_tensorflow_says_what_it_needs(trainer):
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.13-cpu-py310"
    job = trainer.run("import tensorflow as tf; print('sum', float(tf.reduce_sum([1.0, 2.0])))",
                      AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
    if job["TrainingJobStatus"] == "Completed":
        assert "sum 3.0" in trainer.log(job["TrainingJobName"])
    else:
        assert "tensorflow" in job["FailureReason"] and "pip3 install" in job["FailureReason"], job["FailureReason"]


def wheel(version: str) -> bytes:
    """A package aloft_extra that knows its version."""
    out = io.BytesIO()
    info = f"aloft_extra-{version}.dist-info"
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("aloft_extra.py", f"VALUE = 'extra {version}'\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: aloft-extra\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", f"aloft_extra.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return out.getvalue()


USE_EXTRA = "import aloft_extra\nprint(aloft_extra.VALUE, flush=True)\n"


# The first job with a requirements.txt installs it, in a sandbox of its own; the second with the same makes nothing: what it needs is not even there
# to be fetched any more. Log and Describe name the versions.
def test_requirements_are_installed_once(trainer):
    key = "wheels/aloft_extra-1.0-py3-none-any.whl"
    trainer.s3.put_object(Bucket=trainer.bucket, Key=key, Body=wheel("1.0"))
    url = trainer.s3.generate_presigned_url("get_object", Params={"Bucket": trainer.bucket, "Key": key})
    lists = [f"--trusted-host 127.0.0.1\naloft-extra @ {url}\n", f"# again\n--trusted-host 127.0.0.1\n\naloft-extra @ {url}"]
    for said, text in zip(("installed", "found ready"), lists, strict=True):
        job = trainer.run(None, archive(train_dot_py=USE_EXTRA, requirements_dot_txt=text))
        lines = trainer.log(job["TrainingJobName"])
        assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
        assert f"Packages of requirements.txt, {said}: aloft_extra 1.0" in lines and "extra 1.0" in lines, lines
        assert "aloft_extra 1.0" in next(s["StatusMessage"] for s in job["SecondaryStatusTransitions"] if s["Status"] == "Training")
        trainer.s3.delete_object(Bucket=trainer.bucket, Key=key)


# Code that calls pip by name, as the SDK's own entrypoints do: what it installs lies over the environment and is the job's own.
def test_pip_by_name(trainer):
    script = """
        import importlib, subprocess, sys
        subprocess.run(["pip", "install", "--no-index", "./aloft_extra-3.0-py3-none-any.whl"], check=True)
        subprocess.run([sys.executable, "-c", "import aloft_extra; print('child', aloft_extra.VALUE)"], check=True)
        importlib.invalidate_caches()
        import aloft_extra
        print("same", aloft_extra.VALUE, flush=True)
    """
    job = trainer.run(None, archive(train_dot_py=script, **{"aloft_extra-3_dot_0-py3-none-any_dot_whl": wheel("3.0")}))
    lines = trainer.log(job["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    assert {"child extra 3.0", "same extra 3.0"} <= set(lines), lines


# What a list names beside it is the job's own and never shared; what cannot be had fails the job with that reason.
def test_requirements_of_one_job(trainer):
    own = archive(train_dot_py=USE_EXTRA, requirements_dot_txt="./aloft_extra-2.0-py3-none-any.whl\n",
                  **{"aloft_extra-2_dot_0-py3-none-any_dot_whl": wheel("2.0")})
    first = trainer.create(None, own)
    absent = trainer.create(None, archive(train_dot_py=USE_EXTRA, requirements_dot_txt="--no-index\nno-such-package-of-aloft==1.0\n"))
    job = trainer.wait(first)
    lines = trainer.log(first)
    assert job["TrainingJobStatus"] == "Completed" and "extra 2.0" in lines, (job.get("FailureReason"), lines)
    assert not any(line.startswith("Packages of requirements.txt") for line in lines)
    job = trainer.wait(absent)
    assert job["TrainingJobStatus"] == "Failed" and "requirements.txt could not be installed" in job["FailureReason"], job["FailureReason"]
    assert any("no-such-package-of-aloft" in line for line in trainer.log(absent))
    assert PYTHON in trainer.log(absent)[0]
