"""Writes botocore_sigv4.json: requests signed by botocore, which sigv4_test.cc verifies and signs again.

Run in the test environment:  build/venv/bin/python src/foundation/crypto/testdata/make_botocore_sigv4.py
"""

import datetime
import hashlib
import json
import pathlib
import random
import urllib.parse

import botocore
import botocore.auth
import botocore.awsrequest
import botocore.credentials

NOW = datetime.datetime(2026, 11, 22, 10, 0, 0)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW

WORDS = ["a", "train", "model.tar.gz", "x y", "ü", "100%", "a+b", "~t", "k=v", "a&b", "(1)", "it's", "!", "*", "日本", "a//b", ".", ".."]


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


def case(rng, index):
    service, auth = rng.choice(
        [("s3", botocore.auth.S3SigV4Auth), ("iam", botocore.auth.SigV4Auth), ("sagemaker", botocore.auth.SigV4Auth),
         ("s3", botocore.auth.S3SigV4QueryAuth), ("sts", botocore.auth.SigV4QueryAuth)])
    token = "IQoJb3JpZ2luX2VjE/+=" if rng.random() < 0.4 else None
    credentials = botocore.credentials.Credentials("AKIDEXAMPLE", SECRET, token)
    method = rng.choice(["GET", "PUT", "POST", "DELETE", "HEAD"])
    path = "/" + "/".join(urllib.parse.quote(rng.choice(WORDS), safe="/~") for _ in range(rng.randint(0, 4)))
    query = "&".join(f"{quote(rng.choice(WORDS))}={quote(rng.choice(WORDS))}" for _ in range(rng.randint(0, 4)))
    if rng.random() < 0.2:
        query = (query + "&" if query else "") + "uploads="
    body = rng.choice(["", "Action=GetUser&Version=2010-05-08", '{"a": 1}', "x" * 1000]).encode()
    presigned = auth in (botocore.auth.S3SigV4QueryAuth, botocore.auth.SigV4QueryAuth)
    if presigned:
        body = b""  # the query signers move a form into the query
    url = "https://cloud.example:8443" + path + ("?" + query if query else "")
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body or None)
    if rng.random() < 0.5:
        request.headers["Content-Type"] = rng.choice(["application/x-www-form-urlencoded; charset=utf-8", "application/x-amz-json-1.1"])
    if rng.random() < 0.5:
        request.headers["X-Amz-Target"] = "SageMaker.ListModels"
    if rng.random() < 0.3:
        request.headers["X-Amz-Meta-Note"] = "  two   blanks  inside "
    request.headers["User-Agent"] = "Boto3/1 (not signed)"
    signer = auth(credentials, service, "eu-west-1", expires=600) if presigned else auth(credentials, service, "eu-west-1")
    unsigned = rng.random() < 0.3 and service == "s3" and not presigned
    if unsigned:
        request.context["client_config"] = None
        request.context["payload_signing_enabled"] = False
        request.context["has_streaming_input"] = True
    signer.add_auth(request)
    prepared = request.prepare()
    parts = urllib.parse.urlsplit(prepared.url)
    headers = [[k, v.decode() if isinstance(v, bytes) else v] for k, v in prepared.headers.items()]
    if not any(k.lower() == "host" for k, _ in headers):
        headers.insert(0, ["Host", "cloud.example:8443"])
    return {"name": f"{index}-{service}-{'presigned' if presigned else 'header'}", "method": method, "path": parts.path,
            "query": parts.query, "headers": headers, "body": body.decode(), "service": service, "presigned": presigned,
            "token": token or ""}


def main():
    rng = random.Random(2)
    cases = [case(rng, index) for index in range(120)]
    out = {"botocore": botocore.__version__, "secret": SECRET, "access_key_id": "AKIDEXAMPLE", "region": "eu-west-1",
           "now": "20261122T100000Z", "cases": cases}
    target = pathlib.Path(__file__).with_name("botocore_sigv4.json")
    head = json.dumps({k: v for k, v in out.items() if k != "cases"})[:-1]
    target.write_text(head + ', "cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
    dates = {v for c in cases for k, v in c["headers"] if k.lower() == "x-amz-date"}
    print(len(cases), "cases", dates, hashlib.sha256(target.read_bytes()).hexdigest()[:12])


main()
