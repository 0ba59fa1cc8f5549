"""The SDK's estimators of frameworks: the environment that stands in for their image, and its true versions."""

import pytest
from cloud import REPOSITORY
from jobs import Trainer
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
