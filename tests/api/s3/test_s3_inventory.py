"""Inventories: what is configured comes back, what is not built says so, and the lists that are delivered can be read by what reads S3's."""

import hashlib
import io
import json
import urllib.parse

import pandas
import pytest
from cloud import Cloud, wait_for
from s3_client import allow, policy, refused


def configuration(**changes) -> dict:
    destination = {"Bucket": "arn:aws:s3:::lists", "Format": "CSV", "Prefix": "of"}
    destination.update(changes.pop("destination", {}))
    return {"Id": "all", "IsEnabled": True, "IncludedObjectVersions": "Current", "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": destination}, **changes}


def put(s3, bucket: str, wanted: dict, name: str | None = None) -> None:
    s3.put_bucket_inventory_configuration(Bucket=bucket, Id=name or wanted["Id"], InventoryConfiguration=wanted)


# Terraform and the console put, read, list and delete configurations by id; each must come back as it was put.
def test_configurations(s3, bucket):
    wanted = configuration(Filter={"Prefix": "logs/"}, OptionalFields=["Size", "ETag", "ObjectOwner"], Schedule={"Frequency": "Weekly"},
                           destination={"AccountId": "111122223333", "Encryption": {"SSES3": {}}})
    put(s3, bucket, wanted)
    assert s3.get_bucket_inventory_configuration(Bucket=bucket, Id="all")["InventoryConfiguration"] == wanted
    changed = {**wanted, "IsEnabled": False}
    put(s3, bucket, changed)
    for n in range(100):
        put(s3, bucket, configuration(Id=f"more-{n:03}"))
    first = s3.list_bucket_inventory_configurations(Bucket=bucket)
    assert len(first["InventoryConfigurationList"]) == 100 and first["IsTruncated"]
    assert first["InventoryConfigurationList"][0] == changed
    second = s3.list_bucket_inventory_configurations(Bucket=bucket, ContinuationToken=first["NextContinuationToken"])
    assert [each["Id"] for each in second["InventoryConfigurationList"]] == ["more-099"] and not second["IsTruncated"]
    s3.delete_bucket_inventory_configuration(Bucket=bucket, Id="all")
    with refused("NoSuchConfiguration", 404):
        s3.get_bucket_inventory_configuration(Bucket=bucket, Id="all")
    with refused("NoSuchConfiguration", 404):
        s3.delete_bucket_inventory_configuration(Bucket=bucket, Id="all")


# What S3 refuses is refused when it is configured, and what is not built by name: a list that never comes is worse.
@pytest.mark.parametrize("wanted, code, text", [
    (configuration(destination={"Format": "ORC"}), "NotImplemented", "ORC"),
    (configuration(destination={"Format": "Parquet"}), "NotImplemented", "Parquet"),
    (configuration(OptionalFields=["ObjectAccessControlList"]), "NotImplemented", "ObjectAccessControlList"),
    (configuration(OptionalFields=["Colour"]), "MalformedXML", ""),
    (configuration(Schedule={"Frequency": "Hourly"}), "MalformedXML", ""),
    (configuration(destination={"Bucket": "lists"}), "InvalidArgument", "ARN"),
    (configuration(destination={"AccountId": "me"}), "InvalidArgument", "12 digits"),
    (configuration(Id="a b"), "InvalidArgument", "id"),
])
def test_refused(s3, bucket, wanted, code, text):
    with refused(code, text=text):
        put(s3, bucket, wanted)


# Configuring lists is a right of its own.
def test_rights(cloud, s3, bucket):
    with refused("InvalidArgument", 400):
        put(s3, bucket, configuration(), name="other")
    reader = cloud.make_user([{"Effect": "Allow", "Action": "s3:GetInventoryConfiguration", "Resource": f"arn:aws:s3:::{bucket}"}]).client("s3")
    assert not reader.list_bucket_inventory_configurations(Bucket=bucket)["IsTruncated"]
    with refused("AccessDenied", 403, "s3:PutInventoryConfiguration"):
        put(reader, bucket, configuration())


# A list comes by itself once the destination lets S3 in, survives a restart of the server, is encrypted as the destination asks by default, and pandas
# reads it by its manifest.
def test_delivery(binary, tmp_path):
    cloud = Cloud.start(binary, tmp_path / "data", "--no-tls", settings="inventory_seconds = 1\n")
    try:
        s3 = cloud.admin.client("s3")
        s3.create_bucket(Bucket="source")
        s3.create_bucket(Bucket="lists")
        keys = {"plain.txt": b"one", "with space & \u00e9/\"q\".bin": b"x" * 200_000, "empty": b""}
        for key, body in keys.items():
            s3.put_object(Bucket="source", Key=key, Body=body)
        put(s3, "source", configuration(OptionalFields=["Size", "LastModifiedDate", "ETag", "StorageClass", "EncryptionStatus", "ChecksumAlgorithm"]))
        wait_for(lambda: "does not let s3.amazonaws.com put there" in cloud.log_file.read_text(), what="the refusal in the log")
        assert "Contents" not in s3.list_objects_v2(Bucket="lists")
        cloud.stop()
        cloud.restart()
        s3 = cloud.admin.client("s3")
        key = cloud.admin.client("kms").create_key()["KeyMetadata"]["Arn"]
        s3.put_bucket_encryption(Bucket="lists", ServerSideEncryptionConfiguration={"Rules": [
            {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]})
        s3.put_bucket_policy(Bucket="lists", Policy=policy(allow({"Service": "s3.amazonaws.com"}, "s3:PutObject", "arn:aws:s3:::lists/*", **{
            "StringEquals": {"aws:SourceAccount": cloud.account, "s3:x-amz-acl": "bucket-owner-full-control"},
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}})))
        listed = wait_for(lambda: [entry["Key"] for entry in s3.list_objects_v2(Bucket="lists").get("Contents", [])
                                   if entry["Key"].endswith("manifest.checksum")], what="the inventory")
        text = read(s3, listed[0].replace("checksum", "json"))
        assert read(s3, listed[0]) == hashlib.md5(text).hexdigest().encode()
        manifest = json.loads(text)
        assert manifest["sourceBucket"] == "source" and manifest["destinationBucket"] == "arn:aws:s3:::lists" and manifest["fileFormat"] == "CSV"
        [file] = manifest["files"]
        for name in (listed[0], file["key"]):
            made = s3.head_object(Bucket="lists", Key=name)
            assert (made["ServerSideEncryption"], made["SSEKMSKeyId"]) == ("aws:kms", key), "as the destination wants it by default"
        packed = read(s3, file["key"])
        assert file["size"] == len(packed) and file["MD5checksum"] == hashlib.md5(packed).hexdigest()
        table = pandas.read_csv(io.BytesIO(packed), compression="gzip", names=manifest["fileSchema"].split(", "))
        assert dict(zip(map(urllib.parse.unquote, table["Key"]), table["Size"])) == {key: len(body) for key, body in keys.items()}
        assert set(table["StorageClass"]) == {"STANDARD"} and set(table["EncryptionStatus"]) == {"SSE-S3"}
        heads = {key: s3.head_object(Bucket="source", Key=key)["ETag"].strip('"') for key in keys}
        assert dict(zip(map(urllib.parse.unquote, table["Key"]), table["ETag"])) == heads
        assert pandas.to_datetime(table["LastModifiedDate"]).notna().all()
    finally:
        cloud.close()


def read(s3, key: str) -> bytes:
    return s3.get_object(Bucket="lists", Key=key)["Body"].read()
