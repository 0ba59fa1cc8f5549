"""Application Auto Scaling over endpoints, and CloudWatch alarms, through boto3."""

import concurrent.futures
import json
import threading
import uuid

import botocore.exceptions
import pytest
from cloud import wait_for
from deploy import Deployer, refusal
from jobs import archive

ECHO = "import os\ndef model_fn(directory): return os.getpid()\n" \
       "def transform_fn(pid, body, content_type, accept): return body, 'application/json'\n"
DIMENSION = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}


@pytest.fixture(scope="module")
def deployer(cloud):
    bucket = f"scaling-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    made = Deployer(cloud, bucket)
    made.echo = made.upload(archive(code__inference_dot_py=ECHO.encode()))
    yield made
    made.clear()


@pytest.fixture(scope="module")
def endpoint(deployer):
    return deployer.serve(deployer.echo, image="aloft-python:3")


@pytest.fixture
def target(cloud, endpoint):
    scaling = cloud.admin.client("application-autoscaling")
    on = {**DIMENSION, "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic"}
    scaling.register_scalable_target(**on, MinCapacity=1, MaxCapacity=3)
    yield scaling, on
    scaling.deregister_scalable_target(**on)


def instances(deployer, name):
    variant = deployer.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]
    return variant["DesiredInstanceCount"], variant["CurrentInstanceCount"]


# What the SDK and consoles write they read back; what is absent or impossible has AWS's names.
def test_describe_what_was_put(target):
    scaling, on = target
    tracking = {"TargetValue": 70.0, "ScaleInCooldown": 60, "PredefinedMetricSpecification": {
        "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}
    put = scaling.put_scaling_policy(**on, PolicyName="p", PolicyType="TargetTrackingScaling",
                                     TargetTrackingScalingPolicyConfiguration=tracking)
    assert ":scalingPolicy:" in put["PolicyARN"]
    policy = scaling.describe_scaling_policies(**on)["ScalingPolicies"][0]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == tracking and policy["PolicyARN"] == put["PolicyARN"]
    shown = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[on["ResourceId"]])["ScalableTargets"]
    assert [(one["MinCapacity"], one["MaxCapacity"]) for one in shown] == [(1, 3)]
    scaling.put_scheduled_action(**on, ScheduledActionName="nightly", Schedule="cron(0 22 * * ? *)",
                                 ScalableTargetAction={"MinCapacity": 0})
    actions = scaling.describe_scheduled_actions(**on)["ScheduledActions"]
    assert [(one["ScheduledActionName"], one["ScalableTargetAction"]) for one in actions] == [("nightly", {"MinCapacity": 0})]
    scaling.delete_scheduled_action(**on, ScheduledActionName="nightly")
    scaling.delete_scaling_policy(**on, PolicyName="p")
    assert refusal(scaling.delete_scaling_policy, **on, PolicyName="p")[0] == "ObjectNotFoundException"
    assert refusal(scaling.put_scaling_policy, **on, PolicyName="p", PolicyType="PredictiveScaling")[0] == "NotImplemented"
    nobody = {**on, "ResourceId": "endpoint/nobody/variant/v"}
    assert refusal(scaling.register_scalable_target, **nobody, MinCapacity=1, MaxCapacity=2)[0] == "ValidationException"


# Load scales out: instances come, requests are answered all the while, and the activity says why.
def test_load_scales_out(target, deployer, endpoint):
    scaling, on = target
    scaling.put_scaling_policy(**on, PolicyName="load", PolicyType="TargetTrackingScaling",
                               TargetTrackingScalingPolicyConfiguration={
                                   "TargetValue": 10.0, "PredefinedMetricSpecification": {
                                       "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}})

    def two_answer():
        for _ in range(4):
            deployer.predict(endpoint, b"[1]")
        return instances(deployer, endpoint)[1] >= 2

    wait_for(two_answer, 60, 0.2, what="a second instance")
    causes = [one["Cause"] for one in scaling.describe_scaling_activities(**on)["ScalingActivities"]]
    assert any(cause.startswith("target tracking policy load: ") for cause in causes), causes


# To zero, and back: requests that come while nothing runs wait for the instance that they wake, and none is lost.
def test_to_zero_and_back(target, deployer, endpoint):
    scaling, on = target
    scaling.register_scalable_target(**on, MinCapacity=0, MaxCapacity=0)
    wait_for(lambda: instances(deployer, endpoint) == (0, 0), 30, what="no instances")
    assert deployer.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService"
    scaling.register_scalable_target(**on, MinCapacity=0, MaxCapacity=3)
    answers = []
    threads = [threading.Thread(target=lambda i=i: answers.append(
        json.loads(deployer.predict(endpoint, json.dumps([i]).encode())["Body"].read()))) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [[i] for i in range(20)]
    assert instances(deployer, endpoint) == (1, 1)


# Alarms through boto3, from the first look to deletion; what nobody would carry out is refused.
def test_alarms(cloud):
    cloudwatch = cloud.admin.client("cloudwatch")
    name = f"alarm-{uuid.uuid4().hex[:8]}"
    alarm = {"AlarmName": name, "Namespace": "Mine", "MetricName": name, "Statistic": "Maximum", "Period": 10,
             "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold"}
    cloudwatch.put_metric_alarm(**alarm)
    shown = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert shown["StateValue"] == "INSUFFICIENT_DATA" and shown["AlarmArn"].endswith(f":alarm:{name}")
    assert {key: shown[key] for key in alarm} == alarm

    def state():
        return cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    def fires():
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": name, "Value": 6.0, "StorageResolution": 1}])
        return state() == "ALARM"

    wait_for(fires, 120, 1, what="the alarm fires")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="by hand")
    assert state() == "OK"
    code, message, _ = refusal(cloudwatch.put_metric_alarm, **alarm, AlarmActions=["arn:aws:sns:us-east-1:1:t"])
    assert code == "NotImplemented" and "arn:aws:sns" in message
    assert refusal(cloudwatch.delete_alarms, AlarmNames=[name, "nobody"])[0] == "ResourceNotFound"
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


# A serverless endpoint takes as many requests at once as its MaxConcurrency, and says when to come again.
@pytest.mark.one_server
def test_serverless(deployer):
    slow = "import time\ndef model_fn(directory): return 1\n" \
           "def transform_fn(model, body, content_type, accept):\n    time.sleep(1)\n    return body, 'application/json'\n"
    model = deployer.model(deployer.upload(archive(code__inference_dot_py=slow.encode())), image="aloft-python:3")
    variant = {"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 2}}
    name = deployer.serve_variants([variant])
    shown = deployer.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]
    assert shown["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    assert "DesiredInstanceCount" not in shown
    once = deployer.cloud.admin.client("sagemaker-runtime", retries={"max_attempts": 0})

    def ask(_):
        try:
            once.invoke_endpoint(EndpointName=name, Body=b"[1]", ContentType="application/json")
        except botocore.exceptions.ClientError as error:
            return error.response
        return None

    def refused():
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, range(4)))
        assert answers.count(None) >= 2
        return [answer for answer in answers if answer]

    for response in wait_for(refused, 120, what="more requests at once than it takes"):
        assert response["Error"]["Code"] == "ThrottlingException" and "MaxConcurrency (2)" in response["Error"]["Message"]
        assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"]
    for wrong in ({"MemorySizeInMB": 1500, "MaxConcurrency": 2}, {"MemorySizeInMB": 1024, "MaxConcurrency": 2, "ProvisionedConcurrency": 3}):
        assert refusal(deployer.configure, [{**variant, "ServerlessConfig": wrong}])[0] == "ValidationException"
    assert refusal(deployer.configure, [{**variant, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}])[0] == "ValidationException"
