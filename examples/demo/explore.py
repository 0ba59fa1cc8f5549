"""Reads a table back from the object store with boto3 and pandas. Usage: explore.py BUCKET KEY"""

import sys

import boto3
import pandas

bucket, key = sys.argv[1:]
body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
table = pandas.read_csv(body)
print(table.iloc[:, [0, 1, 2, -1]].describe().round(3).to_string())
