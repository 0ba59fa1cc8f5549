"""Valid parameters for any operation of any AWS service, from botocore's model: enough to get past validation.

    parameters = Samples(account="123456789012", region="us-east-1", bucket="b").of(client, "CreateTrainingJob")
"""

from __future__ import annotations

import datetime
import json

ALLOW = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}})
KEY = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": "*"}})
ANYBODY = json.dumps({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/*", "Principal": "*"}})


class Samples:
    def __init__(self, account: str, region: str, bucket: str, key: str = "00000000-0000-0000-0000-000000000000",
                 ciphertext: bytes = b"x" * 64):
        self.account, self.region, self.bucket = account, region, bucket
        role = f"arn:aws:iam::{account}:role/nobody"
        # By (operation, member) or by member; a member that is named for an operation is given also where it is optional.
        self.values = {
            "Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/k", "UploadId": "a" * 32, "PartNumber": 1,
            ("CreateBucket", "Bucket"): bucket + "-new", ("CopyObject", "Key"): "copy",
            "RoleArn": role, "ExecutionRoleArn": role, "PolicyArn": f"arn:aws:iam::{account}:policy/none",
            "PolicySourceArn": f"arn:aws:iam::{account}:user/none", "PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess",
            "PolicyDocument": ALLOW, "AssumeRolePolicyDocument": TRUST, "PolicyInputList": [ALLOW],
            ("UpdateAssumeRolePolicy", "PolicyDocument"): TRUST, ("PutBucketPolicy", "Policy"): ANYBODY.replace("{bucket}", bucket),
            ("SimulateCustomPolicy", "ActionNames"): ["s3:GetObject"], "ActionNames": ["s3:GetObject"],
            "ResourceArn": f"arn:aws:sagemaker:{region}:{account}:training-job/none", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "SerialNumber": f"arn:aws:iam::{account}:mfa/none", "OpenIDConnectProviderArn": f"arn:aws:iam::{account}:oidc-provider/x.example.com",
            "Url": "https://issuer.example.com", "ThumbprintList": ["a" * 40], "AuthenticationCode1": "123456", "AuthenticationCode2": "123456",
            "Password": "Long-enough-1!", "OldPassword": "Long-enough-1!", "NewPassword": "Long-enough-2!", "JobId": "a" * 36,
            "TagKeys": ["team"], "VersionId": "v1", "AWSServiceName": "sagemaker.amazonaws.com", "Path": "/",
            "DeletionTaskId": "task/aws-service-role/x", "EncodedMessage": "x", "WebIdentityToken": "x.y.z" * 4,
            "S3Uri": f"s3://{bucket}/in", "S3OutputPath": f"s3://{bucket}/out", "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
            "TrainingImage": "pytorch-training:2.4-cpu", "Image": "pytorch-inference:2.4-cpu", "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 1, "InstanceCount": 1, "MaxRuntimeInSeconds": 60, "TrainingInputMode": "File",
            ("CreateTrainingJob", "AlgorithmSpecification"): {"TrainingImage": "pytorch-training:2.4-cpu", "TrainingInputMode": "File"},
            ("CreateTrainingJob", "ResourceConfig"): {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            ("CreateModel", "PrimaryContainer"): {"Image": "pytorch-inference:2.4-cpu", "ModelDataUrl": f"s3://{bucket}/m.tar.gz"},
            ("CreateModel", "ExecutionRoleArn"): role,
            ("Search", "Resource"): "TrainingJob",
            "logGroupName": "group", "logStreamName": "stream", "logEvents": [{"timestamp": 0, "message": "m"}],
            "ResourceARN": f"arn:aws:logs:{region}:{account}:log-group:group", "resourceArn": f"arn:aws:logs:{region}:{account}:log-group:group",
            "MetricData": [{"MetricName": "m", "Value": 1.0}], "Namespace": "n", "Period": 60,
            ("GetMetricStatistics", "Statistics"): ["Average"],
            ("GetMetricData", "MetricDataQueries"): [{"Id": "a", "Expression": "1"}],
            "StartTime": datetime.datetime(2026, 1, 1), "EndTime": datetime.datetime(2026, 1, 2),
            "PolicyId": "p-aaaaaaaa", "TargetId": account, "ChildId": account, "AccountId": account, "RootId": "r-aaaa",
            "OrganizationalUnitId": "ou-aaaa-aaaaaaaa", "SourceParentId": "r-aaaa", "DestinationParentId": "ou-aaaa-aaaaaaaa",
            ("RestoreObject", "RestoreRequest"): {"Days": 1},
            "ParentId": "r-aaaa", "ResourceId": "p-aaaaaaaa", "CreateAccountRequestId": "car-" + "a" * 32, "Email": "nobody@example.com",
            "KeyId": f"arn:aws:kms:{region}:{account}:key/{key}", "TargetKeyId": f"arn:aws:kms:{region}:{account}:key/{key}",
            ("PutKeyPolicy", "Policy"): KEY,
            "AliasName": "alias/none", "GranteePrincipal": role, "CiphertextBlob": ciphertext,
            ("Decrypt", "CiphertextBlob"): ciphertext, ("GenerateRandom", "NumberOfBytes"): 16,
            ("UploadPartCopy", "CopySource"): f"{bucket}/k",
            ("CompleteMultipartUpload", "MultipartUpload"): {"Parts": [{"ETag": "\"" + "a" * 32 + "\"", "PartNumber": 1}]},
            ("DeleteObjects", "Delete"): {"Objects": [{"Key": "k"}]},
            ("GetObjectAttributes", "ObjectAttributes"): ["ETag"], "Body": b"x",
            ("PutObject", "Body"): b"x", ("UploadPart", "Body"): b"x",
            ("PutBucketCors", "CORSConfiguration"): {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
            ("PutBucketEncryption", "ServerSideEncryptionConfiguration"): {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
            ("PutBucketLifecycleConfiguration", "LifecycleConfiguration"): {
                "Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}]},
            ("PutBucketInventoryConfiguration", "Id"): "i",
            ("PutBucketInventoryConfiguration", "InventoryConfiguration"): {
                "Id": "i", "IsEnabled": True, "IncludedObjectVersions": "All", "Schedule": {"Frequency": "Daily"},
                "Destination": {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{bucket}", "Format": "CSV"}}},
            ("PutBucketRequestPayment", "RequestPaymentConfiguration"): {"Payer": "BucketOwner"},
            ("PutBucketVersioning", "VersioningConfiguration"): {"Status": "Enabled"},
            ("PutObjectLegalHold", "LegalHold"): {"Status": "ON"},
            ("PutObjectRetention", "Retention"): {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.datetime(2036, 1, 1)},
            ("PutObjectLockConfiguration", "ObjectLockConfiguration"): {"ObjectLockEnabled": "Enabled"},
        }

    def of(self, client, operation: str) -> dict:
        model = client.meta.service_model.operation_model(operation)
        return self.structure(operation, model.input_shape) if model.input_shape else {}

    def structure(self, operation: str, shape) -> dict:
        out = {}
        for name, member in shape.members.items():
            if (operation, name) in self.values:
                out[name] = self.values[(operation, name)]
            elif name in shape.required_members:
                out[name] = self.values[name] if name in self.values else self.value(operation, member)
        if getattr(shape, "is_tagged_union", False) and not out:
            name, member = next(iter(shape.members.items()))
            out[name] = self.value(operation, member)
        return out

    def value(self, operation: str, shape):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(operation, shape)
        if kind == "list":
            return [self.value(operation, shape.member)]
        if kind == "map":
            return {}
        if kind == "string":
            return shape.enum[0] if getattr(shape, "enum", None) else "x" * max(4, shape.metadata.get("min", 1))
        if kind in ("integer", "long"):
            return max(1, shape.metadata.get("min", 1))
        return {"float": 1.0, "double": 1.0, "boolean": True, "blob": b"x", "timestamp": datetime.datetime(2026, 1, 1)}[kind]
