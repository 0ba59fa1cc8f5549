"""The Open Inference Protocol over gRPC with Triton's own client, unmodified, through aloft-grpc."""

import contextlib
import pathlib
import subprocess
import threading
import uuid

import numpy
import pytest
from deploy import Deployer
from jobs import archive
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

grpc = pytest.importorskip("grpc")
triton = pytest.importorskip("tritonclient.grpc")
from tritonclient.utils import InferenceServerException  # noqa: E402

X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, Y)
SLOW = """
import time
def model_fn(d): return 1
def predict_fn(rows, m):
    time.sleep(float(rows[0]))
    return rows
"""


@pytest.fixture(scope="module")
def door(cloud):
    """host:port of the program before this cloud."""
    program = pathlib.Path(cloud.binary).parent / "aloft-grpc"
    if not program.exists():
        pytest.skip("aloft-grpc is not built: libgrpc++-dev is absent")
    command = [program, "--server", cloud.url, "--listen", "127.0.0.1:0"]
    command += ["--ca-file", cloud.ca_file] if cloud.ca_file else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().split(" at ")[1].strip()
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture(scope="module")
def deployer(cloud):
    bucket = f"grpc-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    made = Deployer(cloud, bucket)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def onnx(cloud, deployer):
    from skl2onnx import to_onnx

    content = to_onnx(MODEL, X[:1].astype(numpy.float32), options={"zipmap": False}).SerializeToString()
    name = deployer.serve(deployer.upload(archive(model_dot_onnx=content)), image="aloft-onnx:1")
    return name, {"authorization": "Bearer " + cloud.aloft("token", name).stdout.strip()}


def tensor(rows, name="X", datatype="FP32"):
    made = triton.InferInput(name, list(rows.shape), datatype)
    made.set_data_from_numpy(rows)
    return made


# Health, metadata and predictions as over REST; all outputs or those that are asked for.
def test_predictions(door, onnx):
    name, token = onnx
    client = triton.InferenceServerClient(door)
    assert client.is_server_live() and client.is_server_ready()
    assert client.get_server_metadata().extensions == ["binary_tensor_data"]
    assert client.is_model_ready(name, headers=token) and client.is_model_ready(name, "1", headers=token)
    assert not client.is_model_ready(name, "2", headers=token)
    metadata = client.get_model_metadata(name, headers=token)
    assert [(one.name, one.datatype, list(one.shape)) for one in metadata.inputs] == [("X", "FP32", [-1, 4])]
    assert [one.name for one in metadata.outputs] == ["label", "probabilities"]
    rows = X.astype(numpy.float32)
    answer = client.infer(name, [tensor(rows)], request_id="r-1", headers=token)
    assert answer.as_numpy("label").tolist() == MODEL.predict(X).tolist() and answer.get_response().id == "r-1"
    assert numpy.allclose(answer.as_numpy("probabilities"), MODEL.predict_proba(X), atol=1e-5)
    answer = client.infer(name, [tensor(rows)], outputs=[triton.InferRequestedOutput("label")], headers=token)
    assert [one.name for one in answer.get_response().outputs] == ["label"]
    done, answers = threading.Event(), []
    client.async_infer(name, [tensor(rows[:2])], lambda result, error: (answers.append(error or result), done.set()), headers=token)
    assert done.wait(30) and answers[0].as_numpy("label").tolist() == MODEL.predict(X[:2]).tolist()


# Each refusal has the code that clients know, and says why.
def test_refusals(door, onnx):
    name, token = onnx
    client = triton.InferenceServerClient(door)
    rows = X[:1].astype(numpy.float32)

    def code(model=name, inputs=None, headers=token, **options):
        with pytest.raises(InferenceServerException) as error:
            client.infer(model, inputs or [tensor(rows)], headers=headers, **options)
        return error.value.status(), error.value.message()

    assert code(headers=None)[0] in ("StatusCode.UNAUTHENTICATED", "StatusCode.PERMISSION_DENIED")
    assert code(model="other")[0] == "StatusCode.PERMISSION_DENIED", "the token opens its endpoint only"
    assert code(model="../health/live")[0] == "StatusCode.NOT_FOUND"
    assert code(model_version="2")[0] == "StatusCode.NOT_FOUND"
    for bad, text in ((tensor(rows, "Y"), "has no input"), (tensor(rows.astype(numpy.float64), datatype="FP64"), "is FP32"),
                      (tensor(rows[:, :3].copy()), "shape")):
        status, message = code(inputs=[bad])
        assert status == "StatusCode.INVALID_ARGUMENT" and text in message, message
    cut = tensor(rows)
    cut._raw_content = cut._raw_content[:-1]
    assert code(inputs=[cut])[0] == "StatusCode.INVALID_ARGUMENT"
    status, message = code(outputs=[triton.InferRequestedOutput("nothing")])
    assert status == "StatusCode.INVALID_ARGUMENT" and "nothing" in message
    assert client.infer(name, [tensor(rows)], headers=token).as_numpy("label").tolist() == MODEL.predict(X[:1]).tolist()


# Streams are refused by name.
def test_streams_are_refused(door, onnx):
    client = triton.InferenceServerClient(door)
    done, errors = threading.Event(), []
    client.start_stream(lambda result, error: (errors.append(error), done.set()), headers=onnx[1])
    with contextlib.suppress(InferenceServerException):  # the refusal may be there already
        client.async_stream_infer(onnx[0], [tensor(X[:1].astype(numpy.float32))])
    assert done.wait(30) and "ModelStreamInfer is not built" in str(errors[0])
    client.stop_stream(cancel_requests=True)


# A deadline and a cancellation end the call at once, and the endpoint goes on.
def test_deadline_and_cancel(cloud, deployer, door):
    name = deployer.serve(deployer.upload(archive(code__inference_dot_py=SLOW.encode())), image="sagemaker-scikit-learn:1.2")
    token = {"authorization": "Bearer " + cloud.aloft("token", name).stdout.strip()}
    client = triton.InferenceServerClient(door)

    def ask(seconds, **options):
        return client.infer(name, [tensor(numpy.array([seconds]), "input-0", "FP64")], headers=token, **options)

    with pytest.raises(InferenceServerException) as error:
        ask(4.0, client_timeout=0.5)
    assert error.value.status() == "StatusCode.DEADLINE_EXCEEDED"
    done, answers = threading.Event(), []
    call = client.async_infer(name, [tensor(numpy.array([4.0]), "input-0", "FP64")],
                              lambda result, error: (answers.append(error), done.set()), headers=token)
    call.cancel()
    assert done.wait(60) and answers[0] is not None  # an error: the answer would have been none
    assert ask(0.0).as_numpy("predict").tolist() == [0.0]


# Tokens never travel in plain text: the program does not start so.
def test_plain_text_elsewhere(cloud, door):
    program = pathlib.Path(cloud.binary).parent / "aloft-grpc"
    done = subprocess.run([program, "--server", cloud.url, "--listen", "0.0.0.0:0"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "--certificate" in done.stderr
