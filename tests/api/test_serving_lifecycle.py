"""Endpoints that change under load: several variants, weights and counts, gradual updates, shadows, crashes, restarts."""

import json
import os
import pathlib
import signal
import threading
import time
import uuid

import pytest
from cloud import wait_for
from deploy import READ_S3, Deployer, refusal
from jobs import PYTHON, archive
from leftovers import processes_of

# Says which model it is and how slow it is; needs nothing but Python.
ECHO = """
import json, os, time
def model_fn(model_dir):
    return open(os.path.join(model_dir, "name")).read()
def transform_fn(model, body, content_type, accept):
    value = json.loads(body)
    time.sleep(value.get("sleep", 0))
    if value.get("die"):
        os._exit(9)
    return json.dumps({"model": model, "n": value.get("n")}), "application/json"
"""


class Load:
    """Clients that ask all the time; counts answers per model and keeps every failure."""

    def __init__(self, deployer, name, clients=4, retries=1, sleep=0.002):
        self.answers, self.failures, self._stop = {}, [], threading.Event()
        self.order = []  # of the models that answered
        self._lock = threading.Lock()

        def ask(index):
            runtime = deployer.cloud.admin.client("sagemaker-runtime", retries={"max_attempts": retries, "mode": "standard"})
            n = index * 1_000_000
            while not self._stop.is_set():
                n += 1
                try:
                    body = json.dumps({"n": n, "sleep": sleep})
                    answer = runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="application/json")
                    value = json.loads(answer["Body"].read())
                    assert value["n"] == n
                    with self._lock:
                        self.answers[value["model"]] = self.answers.get(value["model"], 0) + 1
                        self.order.append(value["model"])
                except Exception as error:  # every failure counts, whatever it is
                    with self._lock:
                        self.failures.append(repr(error))

        self._threads = [threading.Thread(target=ask, args=(index,)) for index in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait(self, more=20, model=None):
        """Until that many more were answered (by that model)."""
        def count():
            with self._lock:
                return self.answers.get(model, 0) if model else sum(self.answers.values())
        before = count()
        wait_for(lambda: count() >= before + more, 60, what=f"{more} more answers of {model or 'any model'}")


@pytest.fixture
def deployer(cloud, bucket):
    made = Deployer(cloud, bucket)
    yield made
    made.clear()


def model(deployer, name):
    """A model that answers with that name."""
    data = deployer.upload(archive(name=name, code__inference_dot_py=ECHO))
    return deployer.model(data, image=PYTHON)


def variant(model_name, name="AllTraffic", weight=1, instances=1):
    return {"VariantName": name, "ModelName": model_name, "InitialVariantWeight": weight,
            "InitialInstanceCount": instances, "InstanceType": "ml.t2.medium"}


def ask(deployer, name, **options):
    answer = deployer.predict(name, json.dumps({"n": 1, **options.pop("body", {})}), **options)
    return json.loads(answer["Body"].read())["model"], answer["InvokedProductionVariant"]


def worker_pids(cloud, name):
    """The model processes of that endpoint: below its agents, whose command lines name it."""
    agents = [pid for pid, command in processes_of(cloud.data).items() if f".{name}." in command]
    parents, serving = {}, []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if b"aloft_runtime.serve" in (entry / "cmdline").read_bytes():
                serving.append(int(entry.name))
        except OSError:
            continue

    def below(pid):
        while pid and pid not in agents:
            pid = parents.get(pid, 0)
        return bool(pid)

    return sorted(pid for pid in serving if below(pid))


# Two variants share the traffic by weight, either can be asked for by name, and weights and counts change in service.
def test_variants_weights_and_capacities(deployer):
    a, b = model(deployer, "a"), model(deployer, "b")
    name = deployer.serve_variants([variant(a, "A", 1), variant(b, "B", 0)])
    assert {ask(deployer, name) for _ in range(10)} == {("a", "A")}
    assert ask(deployer, name, TargetVariant="B") == ("b", "B")

    wishes = [{"VariantName": "A", "DesiredWeight": 0}, {"VariantName": "B", "DesiredWeight": 3, "DesiredInstanceCount": 2}]
    with Load(deployer, name) as load:
        answer = deployer.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wishes)
        assert answer["EndpointArn"].endswith(f":endpoint/{name}")
        described = deployer.settled(name)
        load.wait(model="b")
    assert load.failures == []
    shown = {one["VariantName"]: one for one in described["ProductionVariants"]}
    assert shown["B"]["CurrentInstanceCount"] == shown["B"]["DesiredInstanceCount"] == 2
    assert shown["B"]["CurrentWeight"] == 3 and shown["A"]["CurrentWeight"] == 0
    assert {ask(deployer, name)[0] for _ in range(10)} == {"b"}
    # The configuration is a description and stays as it was.
    config = deployer.sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    assert config["ProductionVariants"][1]["InitialInstanceCount"] == 1

    update = deployer.sagemaker.update_endpoint_weights_and_capacities
    for wish, text in (({"VariantName": "C", "DesiredWeight": 1}, "no production variant named C"),
                       ({"VariantName": "B", "DesiredWeight": 0}, "must not all be 0"),
                       ({"VariantName": "B", "DesiredInstanceCount": 0}, "DesiredInstanceCount")):
        code, message, _ = refusal(update, EndpointName=name, DesiredWeightsAndCapacities=[wish])
        assert code == "ValidationException" and text in message


# A canary under load: some requests go to the new model while the old one still answers, then all, and none is lost.
def test_canary_under_load(deployer):
    name = deployer.serve_variants([variant(model(deployer, "old"), instances=2)])
    config = deployer.configure([variant(model(deployer, "new"), instances=2)])
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 3, "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1}}
    policy = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 1, "MaximumExecutionTimeoutInSeconds": 600}
    with Load(deployer, name) as load:
        deployer.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config,
                                           DeploymentConfig={"BlueGreenUpdatePolicy": policy})

        def shifting():
            described = deployer.sagemaker.describe_endpoint(EndpointName=name)
            pending = described.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
            return [one["CurrentWeight"] for one in pending] == [0.5] and described

        described = wait_for(shifting, 120, 0.05, what="the canary")
        assert described["EndpointStatus"] == "Updating" and described["ProductionVariants"][0]["CurrentWeight"] == 0.5
        described = deployer.settled(name)
        assert described["EndpointStatus"] == "InService" and described["EndpointConfigName"] == config
        assert described["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "CANARY"
        load.wait(20, model="new")  # what was on its way to the old one is there
        before = load.answers["old"]
        load.wait(100, model="new")
        assert load.answers["old"] == before, "the old model is out of the traffic"
    assert load.failures == []
    while_shifting = load.order[load.order.index("new"):]
    assert "old" in while_shifting[5:], "both answered for a while"


# An update whose model does not load, or dies under its first traffic, is taken back, and the callers notice nothing.
def test_update_is_taken_back(deployer):
    name = deployer.serve_variants([variant(model(deployer, "old"))])
    before = deployer.sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    broken = deployer.model(deployer.upload(archive(code__inference_dot_py="raise SystemExit('no weights')")), image=PYTHON)
    dying = deployer.model(deployer.upload(archive(code__inference_dot_py="""
        import os, threading
        def model_fn(d): return 1
        def transform_fn(*_):
            os._exit(9)
        """)), image=PYTHON)
    routing = {"Type": "LINEAR", "WaitIntervalInSeconds": 30, "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 10}}
    with Load(deployer, name) as load:
        for one in (broken, dying):
            deployer.sagemaker.update_endpoint(
                EndpointName=name, EndpointConfigName=deployer.configure([variant(one)]),
                DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}})
            described = deployer.settled(name)
            assert described["EndpointStatus"] == "InService" and described["EndpointConfigName"] == before
            assert "did not pass the ping health check" in described["FailureReason"]
        load.wait()
    assert load.failures == []


# RetainAllVariantProperties keeps what was scaled meanwhile, but what it excludes.
def test_retained_properties(deployer):
    a = model(deployer, "a")
    name = deployer.serve_variants([variant(a, weight=1)])
    deployer.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 5, "DesiredInstanceCount": 2}])
    deployer.settled(name)
    deployer.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=deployer.configure([variant(a, weight=1)]),
                                       RetainAllVariantProperties=True,
                                       ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}])
    shown = deployer.settled(name)["ProductionVariants"][0]
    assert (shown["DesiredInstanceCount"], shown["CurrentInstanceCount"], shown["DesiredWeight"]) == (2, 2, 1)


# A shadow gets copies that count in its metrics; its errors and its slowness reach nobody.
def test_shadow_variant(deployer, cloud):
    bad = deployer.model(deployer.upload(archive(code__inference_dot_py="""
        def model_fn(d): return 1
        def transform_fn(*_):
            raise ValueError("a shadow may fail")
        """)), image=PYTHON)
    name = deployer.serve_variants([variant(model(deployer, "a"))], shadows=[variant(bad, "Shadow")])
    described = deployer.sagemaker.describe_endpoint(EndpointName=name)
    assert [one["VariantName"] for one in described["ShadowProductionVariants"]] == ["Shadow"]
    assert [one["VariantName"] for one in described["ProductionVariants"]] == ["AllTraffic"]
    for _ in range(20):
        assert ask(deployer, name)[0] == "a"
    code, _, _ = refusal(deployer.predict, name, "{}", TargetVariant="Shadow")
    assert code == "ValidationError"
    cloudwatch = cloud.admin.client("cloudwatch")

    def failures():
        dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "Shadow"}]
        now = time.time()
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Dimensions=dimensions, StartTime=now - 600,
            EndTime=now + 60, Period=60, Statistics=["Sum"])["Datapoints"]
        return sum(point["Sum"] for point in points) == 20

    wait_for(failures, 30, 0.5, what="the shadow's metric")


# Workers are killed while clients ask, one of two and then the only one: every request is answered.
@pytest.mark.parametrize("instances", [2, 1])
def test_worker_crash_under_load(deployer, cloud, instances):
    name = deployer.serve_variants([variant(model(deployer, "a"), instances=instances)])
    with Load(deployer, name) as load:
        load.wait()
        victims = worker_pids(cloud, name)
        assert victims
        os.kill(max(victims), signal.SIGKILL)
        load.wait(100)
    assert load.failures == []


# A body that kills its worker kills two, not all, and is told.
def test_request_that_kills(deployer):
    name = deployer.serve_variants([variant(model(deployer, "a"), instances=1)])
    code, message, response = refusal(deployer.predict, name, json.dumps({"die": True}))
    assert code == "ModelError" and response["OriginalStatusCode"] == 500, message
    assert ask(deployer, name)[0] == "a"


# The server is killed and started again: clients with the SDK's standard retries lose nothing.
def test_server_restart_under_load(own_cloud):
    bucket = f"serving-{uuid.uuid4().hex[:12]}"
    own_cloud.admin.client("s3").create_bucket(Bucket=bucket)
    deployer = Deployer(own_cloud, bucket)
    name = deployer.serve_variants([variant(model(deployer, "a"))])
    before = worker_pids(own_cloud, name)
    with Load(deployer, name, retries=12) as load:
        load.wait()
        own_cloud.kill()
        own_cloud.restart()
        load.wait(50)
        assert own_cloud.stop() == 0
        own_cloud.restart()
        load.wait(50)
    assert load.failures == []
    assert worker_pids(own_cloud, name) == before, "the workers outlive the server"
    deployer.clear()


# What an update cannot do is refused by name before anything changes.
def test_refused_updates(deployer):
    name = deployer.serve_variants([variant(model(deployer, "a"))])
    config = deployer.sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    for deployment, code, text in (
            ({"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 0}},
             "NotImplemented", "RollingUpdatePolicy"),
            ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}},
              "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}}, "ValidationException", "AutoRollbackConfiguration"),
            ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": 0}}},
             "ValidationException", "CanarySize")):
        got, message, _ = refusal(deployer.sagemaker.update_endpoint, EndpointName=name, EndpointConfigName=config,
                                  DeploymentConfig=deployment)
        assert got == code and text in message
    assert deployer.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"


# Every answered prediction of a capturing endpoint is in S3, once, as the documented lines; a role that may not write loses lines, not requests.
def test_data_capture(deployer, bucket):
    role = deployer.role
    deployer.role = deployer.cloud.make_role([READ_S3, {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/captured/*"}])
    writer = model(deployer, "a")
    deployer.role = role
    reader = model(deployer, "b")
    capture = {"EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": f"s3://{bucket}/captured",
               "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
               "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]}}
    config = deployer.configure([variant(writer, "W"), variant(reader, "R")], DataCaptureConfig=capture)
    name = deployer.create(config)
    described = deployer.settled(name)
    assert described["EndpointStatus"] == "InService"
    assert described["DataCaptureConfig"]["CaptureStatus"] == "Started"
    for n in range(20):
        for one in ("W", "R"):
            body = json.dumps({"n": n})
            assert deployer.predict(name, body, TargetVariant=one, InferenceId=f"{one}-{n}")["Body"].read()

    def lines():
        listed = deployer.s3.list_objects_v2(Bucket=bucket, Prefix="captured/").get("Contents", [])
        found = [deployer.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]
        got = [json.loads(line) for content in found for line in content.splitlines()]
        return got if len(got) >= 20 else None

    got = wait_for(lines, 30, 0.5, what="the captured lines")
    assert sorted(line["eventMetadata"]["inferenceId"] for line in got) == sorted(f"W-{n}" for n in range(20))
    for line in got:
        sides = line["captureData"]
        assert json.loads(sides["endpointInput"]["data"])["n"] == json.loads(sides["endpointOutput"]["data"])["n"]
        assert sides["endpointInput"]["encoding"] == "JSON" and line["eventVersion"] == "0"
    code, message, _ = refusal(deployer.configure, [variant(writer)], DataCaptureConfig={**capture, "KmsKeyId": "k"})
    assert code == "NotImplemented" and "KmsKeyId" in message
