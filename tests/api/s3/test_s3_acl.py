"""Access control lists: refused where the bucket owns everything, which is the default, and real where it does not."""

import requests
from s3_client import refused


def owner_of(s3) -> str:
    return s3.list_buckets()["Owner"]["ID"]


def anonymous(cloud, path: str) -> requests.Response:
    return requests.get(cloud.url + path, verify=str(cloud.ca_file or True), timeout=30)


# Since 2023 lists are off for new buckets; clients learn it by this error, and the one list that changes nothing passes.
def test_enforced_by_default(s3, bucket):
    for call in [lambda acl: s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL=acl),
                 lambda acl: s3.put_bucket_acl(Bucket=bucket, ACL=acl),
                 lambda acl: s3.create_multipart_upload(Bucket=bucket, Key="k", ACL=acl)]:
        with refused("AccessControlListNotSupported", 400):
            call("public-read")
    with refused("AccessControlListNotSupported", 400):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", GrantRead=f'id="{"0" * 64}"')
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-full-control")
    with refused("AccessControlListNotSupported", 400):
        s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    got = s3.get_object_acl(Bucket=bucket, Key="k")
    assert got["Owner"]["ID"] == owner_of(s3) and [g["Permission"] for g in got["Grants"]] == ["FULL_CONTROL"]


# A bucket's list lets others list it, once ownership and the public access block allow that.
def test_bucket_list(cloud, s3, bucket):
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]})
    with refused("AccessDenied", 403):
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    s3.delete_public_access_block(Bucket=bucket)
    assert anonymous(cloud, f"/{bucket}?list-type=2").status_code == 403
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [g["Grantee"]["Type"] for g in grants] == ["CanonicalUser", "Group"] and grants[1]["Permission"] == "READ"
    assert anonymous(cloud, f"/{bucket}?list-type=2").status_code == 200
    assert anonymous(cloud, f"/{bucket}?acl").status_code == 403
    with refused("InvalidBucketAclWithObjectOwnership", 400):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    assert anonymous(cloud, f"/{bucket}?list-type=2").status_code == 403, "ignored"


# Grants by header and by document mean the same; nonsense is refused before anything is stored.
def test_grants(s3, bucket):
    owner = owner_of(s3)
    other = "f" * 64
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    s3.put_bucket_acl(Bucket=bucket, GrantFullControl=f'id="{owner}"', GrantReadACP=f'id="{other}"')
    got = s3.get_bucket_acl(Bucket=bucket)
    assert [(g["Grantee"]["ID"], g["Permission"]) for g in got["Grants"]] == [(owner, "FULL_CONTROL"), (other, "READ_ACP")]
    s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy={"Owner": got["Owner"], "Grants": got["Grants"][:1]})
    assert len(s3.get_bucket_acl(Bucket=bucket)["Grants"]) == 1
    with refused("InvalidArgument", 400):
        s3.put_bucket_acl(Bucket=bucket, GrantRead='id="nobody"')
    with refused("InvalidArgument", 400):
        s3.put_bucket_acl(Bucket=bucket, ACL="everybody")
    with refused("UnresolvableGrantByEmailAddress", 400):
        s3.put_bucket_acl(Bucket=bucket, GrantRead='emailAddress="a@example.com"')
    with refused("InvalidRequest", 400):
        s3.put_bucket_acl(Bucket=bucket, ACL="private", GrantRead=f'id="{owner}"')
    with refused("AccessDenied", 403):
        s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy={"Owner": {"ID": other}, "Grants": got["Grants"]})


# Ownership controls can be removed, and then lists count again, as they did before 2023.
def test_removed_controls(s3, bucket):
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    with refused("OwnershipControlsNotFoundError", 404):
        s3.get_bucket_ownership_controls(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    with refused("MalformedXML", 400):
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "Mine"}]})
