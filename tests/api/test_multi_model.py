"""Many models behind one endpoint, several containers behind one model."""

import concurrent.futures
import io
import json
import os
import uuid

import joblib
import numpy
import pytest
from deploy import Deployer, refusal
from jobs import PYTHON, SKLEARN, archive
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

X, Y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def deployer(cloud):
    bucket = f"many-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    made = Deployer(cloud, bucket)
    yield made
    made.clear()


def constant(value, size=0) -> bytes:
    """A model that answers its number, `size` bytes large in memory."""
    script = f"def model_fn(d): return ({value}, bytes([1]) * {size})\ndef transform_fn(m, body, t, a): return str(m[0]), 'application/json'\n"
    return archive(code__inference_dot_py=script.encode())


def create(deployer, container=None, containers=None, **options):
    name = f"m-{uuid.uuid4().hex[:8]}"
    request = {"PrimaryContainer": container} if container else {"Containers": containers}
    deployer.sagemaker.create_model(ModelName=name, ExecutionRoleArn=deployer.role, **request, **options)
    deployer.models.append(name)
    return name


def serve(deployer, model, kind="ml.t2.medium", instances=1):
    variant = {"VariantName": "A", "ModelName": model, "InitialInstanceCount": instances, "InstanceType": kind}
    return deployer.serve_variants([variant])


@pytest.fixture(scope="module")
def many(deployer):
    for number in range(3):
        deployer.upload(constant(number), f"many/group/{number}.tar.gz")
    deployer.upload(b"no archive", "many/broken.tar.gz")
    deployer.upload(archive(code__inference_dot_py=b"def model_fn(d): raise KeyError('weights')"), "many/raises.tar.gz")
    prefix = f"s3://{deployer.bucket}/many/"
    return serve(deployer, create(deployer, {"Image": PYTHON, "Mode": "MultiModel", "ModelDataUrl": prefix}))


def ask(deployer, name, target, body="[]"):
    return json.loads(deployer.predict(name, body, TargetModel=target)["Body"].read())


# Each request names its model, which is loaded when it is first asked for; a model uploaded later is there at once.
def test_target_models(deployer, many):
    assert [ask(deployer, many, f"group/{number}.tar.gz") for number in (2, 0, 1, 0)] == [2, 0, 1, 0]
    assert ask(deployer, many, "/group/1.tar.gz") == 1
    deployer.upload(constant(77), "many/later.tar.gz")
    assert ask(deployer, many, "later.tar.gz") == 77


# AWS's refusals: a model that is not there, none named, one named where there is only one. Names do not lead out.
def test_refused_targets(deployer, many):
    for target in ("absent.tar.gz", "../many/later.tar.gz", "group/../../x"):
        code, message, response = refusal(ask, deployer, many, target)
        assert code == "ValidationError" and response["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert f"Failed to download model data(bucket: {deployer.bucket}, key: many/{target})" in message
    code, message, _ = refusal(deployer.predict, many, "[]")
    assert code == "ValidationError" and "TargetModel" in message
    single = deployer.serve(deployer.upload(constant(1)), image=PYTHON)
    code, message, _ = refusal(ask, deployer, single, "x.tar.gz")
    assert code == "ValidationError" and "is not a multi-model endpoint and does not support target model header" in message


# A model that does not load harms only those who ask for it, and is tried anew when it was mended.
def test_broken_models(deployer, many):
    for target, text in (("broken.tar.gz", "found: none"), ("raises.tar.gz", "KeyError: 'weights'")):
        code, _, response = refusal(ask, deployer, many, target)
        assert code == "ModelError" and text in response["OriginalMessage"] and target in response["OriginalMessage"]
    assert ask(deployer, many, "group/2.tar.gz") == 2
    deployer.upload(constant(5), "many/raises.tar.gz")
    assert ask(deployer, many, "raises.tar.gz") == 5


# An archive that unpacks to more than the worker's memory is refused before anything of it is written.
def test_bomb(deployer, many):
    import gzip
    import tarfile


    out = io.BytesIO()
    with gzip.open(out, "wb", compresslevel=1) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        info = tarfile.TarInfo("weights.bin")
        info.size = 3 << 30
        header = info.tobuf()
        packed.write(header)
        packed.write(b"\0" * (1 << 20))  # says 3 GiB, has 1 MiB: the announced size is refused already
    deployer.upload(out.getvalue(), "many/bomb.tar.gz")
    code, _, response = refusal(ask, deployer, many, "bomb.tar.gz")
    assert code == "ModelError" and "unpacks to more than" in response["OriginalMessage"]
    assert ask(deployer, many, "group/0.tar.gz") == 0


# Models beyond the memory push out those that nobody asked for longest; asked again, they come again.
def test_least_recently_used(deployer):
    for number in range(8):
        deployer.upload(constant(number, 20 << 20), f"large/{number}.tar.gz")
    container = {"Image": PYTHON, "Mode": "MultiModel", "ModelDataUrl": f"s3://{deployer.bucket}/large/",
                 "Environment": {"ALOFT_WORKER_MEMORY": str(100 << 20)}}  # not all eight fit
    name = serve(deployer, create(deployer, container))
    assert [ask(deployer, name, f"{number}.tar.gz") for number in range(8)] == list(range(8))
    assert ask(deployer, name, "0.tar.gz") == 0
    assert deployer.settled(name)["EndpointStatus"] == "InService"


# Ten thousand small models in one worker of 4 GiB: all loaded at once, each answers for itself.
@pytest.mark.skipif(not os.environ.get("ALOFT_SOAK"), reason="takes minutes; make soak runs it")
def test_ten_thousand_models(deployer):
    count = 10_000
    model = LogisticRegression(max_iter=500).fit(X, Y == 0)
    model.classes_ = numpy.array([0, 1])

    def upload(number):
        model_of_its_own = LogisticRegression()
        model_of_its_own.__dict__ = {**model.__dict__, "classes_": numpy.array([number, number + count])}
        out = io.BytesIO()
        joblib.dump(model_of_its_own, out)
        deployer.upload(out.getvalue(), f"thousands/{number}.joblib")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, range(count)))
        container = {"Image": SKLEARN, "Mode": "MultiModel", "ModelDataUrl": f"s3://{deployer.bucket}/thousands/"}
        name = serve(deployer, create(deployer, container))
        for _ in range(2):
            answers = pool.map(lambda number: ask(deployer, name, f"{number}.joblib", json.dumps(X[:1].tolist()))[0] % count, range(count))
            assert list(answers) == list(range(count))
    group = f"/aws/sagemaker/Endpoints/{name}"
    logs = deployer.cloud.admin.client("logs")
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    lines = [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]]
    last = [line for line in lines if line.startswith("model ") and "; 10000 models, " in line]
    assert len(last) == 1, lines[-3:]  # the second round loaded nothing
    assert int(last[0].rsplit(", ", 1)[1].split()[0]) < 3 << 10


# scikit-learn models that are single files; the tensors of the Open Inference Protocol name their model in the header.
def test_scikit_learn(deployer):
    models = [LogisticRegression(C=c, max_iter=500).fit(X, Y) for c in (0.01, 1)]
    for number, model in enumerate(models):
        out = io.BytesIO()
        joblib.dump(model, out)
        deployer.upload(out.getvalue(), f"files/{number}.joblib")
    container = {"Image": SKLEARN, "Mode": "MultiModel", "ModelDataUrl": f"s3://{deployer.bucket}/files/"}
    name = serve(deployer, create(deployer, container), instances=2)
    for number, model in enumerate(models):
        assert ask(deployer, name, f"{number}.joblib", json.dumps(X.tolist())) == model.predict(X).tolist()


# What a multi-model container cannot be is refused when it is created.
def test_refused_containers(deployer):
    prefix = f"s3://{deployer.bucket}/many/"
    container = {"Image": PYTHON, "Mode": "MultiModel", "ModelDataUrl": prefix}
    for changed, options, text in (({"ModelDataUrl": prefix + "later.tar.gz"}, {}, "ends with /"),
                                   ({"Image": "aloft-onnx:1"}, {}, "not built"),
                                   ({}, {"EnableNetworkIsolation": True}, "network isolation")):
        code, message, _ = refusal(create, deployer, {**container, **changed}, **options)
        assert code in ("ValidationException", "NotImplemented") and text in message


FIRST = b"""
def model_fn(d): return 10
def transform_fn(m, body, content_type, accept):
    assert content_type == "text/csv", content_type
    return "[" + str(float(body) * m) + "]", "application/json"
"""
SECOND = b"""
import json
def model_fn(d): return 1
def transform_fn(m, body, content_type, accept, context):
    value = json.loads(body)[0]
    if value > 1000: raise ValueError("too large")
    return json.dumps({"value": value + m, "accept": accept, "trace": context.get_request_header(0, "traceparent")}), "application/json"
"""


def row(deployer, *scripts, image=PYTHON, names=None):
    return [{"Image": image, "ModelDataUrl": deployer.upload(archive(code__inference_dot_py=script)),
             **({"ContainerHostname": names[i]} if names else {})} for i, script in enumerate(scripts)]


# The answer of each container is the next one's request; what one refuses names it.
def test_pipeline(deployer):
    model = create(deployer, containers=row(deployer, FIRST, SECOND, names=["scale", "shift"]))
    name = serve(deployer, model)
    answer = json.loads(deployer.predict(name, "4.5", "text/csv")["Body"].read())
    assert answer["value"] == 46 and answer["accept"] == "application/json" and answer["trace"].startswith("00-")
    code, message, response = refusal(deployer.predict, name, "4.5", "application/json")
    assert code == "ModelError" and "from scale with message" in message and response["OriginalStatusCode"] == 500
    code, message, response = refusal(deployer.predict, name, "4500", "text/csv")
    assert code == "ModelError" and "from shift with message" in message and "too large" in response["OriginalMessage"]
    images = deployer.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]["DeployedImages"]
    assert [image["SpecifiedImage"] for image in images] == [PYTHON, PYTHON]
    code, message, _ = refusal(deployer.predict, name, "4", "text/csv", TargetContainerHostname="scale")
    assert code == "ValidationError" and "invoked directly" in message


# A preprocessor of scikit-learn before an ONNX model: two runtimes, one of which needs no environment.
def test_pipeline_of_runtimes(deployer):
    from skl2onnx import to_onnx

    scaler = StandardScaler().fit(X)
    model = LogisticRegression(max_iter=500).fit(scaler.transform(X), Y)
    out = io.BytesIO()
    joblib.dump(scaler, out)
    script = b"import joblib\ndef model_fn(d): return joblib.load(d + '/scaler.bin')\ndef predict_fn(rows, m): return m.transform(rows)\n"
    first = {"Image": SKLEARN, "ModelDataUrl": deployer.upload(archive(scaler_dot_bin=out.getvalue(), code__inference_dot_py=script))}
    onnx = to_onnx(model, X[:1], options={"zipmap": False}).SerializeToString()
    second = {"Image": "aloft-onnx:1", "ModelDataUrl": deployer.upload(archive(model_dot_onnx=onnx))}
    name = serve(deployer, create(deployer, containers=[first, second]))
    answer = json.loads(deployer.predict(name, json.dumps(X.tolist()))["Body"].read())
    assert answer["predictions"] == model.predict(scaler.transform(X)).tolist()
    assert numpy.allclose(answer["probabilities"], model.predict_proba(scaler.transform(X)), atol=1e-9)


# Direct mode: the request names its container.
def test_direct_containers(deployer):
    containers = row(deployer, FIRST, SECOND, names=["scale", "shift"])
    name = serve(deployer, create(deployer, containers=containers, InferenceExecutionConfig={"Mode": "Direct"}))
    answer = deployer.predict(name, "[2]", TargetContainerHostname="shift")
    assert json.loads(answer["Body"].read())["value"] == 3
    assert json.loads(deployer.predict(name, "2", "text/csv", TargetContainerHostname="scale")["Body"].read()) == [20.0]
    for target in ({"TargetContainerHostname": "other"}, {}):
        code, _, _ = refusal(deployer.predict, name, "[2]", **target)
        assert code == "ValidationError"


# A container that does not come up fails the endpoint with its name and its own reason.
def test_pipeline_that_fails(deployer):
    model = create(deployer, containers=row(deployer, FIRST, b"def model_fn(d): raise KeyError('w')\n", names=["good", "bad"]))
    config = deployer.configure([{"VariantName": "A", "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}])
    described = deployer.settled(deployer.create(config))
    assert described["EndpointStatus"] == "Failed"
    assert "the container bad cannot serve" in described["FailureReason"] and "KeyError: 'w'" in described["FailureReason"]


# Containers whose environments differ, twice the same name, a multi-model container in a row: refused, and why.
def test_refused_pipelines(deployer):
    plain = row(deployer, FIRST, SECOND, names=["a", "b"])
    for containers, options, text in (
        ([plain[0], {**plain[1], "ContainerHostname": "a"}], {}, "have the name a"),
        ([{**plain[0], "Image": SKLEARN}, {**plain[1], "Image": "pytorch-inference:2"}], {}, "no environment holds the packages"),
        ([plain[0], {"Image": PYTHON, "Mode": "MultiModel", "ModelDataUrl": f"s3://{deployer.bucket}/many/"}], {}, "beside others"),
        (row(deployer, FIRST, SECOND), {"InferenceExecutionConfig": {"Mode": "Direct"}}, "ContainerHostname"),
    ):
        code, message, _ = refusal(create, deployer, containers=containers, **options)
        assert code in ("ValidationException", "NotImplemented") and text in message, message
