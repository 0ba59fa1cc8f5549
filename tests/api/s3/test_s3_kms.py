"""SSE-KMS: an object's key is the account's, and who may use the object must be let use its key too."""

import base64
import hashlib
import json
import os
import uuid

import botocore.exceptions
import pytest
import requests
from cloud import Identity, document
from s3_client import allow, open_to_policies, policy, refused

ALL_S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.fixture(scope="module")
def kms(cloud):
    return cloud.admin.client("kms")


@pytest.fixture
def key(kms):
    made = kms.create_key()["KeyMetadata"]
    yield made
    kms.schedule_key_deletion(KeyId=made["KeyId"], PendingWindowInDays=7)


def may(action, arn, **condition) -> dict:
    statement = {"Effect": "Allow", "Action": action, "Resource": arn}
    return {**statement, "Condition": condition} if condition else statement


# An ETag is the MD5 where clients may take it for that, and tells nothing of the bytes where a KMS key guards them: a copy's too.
@pytest.mark.parametrize("size", [10, 300_000])
def test_etag_of_a_copy(s3, bucket, key, size):
    body = os.urandom(size)
    md5 = f'"{hashlib.md5(body).hexdigest()}"'
    guarded = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["Arn"]}
    assert s3.put_object(Bucket=bucket, Key="plain", Body=body)["ETag"] == md5
    assert s3.put_object(Bucket=bucket, Key="guarded", Body=body, **guarded)["ETag"] != md5
    assert s3.copy_object(Bucket=bucket, Key="a", CopySource=f"{bucket}/guarded")["CopyObjectResult"]["ETag"] == md5
    assert s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/plain", **guarded)["CopyObjectResult"]["ETag"] != md5
    assert s3.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/plain")["CopyObjectResult"]["ETag"] == md5
    for name in "abc":
        assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == body


# Writing needs data keys and reading needs decryption; neither right stands for the other, and S3's rights for none.
def test_rights(cloud, s3, bucket, key):
    arn = key["Arn"]
    bare = cloud.make_user(policy=[ALL_S3]).client("s3")
    writer = cloud.make_user(policy=[ALL_S3, may("kms:GenerateDataKey", arn)]).client("s3")
    reader = cloud.make_user(policy=[ALL_S3, may("kms:Decrypt", arn)]).client("s3")
    wish = {"Bucket": bucket, "Key": "k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
    for client in (bare, reader):
        with refused("AccessDenied", 403, "is not authorized to perform: kms:GenerateDataKey on resource: " + arn):
            client.put_object(**wish, Body=b"x")
    put = writer.put_object(**wish, Body=b"x" * 100_000)
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", arn)
    for client in (bare, writer):
        with refused("AccessDenied", 403, "is not authorized to perform: kms:Decrypt on resource: " + arn):
            client.get_object(Bucket=bucket, Key="k")
        with refused("AccessDenied", 403):
            client.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
        # What an object is called and how large it is needs no key; a checksum of its bytes does.
        assert client.head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == arn
        with refused("403"):
            client.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        with refused("AccessDenied"):
            client.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum"])
    got = reader.get_object(Bucket=bucket, Key="k", Range="bytes=65530-65545")
    assert got["Body"].read() == b"x" * 16 and got["SSEKMSKeyId"] == arn
    assert reader.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize"])["ObjectSize"] == 100_000
    # A copy under the store's keys needs the source's key alone; one under KMS needs both.
    assert reader.copy_object(Bucket=bucket, Key="plain", CopySource=f"{bucket}/k")["ServerSideEncryption"] == "AES256"
    with refused("AccessDenied", 403, "kms:GenerateDataKey"):
        reader.copy_object(**{**wish, "Key": "copy"}, CopySource=f"{bucket}/k")
    assert bare.get_object(Bucket=bucket, Key="plain")["Body"].read() == b"x" * 100_000


# Parts are read again before they become an object: adding one needs decryption, beginning the upload a data key.
def test_rights_of_uploads(cloud, s3, bucket, key):
    arn = key["Arn"]
    begins = cloud.make_user(policy=[ALL_S3, may("kms:GenerateDataKey", arn)]).client("s3")
    both = cloud.make_user(policy=[ALL_S3, may(["kms:GenerateDataKey", "kms:Decrypt"], arn)]).client("s3")
    bare = cloud.make_user(policy=[ALL_S3]).client("s3")
    with refused("AccessDenied", 403, "kms:GenerateDataKey"):
        bare.create_multipart_upload(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)
    upload = begins.create_multipart_upload(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn)
    names = {"Bucket": bucket, "Key": "k", "UploadId": upload["UploadId"]}
    s3.put_object(Bucket=bucket, Key="source", Body=b"s" * 1000)
    for client in (bare, begins):
        with refused("AccessDenied", 403, "kms:Decrypt"):
            client.upload_part(**names, PartNumber=1, Body=b"x")
        with refused("AccessDenied", 403, "kms:Decrypt"):
            client.upload_part_copy(**names, PartNumber=1, CopySource=f"{bucket}/source")
    first = os.urandom(5 << 20)
    parts = [{"PartNumber": 1, "ETag": both.upload_part(**names, PartNumber=1, Body=first)["ETag"]},
             {"PartNumber": 2, "ETag": both.upload_part_copy(**names, PartNumber=2, CopySource=f"{bucket}/source")["CopyPartResult"]["ETag"]}]
    done = both.complete_multipart_upload(**names, MultipartUpload={"Parts": parts})
    assert done["SSEKMSKeyId"] == arn
    assert both.get_object(Bucket=bucket, Key="k")["Body"].read() == first + b"s" * 1000


# The context that a key is used under names the object, or its bucket where one key serves the bucket.
def test_context(cloud, s3, bucket, key):
    arn = key["Arn"]
    here = f"arn:aws:s3:::{bucket}"
    def under(value):
        return may("kms:*", arn, StringEquals={"kms:EncryptionContext:aws:s3:arn": value, "kms:ViaService": f"s3.{cloud.region}.amazonaws.com"})
    one = cloud.make_user(policy=[ALL_S3, under(here + "/mine")])
    wish = {"Bucket": bucket, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
    one.client("s3").put_object(**wish, Key="mine", Body=b"x")
    with refused("AccessDenied"):
        one.client("s3").put_object(**wish, Key="yours", Body=b"x")
    with refused("AccessDenied"):
        one.client("s3").put_object(**wish, Key="mine", Body=b"x", BucketKeyEnabled=True)
    with pytest.raises(botocore.exceptions.ClientError):  # around S3 the same rights open nothing
        one.client("kms").generate_data_key(KeyId=arn, KeySpec="AES_256", EncryptionContext={"aws:s3:arn": here + "/mine"})
    whole = cloud.make_user(policy=[ALL_S3, under(here)]).client("s3")
    assert whole.put_object(**wish, Key="any", Body=b"x", BucketKeyEnabled=True)["BucketKeyEnabled"] is True
    assert whole.get_object(Bucket=bucket, Key="any")["Body"].read() == b"x"
    mine = base64.b64encode(json.dumps({"team": "ml"}).encode()).decode()
    team = cloud.make_user(policy=[ALL_S3, may("kms:*", arn, StringEquals={"kms:EncryptionContext:team": "ml"})]).client("s3")
    team.put_object(**wish, Key="t", Body=b"x", SSEKMSEncryptionContext=mine)
    assert team.get_object(Bucket=bucket, Key="t")["Body"].read() == b"x"
    with refused("AccessDenied"):
        team.put_object(**wish, Key="t", Body=b"x")


# What the bucket's owner configured counts for who says nothing, also for forms and uploads.
def test_bucket_default(cloud, s3, bucket, key):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"], put["BucketKeyEnabled"]) == ("aws:kms", key["Arn"], True)
    assert s3.create_multipart_upload(Bucket=bucket, Key="parts")["SSEKMSKeyId"] == key["Arn"]
    assert s3.put_object(Bucket=bucket, Key="own", Body=b"x", ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"
    bare = cloud.make_user(policy=[ALL_S3])
    with refused("AccessDenied", 403, "kms:GenerateDataKey"):
        bare.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    form = bare.client("s3").generate_presigned_post(bucket, "form")
    answer = requests.post(form["url"], data=form["fields"], files={"file": b"x"}, verify=str(cloud.ca_file))
    assert answer.status_code == 403 and "kms:GenerateDataKey" in answer.text
    form = cloud.admin.client("s3").generate_presigned_post(bucket, "form")
    answer = requests.post(form["url"], data=form["fields"], files={"file": b"x"}, verify=str(cloud.ca_file))
    assert answer.status_code == 204, answer.text
    assert s3.head_object(Bucket=bucket, Key="form")["SSEKMSKeyId"] == key["Arn"]


# Nobody in particular has no key, whatever the bucket's policy allows.
def test_anonymous(cloud, s3, bucket, key):
    open_to_policies(s3, bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("*", "s3:GetObject", f"arn:aws:s3:::{bucket}/*")))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key["Arn"])
    answer = requests.get(f"{cloud.url}/{bucket}/k", verify=str(cloud.ca_file))
    assert answer.status_code == 400 and "require AWS Signature Version 4" in answer.text
    assert "<Code>InvalidArgument</Code>" in answer.text


# Keys that are none, or cannot be used now, by KMS's names; and they work again when they can.
def test_keys_that_fail(s3, kms, bucket, key):
    wish = {"Bucket": bucket, "Key": "k", "Body": b"x", "ServerSideEncryption": "aws:kms"}
    for absent in (str(uuid.uuid4()), "alias/no-such-alias", key["Arn"][:-36] + str(uuid.uuid4()), "arn:aws:iam::1:nonsense"):
        with refused("KMS.NotFoundException", 400):
            s3.put_object(**wish, SSEKMSKeyId=absent)
    alias = f"alias/{uuid.uuid4().hex}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    for named in (alias, key["KeyId"], key["Arn"][:key["Arn"].index("key/")] + alias):
        assert s3.put_object(**wish, SSEKMSKeyId=named)["SSEKMSKeyId"] == key["Arn"]
    kms.disable_key(KeyId=key["KeyId"])
    with refused("KMS.DisabledException", 400):
        s3.put_object(**wish, SSEKMSKeyId=key["Arn"])
    with refused("KMS.DisabledException", 400):
        s3.get_object(Bucket=bucket, Key="k")
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == 1
    kms.enable_key(KeyId=key["KeyId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    with refused("KMS.KMSInvalidStateException", 400):
        s3.get_object(Bucket=bucket, Key="k")
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]
    with refused("KMS.InvalidKeyUsageException", 400):
        s3.put_object(**wish, SSEKMSKeyId=signing["Arn"])


# The account's own key for S3 needs no rights of KMS: who may use S3 may use it, through S3.
def test_managed_key(cloud, s3, kms, bucket):
    user = cloud.make_user(policy=[ALL_S3]).client("s3")
    put = user.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    assert put["SSEKMSKeyId"] == kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    assert user.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    dsse = user.put_object(Bucket=bucket, Key="d", Body=b"x", ServerSideEncryption="aws:kms:dsse")
    assert dsse["ServerSideEncryption"] == "aws:kms:dsse" and user.get_object(Bucket=bucket, Key="d")["Body"].read() == b"x"


# Keys and buckets of different accounts: both sides must agree, and a copy goes from one account to the other.
def test_other_accounts(own_cloud):
    house = own_cloud
    organization = house.admin.client("organizations")
    organization.create_organization(FeatureSet="ALL")
    status = organization.create_account(Email="b@example.com", AccountName="b")["CreateAccountStatus"]
    account = organization.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]["AccountId"]
    given = house.admin.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="admin")["Credentials"]
    other = Identity(house, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    home, theirs = house.admin.client("s3"), other.client("s3")
    home.create_bucket(Bucket="home-bucket")
    theirs.create_bucket(Bucket="their-bucket")
    body = os.urandom(200_000)
    key = other.client("kms").create_key()["KeyMetadata"]
    wish = {"Bucket": "home-bucket", "Key": "k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["Arn"]}
    with refused("AccessDenied", 403, "kms:GenerateDataKey"):
        home.put_object(**wish, Body=body)
    statements = json.loads(other.client("kms").get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])["Statement"]
    statements.append({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{house.account}:root"},
                       "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"})
    other.client("kms").put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=document(statements))
    assert home.put_object(**wish, Body=body)["SSEKMSKeyId"] == key["Arn"]
    assert home.get_object(Bucket="home-bucket", Key="k")["Body"].read() == body
    # The other account reads and copies what the bucket's policy lets it.
    with refused("AccessDenied", 403):
        theirs.copy_object(Bucket="their-bucket", Key="copy", CopySource="home-bucket/k")
    home.put_bucket_policy(Bucket="home-bucket", Policy=policy(
        allow({"AWS": account}, ["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::home-bucket/*")))
    theirs.copy_object(Bucket="their-bucket", Key="copy", CopySource="home-bucket/k")
    assert theirs.get_object(Bucket="their-bucket", Key="copy")["Body"].read() == body
    theirs.copy_object(Bucket="home-bucket", Key="back", CopySource="their-bucket/copy")
    assert home.get_object(Bucket="home-bucket", Key="back")["Body"].read() == body
    upload = theirs.create_multipart_upload(Bucket="their-bucket", Key="parts")["UploadId"]
    part = theirs.upload_part_copy(Bucket="their-bucket", Key="parts", UploadId=upload, PartNumber=1, CopySource="home-bucket/back",
                                   CopySourceRange="bytes=1000-150000")["CopyPartResult"]
    theirs.complete_multipart_upload(Bucket="their-bucket", Key="parts", UploadId=upload,
                                     MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert theirs.get_object(Bucket="their-bucket", Key="parts")["Body"].read() == body[1000:150001]
    home.delete_object(Bucket="home-bucket", Key="back")
    home.delete_object(Bucket="home-bucket", Key="k")
    assert theirs.get_object(Bucket="their-bucket", Key="copy")["Body"].read() == body
