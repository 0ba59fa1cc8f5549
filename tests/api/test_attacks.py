"""What somebody who means harm sends, one test named after each attack: refused by the native error, and the server is unharmed.

This file holds the attacks on the wire; test_attacks_jobs.py those through jobs and models, test_secrets.py the search for leaks.
"""

import base64
import gzip
import hashlib
import pathlib
import re
import time

import botocore.exceptions
import pytest
from raw import exchange, json_call, send, signed

pytestmark = pytest.mark.any_store

MEBIBYTE = 1 << 20
LIST_JOBS = "SageMaker.ListTrainingJobs"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def memory(cloud) -> int:
    """Bytes that the server holds in memory."""
    status = pathlib.Path(f"/proc/{cloud.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def answers(received: bytes) -> int:
    """How many responses these bytes hold."""
    return len(re.findall(rb"HTTP/1\.1 \d{3} ", received))


def with_digest(body: bytes) -> dict[str, str]:
    return {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}


@pytest.fixture(autouse=True)
def unharmed(cloud):
    """After each of these the same process still answers."""
    process = cloud.process.pid
    yield
    assert send(cloud, "GET", "/readyz").status_code == 200
    assert cloud.process.poll() is None and cloud.process.pid == process


SMUGGLED = b"GET /readyz HTTP/1.1\r\nHost: smuggled\r\n\r\n"
# Each hides SMUGGLED from one of two parsers that read the framing differently.
SMUGGLING = {
    "CL.TE": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "TE.CL": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n2b\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
    "TE.TE": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n" + SMUGGLED,
    "coding list": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "coding after a tab": b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "space before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 43\r\n\r\n" + SMUGGLED,
    "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + SMUGGLED,
    "list of lengths": b"Content-Length: 0, 0\r\n\r\n" + SMUGGLED,
    "signed length": b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "negative length": b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "hexadecimal length": b"Content-Length: 0x0\r\n\r\n" + SMUGGLED,
    "length beyond 64 bits": b"Content-Length: 18446744073709551616\r\n\r\n" + SMUGGLED,
    "folded header": b"X-Note: a\r\n Content-Length: 43\r\n\r\n" + SMUGGLED,
    "folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "bare line feed": b"X-Note: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "bare carriage return": b"X-Note: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "NUL": b"X-Note: a\0\r\n\r\n" + SMUGGLED,
    "header without a name": b": chunked\r\n\r\n" + SMUGGLED,
    "second host": b"Host: elsewhere\r\n\r\n" + SMUGGLED,
    "signed chunk size": b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + SMUGGLED,
    "prefixed chunk size": b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + SMUGGLED,
    "chunk size beyond 64 bits": b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + SMUGGLED,
    "chunk ended by a line feed": b"Transfer-Encoding: chunked\r\n\r\n0\n\r\n" + SMUGGLED,
    "chunk longer than its size": b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" + SMUGGLED,
}


# Two parsers in a row must never see different requests: whatever is ambiguous is refused, and ends the connection.
@pytest.mark.parametrize("name", SMUGGLING)
def test_request_smuggling(cloud, name):
    answer = exchange(cloud, b"POST / HTTP/1.1\r\nHost: aloft\r\n" + FORM["Content-Type"].join(["Content-Type: ", "\r\n"]).encode()
                      + SMUGGLING[name])
    assert answers(answer) == 1, answer
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ", b"HTTP/1.1 413 ")), answer


# Whoever speaks HTTP/1.0 cannot chunk, and no version but ours is guessed at.
def test_request_smuggling_by_version(cloud):
    for line in (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked", b"GET / HTTP/0.9", b"GET / HTTP/2.0", b"GET  / HTTP/1.1", b"GET / \tHTTP/1.1"):
        answer = exchange(cloud, line + b"\r\nHost: aloft\r\n\r\n" + SMUGGLED)
        assert answers(answer) == 1 and answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 505 ")), (line, answer)


# A body that a handler does not want is not the next request.
def test_request_smuggling_by_unread_body(cloud):
    body = SMUGGLED * 3
    for target in (b"/readyz", b"/no-such-bucket/key"):
        head = b"PUT " + target + b" HTTP/1.1\r\nHost: aloft\r\nContent-Length: %d\r\n\r\n" % len(body)
        answer = exchange(cloud, head + body + b"GET /readyz HTTP/1.1\r\nHost: aloft\r\nConnection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1 200 ") <= 1 and answers(answer) <= 2, answer


# A value that a caller controls and that comes back in a header cannot begin another header or another response.
def test_header_injection(cloud, s3, bucket):
    s3.put_object(Bucket=bucket, Key="page", Body=b"x")
    for override in ("response-content-type", "response-content-disposition", "response-cache-control", "response-content-language",
                     "response-content-encoding", "response-expires"):
        response = signed(cloud.admin, "s3", "GET", f"/{bucket}/page?{override}=a%0D%0ASet-Cookie:%20stolen=1%0D%0A%0D%0Ahtml")
        assert "Set-Cookie" not in response.headers and "html" not in response.text.splitlines()[:1], (override, response.headers)
        assert response.status_code == 400, (override, response.status_code)
    # The same through what is stored with an object. The bytes go raw, since no client sends them.
    for raw in (b"x-amz-meta-a: b\rSet-Cookie: stolen=1", b"x-amz-meta-a: b\nSet-Cookie: stolen=1", b"x-amz-meta-a\r: b", b"x-amz-meta-a: \0"):
        answer = exchange(cloud, b"PUT /%s/page HTTP/1.1\r\nHost: aloft\r\n%s\r\n\r\n" % (bucket.encode(), raw))
        assert answer.startswith(b"HTTP/1.1 400 ") and b"stolen" not in answer, answer
    key = "a\r\nSet-Cookie: stolen=1"
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    response = signed(cloud.admin, "s3", "GET", f"/{bucket}/a%0D%0ASet-Cookie%3A%20stolen%3D1")
    assert response.status_code == 200 and "Set-Cookie" not in response.headers
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="a\r")["Contents"]] == [key]


ENTITIES = {
    "a file": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "an address": '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>',
    "a parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; <!ENTITY e "x">]>',
    "a billion laughs": "<!DOCTYPE x [<!ENTITY a '" + "ha" * 50 + "'>"
                        + "".join(f"<!ENTITY {c} '{('&' + p + ';') * 50}'>" for p, c in zip("abcdefgh", "bcdefghi")) + "<!ENTITY e '&i;'>]>",
}


# XML bodies never name entities of their own: no file is read, no address asked, nothing grows.
@pytest.mark.parametrize("name", ENTITIES)
def test_xml_entities(cloud, s3, bucket, name):
    before = memory(cloud)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    for method, path, root in (("POST", f"/{bucket}?delete", "<Delete><Object><Key>&e;</Key></Object></Delete>"),
                               ("PUT", f"/{bucket}/k?tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>&e;</Value></Tag></TagSet></Tagging>"),
                               ("POST", f"/{bucket}/k?uploadId={upload}",
                                "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&e;</ETag></Part></CompleteMultipartUpload>"),
                               ("PUT", "/" + bucket + "-2", "<CreateBucketConfiguration><LocationConstraint>&e;</LocationConstraint>"
                                "</CreateBucketConfiguration>")):
        body = ('<?xml version="1.0"?>' + ENTITIES[name] + root).encode()
        for document in (body, ('<?xml version="1.0"?>' + root).encode()):
            response = signed(cloud.admin, "s3", method, path, document, with_digest(document))
            assert response.status_code == 400 and "<Code>MalformedXML</Code>" in response.text, (path, response.text)
            assert "root:" not in response.text and "haha" not in response.text
    assert memory(cloud) - before < 64 * MEBIBYTE


# A small body that inflates to a large one is refused at the limit, not after it.
def test_decompression_bomb(cloud):
    before = memory(cloud)
    once = gzip.compress(b"\0" * (256 * MEBIBYTE))
    twice = gzip.compress(once)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData"}
    for body, encoding in ((once, "gzip"), (twice, "gzip, gzip"), (twice, "gzip")):
        for _ in range(4):
            response = signed(cloud.admin, "monitoring", "POST", "/", body, {**headers, "Content-Encoding": encoding})
            assert 400 <= response.status_code < 500, response.text
    assert memory(cloud) - before < 128 * MEBIBYTE


TRAVERSALS = ("../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cetc", "%252e%252e%252fetc",
              "....//....//etc/passwd", "/etc/passwd", "//etc/passwd", "a/../../b", ".", "..", "a%00b", "%c0%ae%c0%ae/etc")


# A name never becomes a path: keys that look like one are only keys, and names elsewhere are refused by their pattern.
def test_path_traversal(cloud, s3, bucket):
    before = {path for path in cloud.data.parent.rglob("*passwd*")}
    for name in TRAVERSALS:
        for prefix in ("/", "/endpoints/", f"/{bucket}/../", "/latest/", "/static/", "/console/"):
            answer = exchange(cloud, f"GET {prefix}{name} HTTP/1.1\r\nHost: aloft\r\nConnection: close\r\n\r\n".encode())
            assert b"root:" not in answer and not answer.startswith(b"HTTP/1.1 5"), (prefix, name, answer)
        path = f"/{bucket}/" + re.sub("%..", lambda escape: escape.group().upper(), name)
        assert signed(cloud.admin, "s3", "PUT", path, b"mine").status_code in (200, 400, 403), path
        response = signed(cloud.admin, "s3", "GET", path)
        assert response.text == "mine" or 400 <= response.status_code < 500, (path, response.text)
    assert {path for path in cloud.data.parent.rglob("*passwd*")} == before
    assert not pathlib.Path("/tmp/b").exists()
    for name in ("../escape", "..", "a/b", "/etc/passwd"):
        for target, member in (("DescribeTrainingJob", "TrainingJobName"), ("DescribeEndpoint", "EndpointName"), ("DescribeModel", "ModelName"),
                               ("StopTrainingJob", "TrainingJobName"), ("DeleteEndpoint", "EndpointName")):
            response = json_call(cloud.admin, "sagemaker", f"SageMaker.{target}", {member: name})
            assert response.status_code == 400 and "ValidationException" in response.text, (target, name, response.text)


# A pattern that a caller writes costs time in proportion to what it is matched against, never more.
def test_redos(cloud, s3, bucket):
    sagemaker, logs, iam = cloud.admin.client("sagemaker"), cloud.admin.client("logs"), cloud.admin.client("iam")
    begun = time.monotonic()
    # Checked by the service model's own patterns.
    for value in ("a" * 60 + "!", "a-" * 30 + "!", "s3://" + "/" * 900 + "\n"):
        with pytest.raises(botocore.exceptions.ClientError):
            sagemaker.describe_training_job(TrainingJobName=value)
    # A policy whose wildcards would each try every place.
    iam.create_user(UserName="redos")
    pattern = "arn:aws:s3:::" + "*a" * 100 + "*b"
    iam.put_user_policy(UserName="redos", PolicyName="p", PolicyDocument=(
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:' + "*G" * 200 + '","Resource":"' + pattern + '"}}'))
    key = iam.create_access_key(UserName="redos")["AccessKey"]
    user = type(cloud.admin)(cloud, key["AccessKeyId"], key["SecretAccessKey"])
    for _ in range(10):
        assert signed(user, "s3", "GET", f"/{bucket}/" + "a" * 900).status_code == 403
    # A filter of log lines.
    logs.create_log_group(logGroupName="/redos")
    logs.create_log_stream(logGroupName="/redos", logStreamName="s")
    logs.put_log_events(logGroupName="/redos", logStreamName="s", logEvents=[
        {"timestamp": int(time.time() * 1000), "message": "a" * 200_000}])
    for text in ('"' + "a" * 500 + 'b"', "%(a+)+$%", "?a " * 200):
        try:
            logs.filter_log_events(logGroupName="/redos", filterPattern=text)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidParameterException"
    logs.delete_log_group(logGroupName="/redos")
    iam.delete_access_key(UserName="redos", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="redos", PolicyName="p")
    iam.delete_user(UserName="redos")
    assert time.monotonic() - begun < 120  # a bound on what never ends: it takes a second or two


def nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + closing * depth).encode()


# Depth costs stack: every parser of bodies has a limit, and says so.
def test_json_depth(cloud, s3, bucket):
    for depth in (1_000, 100_000, 1_000_000):
        for body in (nested(depth, "[", "]"), nested(depth, '{"a":', "}"), b'{"Filters":' + nested(depth, "[", "]") + b"}"):
            response = json_call(cloud.admin, "sagemaker", LIST_JOBS, body)
            assert response.status_code in (400, 413), response.text
        body = nested(depth, "<a>", "</a>")
        response = signed(cloud.admin, "s3", "POST", f"/{bucket}?delete", body, with_digest(body))
        assert response.status_code in (400, 413), response.text
        response = signed(cloud.admin, "monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                          b"\x81" * depth, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"})
        assert response.status_code in (400, 413), response.text
    policy = '{"Version":"2012-10-17","Statement":' + "[" * 4000 + "]" * 4000 + "}"
    with pytest.raises(botocore.exceptions.ClientError) as error:
        cloud.admin.client("iam").create_policy(PolicyName="deep", PolicyDocument=policy)
    assert error.value.response["Error"]["Code"] == "MalformedPolicyDocument"


# Whoever asks for everything gets a page; whoever sends everything is refused.
def test_unbounded_lists(cloud, s3, bucket):
    before = memory(cloud)
    for path in (f"/{bucket}?list-type=2&max-keys=1000000000", f"/{bucket}?max-keys=2147483647", f"/{bucket}?uploads&max-uploads=999999999"):
        assert signed(cloud.admin, "s3", "GET", path).status_code in (200, 400)
    body = ("<Delete>" + "".join(f"<Object><Key>{i}</Key></Object>" for i in range(1001)) + "</Delete>").encode()
    response = signed(cloud.admin, "s3", "POST", f"/{bucket}?delete", body, with_digest(body))
    assert response.status_code == 400 and "<Code>MalformedXML</Code>" in response.text
    ranges = "bytes=" + ",".join(f"{i}-{i}" for i in range(5000))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x" * 10_000)
    response = signed(cloud.admin, "s3", "GET", f"/{bucket}/k", headers={"Range": ranges})
    assert len(response.content) <= 10_000
    for count, body in ((1001, "&".join(f"MetricData.member.{i}.MetricName=m" for i in range(1, 1002))),
                        (1, "MetricData.member.999999999.MetricName=m"), (1, "a&" * 200_000)):
        response = signed(cloud.admin, "monitoring", "POST", "/", f"Action=PutMetricData&Version=2010-08-01&Namespace=n&{body}".encode(), FORM)
        assert 400 <= response.status_code < 500, (count, response.text)
    response = json_call(cloud.admin, "sagemaker", "SageMaker.AddTags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:1:x/y", "Tags": [
        {"Key": str(i), "Value": ""} for i in range(10_000)]})
    assert response.status_code == 400
    answer = exchange(cloud, b"GET / HTTP/1.1\r\nHost: aloft\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(20_000)) + b"\r\n")
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")), answer
    answer = exchange(cloud, b"GET /?" + b"a" * (2 * MEBIBYTE) + b" HTTP/1.1\r\nHost: aloft\r\n\r\n")
    assert answer == b"" or answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 414 ", b"HTTP/1.1 400 ")), answer[:200]
    assert memory(cloud) - before < 128 * MEBIBYTE


# A browser that another site makes speak to us carries nothing that counts: no cookie is set or read, no origin is allowed.
def test_csrf(cloud, bucket):
    hostile = {"Origin": "https://evil.example", "Referer": "https://evil.example/", "Cookie": "session=administrator; aloft=1"}
    token = cloud.aloft("token", "csrf").stdout.strip()
    for method, path, headers, body in (
            ("POST", "/", {"Content-Type": "text/plain", "X-Amz-Target": LIST_JOBS}, b"{}"),
            ("POST", "/", FORM, b"Action=CreateUser&UserName=csrf&Version=2010-05-08"),
            ("POST", "/aloft/v1/tokens", {"Content-Type": "text/plain"}, b"{}"),
            ("POST", f"/endpoints/csrf/predict?token={token}&access_token={token}&authorization=Bearer%20{token}", {"Content-Type": "text/plain"}, b"{}"),
            ("POST", "/endpoints/csrf/predict", {"Cookie": f"Authorization={token}"}, b"{}"),
            ("DELETE", f"/{bucket}", {}, b""), ("GET", f"/{bucket}", {}, b"")):
        response = send(cloud, method, path, body, {**headers, **{k: v for k, v in hostile.items() if k not in headers}})
        assert 400 <= response.status_code < 500, (path, response.status_code)
        assert not [name for name in response.headers if name.lower().startswith(("access-control-", "set-cookie"))], response.headers
    for path in ("/", f"/{bucket}", "/endpoints/csrf/predict"):
        response = send(cloud, "OPTIONS", path, b"", {**hostile, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"})
        assert response.status_code >= 400 and "access-control-allow-origin" not in response.headers, (path, response.headers)
    with pytest.raises(botocore.exceptions.ClientError):
        cloud.admin.client("iam").get_user(UserName="csrf")


# Nobody can choose a session for somebody: a token belongs to its key, and what the server did not seal is none.
def test_session_fixation(cloud):
    sessions = [user.client("sts").get_session_token()["Credentials"] for user in (cloud.make_user(), cloud.make_user())]

    def caller(key: dict, token: str | None) -> str:
        identity = type(cloud.admin)(cloud, key["AccessKeyId"], key["SecretAccessKey"], token)
        try:
            return identity.client("sts").get_caller_identity()["Arn"]
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] in ("InvalidClientTokenId", "InvalidToken", "ExpiredToken", "SignatureDoesNotMatch"), error
            return ""

    first, second = sessions
    assert caller(first, first["SessionToken"]) and caller(first, first["SessionToken"]) != caller(second, second["SessionToken"])
    sealed = first["SessionToken"]
    for token in (second["SessionToken"], None, "chosen-by-the-attacker", sealed[:-1], sealed + "A", sealed[::-1], sealed.swapcase(), " " + sealed[1:],
                  sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:]):
        assert caller(first, token) == "", token
    # A permanent key is no session, whatever token comes along.
    admin = {"AccessKeyId": cloud.admin.access_key_id, "SecretAccessKey": cloud.admin.secret}
    assert caller(admin, sealed) == ""
