"""Models in service through the public clients: deploy, predict, update, fail, delete."""

import concurrent.futures
import io
import json
import subprocess
import textwrap
import threading
import time
import uuid

import botocore.exceptions
import joblib
import numpy
import pytest
import requests
from cloud import REPOSITORY, wait_for
from deploy import READ_S3, Deployer, refusal
from jobs import SKLEARN, archive
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, Y)
ONNX = "aloft-onnx:1"


def joblib_bytes(model) -> bytes:
    out = io.BytesIO()
    joblib.dump(model, out)
    return out.getvalue()


@pytest.fixture
def deployer(cloud, bucket):
    made = Deployer(cloud, bucket)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def iris(cloud):
    """One endpoint with the default handlers, shared by the tests that only ask."""
    bucket = f"serving-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    made = Deployer(cloud, bucket)
    made.name = made.serve(made.upload(archive(model_dot_joblib=joblib_bytes(MODEL))))
    yield made
    made.clear()


# The predictions are those of scikit-learn in process, in each content type.
def test_predictions_equal_in_process(iris):
    answer = iris.predict(iris.name, json.dumps(X.tolist()))
    assert json.loads(answer["Body"].read()) == MODEL.predict(X).tolist()
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ContentType"] == "application/json"

    csv = "\n".join(",".join(map(repr, row)) for row in X.tolist())
    answer = iris.predict(iris.name, csv, "text/csv", "text/csv")
    assert [int(line) for line in answer["Body"].read().split()] == MODEL.predict(X).tolist()

    npy = io.BytesIO()
    numpy.save(npy, X)
    answer = iris.predict(iris.name, npy.getvalue(), "application/x-npy", "application/x-npy")
    assert (numpy.load(io.BytesIO(answer["Body"].read())) == MODEL.predict(X)).all()


# A linear model of scikit-learn is served natively once its answers are known to be the same, and Describe and `explain` say so; one of another
# kind stays in Python, and it is said why.
def test_the_engine_is_said(iris, cloud):
    def resolved():
        image = iris.sagemaker.describe_endpoint(EndpointName=iris.name)["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"]
        return image if "@" in image else None

    assert wait_for(resolved, 600, what="the native worker").startswith("aloft-runtime/scikit-learn@onnxruntime-")
    said = "Served by the native worker: the model converts to ONNX and answered 768 samples"
    wait_for(lambda: said in cloud.aloft("endpoints", "explain", iris.name).stdout, 300, what="why")
    answer = iris.predict(iris.name, json.dumps(X.tolist()))
    assert json.loads(answer["Body"].read()) == MODEL.predict(X).tolist()

    from sklearn.neighbors import KNeighborsClassifier

    other = iris.serve(iris.upload(archive(model_dot_joblib=joblib_bytes(KNeighborsClassifier().fit(X, Y)))))
    wait_for(lambda: "Served by Python: sklearn's KNeighborsClassifier is none of" in cloud.aloft("endpoints", "explain", other).stdout, 300, what="why")
    iris.sagemaker.delete_endpoint(EndpointName=other)


# The engine changes behind the server's kept connections, and under an update, without a request that fails or differs.
def test_no_request_fails_while_the_engine_changes(iris):
    expected, answers, done = MODEL.predict(X[::10]).tolist(), [], threading.Event()
    name = iris.serve(iris.upload(archive(model_dot_joblib=joblib_bytes(MODEL))))

    def ask():
        while not done.is_set():
            answers.append(json.loads(iris.predict(name, json.dumps(X[::10].tolist()))["Body"].read()))

    def native():
        described = iris.sagemaker.describe_endpoint(EndpointName=name)
        return described["EndpointStatus"] == "InService" and "@" in described["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"]

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        try:
            wait_for(native, 600, what="the native worker")
            before = len(answers)
            wait_for(lambda: len(answers) > before + 100, 120, what="answers by it")
            iris.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=iris.config(iris.upload(archive(model_dot_joblib=joblib_bytes(MODEL)))))
            wait_for(native, 600, what="the next worker's engine")
        finally:
            done.set()
        for one in asking:
            one.result()
    assert answers and all(answer == expected for answer in answers)
    iris.sagemaker.delete_endpoint(EndpointName=name)


# Describe holds what the SDK and the consoles read.
def test_describe(iris):
    described = iris.sagemaker.describe_endpoint(EndpointName=iris.name)
    assert described["EndpointArn"].endswith(f":endpoint/{iris.name}")
    variant = described["ProductionVariants"][0]
    assert variant["VariantName"] == "AllTraffic" and variant["CurrentInstanceCount"] == 1
    assert variant["DeployedImages"][0]["SpecifiedImage"] == SKLEARN
    listed = iris.sagemaker.list_endpoints(NameContains=iris.name)["Endpoints"]
    assert [item["EndpointStatus"] for item in listed] == ["InService"]
    config = iris.sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    assert config["ProductionVariants"][0]["InstanceType"] == "ml.t2.medium"


# The worker's log and the endpoint's metrics are where AWS has them.
def test_log_and_metrics(iris, cloud):
    iris.predict(iris.name, "[[1, 2, 3, 4]]")
    logs = cloud.admin.client("logs")
    group = f"/aws/sagemaker/Endpoints/{iris.name}"

    def loaded():
        events = logs.filter_log_events(logGroupName=group)["events"]
        return [event for event in events if "model loaded" in event["message"]]

    events = wait_for(loaded, 20, what="the log")
    assert events[0]["logStreamName"].startswith("AllTraffic/i-")

    cloudwatch = cloud.admin.client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": iris.name}, {"Name": "VariantName", "Value": "AllTraffic"}]

    def counted():
        now = time.time()
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="Invocations", Dimensions=dimensions, StartTime=now - 600,
            EndTime=now + 60, Period=60, Statistics=["Sum"])["Datapoints"]
        return sum(point["Sum"] for point in points) >= 1

    wait_for(counted, 30, 0.5, what="the metric")


# What the model refuses is the caller's to read: 424 with the model's own status and words.
@pytest.mark.parametrize(
    "body, content_type, status, text",
    [
        ("[[1, 2, 3]]", "application/json", 400, "X has 3 features, but LogisticRegression is expecting 4"),
        ("<a/>", "application/xml", 415, "application/xml is not supported"),
        ("{", "application/json", 400, "not valid application/json"),
    ],
)
def test_model_errors(iris, body, content_type, status, text):
    code, message, response = refusal(iris.predict, iris.name, body, content_type)
    assert code == "ModelError" and response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status
    assert text in response["OriginalMessage"] and text in message
    assert f"/aws/sagemaker/Endpoints/{iris.name}" in response["LogStreamArn"]


# What the server refuses has the runtime's own codes, and nothing reaches the model.
def test_refused_invocations(iris):
    code, message, _ = refusal(iris.predict, "nobody", "[]")
    assert code == "ValidationError" and "Endpoint nobody of account" in message and "not found" in message
    code, message, _ = refusal(iris.predict, iris.name, "[]", TargetVariant="other")
    assert code == "ValidationError" and "other" in message
    code, message, response = refusal(iris.predict, iris.name, b"x" * (6 * 1024 * 1024 + 1))
    assert response["ResponseMetadata"]["HTTPStatusCode"] in (400, 413)
    code, message, response = refusal(iris.predict, iris.name, b"[]", SessionId="NEW_SESSION")
    assert "SessionId" in message and response["ResponseMetadata"]["HTTPStatusCode"] < 500


# Policy decides per endpoint; what is not allowed never reaches the model.
def test_permissions(iris, cloud):
    arn = iris.sagemaker.describe_endpoint(EndpointName=iris.name)["EndpointArn"]
    allowed = cloud.make_user({"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": arn})
    other = cloud.make_user({"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": arn + "-other"})
    body = json.dumps(X[:1].tolist())
    assert allowed.client("sagemaker-runtime").invoke_endpoint(EndpointName=iris.name, Body=body)["Body"].read()
    code, _, _ = refusal(other.client("sagemaker-runtime").invoke_endpoint, EndpointName=iris.name, Body=body)
    assert code == "AccessDeniedException"


# Plain HTTP with a token: one row or several in, {"predictions": [...]} out; the token opens this endpoint only.
def test_plain_predict(iris, cloud):
    token = cloud.aloft("token", iris.name).stdout.strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    verify = str(cloud.ca_file) if cloud.ca_file else None

    def post(path, body):
        return requests.post(cloud.url + path, data=json.dumps(body), headers=headers, verify=verify, timeout=30)

    answer = post(f"/v1/endpoints/{iris.name}/predict", {"features": X[0].tolist()})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": MODEL.predict(X[:1]).tolist()}
    answer = post(f"/predict/{iris.name}", {"instances": X[:9].tolist()})
    assert answer.json() == {"predictions": MODEL.predict(X[:9]).tolist()}
    answer = post(f"/endpoints/{iris.name}/predict", {"features": [1, 2]})
    assert answer.status_code == 400 and "expecting 4" in answer.json()["error"]["message"]
    assert post("/v1/endpoints/other/predict", {"features": [1]}).status_code == 403
    ready = requests.get(f"{cloud.url}/v1/endpoints/{iris.name}/ready", headers=headers, verify=verify, timeout=30)
    assert ready.json() == {"ready": True, "status": "InService"}
    nobody = requests.post(f"{cloud.url}/v1/endpoints/{iris.name}/predict", data="{}", verify=verify, timeout=30)
    assert nobody.status_code in (401, 403)


# A framework model of the SDK: the script comes from its own archive, named by SAGEMAKER_SUBMIT_DIRECTORY.
def test_own_script_from_s3(deployer):
    script = textwrap.dedent(
        """
        import joblib, os
        def model_fn(model_dir):
            return joblib.load(os.path.join(model_dir, "weights.bin"))
        def predict_fn(data, model):
            return model.predict_proba(data)
        """
    )
    code = deployer.upload(archive(infer_dot_py=script.encode()), "code/sourcedir.tar.gz")
    data = deployer.upload(archive(weights_dot_bin=joblib_bytes(MODEL)))
    environment = {"SAGEMAKER_PROGRAM": "infer.py", "SAGEMAKER_SUBMIT_DIRECTORY": code}
    name = deployer.serve(data, environment=environment)
    answer = json.loads(deployer.predict(name, json.dumps(X.tolist()))["Body"].read())
    assert numpy.array_equal(answer, MODEL.predict_proba(X))


# The AWS CLI invokes with a file in and a file out.
def test_aws_cli(iris, cloud, tmp_path):
    (tmp_path / "rows.json").write_text(json.dumps(X[:5].tolist()))
    command = [REPOSITORY / "build/venv/bin/aws", "sagemaker-runtime", "invoke-endpoint", "--endpoint-name", iris.name,
               "--body", f"fileb://{tmp_path / 'rows.json'}", "--content-type", "application/json", tmp_path / "answer.json"]
    done = subprocess.run(command, env=cloud.admin.environment(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads((tmp_path / "answer.json").read_text()) == MODEL.predict(X[:5]).tolist()


# deploy() (which sleeps 30 s by itself), predict() with the SDK's own NPY serializer, and clean-up: SKLearnModel as its documentation uses it.
def test_sagemaker_sdk(deployer, tmp_path):
    sagemaker = pytest.importorskip("sagemaker")
    from sagemaker.sklearn import SKLearnModel

    script = tmp_path / "inference.py"
    script.write_text("import joblib\ndef model_fn(d): return joblib.load(d + '/weights.bin')\n")
    sdk = sagemaker.Session(boto_session=deployer.cloud.admin.session(), sagemaker_client=deployer.sagemaker,
                            sagemaker_runtime_client=deployer.runtime, default_bucket=deployer.bucket)
    # The SDK makes these from its boto session, which knows no endpoint.
    sdk.s3_client, sdk.s3_resource = deployer.s3, deployer.cloud.admin.session().resource(
        "s3", endpoint_url=deployer.cloud.url, verify=str(deployer.cloud.ca_file or True))
    sdk.boto_session.client = lambda service, **_: deployer.cloud.admin.client(service)
    model = SKLearnModel(model_data=deployer.upload(archive(weights_dot_bin=joblib_bytes(MODEL))), role=deployer.role,
                         entry_point=str(script), framework_version="1.2-1", sagemaker_session=sdk)
    predictor = model.deploy(initial_instance_count=1, instance_type="ml.m5.large")
    try:
        assert (predictor.predict(X) == MODEL.predict(X)).all()
    finally:
        predictor.delete_model()
        predictor.delete_endpoint()


# An ONNX model is served natively; labels equal scikit-learn's for every row.
def test_onnx(deployer):
    from skl2onnx import to_onnx

    model = to_onnx(MODEL, X[:1], options={"zipmap": False}).SerializeToString()
    name = deployer.serve(deployer.upload(archive(model_dot_onnx=model)), image=ONNX)
    answer = json.loads(deployer.predict(name, json.dumps({"instances": X.tolist()}))["Body"].read())
    assert answer["predictions"] == MODEL.predict(X).tolist()
    assert numpy.allclose(answer["probabilities"], MODEL.predict_proba(X), atol=1e-12)
    code, _, response = refusal(deployer.predict, name, "[[1, 2, 3]]")
    assert code == "ModelError" and "expects rows of shape [any, 4]" in response["OriginalMessage"]


# A model that does not load: Failed, with the traceback as the reason.
def test_load_failure(deployer):
    script = b"def model_fn(d):\n    raise KeyError('weights of the model')\n"
    name = deployer.create(deployer.config(deployer.upload(archive(code__inference_dot_py=script))))
    described = deployer.settled(name)
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert "KeyError: 'weights of the model'" in described["FailureReason"]


# An archive that is none, or that would write outside its directory, is the endpoint's failure and harms nobody.
@pytest.mark.parametrize("content", [b"no archive", archive(**{"..__..__evil": b"x"}), archive(**{"__tmp__evil": b"x"})])
def test_bad_archives(deployer, content):
    name = deployer.create(deployer.config(deployer.upload(content)))
    described = deployer.settled(name)
    assert described["EndpointStatus"] == "Failed", described
    assert described["FailureReason"]


# Input errors are found before anything is made.
def test_refused_models(deployer, cloud):
    data = deployer.upload(archive(model_dot_joblib=b"x"))
    create = deployer.sagemaker.create_model

    def model(**changes):
        container = {"Image": SKLEARN, "ModelDataUrl": data, **changes}
        role = container.pop("Role", deployer.role)
        return refusal(create, ModelName="refused", PrimaryContainer=container, ExecutionRoleArn=role)

    code, message, _ = model(Image="docker.io/library/nobody:1")
    assert code == "ValidationException" and "nobody:1" in message
    code, message, _ = model(ModelDataUrl=f"s3://{deployer.bucket}/absent.tar.gz")
    assert code == "ValidationException" and "absent.tar.gz" in message
    code, message, _ = model(Role=deployer.role + "-absent")
    assert code == "ValidationException"
    blind = cloud.make_role()
    code, message, _ = model(Role=blind)
    assert code == "ValidationException" and "s3:GetObject" in message
    assert refusal(deployer.sagemaker.describe_model, ModelName="refused")[1].startswith("Could not find model")
    code, message, _ = refusal(create, ModelName="a b", PrimaryContainer={"Image": SKLEARN}, ExecutionRoleArn=deployer.role)
    assert code == "ValidationException" and "failed to satisfy constraint" in message


# The texts that the SDK matches.
def test_messages_that_the_sdk_matches(deployer):
    model = deployer.model(deployer.upload(archive(model_dot_joblib=b"x")))
    container = {"Image": SKLEARN}
    code, message, _ = refusal(deployer.sagemaker.create_model, ModelName=model, PrimaryContainer=container,
                               ExecutionRoleArn=deployer.role)
    assert code == "ValidationException" and "Cannot create already existing model" in message
    for call, options in (
        (deployer.sagemaker.describe_endpoint, {"EndpointName": "nobody"}),
        (deployer.sagemaker.describe_endpoint_config, {"EndpointConfigName": "nobody"}),
        (deployer.sagemaker.delete_endpoint, {"EndpointName": "nobody"}),
        (deployer.sagemaker.create_endpoint, {"EndpointName": "e", "EndpointConfigName": "nobody"}),
    ):
        code, message, _ = refusal(call, **options)
        assert code == "ValidationException" and message.startswith("Could not find endpoint")


# An update moves all traffic to the new model without losing a request.
def test_update_without_a_gap(deployer):
    def config(number):
        script = f"def model_fn(d): return {number}\ndef predict_fn(data, model): return [model]\n".encode()
        return deployer.config(deployer.upload(archive(code__inference_dot_py=script)))

    name = deployer.create(config(1))
    assert deployer.settled(name)["EndpointStatus"] == "InService"
    answers, failures, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                answers.append(json.loads(deployer.predict(name, "[1]")["Body"].read())[0])
            except Exception as error:  # whatever it is, the update lost a request
                failures.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        deployer.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config(2))
        assert deployer.settled(name)["EndpointStatus"] == "InService"
        wait_for(lambda: answers[-1] == 2, 20, what="the new model answers")
    finally:
        stop.set()
        asker.join()
    assert not failures
    assert answers == sorted(answers) and set(answers) == {1, 2}


# A process that dies is replaced; whoever waited for it gets an error, and the endpoint stays in service.
def test_worker_that_dies(deployer):
    script = textwrap.dedent(
        """
        import os
        def model_fn(d): return 1
        def predict_fn(data, model):
            if data[0] == 13:
                os.kill(os.getpid(), 9)
            return [os.getpid()]
        """
    ).encode()
    name = deployer.serve(deployer.upload(archive(code__inference_dot_py=script)))
    assert json.loads(deployer.predict(name, "[1]")["Body"].read())
    code, _, response = refusal(deployer.predict, name, "[13]")
    assert code == "ModelError" and response["OriginalStatusCode"] == 500

    def answers():
        try:
            return json.loads(deployer.predict(name, "[1]")["Body"].read())
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] in ("ServiceUnavailable", "ModelError")
            return None

    wait_for(answers, 60, what="the worker is back")
    assert deployer.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"


# Deleting takes the endpoint away at once, and its name is free again.
def test_delete(deployer):
    config = deployer.config(deployer.upload(archive(model_dot_joblib=joblib_bytes(MODEL))))
    name = deployer.create(config)
    deployer.settled(name)
    deployer.sagemaker.delete_endpoint(EndpointName=name)
    assert refusal(deployer.predict, name, "[]")[0] == "ValidationError"

    def gone():
        try:
            deployer.sagemaker.describe_endpoint(EndpointName=name)
        except botocore.exceptions.ClientError as error:
            return "Could not find" in str(error)

    wait_for(gone, 30, what="the endpoint is gone")
    deployer.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)


# Workers outlive the server: after kill -9 the same process answers, and an update that was running is finished.
def test_workers_outlive_the_server(own_cloud):
    own_cloud.admin.client("s3").create_bucket(Bucket="outlive")
    deployer = Deployer(own_cloud, "outlive")
    script = b"import os\ndef model_fn(d): return 1\ndef predict_fn(data, model): return [os.getpid()]\n"
    script += b"import random\nTAG = random.random()\ndef output_fn(p, accept): return str(TAG)\n"
    name = deployer.serve(deployer.upload(archive(code__inference_dot_py=script)))
    before = deployer.predict(name, "[1]")["Body"].read()
    own_cloud.kill()
    own_cloud.restart()
    assert deployer.predict(name, "[1]")["Body"].read() == before
    deployer.clear()
