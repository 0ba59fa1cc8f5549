"""Signing in: with a browser's cookie and from the command line, and what must not work of either. One test per attack."""

import configparser
import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
import uuid

import pytest
from cloud import Identity, document
from totp import Authenticator

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PASSWORD = "Good-enough-1"


@pytest.fixture
def person(cloud):
    """A user with a password; its name."""
    user = cloud.make_user(EVERYTHING)
    cloud.admin.client("iam").create_login_profile(UserName=user.name, Password=PASSWORD)
    return user.name


def post(cloud, operation: str, body: dict | None = None, raw: bytes | None = None, **headers) -> tuple[int, dict, dict]:
    headers = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    data = raw if raw is not None else json.dumps(body or {}).encode()
    request = urllib.request.Request(f"{cloud.url}/aloft/v1/{operation}", data=data, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(cloud.ca_file))) as response:
            return response.status, json.loads(response.read()), dict(response.headers)
    except urllib.error.HTTPError as failure:
        return failure.code, json.loads(failure.read()), dict(failure.headers)


def sign_in(cloud, name: str, password: str = PASSWORD, **more) -> tuple[int, dict, dict]:
    return post(cloud, "SignIn", {"Account": cloud.account, "UserName": name, "Password": password, **more})


def cookie_of(headers: dict) -> str:
    return headers["Set-Cookie"].split(";")[0]


# The whole walk of a page: sign in, ask who, get credentials, use them, sign out, and all of it is over.
def test_cookie_session(cloud, person):
    status, body, headers = sign_in(cloud, person)
    assert status == 200 and body["UserName"] == person and headers["Cache-Control"] == "no-store"
    assert headers["Set-Cookie"].startswith("__Host-aloft=")
    for flag in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert flag in headers["Set-Cookie"]
    session = {"Cookie": cookie_of(headers), "X_Aloft_Csrf": body["CsrfToken"]}
    assert post(cloud, "GetSession", Cookie=session["Cookie"])[1]["Arn"] == body["Arn"]
    status, given, _ = post(cloud, "GetSessionCredentials", **session)
    assert status == 200
    user = Identity(cloud, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert user.client("sts").get_caller_identity()["Arn"] == body["Arn"]
    assert user.client("iam").list_users()["Users"]
    status, _, headers = post(cloud, "SignOut", **session)
    assert status == 200 and "Max-Age=0" in headers["Set-Cookie"]
    assert post(cloud, "GetSession", Cookie=session["Cookie"])[0] == 403
    with pytest.raises(Exception, match="InvalidClientTokenId|InvalidToken"):
        user.client("sts").get_caller_identity()


# Whatever is wrong of account, name and password has one answer, in about one time.
def test_refusals_tell_nothing(cloud, person):
    answers = [sign_in(cloud, person, "wrong"), sign_in(cloud, "nobody-" + uuid.uuid4().hex, PASSWORD),
               post(cloud, "SignIn", {"Account": "999999999999", "UserName": person, "Password": PASSWORD}),
               post(cloud, "SignIn", {}), sign_in(cloud, "administrator", PASSWORD)]
    assert {(status, body["__type"], body["message"]) for status, body, _ in answers} == {
        (403, "SignInFailed", "The account, the name, the password or the code is wrong.")}
    assert not any("Set-Cookie" in headers for _, _, headers in answers)


# With a device the password alone is nothing, and a code works once.
def test_second_factor(cloud, person):
    iam = cloud.admin.client("iam")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=person)["VirtualMFADevice"]
    app = Authenticator(device["Base32StringSeed"])
    first, second = app.pair()
    iam.enable_mfa_device(UserName=person, SerialNumber=device["SerialNumber"], AuthenticationCode1=first,
                          AuthenticationCode2=second)
    assert sign_in(cloud, person)[0] == 403
    code = app.code()
    status, body, _ = sign_in(cloud, person, Code=code)
    assert status == 200 and body["MultiFactor"]
    assert sign_in(cloud, person, Code=code)[0] == 403


# Guessing: after some failures the right password must wait too, for names that do not exist alike.
def test_brute_force(binary, tmp_path):
    from cloud import Cloud
    cloud = Cloud.start(binary, tmp_path / "data")
    try:
        user = cloud.make_user()
        cloud.admin.client("iam").create_login_profile(UserName=user.name, Password=PASSWORD)
        for name in (user.name, "nobody"):
            statuses = [sign_in(cloud, name, "wrong")[0] for _ in range(7)]
            assert statuses[:5] == [403] * 5 and 429 in statuses[5:]
    finally:
        cloud.close()


# Guessing one password each of many names waits too: the address is throttled, and the right password from it waits with the rest.
def test_password_spraying(binary, tmp_path):
    from cloud import Cloud
    cloud = Cloud.start(binary, tmp_path / "data")
    try:
        user = cloud.make_user()
        cloud.admin.client("iam").create_login_profile(UserName=user.name, Password=PASSWORD)
        statuses = [sign_in(cloud, f"somebody-{number}", "Summer-2026")[0] for number in range(24)]
        assert statuses[:20] == [403] * 20 and 429 in statuses[20:]
        assert sign_in(cloud, user.name)[0] == 429
    finally:
        cloud.close()


# Session fixation: a session that the attacker brought does not become the victim's.
def test_session_fixation(cloud, person):
    _, attacker, headers = sign_in(cloud, person)
    planted = cookie_of(headers)
    status, body, headers = post(cloud, "SignIn", {"Account": cloud.account, "UserName": person, "Password": PASSWORD},
                                 Cookie=planted)
    assert status == 200 and cookie_of(headers) != planted and body["CsrfToken"] != attacker["CsrfToken"]
    assert post(cloud, "GetSession", Cookie="__Host-aloft=chosen-by-me")[0] == 403


# Cross-site request forgery: a form of another site, another origin, the cookie without the page's secret.
def test_csrf(cloud, person):
    _, body, headers = sign_in(cloud, person)
    cookie, csrf = cookie_of(headers), body["CsrfToken"]
    for operation in ("SignOut", "GetSessionCredentials"):
        assert post(cloud, operation, Cookie=cookie)[1]["__type"] == "CrossSiteRequest"
        assert post(cloud, operation, Cookie=cookie, X_Aloft_Csrf=csrf[:-1] + "!")[0] == 403
        assert post(cloud, operation, Cookie=cookie, X_Aloft_Csrf=csrf, Origin="https://evil.example")[0] == 403
        assert post(cloud, operation, raw=b"{}", Cookie=cookie, X_Aloft_Csrf=csrf, Content_Type="text/plain")[0] == 403
    assert post(cloud, "SignIn", {"Account": cloud.account, "UserName": person, "Password": PASSWORD},
                Origin="https://evil.example")[0] == 403
    assert post(cloud, "GetSession", Cookie=cookie)[0] == 200
    assert post(cloud, "SignOut", Cookie=cookie, X_Aloft_Csrf=csrf, Origin=cloud.url)[0] == 200


# The cookie opens its own operations and no other API.
def test_the_cookie_opens_nothing_else(cloud, person):
    _, body, headers = sign_in(cloud, person)
    session = {"Cookie": cookie_of(headers), "X_Aloft_Csrf": body["CsrfToken"]}
    for operation in ("ListOperations", "GetStatus", "RevokeRoleSessions"):
        assert post(cloud, operation, **session)[0] in (401, 403)


# A new password ends the sessions of who had the old one.
def test_password_change_ends_sessions(cloud, person):
    _, _, headers = sign_in(cloud, person)
    cloud.admin.client("iam").update_login_profile(UserName=person, Password="Another-one-2")
    assert post(cloud, "GetSession", Cookie=cookie_of(headers))[0] == 403


# A password set by an administrator must be changed at the first sign-in.
def test_first_password_is_changed(cloud):
    user = cloud.make_user()
    cloud.admin.client("iam").create_login_profile(UserName=user.name, Password=PASSWORD, PasswordResetRequired=True)
    assert sign_in(cloud, user.name)[1]["__type"] == "PasswordChangeRequired"
    assert sign_in(cloud, user.name, NewPassword="My-own-words-2")[0] == 200
    assert sign_in(cloud, user.name, "My-own-words-2")[0] == 200


# `aloft login` writes a profile that the AWS tools use, by alias too; --process is a credential_process.
def test_cli_login(cloud, person, tmp_path):
    iam = cloud.admin.client("iam")
    alias = "team-" + uuid.uuid4().hex[:8]
    iam.create_account_alias(AccountAlias=alias)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ALOFT_PASSWORD": PASSWORD}

    def login(*arguments):
        return subprocess.run([str(cloud.binary), "login", "--endpoint", cloud.url, "--ca", str(cloud.ca_file), "--account",
                               alias, "--user", person, *arguments], env=environment, capture_output=True, text=True, timeout=60)

    try:
        done = login("--profile", "team")
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        credentials = configparser.ConfigParser()
        credentials.read(tmp_path / ".aws/credentials")
        section = credentials["team"]
        assert (tmp_path / ".aws/credentials").stat().st_mode & 0o077 == 0
        user = Identity(cloud, section["aws_access_key_id"], section["aws_secret_access_key"], section["aws_session_token"])
        assert user.client("sts").get_caller_identity()["Arn"].endswith(f":user/{person}")
        printed = json.loads(login("--process").stdout)
        assert printed["Version"] == 1 and printed["SessionToken"] and printed["Expiration"]
        environment["ALOFT_PASSWORD"] = "wrong"
        wrong = login()
        assert wrong.returncode == 1 and "SignInFailed" in wrong.stderr
    finally:
        iam.delete_account_alias(AccountAlias=alias)


# An endpoint's token is revoked by who made it, and by nobody else without the right.
def test_endpoint_tokens_are_revoked(cloud):
    maker, other = cloud.make_user({"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": "*"}), cloud.make_user()
    token = cloud.aloft("token", "some-endpoint", identity=maker).stdout.strip()
    assert token.startswith("aloft_")

    def invoke():
        request = urllib.request.Request(f"{cloud.url}/endpoints/some-endpoint/predict", data=b"{}",
                                         headers={"Authorization": f"Bearer {token}"})
        with pytest.raises(urllib.error.HTTPError) as failure:
            urllib.request.urlopen(request, context=ssl.create_default_context(cafile=str(cloud.ca_file)))
        return failure.value.code

    assert invoke() not in (401, 403)  # it opens the door; there is no such endpoint behind it
    refused = cloud.aloft("token", "--revoke", token, identity=other)
    assert refused.returncode == 1 and "aloft:RevokeToken" in refused.stderr
    done = cloud.aloft("token", "--revoke", token, identity=maker)
    assert done.returncode == 0, done.stderr
    assert invoke() in (401, 403)


# Planted: the password is in no log, though the server logs every request.
def test_the_password_is_in_no_log(binary, tmp_path):
    from cloud import Cloud
    cloud = Cloud.start(binary, tmp_path / "data", "--verbose")
    try:
        secret = f"Planted-{uuid.uuid4().hex}-1"
        user = cloud.make_user()
        cloud.admin.client("iam").create_login_profile(UserName=user.name, Password=secret)
        _, body, headers = sign_in(cloud, user.name, secret)
        sign_in(cloud, user.name, secret + "x")
        log = cloud.log_file.read_text()
        assert secret not in log and body["CsrfToken"] not in log and cookie_of(headers) not in log
    finally:
        cloud.close()
