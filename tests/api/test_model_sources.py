"""Models of the frameworks that the Python worker reads by itself, trained by jobs of this cloud and served by their own images."""

import io
import json
import subprocess
import uuid

import numpy
import pytest
from deploy import Deployer, refusal
from jobs import Trainer, archive
from sklearn.datasets import load_iris

X, Y = load_iris(return_X_y=True)
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.1-cpu-py310"
TENSORFLOW = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.13-cpu"
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def deployer(cloud):
    bucket = f"sources-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    yield Deployer(cloud, bucket)


# Each endpoint takes the memory of its instance type: all of this file's at once do not fit on a small machine.
@pytest.fixture(autouse=True)
def nothing_stays(deployer):
    yield
    deployer.clear()


# Trains in the environment that serves, and says what is predicted there.
TRAIN = """
import json, numpy, sklearn.datasets, xgboost, lightgbm, joblib
X, Y = sklearn.datasets.load_iris(return_X_y=True)
target = (Y == 2).astype(int)
booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, xgboost.DMatrix(X, label=target), 12)
booster.save_model("/opt/ml/model/model.ubj")
trees = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, label=target), 12)
trees.save_model("/opt/ml/model/model.txt")
classifier = xgboost.XGBClassifier(n_estimators=8, max_depth=3).fit(X, Y)
joblib.dump(classifier, "/opt/ml/model/model.joblib")
sparse = numpy.where(X < 0.3, numpy.nan, X).astype("float32")
said = {"booster": booster.predict(xgboost.DMatrix(X.astype("float32"))).tolist(), "trees": trees.predict(X, num_threads=1).tolist(),
        "classifier": classifier.predict(X).tolist(), "sparse": booster.predict(xgboost.DMatrix(sparse)).tolist()}
json.dump(said, open("/opt/ml/model/said.json", "w"))
"""


@pytest.fixture(scope="module")
def trained(deployer):
    """The files of one training job, by name, and what its models say."""
    trainer = Trainer(deployer.cloud, deployer.bucket)
    job = trainer.wait(trainer.create(TRAIN, AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"}), seconds=600)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    files = trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"])
    return files, json.loads(files["said.json"])


# A booster answers probabilities, in JSON, CSV and the SDK's LIBSVM, whose absent fields are missing values.
def test_xgboost_booster(deployer, trained):
    files, said = trained
    name = deployer.serve(deployer.upload(archive(**{"model_dot_ubj": files["model.ubj"]})), image=XGBOOST)
    answer = json.loads(deployer.predict(name, json.dumps(X.tolist()))["Body"].read())
    assert answer == pytest.approx(said["booster"], abs=0)
    csv = "\n".join(",".join(map(repr, row)) for row in X.tolist())
    answer = deployer.predict(name, csv, "text/csv", "text/csv")["Body"].read().split()
    assert [float(text) for text in answer] == pytest.approx(said["booster"], abs=1e-9)
    libsvm = "\n".join("0 " + " ".join(f"{i}:{v!r}" for i, v in enumerate(row) if v >= 0.3) for row in X.tolist())
    answer = deployer.predict(name, libsvm, "text/libsvm", "text/csv")["Body"].read().split()
    assert [float(text) for text in answer] == pytest.approx(said["sparse"], abs=1e-9)
    for body, kind, text in (("[[1, 2]]", "application/json", "rows of 4 features"), ("0 9:1", "text/libsvm", "outside of the model's 4"),
                             ("0 a:1", "text/libsvm", "not valid text/libsvm"), ('[["x", 1, 2, 3]]', "application/json", "no number")):
        code, _, response = refusal(deployer.predict, name, body, kind)
        assert code == "ModelError" and response["OriginalStatusCode"] == 400 and text in response["OriginalMessage"]


# LightGBM's text form, and a scikit-learn class of XGBoost in a pickle.
@pytest.mark.parametrize("file, said_name", [("model.txt", "trees"), ("model.joblib", "classifier")])
def test_lightgbm_and_pickles(deployer, trained, file, said_name):
    files, said = trained
    name = deployer.serve(deployer.upload(archive(**{file.replace(".", "_dot_"): files[file]})), image=XGBOOST)
    answer = json.loads(deployer.predict(name, json.dumps(X.tolist()))["Body"].read())
    assert answer == pytest.approx(said[said_name], abs=0)


# What cannot be chosen, or needs another environment, is the endpoint's failure, which names it.
@pytest.mark.parametrize("image, files, text", [
    (XGBOOST, {"model_dot_joblib": b"x", "other_dot_pkl": b"y", "a_dot_lgb": b"z"}, None),
    (XGBOOST, {"notes_dot_md": b"x"}, "found: none"),
    (XGBOOST, {"a_dot_ubj": b"no model"}, "a.ubj is no XGBoost model"),
    (XGBOOST, {"a_dot_onnx": b"x"}, "serve it with the image aloft-onnx"),
    ("aloft-python:3", {"a_dot_ubj": b"x"}, "needs xgboost, which this environment does not have"),
])
def test_refused_files(deployer, image, files, text):
    described = deployer.settled(deployer.create(deployer.config(deployer.upload(archive(**files)), image=image)))
    assert described["EndpointStatus"] == "Failed"
    assert text is None or text in described["FailureReason"]


MAKE_TORCH = """
import json, sys, torch
torch.manual_seed(7)
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 8), torch.nn.Linear(8, 3)
    def forward(self, rows):
        return torch.softmax(self.second(torch.relu(self.first(rows))), dim=1)
net = Net().eval()
torch.jit.script(net).save(sys.argv[1] + "/model.pt")
torch.save(net.state_dict(), sys.argv[1] + "/weights.pth")
plain = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Tanh())
torch.save(plain, sys.argv[1] + "/whole.pth")
rows = torch.tensor(json.load(open(sys.argv[1] + "/rows.json")), dtype=torch.float32)
with torch.no_grad():
    json.dump({"script": net(rows).tolist(), "whole": plain(rows).tolist()}, open(sys.argv[1] + "/said.json", "w"))
"""
EAGER = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 8), torch.nn.Linear(8, 3)
    def forward(self, rows):
        return torch.softmax(self.second(torch.relu(self.first(rows))), dim=1)
def model_fn(directory):
    net = Net()
    net.load_state_dict(torch.load(directory + "/weights.pth"))
    return net.eval()
def predict_fn(rows, net):
    with torch.no_grad():
        return net(torch.tensor(rows, dtype=torch.float32)).numpy()
"""


@pytest.fixture(scope="module")
def torch_files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("torch")
    (directory / "rows.json").write_text(json.dumps(X.tolist()))
    found = subprocess.run([SYSTEM_PYTHON, "-c", "import torch"], capture_output=True, timeout=120)
    if found.returncode != 0:
        pytest.skip("the system has no PyTorch (Debian's python3-torch), which the environment pytorch uses")
    (directory / "make.py").write_text(MAKE_TORCH)  # TorchScript reads its own source
    subprocess.run([SYSTEM_PYTHON, str(directory / "make.py"), str(directory)], check=True, timeout=120)
    return directory, json.loads((directory / "said.json").read_text())


# TorchScript without code, a whole module from a pickle, and weights with the user's own module.
@pytest.mark.parametrize("kind", ["script", "whole", "eager"])
def test_pytorch(deployer, torch_files, kind):
    directory, said = torch_files
    if kind == "script":
        content = archive(model_dot_pt=(directory / "model.pt").read_bytes())
    elif kind == "whole":
        content = archive(whole_dot_pth=(directory / "whole.pth").read_bytes())
    else:
        content = archive(weights_dot_pth=(directory / "weights.pth").read_bytes(), code__inference_dot_py=EAGER)
    name = deployer.serve(deployer.upload(content), image=PYTORCH)
    expected = numpy.array(said["whole" if kind == "whole" else "script"])
    answer = numpy.array(json.loads(deployer.predict(name, json.dumps(X.tolist()))["Body"].read()))
    assert numpy.allclose(answer, expected, atol=1e-6)
    if kind == "eager":
        return
    out = io.BytesIO()
    numpy.save(out, X.astype(numpy.float32))
    answer = deployer.predict(name, out.getvalue(), "application/x-npy", "application/x-npy")["Body"].read()
    assert numpy.allclose(numpy.load(io.BytesIO(answer)), expected, atol=1e-6)
    code, _, response = refusal(deployer.predict, name, "[[1, 2]]")
    assert code == "ModelError" and response["OriginalStatusCode"] == 400 and "shapes cannot be multiplied" in response["OriginalMessage"]


# Weights alone are no model: the failure says what is missing.
def test_weights_alone(deployer, torch_files):
    content = archive(model_dot_pth=(torch_files[0] / "weights.pth").read_bytes())
    described = deployer.settled(deployer.create(deployer.config(deployer.upload(content), image=PYTORCH)))
    assert described["EndpointStatus"] == "Failed" and "a model_fn has to build the module" in described["FailureReason"]


# Without TensorFlow on the system the endpoint fails, and says how it is provided.
def test_tensorflow_absent(deployer):
    if subprocess.run([SYSTEM_PYTHON, "-c", "import tensorflow"], capture_output=True, timeout=120).returncode == 0:
        pytest.skip("the system has TensorFlow")
    content = archive(**{"1__saved_model_dot_pb": b"x"})
    described = deployer.settled(deployer.create(deployer.config(deployer.upload(content), image=TENSORFLOW)))
    assert described["EndpointStatus"] == "Failed" and "tensorflow-cpu" in described["FailureReason"]
