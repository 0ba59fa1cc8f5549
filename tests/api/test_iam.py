"""IAM and STS with boto3: the life of users, keys, roles and policies, and that what they say is what happens."""

import json
import ssl
import urllib.error
import urllib.request
import uuid

import botocore.exceptions
import pytest
from cloud import Identity, document

ALLOW_S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


def refused(call, **arguments) -> tuple[str, str]:
    """The code and message of the error that the call must end in."""
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def iam(cloud):
    return cloud.admin.client("iam")


# A user from the first key to the last: what the console of any administrator does on a Monday.
def test_user_life(cloud, iam):
    name = fresh("ada")
    made = iam.create_user(UserName=name, Path="/team/", Tags=[{"Key": "team", "Value": "ml"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{cloud.account}:user/team/{name}" and made["UserId"].startswith("AIDA")
    assert iam.get_user(UserName=name)["User"]["Tags"] == [{"Key": "team", "Value": "ml"}]
    assert iam.get_waiter("user_exists").wait(UserName=name) is None
    assert refused(iam.create_user, UserName=name.upper())[0] == "EntityAlreadyExists"
    key = iam.create_access_key(UserName=name)["AccessKey"]
    user = Identity(cloud, key["AccessKeyId"], key["SecretAccessKey"], name=name)
    who = user.client("sts").get_caller_identity()
    assert who["Arn"] == made["Arn"] and who["Account"] == cloud.account and who["UserId"] == made["UserId"]

    code, message = refused(user.client("s3").list_buckets)
    assert code == "AccessDenied"
    assert message == (f"User: {made['Arn']} is not authorized to perform: s3:ListAllMyBuckets because no identity-based "
                       "policy allows the s3:ListAllMyBuckets action") or "on resource" in message
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(ALLOW_S3))
    user.client("s3").list_buckets()
    assert iam.get_user_policy(UserName=name, PolicyName="p")["PolicyDocument"] == json.loads(document(ALLOW_S3))

    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refused(user.client("s3").list_buckets)[0] == "InvalidAccessKeyId"
    assert refused(user.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"
    assert refused(iam.delete_user, UserName=name) == (
        "DeleteConflict", "Cannot delete entity, must delete access keys first.")
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="p")
    iam.delete_user(UserName=name)
    assert refused(iam.get_user, UserName=name) == ("NoSuchEntity", f"The user with name {name} cannot be found.")


# Users who were given a right have it, and no more: each statement's edge, over the wire.
def test_policies_decide(cloud, bucket):
    cloud.admin.client("s3").put_object(Bucket=bucket, Key="open/a", Body=b"a")
    cloud.admin.client("s3").put_object(Bucket=bucket, Key="secret/b", Body=b"b")
    user = cloud.make_user([
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/*"},
        {"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/secret/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
         "Condition": {"StringLike": {"s3:prefix": "open/*"}}},
    ])
    s3 = user.client("s3")
    assert s3.get_object(Bucket=bucket, Key="open/a")["Body"].read() == b"a"
    code, message = refused(s3.get_object, Bucket=bucket, Key="secret/b")
    assert code == "AccessDenied" and "with an explicit deny in an identity-based policy" in message
    assert refused(s3.delete_object, Bucket=bucket, Key="open/a")[0] == "AccessDenied"
    assert s3.list_objects_v2(Bucket=bucket, Prefix="open/")["KeyCount"] == 1
    assert refused(s3.list_objects_v2, Bucket=bucket)[0] == "AccessDenied"
    assert refused(user.client("iam").list_users)[0] == "AccessDenied"


# Paging, through botocore's own paginator.
def test_lists_are_paged(cloud, iam):
    path = f"/{fresh('page')}/"
    names = sorted(fresh("u") for _ in range(7))
    for name in names:
        iam.create_user(UserName=name, Path=path)
    pages = list(iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 3}))
    assert [len(page["Users"]) for page in pages] == [3, 3, 1]
    assert [user["UserName"] for page in pages for user in page["Users"]] == names
    for name in names:
        iam.delete_user(UserName=name)


# Managed policies: versions, attachment, and a default that decides from the moment it is set.
def test_managed_policy_versions(cloud, iam):
    arn = iam.create_policy(PolicyName=fresh("data"), PolicyDocument=document(ALLOW_S3), Description="d")["Policy"]["Arn"]
    user = cloud.make_user()
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    user.client("s3").list_buckets()
    deny = document({"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=deny)["PolicyVersion"]["VersionId"] == "v2"
    user.client("s3").list_buckets()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert refused(user.client("s3").list_buckets)[0] == "AccessDenied"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == json.loads(document(ALLOW_S3))
    assert refused(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    assert [u["UserName"] for u in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]] == [user.name]
    iam.detach_user_policy(UserName=user.name, PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn)[0] == "NoSuchEntity"
    names = {p["PolicyName"] for p in iam.list_policies(Scope="AWS")["Policies"]}
    assert {"AdministratorAccess", "AmazonSageMakerFullAccess", "AmazonS3FullAccess", "ReadOnlyAccess"} <= names


# What is malformed is refused with AWS's code, naming the place.
@pytest.mark.parametrize("text, part", [
    ("{", "invalid Json"), ("{}", "Statement"),
    (document({"Effect": "Allow", "Action": "s3", "Resource": "*"}), "prefaced by a vendor"),
    (document([ALLOW_S3, {"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}]), "Statement[1].Resource"),
    (document({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringIs": {"a:b": "c"}}}), "StringIs"),
])
def test_malformed_policies(cloud, iam, text, part):
    code, message = refused(iam.create_policy, PolicyName=fresh("bad"), PolicyDocument=text)
    assert code == "MalformedPolicyDocument" and part in message


# Names that break IAM's pattern are found before anything else, in AWS's form.
def test_bad_names(iam):
    code, message = refused(iam.create_user, UserName="no blanks")
    assert code == "ValidationError" and "1 validation error detected" in message and "'userName'" in message


# A role assumed with a session policy: the intersection, under a name of its own, with a token that must come along.
def test_assume_role(cloud, iam, bucket):
    trust = document({"Effect": "Allow", "Principal": {"AWS": cloud.account}, "Action": "sts:AssumeRole",
                      "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}})
    role = iam.create_role(RoleName=fresh("reader"), AssumeRolePolicyDocument=trust)["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(trust)
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p", PolicyDocument=document(ALLOW_S3))
    sts = cloud.admin.client("sts")
    code, message = refused(sts.assume_role, RoleArn=role["Arn"], RoleSessionName="job")
    assert code == "AccessDenied" and f"is not authorized to perform: sts:AssumeRole on resource: {role['Arn']}" in message
    only_get = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    made = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="job", ExternalId="x-1", Policy=only_get)
    given = made["Credentials"]
    assert given["AccessKeyId"].startswith("ASIA")
    session = Identity(cloud, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    who = session.client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{cloud.account}:assumed-role/{role['RoleName']}/job"
    cloud.admin.client("s3").put_object(Bucket=bucket, Key="k", Body=b"v")
    assert session.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"v"
    assert refused(session.client("s3").put_object, Bucket=bucket, Key="k", Body=b"w")[0] == "AccessDenied"
    without_token = Identity(cloud, given["AccessKeyId"], given["SecretAccessKey"])
    assert refused(without_token.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"
    forged = Identity(cloud, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"][:-4] + "AAAA")
    assert refused(forged.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


# A session outlives neither its role nor an attempt to climb: a deleted role's open session may nothing.
def test_a_deleted_roles_session_ends(cloud, iam):
    trust = document({"Effect": "Allow", "Principal": {"AWS": cloud.account}, "Action": "sts:AssumeRole"})
    name = fresh("gone")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(ALLOW_S3))
    given = cloud.admin.client("sts").assume_role(RoleArn=arn, RoleSessionName="s1")["Credentials"]
    session = Identity(cloud, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session.client("s3").list_buckets()
    iam.delete_role_policy(RoleName=name, PolicyName="p")
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(ALLOW_S3))
    assert refused(session.client("s3").list_buckets)[0] == "AccessDenied"


# A user's own session token works for its data but cannot touch IAM, as AWS has it.
def test_get_session_token(cloud):
    given = cloud.admin.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    session = Identity(cloud, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    session.client("s3").list_buckets()
    assert refused(session.client("iam").list_users)[0] == "AccessDenied"


# A presigned link from a user dies with the user's right, and is refused when it is changed; boto3's default for S3 is
# still the older kind of link.
@pytest.mark.parametrize("version", [None, "s3", "s3v4"])
def test_presigned_links_follow_policy(cloud, iam, bucket, version):
    cloud.admin.client("s3").put_object(Bucket=bucket, Key="k", Body=b"v")
    user = cloud.make_user(ALLOW_S3)
    url = user.client("s3", signature_version=version).generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    context = ssl.create_default_context(cafile=str(cloud.ca_file)) if cloud.ca_file else None
    assert urllib.request.urlopen(url, context=context).read() == b"v"
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(url.replace("/k?", "/other?"), context=context)
    assert failure.value.code == 403
    iam.delete_user_policy(UserName=user.name, PolicyName="given")
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(url, context=context)
    assert failure.value.code == 403


# What is not built names itself.
def test_unbuilt_operations_name_themselves(iam):
    code, message = refused(iam.upload_ssh_public_key, UserName="administrator", SSHPublicKeyBody="ssh-rsa AAAA")
    assert "UploadSSHPublicKey" in message


# The administrator's key is shown once, and everything is there after a restart.
def test_identities_survive_a_kill(own_cloud):
    user = own_cloud.make_user(ALLOW_S3)
    own_cloud.kill()
    own_cloud.restart()
    assert user.client("sts").get_caller_identity()["Arn"].endswith(f":user/{user.name}")
    user.client("s3").list_buckets()
    planted = [user.secret, own_cloud.admin.secret]
    for path in own_cloud.data.parent.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in planted), path
