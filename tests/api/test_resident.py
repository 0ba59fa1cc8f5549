"""Answers on the thread that read the request: the same as on the pool, cold or warm, and the server says which it was."""

import json
import re

import pytest
from botocore.exceptions import ClientError
from cloud import wait_for
from raw import send


def counted(cloud, name: str) -> int:
    found = re.search(rf"^aloft_requests_{name}_total (\d+)$", send(cloud, "GET", "/metrics").text, re.MULTILINE)
    return int(found.group(1)) if found else 0


# After a restart nothing is in memory: the first read waits for the disk, on the pool; the second needs neither. Both say the same. What is too large
# for the index lies in a file, which no socket's thread opens.
def test_cold_then_warm(own_cloud):
    cloud = own_cloud
    s3 = cloud.admin.client("s3")
    s3.create_bucket(Bucket="resident")
    bodies = {"small": b"s" * 4096, "large": b"l" * 300_000}
    for key, body in bodies.items():
        s3.put_object(Bucket="resident", Key=key, Body=body, Metadata={"of": key})
    cloud.stop()
    cloud.restart()
    s3 = cloud.admin.client("s3")

    def get(key: str) -> tuple[int, int]:
        before = counted(cloud, "resident"), counted(cloud, "handed_over")
        got = s3.get_object(Bucket="resident", Key=key)
        assert got["Body"].read() == bodies[key] and got["Metadata"] == {"of": key}

        def where() -> tuple[int, int] | None:  # it is counted after it was answered
            now = counted(cloud, "resident") - before[0], counted(cloud, "handed_over") - before[1]
            return now if sum(now) else None

        return wait_for(where)

    assert get("small") == (0, 1)
    assert get("small") == (1, 0)
    assert get("large") == (0, 1)
    assert get("large") == (0, 1)


# A refusal and an absence are answers too, and the same ones; a right that was taken away is gone at once.
def test_refusals(own_cloud):
    cloud = own_cloud
    admin = cloud.admin.client("s3")
    admin.create_bucket(Bucket="resident")
    admin.put_object(Bucket="resident", Key="mine", Body=b"1")
    reader = cloud.make_user({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::resident/*"})
    s3 = reader.client("s3")
    for _ in range(2):
        assert s3.get_object(Bucket="resident", Key="mine")["Body"].read() == b"1"
        with pytest.raises(ClientError, match="AccessDenied"):  # without the right to list, absence is nobody's business
            s3.get_object(Bucket="resident", Key="none")
        with pytest.raises(ClientError, match="NoSuchKey"):
            admin.get_object(Bucket="resident", Key="none")
    iam = cloud.admin.client("iam")
    for name in iam.list_user_policies(UserName=reader.name)["PolicyNames"]:
        iam.delete_user_policy(UserName=reader.name, PolicyName=name)
    for _ in range(2):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket="resident", Key="mine")


# What a trail wants recorded is recorded once, wherever the change was answered: tried here and brought to its end on the pool, or answered here.
def test_a_recorded_change_is_recorded_once(own_cloud, tmp_path):
    cloud = own_cloud
    s3, trails = cloud.admin.client("s3"), cloud.admin.client("cloudtrail")
    for bucket in ("watched", "files"):
        s3.create_bucket(Bucket=bucket)
    trails.create_trail(Name="data", S3BucketName="files")
    trails.put_event_selectors(TrailName="data", EventSelectors=[{
        "ReadWriteType": "WriteOnly", "IncludeManagementEvents": False, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::watched/"]}]}])
    trails.start_logging(Name="data")
    cloud.stop()
    cloud.restart()
    s3 = cloud.admin.client("s3")
    before = counted(cloud, "resident"), counted(cloud, "handed_over")
    for i in range(4):
        s3.put_object(Bucket="watched", Key=f"k{i}", Body=b"x" * 4096)
    wait_for(lambda: counted(cloud, "resident") - before[0] + counted(cloud, "handed_over") - before[1] == 4 or None)
    assert counted(cloud, "resident") > before[0] and counted(cloud, "handed_over") > before[1]  # warm, and cold before
    cloud.stop()
    export = tmp_path / "export.jsonl"
    made = cloud.aloft("audit", "export", "--data", str(cloud.data), "--out", str(export))
    assert made.returncode == 0, made.stderr
    records = [json.loads(line)["event"] for line in export.read_text().splitlines() if '"eventName":"PutObject"' in line]
    assert sorted(record["requestParameters"]["key"] for record in records) == [f"k{i}" for i in range(4)]
