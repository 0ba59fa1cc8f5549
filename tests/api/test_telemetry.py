"""CloudWatch Logs and metrics, as boto3, the AWS CLI, old query clients and CBOR clients use them."""

import datetime
import json
import subprocess
import sys
import time
import urllib.parse
import uuid

import botocore.exceptions
import pytest
from raw import signed

NOW = datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def logs(cloud):
    return cloud.admin.client("logs")


@pytest.fixture
def group(logs):
    name = f"/test/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    yield name
    logs.delete_log_group(logGroupName=name)


@pytest.fixture
def stream(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    return "s"


@pytest.fixture
def metrics(cloud):
    return cloud.admin.client("cloudwatch")


@pytest.fixture
def namespace():
    return f"Test/{uuid.uuid4().hex[:12]}"


def put_lines(logs, group, stream, lines):
    now = int(time.time() * 1000)
    events = [{"timestamp": now - len(lines) + i, "message": line} for i, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


# The whole life of a stream through boto3.
def test_log_events(logs, group, stream):
    put_lines(logs, group, stream, ["one", "two ✓", "three <&>"])
    page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
    assert [event["message"] for event in page["events"]] == ["one", "two ✓", "three <&>"]
    assert logs.get_log_events(logGroupName=group, logStreamName=stream, nextToken=page["nextForwardToken"])["events"] == []
    found = logs.filter_log_events(logGroupName=group, filterPattern="two")
    assert [event["message"] for event in found["events"]] == ["two ✓"]
    described = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="s")
    assert "nextToken" not in described and described["logStreams"][0]["logStreamName"] == "s"


# boto's paginators end.
def test_log_paginators(logs, group, stream):
    put_lines(logs, group, stream, [f"line {i}" for i in range(25)])
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 10})
    assert sum(len(page["events"]) for page in pages) == 25
    assert group in [g["logGroupName"] for p in logs.get_paginator("describe_log_groups").paginate() for g in p["logGroups"]]


# The exceptions that the SageMaker SDK catches by class.
def test_log_errors(logs, group):
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.describe_log_streams(logGroupName="/no/such/group")
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    with pytest.raises(botocore.exceptions.ClientError, match="NotImplemented.*logs:StartQuery is not built"):
        logs.start_query(logGroupName=group, startTime=0, endTime=1, queryString="fields @message")


# A policy on one group lets nobody into another.
def test_log_permissions(cloud, logs, group, stream):
    arn = f"arn:aws:logs:{cloud.region}:{cloud.account}:log-group:{group}"
    user = cloud.make_user(policy={"Effect": "Allow", "Action": "logs:*", "Resource": [arn, arn + ":*"]}).client("logs")
    put_lines(user, group, stream, ["mine"])
    assert user.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDeniedException"):
        user.create_log_group(logGroupName=group + "2")


# What a training job's metrics and the SDK's analytics do.
def test_metric_data(metrics, namespace):
    dimensions = [{"Name": "TrainingJobName", "Value": "j"}]
    for minutes, value in ((3, 0.9), (2, 0.5), (1, 0.25)):
        metrics.put_metric_data(Namespace=namespace, MetricData=[{
            "MetricName": "loss", "Dimensions": dimensions, "Value": value,
            "Timestamp": NOW - datetime.timedelta(minutes=minutes)}])
    window = {"StartTime": NOW - datetime.timedelta(minutes=10), "EndTime": NOW + datetime.timedelta(minutes=1)}
    statistics = metrics.get_metric_statistics(Namespace=namespace, MetricName="loss", Dimensions=dimensions, Period=60,
                                               Statistics=["Average"], **window)
    assert sorted(point["Average"] for point in statistics["Datapoints"]) == [0.25, 0.5, 0.9]
    query = {"Id": "q", "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": "loss", "Dimensions": dimensions},
                                       "Period": 60, "Stat": "Minimum"}}
    pages = metrics.get_paginator("get_metric_data").paginate(MetricDataQueries=[query], PaginationConfig={"PageSize": 2}, **window)
    assert [value for page in pages for result in page["MetricDataResults"] for value in result["Values"]] == [0.25, 0.5, 0.9]
    assert metrics.list_metrics(Namespace=namespace)["Metrics"] == [
        {"Namespace": namespace, "MetricName": "loss", "Dimensions": dimensions}]


# From 10 KiB on boto compresses the request.
def test_compressed_metric_data(metrics, namespace):
    data = [{"MetricName": f"metric-{i:04}", "Values": [float(i)] * 10, "Counts": [1.0] * 10} for i in range(300)]
    metrics.put_metric_data(Namespace=namespace, MetricData=data)
    names = {m["MetricName"] for page in metrics.get_paginator("list_metrics").paginate(Namespace=namespace) for m in page["Metrics"]}
    assert len(names) == 300


# Errors are found under the codes that old clients know.
def test_metric_errors(metrics, namespace):
    with pytest.raises(metrics.exceptions.InvalidParameterValueException):
        metrics.put_metric_data(Namespace="AWS/SageMaker", MetricData=[{"MetricName": "m", "Value": 1.0}])
    with pytest.raises(metrics.exceptions.InvalidParameterCombinationException):
        metrics.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m"}])
    with pytest.raises(botocore.exceptions.ClientError, match="metric math"):
        metrics.get_metric_data(MetricDataQueries=[{"Id": "q", "Expression": "1+1"}], StartTime=NOW - datetime.timedelta(1), EndTime=NOW)


# Clients from before 2025 send a form and read XML.
def test_metrics_by_query(cloud, metrics, namespace):
    metrics.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0}])
    form = urllib.parse.urlencode({"Action": "ListMetrics", "Version": "2010-08-01", "Namespace": namespace}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    response = signed(cloud.admin, "monitoring", "POST", "/", form, headers)
    assert response.status_code == 200 and "<MetricName>m</MetricName>" in response.text, response.text
    response = signed(cloud.admin, "monitoring", "POST", "/", b"Action=PutMetricData&Version=2010-08-01", headers)
    assert response.status_code == 400 and "<Code>ValidationError</Code>" in response.text, response.text


# Go's SDK speaks CBOR; an answer that it does not recognise looks like a hang.
def test_metrics_by_cbor(cloud, metrics, namespace):
    metrics.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0}])
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Accept": "application/cbor"}
    text = namespace.encode()
    body = b"\xa1\x69Namespace" + bytes([0x78, len(text)]) + text
    path = "/service/GraniteServiceVersion20100801/operation/"
    response = signed(cloud.admin, "monitoring", "POST", path + "ListMetrics", body, headers)
    assert response.status_code == 200 and response.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert b"\x6aMetricName\x61m" in response.content
    response = signed(cloud.admin, "monitoring", "POST", path + "PutDashboard", b"\xa0", headers)
    assert response.status_code == 400 and b"NotImplemented" in response.content
    assert response.headers["smithy-protocol"] == "rpc-v2-cbor"


# The AWS CLI.
def test_command_line(cloud, group, namespace):
    def aws(*arguments):
        command = [sys.executable, "-m", "awscli", *arguments]
        done = subprocess.run(command, env=cloud.admin.environment(), capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    aws("cloudwatch", "put-metric-data", "--namespace", namespace, "--metric-name", "m", "--value", "2.5")
    assert json.loads(aws("cloudwatch", "list-metrics", "--namespace", namespace))["Metrics"][0]["MetricName"] == "m"
    assert json.loads(aws("logs", "describe-log-groups", "--log-group-name-prefix", group))["logGroups"][0]["arn"].endswith(":*")
