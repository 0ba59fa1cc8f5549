"""Batch transform through the public clients: every row of many objects, in order, once, whatever dies meanwhile."""

import gzip
import io
import json
import os
import signal
import time
import uuid

import joblib
import pytest
from cloud import wait_for
from deploy import READ_S3, Deployer, refusal
from jobs import PYTHON, SKLEARN, archive
from leftovers import processes_of, tasks_of
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, Y)
WRITE_S3 = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
DOUBLE = """
import json, os, time
def model_fn(d): return 2
def transform_fn(model, body, content_type, accept):
    time.sleep(float(os.environ.get("SLOW", 0)))
    if content_type == "application/jsonlines":
        return "\\n".join(json.dumps({"p": model * json.loads(line)["x"]}) for line in body.splitlines()), content_type
    return "\\n".join(str(model * int(line.split(",")[-1])) for line in body.split()), "text/csv"
"""


class Transformer(Deployer):
    def __init__(self, cloud, bucket):
        super().__init__(cloud, bucket)
        self.role = cloud.make_role([READ_S3, WRITE_S3])

    def put(self, **objects):
        for key, content in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=key.replace("__", "/").replace("_dot_", "."), Body=content)

    def start(self, model, prefix="in/", out="out", resources=None, **changes):
        name = f"t-{uuid.uuid4().hex[:8]}"
        source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{prefix}"}},
                  "ContentType": "text/csv", "SplitType": "Line", **changes.pop("TransformInput", {})}
        target = {"S3OutputPath": f"s3://{self.bucket}/{out}", "AssembleWith": "Line", **changes.pop("TransformOutput", {})}
        resources = resources or {"InstanceType": "ml.m5.large", "InstanceCount": 1}
        self.sagemaker.create_transform_job(TransformJobName=name, ModelName=model, TransformInput=source, TransformOutput=target,
                                            TransformResources=resources, **changes)
        return name

    def describe(self, name):
        return self.sagemaker.describe_transform_job(TransformJobName=name)

    def ended(self, name, seconds=600):
        return wait_for(lambda: (job := self.describe(name))["TransformJobStatus"] not in ("InProgress", "Stopping") and job,
                        seconds, what=f"{name} ends")

    def run(self, *arguments, **changes):
        job = self.ended(self.start(*arguments, **changes))
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        return job

    def outputs(self, out="out"):
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=out + "/").get("Contents", [])
        return {one["Key"].removeprefix(out + "/"): self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in listed}


@pytest.fixture
def transformer(cloud, bucket):
    made = Transformer(cloud, bucket)
    yield made
    made.clear()


def double(transformer, **environment):
    return transformer.model(transformer.upload(archive(code__inference_dot_py=DOUBLE)), image=PYTHON, environment=environment)


# Many objects, two instances, several requests at once, one of them gzip: one object of answers each, rows in order and complete.
def test_many_objects(transformer):
    rows = {f"{n}.csv": list(range(n * 1000, n * 1000 + 400)) for n in range(6)}
    for name, values in rows.items():
        transformer.s3.put_object(Bucket=transformer.bucket, Key=f"in/deep/{name}" if name == "3.csv" else f"in/{name}",
                                  Body="".join(f"row,{value}\n" for value in values))
    job = transformer.run(double(transformer), MaxConcurrentTransforms=4, MaxPayloadInMB=1, BatchStrategy="SingleRecord",
                          resources={"InstanceType": "ml.m5.large", "InstanceCount": 2})
    outputs = transformer.outputs()
    assert set(outputs) == {("deep/" if name == "3.csv" else "") + name + ".out" for name in rows}
    for name, values in rows.items():
        got = outputs[("deep/" if name == "3.csv" else "") + name + ".out"]
        assert [int(line) for line in got.split()] == [2 * value for value in values]
    assert job["TransformStartTime"] <= job["TransformEndTime"] and job["TransformResources"]["InstanceCount"] == 2
    listed = transformer.sagemaker.list_transform_jobs(NameContains=job["TransformJobName"], StatusEquals="Completed")
    assert [one["TransformJobName"] for one in listed["TransformJobSummaries"]] == [job["TransformJobName"]]


# A scikit-learn model's batch answers equal those in process, with the ids joined and the rest left out.
def test_sklearn_join(transformer):
    out = io.BytesIO()
    joblib.dump(MODEL, out)
    model = transformer.model(transformer.upload(archive(model_dot_joblib=out.getvalue())), image=SKLEARN)
    lines = "".join(f"id-{n}," + ",".join(map(repr, row)) + "\n" for n, row in enumerate(X.tolist()))
    transformer.put(in__iris_dot_csv_dot_gz=gzip.compress(lines.encode()))
    transformer.run(model, TransformInput={"CompressionType": "Gzip"}, TransformOutput={"Accept": "text/csv"},
                    DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"})
    got = [line.split(",") for line in transformer.outputs()["iris.csv.gz.out"].decode().splitlines()]
    assert [name for name, _ in got] == [f"id-{n}" for n in range(len(X))]
    assert [int(label) for _, label in got] == MODEL.predict(X).tolist()


# Answers as Parquet: rows of named columns in the order of the input, also joined with it, and of an object that was not split.
def test_parquet(transformer):
    import pyarrow.parquet

    def table(out, name):
        return pyarrow.parquet.read_table(io.BytesIO(transformer.outputs(out)[name + ".out.parquet"])).to_pydict()

    out = io.BytesIO()
    joblib.dump(MODEL, out)
    model = transformer.model(transformer.upload(archive(model_dot_joblib=out.getvalue())), image=SKLEARN)
    transformer.put(csv__iris_dot_csv="".join(f"id-{n}," + ",".join(map(repr, row)) + "\n" for n, row in enumerate(X.tolist())),
                    json__iris_dot_json=json.dumps(X.tolist()))
    parquet = {"Accept": "application/vnd.apache.parquet"}
    expected = MODEL.predict(X).tolist()
    transformer.run(model, "csv/", "joined", TransformOutput=parquet, DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"})
    got = table("joined", "iris.csv")
    assert list(got) == [f"column_{n}" for n in range(6)] and got["column_0"] == [f"id-{n}" for n in range(len(X))]
    assert got["column_1"] == X[:, 0].tolist() and got["column_5"] == expected
    transformer.run(model, "json/", "whole", TransformInput={"ContentType": "application/json", "SplitType": "None"}, TransformOutput=parquet)
    assert table("whole", "iris.json") == {"prediction": expected}


# An ONNX model through the native worker, a whole object as one payload.
def test_onnx(transformer):
    from skl2onnx import to_onnx

    model = to_onnx(MODEL, X[:1], options={"zipmap": False}).SerializeToString()
    model = transformer.model(transformer.upload(archive(model_dot_onnx=model)), image="aloft-onnx:1")
    transformer.put(in__rows_dot_json=json.dumps(X.tolist()))
    transformer.run(model, TransformInput={"ContentType": "application/json", "SplitType": "None"},
                    TransformOutput={"Accept": "application/json", "AssembleWith": "None"})
    answer = json.loads(transformer.outputs()["rows.json.out"])
    assert answer["predictions"] == MODEL.predict(X).tolist()


# The server is killed twice while a job runs: every row is there once, in order, and nothing is left on the machine.
def test_survives_the_server(own_cloud):
    bucket = f"t-{uuid.uuid4().hex[:8]}"
    own_cloud.admin.client("s3").create_bucket(Bucket=bucket)
    transformer = Transformer(own_cloud, bucket)
    transformer.put(**{f"in__{n}_dot_csv": "".join(f"{value}\n" for value in range(n, n + 40)) for n in range(4)})
    name = transformer.start(double(transformer, SLOW="0.02"), BatchStrategy="SingleRecord")
    wait_for(lambda: "TransformStartTime" in transformer.describe(name), 60, what="it runs")
    for _ in range(2):
        own_cloud.kill()
        own_cloud.restart()
        time.sleep(0.5)
    job = transformer.ended(name)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    outputs = transformer.outputs()
    assert {key: [int(line) for line in value.split()] for key, value in outputs.items()} == {
        f"{n}.csv.out": [2 * value for value in range(n, n + 40)] for n in range(4)}
    wait_for(lambda: not [task for task in tasks_of(own_cloud.data) if name in task], 20, what="its task is gone")


# A task that somebody kills is run again, and its objects are there once.
def test_lost_task_is_run_again(transformer, cloud):
    transformer.put(in__a_dot_csv="".join(f"{value}\n" for value in range(60)))
    name = transformer.start(double(transformer, SLOW="0.1"), BatchStrategy="SingleRecord")
    wait_for(lambda: "TransformStartTime" in transformer.describe(name), 60, what="it runs")
    agents = [pid for pid, command in processes_of(cloud.data).items() if f".{name}." in command]
    os.kill(min(agents), signal.SIGKILL)
    job = transformer.ended(name)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert [int(line) for line in transformer.outputs()["a.csv.out"].split()] == [2 * value for value in range(60)]


# A stopped job is Stopped, and cannot be stopped again; its name stays taken.
def test_stop(transformer):
    transformer.put(in__a_dot_csv="1\n" * 10000)
    model = double(transformer, SLOW="0.1")
    name = transformer.start(model, BatchStrategy="SingleRecord")
    wait_for(lambda: "TransformStartTime" in transformer.describe(name), 60, what="it runs")
    transformer.sagemaker.stop_transform_job(TransformJobName=name)
    assert transformer.ended(name)["TransformJobStatus"] == "Stopped"
    code, message, _ = refusal(transformer.sagemaker.stop_transform_job, TransformJobName=name)
    assert code == "ValidationException" and "Stopped" in message
    job = transformer.describe(name)
    code, _, _ = refusal(transformer.sagemaker.create_transform_job, TransformJobName=name, ModelName=model,
                         **{key: job[key] for key in ("TransformInput", "TransformOutput", "TransformResources")})
    assert code == "ResourceInUse"


# A row that the model refuses fails the job, with the object's name, and the log says the same.
def test_bad_row(transformer, cloud):
    transformer.put(in__good_dot_csv="1\n", in__bad_dot_csv="1\nno number\n")
    job = transformer.ended(transformer.start(double(transformer), ModelClientConfig={"InvocationsMaxRetries": 0}))
    assert job["TransformJobStatus"] == "Failed"
    assert "bad.csv: Bad HTTP status received from algorithm: 500" in job["FailureReason"]
    events = cloud.admin.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix=job["TransformJobName"] + "/")["events"]
    assert any("ValueError" in event["message"] for event in events)


# Input errors are found before anything is made; what is not built is named.
def test_refused(transformer, cloud):
    model = double(transformer)
    transformer.put(in__a_dot_csv="1\n")
    for changes, code, text in (
            ({"prefix": "nothing/"}, "ValidationException", "No S3 objects found"),
            ({"TransformInput": {"SplitType": "Words"}}, "ValidationException", "splitType"),
            ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "ValidationException", "100"),
            ({"TransformOutput": {"S3OutputPath": "out"}}, "ValidationException", ""),
            ({"resources": {"InstanceType": "ml.nonsense", "InstanceCount": 1}}, "ValidationException", "ml.nonsense"),
            ({"TransformOutput": {"KmsKeyId": "k"}}, "NotImplemented", "KmsKeyId"),
            ({"DataCaptureConfig": {"DestinationS3Uri": "s3://b/c"}}, "NotImplemented", "DataCaptureConfig")):
        got, message, _ = refusal(transformer.start, model, **changes)
        assert got == code and text in message, (changes, got, message)
    assert refusal(transformer.start, "nobody")[0] == "ValidationException"
    assert refusal(transformer.describe, "nobody")[1].startswith("Could not find")
    assert refusal(transformer.sagemaker.list_transform_jobs, NextToken="no token")[0] == "ValidationException"
    nobody = cloud.make_user({"Effect": "Allow", "Action": "sagemaker:DescribeTransformJob", "Resource": "*"})
    code, _, _ = refusal(nobody.client("sagemaker").create_transform_job, TransformJobName="t", ModelName=model,
                         TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/c"}}},
                         TransformOutput={"S3OutputPath": "s3://b/c"}, TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    assert code == "AccessDeniedException"


# The SageMaker SDK's Transformer, unmodified, with wait and logs.
def test_sagemaker_sdk(transformer):
    sagemaker = pytest.importorskip("sagemaker")
    sdk = sagemaker.Session(boto_session=transformer.cloud.admin.session(), sagemaker_client=transformer.sagemaker,
                            sagemaker_runtime_client=transformer.runtime, default_bucket=transformer.bucket)
    sdk.boto_session.client = lambda service, **_: transformer.cloud.admin.client(service)
    transformer.put(in__a_dot_csv="1\n2\n3\n")
    one = sagemaker.transformer.Transformer(
        model_name=double(transformer), instance_count=1, instance_type="ml.m5.large", strategy="MultiRecord", assemble_with="Line",
        output_path=f"s3://{transformer.bucket}/out", accept="text/csv", max_payload=1, sagemaker_session=sdk)
    one.transform(f"s3://{transformer.bucket}/in/", content_type="text/csv", split_type="Line", wait=True, logs=True)
    assert transformer.outputs()["a.csv.out"] == b"2\n4\n6\n"
    attached = sagemaker.transformer.Transformer.attach(one.latest_transform_job.name, sagemaker_session=sdk)
    assert attached.output_path == f"s3://{transformer.bucket}/out"
