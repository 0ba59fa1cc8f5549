"""Processing jobs through the public clients: inputs, outputs, exit message, every end, every refusal, the SDK's processors."""

import json
import textwrap

import botocore.exceptions
import pytest
from cloud import wait_for
from jobs import PYTHON
from processing import ROOT, Processor
from sdk import sagemaker_session

pytestmark = pytest.mark.any_store


@pytest.fixture
def processor(cloud, bucket):
    return Processor(cloud, bucket)


GOOD_SCRIPT = """
    import json, os, pathlib, sys
    root = pathlib.Path("/opt/ml/processing")
    config = json.load(open("/opt/ml/config/processingjobconfig.json"))
    hosts = json.load(open("/opt/ml/config/resourceconfig.json"))
    print("job", config["ProcessingJobName"], hosts["current_host"], hosts["hosts"], sys.argv[1:], flush=True)
    print("mode", os.environ["MODE"], os.environ["AWS_REGION"], flush=True)
    rows = sum((path.read_text().splitlines() for path in sorted((root / "input/data").rglob("*.csv"))), [])
    (root / "output/deep").mkdir()
    (root / "output/rows.txt").write_text("\\n".join(rows))
    (root / "output/deep/count").write_text(str(len(rows)))
    pathlib.Path("/opt/ml/output").mkdir(exist_ok=True)
    pathlib.Path("/opt/ml/output/message").write_text("3 rows, no outliers")
"""


# The whole contract in one job: what the code sees, what is logged, stored, described and listed.
def test_whole_job(processor):
    request = processor.request(GOOD_SCRIPT, Environment={"MODE": "fast"}, Tags=[{"Key": "team", "Value": "ml"}])
    request["AppSpecification"]["ContainerArguments"] = ["--split", "0.2"]
    name = request["ProcessingJobName"]
    arn = processor.sagemaker.create_processing_job(**request)["ProcessingJobArn"]
    assert arn.endswith(f":processing-job/{name}")
    job = processor.wait(name)
    lines = processor.log(name)
    assert job["ProcessingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    assert f"job {name} algo-1 ['algo-1'] ['--split', '0.2']" in lines
    assert f"mode fast {processor.cloud.region}" in lines
    assert processor.objects(f"{name}/result") == {"rows.txt": b"1,2\n3,4\n5,6", "deep/count": b"3"}
    assert job["ExitMessage"] == "3 rows, no outliers"
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"] <= job["LastModifiedTime"]
    for member in ("ProcessingInputs", "ProcessingOutputConfig", "ProcessingResources", "AppSpecification", "Environment"):
        assert job[member] == request[member], member
    summaries = processor.sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
    assert [(s["ProcessingJobName"], s["ProcessingJobStatus"], s["ExitMessage"]) for s in summaries] == [
        (name, "Completed", "3 rows, no outliers")]
    assert processor.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    assert "fast" in processor.cloud.aloft("logs", "-f", name).stdout, "the command line finds its log, and its end"
    wait_for(lambda: processor.nothing_left(name), what="an empty machine")


# A script that fails: the job fails with its exit code, its log is whole, nothing is stored, and its exit message stays.
def test_failing_script(processor):
    name = processor.create("""
        import pathlib, sys
        pathlib.Path("/opt/ml/processing/output/half").write_text("half")
        pathlib.Path("/opt/ml/output/message").write_text("gave up")
        print("about to fail", flush=True)
        sys.exit(3)
    """)
    job = processor.wait(name)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ") and job["FailureReason"].endswith("exit code: 3")
    assert job["ExitMessage"] == "gave up"
    assert "about to fail" in processor.log(name)
    assert processor.objects(f"{name}/result") == {}
    wait_for(lambda: processor.nothing_left(name), what="an empty machine")


# Continuous outputs are there while the code runs, and whole after it, also where it fails.
def test_continuous_upload(processor):
    request = processor.request("""
        import pathlib, sys, time
        out = pathlib.Path("/opt/ml/processing/output")
        (out / "first").write_text("1")
        time.sleep(12)
        (out / "last").write_text("2")
        sys.exit(1)
    """)
    name = request["ProcessingJobName"]
    request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3UploadMode"] = "Continuous"
    processor.sagemaker.create_processing_job(**request)
    wait_for(lambda: processor.objects(f"{name}/result") == {"first": b"1"}, 60, what="the first file in S3")
    assert processor.describe(name)["ProcessingJobStatus"] == "InProgress", "stored while it runs"
    assert processor.wait(name)["ProcessingJobStatus"] == "Failed"
    assert processor.objects(f"{name}/result") == {"first": b"1", "last": b"2"}


# Stopping: SIGTERM, the code's last words, outputs stored.
def test_stop(processor):
    name = processor.create("""
        import pathlib, signal, sys, time
        def finish(*_):
            pathlib.Path("/opt/ml/processing/output/kept").write_text("kept")
            sys.exit(0)
        signal.signal(signal.SIGTERM, finish)
        print("ready", flush=True)
        time.sleep(600)
    """)
    wait_for(lambda: "ready" in processor.log(name) if processor.describe(name).get("ProcessingStartTime") else False, 60)
    processor.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert processor.wait(name)["ProcessingJobStatus"] == "Stopped"
    assert processor.objects(f"{name}/result") == {"kept": b"kept"}
    with pytest.raises(botocore.exceptions.ClientError) as error:
        processor.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert error.value.response["Error"]["Code"] == "ValidationException"


# Deleting: only what has ended; afterwards it is gone, and its name stays taken.
def test_delete(processor):
    request = processor.request("print('done')")
    name = request["ProcessingJobName"]
    processor.sagemaker.create_processing_job(**request)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        processor.sagemaker.delete_processing_job(ProcessingJobName=name)
    assert "Stop it first" in str(error.value)
    processor.wait(name)
    processor.sagemaker.delete_processing_job(ProcessingJobName=name)
    for operation in ("describe_processing_job", "stop_processing_job", "delete_processing_job"):
        with pytest.raises(botocore.exceptions.ClientError) as error:
            getattr(processor.sagemaker, operation)(ProcessingJobName=name)
        assert error.value.response["Error"]["Message"] == "Requested resource not found."
    assert processor.sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"] == []
    with pytest.raises(botocore.exceptions.ClientError) as error:
        processor.sagemaker.create_processing_job(**request)
    assert error.value.response["Error"]["Code"] == "ResourceInUse"


# A manifest names the objects; they are laid out as it names them.
def test_manifest(processor):
    manifest = [{"prefix": f"s3://{processor.bucket}/data/"}, "deep/b.csv"]
    processor.s3.put_object(Bucket=processor.bucket, Key="manifest.json", Body=json.dumps(manifest).encode())
    request = processor.request("""
        import pathlib
        root = pathlib.Path("/opt/ml/processing/input/data")
        print(sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()), flush=True)
    """)
    request["ProcessingInputs"][1]["S3Input"] |= {
        "S3Uri": f"s3://{processor.bucket}/manifest.json", "S3DataType": "ManifestFile"}
    processor.sagemaker.create_processing_job(**request)
    name = request["ProcessingJobName"]
    assert processor.wait(name)["ProcessingJobStatus"] == "Completed", processor.log(name)
    assert "['deep/b.csv']" in processor.log(name)


# What makes no sense or is not built is refused by its name, and nothing is stored.
@pytest.mark.parametrize("change, text", [
    ({"AppSpecification": {"ImageUri": PYTHON}}, "ContainerEntrypoint"),
    ({"AppSpecification": {"ImageUri": "my-image:1", "ContainerEntrypoint": ["x"]}}, "my-image:1"),
    ({"ProcessingInputs": [{"InputName": "a", "S3Input": {"S3Uri": "s3://bucket/c", "LocalPath": "/etc", "S3DataType": "S3Prefix"}}]},
     "must begin with /opt/ml/processing/"),
    ({"ProcessingInputs": [{"InputName": "a", "S3Input": {
        "S3Uri": "s3://bucket/c", "LocalPath": ROOT + "/../../x", "S3DataType": "S3Prefix"}}]}, "must begin with"),
    ({"ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.24xlarge", "VolumeSizeInGB": 1}}},
     "ml.m5.24xlarge for processing job usage"),
    ({"NetworkConfig": {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["s-1"]}}}, "VpcConfig"),
    ({"RoleArn": "arn:aws:iam::000000000000:role/other"}, "other"),
])
def test_refusals(processor, change, text):
    request = processor.request(**change)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        processor.sagemaker.create_processing_job(**request)
    assert text in str(error.value)
    with pytest.raises(botocore.exceptions.ClientError):
        processor.describe(request["ProcessingJobName"])


# The SDK's ScriptProcessor and SKLearnProcessor, with local files up and outputs down.
def test_script_processors(processor, tmp_path, capsys):
    from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
    from sagemaker.sklearn.processing import SKLearnProcessor

    session = sagemaker_session(processor.cloud, processor.bucket, processor.s3, processor.sagemaker)
    script = tmp_path / "prepare.py"
    script.write_text(textwrap.dedent("""
        import importlib.util, pathlib, sys
        data = pathlib.Path("/opt/ml/processing/input/rows/rows.csv").read_text()
        print("scikit-learn", importlib.util.find_spec("sklearn") is not None, sys.argv[1:], flush=True)
        pathlib.Path("/opt/ml/processing/train/rows.csv").write_text(data.upper())
    """))
    rows = tmp_path / "rows.csv"
    rows.write_text("a,b\n")
    inputs = [ProcessingInput(source=str(rows), destination=f"{ROOT}/input/rows", input_name="rows")]
    outputs = [ProcessingOutput(source=f"{ROOT}/train", output_name="train")]
    common = {"role": processor.role, "instance_type": "ml.m5.large", "instance_count": 1, "sagemaker_session": session}
    for made, has in ((SKLearnProcessor(framework_version="1.2-1", **common), True),
                      (ScriptProcessor(image_uri=PYTHON, command=["python3"], **common), False)):
        made.run(code=str(script), inputs=inputs, outputs=outputs, arguments=["--x", "1"], logs=True)
        assert f"scikit-learn {has} ['--x', '1']" in capsys.readouterr().out, "run streams the log"
        described = made.latest_job.describe()
        assert described["ProcessingJobStatus"] == "Completed"
        uri = described["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        assert processor.objects(uri.removeprefix(f"s3://{processor.bucket}/")) == {"rows.csv": b"A,B\n"}
        attached = type(made.latest_job).from_processing_name(session, made.latest_job.job_name)
        assert attached.outputs[0].destination == uri


# FrameworkProcessor: a source directory of several modules, run by the SDK's own shell script.
def test_framework_processor(processor, tmp_path, capsys):
    from sagemaker.processing import FrameworkProcessor
    from sagemaker.sklearn.estimator import SKLearn

    session = sagemaker_session(processor.cloud, processor.bucket, processor.s3, processor.sagemaker)
    (tmp_path / "helper.py").write_text("WORD = 'helped'\n")
    (tmp_path / "main.py").write_text("import helper, sys\nprint(helper.WORD, sys.argv[1:], flush=True)\n")
    made = FrameworkProcessor(estimator_cls=SKLearn, framework_version="1.2-1", role=processor.role, instance_count=1,
                              instance_type="ml.m5.large", sagemaker_session=session,
                              code_location=f"s3://{processor.bucket}/code")
    made.run(code="main.py", source_dir=str(tmp_path), arguments=["--n", "2"], logs=True)
    assert "helped ['--n', '2']" in capsys.readouterr().out
    assert made.latest_job.describe()["ProcessingJobStatus"] == "Completed"
