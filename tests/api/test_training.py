"""Training jobs through the public clients: script mode, logs, metrics, every end, every refusal, tags, search, the SDK."""

import json
import textwrap
import time
import uuid

import botocore.exceptions
import pytest
from cloud import wait_for
from jobs import GROUP, PYTHON, USE_S3, Trainer, archive


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


GOOD_SCRIPT = """
    import json, os, pathlib, sys
    print("arguments", sys.argv[1:], flush=True)
    print("channels", os.environ["SM_CHANNELS"], "region", os.environ["AWS_REGION"], os.environ["MODE"], flush=True)
    root = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
    print("files", sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()), flush=True)
    print("config", json.load(open("/opt/ml/input/config/resourceconfig.json"))["current_host"], flush=True)
    for epoch in range(3):
        print(f"epoch={epoch} loss={1 / (epoch + 1)};", flush=True)
    pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text("{}")
    pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "report.txt").write_text("fine")
"""


# The whole contract of script mode in one job: what the code sees, what is logged, measured, stored and described.
def test_script_mode(trainer):
    name = trainer.create(
        GOOD_SCRIPT,
        AlgorithmSpecification={"TrainingImage": PYTHON, "TrainingInputMode": "File",
                                "MetricDefinitions": [{"Name": "train:loss", "Regex": "loss=(.*?);"}]},
        Environment={"MODE": "fast"})
    job = trainer.wait(name)
    lines = trainer.log(name)
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    assert trainer.steps(job)[0] == "Starting" and trainer.steps(job)[-3:] == ["Training", "Uploading", "Completed"]
    assert all(step["StatusMessage"] and step["EndTime"] for step in job["SecondaryStatusTransitions"])
    assert job["TrainingTimeInSeconds"] > 0 and job["BillableTimeInSeconds"] > 0
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"] <= job["LastModifiedTime"]
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert "Python 3" in job["SecondaryStatusTransitions"][-3]["StatusMessage"]

    text = "\n".join(lines)
    assert "arguments ['--depth', '3', '--name', 'quoted']" in text
    assert f'channels ["train"] region {trainer.cloud.region} fast' in text
    assert "files ['a.csv', 'deep/b.csv']" in text
    assert "config algo-1" in text

    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{trainer.bucket}/out/{name}/output/model.tar.gz"
    assert trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.json": b"{}"}
    assert trainer.unpack(f"s3://{trainer.bucket}/out/{name}/output/output.tar.gz") == {"report.txt": b"fine"}

    (final,) = job["FinalMetricDataList"]
    assert final["MetricName"] == "train:loss" and abs(final["Value"] - 1 / 3) < 1e-6
    points = trainer.cloudwatch.get_metric_statistics(
        Namespace=GROUP, MetricName="train:loss", Dimensions=[{"Name": "TrainingJobName", "Value": name}],
        StartTime=job["CreationTime"], EndTime=job["TrainingEndTime"].timestamp() + 60, Period=60,
        Statistics=["SampleCount", "Maximum"])["Datapoints"]
    assert sum(point["SampleCount"] for point in points) == 3 and max(point["Maximum"] for point in points) == 1
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")


# What the machine did for a job is there as series under SageMaker's names, even of a short one; the network's are our own.
def test_what_a_job_uses(trainer):
    job = trainer.run("""
        import os, urllib.request
        for _ in range(3):
            sum(range(2_000_000))
        open("/opt/ml/model/large", "wb").write(bytes(50 << 20))
        try:
            urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"]).read()
        except OSError as error:
            print("answered", error, flush=True)
    """)
    name = job["TrainingJobName"]
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    dimensions = [{"Name": "Host", "Value": f"{name}/algo-1"}]
    listed = trainer.cloudwatch.list_metrics(Namespace=GROUP, Dimensions=dimensions)["Metrics"]
    assert {"CPUUtilization", "MemoryUtilization", "DiskUtilization", "NetworkReceived", "NetworkSent"} <= {m["MetricName"] for m in listed}

    def most(metric: str, unit: str) -> float:
        points = trainer.cloudwatch.get_metric_statistics(
            Namespace=GROUP, MetricName=metric, Dimensions=dimensions, Period=60, Statistics=["Maximum"], Unit=unit,
            StartTime=job["CreationTime"], EndTime=job["TrainingEndTime"].timestamp() + 60)["Datapoints"]
        return max(point["Maximum"] for point in points)

    assert 0 < most("CPUUtilization", "Percent") < 800
    assert 0 < most("MemoryUtilization", "Percent") <= 100
    assert 4 < most("DiskUtilization", "Percent") < 7, "50 MiB of 1 GiB"
    assert most("NetworkSent", "Bytes") > 0


# `aloft jobs` says of a job that runs since when, how far it is by its own words, and what it said last.
def test_progress(trainer):
    name = trainer.create("""
        import time
        for step in range(1, 4):
            print(f"step {step}/12 loss=0.5", flush=True)
            time.sleep(0.05)
        print("now \x1b[2Jwaiting", flush=True)
        time.sleep(600)
    """)
    trainer.wait_step(name, "Training")
    wait_for(lambda: any("waiting" in line for line in trainer.log(name)), 60)
    lines = trainer.cloud.aloft("jobs").stdout.splitlines()
    line = lines[next(i for i, line in enumerate(lines) if line.startswith(name)) + 1]
    assert line.startswith("  Training for ") and ", 25% done, about " in line and line.endswith("left: now ?[2Jwaiting"), line
    trainer.sagemaker.stop_training_job(TrainingJobName=name)
    assert trainer.wait(name)["TrainingJobStatus"] == "Stopped"


# A burst faster than any log is kept arrives whole and in its order, however the job, its agent and the server take turns.
def test_burst_of_lines(trainer):
    count = 200_000
    name = trainer.create(f"import sys\nfor i in range({count}):\n    sys.stdout.write(f'line {{i}}\\n')\n")
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    said = [int(line[5:]) for line in trainer.log(name) if line.startswith("line ")]
    assert said == list(range(count)), (len(said), next((i for i, n in enumerate(said) if i != n), None))


# A script that fails: its own words are the reason, its log is whole, and no model is claimed.
def test_failing_script(trainer):
    job = trainer.run("print('about to fail', flush=True)\nraise ValueError('bad column')\n")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ") and "bad column" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 1")
    assert "ModelArtifacts" not in job
    assert "about to fail" in trainer.log(job["TrainingJobName"])
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")


# The code's own failure file wins over everything else.
def test_failure_file(trainer):
    job = trainer.run("""
        import os, sys
        open("/opt/ml/output/failure", "w").write("my own words")
        sys.exit(7)
    """)
    assert "my own words" in job["FailureReason"] and job["FailureReason"].endswith("exit code: 7")


# Stop lets the code finish its work after SIGTERM, and keeps what it stored.
def test_stop(trainer):
    name = trainer.create("""
        import pathlib, signal, sys, time
        def finish(*_):
            pathlib.Path("/opt/ml/model/checkpoint").write_text("kept")
            print("finishing", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, finish)
        print("ready", flush=True)
        time.sleep(600)
    """)
    wait_for(lambda: trainer.describe(name)["SecondaryStatus"] == "Training" and "ready" in trainer.log(name), 60)
    trainer.sagemaker.stop_training_job(TrainingJobName=name)
    assert trainer.describe(name)["TrainingJobStatus"] in ("Stopping", "Stopped")
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "Stopping" in trainer.steps(job)
    assert trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"checkpoint": b"kept"}
    assert "finishing" in trainer.log(name)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        trainer.sagemaker.stop_training_job(TrainingJobName=name)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")


# The time limit is the job's, and the state is AWS's.
def test_max_runtime(trainer):
    job = trainer.run("import time\ntime.sleep(600)\n", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


# An archive without the script, one that is no archive, one that would write elsewhere: each fails its own job with a reason.
@pytest.mark.parametrize("source", [
    pytest.param(archive(other_dot_py="pass"), id="no-script"),
    pytest.param(b"this is no archive", id="no-archive"),
    pytest.param(archive(train_dot_py="pass", **{"..__..__outside.txt": "x"}), id="escape"),
])
def test_bad_sources(trainer, source):
    job = trainer.run(None, source)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(("AlgorithmError: ", "ClientError: "))
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")


# A job may use its memory and no more; the reason says so, with AWS's exit code.
def test_out_of_memory(trainer):
    job = trainer.run("""
        import resource
        held = []
        while True:
            held.append(bytearray(64 << 20))
    """, ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1})
    assert job["TrainingJobStatus"] == "Failed"
    assert "more memory" in job["FailureReason"] or "MemoryError" in job["FailureReason"]


# The server dies while a job runs: the job goes on, and no line and no result is lost.
def test_server_killed_during_training(own_cloud):
    own_cloud.admin.client("s3").create_bucket(Bucket="survivors")
    trainer = Trainer(own_cloud, "survivors")
    name = trainer.create("""
        import pathlib, time
        for i in range(300):
            print(f"line {i}", flush=True)
            time.sleep(0.02)
        pathlib.Path("/opt/ml/model/m").write_text("made")
    """)
    wait_for(lambda: trainer.describe(name)["SecondaryStatus"] == "Training" and len(trainer.log(name)) > 20, 60)
    for _ in range(2):
        own_cloud.kill()
        own_cloud.restart()
        time.sleep(0.5)
    job = trainer.wait(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert [line for line in trainer.log(name) if line.startswith("line ")] == [f"line {i}" for i in range(300)]
    assert trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"m": b"made"}
    wait_for(lambda: trainer.nothing_left(name), what="an empty machine")


# What is refused before anything is stored, and what it is called.
@pytest.mark.parametrize("changes, code, message", [
    ({"TrainingJobName": "a_b"}, "ValidationException",
     "1 validation error detected: Value 'a_b' at 'trainingJobName' failed to satisfy constraint: "
     "Member must satisfy regular expression pattern"),
    ({"AlgorithmSpecification": {"TrainingImage": "nobody/knows:1", "TrainingInputMode": "File"}}, "ValidationException",
     "nobody/knows:1"),
    ({"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["s-1"]}}, "ValidationException", "VpcConfig is not built"),
    ({"AlgorithmSpecification": {"TrainingImage": PYTHON, "TrainingInputMode": "File",
                                 "MetricDefinitions": [{"Name": "m", "Regex": "("}]}}, "ValidationException", "metric definition m"),
    ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 90, "VolumeSizeInGB": 1}}, "ResourceLimitExceeded",
     "a request delta of 90 Instances"),
    ({"ResourceConfig": {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "ResourceLimitExceeded",
     "'ml.p5.48xlarge for training job usage'"),
    ({"ResourceConfig": {"InstanceType": "ml.huge.huger", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "ValidationException",
     "ml.huge.huger"),
    ({"OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key"}}, "ValidationException", "KmsKeyId is not built"),
    ({"CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/opt/ml/model"}}, "ValidationException",
     "must not be below /opt/ml/model"),
    ({"RoleArn": "arn:aws:iam::123456789012:role/nobody"}, "ValidationException", "Could not assume role"),
])
def test_refusals(trainer, changes, code, message):
    request = trainer.request(**changes)
    found = trainer.refused(request)
    assert found[0] == code and message in found[1], found


# An address without objects, and objects that the role may not read, are the answer to the request.
def test_unreadable_input(trainer, cloud):
    request = trainer.request(InputDataConfig=[trainer.channel("train", "nothing-here/")])
    code, message = trainer.refused(request)
    assert code == "ValidationException"
    assert message.startswith(f'No S3 objects found under S3 URL "s3://{trainer.bucket}/nothing-here/" given in input data source.')
    poor = cloud.make_role({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    code, message = trainer.refused(trainer.request(RoleArn=poor))
    assert code == "ValidationException" and "AccessDenied" in message and "s3:GetObject" in message


# A role whose trust names another service, and a caller who may not pass the role.
def test_role_and_pass_role(trainer, cloud):
    other = cloud.make_role(USE_S3, service="lambda.amazonaws.com")
    assert trainer.refused(trainer.request(RoleArn=other)) == (
        "ValidationException", f"Could not assume role {other}. Please ensure that the role exists and allows principal "
                               "'sagemaker.amazonaws.com' to assume the role.")
    user = cloud.make_user({"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"})
    code, message = trainer.refused(trainer.request(), user)
    assert code == "AccessDeniedException" and "iam:PassRole" in message


# A name is used once, whatever became of the job.
def test_names_are_unique(trainer):
    request = trainer.request(None, InputDataConfig=None)
    trainer.sagemaker.create_training_job(**request)
    with pytest.raises(trainer.sagemaker.exceptions.ResourceInUse) as error:
        trainer.sagemaker.create_training_job(**request)
    assert "Training job names must be unique within an AWS account and region" in str(error.value)
    trainer.wait(request["TrainingJobName"])


# What is not there.
def test_not_found(trainer):
    for operation in (trainer.sagemaker.describe_training_job, trainer.sagemaker.stop_training_job,
                      trainer.sagemaker.delete_training_job):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            operation(TrainingJobName="never-was")
        assert error.value.response["Error"] == {"Code": "ValidationException", "Message": "Requested resource not found."}


# Lists, tags and search of the same jobs.
def test_list_tags_search(trainer):
    mark = uuid.uuid4().hex[:8]
    names = []
    for i in range(3):
        name = f"{mark}-{i}"
        trainer.create("pass", TrainingJobName=name, Tags=[{"Key": "mark", "Value": mark}, {"Key": "i", "Value": str(i)}])
        names.append(name)
    pages = trainer.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains=mark, SortBy="Name", SortOrder="Descending", PaginationConfig={"PageSize": 2})
    assert [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]] == names[::-1]

    arn = trainer.describe(names[0])["TrainingJobArn"]
    trainer.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "i", "Value": "new"}, {"Key": "x", "Value": ""}])
    trainer.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["x"])
    tags = {tag["Key"]: tag["Value"] for tag in trainer.sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == {"mark": mark, "i": "new"}
    with pytest.raises(botocore.exceptions.ClientError) as error:
        trainer.sagemaker.add_tags(ResourceArn=arn + "-absent", Tags=[{"Key": "a", "Value": "b"}])
    assert error.value.response["Error"]["Code"] == "ValidationException"

    def search(*filters):
        found = trainer.sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": [
            {"Name": name, "Operator": operator, "Value": value} for name, operator, value in filters]})
        return sorted(result["TrainingJob"]["TrainingJobName"] for result in found["Results"])
    assert search(("Tags.mark", "Equals", mark)) == names
    assert search(("Tags.mark", "Equals", mark), ("Tags.i", "NotEquals", "1")) == [names[0], names[2]]
    assert search(("TrainingJobName", "Contains", mark), ("HyperParameters.depth", "Equals", "3")) == names
    for name in names:
        trainer.wait(name)


# What Describe gives back is what was sent, so that Estimator.attach finds everything.
def test_describe_echoes(trainer):
    request = trainer.request(Environment={"A": "b"}, RetryStrategy={"MaximumRetryAttempts": 2},
                              DebugHookConfig={"S3OutputPath": f"s3://{trainer.bucket}/debug"},
                              ProfilerConfig={"DisableProfiler": True})
    trainer.sagemaker.create_training_job(**request)
    job = trainer.wait(request["TrainingJobName"])
    for member, value in request.items():
        if member in ("OutputDataConfig", "StoppingCondition"):
            assert {**job[member], **value} == job[member]
        else:
            assert job[member] == value, member


# The SageMaker SDK itself: fit with streamed logs, attach, analytics. The SDK sleeps 5 s in fit.
def test_sagemaker_sdk(trainer, capsys):
    sagemaker = pytest.importorskip("sagemaker")
    from sagemaker.analytics import TrainingJobAnalytics
    from sagemaker.sklearn import SKLearn

    sdk = sagemaker.Session(boto_session=trainer.cloud.admin.session(), sagemaker_client=trainer.sagemaker,
                            default_bucket=trainer.bucket)
    # The SDK makes these from its boto session, which knows no endpoint.
    sdk.s3_client, sdk.s3_resource = trainer.s3, trainer.cloud.admin.session().resource(
        "s3", endpoint_url=trainer.cloud.url, verify=str(trainer.cloud.ca_file or True))
    sdk.boto_session.client = lambda service, **_: trainer.cloud.admin.client(service)
    import pathlib
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "fit.py")
        script.write_text(textwrap.dedent("""
            import joblib, os, numpy, sklearn
            from sklearn.linear_model import LinearRegression
            data = numpy.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "a.csv"), delimiter=",")
            model = LinearRegression().fit(data[:, :1], data[:, 1])
            print(f"score={model.score(data[:, :1], data[:, 1])};", flush=True)
            joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
        """))
        estimator = SKLearn(entry_point=str(script), role=trainer.role, instance_type="ml.m5.large", instance_count=1,
                            framework_version="1.2-1", sagemaker_session=sdk, code_location=f"s3://{trainer.bucket}/code",
                            output_path=f"s3://{trainer.bucket}/models", hyperparameters={"alpha": 0.5},
                            metric_definitions=[{"Name": "score", "Regex": "score=(.*?);"}])
        estimator.fit({"train": f"s3://{trainer.bucket}/data/"}, logs=True)
    assert "score=1.0;" in capsys.readouterr().out, "fit streams the log"
    name = estimator.latest_training_job.name
    assert set(trainer.unpack(estimator.model_data)) == {"model.joblib"}
    attached = SKLearn.attach(name, sagemaker_session=sdk)
    assert attached.model_data == estimator.model_data
    assert json.loads(attached.hyperparameters()["alpha"]) == 0.5
    table = TrainingJobAnalytics(name, sagemaker_session=sdk).dataframe()
    assert list(table["metric_name"]) == ["score"] and table["value"][0] == 1.0
