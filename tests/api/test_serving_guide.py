"""docs/serving.md says only what is true: its examples run as they stand there."""

import re
import uuid

import pytest
import images
from cloud import REPOSITORY, wait_for
from deploy import READ_S3

pytestmark = pytest.mark.any_store

WRITE_S3 = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}


# Every block of Python in the guide, in order, in one namespace, on a server of its own.
def test_guide(own_cloud, tmp_path):
    bucket = f"guide-{uuid.uuid4().hex[:8]}"
    sagemaker = own_cloud.admin.client("sagemaker")

    def wait_in_service(name):
        def settled():
            described = sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] not in ("Creating", "Updating") else None

        described = wait_for(settled, 600, what=f"endpoint {name} settles")
        assert described["EndpointStatus"] == "InService" and not described.get("FailureReason"), described

    names = {"sagemaker": sagemaker, "bucket": bucket, "role": own_cloud.make_role([READ_S3, WRITE_S3]), "cloud": own_cloud,
             "wait_in_service": wait_in_service, "wait_for": wait_for, "url": own_cloud.url, "ca_file": str(own_cloud.ca_file),
             "load_image": images.loader(own_cloud, tmp_path)}
    names |= {"runtime": own_cloud.admin.client("sagemaker-runtime"), "s3": own_cloud.admin.client("s3")}
    names |= {"cloudwatch": own_cloud.admin.client("cloudwatch")}
    names["s3"].create_bucket(Bucket=bucket)
    blocks = re.findall(r"^```python\n(.*?)^```", (REPOSITORY / "docs/serving.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    for number, block in enumerate(blocks):
        exec(compile(block, f"docs/serving.md, example {number + 1}", "exec"), names)
    sagemaker.delete_endpoint(EndpointName="guide")
