"""The audit log, through CloudTrail's clients and `aloft audit`: what is recorded, what is never, and who finds it again."""

import base64
import gzip
import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
import uuid

import botocore.exceptions
import pytest
from cloud import Cloud, Identity, wait_for
from totp import Authenticator

SECRETS = ["Hunter2-planted-password", "planted-environment-value", "planted-body-of-an-object", "planted-log-line",
           "planted-signature-key"]


@pytest.fixture
def trail_client(cloud):
    return cloud.admin.client("cloudtrail")


@pytest.fixture
def iam(cloud):
    return cloud.admin.client("iam")


@pytest.fixture
def own_cloud(binary, tmp_path):
    """A server whose trails deliver each second, not each minute."""
    cloud = Cloud.start(binary, tmp_path / "data", settings="trail_delivery_seconds = 1\n")
    yield cloud
    cloud.close()


def find(client, count=1, deadline=60, **attribute):
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

    def both():
        records, names = delivered()
        return (records, names) if {"PutObject", "GetObject"} <= {record["eventName"] for record in records} else None

    records, names = wait_for(both, 60, what="the delivery of both data events")
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


def aloft(binary, *arguments, check=True):
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def plant_proofs(cloud) -> list[str]:
    """Passwords, codes, tokens and plaintexts through every call that takes or gives one; what they are."""
    iam, kms, sts = (cloud.admin.client(name) for name in ("iam", "kms", "sts"))
    first, second, wrong, plaintext = ("Planted-first-1", "Planted-second-2", "Planted-wrong-3", "planted-plaintext-of-a-key")
    token = "planted.webidentity.token" + "x" * 20

    def post(operation: str, body: dict) -> dict:
        request = urllib.request.Request(f"{cloud.url}/aloft/v1/{operation}", data=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"}, method="POST")
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(cloud.ca_file)), timeout=30) as answer:
                return {**json.loads(answer.read()), "Cookie": answer.headers.get("Set-Cookie", "=;").split("=", 1)[1].split(";")[0]}
        except urllib.error.HTTPError:
            return {}

    iam.create_user(UserName="proven")
    iam.create_login_profile(UserName="proven", Password=first)
    iam.update_login_profile(UserName="proven", Password=second)
    who = {"Account": cloud.account, "UserName": "proven"}
    signed_in = post("SignIn", {**who, "Password": second, "Credentials": False})
    given = post("SignIn", {**who, "Password": second, "Credentials": True})
    post("SignIn", {**who, "Password": wrong})
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="proven")["VirtualMFADevice"]
    app = Authenticator(device["Base32StringSeed"])
    codes = app.pair()
    iam.enable_mfa_device(UserName="proven", SerialNumber=device["SerialNumber"], AuthenticationCode1=codes[0], AuthenticationCode2=codes[1])
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=plaintext.encode())["CiphertextBlob"])
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
    try:
        sts.assume_role_with_web_identity(RoleArn=f"arn:aws:iam::{cloud.account}:role/none", RoleSessionName="xx", WebIdentityToken=token)
    except botocore.exceptions.ClientError:
        pass
    return [first, second, wrong, plaintext, base64.b64encode(plaintext.encode()).decode(), token, device["Base32StringSeed"].decode(),
            base64.b64encode(data_key).decode(), signed_in["Cookie"], signed_in["CsrfToken"], given["SecretAccessKey"], given["SessionToken"]]


# Secrets are in requests of many forms; none may reach a record, whole or in an error's text.
def test_no_record_holds_a_secret(own_cloud, binary, tmp_path):
    admin = own_cloud.admin
    iam, s3, trails = admin.client("iam"), admin.client("s3"), admin.client("cloudtrail")
    iam.create_user(UserName="planted")
    made = iam.create_access_key(UserName="planted")["AccessKey"]
    s3.create_bucket(Bucket="planted")
    trails.create_trail(Name="all-data", S3BucketName="planted")
    trails.put_event_selectors(TrailName="all-data", EventSelectors=[{
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]},
                          {"Type": "AWS::Logs::LogGroup", "Values": ["arn:aws"]}]}])
    trails.start_logging(Name="all-data")
    s3.put_object(Bucket="planted", Key="k", Body=SECRETS[2].encode())
    for call in (lambda: iam.create_login_profile(UserName="planted", Password=SECRETS[0]),
                 lambda: iam.change_password(OldPassword=SECRETS[0], NewPassword=SECRETS[0] + "'x"),
                 lambda: s3.put_object(Bucket="planted", Key="c", Body=b"x", SSECustomerAlgorithm="AES256",
                                       SSECustomerKey=(SECRETS[4] + "0" * 32)[:32].encode())):
        try:
            call()
        except botocore.exceptions.ClientError:
            pass
    logs = admin.client("logs")
    logs.create_log_group(logGroupName="planted")
    logs.create_log_stream(logGroupName="planted", logStreamName="s")
    logs.put_log_events(logGroupName="planted", logStreamName="s",
                        logEvents=[{"timestamp": int(time.time() * 1000), "message": SECRETS[3]}])
    try:
        admin.client("sagemaker").create_training_job(
            TrainingJobName="planted", RoleArn="arn:aws:iam::123456789012:role/none",
            AlgorithmSpecification={"TrainingImage": "pytorch-training", "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://planted/out"}, Environment={"API": SECRETS[1]},
            HyperParameters={"api_token": SECRETS[1]},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60})
    except botocore.exceptions.ClientError:
        pass
    # What people prove themselves with, right and wrong, and what a key protects.
    secrets = plant_proofs(own_cloud)
    session = admin.client("sts").get_session_token()["Credentials"]
    presigned = s3.generate_presigned_url("get_object", Params={"Bucket": "planted", "Key": "k"})
    signature = presigned.split("Signature=")[1].split("&")[0]
    context = ssl.create_default_context(cafile=own_cloud.ca_file)
    assert urllib.request.urlopen(presigned, context=context, timeout=10).status == 200

    def with_sign_in():
        text = "".join(gzip.decompress(s3.get_object(Bucket="planted", Key=each["Key"])["Body"].read()).decode()
                       for each in s3.list_objects_v2(Bucket="planted", Prefix="AWSLogs/").get("Contents", []))
        return text if '"SignIn"' in text and '"AssumeRoleWithWebIdentity"' in text else None

    delivered = wait_for(with_sign_in, 60, what="the delivery of what was done last")
    looked_up = "".join(event["CloudTrailEvent"] for page in trails.get_paginator("lookup_events").paginate() for event in page["Events"])
    own_cloud.stop()
    export = tmp_path / "export.jsonl"
    aloft(binary, "audit", "export", "--data", own_cloud.data, "--out", export)
    text = export.read_text()
    for operation in ("SignIn", "UpdateLoginProfile", "Encrypt", "AssumeRoleWithWebIdentity", "EnableMFADevice"):
        assert f'"eventName":"{operation}"' in text, operation
    everywhere = text + delivered + looked_up + own_cloud.log_file.read_text()
    for secret in secrets:
        assert secret not in everywhere, secret
    for path in own_cloud.data.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content], path
    assert '"eventName":"CreateTrainingJob"' in text and '"eventName":"PutLogEvents"' in text
    assert '"eventName":"PutObject"' in text and '"eventName":"GetObject"' in text
    for secret in [*SECRETS, made["SecretAccessKey"], session["SecretAccessKey"], session["SessionToken"], signature]:
        assert secret not in text, secret


# `aloft audit verify` needs no server, says what it proved, and where an export was tampered with.
def test_verify_finds_tampering_offline(own_cloud, binary, tmp_path):
    iam = own_cloud.admin.client("iam")
    for i in range(5):
        iam.create_user(UserName=f"user-{i}")
    time.sleep(2)
    # Beside a running server, too.
    assert "intact" in aloft(binary, "audit", "verify", "--data", own_cloud.data).stdout
    own_cloud.stop()
    report = json.loads(aloft(binary, "audit", "verify", "--data", own_cloud.data, "--json").stdout)
    assert report["intact"] and report["records"] >= 5 and report["pending"] == 0 and report["keyBelongsToRoot"]
    checkpoint = tmp_path / "checkpoint"
    checkpoint.write_text(aloft(binary, "audit", "checkpoint", "--data", own_cloud.data).stdout)
    export = tmp_path / "export.jsonl"
    aloft(binary, "audit", "export", "--data", own_cloud.data, "--out", export)
    lines = export.read_text().splitlines()
    verify = ["audit", "verify", "--export", export, "--checkpoint", checkpoint]
    assert "intact" in aloft(binary, *verify).stdout

    at = [i for i, line in enumerate(lines) if '"user-3"' in line][0]
    record = json.loads(lines[at])["event"]["eventID"]

    def tampered(changed):
        export.write_text("\n".join(changed) + "\n")
        done = aloft(binary, *verify, check=False)
        assert done.returncode == 1
        return done.stdout + done.stderr

    flipped = [line.replace("user-3", "user-8") for line in lines]
    assert f"record {record}: was changed" in tampered(flipped)
    cut = lines[:at] + lines[at + 1:]
    assert f"record {record}: is missing" in tampered(cut)
    other = [i for i, line in enumerate(lines) if '"user-1"' in line][0]
    swapped = list(lines)
    head = lambda line: line[:line.index(',"event":')]  # noqa: E731
    body = lambda line: line[line.index(',"event":'):]  # noqa: E731
    swapped[at], swapped[other] = head(lines[at]) + body(lines[other]), head(lines[other]) + body(lines[at])
    assert f"record {record}: was swapped" in tampered(swapped)
    inserted = lines + [lines[at].replace(json.loads(lines[at])["key"][-8:], "AAAAAAA=")]
    assert "was inserted" in tampered(inserted) or "stands in" in tampered(inserted)
    # The last block and its head taken out together: the checkpoint that was kept knows.
    blocks = [i for i, line in enumerate(lines) if line.startswith('{"kind":"block"')]
    assert "missing" in tampered(lines[:blocks[-1]] + lines[blocks[-1] + 1:])


# For people: the last events, and a search.
def test_tail_and_search(cloud, iam, trail_client):
    name = f"searched-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    find(trail_client, ResourceName=name)
    found = cloud.aloft("audit", "search", "--resource", name)
    assert "CreateUser" in found.stdout and name in found.stdout, found.stderr
    assert json.loads(cloud.aloft("audit", "search", "--resource", name, "--json").stdout)["eventName"] == "CreateUser"
    assert "CreateUser" in cloud.aloft("audit", "tail", "--lines", "50", "--once").stdout
    iam.delete_user(UserName=name)
