"""The operator's tools: what takes space, whether all is whole, objects in and out."""

import json
import os
import pathlib
import random
import shutil
import time
import uuid

import pytest
from cloud import Cloud


def put_parts(s3, bucket: str, key: str, *parts: bytes) -> None:
    names = {"Bucket": bucket, "Key": key, "UploadId": s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]}
    done = [{"PartNumber": n, "ETag": s3.upload_part(**names, PartNumber=n, Body=body)["ETag"]} for n, body in enumerate(parts, 1)]
    s3.complete_multipart_upload(**names, MultipartUpload={"Parts": done})


# Older versions, markers and unfinished uploads take space too: they are counted beside the objects.
def test_du(cloud, s3):
    bucket = f"du-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for size in (1000, 2000):
        s3.put_object(Bucket=bucket, Key="raw/a", Body=b"x" * size)
    s3.put_object(Bucket=bucket, Key="raw/deep/er/b", Body=b"x" * 10)
    s3.put_object(Bucket=bucket, Key="gone", Body=b"x" * 5)
    s3.delete_object(Bucket=bucket, Key="gone")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="raw/part")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="raw/part", UploadId=upload, PartNumber=1, Body=b"x" * 700)

    def du(*arguments) -> dict:
        done = cloud.aloft("du", "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return {line.pop("Name"): line for line in json.loads(done.stdout)}

    whole = du()[f"s3://{bucket}"]
    assert whole == {"Objects": 2, "Bytes": 2010, "OlderVersions": 2, "OlderBytes": 1005, "DeleteMarkers": 1, "Uploads": 1, "UploadBytes": 700}
    rows = du(f"s3://{bucket}")
    assert rows[f"s3://{bucket}/raw/"]["Bytes"] == 2010 and rows[f"s3://{bucket}/"]["OlderBytes"] == 5
    deep = du(f"s3://{bucket}/raw/")
    assert deep[f"s3://{bucket}/raw/deep/"]["Objects"] == 1 and deep[f"s3://{bucket}/raw/"]["UploadBytes"] == 700
    table = cloud.aloft("du", f"s3://{bucket}", "-b").stdout
    assert "total" in table and "2010" in table
    assert cloud.aloft("du", "nonsense").returncode == 1 and cloud.aloft("du", "s3://no-such-bucket-here").returncode == 1


# After a bad day: damage of each kind is found, what can be mended is, and the exit status tells scripts.
def test_fsck(own_cloud):
    cloud = own_cloud
    s3 = cloud.admin.client("s3")
    s3.create_bucket(Bucket="data")
    for key in ("whole", "damaged", "lost"):
        s3.put_object(Bucket="data", Key=key, Body=os.urandom(200_000))
    put_parts(s3, "data", "parts", os.urandom(5 << 20), os.urandom(100))
    clean = cloud.aloft("fsck")
    assert clean.returncode == 0 and "nothing is wrong" in clean.stdout, clean.stderr

    blobs = {path for path in (cloud.data / "blob").glob("??/*")}
    s3.put_object(Bucket="data", Key="damaged", Body=b"y" * 200_000)
    (damaged,) = {path for path in (cloud.data / "blob").glob("??/*")} - blobs
    s3.put_object(Bucket="data", Key="lost", Body=b"z" * 200_000)
    (lost,) = {path for path in (cloud.data / "blob").glob("??/*")} - blobs - {damaged}
    with open(damaged, "r+b") as file:
        file.seek(100_000)
        byte = file.read(1)
        file.seek(100_000)
        file.write(bytes([byte[0] ^ 1]))
    lost.unlink()
    orphan = cloud.data / "blob" / "00" / ("00" + "a" * 30)
    orphan.parent.mkdir(exist_ok=True)
    shutil.copy(next(path for path in blobs if path.exists()), orphan)
    os.utime(orphan, (time.time() - 9000,) * 2)

    quick = cloud.aloft("fsck", "--quick")
    assert quick.returncode == 2 and "missing bytes" in quick.stderr and "damaged" not in quick.stderr.replace("data/damaged", "")
    full = cloud.aloft("fsck")
    assert full.returncode == 2
    assert all(word in full.stderr for word in ("missing bytes", "damaged bytes", "orphan blob", "data/lost", "data/damaged"))
    assert orphan.exists()
    repair = cloud.aloft("fsck", "--repair")
    assert repair.returncode == 2 and "repaired  orphan blob" in repair.stderr and not orphan.exists()
    for key in ("lost", "damaged"):
        s3.put_object(Bucket="data", Key=key, Body=b"again")
    assert cloud.aloft("fsck").returncode == 0

    # Only who may.
    user = cloud.make_user(policy={"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    denied = cloud.aloft("fsck", identity=user)
    assert denied.returncode == 1 and "aloft:CheckObjects" in denied.stderr

    # On the directory itself, where no server runs.
    busy = cloud.aloft("fsck", "--data", str(cloud.data))
    assert busy.returncode == 1
    cloud.stop()
    offline = cloud.aloft("fsck", "--data", str(cloud.data))
    assert offline.returncode == 0 and "nothing is wrong" in offline.stdout, offline.stderr
    absent = cloud.aloft("fsck", "--data", str(cloud.data) + "-none")
    assert absent.returncode == 1 and not pathlib.Path(str(cloud.data) + "-none").exists()
    cloud.restart()
    assert s3.get_object(Bucket="data", Key="whole")["ContentLength"] == 200_000


@pytest.fixture(scope="module")
def elsewhere(binary, tmp_path_factory):
    """Another S3 endpoint, with objects of every kind in it."""
    cloud = Cloud.start(binary, tmp_path_factory.mktemp("elsewhere") / "data")
    s3 = cloud.admin.client("s3")
    s3.create_bucket(Bucket="lake")
    seeded = random.Random(7)
    cloud.bodies = {}
    for key, size in [("raw/empty", 0), ("raw/small", 10), ("raw/a b+c&d=ä.csv", 1000), ("raw/large", 300_000), ("raw/deep/x", 70_000), ("other", 5)]:
        cloud.bodies[key] = seeded.randbytes(size)
        s3.put_object(Bucket="lake", Key=key, Body=cloud.bodies[key], ContentType="text/csv", CacheControl="max-age=5",
                      Metadata={"owner": "me"}, Tagging="team=ml&a%20b=c%26d")
    parts = [seeded.randbytes(5 << 20), seeded.randbytes(5 << 20), seeded.randbytes(1234)]
    cloud.bodies["raw/parts"] = b"".join(parts)
    put_parts(s3, "lake", "raw/parts", *parts)
    yield cloud
    cloud.close()


def profiles(path: pathlib.Path, **clouds) -> dict[str, str]:
    """Variables for the command line by which profiles of these names are found."""
    config, credentials = "", ""
    for name, cloud in clouds.items():
        config += f"[profile {name}]\nregion = {cloud.region}\nendpoint_url = {cloud.url}\nca_bundle = {cloud.ca_file}\n"
        credentials += f"[{name}]\naws_access_key_id = {cloud.admin.access_key_id}\naws_secret_access_key = {cloud.admin.secret}\n"
    (path / "config").write_text(config)
    (path / "credentials").write_text(credentials)
    return {"AWS_CONFIG_FILE": str(path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(path / "credentials")}


# Objects come with their bytes, metadata and tags; what is there is not copied again; what changed is.
def test_import(cloud, s3, elsewhere, tmp_path):
    bucket = f"in-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    found = profiles(tmp_path, far=elsewhere)

    def run(*arguments):
        return cloud.aloft("import", "s3://lake/raw/", f"s3://{bucket}/here/", "--from-profile", "far", *arguments, **found)

    dry = run("--dry-run")
    assert dry.returncode == 0 and "6 objects would be copied" in dry.stdout and "Contents" not in s3.list_objects_v2(Bucket=bucket)
    done = run()
    assert done.returncode == 0, done.stderr
    assert "6 objects copied and verified" in done.stdout
    far = elsewhere.admin.client("s3")
    for key, body in elsewhere.bodies.items():
        if not key.startswith("raw/"):
            continue
        got = s3.get_object(Bucket=bucket, Key="here/" + key[4:])
        assert got["Body"].read() == body
        assert got["ETag"] == far.head_object(Bucket="lake", Key=key)["ETag"]
        if key != "raw/parts":
            assert (got["ContentType"], got["CacheControl"], got["Metadata"]) == ("text/csv", "max-age=5", {"owner": "me"})
            tags = s3.get_object_tagging(Bucket=bucket, Key="here/" + key[4:])["TagSet"]
            assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "ml", "a b": "c&d"}
    assert "0 objects copied" in run().stdout
    far.put_object(Bucket="lake", Key="raw/small", Body=b"changed")
    again = run()
    assert "1 objects copied and verified" in again.stdout and "5 were there" in again.stdout
    assert s3.get_object(Bucket=bucket, Key="here/small")["Body"].read() == b"changed"
    far.put_object(Bucket="lake", Key="raw/small", Body=elsewhere.bodies["raw/small"])


# An import that was cut off goes on: parts that were sent are not sent again, and the whole is verified.
def test_import_goes_on(cloud, s3, elsewhere, tmp_path):
    bucket = f"in-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    body = elsewhere.bodies["raw/parts"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=body[:5 << 20])
    found = profiles(tmp_path, far=elsewhere)
    done = cloud.aloft("import", "s3://lake/raw/parts", f"s3://{bucket}/parts", "--from-profile", "far", **found)
    assert done.returncode == 0, done.stderr
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == body
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket), "the upload that was there was completed"
    # A part that is wrong is found by the whole's ETag, and the object is copied anew.
    s3.delete_object(Bucket=bucket, Key="parts")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"w" * (5 << 20))
    done = cloud.aloft("import", "s3://lake/raw/parts", f"s3://{bucket}/parts", "--from-profile", "far", **found)
    assert done.returncode == 0, done.stderr
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == body


# A history moves as a whole: every version and marker in its order, nothing twice, and what came since is added.
def test_import_versions(cloud, s3, elsewhere, tmp_path):
    far, found = elsewhere.admin.client("s3"), profiles(tmp_path, far=elsewhere)
    here, there = f"in-{uuid.uuid4().hex[:8]}", f"from-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=here)
    far.create_bucket(Bucket=there)
    far.put_object(Bucket=there, Key="k", Body=b"before versions")
    far.put_bucket_versioning(Bucket=there, VersioningConfiguration={"Status": "Enabled"})
    far.put_object(Bucket=there, Key="k", Body=b"second", Metadata={"n": "2"}, Tagging="a=b")
    far.delete_object(Bucket=there, Key="k")
    far.put_object(Bucket=there, Key="k", Body=b"x" * 300_000)
    put_parts(far, there, "k-parts", b"p" * (5 << 20), b"q")
    far.put_object(Bucket=there, Key="gone", Body=b"x")
    far.delete_object(Bucket=there, Key="gone")

    def history(client, bucket):
        page = client.list_object_versions(Bucket=bucket)
        return ([(version["Key"], version["IsLatest"], version["ETag"]) for version in page["Versions"]],
                [(marker["Key"], marker["IsLatest"]) for marker in page["DeleteMarkers"]])

    def run():
        return cloud.aloft("import", f"s3://{there}", f"s3://{here}", "--from-profile", "far", "--versions", **found)

    refused = run()
    assert refused.returncode == 1 and "enable its versioning first" in refused.stderr
    s3.put_bucket_versioning(Bucket=here, VersioningConfiguration={"Status": "Enabled"})
    done = run()
    assert done.returncode == 0 and "7 objects copied and verified" in done.stdout, done.stdout + done.stderr
    assert history(s3, here) == history(far, there)
    second = s3.list_object_versions(Bucket=here, Prefix="k")["Versions"][1]
    head = s3.head_object(Bucket=here, Key="k", VersionId=second["VersionId"])
    assert head["Metadata"] == {"n": "2"} and head["ContentLength"] == 6
    far.put_object(Bucket=there, Key="gone", Body=b"back")
    again = run()
    assert "1 objects copied and verified" in again.stdout and "7 were there" in again.stdout, again.stdout + again.stderr
    assert history(s3, here) == history(far, there)
    # What somebody else wrote there is not mixed with it.
    s3.put_object(Bucket=here, Key="mine", Body=b"mine")
    far.put_object(Bucket=there, Key="mine", Body=b"theirs")
    mixed = run()
    assert mixed.returncode == 1 and "are not its versions" in mixed.stderr
    assert s3.get_object(Bucket=here, Key="mine")["Body"].read() == b"mine"


# What fails is named, the rest is copied, and the exit status says that something is missing.
def test_import_failures(cloud, s3, elsewhere, tmp_path):
    bucket = f"in-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    far = elsewhere.admin.client("s3")
    far.put_object(Bucket="lake", Key="raw/frozen", Body=b"x" * 1000, StorageClass="GLACIER")
    found = profiles(tmp_path, far=elsewhere)
    done = cloud.aloft("import", "s3://lake/raw/", f"s3://{bucket}", "--from-profile", "far", **found)
    far.delete_object(Bucket="lake", Key="raw/frozen")
    assert done.returncode == 1 and "s3://lake/raw/frozen: InvalidObjectState" in done.stderr and "1 objects were not copied" in done.stderr
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 6
    for source, target in [("s3://lake", "s3://no-such-bucket-here"), ("s3://no-such-bucket-here", f"s3://{bucket}"), ("lake", f"s3://{bucket}")]:
        assert cloud.aloft("import", source, target, "--from-profile", "far", **found).returncode == 1
    assert cloud.aloft("import", "s3://lake", f"s3://{bucket}", "--from-profile", "absent", **found).returncode == 1


# Files: whole, verified, with the objects' times; a second run finds them; an interrupted one goes on.
def test_export(cloud, s3, bucket, tmp_path):
    bodies = {"a": b"1", "deep/b": os.urandom(300_000), "deep/er/c d": b"", "ä": b"2"}
    for key, body in bodies.items():
        s3.put_object(Bucket=bucket, Key="p/" + key, Body=body)
    big = os.urandom((5 << 20) * 2 + 77)
    put_parts(s3, bucket, "p/parts", big[:5 << 20], big[5 << 20:])
    out = tmp_path / "out"
    done = cloud.aloft("export", f"s3://{bucket}/p/", str(out))
    assert done.returncode == 0, done.stderr
    for key, body in {**bodies, "parts": big}.items():
        assert (out / key).read_bytes() == body
    assert int((out / "a").stat().st_mtime) == int(s3.head_object(Bucket=bucket, Key="p/a")["LastModified"].timestamp())
    assert "5 were there" in cloud.aloft("export", f"s3://{bucket}/p/", str(out)).stdout
    # What an earlier run left is used, and checked.
    etag = s3.head_object(Bucket=bucket, Key="p/parts")["ETag"].strip('"')
    for left in (big[:3_000_000], b"w" * 3_000_000):
        (out / "parts").unlink()
        (out / f"parts.{etag}.aloft-part").write_bytes(left)
        assert cloud.aloft("export", f"s3://{bucket}/p/", str(out)).returncode == 0
        assert (out / "parts").read_bytes() == big
    assert not list(out.rglob("*.aloft-part"))
    # Keys that are no paths are left out by name; nothing is written outside.
    s3.put_object(Bucket=bucket, Key="p/../../evil", Body=b"x")
    refused = cloud.aloft("export", f"s3://{bucket}/p/", str(out))
    assert refused.returncode == 1 and "evil" in refused.stderr and not (tmp_path / "evil").exists() and not (tmp_path.parent / "evil").exists()


# Out to another endpoint: the same tool the other way.
def test_export_to_an_endpoint(cloud, s3, bucket, elsewhere, tmp_path):
    s3.put_object(Bucket=bucket, Key="k", Body=b"out")
    far = elsewhere.admin.client("s3")
    far.create_bucket(Bucket="backup")
    found = profiles(tmp_path, far=elsewhere)
    done = cloud.aloft("export", f"s3://{bucket}", "s3://backup/x/", "--to-profile", "far", **found)
    assert done.returncode == 0, done.stderr
    assert far.get_object(Bucket="backup", Key="x/k")["Body"].read() == b"out"
