"""Asynchronous inference: requests answered in S3, through boto3."""

import json
import uuid

import botocore.exceptions
import pytest
from cloud import wait_for
from deploy import READ_S3, Deployer, refusal
from jobs import archive

WRITE_S3 = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
SCRIPT = """import json, time
def model_fn(directory): return 2
def transform_fn(factor, body, content_type, accept):
    numbers = json.loads(body)
    if numbers == [0]: raise ValueError("zero is no number")
    time.sleep(numbers[0] / 1000)
    return json.dumps([x * factor for x in numbers]), 'application/json'
"""


class Queue:
    """An asynchronous endpoint, and its objects."""

    def __init__(self, cloud):
        self.bucket = f"async-{uuid.uuid4().hex[:12]}"
        cloud.admin.client("s3").create_bucket(Bucket=self.bucket)
        self.deployer = Deployer(cloud, self.bucket)
        self.deployer.role = cloud.make_role([READ_S3, WRITE_S3])
        model = self.deployer.model(self.deployer.upload(archive(code__inference_dot_py=SCRIPT)), image="aloft-python:3")
        variant = {"VariantName": "A", "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
        self.name = self.deployer.serve_variants([variant], AsyncInferenceConfig={
            "OutputConfig": {"S3OutputPath": f"s3://{self.bucket}/out/", "S3FailurePath": f"s3://{self.bucket}/failed"},
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2}})

    def ask(self, numbers, **options):
        key = f"in/{uuid.uuid4().hex}"
        self.deployer.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(numbers).encode())
        return self.deployer.runtime.invoke_endpoint_async(EndpointName=self.name, InputLocation=f"s3://{self.bucket}/{key}",
                                                           ContentType="application/json", **options)

    def read(self, location):
        bucket, key = location.removeprefix("s3://").split("/", 1)
        try:
            return self.deployer.s3.get_object(Bucket=bucket, Key=key)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey"
            return None

    def answer(self, asked, place="OutputLocation"):
        return wait_for(lambda: self.read(asked[place]), 60, what="the answer")


@pytest.fixture(scope="module")
def queue(cloud):
    made = Queue(cloud)
    yield made
    made.deployer.clear()


# A request is accepted with the places of its answer, and the answer comes there with the model's content type.
def test_answers_in_s3(queue):
    asked = queue.ask([1, 2], InferenceId="mine")
    assert asked["ResponseMetadata"]["HTTPStatusCode"] == 202 and asked["InferenceId"] == "mine"
    assert asked["OutputLocation"].startswith(f"s3://{queue.bucket}/out/")
    answer = queue.answer(asked)
    assert json.loads(answer["Body"].read()) == [2, 4] and answer["ContentType"] == "application/json"
    inline = queue.deployer.runtime.invoke_endpoint_async(EndpointName=queue.name, Body=b"[4]", ContentType="application/json",
                                                          S3OutputPathExtension="below", Filename="named.json")
    assert inline["OutputLocation"] == f"s3://{queue.bucket}/out/below/named.json"
    assert json.loads(queue.answer(inline)["Body"].read()) == [8]


# What fails leaves its reason where failures go, and nothing where answers go.
def test_failures(queue):
    asked = queue.ask([0])
    text = queue.answer(asked, "FailureLocation")["Body"].read().decode()
    assert "zero is no number" in text and "(500)" in text
    assert queue.read(asked["OutputLocation"]) is None
    absent = queue.deployer.runtime.invoke_endpoint_async(EndpointName=queue.name, InputLocation=f"s3://{queue.bucket}/nothing")
    assert "There is no object" in queue.answer(absent, "FailureLocation")["Body"].read().decode()


# What cannot be kept is refused with a name: no such queue, two inputs, topics that nobody would hear.
def test_refusals(queue):
    runtime = queue.deployer.runtime
    assert refusal(runtime.invoke_endpoint_async, EndpointName="nobody", InputLocation="s3://b/k")[0] == "ValidationError"
    assert refusal(runtime.invoke_endpoint_async, EndpointName=queue.name, InputLocation="s3://b/k", Body=b"[1]")[0] == "ValidationError"
    config = queue.deployer.sagemaker.describe_endpoint(EndpointName=queue.name)["AsyncInferenceConfig"]
    config["OutputConfig"]["NotificationConfig"] = {"SuccessTopic": "arn:aws:sns:us-east-1:123456789012:t"}
    variant = {"VariantName": "A", "ModelName": queue.deployer.models[0], "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    code, message, _ = refusal(queue.deployer.configure, [variant], AsyncInferenceConfig=config)
    assert code == "NotImplemented" and "SNS" in message


# A server that is killed answers what it had accepted after its next start; the backlog was a metric meanwhile.
def test_survives_the_server(own_cloud):
    queue = Queue(own_cloud)
    asked = [queue.ask([400, i]) for i in range(12)]
    own_cloud.kill()
    own_cloud.restart()
    answers = [json.loads(queue.answer(one)["Body"].read()) for one in asked]
    assert answers == [[800, 2 * i] for i in range(12)]
    queue.deployer.clear()
