"""Bucket policies, the public access block, and who gets in by them."""

import json

import pytest
import requests
from s3_client import allow, deny, open_to_policies, policy, refused


def anonymous(cloud, method: str, path: str, **options) -> requests.Response:
    return requests.request(method, cloud.url + path, verify=str(cloud.ca_file or True), timeout=30, **options)


# A policy is kept as it was put, judged, and removed.
def test_round_trip(cloud, s3, bucket):
    text = policy(allow({"AWS": f"arn:aws:iam::{cloud.account}:root"}, "s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(text)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": False}
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_bucket_policy(Bucket=bucket)
    with refused("NoSuchBucketPolicy", 404):
        s3.get_bucket_policy(Bucket=bucket)
    with refused("NoSuchBucketPolicy", 404):
        s3.get_bucket_policy_status(Bucket=bucket)


# A policy with a mistake must not be stored: it would say less, or more, than its writer means.
@pytest.mark.parametrize("text", [
    "{}", "[]", "{", '{"Statement":[]}', policy({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::BUCKET"}),
    policy(allow("*", "sqs:SendMessage", "arn:aws:s3:::BUCKET")), policy(allow("*", "s3:GetObject", "arn:aws:s3:::other/*")),
    policy(allow("*", "s3:GetObject", "arn:aws:s3:::BUCKET/*", StringSame={"aws:username": "x"})),
    policy({**allow("*", "s3:GetObject", "arn:aws:s3:::BUCKET/*"), "Effect": "Maybe"}),
])
def test_malformed(s3, bucket, text):
    with refused("MalformedPolicy", 400):
        s3.put_bucket_policy(Bucket=bucket, Policy=text.replace("BUCKET", bucket))


# New buckets are closed to the public, whatever somebody pastes into a policy.
def test_public_access_block(cloud, s3, bucket):
    public = policy(allow("*", "s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    with refused("AccessDenied", 403, "BlockPublicPolicy"):
        s3.put_bucket_policy(Bucket=bucket, Policy=public)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    s3.put_bucket_policy(Bucket=bucket, Policy=public)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert anonymous(cloud, "GET", f"/{bucket}/k").status_code == 403, "restricted"
    s3.delete_public_access_block(Bucket=bucket)
    with refused("NoSuchPublicAccessBlockConfiguration", 404):
        s3.get_public_access_block(Bucket=bucket)
    assert anonymous(cloud, "GET", f"/{bucket}/k").text == "hello"


# Nobody without credentials gets in but by the policy, and only as far as it goes.
def test_anonymous(cloud, s3, bucket):
    open_to_policies(s3, bucket)
    s3.put_object(Bucket=bucket, Key="public/k", Body=b"hello")
    s3.put_object(Bucket=bucket, Key="private/k", Body=b"secret")
    assert anonymous(cloud, "GET", f"/{bucket}/public/k").status_code == 403
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("*", ["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/public/*")))
    assert anonymous(cloud, "GET", f"/{bucket}/public/k").text == "hello"
    assert anonymous(cloud, "HEAD", f"/{bucket}/public/k").headers["Content-Length"] == "5"
    assert anonymous(cloud, "PUT", f"/{bucket}/public/new", data=b"mine").status_code == 200
    assert s3.get_object(Bucket=bucket, Key="public/new")["Body"].read() == b"mine"
    for method, path in [("GET", "/private/k"), ("GET", "?list-type=2"), ("DELETE", "/public/k"), ("GET", "?policy"),
                         ("GET", "/public/absent"), ("PUT", "/private/new")]:
        response = anonymous(cloud, method, f"/{bucket}{path}")
        assert response.status_code == 403 and "<Code>AccessDenied</Code>" in response.text, (method, path)
    assert anonymous(cloud, "GET", "/").status_code == 403, "the list of buckets is an account's own"


# A policy can let a user in who has no policy of their own, and shut out one who has every right.
def test_users(cloud, s3, bucket):
    guest, admin = cloud.make_user(), cloud.make_user([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    with refused("AccessDenied", 403):
        guest.client("s3").get_object(Bucket=bucket, Key="k")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(
        allow({"AWS": f"arn:aws:iam::{cloud.account}:user/{guest.name}"}, "s3:GetObject", f"arn:aws:s3:::{bucket}/*"),
        deny({"AWS": f"arn:aws:iam::{cloud.account}:user/{admin.name}"}, "s3:*", [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"])))
    assert guest.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    with refused("AccessDenied", 403):
        guest.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    for call in [lambda c: c.get_object(Bucket=bucket, Key="k"), lambda c: c.list_objects_v2(Bucket=bucket),
                 lambda c: c.delete_bucket_policy(Bucket=bucket)]:
        with refused("AccessDenied", 403):
            call(admin.client("s3"))


# The condition keys of S3: what the request says about itself decides.
@pytest.mark.parametrize("condition, good, bad", [
    ({"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}}, {"StorageClass": "STANDARD_IA"}, {}),
    ({"StringEquals": {"s3:RequestObjectTag/team": "a"}}, {"Tagging": "team=a"}, {"Tagging": "team=b"}),
    ({"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["team"]}}, {"Tagging": "team=a"}, {"Tagging": "team=a&x=1"}),
    ({"Null": {"s3:if-none-match": "false"}}, {"IfNoneMatch": "*"}, {}),
    ({"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}, {"ACL": "bucket-owner-full-control"}, {}),
    ({"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}, {"ServerSideEncryption": "AES256"}, {}),
])
def test_conditions_of_puts(cloud, s3, bucket, condition, good, bad):
    user = cloud.make_user()
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(
        allow({"AWS": f"arn:aws:iam::{cloud.account}:user/{user.name}"}, ["s3:PutObjectTagging", "s3:PutObjectAcl"], f"arn:aws:s3:::{bucket}/*"),
        allow({"AWS": f"arn:aws:iam::{cloud.account}:user/{user.name}"}, "s3:PutObject", f"arn:aws:s3:::{bucket}/*", **condition)))
    theirs = user.client("s3")
    theirs.put_object(Bucket=bucket, Key="good", Body=b"x", **good)
    with refused("AccessDenied", 403):
        theirs.put_object(Bucket=bucket, Key="bad", Body=b"x", **bad)


# Tags of the object that is there decide who reads it, by the bucket's policy and by the user's own.
def test_existing_tags(cloud, s3, bucket):
    s3.put_object(Bucket=bucket, Key="red", Body=b"x", Tagging="color=red")
    s3.put_object(Bucket=bucket, Key="blue", Body=b"x", Tagging="color=blue")
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*",
                 "Condition": {"StringEquals": {"s3:ExistingObjectTag/color": "red"}}}
    own = cloud.make_user([statement])
    given = cloud.make_user()
    s3.put_bucket_policy(Bucket=bucket, Policy=policy({**statement, "Principal": {"AWS": f"arn:aws:iam::{cloud.account}:user/{given.name}"}}))
    for user in [own, given]:
        theirs = user.client("s3")
        assert theirs.get_object(Bucket=bucket, Key="red")["Body"].read() == b"x"
        for key in ["blue", "absent"]:
            with refused("AccessDenied", 403):
                theirs.get_object(Bucket=bucket, Key=key)


# Whoever writes tags, lists or locks with an object needs those rights too: a header is no way around a policy.
def test_headers_need_their_actions(cloud, s3, bucket):
    theirs = cloud.make_user([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}]).client("s3")
    theirs.put_object(Bucket=bucket, Key="k", Body=b"x")
    for extra in [{"Tagging": "a=1"}, {"ACL": "bucket-owner-full-control"}]:
        with refused("AccessDenied", 403):
            theirs.put_object(Bucket=bucket, Key="k", Body=b"x", **extra)
        with refused("AccessDenied", 403):
            theirs.create_multipart_upload(Bucket=bucket, Key="k", **extra)
