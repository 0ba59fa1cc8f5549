"""Object lock: what must not be deleted is not deleted, by anybody, until its time."""

import datetime
import uuid

import pytest
from s3_client import refused


def later(**span) -> datetime.datetime:
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**span)).replace(microsecond=0)


@pytest.fixture
def locked(s3):
    """A bucket with object lock. What compliance holds stays behind with the server's data."""
    name = f"lock-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


# Lock comes with versioning, from the first moment or not without it.
def test_configuration(s3, bucket, locked):
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    assert s3.get_bucket_versioning(Bucket=locked)["Status"] == "Enabled"
    with refused("InvalidBucketState", 409):
        s3.put_bucket_versioning(Bucket=locked, VersioningConfiguration={"Status": "Suspended"})
    rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}}
    s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration=rule)
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"] == rule
    with refused("InvalidBucketState", 409):
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=rule)
    for broken in [{"Mode": "GOVERNANCE"}, {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}]:
        with refused("MalformedXML", 400):
            s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration={**rule, "Rule": {"DefaultRetention": broken}})


# Governance holds until somebody with the right to bypass it says so.
def test_governance(cloud, s3, locked):
    until = later(days=1)
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until)["VersionId"]
    head = s3.head_object(Bucket=locked, Key="k")
    assert head["ObjectLockMode"] == "GOVERNANCE" and head["ObjectLockRetainUntilDate"] == until
    assert s3.get_object_retention(Bucket=locked, Key="k")["Retention"] == {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    with refused("AccessDenied", 403):
        s3.delete_object(Bucket=locked, Key="k", VersionId=version)
    with refused("AccessDenied", 403):
        s3.put_object_retention(Bucket=locked, Key="k", VersionId=version,
                                Retention={"Mode": "GOVERNANCE", "RetainUntilDate": later(hours=1)})
    s3.delete_object(Bucket=locked, Key="k")
    assert s3.get_object(Bucket=locked, Key="k", VersionId=version)["Body"].read() == b"x", "a marker hides, nothing is lost"
    weak = cloud.make_user([{"Effect": "Allow", "Action": ["s3:DeleteObjectVersion"], "Resource": f"arn:aws:s3:::{locked}/*"}]).client("s3")
    with refused("AccessDenied", 403):
        weak.delete_object(Bucket=locked, Key="k", VersionId=version, BypassGovernanceRetention=True)
    s3.delete_object(Bucket=locked, Key="k", VersionId=version, BypassGovernanceRetention=True)
    with refused("NoSuchVersion", 404):
        s3.get_object(Bucket=locked, Key="k", VersionId=version)


# Compliance defeats the administrator too.
def test_compliance(s3, locked):
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=later(days=1))["VersionId"]
    for bypass in [False, True]:
        with refused("AccessDenied", 403):
            s3.delete_object(Bucket=locked, Key="k", VersionId=version, BypassGovernanceRetention=bypass)
        with refused("AccessDenied", 403):
            s3.put_object_retention(Bucket=locked, Key="k", VersionId=version, BypassGovernanceRetention=bypass,
                                    Retention={"Mode": "COMPLIANCE", "RetainUntilDate": later(hours=1)})
    s3.put_object_retention(Bucket=locked, Key="k", VersionId=version,
                            Retention={"Mode": "COMPLIANCE", "RetainUntilDate": later(days=2)})
    answer = s3.delete_objects(Bucket=locked, Delete={"Objects": [{"Key": "k", "VersionId": version}]}, BypassGovernanceRetention=True)
    assert answer["Errors"][0]["Code"] == "AccessDenied"


# A legal hold has no date: it holds until it is lifted.
def test_legal_hold(s3, locked):
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockLegalHoldStatus="ON")["VersionId"]
    assert s3.get_object_legal_hold(Bucket=locked, Key="k")["LegalHold"]["Status"] == "ON"
    with refused("AccessDenied", 403):
        s3.delete_object(Bucket=locked, Key="k", VersionId=version, BypassGovernanceRetention=True)
    s3.put_object_legal_hold(Bucket=locked, Key="k", LegalHold={"Status": "OFF"})
    assert s3.get_object_legal_hold(Bucket=locked, Key="k")["LegalHold"]["Status"] == "OFF"
    s3.delete_object(Bucket=locked, Key="k", VersionId=version)


# The bucket's default binds what comes without a lock of its own.
def test_default_retention(s3, locked):
    s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Years": 1}}})
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x")["VersionId"]
    retention = s3.get_object_retention(Bucket=locked, Key="k")["Retention"]
    assert retention["Mode"] == "GOVERNANCE" and retention["RetainUntilDate"] > later(days=360)
    with refused("AccessDenied", 403):
        s3.delete_object(Bucket=locked, Key="k", VersionId=version)


# Locks where there is no lock, half a lock, and a lock that is over before it begins.
def test_refusals(s3, bucket, locked):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with refused("InvalidRequest", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=later(days=1))
    with refused("InvalidRequest", 400):
        s3.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "ON"})
    with refused("InvalidArgument", 400):
        s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE")
    with refused("InvalidArgument", 400):
        s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=later(days=-1))
    s3.put_object(Bucket=locked, Key="free", Body=b"x")
    with refused("NoSuchObjectLockConfiguration", 404):
        s3.get_object_retention(Bucket=locked, Key="free")
