"""STS with boto3: roles with tags and factors, web identities against a real issuer, revocation, decoding refusals."""

import hashlib
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
import uuid

import botocore
import botocore.exceptions
import pytest
import requests
from cloud import Cloud, Identity, document, wait_for
from issuer import Issuer, Key, b64
from raw import signed
from totp import Authenticator

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def refused(call, **arguments) -> tuple[str, str]:
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def session(cloud, credentials) -> Identity:
    return Identity(cloud, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


@pytest.fixture(scope="module")
def home(binary, tmp_path_factory):
    """A server that lets issuers live on this machine."""
    directory = tmp_path_factory.mktemp("sts")
    cloud = Cloud.start(binary, directory / "data", settings='oidc_issuer_networks = "loopback"\nlast_use_seconds = 1\n')
    yield cloud
    cloud.close()


@pytest.fixture(scope="module")
def iam(home):
    return home.admin.client("iam")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    issuer = Issuer(tmp_path_factory.mktemp("issuer"))
    yield issuer
    issuer.close()


@pytest.fixture(scope="module")
def provider(iam, issuer):
    made = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["aloft-test"], ThumbprintList=["a" * 40])
    return made["OpenIDConnectProviderArn"]


def make_role(iam, principal: dict, action="sts:AssumeRole", condition: dict | None = None) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    if condition:
        statement["Condition"] = condition
    name = fresh("role")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(statement))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(EVERYTHING))
    return arn


@pytest.fixture(scope="module")
def unsigned(home):
    """A client as a CI job has it: no credentials of this cloud at all."""
    core = Identity(home, "", "").session()
    return core.client("sts", endpoint_url=home.url, verify=str(home.ca_file),
                       config=botocore.config.Config(signature_version=botocore.UNSIGNED))


# A CI job's token for a role: both algorithms, the session is the role's and says who it was.
@pytest.mark.parametrize("which", [0, 1], ids=["RS256", "ES256"])
def test_web_identity(home, iam, issuer, provider, unsigned, which):
    role = make_role(iam, {"Federated": provider}, "sts:AssumeRoleWithWebIdentity",
                     {"StringEquals": {f"{issuer.name}:aud": "aloft-test"}, "StringLike": {f"{issuer.name}:sub": "repo:team/*"}})
    made = unsigned.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="ci", WebIdentityToken=issuer.token(issuer.keys[which]), DurationSeconds=900)
    assert made["SubjectFromWebIdentityToken"] == "repo:team/model" and made["Audience"] == "aloft-test"
    assert made["Provider"] == provider
    who = session(home, made["Credentials"]).client("sts").get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{home.account}:assumed-role/{role.split('/')[-1]}/ci"
    session(home, made["Credentials"]).client("s3").list_buckets()
    code, _ = refused(unsigned.assume_role_with_web_identity, RoleArn=role, RoleSessionName="ci",
                      WebIdentityToken=issuer.token(issuer.keys[which], sub="repo:other/model"))
    assert code == "AccessDenied"


# Everything by which a token may fail has its own answer, and none gives credentials.
def test_web_identity_refusals(iam, issuer, provider, unsigned):
    role = make_role(iam, {"Federated": provider}, "sts:AssumeRoleWithWebIdentity")

    def answer(token, arn=role):
        return refused(unsigned.assume_role_with_web_identity, RoleArn=arn, RoleSessionName="ci", WebIdentityToken=token)

    assert answer(issuer.token(aud="somebody-else")) == ("InvalidIdentityToken", "Incorrect token audience")
    assert answer(issuer.token(exp=1))[0] == "ExpiredTokenException"
    assert answer(issuer.token(exp=None))[0] == "InvalidIdentityToken"
    assert answer(issuer.token(nbf=4_000_000_000))[0] == "InvalidIdentityToken"
    assert answer(issuer.token(sub=None))[0] == "InvalidIdentityToken"
    assert answer(issuer.token(iss="http://127.0.0.1:1/other"))[0] == "InvalidIdentityToken"
    assert answer(issuer.token(header={"alg": "none"}))[0] == "InvalidIdentityToken"
    assert answer(issuer.token(header={"alg": "HS256", "kid": "rsa-1"}))[0] == "InvalidIdentityToken"
    head, body, signature = issuer.token().split(".")
    assert answer(f"{head}.{body}.{signature[:-8]}AAAAAAAA")[0] == "InvalidIdentityToken"
    assert answer("not.a.token")[0] == "InvalidIdentityToken"
    assert answer(issuer.token(), role + "x")[0] == "AccessDenied"
    # A role that does not trust the provider is shut to its tokens.
    assert answer(issuer.token(), make_role(iam, {"Service": "sagemaker.amazonaws.com"}))[0] == "AccessDenied"


# Keys rotate: a new key is fetched when it is first seen; known ones are not asked for again.
def test_issuer_keys_rotate(iam, provider, unsigned, tmp_path_factory):
    issuer = Issuer(tmp_path_factory.mktemp("rotating"))
    arn = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["aloft-test"])["OpenIDConnectProviderArn"]
    role = make_role(iam, {"Federated": arn}, "sts:AssumeRoleWithWebIdentity")

    def assume(key):
        return unsigned.assume_role_with_web_identity(RoleArn=role, RoleSessionName="ci", WebIdentityToken=issuer.token(key))

    for _ in range(5):
        assume(issuer.keys[0])
    assert issuer.asked == 1
    rotated = Key(issuer.directory, "rsa-2", "RS256")
    issuer.keys = [rotated]
    # Within half a minute of the last question the issuer is left in peace; then the new key is found.
    assert refused(assume, key=rotated)[0] == "InvalidIdentityToken"
    assert issuer.asked == 1
    issuer.close()


# A document that names another issuer cannot lend it its keys.
def test_issuer_document_must_name_itself(iam, unsigned, tmp_path_factory):
    issuer = Issuer(tmp_path_factory.mktemp("mixed"))
    issuer.named = "https://accounts.example.com"
    arn = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["aloft-test"])["OpenIDConnectProviderArn"]
    role = make_role(iam, {"Federated": arn}, "sts:AssumeRoleWithWebIdentity")
    code, _ = refused(unsigned.assume_role_with_web_identity, RoleArn=role, RoleSessionName="ci",
                      WebIdentityToken=issuer.token())
    assert code == "IDPCommunicationError"
    issuer.close()


# SSRF: whoever may register a provider must not make the server talk to its own machine.
def test_ssrf_through_an_issuer_url(cloud, tmp_path):
    iam = cloud.admin.client("iam")
    issuer = Issuer(tmp_path)
    for url in (issuer.url, "http://169.254.169.254/latest", "ftp://issuer.example", "https://user@issuer.example"):
        assert refused(iam.create_open_id_connect_provider, Url=url)[0] in ("ValidationError", "InvalidInput")
    port = issuer.server.server_port
    arn = iam.create_open_id_connect_provider(Url=f"https://localhost:{port}/realm", ClientIDList=["x"])["OpenIDConnectProviderArn"]
    role = make_role(iam, {"Federated": arn}, "sts:AssumeRoleWithWebIdentity")
    code, _ = refused(cloud.admin.client("sts").assume_role_with_web_identity, RoleArn=role, RoleSessionName="ci",
                      WebIdentityToken=issuer.token(iss=f"https://localhost:{port}/realm", aud="x"))
    assert code == "IDPCommunicationError" and issuer.asked == 0
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    issuer.close()


# Tags, transitive tags and source identity down a chain of two roles.
def test_tags_and_source_identity(home, iam):
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    first, second = (make_role(iam, {"AWS": home.account}, actions) for _ in range(2))
    made = home.admin.client("sts").assume_role(
        RoleArn=first, RoleSessionName="one", SourceIdentity="ada", TransitiveTagKeys=["team"],
        Tags=[{"Key": "team", "Value": "ml"}, {"Key": "step", "Value": "1"}])
    assert made["SourceIdentity"] == "ada"
    sts = session(home, made["Credentials"]).client("sts")
    assert sts.assume_role(RoleArn=second, RoleSessionName="two")["SourceIdentity"] == "ada"
    assert "transitive" in refused(sts.assume_role, RoleArn=second, RoleSessionName="two",
                                   Tags=[{"Key": "team", "Value": "x"}])[1]
    assert refused(sts.assume_role, RoleArn=second, RoleSessionName="two", SourceIdentity="bob")[0] == "AccessDenied"
    assert "1 hour session limit" in refused(sts.assume_role, RoleArn=second, RoleSessionName="two", DurationSeconds=7200)[1]


# A trust that asks for a second factor: with the device's code yes, twice the same no, without no.
def test_multi_factor(home, iam):
    user = home.make_user(EVERYTHING)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user.name)["VirtualMFADevice"]
    app = Authenticator(device["Base32StringSeed"])
    first, second = app.pair()
    iam.enable_mfa_device(UserName=user.name, SerialNumber=device["SerialNumber"], AuthenticationCode1=first,
                          AuthenticationCode2=second)
    role = make_role(iam, {"AWS": home.account}, condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    sts = user.client("sts")
    assert refused(sts.assume_role, RoleArn=role, RoleSessionName="ss")[0] == "AccessDenied"
    code = app.code()
    sts.assume_role(RoleArn=role, RoleSessionName="ss", SerialNumber=device["SerialNumber"], TokenCode=code)
    assert "invalid MFA one time pass code" in refused(
        sts.assume_role, RoleArn=role, RoleSessionName="ss", SerialNumber=device["SerialNumber"], TokenCode=code)[1]
    plain = session(home, sts.get_session_token()["Credentials"])
    assert refused(plain.client("iam").list_users)[0] == "AccessDenied"
    strong = session(home, sts.get_session_token(SerialNumber=device["SerialNumber"], TokenCode=app.code())["Credentials"])
    assert strong.client("iam").list_users()["Users"]


# A user deleted and made again is not the user whom the trust named.
def test_a_new_user_of_an_old_name_does_not_inherit_trust(home, iam):
    user = home.make_user()
    role = make_role(iam, {"AWS": f"arn:aws:iam::{home.account}:user/{user.name}"})
    user.client("sts").assume_role(RoleArn=role, RoleSessionName="ss")
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.access_key_id)
    iam.delete_user(UserName=user.name)
    again = home.make_user(name=user.name)
    assert refused(again.client("sts").assume_role, RoleArn=role, RoleSessionName="ss")[0] == "AccessDenied"


# The command ends what was issued before it, and nothing after.
def test_role_sessions_are_revoked(home, iam):
    role = make_role(iam, {"AWS": home.account})
    sts = home.admin.client("sts")

    def assume():
        return session(home, sts.assume_role(RoleArn=role, RoleSessionName="ss")["Credentials"]).client("s3")

    before = assume()
    before.list_buckets()
    done = home.aloft("iam", "revoke", role.split("/")[-1], AWS_PROFILE="")
    assert done.returncode == 0, done.stderr
    assert refused(before.list_buckets)[0] == "AccessDenied"
    assume().list_buckets()
    nobody = home.make_user()
    denied = home.aloft("iam", "revoke", role.split("/")[-1], identity=nobody)
    assert denied.returncode == 1 and "iam:PutRolePolicy" in denied.stderr


# What passes between an agent and the server is a session that signs and never travels: whoever got hold of the token and the key's name,
# but not of the secret, is nobody; so is a token beside another session's secret, and a token as a bearer's.
def test_a_stolen_token_is_no_credential(home, iam):
    role = make_role(iam, {"AWS": home.account})
    sts = home.admin.client("sts")
    victim, other = (session(home, sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]) for name in ("victim", "other"))
    assert victim.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    for stolen in (Identity(home, victim.access_key_id, "x" * 40, victim.token), Identity(home, victim.access_key_id, other.secret, victim.token),
                   Identity(home, other.access_key_id, other.secret, victim.token), Identity(home, victim.access_key_id, other.secret, other.token),
                   Identity(home, victim.access_key_id, victim.secret)):
        assert refused(stolen.client("s3").list_buckets)[0] in ("SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken", "InvalidClientTokenId")
    for headers in ({"Authorization": f"Bearer {victim.token}"}, {"x-amz-security-token": victim.token}):
        answer = requests.get(home.url + "/", headers=headers, verify=str(home.ca_file), timeout=30)
        assert answer.status_code in (400, 403) and "ListAllMyBucketsResult" not in answer.text, answer.text


# Whose key is this? Answered for any key of this cloud, from the key alone.
def test_access_key_info_and_federation(home):
    sts = home.admin.client("sts")
    assert sts.get_access_key_info(AccessKeyId=home.admin.access_key_id)["Account"] == home.account
    only_list = document({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
    made = sts.get_federation_token(Name="guest", Policy=only_list, Tags=[{"Key": "team", "Value": "ml"}])
    guest = session(home, made["Credentials"])
    guest.client("s3").list_buckets()
    assert refused(guest.client("logs").describe_log_groups)[0].startswith("AccessDenied")
    assert refused(guest.client("iam").list_users)[0] == "AccessDenied"
    assert refused(sts.decode_authorization_message, EncodedMessage="forged")[0] == "InvalidAuthorizationMessageException"


# Last use of keys, roles and services: noted by calls, shown by IAM.
def test_last_use_is_real(home, iam):
    user = home.make_user(EVERYTHING)
    assert "LastUsedDate" not in iam.get_access_key_last_used(AccessKeyId=user.access_key_id)["AccessKeyLastUsed"]
    user.client("s3").list_buckets()
    used = wait_for(lambda: (lambda u: u if "LastUsedDate" in u else None)(
        iam.get_access_key_last_used(AccessKeyId=user.access_key_id)["AccessKeyLastUsed"]), what="the key's last use")
    assert used["ServiceName"] == "s3" and used["Region"] == home.region
    job = iam.generate_service_last_accessed_details(Arn=f"arn:aws:iam::{home.account}:user/{user.name}")["JobId"]
    details = iam.get_service_last_accessed_details(JobId=job)
    assert details["JobStatus"] == "COMPLETED"
    by_name = {each["ServiceNamespace"]: each for each in details["ServicesLastAccessed"]}
    assert by_name["s3"]["TotalAuthenticatedEntities"] == 1 and "LastAuthenticated" not in by_name["kms"]
    assert json.dumps(by_name["s3"]["LastAuthenticatedEntity"]).strip('"').endswith(f":user/{user.name}")


def log_in(home, issuer, role: str, client: str = "aloft-test", visit=None):
    """`aloft login --issuer` with somebody at the browser; its exit status, output and errors."""
    command = [str(home.binary), "login", "--endpoint", home.url, "--ca", str(home.ca_file), "--issuer", issuer.url, "--client-id",
               client, "--role", role, "--process"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr.readline().startswith("Open this page")
        page = process.stderr.readline().strip()
        (visit or (lambda url: urllib.request.urlopen(url, timeout=30).read()))(page)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err
    finally:
        process.kill()
        process.wait()


# A person signs in at the organization's issuer in a browser and gets a role's session that says who it is.
def test_login_at_an_issuer(home, iam, issuer, provider):
    name = provider.split("oidc-provider/")[1]
    role = make_role(iam, {"Federated": provider}, "sts:AssumeRoleWithWebIdentity",
                     {"StringEquals": {f"{name}:aud": "aloft-test", f"{name}:sub": issuer.person}})
    status, out, err = log_in(home, issuer, role)
    assert status == 0, err
    given = json.loads(out)
    assert given["Version"] == 1 and given["Arn"].endswith("/ada@example.com")
    assert session(home, given).client("sts").get_caller_identity()["Arn"] == given["Arn"]
    # The role's trust decides who of the issuer's people.
    issuer.person = "eve@example.com"
    try:
        status, _, err = log_in(home, issuer, role)
        assert status == 1 and "AccessDenied" in err
    finally:
        issuer.person = "ada@example.com"


# What must not sign anybody in: another's state, a token for another request, a refusal; and no secret is printed.
def test_login_at_an_issuer_attacked(home, iam, issuer, provider):
    role = make_role(iam, {"Federated": provider}, "sts:AssumeRoleWithWebIdentity")

    def forged_first(page):
        back = urllib.parse.parse_qs(urllib.parse.urlsplit(page).query)["redirect_uri"][0]
        for query in ("?code=stolen&state=guessed", "?code=stolen", ""):
            with pytest.raises((urllib.error.HTTPError, OSError)):
                urllib.request.urlopen(back + query, timeout=30)
        urllib.request.urlopen(page, timeout=30).read()

    assert log_in(home, issuer, role, visit=forged_first)[0] == 0
    issuer.nonce = "of-another-request"
    try:
        status, out, err = log_in(home, issuer, role)
        assert status == 1 and "another request" in err and out == ""
    finally:
        issuer.nonce = None
    issuer.refuses = "access_denied"
    try:
        status, _, err = log_in(home, issuer, role)
        assert status == 1 and "access_denied" in err
    finally:
        issuer.refuses = None


class Page:
    """A page of the console in one browser: its cookies, and the issuer's page that it sends its person to."""

    def __init__(self, home, issuer):
        self.home, self.issuer, self.cookies = home, issuer, {}

    def post(self, operation: str, body: dict | None = None, **headers):
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        answer = requests.post(f"{self.home.url}/aloft/v1/{operation}", json=body or {}, headers=sent, verify=str(self.home.ca_file), timeout=30)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        return answer

    def id_token(self, nonce: str) -> str:
        """Authorization code with PKCE, as a script in a page does it: a public client, no secret."""
        verifier, state = uuid.uuid4().hex * 2, uuid.uuid4().hex
        back = self.issuer.authorize({
            "response_type": ["code"], "client_id": ["aloft-test"], "redirect_uri": ["https://console/back"], "scope": ["openid email"], "nonce": [nonce],
            "state": [state], "code_challenge": [b64(hashlib.sha256(verifier.encode()).digest())], "code_challenge_method": ["S256"]})
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
        assert query["state"] == [state]
        return self.issuer.redeem({"code": query["code"], "redirect_uri": ["https://console/back"], "client_id": ["aloft-test"],
                                   "code_verifier": [verifier]})["id_token"]

    def sign_in(self, role: str):
        return self.post("FinishIssuerSignIn", {"RoleArn": role, "IdToken": self.id_token(self.post("BeginIssuerSignIn").json()["Nonce"])})


@pytest.fixture
def console_role(iam, provider, issuer):
    name = provider.split("oidc-provider/")[1]
    return make_role(iam, {"Federated": provider}, "sts:AssumeRoleWithWebIdentity",
                     {"StringEquals": {f"{name}:aud": "aloft-test", f"{name}:sub": issuer.person}})


# A person signs in at the organization's issuer in a page: a session in a cookie, credentials for it, and all of it ends together.
def test_sign_in_at_an_issuer_in_a_browser(home, iam, issuer, console_role):
    page = Page(home, issuer)
    answer = page.sign_in(console_role)
    assert answer.status_code == 200, answer.text
    session_cookie, begin_cookie = answer.raw.headers.getlist("Set-Cookie")
    assert session_cookie.startswith("__Host-aloft=") and begin_cookie.startswith("__Host-aloft-begin=;")
    for flag in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in session_cookie
    who = answer.json()
    assert who["Arn"].endswith("/ada@example.com") and page.post("GetSession").json()["Arn"] == who["Arn"]
    given = page.post("GetSessionCredentials", **{"X-Aloft-Csrf": who["CsrfToken"]}).json()
    caller = Identity(home, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]).client("sts")
    assert caller.get_caller_identity()["Arn"] == who["Arn"]
    assert page.post("SignOut", **{"X-Aloft-Csrf": who["CsrfToken"]}).status_code == 200
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId|InvalidToken"):
        caller.get_caller_identity()
    # Whoever may end the role's sessions ends this one, too.
    other = Page(home, issuer)
    assert other.sign_in(console_role).status_code == 200
    done = signed(home.admin, "aloft", "POST", "/aloft/v1/RevokeRoleSessions", json.dumps({"RoleName": console_role.split("/")[-1]}).encode())
    assert done.status_code == 200 and other.post("GetSession").status_code == 403


# An attacker's token in a victim's browser, or a stolen token in the attacker's: a token is good only where it was asked for.
def test_session_fixation_by_an_issuers_token(home, issuer, console_role):
    attacker, victim = Page(home, issuer), Page(home, issuer)
    token = attacker.id_token(attacker.post("BeginIssuerSignIn").json()["Nonce"])
    for browser in (victim, Page(home, issuer)):
        if browser is victim:
            browser.post("BeginIssuerSignIn")
        answer = browser.post("FinishIssuerSignIn", {"RoleArn": console_role, "IdToken": token})
        assert answer.status_code == 403 and answer.json()["__type"] == "NotSignedIn" and "__Host-aloft" not in browser.cookies
    # A session of before is not taken over, and each sign-in is a new one.
    assert attacker.post("FinishIssuerSignIn", {"RoleArn": console_role, "IdToken": token}).status_code == 200
    first = attacker.cookies["__Host-aloft"]
    assert attacker.sign_in(console_role).status_code == 200 and attacker.cookies["__Host-aloft"] != first


# What the role's trust, the issuer's keys or another site's page must not do.
def test_browser_sign_in_refusals(home, iam, issuer, provider, console_role):
    page = Page(home, issuer)
    nonce = page.post("BeginIssuerSignIn").json()["Nonce"]
    good = page.id_token(nonce)
    forged = good.rsplit(".", 1)[0] + "." + good.rsplit(".", 1)[1][::-1]
    for body, headers, reason in [
            ({"IdToken": good}, {"Origin": "https://evil.example.com"}, "CrossSiteRequest"),
            ({"IdToken": good}, {"Content-Type": "text/plain"}, "CrossSiteRequest"),
            ({"IdToken": forged}, {}, "InvalidIdentityToken"),
            ({"IdToken": ""}, {}, "InvalidIdentityToken"),
            ({"IdToken": issuer.token(aud="aloft-test", sub="eve@example.com", nonce=nonce)}, {}, "AccessDenied"),
            ({"IdToken": issuer.token(aud="another", sub=issuer.person, nonce=nonce)}, {}, "InvalidIdentityToken"),
            ({"IdToken": issuer.token(aud="aloft-test", sub=issuer.person, nonce=nonce, exp=1)}, {}, "ExpiredTokenException")]:
        answer = page.post("FinishIssuerSignIn", {"RoleArn": console_role, **body}, **headers)
        assert answer.status_code in (400, 401, 403), (body, answer.text)
        assert answer.json()["__type"].startswith(reason), answer.text
        assert "__Host-aloft" not in page.cookies
    assert page.post("FinishIssuerSignIn", {"RoleArn": console_role, "IdToken": good}).status_code == 200


# A refusal travels sealed with its answer; who may decode reads why, another account and a changed one read nothing.
def test_refusals_can_be_decoded(home, iam):
    user = home.make_user({"Sid": "Never", "Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        user.client("s3").list_buckets()
    message = failure.value.response["ResponseMetadata"]["HTTPHeaders"]["x-aloft-encoded-authorization-message"]
    assert len(message) <= 4096 and "ListAllMyBuckets" not in message
    decoded = json.loads(home.admin.client("sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
    assert decoded["explicitDeny"] is True and "Sid Never" in decoded["reason"]
    assert decoded["context"]["action"] == "s3:ListAllMyBuckets" and decoded["context"]["principal"]["arn"].endswith(user.name)
    assert refused(user.client("sts").decode_authorization_message, EncodedMessage=message)[0] == "AccessDenied"
    changed = message[:-2] + ("A" if message[-2] != "A" else "B") + message[-1]
    assert refused(home.admin.client("sts").decode_authorization_message, EncodedMessage=changed)[0] == "InvalidAuthorizationMessageException"


# A role that trusts a service for one account or one resource is passed for nothing else: the confused deputy of services.
def test_a_trust_names_the_source(home, iam):
    def role(condition):
        name = fresh("role")
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole", "Condition": condition}
        return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]

    sagemaker = home.admin.client("sagemaker")

    def make_model(condition, name):
        return sagemaker.create_model(ModelName=name, ExecutionRoleArn=role(condition),
                                      PrimaryContainer={"Image": "sagemaker-scikit-learn:1.2-1-cpu-py3"})

    name = fresh("model")
    make_model({"StringEquals": {"aws:SourceAccount": home.account}}, fresh("model"))
    make_model({"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{home.account}:model/{name}"}}, name)
    for condition in ({"StringEquals": {"aws:SourceAccount": "999999999999"}},
                      {"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{home.account}:model/other"}}):
        with pytest.raises(botocore.exceptions.ClientError):
            make_model(condition, fresh("model"))
