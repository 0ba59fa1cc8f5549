"""CORS: what a browser asks before it lets a page use the store, and what it is told."""

import pytest
import requests
from s3_client import refused, url_of

pytestmark = pytest.mark.any_store

RULES = {"CORSRules": [
    {"AllowedOrigins": ["https://*.example.com"], "AllowedMethods": ["PUT", "GET"], "AllowedHeaders": ["x-amz-*", "content-type"],
     "ExposeHeaders": ["ETag", "x-amz-version-id"], "MaxAgeSeconds": 600},
    {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]}]}


def ask(cloud, path: str, method: str = "OPTIONS", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, cloud.url + path, headers=named, verify=str(cloud.ca_file or True), timeout=30)


# A browser asks first and without credentials; it must learn what the owner allows, and no more.
def test_preflight(cloud, s3, bucket):
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=RULES)
    asked = {"Origin": "https://app.example.com", "Access_Control_Request_Method": "PUT"}
    answer = ask(cloud, f"/{bucket}/k?partNumber=1&uploadId=x", Access_Control_Request_Headers="X-Amz-Date, content-type", **asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT, GET"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-amz-date, content-type"
    assert answer.headers["Access-Control-Expose-Headers"] == "ETag, x-amz-version-id"
    assert answer.headers["Access-Control-Max-Age"] == "600" and answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Origin" in answer.headers["Vary"]
    for refusal in [{**asked, "Origin": "https://evil.org"}, {**asked, "Access_Control_Request_Method": "DELETE"},
                    {**asked, "Access_Control_Request_Headers": "authorization"}]:
        answer = ask(cloud, f"/{bucket}/k", **refusal)
        assert answer.status_code == 403 and "<Code>AccessForbidden</Code>" in answer.text
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert ask(cloud, f"/{bucket}/k", Origin="https://app.example.com").status_code == 400
    assert ask(cloud, f"/{bucket}/k", Access_Control_Request_Method="PUT").status_code == 400


# Without a configuration nothing is allowed: the default of every bucket.
def test_unconfigured(cloud, s3, bucket):
    answer = ask(cloud, f"/{bucket}/k", Origin="https://a.example.com", Access_Control_Request_Method="GET")
    assert answer.status_code == 403 and "CORS is not enabled for this bucket" in answer.text
    answer = ask(cloud, f"/absent-{bucket}/k", Origin="https://a.example.com", Access_Control_Request_Method="GET")
    assert answer.status_code == 404


# The answers themselves carry the headers, errors too: without them a page could not even see why it was refused.
def test_answers(cloud, s3, bucket):
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=RULES)
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello")
    link = url_of(cloud, s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}))
    got = ask(cloud, link, "GET", Origin="https://app.example.com")
    assert got.text == "hello" and got.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "Access-Control-Allow-Origin" not in ask(cloud, link, "GET").headers
    assert "Access-Control-Allow-Origin" not in ask(cloud, link, "GET", Origin="https://evil.org").headers
    refused_page = ask(cloud, f"/{bucket}/k", "GET", Origin="https://app.example.com")
    assert refused_page.status_code == 403 and refused_page.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    put = url_of(cloud, s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"}))
    answer = ask(cloud, put, "PUT", Origin="https://app.example.com")
    assert answer.status_code == 200 and answer.headers["Access-Control-Expose-Headers"] == "ETag, x-amz-version-id"
    head = url_of(cloud, s3.generate_presigned_url("head_object", {"Bucket": bucket, "Key": "k"}))
    assert ask(cloud, head, "HEAD", Origin="https://anyone.org").headers["Access-Control-Allow-Origin"] == "*"


# Rules that browsers would misread are refused when they are put.
@pytest.mark.parametrize("rule", [{"AllowedMethods": ["PATCH"], "AllowedOrigins": ["*"]},
                                  {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.*.com"]},
                                  {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "ExposeHeaders": ["x-*"]}])
def test_refused_rules(s3, bucket, rule):
    with refused("InvalidRequest", 400):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
