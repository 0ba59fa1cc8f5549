"""The refusal matrix: every operation that the server has built, called as nobody, as a user without rights, and as another
account. Each must refuse; what may answer is listed here with its reason."""

import json
import uuid

import boto3
import botocore
import botocore.config
import botocore.exceptions
import pytest
from cloud import Identity
from raw import send, signed
from samples import Samples

pytestmark = pytest.mark.any_store

# The clients of a service, by the prefix of its actions.
CLIENTS = {"s3": ["s3"], "iam": ["iam"], "sts": ["sts"], "sagemaker": ["sagemaker", "sagemaker-runtime"], "logs": ["logs"],
           "cloudwatch": ["cloudwatch"], "kms": ["kms"], "cloudtrail": ["cloudtrail"], "organizations": ["organizations"],
           "application-autoscaling": ["application-autoscaling"],
           "tag": ["resourcegroupstaggingapi"]}

# Refused in the words of each protocol: no signature, or no right.
NOBODY = {"AccessDenied", "AccessDeniedException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "403", "401"}
DENIED = {"AccessDenied", "AccessDeniedException", "403"}

# Answers that are not refusals, each with the documentation's reason. The code that comes instead stands beside it.
OPEN_TO_NOBODY = {
    ("sts", "AssumeRoleWithWebIdentity"): ("InvalidIdentityToken", "the token itself is the proof; this one is none"),
}
OPEN_TO_USERS = {
    ("sts", "GetCallerIdentity"): (None, "everyone who signs may ask who they are, even where a policy denies it"),
    ("sts", "GetSessionToken"): (None, "no permission is needed: the session may no more than its user"),
    ("sts", "AssumeRoleWithWebIdentity"): ("InvalidIdentityToken", "takes no signature"),
}
# Without a bucket, a key or an ARN in them, names are the caller's own account's: another account's administrator asks about
# its own resources, and there is nothing to refuse.
ACROSS_ACCOUNTS = {"s3", "kms"}

# The server's own operations and the front of predictions, which no SDK knows.
OWN = {
    "ListOperations": ("POST", "/aloft/v1/ListOperations", b"{}"),
    "IssueEndpointToken": ("POST", "/aloft/v1/IssueEndpointToken", b'{"EndpointName": "e"}'),
    "GetKeyringStatus": ("POST", "/aloft/v1/GetKeyringStatus", b"{}"),
    "RotateRootKey": ("POST", "/aloft/v1/RotateRootKey", b"{}"),
    "InterruptTrainingJob": ("POST", "/aloft/v1/InterruptTrainingJob", b'{"TrainingJobName": "j"}'),
    "GetQueue": ("POST", "/aloft/v1/GetQueue", b"{}"),
    "PutQuota": ("POST", "/aloft/v1/PutQuota", b'{"Owner": "user/nobody"}'),
    "ListQuotas": ("POST", "/aloft/v1/ListQuotas", b"{}"),
    "RevokeToken": ("POST", "/aloft/v1/RevokeToken", b'{"Token": "aloft_x"}'),
    "RevokeRoleSessions": ("POST", "/aloft/v1/RevokeRoleSessions", b'{"RoleName": "nobody"}'),
    "CheckObjects": ("POST", "/aloft/v1/CheckObjects", b"{}"),
    "ExplainEndpoint": ("POST", "/aloft/v1/ExplainEndpoint", b'{"EndpointName": "nobody"}'),
    "ExplainAccess": ("POST", "/aloft/v1/ExplainAccess", b'{"Principal": "root", "Action": "s3:GetObject"}'),
}
OWN_OPEN = {
    "Health": "load balancers probe without credentials",
    "Ready": "load balancers probe without credentials",
    "GetMetrics": "Prometheus reads it on the machine itself; from elsewhere it needs aloft:GetMetrics",
    "SignIn": "the password decides",
    "BeginIssuerSignIn": "gives a random number",
    "FinishIssuerSignIn": "the issuer's token and the role's trust decide",
    "GetSession": "the session's cookie decides",
    "GetSessionCredentials": "the session's cookie decides, and its page's secret",
    "SignOut": "the session's cookie decides, and its page's secret",
    "GetStatus": "every signed caller may see which server it talks to",
}
PREDICTIONS = {"Predict": ("POST", "/v1/endpoints/e/predict", b"[]"), "Ready": ("GET", "/v1/endpoints/e/ready", b""),
               "ModelMetadata": ("GET", "/v2/models/e", b""), "ModelReady": ("GET", "/v2/models/e/ready", b""),
               "ModelInfer": ("POST", "/v2/models/e/infer", b"{}")}
# The Open Inference Protocol's health of the server, which its clients and probes ask without credentials.
PREDICTIONS_OPEN = {"ServerMetadata", "ServerLive", "ServerReady"}


def unsigned(cloud, service: str):
    session = boto3.Session(region_name=cloud.region)
    config = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 1}, s3={"addressing_style": "path"},
                                    request_checksum_calculation="when_required")
    return session.client(service, endpoint_url=cloud.url, verify=str(cloud.ca_file or True), config=config)


def code_of(call, parameters) -> str | None:
    """The code of the error; absent where the call answered."""
    try:
        answer = call(**parameters)
        # DeleteObjects decides key by key: all of them refused is a refusal.
        errors = answer.get("Errors") if isinstance(answer, dict) else None
        if errors and "Deleted" not in answer and {each.get("Code") for each in errors} == {"AccessDenied"}:
            return "AccessDenied"
    except botocore.exceptions.ClientError as failure:
        error = failure.response["Error"]
        return error["Code"] if error["Code"] != "" else str(failure.response["ResponseMetadata"]["HTTPStatusCode"])
    return None


@pytest.fixture(scope="module")
def place(cloud):
    """A bucket of the main account, private as every new bucket."""
    name = f"refusals-{uuid.uuid4().hex[:8]}"
    s3 = cloud.admin.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"secret")
    kms = cloud.admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    yield Samples(cloud.account, cloud.region, name, key, kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"])
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)


@pytest.fixture(scope="module")
def operations(cloud):
    answer = signed(cloud.admin, "aloft", "POST", "/aloft/v1/ListOperations", b"{}").json()
    return [(each["Service"], each["Operation"]) for each in answer["Operations"]]


def calls(operations, make_client, place):
    """(service, operation, method, parameters) of every operation that an SDK knows."""
    clients = {}
    for service, operation in operations:
        for name in CLIENTS.get(service, []):
            if name not in clients:
                clients[name] = make_client(name)
            client = clients[name]
            if operation not in client.meta.service_model.operation_names:
                continue
            method = next(python for python, wire in client.meta.method_to_api_mapping.items() if wire == operation)
            yield service, operation, getattr(client, method), place.of(client, operation)


# A browser's preflight is no call of an SDK's; the rules of the bucket answer it.
S3_ONLY_HERE = {"CorsPreflight", "PostObject"}


def check(rows, refused, may_answer):
    wrong, seen = [], 0
    for service, operation, method, parameters in rows:
        seen += 1
        code = code_of(method, parameters)
        if (service, operation) in may_answer:
            if code != may_answer[(service, operation)][0]:
                wrong.append(f"{service}:{operation}: {code}, not {may_answer[(service, operation)]}")
        elif code not in refused:
            wrong.append(f"{service}:{operation}: {'answered' if code is None else code} with {parameters}")
    assert not wrong, "\n".join(wrong)
    assert seen > 100


# Every operation is in the matrix: one that no client and no list knows would go untested.
def test_the_matrix_is_complete(cloud, operations, place):
    clients = {name: cloud.admin.client(name) for names in CLIENTS.values() for name in names}
    missing = []
    for service, operation in operations:
        known = any(operation in clients[name].meta.service_model.operation_names for name in CLIENTS.get(service, []))
        if service == "aloft":
            known = operation in OWN or operation in OWN_OPEN
        elif (service == "sagemaker" and operation in {*PREDICTIONS, *PREDICTIONS_OPEN}) or (service == "s3" and operation in S3_ONLY_HERE):
            known = True
        if not known:
            missing.append(f"{service}:{operation}")
    assert not missing, missing


# Nobody gets nothing, from any of them.
def test_nobody_is_refused(cloud, operations, place):
    rows = calls(operations, lambda name: unsigned(cloud, name), place)
    check(rows, NOBODY | {"MethodNotAllowed", "405"}, OPEN_TO_NOBODY)


# A user to whom nothing was given may do nothing.
def test_a_user_without_rights_is_refused(cloud, operations, place):
    user = cloud.make_user()
    check(calls(operations, user.client, place), DENIED, OPEN_TO_USERS)


# The server's own operations and predictions: the same, without an SDK.
def test_own_operations_refuse(cloud):
    user = cloud.make_user()
    for method, path, body in [*OWN.values(), *PREDICTIONS.values()]:
        assert send(cloud, method, path, body).status_code in (401, 403), path
        service = "aloft" if path.startswith("/aloft") else "sagemaker"
        assert signed(user, service, method, path, body).status_code == 403, path


# A policy that denies everything denies even what needs no permission elsewhere, but never who one is.
def test_a_denied_user_may_still_ask_who_it_is(cloud):
    user = cloud.make_user({"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert user.client("sts").get_caller_identity()["Account"] == cloud.account


def other_account(cloud) -> Identity:
    """The administrator of another account of the same installation."""
    organizations = cloud.admin.client("organizations")
    try:
        organizations.describe_organization()
    except botocore.exceptions.ClientError:
        organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(Email=f"{uuid.uuid4().hex[:8]}@example.com", AccountName="other")["CreateAccountStatus"]
    role = f"arn:aws:iam::{made['AccountId']}:role/OrganizationAccountAccessRole"
    issued = cloud.admin.client("sts").assume_role(RoleArn=role, RoleSessionName="refusals")["Credentials"]
    return Identity(cloud, issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


# The administrator of another account is a stranger to what this one has.
def test_another_account_is_refused(cloud, operations, place):
    if ("organizations", "CreateAccount") not in operations:
        pytest.skip("this server has one account only")
    stranger = other_account(cloud)
    # What concerns no bucket of ours: lists of the stranger's own, and names that are free to take.
    own = {("s3", "ListBuckets"): (None, "its own"), ("s3", "CreateBucket"): (None, "a name that nobody has"),
           ("s3", "ListDirectoryBuckets"): (None, "its own"), ("kms", "CreateKey"): (None, "its own"),
           ("kms", "ListKeys"): (None, "its own"), ("kms", "ListAliases"): (None, "its own"),
           ("kms", "GenerateRandom"): (None, "belongs to nobody"),
           ("kms", "ListRetirableGrants"): (None, "its own"),
           ("kms", "RetireGrant"): ("*", "decided by the grant, which is not there")}
    rows = [row for row in calls(operations, stranger.client, place) if row[0] in ACROSS_ACCOUNTS]
    wrong = []
    for service, operation, method, parameters in rows:
        code = code_of(method, parameters)
        # A key that is not there is told apart from one that is forbidden only in the key's own account.
        if (service, operation) in own and own[(service, operation)][0] in (code, "*"):
            continue
        if code not in DENIED | {"NotFoundException", "NoSuchKey"}:
            wrong.append(f"{service}:{operation}: {'answered' if code is None else code} with {json.dumps(parameters, default=str)}")
    assert not wrong, "\n".join(wrong)
    stranger.client("s3").delete_bucket(Bucket=place.bucket + "-new")
