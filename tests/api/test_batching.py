"""Requests that wait are computed together: what an owner may wish of it, what it tells, and what stays each request's own."""

import concurrent.futures
import io
import json
import tarfile

import numpy
import pytest
from cloud import wait_for
from deploy import Deployer, refusal

ONNX = "aloft-onnx:1"
WIDTH, DEPTH = 1024, 16


def heavy_model():
    """Milliseconds for one row, more than a client takes to ask, and little more for many: what is slow is reading the weights."""
    from onnx import TensorProto, helper, numpy_helper

    random = numpy.random.default_rng(1)
    names = ["x", *(f"h{i}" for i in range(1, DEPTH)), "y"]
    weights = [(random.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5).astype(numpy.float32) for _ in range(4)]
    nodes = [helper.make_node("MatMul", [names[i], f"w{i % 4}"], [names[i + 1]]) for i in range(DEPTH)]
    graph = helper.make_graph(nodes, "heavy", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, WIDTH])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, WIDTH])],
                              [numpy_helper.from_array(weight, f"w{i}") for i, weight in enumerate(weights)])  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return model.SerializeToString(), weights


def archive(content, name="model.onnx"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture(scope="module")
def deployer(cloud):
    s3 = cloud.admin.client("s3")
    s3.create_bucket(Bucket="batching")
    deployer = Deployer(cloud, "batching")
    yield deployer
    deployer.clear()


# Many clients at once: each gets its own rows, bad ones fail alone, and the endpoint says how it joined them.
def test_requests_are_joined_and_stay_apart(cloud, deployer):
    content, weights = heavy_model()
    name = deployer.serve(deployer.upload(archive(content)), image=ONNX, environment={"ALOFT_BATCH_P99_MS": "500"})
    rows = numpy.random.default_rng(2).standard_normal((24, WIDTH)).astype(numpy.float32)
    expected = rows.astype(numpy.float64)
    for i in range(DEPTH):
        expected = expected @ weights[i % 4]

    def npy(array):
        out = io.BytesIO()
        numpy.save(out, array)
        return out.getvalue()

    def ask(i):
        if i % 12 == 11:  # one column too few
            code, message, _ = refusal(deployer.predict, name, npy(rows[i % 24][None, :-1]), "application/x-npy")
            assert code == "ModelError" and "the request has [1, 1023]" in message
            return
        answer = deployer.predict(name, npy(rows[i % 24][None]), "application/x-npy", "application/x-npy")
        got = numpy.load(io.BytesIO(answer["Body"].read()))
        assert numpy.allclose(got[0], expected[i % 24], atol=1e-3), i

    def explained():
        return cloud.aloft("endpoints", "explain", name).stdout

    with concurrent.futures.ThreadPoolExecutor(16) as pool:

        def joined():
            list(pool.map(ask, range(240)))
            text = explained()
            return text if "Requests that wait are joined" in text and " 0 of them joined" not in text else None

        text = wait_for(joined, 120, what="requests that are joined")
    assert "Goal: p99 of 500.0 ms" in text and "Measured calls: " in text and "side by side" in text, text
    assert name in cloud.aloft("endpoints", "list").stdout

    def largest():
        found = cloud.admin.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="BatchSize", StartTime=0, EndTime=4102444800, Period=86400 * 365,
            Statistics=["Maximum"], Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}])  # fmt: skip
        return max((point["Maximum"] for point in found["Datapoints"]), default=0)

    wait_for(lambda: largest() > 1, 30, what="a batch in the metrics")


# What a call may have at most is kept, also by one request that has more, and its answer is one.
def test_large_requests_are_divided(deployer, cloud):
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression

    x = numpy.arange(40.0).reshape(20, 2)
    model = LinearRegression().fit(x, x[:, 0] * 2)
    name = deployer.serve(deployer.upload(archive(to_onnx(model, x[:1]).SerializeToString())), image=ONNX,
                          environment={"ALOFT_BATCH_MAX": "8"})  # fmt: skip
    answer = json.loads(deployer.predict(name, json.dumps(x.tolist()))["Body"].read())
    assert numpy.allclose(answer["predictions"], model.predict(x))
    assert "Measured calls: 4 rows" in cloud.aloft("endpoints", "explain", name).stdout
    assert "could not find" in cloud.aloft("endpoints", "explain", "no-such-endpoint").stderr.lower()


# A wish that is none is refused when the model is made, with what it may be.
@pytest.mark.parametrize("variable,value,says", [
    ("ALOFT_BATCH_P99_MS", "fast", "a number of milliseconds from 0.1 to 60000"),
    ("ALOFT_BATCH_MAX", "0", "a number of rows from 1 to 4096"),
    ("ALOFT_BATCH", "yes", "auto or off"),
])  # fmt: skip
def test_wrong_wishes_are_refused(deployer, variable, value, says):
    code, message, _ = refusal(deployer.model, "s3://batching/none.tar.gz", image=ONNX, environment={variable: value})
    assert code == "ValidationException" and variable in message and says in message


# The same in the Python worker, where the model is known to predict row by row: scikit-learn's own.
def test_python_models_are_joined(deployer, cloud):
    import joblib
    from sklearn.ensemble import RandomForestRegressor

    x = numpy.random.default_rng(4).standard_normal((200, 8))
    model = RandomForestRegressor(40, random_state=0).fit(x, x[:, 0] + x[:, 1] * 2)
    out = io.BytesIO()
    joblib.dump(model, out)
    name = deployer.serve(deployer.upload(archive(out.getvalue(), "model.joblib")), environment={"ALOFT_NATIVE": "off"})
    expected = model.predict(x)

    def ask(i):
        answer = json.loads(deployer.predict(name, json.dumps(x[i : i + 1 + i % 3].tolist()))["Body"].read())
        assert numpy.allclose(answer, expected[i : i + 1 + i % 3]), i

    with concurrent.futures.ThreadPoolExecutor(12) as pool:

        def joined():
            list(pool.map(ask, range(36)))
            text = cloud.aloft("endpoints", "explain", name).stdout
            return "Measured calls: " in text and " 0 of them joined" not in text

        wait_for(joined, 120, what="requests that are joined")


# A model that cannot fit into its instance fails its endpoint with what it needs, instead of being ended in the middle; what a worker
# uses of its instance is a metric.
def test_memory_before_and_in_service(deployer, cloud):
    from skl2onnx import to_onnx
    from sklearn.linear_model import LinearRegression

    x = numpy.arange(40.0).reshape(20, 2)
    data = deployer.upload(archive(to_onnx(LinearRegression().fit(x, x[:, 0]), x[:1]).SerializeToString()))
    small = deployer.create(deployer.config(data, image=ONNX, environment={"ALOFT_WORKER_MEMORY": "10000000"}))
    good = deployer.serve(data, image=ONNX)
    described = deployer.settled(small)
    assert described["EndpointStatus"] == "Failed"
    assert "needs at least 0.03 GiB of memory, its instance has 0.01 GiB" in described["FailureReason"]

    def measured(metric):
        found = cloud.admin.client("cloudwatch").get_metric_statistics(
            Namespace="/aws/sagemaker/Endpoints", MetricName=metric, StartTime=0, EndTime=4102444800, Period=86400 * 365,
            Statistics=["Average"], Dimensions=[{"Name": "EndpointName", "Value": good}, {"Name": "VariantName", "Value": "AllTraffic"}])  # fmt: skip
        return found["Datapoints"]

    assert wait_for(lambda: measured("CPUUtilization"), 40, what="the processor's time")[0]["Average"] >= 0
    assert 0 < measured("MemoryUtilization")[0]["Average"] < 100

    # And it can be scaled on: any processor time is more than this target.
    scaling = cloud.admin.client("application-autoscaling")
    on = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{good}/variant/AllTraffic", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    scaling.register_scalable_target(**on, MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(**on, PolicyName="cpu", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration={
        "TargetValue": 0.0001, "CustomizedMetricSpecification": {
            "Namespace": "/aws/sagemaker/Endpoints", "MetricName": "CPUUtilization", "Statistic": "Average", "Unit": "Percent",
            "Dimensions": [{"Name": "EndpointName", "Value": good}, {"Name": "VariantName", "Value": "AllTraffic"}]}})  # fmt: skip

    def two():
        for _ in range(20):
            deployer.predict(good, b"[[1, 2]]")
        return deployer.sagemaker.describe_endpoint(EndpointName=good)["ProductionVariants"][0]["CurrentInstanceCount"] == 2

    wait_for(two, 60, what="a second instance for the processor's sake")
    scaling.deregister_scalable_target(**on)
