"""What age does to objects, as clients see it: when they expire, and how archived ones come back."""

import datetime
import os

import pytest
from raw import signed
from s3_client import refused


# Clients plan by x-amz-expiration: it is told on every answer that describes an object, and only where a rule holds.
def test_expiration_is_told(s3, bucket):
    rules = [{"ID": "old logs & all", "Status": "Enabled", "Filter": {"Prefix": "log/"}, "Expiration": {"Days": 3}},
             {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    put = s3.put_object(Bucket=bucket, Key="log/a", Body=b"x")
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    due = today + datetime.timedelta(days=4)
    wanted = f'expiry-date="{due:%a, %d %b %Y} 00:00:00 GMT", rule-id="old%20logs%20%26%20all"'
    upload = s3.create_multipart_upload(Bucket=bucket, Key="log/parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="log/parts", UploadId=upload, PartNumber=1, Body=b"x")
    done = s3.complete_multipart_upload(Bucket=bucket, Key="log/parts", UploadId=upload,
                                        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    answers = [put, done, s3.get_object(Bucket=bucket, Key="log/a"), s3.head_object(Bucket=bucket, Key="log/a"),
               s3.copy_object(Bucket=bucket, Key="log/b", CopySource=f"{bucket}/log/a")]
    assert [answer.get("Expiration") for answer in answers] == [wanted] * len(answers)
    assert "Expiration" not in s3.put_object(Bucket=bucket, Key="other", Body=b"x")
    s3.delete_bucket_lifecycle(Bucket=bucket)
    assert "Expiration" not in s3.head_object(Bucket=bucket, Key="log/a")


# Archived objects are listed and described, not read; restored they are read for the days that were asked for.
@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_restore(s3, bucket, storage_class):
    body = os.urandom(300_000)
    s3.put_object(Bucket=bucket, Key="k", Body=body, StorageClass=storage_class)
    with refused("InvalidObjectState", 403):
        s3.get_object(Bucket=bucket, Key="k")
    with refused("InvalidObjectState", 403):
        s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["StorageClass"] == storage_class and "Restore" not in head
    restored = s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 2, "GlacierJobParameters": {"Tier": "Bulk"}})
    assert restored["ResponseMetadata"]["HTTPStatusCode"] == 202
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == body and got["StorageClass"] == storage_class
    assert got["Restore"].startswith('ongoing-request="false", expiry-date="') and "00:00:00 GMT" in got["Restore"]
    again = s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 5})
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.head_object(Bucket=bucket, Key="k")["Restore"] > ""
    listed = s3.list_objects_v2(Bucket=bucket, OptionalObjectAttributes=["RestoreStatus"])["Contents"][0]
    assert listed["RestoreStatus"]["IsRestoreInProgress"] is False
    assert listed["RestoreStatus"]["RestoreExpiryDate"] > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=4)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body


# What cannot be restored, and requests that are none.
def test_restore_refused(cloud, s3, bucket):
    s3.put_object(Bucket=bucket, Key="warm", Body=b"x")
    s3.put_object(Bucket=bucket, Key="cold", Body=b"x", StorageClass="GLACIER")
    with refused("InvalidObjectState", 403):
        s3.restore_object(Bucket=bucket, Key="warm", RestoreRequest={"Days": 1})
    with refused("NoSuchKey", 404):
        s3.restore_object(Bucket=bucket, Key="absent", RestoreRequest={"Days": 1})
    for body, code in [(b"<RestoreRequest><Days>0</Days></RestoreRequest>", "InvalidArgument"),
                       (b"<RestoreRequest></RestoreRequest>", "MalformedXML"), (b"<Other/>", "MalformedXML"), (b"", "MalformedXML"),
                       (b"<RestoreRequest><Days>1</Days><Tier>Fast</Tier></RestoreRequest>", "MalformedXML"),
                       (b"<RestoreRequest><Type>SELECT</Type></RestoreRequest>", "NotImplemented")]:
        response = signed(cloud.admin, "s3", "POST", f"/{bucket}/cold?restore", body, {})
        assert f"<Code>{code}</Code>" in response.text, (body, response.text)
    reader = cloud.make_user(policy={"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}).client("s3")
    with refused("AccessDenied", 403, "s3:RestoreObject"):
        reader.restore_object(Bucket=bucket, Key="cold", RestoreRequest={"Days": 1})


# Older versions are archived and restored like others.
def test_restore_version(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"first" * 30_000, StorageClass="GLACIER")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"second")["VersionId"]
    with refused("InvalidObjectState", 403):
        s3.get_object(Bucket=bucket, Key="k", VersionId=first)
    s3.restore_object(Bucket=bucket, Key="k", VersionId=first, RestoreRequest={"Days": 1})
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"first" * 30_000
    for version in (first, second):
        s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
