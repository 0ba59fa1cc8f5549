"""Several models on the instances of one endpoint, each with copies of its own: inference components, through boto3 and the SDK."""

import json
import uuid

import botocore.exceptions
import pytest
from cloud import wait_for
from deploy import Deployer, refusal
from jobs import PYTHON, archive
from sdk import sagemaker_session


@pytest.fixture(scope="module")
def deployer(cloud):
    bucket = f"components-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    made = Deployer(cloud, bucket)
    yield made
    made.clear()


def constant(value) -> bytes:
    return archive(code__inference_dot_py=f"def model_fn(d): return {value}\n"
                   "def transform_fn(m, body, t, a):\n    if '0' in str(body): raise ValueError('no zeros')\n    return str(m), 'application/json'\n")


@pytest.fixture(scope="module")
def host(deployer):
    """An endpoint of one instance of 4 GiB without a model."""
    config = deployer.configure([{"VariantName": "A", "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}], ExecutionRoleArn=deployer.role)
    name = deployer.create(config)
    assert deployer.settled(name)["EndpointStatus"] == "InService"
    return name


@pytest.fixture
def components(deployer, host):
    """Makes components, and takes them away after the test."""
    made = []

    def make(model=None, copies=1, memory=512, **specification):
        name = f"ic-{uuid.uuid4().hex[:8]}"
        specification |= {"ModelName": model} if model else {}
        specification["ComputeResourceRequirements"] = {"MinMemoryRequiredInMb": memory, "NumberOfCpuCoresRequired": 0.5}
        deployer.sagemaker.create_inference_component(InferenceComponentName=name, EndpointName=host, VariantName="A",
                                                      Specification=specification, RuntimeConfig={"CopyCount": copies})
        made.append(name)
        return name

    yield make
    for name in made:
        deployer.sagemaker.delete_inference_component(InferenceComponentName=name)
    wait_for(lambda: not deployer.sagemaker.list_inference_components(EndpointNameEquals=host)["InferenceComponents"], 60, what="no components")


def settled(deployer, name):
    def look():
        described = deployer.sagemaker.describe_inference_component(InferenceComponentName=name)
        return described if described["InferenceComponentStatus"] not in ("Creating", "Updating") else None
    return wait_for(look, 600, what=f"component {name} settles")


def ask(deployer, host, name, body="[1]"):
    return json.loads(deployer.predict(host, body, InferenceComponentName=name)["Body"].read())


# Two models share an instance; a request reaches the one it names; copies come and go; Describe and List say so.
def test_components(deployer, host, components):
    one = components(deployer.model(deployer.upload(constant(1)), image=PYTHON), copies=2)
    two = components(deployer.model(deployer.upload(constant(2)), image=PYTHON))
    described = settled(deployer, one)
    assert described["InferenceComponentStatus"] == "InService", described.get("FailureReason")
    assert described["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2} and described["EndpointName"] == host
    assert settled(deployer, two)["InferenceComponentStatus"] == "InService"
    assert ask(deployer, host, one) == 1 and ask(deployer, host, two) == 2
    answer = deployer.predict(host, "[1]", InferenceComponentName=one)
    assert answer["InvokedProductionVariant"] == "A"

    deployer.sagemaker.update_inference_component_runtime_config(InferenceComponentName=one, DesiredRuntimeConfig={"CopyCount": 1})
    assert settled(deployer, one)["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    listed = deployer.sagemaker.list_inference_components(EndpointNameEquals=host, SortBy="Name", SortOrder="Ascending")["InferenceComponents"]
    assert [item["InferenceComponentName"] for item in listed] == sorted([one, two])
    assert host in [e["EndpointName"] for e in deployer.sagemaker.list_endpoints(NameContains=host)["Endpoints"]]
    assert deployer.sagemaker.list_endpoints(NameContains=one)["Endpoints"] == []

    code, message, response = refusal(ask, deployer, host, two, "[0]")
    assert code == "ModelError" and "no zeros" in response["OriginalMessage"]
    assert f"/aws/sagemaker/InferenceComponents/{two} in account" in message and f"/InferenceComponents/{two}:" in response["LogStreamArn"]


# A component may bring its container instead of a model; a new one takes over without a failed request; a broken one does not.
def test_update(deployer, host, components):
    container = {"Image": PYTHON, "ArtifactUrl": deployer.upload(constant(5))}
    name = components(Container=container)
    described = settled(deployer, name)
    assert described["InferenceComponentStatus"] == "InService", described.get("FailureReason")
    assert described["Specification"]["Container"]["DeployedImage"]["SpecifiedImage"] == PYTHON
    needs = {"MinMemoryRequiredInMb": 512}
    for script, expected in ((constant(6), 6), (archive(code__inference_dot_py="def model_fn(d): raise KeyError('lost')\n"), 6)):
        changed = {"Container": {**container, "ArtifactUrl": deployer.upload(script)}, "ComputeResourceRequirements": needs}
        deployer.sagemaker.update_inference_component(InferenceComponentName=name, Specification=changed)
        while deployer.sagemaker.describe_inference_component(InferenceComponentName=name)["InferenceComponentStatus"] == "Updating":
            assert ask(deployer, host, name) in (5, 6)
        # Another server looks at what changed within a second; what it asks meanwhile still answers.
        wait_for(lambda: ask(deployer, host, name) == expected, 10, what="the new container answers")
    described = settled(deployer, name)
    assert described["InferenceComponentStatus"] == "InService" and "KeyError: 'lost'" in described["FailureReason"]


# What does not fit, what is not there, what is of the other kind of endpoint: refused, in words that say so.
def test_refusals(deployer, host, components):
    model = deployer.model(deployer.upload(constant(1)), image=PYTHON)
    one = components(model, memory=3000)
    code, message, _ = refusal(components, model, memory=3000)
    assert code == "ResourceLimitExceeded" and "Not enough hardware resources" in message
    code, message, _ = refusal(deployer.sagemaker.describe_inference_component, InferenceComponentName="absent")
    assert code == "ValidationException" and "Could not find inference component" in message
    code, message, _ = refusal(deployer.sagemaker.delete_endpoint, EndpointName=host)
    assert code == "ValidationException" and "1 inference components" in message
    settled(deployer, one)
    code, message, _ = refusal(deployer.predict, host, "[1]")
    assert code == "ValidationError" and "Inference Component Name header is required" in message
    code, message, _ = refusal(ask, deployer, host, "absent")
    assert code == "ValidationError" and "not found" in message
    plain = deployer.serve(deployer.upload(constant(3)), image=PYTHON)
    code, message, _ = refusal(ask, deployer, plain, one)
    assert code == "ValidationError" and "header is not allowed" in message
    code, message, _ = refusal(deployer.sagemaker.create_inference_component, InferenceComponentName="x", EndpointName=plain, VariantName="AllTraffic",
                               Specification={"ModelName": model, "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}})
    assert code == "ValidationException" and "models of their own" in message


# Copies are scaled like instances, by the requests for each of them; the metric of the other kind is refused.
def test_scaling(deployer, host, components):
    name = components(deployer.model(deployer.upload(constant(1)), image=PYTHON), memory=1024)
    settled(deployer, name)
    scaling = deployer.cloud.admin.client("application-autoscaling")
    target = {"ServiceNamespace": "sagemaker", "ResourceId": f"inference-component/{name}",
              "ScalableDimension": "sagemaker:inference-component:DesiredCopyCount"}
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)

    def policy(metric):
        return dict(**target, PolicyName="load", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 5, "PredefinedMetricSpecification": {"PredefinedMetricType": metric}})

    code, message, _ = refusal(scaling.put_scaling_policy, **policy("SageMakerVariantInvocationsPerInstance"))
    assert code == "ValidationException" and "sagemaker:inference-component:DesiredCopyCount" in message
    scaling.put_scaling_policy(**policy("SageMakerInferenceComponentInvocationsPerCopy"))
    try:
        def two():
            assert [ask(deployer, host, name) for _ in range(4)] == [1] * 4
            described = deployer.sagemaker.describe_inference_component(InferenceComponentName=name)
            return described["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2}

        wait_for(two, 120, 0.2, what="two copies")
        activity = scaling.describe_scaling_activities(**target)["ScalingActivities"][0]
        assert activity["Description"] == "Setting desired copy count to 2." and activity["Cause"].startswith("target tracking policy load: ")
    finally:
        scaling.deregister_scalable_target(**target)
    code, _, _ = refusal(scaling.register_scalable_target, **{**target, "ResourceId": "inference-component/absent"}, MinCapacity=1, MaxCapacity=1)
    assert code == "ValidationException"


# The right to ask an endpoint is not the right to ask its components.
def test_rights(deployer, host, components):
    name = components(deployer.model(deployer.upload(constant(4)), image=PYTHON))
    settled(deployer, name)
    arn = deployer.sagemaker.describe_inference_component(InferenceComponentName=name)["InferenceComponentArn"]
    endpoint = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": "arn:aws:sagemaker:*:*:endpoint/*"}
    half = deployer.cloud.make_user(endpoint).client("sagemaker-runtime")
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        half.invoke_endpoint(EndpointName=host, Body=b"[1]", InferenceComponentName=name)
    assert failure.value.response["Error"]["Code"] == "AccessDeniedException"
    both = deployer.cloud.make_user([endpoint, {**endpoint, "Resource": arn}]).client("sagemaker-runtime")
    assert both.invoke_endpoint(EndpointName=host, Body=b"[1]", InferenceComponentName=name)["Body"].read() == b"4"


# The SageMaker SDK's own way: Model.deploy with resources makes endpoint, model and component, and its predictor names the component.
def test_sagemaker_sdk(deployer, monkeypatch):
    sagemaker = pytest.importorskip("sagemaker")
    from sagemaker.compute_resource_requirements import ResourceRequirements
    from sagemaker.enums import EndpointType

    monkeypatch.setattr("sagemaker.session.time.sleep", lambda seconds, sleep=__import__("time").sleep: sleep(min(seconds, 0.2)))
    session = sagemaker_session(deployer.cloud, deployer.bucket, deployer.s3, deployer.sagemaker)
    session.sagemaker_runtime_client = deployer.runtime
    name = f"sdk-{uuid.uuid4().hex[:8]}"
    model = sagemaker.Model(image_uri=PYTHON, model_data=deployer.upload(constant(9)), role=deployer.role, name=name, sagemaker_session=session,
                            predictor_cls=sagemaker.Predictor)
    deployer.models.append(name)
    predictor = model.deploy(1, "ml.t2.medium", endpoint_type=EndpointType.INFERENCE_COMPONENT_BASED, endpoint_name=name,
                             resources=ResourceRequirements(requests={"memory": 512, "num_cpus": 1, "copies": 1}))
    deployer.endpoints.append(name)
    deployer.configs.append(name)
    assert predictor.predict(b"[1]") == b"9"
    predictor.delete_predictor(wait=True)
    assert deployer.sagemaker.list_inference_components(EndpointNameEquals=name)["InferenceComponents"] == []
