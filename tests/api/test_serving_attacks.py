"""What a caller or a model can do to an endpoint and must not; what is measured and traced of each request."""

import io
import json
import os
import pickle
import socket
import ssl
import tarfile
import time
import urllib.parse
import uuid

import joblib
import numpy
import pytest
import requests
from cloud import wait_for
from deploy import Deployer, refusal
from jobs import PYTHON, SKLEARN, archive
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, Y)


@pytest.fixture(scope="module")
def deployer(cloud):
    bucket = f"attacks-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    made = Deployer(cloud, bucket)
    yield made
    made.clear()


@pytest.fixture(scope="module")
def iris(deployer):
    out = io.BytesIO()
    joblib.dump(MODEL, out)
    return deployer.serve(deployer.upload(archive(model_dot_joblib=out.getvalue())))


ECHO = b"""
import json
def model_fn(d): return 1
def transform_fn(m, body, content_type, accept, context):
    if "boom" in str(body): raise ValueError("boom")
    return json.dumps([context.get_request_header(0, name) for name in ("traceparent", "tracestate")]), "application/json"
"""


@pytest.fixture(scope="module")
def echo(deployer):
    return deployer.serve(deployer.upload(archive(code__inference_dot_py=ECHO)), image=PYTHON)


def connect(cloud):
    url = urllib.parse.urlsplit(cloud.url)
    plain = socket.create_connection((url.hostname, url.port), timeout=20)
    if url.scheme != "https":
        return plain
    return ssl.create_default_context(cafile=str(cloud.ca_file)).wrap_socket(plain, server_hostname=url.hostname)


def token(cloud, name):
    return cloud.aloft("token", name).stdout.strip()


# A body of a gigabyte is refused from its announcement, or where the limit is crossed when nobody announced it; what still comes is dropped.
@pytest.mark.parametrize("chunked", [False, True])
def test_one_gigabyte(cloud, iris, chunked):
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {1 << 30}"
    with connect(cloud) as sock:
        sock.sendall(f"POST /v1/endpoints/{iris}/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(cloud, iris)}\r\n"
                     f"Content-Type: application/json\r\n{size}\r\n\r\n".encode())
        piece, sent = b"[" * (1 << 20), 0
        try:
            while chunked and sent < 32 << 20:
                sock.sendall(b"100000\r\n" + piece + b"\r\n")
                sent += len(piece)
        except OSError:
            pass  # the server has closed
        answer = sock.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413"), answer


# A sender that stops in the middle of its body keeps nobody else waiting.
def test_slow_body(cloud, deployer, iris):
    with connect(cloud) as sock:
        sock.sendall(f"POST /v1/endpoints/{iris}/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token(cloud, iris)}\r\n"
                     "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n[[1,".encode())
        for _ in range(5):
            assert json.loads(deployer.predict(iris, "[[1, 2, 3, 4]]")["Body"].read()) == MODEL.predict([[1, 2, 3, 4]]).tolist()


# NaN is refused by a model that cannot have it, as JSON and as NPY, and in words that say so.
def test_nan(deployer, iris):
    out = io.BytesIO()
    numpy.save(out, numpy.array([[1, numpy.nan, 3, 4]]))
    for body, kind in (("[[1, NaN, 3, 4]]", "application/json"), (out.getvalue(), "application/x-npy"), ("1,nan,3,4", "text/csv")):
        code, _, response = refusal(deployer.predict, iris, body, kind)
        assert code == "ModelError" and response["OriginalStatusCode"] == 400 and "NaN" in response["OriginalMessage"]


# JSON that is deep instead of long ends in a refusal, not in the worker.
def test_deep_json(deployer, iris):
    code, _, response = refusal(deployer.predict, iris, "[" * 100_000 + "]" * 100_000)
    assert code == "ModelError" and response["OriginalStatusCode"] in (400, 500)
    assert json.loads(deployer.predict(iris, "[[1, 2, 3, 4]]")["Body"].read())


class Steals:
    """A pickle that runs code when it is read: writes outside, reads the server's secrets, calls the server's neighbours."""

    def __init__(self, data, marker):
        self.data, self.marker = str(data), marker

    def __reduce__(self):
        # The sandbox has the way to its environment, wherever on this machine that lies, and nothing beside it.
        program = (f"import os, json, socket, sys\nseen = []\n"
                   f"def others(path): return [each for each in os.listdir(path) if not sys.prefix.startswith(os.path.join(path, each) + '/')]\n"
                   f"for path in ({self.data!r}, '/root', '/home', '/etc/shadow'):\n"
                   f"    try: seen.append(path if (others(path) if os.path.isdir(path) else open(path).read()) else '')\n"
                   f"    except OSError: pass\n"
                   f"try: open({self.marker!r}, 'w').write('out'); seen.append('written') if False else None\n"
                   f"except OSError: pass\n"
                   f"try: socket.create_connection(('1.1.1.1', 53), timeout=1); seen.append('internet')\n"
                   f"except OSError: pass\n"
                   f"__result = type('M', (), {{'predict': lambda self, rows: seen}})()\n")
        return (_run, (program,))


def _run(program):
    names = {}
    exec(program, names)
    return names["__result"]


# A pickle that runs code: it runs in the sandbox, sees neither the server's data nor the machine's, and writes nothing outside.
def test_pickle_that_runs_code(cloud, deployer, tmp_path):
    marker = str(tmp_path / "marker")
    content = pickle.dumps(Steals(cloud.data, marker))
    # The function travels by name: the archive's own script provides it where the pickle looks for it.
    script = "import sys, types, joblib\n" \
             "def _run(program):\n    names = {}\n    exec(program, names)\n    return names['__result']\n" \
             f"module = types.ModuleType({__name__!r})\nmodule._run = _run\nsys.modules[{__name__!r}] = module\n" \
             "def model_fn(d): return joblib.load(d + '/evil.pkl')\n"
    name = deployer.serve(deployer.upload(archive(evil_dot_pkl=content, code__inference_dot_py=script.encode())), image=SKLEARN)
    seen = json.loads(deployer.predict(name, "[[1]]")["Body"].read())
    assert [what for what in seen if what] == []
    assert not os.path.exists(marker)


# An archive that unpacks to more than the instance's disk is ended by the platform, and the endpoint says so.
def test_archive_bomb(deployer):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("model.joblib")
        info.size = 1200 << 20
        tar.addfile(info, Zeros(info.size))
    model = deployer.model(deployer.upload(out.getvalue()))
    config = deployer.configure([{"VariantName": "A", "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium",
                                  "VolumeSizeInGB": 1}])
    described = deployer.settled(deployer.create(config))
    assert described["EndpointStatus"] == "Failed" and described["FailureReason"]


class Zeros:
    def __init__(self, size):
        self.left = size

    def read(self, size):
        size = min(size, self.left)
        self.left -= size
        return b"\0" * size


# A caller's trace reaches the model's code under this server's span; without one, the request begins its own.
def test_traces(cloud, echo):
    def ask(**headers):
        answer = requests.post(f"{cloud.url}/v1/endpoints/{echo}/predict", data="[]", verify=str(cloud.ca_file or True), timeout=30,
                               headers={"Authorization": "Bearer " + token(cloud, echo), **headers})
        assert answer.status_code == 200, answer.text
        return answer.json()["predictions"]

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent, state = ask(traceparent=f"00-{trace}-00f067aa0ba902b7-01", tracestate="vendor=1")
    assert parent.startswith(f"00-{trace}-") and parent.endswith("-01") and "00f067aa0ba902b7" not in parent and state == "vendor=1"
    for bad in ({}, {"traceparent": "junk", "tracestate": "vendor=1"}):
        parent, state = ask(**bad)
        version, made, span, flags = parent.split("-")
        assert (version, len(made), len(span), flags) == ("00", 32, 16, "01") and made != trace and state is None

    # A failure's traceback in the worker's log is found by the trace.
    failed = requests.post(f"{cloud.url}/v1/endpoints/{echo}/predict", data='["boom"]', verify=str(cloud.ca_file or True), timeout=30,
                           headers={"Authorization": "Bearer " + token(cloud, echo), "traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert failed.status_code == 502
    logs, group = cloud.admin.client("logs"), f"/aws/sagemaker/Endpoints/{echo}"
    found = wait_for(lambda: logs.filter_log_events(logGroupName=group, filterPattern=f'"{trace}"')["events"], 20, what="the traceback")
    assert found[0]["message"] == f"trace={trace} a request failed"


# Each variant's requests, times and errors stand in /metrics under bounded labels, and in CloudWatch.
@pytest.mark.one_server
def test_metrics(cloud, deployer, echo):
    deployer.predict(echo, "[]")
    text = requests.get(cloud.url + "/metrics", verify=str(cloud.ca_file or True), timeout=30).text
    lines = [line for line in text.splitlines() if f'endpoint="{echo}"' in line]
    counted = [line for line in lines if line.startswith("aloft_endpoint_invocations_total") and 'status="2xx"' in line]
    assert len(counted) == 1 and float(counted[0].split()[-1]) >= 1 and 'variant="AllTraffic"' in counted[0]
    for name in ("aloft_endpoint_model_seconds_count", "aloft_endpoint_overhead_seconds_count", "aloft_endpoint_queue_depth"):
        assert any(line.startswith(name) for line in lines), name
    cloudwatch = cloud.admin.client("cloudwatch")

    def depth():
        now = time.time()
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="QueueDepth", StartTime=now - 600, EndTime=now + 60, Period=60, Statistics=["Maximum"],
            Dimensions=[{"Name": "EndpointName", "Value": echo}, {"Name": "VariantName", "Value": "AllTraffic"}])["Datapoints"]
        return any(point["Maximum"] >= 1 for point in points)

    wait_for(depth, 30, 0.5, what="the metric")
