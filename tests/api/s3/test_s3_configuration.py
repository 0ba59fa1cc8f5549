"""Configurations of buckets: what is put comes back, what S3 would refuse is refused, what is not built says so."""

import pytest
from raw import signed
from s3_client import refused

RULE = {"ID": "old", "Filter": {"Prefix": "logs/"}, "Status": "Enabled", "Expiration": {"Days": 30}}


# Terraform reads all of these of every bucket before it does anything; each must answer as AWS does of a new bucket.
def test_what_a_new_bucket_says(s3, bucket):
    answered = {
        "get_bucket_versioning": {}, "get_bucket_accelerate_configuration": {}, "get_bucket_logging": {},
        "get_bucket_request_payment": {"Payer": "BucketOwner"}, "get_bucket_notification_configuration": {},
        "get_public_access_block": {"PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}},
        "get_bucket_ownership_controls": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        "get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}},
        "get_bucket_abac": {"AbacStatus": {"Status": "Disabled"}},
    }
    for operation, expected in answered.items():
        got = getattr(s3, operation)(Bucket=bucket)
        got.pop("ResponseMetadata")
        assert got == expected, operation
    absent = {
        "get_bucket_policy": "NoSuchBucketPolicy", "get_bucket_cors": "NoSuchCORSConfiguration",
        "get_bucket_website": "NoSuchWebsiteConfiguration", "get_bucket_tagging": "NoSuchTagSet",
        "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
        "get_bucket_replication": "ReplicationConfigurationNotFoundError",
        "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
        "get_bucket_metadata_configuration": "MetadataConfigurationNotFound",
        "get_bucket_metadata_table_configuration": "MetadataConfigurationNotFound",
    }
    for operation, code in absent.items():
        with refused(code, 404):
            getattr(s3, operation)(Bucket=bucket)
    acl = s3.get_bucket_acl(Bucket=bucket)
    assert [grant["Permission"] for grant in acl["Grants"]] == ["FULL_CONTROL"]
    assert acl["Grants"][0]["Grantee"] == {"ID": acl["Owner"]["ID"], "Type": "CanonicalUser"}
    for operation in ["analytics", "inventory", "metrics", "intelligent_tiering"]:
        page = getattr(s3, f"list_bucket_{operation}_configurations")(Bucket=bucket)
        assert page["IsTruncated"] is False
        with refused("NoSuchConfiguration", 404):
            getattr(s3, f"get_bucket_{operation}_configuration")(Bucket=bucket, Id="x")


# Each configuration is kept, replaced whole and removed.
@pytest.mark.parametrize("name, argument, value, absent", [
    ("cors", "CORSConfiguration", {"CORSRules": [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"],
                                                  "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 300}]},
     "NoSuchCORSConfiguration"),
    ("tagging", "Tagging", {"TagSet": [{"Key": "team", "Value": "a&b <c>"}]}, "NoSuchTagSet"),
    ("encryption", "ServerSideEncryptionConfiguration",
     {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]}, None),
])
def test_round_trip(s3, bucket, name, argument, value, absent):
    getattr(s3, f"put_bucket_{name}")(Bucket=bucket, **{argument: value})
    got = getattr(s3, f"get_bucket_{name}")(Bucket=bucket)
    got.pop("ResponseMetadata")
    assert got in (value, {argument: value})
    getattr(s3, f"delete_bucket_{name}")(Bucket=bucket)
    if absent:
        with refused(absent, 404):
            getattr(s3, f"get_bucket_{name}")(Bucket=bucket)


# Lifecycle rules come back whole, with an id where the caller gave none.
def test_lifecycle(s3, bucket):
    rules = [RULE, {"Filter": {"And": {"Prefix": "a", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 10}},
                    "Status": "Disabled", "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 5, "NewerNoncurrentVersions": 2}},
             {"ID": "stale", "Filter": {"Prefix": ""}, "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    got = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert got[0] == RULE and got[2] == rules[2]
    assert got[1].pop("ID") and got[1] == rules[1]
    for broken, code in [({**RULE, "Expiration": {"Days": 0}}, "InvalidArgument"), ({**RULE, "Status": "On"}, "MalformedXML"),
                         ({"ID": "x", "Filter": {"Prefix": ""}, "Status": "Enabled"}, "InvalidRequest"),
                         ({**RULE, "Transitions": [{"Days": 1, "StorageClass": "STANDARD_IA"}]}, "InvalidArgument")]:
        with refused(code, 400):
            s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [broken]})
    assert len(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]) == 3, "a refused one replaces nothing"
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


# A destination that is not there is refused, as AWS refuses it; an event bus, which would need none, by name.
def test_notification(s3, bucket):
    with refused("NotImplemented", 501, "event bus"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    queue = {"QueueArn": "arn:aws:sqs:us-east-1:111122223333:absent", "Events": ["s3:ObjectCreated:*"]}
    with refused("InvalidArgument", 400, "Unable to validate the following destination configurations"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]},
                                             SkipDestinationValidation=True)
    [kept] = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert kept["QueueArn"] == queue["QueueArn"] and kept["Id"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


# What is not built is refused by name, at once: a status that clients retry would hang a deployment.
def test_unbuilt(s3, bucket):
    calls = {
        "PutBucketWebsite": lambda: s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "i"}}),
        "PutBucketReplication": lambda: s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={
            "Role": "r", "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "b"}}]}),
        "PutBucketAccelerateConfiguration": lambda: s3.put_bucket_accelerate_configuration(
            Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"}),
        "PutBucketRequestPayment": lambda: s3.put_bucket_request_payment(
            Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"}),
        "PutBucketLogging": lambda: s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={
            "LoggingEnabled": {"TargetBucket": "b", "TargetPrefix": ""}}),
        "PutBucketAnalyticsConfiguration": lambda: s3.put_bucket_analytics_configuration(Bucket=bucket, Id="i", AnalyticsConfiguration={
            "Id": "i", "StorageClassAnalysis": {}}),
        "PutBucketMetricsConfiguration": lambda: s3.put_bucket_metrics_configuration(Bucket=bucket, Id="i", MetricsConfiguration={"Id": "i"}),
    }
    for operation, call in calls.items():
        with refused("NotImplemented", 501, operation) as failure:
            call()
        assert failure.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})


# Documents that no client library would send, and bodies damaged on the way.
def test_broken_documents(cloud, s3, bucket):
    for resource in ["cors", "tagging", "lifecycle", "encryption", "publicAccessBlock", "ownershipControls", "notification"]:
        for body in [b"", b"<", b"<Other/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>" * 100]:
            response = signed(cloud.admin, "s3", "PUT", f"/{bucket}?{resource}", body)
            assert response.status_code == 400 and "<Code>MalformedXML</Code>" in response.text, (resource, body, response.text)
    response = signed(cloud.admin, "s3", "PUT", f"/{bucket}?tagging", b"<Tagging><TagSet/></Tagging>", {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert response.status_code == 400 and "<Code>BadDigest</Code>" in response.text


# A configuration is of its bucket: it needs the bucket, its right, and its owner.
def test_needs_bucket_and_right(cloud, s3, bucket):
    with refused("NoSuchBucket", 404):
        s3.get_bucket_cors(Bucket="absent-" + bucket)
    with refused("NoSuchBucket", 404):
        s3.put_bucket_tagging(Bucket="absent-" + bucket, Tagging={"TagSet": []})
    with refused("AccessDenied", 403):
        s3.get_bucket_tagging(Bucket=bucket, ExpectedBucketOwner="999999999999")
    theirs = cloud.make_user([{"Effect": "Allow", "Action": "s3:GetBucketTagging", "Resource": f"arn:aws:s3:::{bucket}"}]).client("s3")
    with refused("NoSuchTagSet"):
        theirs.get_bucket_tagging(Bucket=bucket)
    with refused("AccessDenied", 403):
        theirs.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": []})
    with refused("AccessDenied", 403):
        theirs.get_bucket_cors(Bucket=bucket)


# A deleted bucket takes what was configured with it: a new one of its name begins anew.
def test_gone_with_the_bucket(s3, bucket):
    name = "again-" + bucket
    for _ in range(2):
        s3.create_bucket(Bucket=name)
        with refused("NoSuchTagSet"):
            s3.get_bucket_tagging(Bucket=name)
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        s3.delete_bucket(Bucket=name)
