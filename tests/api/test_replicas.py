"""Two servers over one PostgreSQL: what one acknowledged, the other knows; what one changed, the other follows; either may die."""

import json
import threading
import time
import uuid

import botocore.exceptions
import pytest
from cloud import Cloud, Replicas, wait_for
from deploy import Deployer
from test_serving_lifecycle import model, variant


@pytest.fixture(scope="module")
def pair(binary, tmp_path_factory, postgres):
    """A pair of this module's own, since it kills one."""
    directory = tmp_path_factory.mktemp("pair")
    replicas = Replicas.start(binary, directory, postgres.database(f"pair_{uuid.uuid4().hex[:8]}"))
    first = Cloud(replicas.binary, replicas.data, (), {})
    first.__dict__.update({k: v for k, v in replicas.__dict__.items() if k not in ("second", "on_second", "own_url")})
    first.url = replicas.own_url
    first.admin = type(replicas.admin)(first, replicas.admin.access_key_id, replicas.admin.secret)
    replicas.second.admin = type(replicas.admin)(replicas.second, replicas.admin.access_key_id, replicas.admin.secret)
    yield first, replicas.second
    replicas.second.close()
    first.close()  # holds the process, also after its restart


# One account, one authority: a client that trusts one server trusts the other, with the same key.
def test_same_account_and_authority(pair):
    first, second = pair
    assert first.account == second.account
    assert first.ca_file.read_text() == second.ca_file.read_text()
    arns = {cloud.admin.client("sts").get_caller_identity()["Arn"] for cloud in pair}
    assert len(arns) == 1


# Objects are strongly consistent across servers, small (in PostgreSQL) and large (in the shared directory).
@pytest.mark.parametrize("size", [100, 300_000])
def test_object_is_visible_at_once(pair, size):
    first, second = pair
    name = f"replicas-{size}"
    here, there = (cloud.admin.client("s3") for cloud in (first, second))
    here.create_bucket(Bucket=name)
    for key in map(str, range(20)):
        body = key.encode() * (size // len(key))
        here.put_object(Bucket=name, Key=key, Body=body)
        assert there.get_object(Bucket=name, Key=key)["Body"].read() == body


# A right that one server took away is gone on the other within a second. The quickest of ten counts: a machine that does ten other
# things may be late once, a feed that is followed too slowly is late each time.
def test_revocation_reaches_the_other(pair):
    first, second = pair
    iam, took = first.admin.client("iam"), []
    for _ in range(10):
        user = first.make_user({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"})
        elsewhere = type(user)(second, user.access_key_id, user.secret)
        wait_for(lambda: allowed(elsewhere), 10, 0.05, "the grant")
        iam.delete_user_policy(UserName=user.name, PolicyName="given")
        began = time.monotonic()
        wait_for(lambda: not allowed(elsewhere), 10, 0.02, "the revocation")
        took.append(time.monotonic() - began)
        if took[-1] < 1:
            return
    raise AssertionError(f"a revocation took {min(took):.2f} s to reach the other server")


def allowed(identity) -> bool:
    try:
        identity.client("s3").list_buckets()
        return True
    except botocore.exceptions.ClientError:
        return False


# A server that cannot see what others changed (a revoked key, say) answers nobody until it can, even from what it remembers.
def test_a_blind_server_answers_503(pair, postgres):
    clients = [cloud.admin.client("sts", retries={"max_attempts": 0}, read_timeout=10) for cloud in pair]

    def status(client) -> int:
        try:
            return client.get_caller_identity()["ResponseMetadata"]["HTTPStatusCode"]
        except botocore.exceptions.ClientError as failure:
            return failure.response["ResponseMetadata"]["HTTPStatusCode"]
        except botocore.exceptions.BotoCoreError:
            return 0

    assert [status(client) for client in clients] == [200, 200]
    postgres.pause()
    try:
        for client in clients:
            wait_for(lambda: status(client) == 503, 30, 0.2, "the refusal of a blind server")
    finally:
        postgres.resume()
    for client in clients:
        wait_for(lambda: status(client) == 200, 30, 0.2, "the answer of a server that sees again")


# The death of one server takes nothing acknowledged with it, and the other goes on; then the first comes back.
def test_one_dies(pair):
    first, second = pair
    s3 = first.admin.client("s3")
    s3.create_bucket(Bucket="survivor")
    for i in range(50):
        s3.put_object(Bucket="survivor", Key=str(i), Body=str(i).encode())
    first.kill()
    other = second.admin.client("s3")
    for i in range(50):
        assert other.get_object(Bucket="survivor", Key=str(i))["Body"].read() == str(i).encode()
    other.put_object(Bucket="survivor", Key="after", Body=b"x")
    first.arguments = second.arguments
    time.sleep(0.1)
    first.restart()
    assert first.admin.client("s3").get_object(Bucket="survivor", Key="after")["Body"].read() == b"x"


# A model in service does not notice that the server which keeps it is gone: the other one answers all the while, takes over the keeping once the
# lease of 15 s is over (why this takes its time), and clients of the lost one have only to ask the other.
def test_a_keeper_dies_under_load(pair):
    first, second = pair
    first.admin.client("s3").create_bucket(Bucket="kept")
    deployer = Deployer(first, "kept")
    name = deployer.serve_variants([variant(model(deployer, "a"))])
    beside = Deployer(second, "kept")
    wait_for(lambda: answers(beside, name), 30, what="the other server's first answer")
    lost = [0]

    def failing_over():
        """A client that asks the first server, and the other where it cannot be reached."""
        try:
            return answers(deployer, name, retries=0)
        except botocore.exceptions.BotoCoreError:
            lost[0] += 1
            return answers(beside, name)

    failures, stop = [], threading.Event()

    def drive(ask):
        while not stop.is_set():
            try:
                assert ask()
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=drive, args=(ask,)) for ask in (failing_over, lambda: answers(beside, name)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(1)
        first.kill()
        wait_for(lambda: lost[0] > 10, 30, what="clients at the other server")
        # It keeps the endpoint from now on: a change of it is carried out.
        second.admin.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}])
        wait_for(lambda: instances(beside, name) == 2, 60, what="an instance that the other server started")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    first.arguments = second.arguments
    first.restart()
    wait_for(lambda: answers(deployer, name), 30, what="the answer of the first, which is back")
    deployer.clear()


CLIENTS = {}


def answers(deployer, name, retries=4) -> bool:
    key = deployer.cloud.url, retries
    if key not in CLIENTS:
        CLIENTS[key] = deployer.cloud.admin.client("sagemaker-runtime", retries={"max_attempts": retries}, read_timeout=60)
    client = CLIENTS[key]
    return json.loads(client.invoke_endpoint(EndpointName=name, Body=b'{"n": 1}')["Body"].read())["model"] == "a"


def instances(deployer, name) -> int:
    described = deployer.cloud.admin.client("sagemaker").describe_endpoint(EndpointName=name)
    return described["ProductionVariants"][0]["CurrentInstanceCount"]
