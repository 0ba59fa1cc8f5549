"""IAM with boto3: passwords and their policy, MFA devices, OIDC providers, aliases, reports, tags on everything."""

import csv
import io
import uuid

import botocore.exceptions
import pytest
from cloud import document
from totp import Authenticator

TRUST = document({"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"})


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def iam(cloud):
    return cloud.admin.client("iam")


# A password from its making to its end, with every refusal on the way.
def test_login_profiles(iam):
    name = fresh("ada")
    iam.create_user(UserName=name)
    assert refused(iam.get_login_profile, UserName=name) == (
        "NoSuchEntity", f"Login Profile for User {name} cannot be found.")
    assert refused(iam.create_login_profile, UserName=name, Password="short")[0] == "PasswordPolicyViolation"
    made = iam.create_login_profile(UserName=name, Password="Good-enough-1", PasswordResetRequired=True)["LoginProfile"]
    assert made["UserName"] == name and made["PasswordResetRequired"]
    assert refused(iam.create_login_profile, UserName=name, Password="Good-enough-2")[0] == "EntityAlreadyExists"
    iam.update_login_profile(UserName=name, Password="Another-one-2", PasswordResetRequired=False)
    assert not iam.get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"]
    assert refused(iam.delete_user, UserName=name) == (
        "DeleteConflict", "Cannot delete entity, must delete login profile first.")
    iam.delete_login_profile(UserName=name)
    iam.delete_user(UserName=name)


# The account's policy holds for new passwords, its absence has AWS's words, and users change their own where it says so.
def test_password_policy(cloud, iam):
    assert refused(iam.get_account_password_policy)[0] == "NoSuchEntity"
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True, PasswordReusePrevention=2)
    try:
        policy = iam.get_account_password_policy()["PasswordPolicy"]
        assert policy["MinimumPasswordLength"] == 12 and policy["RequireSymbols"] and not policy["ExpirePasswords"]
        user = cloud.make_user()
        assert "symbol" in refused(iam.create_login_profile, UserName=user.name, Password="abcdefghijkl")[1]
        iam.create_login_profile(UserName=user.name, Password="abcdefghijk-1")
        own = user.client("iam")
        change = dict(OldPassword="abcdefghijk-1", NewPassword="abcdefghijk-2")
        assert refused(own.change_password, **change)[0] == "AccessDenied"
        iam.update_account_password_policy(MinimumPasswordLength=12, AllowUsersToChangePassword=True,
                                           PasswordReusePrevention=2)
        assert refused(own.change_password, OldPassword="wrong", NewPassword="abcdefghijk-2")[0] == "AccessDenied"
        own.change_password(**change)
        assert "used before" in refused(own.change_password, OldPassword="abcdefghijk-2", NewPassword="abcdefghijk-1")[1]
    finally:
        iam.delete_account_password_policy()


# A device: made, enabled with two codes, listed, synchronized, deactivated, deleted; wrong codes do nothing.
def test_mfa_devices(iam):
    name = fresh("ada")
    iam.create_user(UserName=name)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name, Tags=[{"Key": "k", "Value": "v"}])["VirtualMFADevice"]
    serial = device["SerialNumber"]
    assert serial.endswith(f":mfa/{name}")
    assert refused(iam.create_virtual_mfa_device, VirtualMFADeviceName=name)[0] == "EntityAlreadyExists"
    app = Authenticator(device["Base32StringSeed"])
    wrong = dict(UserName=name, SerialNumber=serial, AuthenticationCode1="000000", AuthenticationCode2="000001")
    assert refused(iam.enable_mfa_device, **wrong)[0] == "InvalidAuthenticationCode"
    first, second = app.pair()
    iam.enable_mfa_device(UserName=name, SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second)
    assert [each["SerialNumber"] for each in iam.list_mfa_devices(UserName=name)["MFADevices"]] == [serial]
    assert iam.get_mfa_device(SerialNumber=serial)["UserName"] == name
    listed = {each["SerialNumber"]: each for each in iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]}
    assert listed[serial]["User"]["UserName"] == name and "Base32StringSeed" not in listed[serial]
    assert refused(iam.resync_mfa_device, **wrong)[0] == "InvalidAuthenticationCode"
    assert refused(iam.delete_virtual_mfa_device, SerialNumber=serial) == (
        "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    assert refused(iam.delete_user, UserName=name)[1] == "Cannot delete entity, must deactivate MFA devices first."
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "team", "Value": "ml"}])
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["k"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "team", "Value": "ml"}]
    iam.deactivate_mfa_device(UserName=name, SerialNumber=serial)
    assert iam.list_mfa_devices(UserName=name)["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert refused(iam.get_mfa_device, SerialNumber=serial)[0] == "NoSuchEntity"
    iam.delete_user(UserName=name)


# Providers and their clients, thumbprints and tags.
def test_oidc_providers(cloud, iam):
    url = f"https://{fresh('issuer')}.example.com/path"
    arn = iam.create_open_id_connect_provider(Url=url, ClientIDList=["one"], ThumbprintList=["a" * 40],
                                              Tags=[{"Key": "k", "Value": "v"}])["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{cloud.account}:oidc-provider/{url[8:]}"
    assert refused(iam.create_open_id_connect_provider, Url=url)[0] == "EntityAlreadyExists"
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="two")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[{"Key": "team", "Value": "ml"}])
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["k"])
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["Url"], got["ClientIDList"], got["ThumbprintList"]) == (url[8:], ["two"], ["b" * 40])
    assert iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"] == [{"Key": "team", "Value": "ml"}]
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)[0] == "NoSuchEntity"


# What Aloft has none of answers "none"; what would make one is refused by name.
def test_what_there_is_none_of(cloud, iam):
    assert iam.list_saml_providers()["SAMLProviderList"] == []
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []
    user = {"UserName": "administrator"}
    assert iam.list_ssh_public_keys(**user)["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(**user)["Certificates"] == []
    assert iam.list_service_specific_credentials(**user)["ServiceSpecificCredentials"] == []
    code, message = refused(iam.create_saml_provider, Name="x", SAMLMetadataDocument="x" * 1000)
    assert "CreateSAMLProvider" in message


# The alias, which a sign-in takes for the account's number.
def test_account_alias(iam):
    name = fresh("team")
    iam.create_account_alias(AccountAlias=name)
    assert iam.list_account_aliases()["AccountAliases"] == [name]
    assert refused(iam.delete_account_alias, AccountAlias="other")[0] == "NoSuchEntity"
    iam.delete_account_alias(AccountAlias=name)
    assert iam.list_account_aliases()["AccountAliases"] == []


# The auditor's report: a row per user, with what is true of it.
def test_credential_report(cloud, iam):
    user = cloud.make_user()
    iam.create_login_profile(UserName=user.name, Password="Good-enough-1")
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(report["Content"].decode()))}
    assert rows["<root_account>"]["arn"] == f"arn:aws:iam::{cloud.account}:root"
    mine = rows[user.name]
    assert (mine["password_enabled"], mine["mfa_active"], mine["access_key_1_active"], mine["access_key_2_active"]) == (
        "true", "false", "true", "false")
    assert len(mine) == 22


# Everything that decides in the account, in one list that pages.
def test_account_authorization_details(cloud, iam):
    user = cloud.make_user({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    role = fresh("role")
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 3}))
    users = {each["UserName"]: each for page in pages for each in page["UserDetailList"]}
    roles = {each["RoleName"]: each for page in pages for each in page["RoleDetailList"]}
    policies = {each["PolicyName"] for page in pages for each in page["Policies"]}
    assert users[user.name]["UserPolicyList"][0]["PolicyDocument"]["Statement"]["Action"] == "s3:*"
    assert roles[role]["AttachedManagedPolicies"][0]["PolicyName"] == "AmazonSageMakerFullAccess"
    assert {"AdministratorAccess", "AmazonSageMakerFullAccess"} <= policies
    only = iam.get_account_authorization_details(Filter=["Role"])
    assert only["UserDetailList"] == [] and role in {each["RoleName"] for each in only["RoleDetailList"]}
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["Users"] >= 2 and summary["Roles"] >= 1 and summary["Providers"] >= 0


# Service-linked roles are made and removed by their own operations only.
def test_service_linked_roles(iam):
    made = iam.create_service_linked_role(AWSServiceName="sagemaker.application-autoscaling.amazonaws.com")["Role"]
    name = made["RoleName"]
    assert name == "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    assert refused(iam.delete_role, RoleName=name)[0] == "UnmodifiableEntity"
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refused(iam.get_role, RoleName=name)[0] == "NoSuchEntity"


# Tags on instance profiles and descriptions of roles.
def test_tags_on_the_rest(iam):
    name = fresh("box")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.tag_instance_profile(InstanceProfileName=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_instance_profile(InstanceProfileName=name, TagKeys=["a"])
    assert iam.list_instance_profile_tags(InstanceProfileName=name)["Tags"] == [{"Key": "b", "Value": "2"}]
    iam.delete_instance_profile(InstanceProfileName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    assert iam.update_role_description(RoleName=name, Description="new")["Role"]["Description"] == "new"


# AWS's managed policies that ML teams attach by ARN, with the paths that AWS gives them.
@pytest.mark.parametrize("policy", [
    "AmazonSageMakerFullAccess", "AmazonSageMakerReadOnly", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess", "ReadOnlyAccess",
    "AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "IAMReadOnlyAccess", "CloudWatchLogsFullAccess",
    "CloudWatchFullAccess", "CloudWatchReadOnlyAccess", "SecurityAudit", "AWSKeyManagementServicePowerUser",
    "AmazonSageMakerCanvasFullAccess", "AmazonEC2ContainerRegistryFullAccess", "AmazonEC2ContainerRegistryPowerUser",
    "AWSLambda_FullAccess", "AmazonDynamoDBFullAccess", "AmazonAthenaFullAccess", "AWSStepFunctionsFullAccess",
    "AmazonEventBridgeFullAccess", "IAMUserChangePassword", "job-function/ViewOnlyAccess", "job-function/DataScientist",
    "service-role/AWSLambdaBasicExecutionRole", "service-role/AWSGlueServiceRole"])
def test_aws_managed_policies(iam, policy):
    arn = f"arn:aws:iam::aws:policy/{policy}"
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    assert got["Arn"] == arn and got["IsAttachable"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=got["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"]["Statement"]


# Planted secrets are nowhere: not in the log, not in the files of the data directory, not in another answer.
def test_planted_passwords_and_seeds_are_not_found(own_cloud):
    iam = own_cloud.admin.client("iam")
    secret = f"Planted-{uuid.uuid4().hex}-1"
    iam.create_user(UserName="planted")
    iam.create_login_profile(UserName="planted", Password=secret)
    seed = iam.create_virtual_mfa_device(VirtualMFADeviceName="planted")["VirtualMFADevice"]["Base32StringSeed"]
    answers = [iam.get_login_profile(UserName="planted"), iam.list_virtual_mfa_devices(), iam.get_user(UserName="planted")]
    assert secret not in str(answers) and seed.decode() not in str(answers)
    own_cloud.stop()
    planted = (secret.encode(), seed, Authenticator(seed).secret)
    for file in [own_cloud.log_file, *own_cloud.data.rglob("*")]:
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            assert not any(each in content for each in planted), file
