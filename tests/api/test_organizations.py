"""Several accounts with boto3: made by Organizations, isolated from one another, limited by guardrails, closed."""

import json
import uuid

import botocore.exceptions
import pytest
from cloud import Cloud, Identity, document

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def house(binary, tmp_path_factory):
    cloud = Cloud.start(binary, tmp_path_factory.mktemp("organization") / "data")
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def organization(house):
    client = house.admin.client("organizations")
    assert refused(client.describe_organization)[0] == "AWSOrganizationsNotInUseException"
    made = client.create_organization(FeatureSet="ALL")["Organization"]
    assert made["MasterAccountId"] == house.account and made["Id"].startswith("o-")
    assert refused(client.create_organization)[0] == "AlreadyInOrganizationException"
    return client


def make_account(house, organization, name: str) -> tuple[str, Identity]:
    """A new account, and who may do everything in it."""
    status = organization.create_account(Email=f"{name}-{uuid.uuid4().hex[:6]}@example.com", AccountName=name)["CreateAccountStatus"]
    status = organization.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    assert status["State"] == "SUCCEEDED"
    account = status["AccountId"]
    given = house.admin.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="admin")["Credentials"]
    return account, Identity(house, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


@pytest.fixture(scope="module")
def red(house, organization):
    return make_account(house, organization, "red")


@pytest.fixture(scope="module")
def blue(house, organization):
    return make_account(house, organization, "blue")


# The life of accounts as Organizations shows it.
def test_accounts(house, organization, red):
    account, admin = red
    assert admin.client("sts").get_caller_identity()["Account"] == account
    listed = {each["Id"]: each for page in organization.get_paginator("list_accounts").paginate() for each in page["Accounts"]}
    assert listed[account]["Name"] == "red" and listed[account]["Status"] == "ACTIVE" and house.account in listed
    described = organization.describe_account(AccountId=account)["Account"]
    assert described["Arn"].endswith(f"/{account}") and described["JoinedMethod"] == "CREATED"
    again = organization.create_account(Email=described["Email"].upper(), AccountName="copy")["CreateAccountStatus"]
    assert (again["State"], again["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")
    root = organization.list_roots()["Roots"][0]["Id"]
    assert organization.list_parents(ChildId=account)["Parents"] == [{"Id": root, "Type": "ROOT"}]
    assert account in {each["Id"] for each in organization.list_accounts_for_parent(ParentId=root)["Accounts"]}
    assert refused(organization.describe_account, AccountId="999999999999")[0] == "AccountNotFoundException"
    # A member account sees its organization and manages nothing of it.
    member = admin.client("organizations")
    assert member.describe_organization()["Organization"]["MasterAccountId"] == house.account
    assert refused(member.list_accounts)[0] == "AccessDeniedException"
    assert refused(member.create_account, Email="x@example.com", AccountName="x")[0] == "AccessDeniedException"
    assert "ConstraintViolation" in refused(organization.close_account, AccountId=house.account)[0]


# Two accounts see nothing of each other: users, roles, buckets, jobs, logs, metrics, access keys.
def test_accounts_are_isolated(red, blue):
    (red_id, red_admin), (blue_id, blue_admin) = red, blue
    bucket = f"red-{uuid.uuid4().hex[:10]}"
    red_admin.client("iam").create_user(UserName="only-red")
    red_admin.client("s3").create_bucket(Bucket=bucket)
    red_admin.client("s3").put_object(Bucket=bucket, Key="k", Body=b"red")
    red_admin.client("logs").create_log_group(logGroupName="/red")
    red_admin.client("cloudwatch").put_metric_data(Namespace="red", MetricData=[{"MetricName": "m", "Value": 1}])

    iam = blue_admin.client("iam")
    assert "only-red" not in {each["UserName"] for each in iam.list_users()["Users"]}
    assert refused(iam.get_user, UserName="only-red")[0] == "NoSuchEntity"
    assert {each["Arn"].split(":")[4] for each in iam.list_roles()["Roles"]} == {blue_id}
    s3 = blue_admin.client("s3")
    assert s3.list_buckets()["Buckets"] == []
    assert refused(s3.get_object, Bucket=bucket, Key="k")[0] == "AccessDenied"
    assert refused(s3.list_objects_v2, Bucket=bucket)[0] == "AccessDenied"
    assert refused(s3.delete_object, Bucket=bucket, Key="k")[0] == "AccessDenied"
    # Names of buckets are one space for all accounts, as at AWS.
    assert refused(s3.create_bucket, Bucket=bucket)[0] == "BucketAlreadyExists"
    assert blue_admin.client("logs").describe_log_groups()["logGroups"] == []
    assert blue_admin.client("cloudwatch").list_metrics()["Metrics"] == []
    assert blue_admin.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []
    role = f"arn:aws:iam::{red_id}:role/OrganizationAccountAccessRole"
    assert refused(blue_admin.client("sts").assume_role, RoleArn=role, RoleSessionName="xx")[0] == "AccessDenied"
    red_admin.client("s3").delete_object(Bucket=bucket, Key="k")
    red_admin.client("s3").delete_bucket(Bucket=bucket)


# A role across accounts needs both sides: the trust there and the right here.
def test_cross_account_role_needs_both_sides(red, blue):
    (red_id, red_admin), (blue_id, blue_admin) = red, blue
    trust = document({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{blue_id}:root"}, "Action": "sts:AssumeRole"})
    role = red_admin.client("iam").create_role(RoleName="for-blue", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam = blue_admin.client("iam")
    iam.create_user(UserName="guest")
    key = iam.create_access_key(UserName="guest")["AccessKey"]
    guest = Identity(blue_admin.cloud, key["AccessKeyId"], key["SecretAccessKey"])
    assert refused(guest.client("sts").assume_role, RoleArn=role, RoleSessionName="xx")[0] == "AccessDenied"
    iam.put_user_policy(UserName="guest", PolicyName="p", PolicyDocument=document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}))
    made = guest.client("sts").assume_role(RoleArn=role, RoleSessionName="xx")
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{red_id}:assumed-role/for-blue/xx"


# The records of guardrails: types, policies, attachments and everything that is refused on the way.
def test_guardrails_are_kept(organization, red):
    account, _ = red
    root = organization.list_roots()["Roots"][0]["Id"]
    deny = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "logs:*", "Resource": "*"}})
    made = organization.create_policy(Name="no-logs", Description="d", Type="SERVICE_CONTROL_POLICY", Content=deny)["Policy"]
    policy = made["PolicySummary"]["Id"]
    assert refused(organization.attach_policy, PolicyId=policy, TargetId=account)[0] == "PolicyTypeNotEnabledException"
    enabled = organization.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")["Root"]
    assert enabled["PolicyTypes"] == [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    filter_by = {"Filter": "SERVICE_CONTROL_POLICY"}
    assert [each["Id"] for each in organization.list_policies_for_target(TargetId=account, **filter_by)["Policies"]] == [
        "p-FullAWSAccess"]
    organization.attach_policy(PolicyId=policy, TargetId=account)
    assert refused(organization.attach_policy, PolicyId=policy, TargetId=account)[0] == "DuplicatePolicyAttachmentException"
    assert organization.list_targets_for_policy(PolicyId=policy)["Targets"][0]["TargetId"] == account
    assert refused(organization.delete_policy, PolicyId=policy)[0] == "PolicyInUseException"
    assert refused(organization.create_policy, Name="no-logs", Description="", Type="SERVICE_CONTROL_POLICY",
                   Content=deny)[0] == "DuplicatePolicyException"
    assert refused(organization.create_policy, Name="bad", Description="", Type="SERVICE_CONTROL_POLICY",
                   Content="{}")[0] == "MalformedPolicyDocumentException"
    assert json.loads(organization.describe_policy(PolicyId=policy)["Policy"]["Content"]) == json.loads(deny)
    organization.tag_resource(ResourceId=policy, Tags=[{"Key": "k", "Value": "v"}])
    assert organization.list_tags_for_resource(ResourceId=policy)["Tags"] == [{"Key": "k", "Value": "v"}]
    organization.detach_policy(PolicyId=policy, TargetId=account)
    assert refused(organization.detach_policy, PolicyId=policy, TargetId=account)[0] == "PolicyNotAttachedException"
    assert refused(organization.detach_policy, PolicyId="p-FullAWSAccess", TargetId=account)[0] == "ConstraintViolationException"
    organization.delete_policy(PolicyId=policy)
    organization.disable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")


# Units are levels: what is attached to one holds for every account below it, from the move on, and no longer.
def test_units_carry_guardrails(house, organization, red):
    account, admin = red
    root = organization.list_roots()["Roots"][0]["Id"]
    outer = organization.create_organizational_unit(ParentId=root, Name="research")["OrganizationalUnit"]
    inner = organization.create_organizational_unit(ParentId=outer["Id"], Name="vision")["OrganizationalUnit"]
    assert outer["Arn"].endswith("/" + outer["Id"]) and outer["Id"].startswith("ou-" + root[2:] + "-")
    assert refused(organization.create_organizational_unit, ParentId=root, Name="research")[0] == "DuplicateOrganizationalUnitException"
    organization.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    deny = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "logs:*", "Resource": "*"}})
    policy = organization.create_policy(Name="no-logs-here", Description="", Type="SERVICE_CONTROL_POLICY", Content=deny)
    policy = policy["Policy"]["PolicySummary"]["Id"]
    organization.attach_policy(PolicyId=policy, TargetId=outer["Id"])
    assert organization.list_targets_for_policy(PolicyId=policy)["Targets"][0]["Type"] == "ORGANIZATIONAL_UNIT"
    logs = admin.client("logs")
    logs.describe_log_groups()
    organization.move_account(AccountId=account, SourceParentId=root, DestinationParentId=inner["Id"])
    assert organization.list_parents(ChildId=account)["Parents"] == [{"Id": inner["Id"], "Type": "ORGANIZATIONAL_UNIT"}]
    code, message = refused(logs.describe_log_groups)
    assert code == "AccessDeniedException" and "explicit deny in a service control policy" in message
    assert refused(organization.delete_organizational_unit, OrganizationalUnitId=outer["Id"])[0] == "OrganizationalUnitNotEmptyException"
    assert refused(organization.move_account, AccountId=account, SourceParentId=root,
                   DestinationParentId=outer["Id"])[0] == "SourceParentNotFoundException"
    assert [each["Id"] for each in organization.list_children(ParentId=outer["Id"], ChildType="ORGANIZATIONAL_UNIT")["Children"]] == [
        inner["Id"]]
    organization.move_account(AccountId=account, SourceParentId=inner["Id"], DestinationParentId=root)
    logs.describe_log_groups()
    for unit in (inner, outer):
        organization.delete_organizational_unit(OrganizationalUnitId=unit["Id"])
    organization.disable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    organization.delete_policy(PolicyId=policy)


# A bucket that opens to the whole organization, or to one account of it: from outside only with the resource's word and one's own.
def test_a_bucket_across_accounts(house, organization, red, blue):
    (red_id, red_admin), (_, blue_admin) = red, blue
    bucket, s3 = f"shared-{uuid.uuid4().hex[:10]}", red_admin.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"shared")
    own = organization.describe_organization()["Organization"]["Id"]

    def open_to(principal, organization_id=None):
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*", "Principal": principal}
        if organization_id:
            statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
        s3.put_bucket_policy(Bucket=bucket, Policy=document(statement))

    reader = blue_admin.client("s3")
    assert refused(reader.get_object, Bucket=bucket, Key="k")[0] == "AccessDenied"
    open_to("*", own)
    assert reader.get_object(Bucket=bucket, Key="k")["Body"].read() == b"shared"
    open_to("*", "o-another123")
    assert refused(reader.get_object, Bucket=bucket, Key="k")[0] == "AccessDenied"
    iam = blue_admin.client("iam")
    iam.create_user(UserName="visitor")
    key = iam.create_access_key(UserName="visitor")["AccessKey"]
    visitor = Identity(house, key["AccessKeyId"], key["SecretAccessKey"]).client("s3")
    open_to("*", own)
    # The bucket says yes; the visitor's own account has not.
    assert refused(visitor.get_object, Bucket=bucket, Key="k")[0] == "AccessDenied"
    iam.put_user_policy(UserName="visitor", PolicyName="p", PolicyDocument=document(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceOrgID": own}}}))
    assert visitor.get_object(Bucket=bucket, Key="k")["Body"].read() == b"shared"
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)


# A key across accounts: its policy opens it to the other account, whose own policies give it to their user. Jobs, models and logs
# have no policy of their own: nobody of another account gets to them at all.
def test_keys_and_jobs_across_accounts(house, red, blue):
    (red_id, red_admin), (blue_id, blue_admin) = red, blue
    kms = red_admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"shared")["CiphertextBlob"]
    theirs = blue_admin.client("kms")
    assert refused(theirs.decrypt, CiphertextBlob=sealed, KeyId=key)[0] == "AccessDeniedException"
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{blue_id}:root"}, "Action": "kms:Decrypt", "Resource": "*"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert theirs.decrypt(CiphertextBlob=sealed, KeyId=key)["Plaintext"] == b"shared"
    assert refused(theirs.encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"
    red_admin.client("sagemaker").create_model(ModelName="only-red", PrimaryContainer={"Image": "sagemaker-scikit-learn:1.2-1-cpu-py3"})
    arn = f"arn:aws:sagemaker:{house.region}:{red_id}:model/only-red"
    stranger = blue_admin.client("sagemaker")
    assert refused(stranger.describe_model, ModelName="only-red")[0] == "ValidationException"
    for call in (stranger.list_tags, stranger.add_tags):
        extra = {"Tags": [{"Key": "k", "Value": "v"}]} if call == stranger.add_tags else {}
        assert refused(call, ResourceArn=arn, **extra)[0] in ("AccessDeniedException", "ValidationException")
    assert red_admin.client("sagemaker").list_tags(ResourceArn=arn)["Tags"] == []


# A closed account is shut at once for everybody in it.
def test_a_closed_account_is_shut(house, organization):
    account, admin = make_account(house, organization, "closing")
    admin.client("s3").list_buckets()
    organization.close_account(AccountId=account)
    assert organization.describe_account(AccountId=account)["Account"]["Status"] == "SUSPENDED"
    assert refused(admin.client("sts").get_caller_identity)[0] in ("InvalidClientTokenId", "InvalidToken")
    assert refused(organization.close_account, AccountId=account)[0] == "AccountAlreadyClosedException"
