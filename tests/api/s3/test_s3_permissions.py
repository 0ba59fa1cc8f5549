"""What policies of users allow and hide."""

import botocore.exceptions
import pytest
from s3_client import code_of


# A policy for one prefix is a wall: what lies outside is neither read nor written nor admitted to exist.
def test_permissions(cloud, s3, bucket):
    user = cloud.make_user([{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{bucket}/mine/*"},
                            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}",
                             "Condition": {"StringLike": {"s3:prefix": "mine/*"}}}])
    theirs = user.client("s3")
    s3.put_object(Bucket=bucket, Key="other/k", Body=b"secret")
    theirs.put_object(Bucket=bucket, Key="mine/k", Body=b"ok")
    assert theirs.get_object(Bucket=bucket, Key="mine/k")["Body"].read() == b"ok"
    assert theirs.list_objects_v2(Bucket=bucket, Prefix="mine/")["KeyCount"] == 1
    for call in [lambda: theirs.get_object(Bucket=bucket, Key="other/k"), lambda: theirs.list_objects_v2(Bucket=bucket),
                 lambda: theirs.get_object(Bucket=bucket, Key="mine/absent"),
                 lambda: theirs.put_object(Bucket=bucket, Key="other/k", Body=b"x"),
                 lambda: theirs.delete_object(Bucket=bucket, Key="mine/k"), lambda: theirs.list_buckets(),
                 lambda: theirs.copy_object(Bucket=bucket, Key="mine/stolen", CopySource=f"{bucket}/other/k")]:
        with pytest.raises(botocore.exceptions.ClientError) as failure:
            call()
        assert code_of(failure) == "AccessDenied"
    answer = theirs.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/k"}]})
    assert answer["Errors"][0]["Code"] == "AccessDenied"
