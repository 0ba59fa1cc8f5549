"""Answers that come piece by piece: server-sent events from a model's own code, and AWS's event stream."""

import itertools
import threading
import uuid

import botocore.exceptions
import pytest
import requests
from deploy import Deployer, refusal
from jobs import archive

SCRIPT = """import json
def model_fn(directory): return 1
def transform_fn(model, body, content_type, accept):
    wish = json.loads(body)
    if wish.get("fail") == "at once": raise ValueError("no such prompt")
    def tokens():
        for i in range(wish["count"]):
            if wish.get("fail") == i: raise RuntimeError("lost the thread")
            yield f"data: token {i}\\n\\n"
    return tokens(), "text/event-stream"
"""


@pytest.fixture(scope="module")
def deployer(cloud):
    bucket = f"stream-{uuid.uuid4().hex[:12]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    made = Deployer(cloud, bucket)
    made.name = made.serve(made.upload(archive(code__inference_dot_py=SCRIPT)), image="aloft-python:3")
    made.token = cloud.aloft("token", made.name).stdout.strip()
    yield made
    made.clear()


def predict(deployer, wish, **options):
    return requests.post(f"{deployer.cloud.url}/v1/endpoints/{deployer.name}/predict", json=wish, stream=True, timeout=60,
                         headers={"Authorization": f"Bearer {deployer.token}", "Accept": "text/event-stream"},
                         verify=str(deployer.cloud.ca_file or True), **options)


# Tokens arrive while the model still makes others, not when it is done: this one never is.
def test_server_sent_events(deployer):
    answer = predict(deployer, {"count": 10**9})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/event-stream"
    first = list(itertools.islice(answer.iter_lines(), 10))
    assert first == [line for i in range(5) for line in (b"data: token %d" % i, b"")]
    answer.close()
    assert predict(deployer, {"count": 5}).content == b"".join(b"data: token %d\n\n" % i for i in range(5))


# boto3 reads the same as AWS's event stream, with the model's content type and variant in the head.
def test_event_stream(deployer):
    answer = deployer.runtime.invoke_endpoint_with_response_stream(EndpointName=deployer.name, Body=b'{"count": 300}')
    assert answer["ContentType"] == "text/event-stream" and answer["InvokedProductionVariant"] == "AllTraffic"
    text = b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])
    assert text == b"".join(b"data: token %d\n\n" % i for i in range(300))


# A failure before the first token is an error with a status; one in the middle is the last message of the stream.
def test_failures(deployer):
    invoke = deployer.runtime.invoke_endpoint_with_response_stream
    code, _, response = refusal(invoke, EndpointName=deployer.name, Body=b'{"fail": "at once"}')
    assert code == "ModelError" and "no such prompt" in response["OriginalMessage"]
    assert predict(deployer, {"fail": "at once"}).status_code == 502
    events = invoke(EndpointName=deployer.name, Body=b'{"count": 9, "fail": 3}')["Body"]
    with pytest.raises(botocore.exceptions.EventStreamError, match="ModelStreamError"):
        list(events)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        predict(deployer, {"count": 9, "fail": 3}).content
    assert refusal(invoke, EndpointName="nobody", Body=b"{}")[0] == "ValidationError"


# A caller who reads slowly, or goes away in the middle of an endless answer, keeps nobody else from theirs.
def test_slow_and_gone_callers(deployer):
    slow = [predict(deployer, {"count": 10**9}) for _ in range(4)]
    for answer in slow[:2]:
        next(answer.iter_content(64))
        answer.close()
    done = []
    threads = [threading.Thread(target=lambda: done.append(predict(deployer, {"count": 3}).content)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8 and all(text.endswith(b"token 2\n\n") for text in done)
    for answer in slow:
        answer.close()


# The plain call gets the same answer as a whole.
def test_as_a_whole(deployer):
    answer = deployer.predict(deployer.name, b'{"count": 3}')
    assert answer["Body"].read() == b"data: token 0\n\ndata: token 1\n\ndata: token 2\n\n"
