"""The audit log, through CloudTrail's clients and `aloft audit`: what is recorded, what is never, and who finds it again."""

import gzip
import json
import time
import uuid

import botocore.exceptions
import pytest
from cloud import Identity


@pytest.fixture
def trail_client(cloud):
    return cloud.admin.client("cloudtrail")


@pytest.fixture
def iam(cloud):
    return cloud.admin.client("iam")


def find(client, count=1, deadline=15, **attribute):
    """Events by one attribute, as LookupEvents answers them; waits until there are `count`."""
    (name, value), = attribute.items()
    end = time.monotonic() + deadline
    while True:
        events = []
        for page in client.get_paginator("lookup_events").paginate(
                LookupAttributes=[{"AttributeKey": name, "AttributeValue": value}]):
            events += page["Events"]
        if len(events) >= count or time.monotonic() > end:
            return events
        time.sleep(0.2)


def detail(event):
    return json.loads(event["CloudTrailEvent"])


# Who, from where, what, on what, when, decided how: in the words of CloudTrail.
def test_a_change_is_recorded_in_cloudtrails_form(cloud, iam, trail_client):
    name = f"audited-{uuid.uuid4().hex[:8]}"
    answer = iam.create_user(UserName=name)
    events = find(trail_client, ResourceName=name)
    assert [event["EventName"] for event in events] == ["CreateUser"]
    event = events[0]
    assert event["EventSource"] == "iam.amazonaws.com" and event["ReadOnly"] == "false"
    record = detail(event)
    assert record["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert record["eventID"] == event["EventId"]
    assert record["requestParameters"] == {"userName": name}
    assert record["responseElements"]["user"]["userName"] == name
    assert record["userIdentity"]["accessKeyId"] == event["AccessKeyId"]
    assert record["sourceIPAddress"] == "127.0.0.1" and "Boto3" in record["userAgent"]
    assert record["eventType"] == "AwsApiCall" and record["managementEvent"] and record["eventCategory"] == "Management"
    assert record["additionalEventData"]["decision"] == "allowed"
    assert {resource["type"] for resource in record["resources"]} == {"AWS::IAM::User"}
    iam.delete_user(UserName=name)
    assert [event["EventName"] for event in find(trail_client, count=2, ResourceName=name)] == ["DeleteUser", "CreateUser"]


# A refusal says which kind of policy refused.
def test_a_refusal_is_recorded_with_its_reason(cloud, trail_client):
    user = cloud.make_user()
    with pytest.raises(botocore.exceptions.ClientError):
        user.client("iam").list_users()
    record = detail(find(trail_client, AccessKeyId=user.access_key_id)[0])
    assert record["eventName"] == "ListUsers" and record["errorCode"] == "AccessDenied"
    assert record["additionalEventData"]["refusedBy"] == "identity policy (no statement allows it)"
    assert record["userIdentity"]["userName"] == user.name


# A wrong signature is somebody's try: the key that was claimed is the lead.
def test_a_wrong_signature_is_recorded(cloud, trail_client):
    import boto3

    claimed = f"AKIA{uuid.uuid4().hex[:16].upper()}"
    session = boto3.Session(aws_access_key_id=claimed, aws_secret_access_key="wrong", region_name="us-east-1")
    with pytest.raises(botocore.exceptions.ClientError):
        session.client("iam", endpoint_url=cloud.url, verify=cloud.ca_file).list_users()
    record = detail(find(trail_client, AccessKeyId=claimed)[0])
    assert record["additionalEventData"]["refusedBy"] == "authentication"
    assert record["userIdentity"] == {"type": "Unknown", "accessKeyId": claimed}


# One attribute, a range of time, pages: and errors by their names.
def test_lookup_refuses_by_name(cloud, trail_client):
    def code(**arguments):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            trail_client.lookup_events(**arguments)
        return refused.value.response["Error"]["Code"]

    both = [{"AttributeKey": "EventName", "AttributeValue": "a"}, {"AttributeKey": "Username", "AttributeValue": "b"}]
    assert code(LookupAttributes=both) == "InvalidLookupAttributesException"
    assert code(NextToken="bm9uc2Vuc2U") == "InvalidNextTokenException"
    now = time.time()
    assert code(StartTime=now, EndTime=now - 60) == "InvalidTimeRangeException"
    assert len(trail_client.lookup_events(MaxResults=1)["Events"]) == 1


# A trail delivers gzip JSON in AWS's layout, once; and its selectors turn data events on, reads included.
def test_a_trail_delivers_to_its_bucket_and_data_events_are_by_selector(own_cloud):
    trails, s3 = own_cloud.admin.client("cloudtrail"), own_cloud.admin.client("s3")
    s3.create_bucket(Bucket="trail-files")
    s3.create_bucket(Bucket="watched")
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        trails.create_trail(Name="t1x", S3BucketName="no-such-bucket")
    assert refused.value.response["Error"]["Code"] == "S3BucketDoesNotExistException"
    made = trails.create_trail(Name="main", S3BucketName="trail-files", S3KeyPrefix="logs", IsMultiRegionTrail=True)
    with pytest.raises(trails.exceptions.TrailAlreadyExistsException):
        trails.create_trail(Name="main", S3BucketName="trail-files")
    assert trails.get_trail(Name=made["TrailARN"])["Trail"]["S3KeyPrefix"] == "logs"
    assert not trails.get_trail_status(Name="main")["IsLogging"]
    trails.put_event_selectors(TrailName="main", EventSelectors=[{
        "ReadWriteType": "All", "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::watched/"]}]}])
    trails.start_logging(Name="main")
    s3.put_object(Bucket="watched", Key="a/1", Body=b"x")
    s3.get_object(Bucket="watched", Key="a/1")["Body"].read()
    s3.put_object(Bucket="trail-files", Key="not-watched", Body=b"x")
    account = own_cloud.admin.client("sts").get_caller_identity()["Account"]

    def delivered():
        records, names = [], []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="trail-files", Prefix="logs/"):
            for entry in page.get("Contents", []):
                names.append(entry["Key"])
                body = s3.get_object(Bucket="trail-files", Key=entry["Key"])["Body"].read()
                records += json.loads(gzip.decompress(body))["Records"]
        return records, names

    end = time.monotonic() + 90
    while time.monotonic() < end:
        records, names = delivered()
        if {"PutObject", "GetObject"} <= {record["eventName"] for record in records}:
            break
        time.sleep(1)
    seen = [(record["eventName"], record["eventCategory"]) for record in records]
    assert ("PutObject", "Data") in seen and ("GetObject", "Data") in seen
    data = [record for record in records if record["eventCategory"] == "Data"]
    assert {record["requestParameters"]["bucketName"] for record in data} == {"watched"}
    assert {record["requestParameters"].get("key") for record in data} >= {"a/1"}
    ids = [record["eventID"] for record in records]
    assert len(ids) == len(set(ids))
    region = "us-east-1"
    assert all(name.startswith(f"logs/AWSLogs/{account}/CloudTrail/{region}/20") and name.endswith(".json.gz")
               for name in names)
    # Data events are for trails; LookupEvents answers management events.
    assert all(detail(event)["eventCategory"] == "Management" for event in trails.lookup_events()["Events"])
    assert "LatestDeliveryTime" in trails.get_trail_status(Name="main")
    assert [trail["Name"] for trail in trails.list_trails()["Trails"]] == ["main"]
    trails.stop_logging(Name="main")
    trails.delete_trail(Name="main")
    with pytest.raises(trails.exceptions.TrailNotFoundException):
        trails.get_trail_status(Name="main")
