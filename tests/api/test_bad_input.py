"""What a caller can get wrong on any API: the native error comes back, names the cause, and the server is unharmed."""

import json

import botocore.exceptions
import pytest
from raw import connect, exchange, json_call, send, signed

pytestmark = pytest.mark.any_store

LIST_JOBS = "SageMaker.ListTrainingJobs"


def code(response) -> str:
    return response.json()["__type"].rsplit("#", 1)[-1]


@pytest.fixture(autouse=True)
def unharmed(cloud):
    """After each of these the server still answers."""
    yield
    assert send(cloud, "GET", "/readyz").status_code == 200


# Nobody: the protocols' own names for it.
def test_missing_signature(cloud, bucket):
    response = send(cloud, "POST", "/", b"{}", {"X-Amz-Target": LIST_JOBS, "Content-Type": "application/x-amz-json-1.1"})
    assert response.status_code in (400, 403) and code(response) == "MissingAuthenticationTokenException"
    response = send(cloud, "GET", f"/{bucket}")
    assert response.status_code == 403 and "<Code>AccessDenied</Code>" in response.text
    response = send(cloud, "GET", "/no-such-bucket-anywhere")  # AWS tells everyone that a name is free
    assert response.status_code == 404 and "<Code>NoSuchBucket</Code>" in response.text


# A wrong secret and an unknown key are told apart as AWS does, and neither says more.
def test_wrong_secret_and_unknown_key(cloud):
    response = json_call(cloud.admin, "sagemaker", LIST_JOBS, {}, secret="wrong")
    assert response.status_code in (400, 403) and code(response) == "InvalidSignatureException"
    stranger = type(cloud.admin)(cloud, "AKIAUNKNOWNUNKNOWN00", "x")
    response = json_call(stranger, "sagemaker", LIST_JOBS, {})
    assert response.status_code in (400, 403) and code(response) == "UnrecognizedClientException"
    response = signed(cloud.admin, "s3", "GET", "/", secret="wrong")
    assert response.status_code == 403 and "<Code>SignatureDoesNotMatch</Code>" in response.text
    response = signed(stranger, "s3", "GET", "/")
    assert response.status_code == 403 and "<Code>InvalidAccessKeyId</Code>" in response.text
    response = signed(stranger, "iam", "POST", "/", b"Action=ListUsers&Version=2010-05-08", {"Content-Type": "application/x-www-form-urlencoded"})
    assert response.status_code == 403 and "<Code>InvalidClientTokenId</Code>" in response.text


# A replayed request is refused after a quarter of an hour.
@pytest.mark.parametrize("skew", [-3600, 3600])
def test_skewed_clock(cloud, skew):
    response = signed(cloud.admin, "s3", "GET", "/", skew=skew)
    assert response.status_code == 403 and "<Code>RequestTimeTooSkewed</Code>" in response.text


@pytest.mark.parametrize("skew, part", [(-3600, "Signature expired"), (3600, "Signature not yet current")])
def test_skewed_clock_of_json(cloud, skew, part):
    response = json_call(cloud.admin, "sagemaker", LIST_JOBS, {}, skew=skew)
    assert response.status_code in (400, 403) and code(response) == "InvalidSignatureException" and part in response.text, response.text


# A signature counts for the service and the region that it was made for, and for these bytes.
def test_signature_for_something_else(cloud):
    response = json_call(cloud.admin, "iam", LIST_JOBS, {})
    assert response.status_code in (400, 403) and "correct service: 'sagemaker'" in response.text, response.text
    response = signed(cloud.admin, "sagemaker", "GET", "/")
    assert response.status_code in (400, 403, 404), response.text
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": LIST_JOBS}
    sent = signed(cloud.admin, "sagemaker", "POST", "/", b"{}", headers).request.headers
    changed = {name: value for name, value in sent.items() if name.lower() not in ("content-length", "connection", "accept-encoding")}
    assert send(cloud, "POST", "/", b"{}", changed).status_code == 200
    response = send(cloud, "POST", "/", b'{"MaxResults":1}', changed)
    assert response.status_code in (400, 403) and code(response) == "InvalidSignatureException"
    changed["X-Amz-Target"] = "SageMaker.ListModels"
    response = send(cloud, "POST", "/", b"{}", changed)
    assert response.status_code in (400, 403) and code(response) == "InvalidSignatureException"


# An authorization header that is none is told apart from one that is wrong.
@pytest.mark.parametrize("value", ["", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a", "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, "
                                   "SignedHeaders=host, Signature=zz", "Digest x", "AWS4-ECDSA-P256-SHA256 Credential=a", "\x7f" * 50, "x" * 10_000])
def test_broken_authorization(cloud, value):
    for path, headers in (("/", {"X-Amz-Target": LIST_JOBS, "Content-Type": "application/x-amz-json-1.1"}), ("/bucket/key", {})):
        response = send(cloud, "POST" if path == "/" else "GET", path, b"", {**headers, "Authorization": value})
        assert response.status_code in (400, 403, 501), (value, response.status_code, response.text)  # 501: names a service of its own


# An operation that exists but is not built names itself, with a status that clients do not retry.
def test_unbuilt_operation(cloud):
    response = json_call(cloud.admin, "sagemaker", "SageMaker.CreateHub", {})
    assert 400 <= response.status_code < 500 or response.status_code == 501
    assert "CreateHub" in response.json().get("message", response.json().get("Message", ""))
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        cloud.admin.client("iam").create_saml_provider(SAMLMetadataDocument="x" * 1000, Name="n")
    assert "CreateSAMLProvider" in str(failure.value)


def test_unknown_operation(cloud):
    """A name that no model knows is not the same as one that is not built."""
    assert code(json_call(cloud.admin, "sagemaker", "SageMaker.MakeCoffee", {})) in ("UnknownOperationException", "UnknownOperation")


# Bodies that are no JSON, or the wrong JSON, are the caller's errors.
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"MaxResults": "many"}', b'{"CreationTimeAfter": {}}',
                                  b"[" * 100_000])
def test_malformed_bodies(cloud, body):
    response = json_call(cloud.admin, "sagemaker", LIST_JOBS, body)
    if body == b"":
        assert response.status_code == 200  # no body means no parameters
        return
    assert response.status_code == 400 and code(response) in ("SerializationException", "ValidationException")


# The constraint is named in AWS's words, with the member's path.
def test_validation_messages(cloud):
    response = json_call(cloud.admin, "sagemaker", "SageMaker.DescribeTrainingJob", {"TrainingJobName": "not a name!"})
    message = response.json().get("message") or response.json().get("Message")
    assert code(response) == "ValidationException"
    assert "at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern" in message
    response = json_call(cloud.admin, "sagemaker", LIST_JOBS, {"MaxResults": 1000})
    message = response.json().get("message") or response.json().get("Message")
    assert "at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100" in message
    response = json_call(cloud.admin, "sagemaker", "SageMaker.DescribeTrainingJob", {})
    message = response.json().get("message") or response.json().get("Message")
    assert "at 'trainingJobName' failed to satisfy constraint: Member must not be null" in message


# A body beyond the operation's limit is refused without being read into memory.
def test_oversized_body(cloud):
    response = json_call(cloud.admin, "sagemaker", LIST_JOBS, b'{"NameContains": "' + b"x" * (20 << 20) + b'"}')
    assert response.status_code in (400, 413)


# An upload that says it is too large is refused at its head; one that stops half-way leaves nothing.
def test_uploads_that_do_not_come(cloud, s3, bucket):
    answer = exchange(cloud, f"PUT /{bucket}/k HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 ", b"HTTP/1.1 413 ")), answer
    whole = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "half"})
    target = whole[len(cloud.url):]
    with connect(cloud) as connection:
        connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: {cloud.url.split('//')[1]}\r\nContent-Length: 1000000\r\n\r\n".encode() + b"x" * 500_000)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


# What no operation of a protocol is: the wrong method, no target, a target of another service, another content type.
def test_wrong_protocol(cloud):
    for method, headers, body in (("POST", {"Content-Type": "application/x-amz-json-1.1"}, b"{}"),
                                  ("GET", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": LIST_JOBS}, b""),
                                  ("POST", {"Content-Type": "text/html", "X-Amz-Target": LIST_JOBS}, b"{}"),
                                  ("POST", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Nobody.Does"}, b"{}"),
                                  ("POST", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "." * 3000}, b"{}"),
                                  ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=&Version="),
                                  ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=ListUsers&Version=1999-01-01"),
                                  ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, b"%zz=%&=&&&Action"),
                                  ("BREW", {}, b"")):
        service = "iam" if "form" in headers.get("Content-Type", "") else "sagemaker"
        response = signed(cloud.admin, service, method, "/", body, headers)
        assert 200 <= response.status_code < 500 or response.status_code == 501, (method, headers, response.status_code, response.text)
        assert response.status_code != 200 or b"ListUsers" in body or headers.get("X-Amz-Target") == LIST_JOBS, (headers, body, response.text)


# Each kind of constraint, in IAM's protocol too.
@pytest.mark.parametrize("body, where, what", [
    (b"Action=CreateUser&UserName=a%20b", "userName", "Member must satisfy regular expression pattern"),
    (b"Action=CreateUser", "userName", "Member must not be null"),
    (b"Action=CreateUser&UserName=" + b"a" * 65, "userName", "Member must have length less than or equal to 64"),
    (b"Action=ListUsers&MaxItems=0", "maxItems", "Member must have value greater than or equal to 1"),
    (b"Action=ListUsers&MaxItems=many", "", ""),
    (b"Action=CreateUser&UserName=a&Path=nowhere", "path", ""),
])
def test_validation_messages_of_forms(cloud, body, where, what):
    response = signed(cloud.admin, "iam", "POST", "/", body + b"&Version=2010-05-08", {"Content-Type": "application/x-www-form-urlencoded"})
    assert response.status_code == 400 and ("ValidationError" in response.text or "MalformedInput" in response.text), response.text
    assert where in response.text and what in response.text, response.text


# Deny by default: a new user may ask who it is, and nothing else.
def test_new_user_may_nothing(cloud):
    user = cloud.make_user()
    assert user.client("sts").get_caller_identity()["Arn"].endswith(f"user/{user.name}")
    for call in (lambda: user.client("s3").list_buckets(), lambda: user.client("iam").list_users(),
                 lambda: user.client("sagemaker").list_training_jobs(), lambda: user.client("logs").describe_log_groups(),
                 lambda: user.client("cloudwatch").list_metrics()):
        with pytest.raises(botocore.exceptions.ClientError) as failure:
            call()
        assert failure.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
        assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


# A token for one endpoint opens no other door.
def test_endpoint_token_is_scoped(cloud):
    token = cloud.aloft("token", "some-endpoint").stdout.strip()
    assert token
    for method, path in (("GET", "/"), ("GET", "/some-bucket"), ("POST", "/endpoints/other/predict")):
        response = send(cloud, method, path, b"{}" if method == "POST" else b"", {"Authorization": f"Bearer {token}"})
        assert response.status_code in (400, 401, 403), (path, response.status_code, response.text)
    response = send(cloud, "POST", "/endpoints/some-endpoint/predict", b"{}", {"Authorization": f"Bearer {token[:-4]}AAAA"})
    assert response.status_code in (401, 403)


# What is no HTTP at all ends the connection, not the server.
def test_rubbish_on_the_socket(cloud):
    import socket
    import ssl

    for junk in (b"\x00" * 1000, b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n", json.dumps({}).encode()):
        with socket.create_connection(("127.0.0.1", cloud.port), timeout=10) as plain:
            context = ssl.create_default_context(cafile=cloud.ca_file)
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                secure.sendall(junk)
                secure.settimeout(10)
                answer = secure.recv(100)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 4") or answer.startswith(b"HTTP/1.1 505")
