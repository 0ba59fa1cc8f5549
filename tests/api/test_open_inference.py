"""The Open Inference Protocol with Triton's own client, unmodified, against native and Python workers; MLflow's scoring forms."""

import io
import json
import uuid

import joblib
import numpy
import pytest
import requests
import tritonclient.http as triton
from cloud import wait_for
from deploy import Deployer
from jobs import SKLEARN, archive
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

pytestmark = pytest.mark.any_store

X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, Y)


class Tensors:
    """One endpoint, as a client of the protocol sees it."""

    def __init__(self, deployer, name):
        cloud = deployer.cloud
        self.cloud, self.name = cloud, name
        self.token = cloud.aloft("token", name).stdout.strip()
        self.verify = str(cloud.ca_file) if cloud.ca_file else None

    @property
    def headers(self):
        """A new dictionary each time: tritonclient adds its own to the one it is given."""
        return {"Authorization": f"Bearer {self.token}"}

    def client(self, base=""):
        secure = self.cloud.url.startswith("https")
        options = {"ssl": True, "ssl_options": {"ca_certs": self.verify}} if secure else {}
        return triton.InferenceServerClient(self.cloud.url.split("://")[1] + base, network_timeout=60, **options)

    def post(self, path, body):
        return requests.post(self.cloud.url + path, data=json.dumps(body), verify=self.verify, timeout=60,
                             headers={**self.headers, "Content-Type": "application/json"})


@pytest.fixture(scope="module", params=["onnx", "python"])
def model(cloud, request):
    bucket = f"tensors-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    deployer = Deployer(cloud, bucket)
    if request.param == "onnx":
        from skl2onnx import to_onnx

        content = to_onnx(MODEL, X[:1].astype(numpy.float32), options={"zipmap": False}).SerializeToString()
        name = deployer.serve(deployer.upload(archive(model_dot_onnx=content)), image="aloft-onnx:1")
    else:
        out = io.BytesIO()
        joblib.dump(MODEL, out)
        name = deployer.serve(deployer.upload(archive(model_dot_joblib=out.getvalue())), image=SKLEARN)
    made = Tensors(deployer, name)
    made.kind = request.param
    yield made
    deployer.clear()


# Live, ready and the tensors' names, types and shapes, at the server's root and below the endpoint's own path.
@pytest.mark.parametrize("base", ["", "/v1/endpoints/{name}"])
def test_health_and_metadata(model, base):
    client = model.client(base.format(name=model.name))
    assert client.is_server_live() and client.is_server_ready()
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.is_model_ready(model.name, headers=model.headers) and client.is_model_ready(model.name, "1", headers=model.headers)
    assert not client.is_model_ready(model.name, "2", headers=model.headers)
    assert not client.is_model_ready(model.name), "no token, no answer"
    metadata = client.get_model_metadata(model.name, headers=model.headers)
    assert metadata["name"] == model.name and metadata["versions"] == ["1"]
    assert metadata["inputs"][0]["shape"] == [-1, 4]
    if model.kind == "onnx":
        assert metadata["inputs"][0]["datatype"] == "FP32"
        assert [(one["name"], one["datatype"], one["shape"]) for one in metadata["outputs"]] == [
            ("label", "INT64", [-1]), ("probabilities", "FP32", [-1, 3])]


# Predictions equal those in process, as JSON and as binary tensors in either direction.
@pytest.mark.parametrize("binary_in", [False, True])
@pytest.mark.parametrize("binary_out", [False, True])
def test_infer(model, binary_in, binary_out):
    client = model.client()
    metadata = client.get_model_metadata(model.name, headers=model.headers)["inputs"][0]
    rows = X.astype(triton_to_np_dtype(metadata["datatype"]))
    tensor = triton.InferInput(metadata["name"], list(rows.shape), metadata["datatype"])
    tensor.set_data_from_numpy(rows, binary_data=binary_in)
    label = "label" if model.kind == "onnx" else "predict"
    wanted = [triton.InferRequestedOutput(label, binary_data=binary_out)]
    answer = client.infer(model.name, [tensor], outputs=wanted, request_id="r-7", headers=model.headers)
    assert answer.as_numpy(label).tolist() == MODEL.predict(X).tolist()
    assert answer.get_response()["id"] == "r-7" and answer.get_response()["model_name"] == model.name
    # Without naming outputs: all of them, as the client asks by default.
    answer = client.infer(model.name, [tensor], headers=model.headers)
    assert answer.as_numpy(label).tolist() == MODEL.predict(X).tolist()
    if model.kind == "onnx":
        assert numpy.allclose(answer.as_numpy("probabilities"), MODEL.predict_proba(X), atol=1e-5)


# What does not fit is the caller's error, in the protocol's form, and the model goes on.
def test_bad_input(model):
    path = f"/v2/models/{model.name}/infer"
    name, datatype = ("X", "FP32") if model.kind == "onnx" else ("input-0", "FP64")

    def tensor(**changes):
        return {"inputs": [{"name": name, "datatype": datatype, "shape": [1, 4], "data": [1, 2, 3, 4], **changes}]}

    good = model.post(path, tensor())
    assert good.status_code == 200, good.text
    bad = [tensor(data=[1, 2, 3]), tensor(shape=[1, 3], data=[1, 2, 3]), tensor(data=["a", 2, 3, 4]), tensor(datatype="FP99"),
           tensor(shape=[-1, 4]), tensor(shape="x"), {"inputs": []}, {}, [], {**tensor(), "outputs": [{"name": "nothing"}]},
           tensor(parameters={"binary_data_size": 16})]
    if model.kind == "onnx":
        bad += [tensor(name="Y"), tensor(datatype="INT64")]
    for body in bad:
        answer = model.post(path, body)
        assert answer.status_code == 400 and answer.json()["error"], (body, answer.status_code, answer.text)
    for truncated in ("{", '{"inputs": [{"name": "' + name):
        answer = requests.post(model.cloud.url + path, data=truncated, headers=model.headers, verify=model.verify, timeout=30)
        assert answer.status_code == 400 and "JSON" in answer.json()["error"]
    cut = json.dumps(tensor(data=None, parameters={"binary_data_size": 32})).encode()
    answer = requests.post(model.cloud.url + path, data=cut + b"12345678", verify=model.verify, timeout=30,
                           headers={**model.headers, "Inference-Header-Content-Length": str(len(cut))})
    assert answer.status_code == 400 and "cut off" in answer.json()["error"]
    assert model.post("/v2/models/nobody/infer", tensor()).status_code in (403, 404)
    assert model.post(f"/v2/models/{model.name}/versions/2/infer", tensor()).status_code == 404
    with pytest.raises(InferenceServerException, match="not found|not authorized|denied|token"):
        model.client().get_model_metadata("nobody", headers=model.headers)
    assert model.post(path, tensor()).status_code == 200


# MLflow's scoring forms, at the path that its clients add.
def test_mlflow_forms(model):
    if model.kind == "onnx":
        pytest.skip("the native worker takes instances and inputs, not tables")
    rows, columns = X[:5].tolist(), ["a", "b", "c", "d"]
    path, expected = f"/v1/endpoints/{model.name}/invocations", {"predictions": MODEL.predict(X[:5]).tolist()}
    for body in ({"dataframe_split": {"columns": columns, "data": rows}}, {"instances": rows}, {"inputs": rows},
                 {"dataframe_split": {"columns": columns, "data": rows, "index": list(range(5))}},
                 {"dataframe_records": [dict(zip(columns, row)) for row in rows]},
                 {"inputs": {column: [row[n] for row in rows] for n, column in enumerate(columns)}}):
        answer = model.post(path, body)
        assert answer.status_code == 200 and answer.json() == expected, (body, answer.text)
    for body in ({"dataframe_split": [1]}, {"dataframe_records": [1]}, {"inputs": {"a": 1}}):
        assert model.post(path, body).status_code == 400


# Using a model is using data: the record of who manages what is not filled with it, nor with those who ask whether a server is there.
def test_no_records_of_management(model, cloud):
    client = model.client()
    tensor = triton.InferInput("X" if model.kind == "onnx" else "input-0", [1, 4], "FP32")
    tensor.set_data_from_numpy(X[:1].astype(numpy.float32))
    client.infer(model.name, [tensor], headers=model.headers)
    assert client.is_server_live() and client.is_model_ready(model.name, headers=model.headers)
    client.get_model_metadata(model.name, headers=model.headers)
    trail, name = cloud.admin.client("cloudtrail"), f"u{uuid.uuid4().hex[:8]}"
    cloud.admin.client("iam").create_user(UserName=name)

    def found(key, value):
        return trail.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])["Events"]

    wait_for(lambda: found("ResourceName", name), what="the record of what came later")
    for operation in ("ModelInfer", "ModelReady", "ModelMetadata", "ServerLive"):
        assert found("EventName", operation) == []
