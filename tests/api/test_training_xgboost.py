"""The built-in XGBoost: the image alone, hyperparameters and channels; no script."""

import functools
import io
import os

import numpy
import pandas
import pytest
from cloud import wait_for
from jobs import Trainer
from sdk import sagemaker_session

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
PARAMETERS = {"objective": "binary:logistic", "num_round": "4", "max_depth": "3"}
X = numpy.random.default_rng(7).random((200, 4)).round(4)
Y = (X[:, 0] + X[:, 1] > 1).astype(int)
CSV = "".join(",".join(map(str, [label, *row])) + "\n" for label, row in zip(Y, X, strict=True))
LIBSVM = "".join(f"{label} " + " ".join(f"{i}:{value}" for i, value in enumerate(row)) + "\n" for label, row in zip(Y, X, strict=True))


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


def channel(trainer, name: str, key: str, body, content_type: str | None) -> dict:
    trainer.s3.put_object(Bucket=trainer.bucket, Key=f"xgboost/{key}", Body=body)
    return trainer.channel(name, f"xgboost/{key}") | ({"ContentType": content_type} if content_type else {})


def request(trainer, channels, parameters=None, **changes) -> dict:
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File"}
    return trainer.request(None, AlgorithmSpecification=algorithm, HyperParameters=PARAMETERS if parameters is None else parameters,
                           InputDataConfig=channels, **changes)


def start(trainer, *arguments, **changes) -> str:
    wanted = request(trainer, *arguments, **changes)
    trainer.sagemaker.create_training_job(**wanted)
    return wanted["TrainingJobName"]


# What guides to SageMaker begin with: the generic Estimator over XGBoost's image, CSV channels, deploy, predict CSV.
def test_train_deploy_predict(cloud, trainer, bucket):
    sagemaker = pytest.importorskip("sagemaker")
    session = sagemaker_session(cloud, bucket, trainer.s3, trainer.sagemaker)
    session.sagemaker_runtime_client = cloud.admin.client("sagemaker-runtime")
    for name in ("train", "validation"):
        trainer.s3.put_object(Bucket=bucket, Key=f"xgboost/{name}/part-0.csv", Body=CSV)
    estimator = sagemaker.estimator.Estimator(
        sagemaker.image_uris.retrieve("xgboost", "us-east-1", version="1.7-1"), trainer.role, instance_count=1, instance_type="ml.m5.large",
        output_path=f"s3://{bucket}/models", sagemaker_session=session)
    estimator.set_hyperparameters(objective="binary:logistic", num_round=20, max_depth=5, eta=0.2, gamma=0, subsample=1.0, silent=0)
    inputs = {name: sagemaker.inputs.TrainingInput(f"s3://{bucket}/xgboost/{name}/", content_type="csv") for name in ("train", "validation")}
    estimator.fit(inputs, wait=False)
    name = estimator.latest_training_job.name
    job = trainer.wait(name)
    lines = trainer.log(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    assert any(line.startswith("[19]#011train-logloss:") and "#011validation-logloss:" in line for line in lines), lines
    assert {"train:rmse", "validation:auc"} < {metric["Name"] for metric in job["AlgorithmSpecification"]["MetricDefinitions"]}
    final = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert set(final) == {"train:logloss", "validation:logloss"} and 0 < final["validation:logloss"] < 0.5, final
    assert list(trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"])) == ["xgboost-model"]

    predictor = estimator.deploy(1, "ml.m5.large", wait=False, serializer=sagemaker.serializers.CSVSerializer(),
                                 deserializer=sagemaker.deserializers.CSVDeserializer(accept="text/csv"))
    try:
        look = functools.partial(trainer.sagemaker.describe_endpoint, EndpointName=predictor.endpoint_name)
        wait_for(lambda: look()["EndpointStatus"] != "Creating", 600, what="the endpoint has started")
        answer = predictor.predict(X[:50])
        found = [float(value) for row in answer for value in row]
        assert [round(value) for value in found] == Y[:50].tolist(), answer
    finally:
        predictor.delete_model()
        predictor.delete_endpoint()


# LIBSVM is what a channel without ContentType holds; Parquet and CSV with weights train the same model from the same rows, and metrics that XGBoost does not have
# are computed beside its own.
def test_forms_of_data(trainer):
    parquet = io.BytesIO()
    pandas.DataFrame(numpy.column_stack([Y, X]), columns=list("yabcd")).to_parquet(parquet)
    weighted = "".join(f"{line.split(',', 1)[0]},1,{line.split(',', 1)[1]}\n" for line in CSV.splitlines())
    several = PARAMETERS | {"eval_metric": "logloss,accuracy,f1"}
    names = [
        start(trainer, [channel(trainer, "train", "a.svm", LIBSVM, None)], several),
        start(trainer, [channel(trainer, "train", "a.parquet", parquet.getvalue(), "application/x-parquet")], several),
        start(trainer, [channel(trainer, "train", "w.csv", weighted, "text/csv")], several | {"csv_weights": "1"}),
    ]
    rounds = []
    for name in names:
        job = trainer.wait(name)
        lines = trainer.log(name)
        assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
        rounds.append([line for line in lines if line.startswith("[")])
    assert len(rounds[0]) == 4 and all(of == rounds[0] for of in rounds), rounds
    assert all(name in rounds[0][3] for name in ("train-logloss:", "#011train-accuracy:", "#011train-f1:")), rounds[0]


# What cannot be trained ends with a reason that names the parameter, the file or the channel.
def test_failure_names_its_cause(trainer):
    cases = [
        ({"objective": "binary:logistic"}, "text/csv", CSV, "num_round is missing"),
        (PARAMETERS, None, CSV, "needs the channel's ContentType"),
        (PARAMETERS, "text/csv", "label,a,b,c,d\n" + CSV, "no header"),
        (PARAMETERS | {"eval_metric": "nonsense"}, "text/csv", CSV, "Unknown metric function nonsense"),
    ]
    names = [start(trainer, [channel(trainer, "train", f"bad-{i}", body, kind)], parameters) for i, (parameters, kind, body, _) in enumerate(cases)]
    for name, (_, _, _, says) in zip(names, cases, strict=True):
        job = trainer.wait(name)
        assert job["TrainingJobStatus"] == "Failed" and says in job["FailureReason"], job.get("FailureReason")


# As on SageMaker the algorithm's metrics are its own; the copy of a job's request, which holds them, is no attempt to change them.
def test_metric_definitions_are_the_algorithms(trainer):
    train = [channel(trainer, "train", "a.csv", CSV, "text/csv")]
    wanted = request(trainer, train)
    algorithm = wanted["AlgorithmSpecification"]
    own = algorithm | {"MetricDefinitions": [{"Name": "x", "Regex": "x=(.*)"}]}
    code, message = trainer.refused(wanted | {"AlgorithmSpecification": own})
    assert code == "ValidationException" and "You can't override the metric definitions" in message
    trainer.sagemaker.create_training_job(**wanted)
    described = trainer.describe(wanted["TrainingJobName"])["AlgorithmSpecification"]["MetricDefinitions"]
    again = request(trainer, train)
    trainer.sagemaker.create_training_job(**again | {"AlgorithmSpecification": algorithm | {"MetricDefinitions": described}})
    for one in (wanted, again):
        assert trainer.wait(one["TrainingJobName"])["TrainingJobStatus"] == "Completed"


# A second job over the same checkpoints goes on where the first ended, as an interrupted attempt does.
def test_goes_on_from_its_checkpoint(trainer):
    train = [channel(trainer, "train", "a.csv", CSV, "text/csv")]
    checkpoints = {"CheckpointConfig": {"S3Uri": f"s3://{trainer.bucket}/xgboost-checkpoints"}}
    for rounds, first in (("3", "[0]"), ("5", "[3]")):
        name = start(trainer, train, PARAMETERS | {"num_round": rounds}, **checkpoints)
        job = trainer.wait(name)
        lines = trainer.log(name)
        assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
        assert next(line for line in lines if line.startswith("[")).startswith(first), lines


# Two hosts train one model over their shares; the first says the rounds and writes it.
@pytest.mark.skipif(not os.access("/dev/net/tun", os.R_OK | os.W_OK), reason="the machine lends no TUN devices")
def test_two_instances(trainer):
    half = len(CSV.splitlines()) // 2
    lines = CSV.splitlines(keepends=True)
    for number, part in enumerate((lines[:half], lines[half:])):
        trainer.s3.put_object(Bucket=trainer.bucket, Key=f"xgboost/shares/{number}.csv", Body="".join(part))
    train = trainer.channel("train", "xgboost/shares/") | {"ContentType": "text/csv"}
    train["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    name = start(trainer, [train], ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 2, "VolumeSizeInGB": 1})
    job = trainer.wait(name)
    said = trainer.log(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), said)
    assert said.count(f"The channel train has {half} rows of 4 features.") == 2, said
    assert len([line for line in said if line.startswith("[3]#011train-logloss:")]) == 1, said
    assert list(trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"])) == ["xgboost-model"]
