"""The SageMaker SDK's session against a server under test."""

from __future__ import annotations

import pytest


def sagemaker_session(cloud, bucket: str, s3, sagemaker_client):
    sagemaker = pytest.importorskip("sagemaker")
    session = sagemaker.Session(boto_session=cloud.admin.session(), sagemaker_client=sagemaker_client, default_bucket=bucket)
    # The SDK makes these from its boto session, which knows no endpoint.
    session.s3_client = s3
    session.s3_resource = cloud.admin.session().resource("s3", endpoint_url=cloud.url, verify=str(cloud.ca_file or True))
    session.boto_session.client = lambda service, **_: cloud.admin.client(service)
    return session
