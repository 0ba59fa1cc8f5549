"""What decides, over the wire: conditions on tags, passed roles, the simulator, `aloft iam why`, rate limits."""

import concurrent.futures
import json
import uuid

import botocore.exceptions
import pytest
from cloud import Cloud, document, wait_for
from raw import json_call, send


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


# A team may touch what carries its tag and nothing else: the tags of the resource decide, SageMaker's and IAM's.
def test_resource_tags_decide(cloud):
    admin = cloud.admin.client("iam")
    ours, theirs = fresh("ours"), fresh("theirs")
    admin.create_user(UserName=ours, Tags=[{"Key": "Team", "Value": "ml"}])
    admin.create_user(UserName=theirs, Tags=[{"Key": "Team", "Value": "web"}])
    user = cloud.make_user([
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "ml"}}},
        {"Effect": "Allow", "Action": "sagemaker:Describe*", "Resource": "*",
         "Condition": {"StringEquals": {"sagemaker:ResourceTag/team": "ml"}}}]).client("iam")
    assert user.get_user(UserName=ours)["User"]["UserName"] == ours
    assert refused(user.get_user, UserName=theirs)[0] == "AccessDenied"
    assert refused(user.get_user, UserName=fresh("absent"))[0] == "AccessDenied"
    admin.tag_user(UserName=theirs, Tags=[{"Key": "Team", "Value": "ml"}])
    assert user.get_user(UserName=theirs)["User"]["UserName"] == theirs


# Tags of a request are conditions too: who may make things only with the team's tag.
def test_request_tags_decide(cloud):
    user = cloud.make_user([{"Effect": "Allow", "Action": ["iam:CreateUser", "iam:TagUser"], "Resource": "*", "Condition": {
        "StringEquals": {"aws:RequestTag/team": "ml"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}}]).client("iam")
    user.create_user(UserName=fresh("u"), Tags=[{"Key": "team", "Value": "ml"}])
    assert refused(user.create_user, UserName=fresh("u"))[0] == "AccessDenied"
    assert refused(user.create_user, UserName=fresh("u"), Tags=[{"Key": "team", "Value": "web"}])[0] == "AccessDenied"
    more = [{"Key": "team", "Value": "ml"}, {"Key": "other", "Value": "x"}]
    assert refused(user.create_user, UserName=fresh("u"), Tags=more)[0] == "AccessDenied"


# A role is passed only by who may pass it, to the service that it may be passed to.
def test_pass_role_is_asked(cloud):
    role = cloud.make_role({"Effect": "Allow", "Action": "*", "Resource": "*"})
    model = dict(ModelName=fresh("m"), ExecutionRoleArn=role, PrimaryContainer={"Image": "pytorch-inference:2.4-cpu"})
    create = {"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": "*"}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role,
               "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}
    for policy in ([create], [create, passing]):
        code, message = refused(cloud.make_user(policy).client("sagemaker").create_model, **model)
        assert code == "AccessDeniedException" and "iam:PassRole" in message and role in message
    passing["Condition"] = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    code, message = None, ""
    try:
        cloud.make_user([create, passing]).client("sagemaker").create_model(**model)
    except botocore.exceptions.ClientError as failure:
        code, message = failure.response["Error"]["Code"], failure.response["Error"]["Message"]
    assert code != "AccessDeniedException", message


# The simulator names the statement that decides and where it stands, and what the question lacks.
def test_simulator_names_the_statement(cloud):
    iam = cloud.admin.client("iam")
    user = cloud.make_user([
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::data/*"},
        {"Sid": "Safe", "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}])
    arn = f"arn:aws:iam::{cloud.account}:user/{user.name}"

    def simulate(action, resource="arn:aws:s3:::data/x", **more):
        return iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[action], ResourceArns=[resource], **more)["EvaluationResults"][0]

    result = simulate("s3:GetObject")
    assert result["EvalDecision"] == "allowed" and result["MissingContextValues"] == ["aws:SecureTransport"]
    [matched] = result["MatchedStatements"]
    assert "given" in matched["SourcePolicyId"] and matched["StartPosition"]["Line"] == 1
    text = document([{"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::data/*"}])
    assert matched["StartPosition"]["Column"] == text.index('{"Sid"') + 1
    insecure = [{"ContextKeyName": "aws:SecureTransport", "ContextKeyValues": ["false"], "ContextKeyType": "boolean"}]
    assert simulate("s3:GetObject", ContextEntries=insecure)["EvalDecision"] == "explicitDeny"
    assert simulate("s3:PutObject")["EvalDecision"] == "implicitDeny"
    # A resource's policy opens what identity policies do not mention; a boundary closes.
    policy = document({"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::data/*"})
    assert simulate("s3:PutObject", ResourcePolicy=policy, CallerArn=arn)["EvalDecision"] == "allowed"
    narrow = document({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"})
    result = simulate("s3:GetObject", PermissionsBoundaryPolicyInputList=[narrow])
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"] is False
    # Another account's resource needs its policy's word too.
    assert simulate("s3:GetObject", ResourceOwner="999999999999")["EvalDecision"] == "implicitDeny"


# What a policy asks for, so that its author knows what to simulate with.
def test_context_keys(cloud):
    iam = cloud.admin.client("iam")
    policy = document({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*",
                       "Condition": {"NumericLessThan": {"s3:max-keys": "10"}, "Bool": {"aws:SecureTransport": "true"}}})
    names = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"]
    assert names == ["aws:SecureTransport", "aws:username", "s3:max-keys"]
    user = cloud.make_user(json.loads(policy)["Statement"])
    arn = f"arn:aws:iam::{cloud.account}:user/{user.name}"
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == names


# `aloft iam why` answers for an administrator what a colleague asks: which statement, or what is missing.
def test_iam_why(cloud):
    user = cloud.make_user([
        {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
        {"Sid": "Home", "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "ml"}}}])

    def why(*arguments, identity=None):
        return cloud.aloft("iam", "why", *arguments, identity=identity)

    answer = why(user.name, "s3:GetObject", "arn:aws:s3:::data/x")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"Allowed: arn:aws:iam::{cloud.account}:user/{user.name}, s3:GetObject on arn:aws:s3:::data/x")
    assert f"allowed by statement 1 (Sid Read) of inline policy given of user {user.name}" in answer.stdout
    assert "aws:PrincipalTag/team" in answer.stdout
    answer = why(user.name, "s3:GetObject", "arn:aws:s3:::data/x", "-c", "aws:SourceIp=10.1.2.3")
    assert answer.stdout.startswith("Refused") and "denied by statement 2 (Sid Home)" in answer.stdout
    answer = why(user.name, "s3:PutObject")
    assert "no identity-based policy allows s3:PutObject" in answer.stdout and "No statement" in answer.stdout
    assert "Refused: anonymous" in why("anonymous", "sagemaker:ListModels").stdout
    assert "cannot be found" in why("eve", "s3:GetObject").stderr
    # Asking about others is a right of its own.
    assert "iam:SimulatePrincipalPolicy" in why("administrator", "s3:GetObject", identity=user).stderr
    assert json.loads(why(user.name, "s3:GetObject", "--json").stdout)["Allowed"] is True
    assert "aloft iam why" in cloud.aloft("iam", "why", "--help").stdout


# A key's policy and a role's trust are gates of their own: an Allow of one's own policies opens neither, and `why` says so.
def test_iam_why_at_gates(cloud):
    user = cloud.make_user({"Effect": "Allow", "Action": ["kms:*", "sts:*"], "Resource": "*"})
    arn = f"arn:aws:iam::{cloud.account}:user/{user.name}"
    kms = cloud.admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]

    def why(action, resource):
        return json.loads(cloud.aloft("iam", "why", user.name, action, resource, "--json").stdout)

    assert why("kms:Decrypt", key)["Allowed"] is True  # the key leaves it to the account's policies
    admin = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{cloud.account}:user/administrator"}, "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(admin))
    answer = why("kms:Decrypt", key)
    assert answer["Allowed"] is False and "resource-based policy" in answer["Message"]
    deny = {"Sid": "NotHer", "Effect": "Deny", "Principal": {"AWS": arn}, "Action": "kms:Decrypt", "Resource": "*"}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document([admin, deny]))
    assert "NotHer" in why("kms:Decrypt", key)["Why"] and why("kms:Decrypt", key)["ExplicitDeny"] is True
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    role = cloud.make_role()  # trusts SageMaker, nobody else
    assert why("sts:AssumeRole", role)["Allowed"] is False
    trust = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "sts:AssumeRole"}
    cloud.admin.client("iam").update_assume_role_policy(RoleName=role.split("/")[-1], PolicyDocument=document(trust))
    assert why("sts:AssumeRole", role)["Allowed"] is True


# One caller's rush is refused in each API's own words, with a hint; another caller is served.
def test_rate_limits(binary, tmp_path):
    cloud = Cloud.start(binary, tmp_path / "data", settings="[limits]\ncontrol = 3\ndata = 3\nanonymous = 3\n")
    try:
        slow = cloud.admin.client("s3", retries={"max_attempts": 0})

        def models(_=None):
            return json_call(cloud.admin, "sagemaker", "SageMaker.ListModels", {})

        def buckets(_):
            try:
                return slow.list_buckets()["ResponseMetadata"]["HTTPStatusCode"]
            except botocore.exceptions.ClientError as failure:
                return failure.response["Error"]["Code"], failure.response["ResponseMetadata"]["HTTPStatusCode"]

        def health(_):
            return send(cloud, "GET", "/healthz").status_code

        assert models().status_code == 200
        with concurrent.futures.ThreadPoolExecutor(12) as pool:  # a rush also where the machine is slow

            def rush(ask, enough):
                return wait_for(lambda: [answer for answer in pool.map(ask, range(24)) if enough(answer)], what="a refusal")

            for refused in rush(models, lambda answer: answer.status_code != 200):
                assert refused.status_code == 400 and refused.json()["__type"].endswith("ThrottlingException")
                assert refused.headers["Retry-After"] == "1"
            assert set(rush(buckets, lambda answer: answer != 200)) == {("SlowDown", 503)}
            assert rush(health, lambda status: status != 200)
        wait_for(lambda: models().status_code == 200, what="an answer after the rush")
    finally:
        cloud.close()


# A setting that does not exist is an error that names it, not a limit that nobody has.
def test_limits_are_checked(binary, tmp_path):
    with pytest.raises(RuntimeError, match="limits.requests"):
        Cloud.start(binary, tmp_path / "data", settings="[limits]\nrequests = 3\n").close()
