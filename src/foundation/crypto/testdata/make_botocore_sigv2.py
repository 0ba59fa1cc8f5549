"""Writes botocore_sigv2.json: presigned links of signature version 2, as boto3 makes them for S3 by default.

Run in the test environment:  build/venv/bin/python src/foundation/crypto/testdata/make_botocore_sigv2.py
"""

import json
import pathlib
import time
import urllib.parse

import boto3
import botocore
import botocore.config

NOW = 1_795_341_600
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

time.time = lambda: NOW  # the signer's clock

CALLS = [
    ("get_object", {"Bucket": "b", "Key": "k"}),
    ("get_object", {"Bucket": "b", "Key": "a b/ü+(1)!/100%.csv"}),
    ("get_object", {"Bucket": "b", "Key": "k", "VersionId": "v 1", "ResponseContentType": "text/csv", "ResponseContentDisposition": 'attachment; filename="a b.csv"'}),
    ("put_object", {"Bucket": "b", "Key": "k"}),
    ("put_object", {"Bucket": "b", "Key": "k", "ContentType": "text/plain", "Metadata": {"note": "hello"}, "ACL": "private"}),
    ("delete_object", {"Bucket": "b", "Key": "k"}),
    ("head_object", {"Bucket": "b", "Key": "k"}),
    ("upload_part", {"Bucket": "b", "Key": "k", "UploadId": "u/+1", "PartNumber": 3}),
    ("create_multipart_upload", {"Bucket": "b", "Key": "k"}),
    ("get_object_tagging", {"Bucket": "b", "Key": "k"}),
]


def main():
    cases = []
    for token in (None, "IQoJb3JpZ2luX2VjE/+="):
        client = boto3.client("s3", "us-east-1", endpoint_url="https://cloud.example:8443", aws_access_key_id="AKIDEXAMPLE",
                              aws_secret_access_key=SECRET, aws_session_token=token,
                              config=botocore.config.Config(signature_version="s3"))
        for operation, parameters in CALLS:
            url = client.generate_presigned_url(operation, Params=parameters, ExpiresIn=600)
            method = client.meta.service_model.operation_model("".join(w.title() for w in operation.split("_"))).http["method"]
            parts = urllib.parse.urlsplit(url)
            cases.append({"name": operation, "method": method, "path": parts.path, "query": parts.query, "token": token or ""})
    out = pathlib.Path(__file__).with_name("botocore_sigv2.json")
    head = json.dumps({"botocore": botocore.__version__, "secret": SECRET, "now": NOW})[:-1]
    out.write_text(head + ', "cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
    print(len(cases), "cases")


main()
