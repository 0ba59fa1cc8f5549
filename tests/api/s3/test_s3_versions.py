"""Versions: nothing that was written is lost by being overwritten or deleted, and everything can be found again."""

import pytest
from raw import signed
from s3_client import allow, policy, refused


@pytest.fixture
def versioned(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    yield bucket
    s3.delete_bucket_policy(Bucket=bucket)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


# The state of a bucket as AWS tells it: nothing before it was ever enabled, and never nothing again.
def test_states(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    for state in ["Enabled", "Suspended", "Enabled"]:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": state})
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == state
    with refused("NotImplemented", 501, "MfaDelete"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"})
    with refused("MalformedXML", 400):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "On"})


# Every version stays readable by its id, with its own metadata and tags.
def test_every_version_is_kept(s3, versioned):
    ids = [s3.put_object(Bucket=versioned, Key="k", Body=str(i).encode(), Metadata={"n": str(i)}, Tagging=f"n={i}")["VersionId"]
           for i in range(3)]
    assert len(set(ids)) == 3
    latest = s3.get_object(Bucket=versioned, Key="k")
    assert latest["Body"].read() == b"2" and latest["VersionId"] == ids[2]
    for i, version in enumerate(ids):
        got = s3.get_object(Bucket=versioned, Key="k", VersionId=version)
        assert got["Body"].read() == str(i).encode() and got["VersionId"] == version and got["Metadata"] == {"n": str(i)}
        assert s3.head_object(Bucket=versioned, Key="k", VersionId=version)["ContentLength"] == 1
        assert s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=version)["TagSet"] == [{"Key": "n", "Value": str(i)}]
        assert s3.get_object_attributes(Bucket=versioned, Key="k", VersionId=version, ObjectAttributes=["ObjectSize"])["VersionId"] == version
    s3.put_object_tagging(Bucket=versioned, Key="k", VersionId=ids[0], Tagging={"TagSet": []})
    assert s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=ids[2])["TagSet"], "the others keep theirs"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=ids[0])
    with refused("NoSuchVersion", 404):
        s3.get_object(Bucket=versioned, Key="k", VersionId=ids[0])
    with refused("InvalidArgument", 400):
        s3.get_object(Bucket=versioned, Key="k", VersionId="no version")


# Deleting hides; the marker says so, can be removed, and then the object is back.
def test_delete_markers(cloud, s3, versioned):
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"] is True and deleted["VersionId"] != first
    got = signed(cloud.admin, "s3", "GET", f"/{versioned}/k")
    assert got.status_code == 404 and "<Code>NoSuchKey</Code>" in got.text
    assert got.headers["x-amz-delete-marker"] == "true" and got.headers["x-amz-version-id"] == deleted["VersionId"]
    got = signed(cloud.admin, "s3", "GET", f"/{versioned}/k?versionId={deleted['VersionId']}")
    assert got.status_code == 405 and "<Code>MethodNotAllowed</Code>" in got.text
    assert got.headers["x-amz-delete-marker"] == "true" and got.headers["Allow"] == "DELETE" and "Last-Modified" in got.headers
    head = signed(cloud.admin, "s3", "HEAD", f"/{versioned}/k")
    assert head.status_code == 404 and head.headers["x-amz-delete-marker"] == "true"
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    page = s3.list_object_versions(Bucket=versioned)
    assert [(m["VersionId"], m["IsLatest"]) for m in page["DeleteMarkers"]] == [(deleted["VersionId"], True)]
    assert [(v["VersionId"], v["IsLatest"]) for v in page["Versions"]] == [(first, False)]
    gone = s3.delete_object(Bucket=versioned, Key="k", VersionId=deleted["VersionId"])
    assert gone["DeleteMarker"] is True and gone["VersionId"] == deleted["VersionId"]
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"1"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=first)
    assert "Versions" not in s3.list_object_versions(Bucket=versioned)


# While suspended there is one version without an id, and what had ids keeps them.
def test_suspended(s3, versioned):
    kept = s3.put_object(Bucket=versioned, Key="k", Body=b"kept")["VersionId"]
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    for body in [b"a", b"b"]:
        assert s3.put_object(Bucket=versioned, Key="k", Body=body).get("VersionId") in (None, "null")
    versions = s3.list_object_versions(Bucket=versioned)["Versions"]
    assert [v["VersionId"] for v in versions] == ["null", kept]
    assert s3.get_object(Bucket=versioned, Key="k", VersionId="null")["Body"].read() == b"b"
    assert s3.get_object(Bucket=versioned, Key="k", VersionId=kept)["Body"].read() == b"kept"
    assert s3.delete_object(Bucket=versioned, Key="k")["DeleteMarker"] is True
    assert [v["VersionId"] for v in s3.list_object_versions(Bucket=versioned)["Versions"]] == [kept], "the null version went"


# Versions in pages, with prefixes rolled up: nothing twice, nothing lost, newest first.
def test_listing(s3, versioned):
    made = {}
    for key in ["a/1", "a/2", "b", "c"]:
        made[key] = [s3.put_object(Bucket=versioned, Key=key, Body=b"x")["VersionId"] for _ in range(3)][::-1]
    marker = s3.delete_object(Bucket=versioned, Key="b")["VersionId"]
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=versioned, PaginationConfig={"PageSize": 2}))
    seen = [(v["Key"], v["VersionId"]) for p in pages for v in p.get("Versions", [])]
    assert seen == [(key, version) for key in sorted(made) for version in made[key]]
    assert [m["VersionId"] for p in pages for m in p.get("DeleteMarkers", [])] == [marker]
    rolled = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert [c["Prefix"] for c in rolled["CommonPrefixes"]] == ["a/"] and {v["Key"] for v in rolled["Versions"]} == {"b", "c"}
    after = s3.list_object_versions(Bucket=versioned, KeyMarker="a/2", VersionIdMarker=made["a/2"][0], MaxKeys=1)
    assert after["Versions"][0]["VersionId"] == made["a/2"][1]
    with refused("InvalidArgument", 400):
        s3.list_object_versions(Bucket=versioned, VersionIdMarker=made["b"][0])


# A bucket that never had versions lists its objects as the version "null".
def test_never_enabled(s3, bucket):
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    [version] = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert version["VersionId"] == "null" and version["IsLatest"]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"x"


# Deleting many by version: some hide, some remove, each says which.
def test_delete_objects(s3, versioned):
    first = s3.put_object(Bucket=versioned, Key="a", Body=b"1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="a", Body=b"2")
    s3.put_object(Bucket=versioned, Key="b", Body=b"1")
    done = {d["Key"]: d for d in s3.delete_objects(Bucket=versioned, Delete={"Objects": [
        {"Key": "a", "VersionId": first}, {"Key": "b"}]})["Deleted"]}
    assert done["a"]["VersionId"] == first and "DeleteMarker" not in done["a"]
    assert done["b"]["DeleteMarker"] is True and done["b"]["DeleteMarkerVersionId"]
    assert s3.get_object(Bucket=versioned, Key="a")["Body"].read() == b"2"


# An older version is brought back by copying it over the newer one.
def test_copy_brings_back(s3, versioned):
    old = s3.put_object(Bucket=versioned, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"new")
    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource={"Bucket": versioned, "Key": "k", "VersionId": old})
    assert copied["CopySourceVersionId"] == old and copied["VersionId"] not in (old, None)
    assert s3.get_object(Bucket=versioned, Key="k")["Body"].read() == b"old"
    upload = s3.create_multipart_upload(Bucket=versioned, Key="parts")["UploadId"]
    part = s3.upload_part_copy(Bucket=versioned, Key="parts", UploadId=upload, PartNumber=1,
                               CopySource={"Bucket": versioned, "Key": "k", "VersionId": old})["CopyPartResult"]["ETag"]
    done = s3.complete_multipart_upload(Bucket=versioned, Key="parts", UploadId=upload,
                                        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
    assert done["VersionId"] and s3.get_object(Bucket=versioned, Key="parts", VersionId=done["VersionId"])["Body"].read() == b"old"


# A copy of what a marker hides is a copy of nothing; of the marker itself it is a mistake, and AWS says which.
def test_copy_of_a_marker(s3, versioned):
    s3.put_object(Bucket=versioned, Key="k", Body=b"x")
    marker = s3.delete_object(Bucket=versioned, Key="k")["VersionId"]
    with refused("NoSuchKey", 404):
        s3.copy_object(Bucket=versioned, Key="copy", CopySource=f"{versioned}/k")
    with refused("InvalidRequest", 400, "may not specifically refer to a delete marker"):
        s3.copy_object(Bucket=versioned, Key="copy", CopySource={"Bucket": versioned, "Key": "k", "VersionId": marker})


# Who may read and hide need not be able to look back or destroy.
def test_version_rights(cloud, s3, versioned):
    user = cloud.make_user()
    old = s3.put_object(Bucket=versioned, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"new")
    s3.put_bucket_policy(Bucket=versioned, Policy=policy(
        allow({"AWS": f"arn:aws:iam::{cloud.account}:user/{user.name}"}, ["s3:GetObject", "s3:DeleteObject"], f"arn:aws:s3:::{versioned}/*")))
    theirs = user.client("s3")
    assert theirs.get_object(Bucket=versioned, Key="k")["Body"].read() == b"new"
    for call in [lambda: theirs.get_object(Bucket=versioned, Key="k", VersionId=old),
                 lambda: theirs.delete_object(Bucket=versioned, Key="k", VersionId=old),
                 lambda: theirs.copy_object(Bucket=versioned, Key="x", CopySource={"Bucket": versioned, "Key": "k", "VersionId": old}),
                 lambda: theirs.list_object_versions(Bucket=versioned)]:
        with refused("AccessDenied", 403):
            call()
    theirs.delete_object(Bucket=versioned, Key="k")
    s3.put_bucket_policy(Bucket=versioned, Policy=policy(
        allow({"AWS": f"arn:aws:iam::{cloud.account}:user/{user.name}"}, "s3:GetObjectVersion", f"arn:aws:s3:::{versioned}/*",
              StringEquals={"s3:VersionId": old})))
    assert theirs.get_object(Bucket=versioned, Key="k", VersionId=old)["Body"].read() == b"old"


# A bucket with nothing but old versions is not empty.
def test_not_empty(s3, versioned):
    s3.put_object(Bucket=versioned, Key="k", Body=b"x")
    s3.delete_object(Bucket=versioned, Key="k")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=versioned)


# Of a version that is named, that version's tags decide who reads it, whatever the latest one's are.
def test_tags_of_a_version_decide(cloud, s3, versioned):
    red = s3.put_object(Bucket=versioned, Key="k", Body=b"x", Tagging="color=red")["VersionId"]
    blue = s3.put_object(Bucket=versioned, Key="k", Body=b"y", Tagging="color=blue")["VersionId"]
    theirs = cloud.make_user([{"Effect": "Allow", "Action": "s3:GetObject*", "Resource": f"arn:aws:s3:::{versioned}/*",
                               "Condition": {"StringEquals": {"s3:ExistingObjectTag/color": "red"}}}]).client("s3")
    assert theirs.get_object(Bucket=versioned, Key="k", VersionId=red)["Body"].read() == b"x"
    for version in [{"VersionId": blue}, {}]:
        with refused("AccessDenied", 403):
            theirs.get_object(Bucket=versioned, Key="k", **version)
