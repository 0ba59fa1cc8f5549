"""Mutual TLS between tasks' agents and the server: an agent's session is worth nothing without the key that only the agent has. Here the agent is a
double that gives its secrets away; each test is a thief, or the agent itself."""

import datetime
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import uuid

import botocore.exceptions
import pytest
import requests
from agent_double import AgentDouble
from cloud import Cloud, Identity, wait_for
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jobs import Trainer


class Site:
    """A server whose tasks have doubles for agents."""

    def __init__(self, binary, directory, settings: str = "", before: bool = False):
        self.double = AgentDouble(directory, before)
        self.cloud = Cloud.start(binary, directory / "data", settings=self.double.settings + settings)
        self.bucket = f"bound-{uuid.uuid4().hex[:10]}"
        self.cloud.admin.client("s3").create_bucket(Bucket=self.bucket)
        self.trainer = Trainer(self.cloud, self.bucket)

    def job(self, **changes) -> str:
        return self.trainer.create(None, InputDataConfig=None, **changes)

    def grant(self, job: str, number: int = 0) -> dict:
        return wait_for(lambda: (given := self.double.grants(job)) and len(given) > number and given[number], 60, what=f"credentials of {job}")

    def granted(self, **changes) -> dict:
        """What the agent of a new job is given; the job is stopped then, so that the next one finds room."""
        job = self.job(**changes)
        grant = self.grant(job)
        self.trainer.sagemaker.stop_training_job(TrainingJobName=job)
        return grant

    def agent(self, grant: dict) -> Identity:
        return Identity(self.cloud, grant["access_key_id"], grant["secret_access_key"], grant["session_token"])


@pytest.fixture(scope="module")
def site(binary, tmp_path_factory):
    site = Site(binary, tmp_path_factory.mktemp("site"))
    yield site
    site.cloud.close()


@pytest.fixture(scope="module")
def grant(site):
    return site.granted()


def shown(grant: dict, certificate: str = "") -> dict:
    return {"client_cert": (certificate or grant["certificate_file"], grant["key_file"])}


def refusal(call, **arguments) -> tuple[str, int]:
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"]["HTTPStatusCode"]


# The agent itself: beside its certificate its session opens what the role may. The certificate says which task, on which host, is good for nothing but
# being a client, and ends with the session.
def test_an_agent_shows_its_certificate(site, grant):
    s3 = site.agent(grant).client("s3", **shown(grant))
    assert s3.get_object(Bucket=site.bucket, Key="data/a.csv")["Body"].read() == b"1,2\n3,4\n"
    certificate = x509.load_pem_x509_certificate(grant["certificate"].encode())
    authority = x509.load_pem_x509_certificate(site.cloud.ca_file.read_bytes())
    certificate.verify_directly_issued_by(authority)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.CLIENT_AUTH] and not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    (name,) = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert name.value == f"aloft-task://{socket.gethostname()}/{grant['task']}"
    expires = datetime.datetime.fromtimestamp(grant["expires"] / 1e6, datetime.timezone.utc)
    assert abs((certificate.not_valid_after_utc - expires).total_seconds()) <= 5
    # The same request without TLS's part in it, so that nothing else is what lets it in.
    assert refusal(site.agent(grant).client("s3").get_object, Bucket=site.bucket, Key="data/a.csv") == ("AccessDenied", 403)


# Whoever has token and secret, and not the key, is refused by every API in its own words, with headers and in links; the log says whose session it was.
def test_a_stolen_session_without_its_key(site, grant):
    thief = site.agent(grant)
    assert refusal(thief.client("s3").list_objects_v2, Bucket=site.bucket) == ("AccessDenied", 403)
    assert refusal(thief.client("s3").put_object, Bucket=site.bucket, Key="x", Body=b"x") == ("AccessDenied", 403)
    assert refusal(thief.client("sts").get_caller_identity) == ("AccessDenied", 403)
    assert refusal(thief.client("sagemaker").list_training_jobs)[0].startswith("AccessDenied")
    link = thief.client("s3").generate_presigned_url("get_object", Params={"Bucket": site.bucket, "Key": "data/a.csv"})
    answer = requests.get(link, verify=str(site.cloud.ca_file), timeout=30)
    assert answer.status_code == 403 and "<Code>AccessDenied</Code>" in answer.text
    trail = site.cloud.admin.client("cloudtrail")

    def recorded():
        found = trail.lookup_events(LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": grant["access_key_id"]}])["Events"]
        return [json.loads(event["CloudTrailEvent"]) for event in found if event["EventName"] == "GetCallerIdentity"]
    (event,) = wait_for(recorded, 30, what="the record of the refusal")
    assert event["errorCode"] == "AccessDenied" and event["userIdentity"]["arn"].endswith("/SageMaker")


# A form's fields are signed, too, and come over any connection: a bound session signs none.
def test_a_stolen_session_in_a_form(site, grant):
    form = site.agent(grant).client("s3").generate_presigned_post(site.bucket, "formed")
    answer = requests.post(form["url"], data=form["fields"], files={"file": b"x"}, verify=str(site.cloud.ca_file), timeout=30)
    assert answer.status_code == 403 and "<Code>AccessDenied</Code>" in answer.text


# Another agent of the same installation, with the same role, cannot use what was another's.
def test_a_certificate_of_another_task(site, grant):
    other = site.granted()
    s3 = site.agent(grant).client("s3", **shown(other))
    assert refusal(s3.list_objects_v2, Bucket=site.bucket) == ("AccessDenied", 403)
    assert site.agent(other).client("s3", **shown(other)).list_objects_v2(Bucket=site.bucket)["KeyCount"] > 0


def self_made(directory, key_file: str, usage=x509.ExtendedKeyUsageOID.CLIENT_AUTH) -> str:
    """A certificate by an authority of our own, for the agent's own key."""
    key = serialization.load_pem_private_key(open(key_file, "rb").read(), None)
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "task")]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Aloft authority of 127.0.0.1")])).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1)).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()))
    file = directory / "self-made.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return str(file)


# An authority of the same name is not ours: not even the right key helps then, and nobody else's credentials do.
def test_a_certificate_of_a_wrong_authority(site, grant, tmp_path):
    certificate = self_made(tmp_path, grant["key_file"])
    for identity in (site.agent(grant), site.cloud.admin):
        with pytest.raises((botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError)):
            identity.client("s3", **shown(grant, certificate)).list_objects_v2(Bucket=site.bucket)


# The certificate alone, without its session, opens nothing: it is no credential.
def test_a_certificate_without_its_session(site, grant):
    context = ssl.create_default_context(cafile=str(site.cloud.ca_file))
    context.load_cert_chain(grant["certificate_file"], grant["key_file"])
    connection = http.client.HTTPSConnection("127.0.0.1", site.cloud.port, context=context, timeout=30)
    connection.request("GET", f"/{site.bucket}")
    assert connection.getresponse().status == 403


# The user's code has no key: it is given a session of its own, which is another one; code that reaches no network is given none.
def test_the_codes_session_is_another(site, grant):
    code = grant["code"]
    assert code["session_token"] != grant["session_token"] and code["access_key_id"] != grant["access_key_id"]
    assert site.agent(code).client("s3").list_objects_v2(Bucket=site.bucket)["KeyCount"] > 0
    assert "code" not in site.granted(EnableNetworkIsolation=True)


# A server that comes back takes the agent up again: a new certificate for the same key, and the session before is still good beside it. TLS that is
# reloaded meanwhile asks for certificates as before.
def test_renewed_and_reloaded(binary, tmp_path):
    site = Site(binary, tmp_path)
    try:
        job = site.job()
        first = site.grant(job)
        site.cloud.stop()
        site.cloud.restart()
        second = site.grant(job, 1)
        assert second["certificate"] != first["certificate"] and second["spki_sha256"] == first["spki_sha256"]
        os.kill(site.cloud.process.pid, signal.SIGHUP)
        for session, certificate in ((first, second), (second, second), (second, first)):
            s3 = site.agent(session).client("s3", **shown(certificate))
            assert s3.list_objects_v2(Bucket=site.bucket)["KeyCount"] > 0
        assert refusal(site.agent(second).client("s3").list_objects_v2, Bucket=site.bucket) == ("AccessDenied", 403)
    finally:
        site.cloud.close()


def asks_for_certificates(cloud) -> bool:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{cloud.port}", "-CAfile", str(cloud.ca_file)]
    text = subprocess.run(command, input="", capture_output=True, text=True, timeout=30).stdout
    assert "Verify return code: 0 (ok)" in text
    return "Acceptable client certificate CA names" in text


# Where a proxy ends TLS no certificate gets through: only if the operator says so are sessions not bound, and then nobody is asked. A session that was
# bound before stays bound.
def test_a_proxy_that_ends_tls_is_named(binary, site, grant, tmp_path):
    assert asks_for_certificates(site.cloud)
    proxied = Site(binary, tmp_path, settings="bind_task_sessions = false\n")
    try:
        assert not asks_for_certificates(proxied.cloud)
        given = proxied.granted()
        assert "certificate" not in given and "code" not in given
        assert proxied.agent(given).client("s3").list_objects_v2(Bucket=proxied.bucket)["KeyCount"] > 0
    finally:
        proxied.cloud.close()


# Without TLS, on loopback, there is nothing to bind to.
def test_without_tls_sessions_are_not_bound(binary, tmp_path):
    plain = Site(binary, tmp_path, settings="tls = false\n")
    try:
        given = plain.granted()
        assert "certificate" not in given
        assert plain.agent(given).client("s3").list_objects_v2(Bucket=plain.bucket)["KeyCount"] > 0
    finally:
        plain.cloud.close()


# The operator's own certificate is the server's; the agents' are the installation's authority's all the same.
def test_beside_the_operators_certificate(binary, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("site")  # the path of a test's own would be too long for Unix sockets
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=operator",
               "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "server.key", "-out", "server.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    settings = f'tls_certificate_file = "{tmp_path}/server.pem"\ntls_key_file = "{tmp_path}/server.key"\n'
    double = AgentDouble(tmp_path)
    cloud = Cloud.start(binary, tmp_path / "data", settings=double.settings + settings)
    cloud.ca_file = tmp_path / "server.pem"  # of the operator's making, so the banner names none
    site = Site.__new__(Site)
    site.double, site.cloud, site.bucket = double, cloud, "operators"
    try:
        cloud.admin.client("s3").create_bucket(Bucket=site.bucket)
        site.trainer = Trainer(cloud, site.bucket)
        given = site.granted()
        assert site.agent(given).client("s3", **shown(given)).list_objects_v2(Bucket=site.bucket)["KeyCount"] > 0
        assert refusal(site.agent(given).client("s3").list_objects_v2, Bucket=site.bucket) == ("AccessDenied", 403)
        # The key that serves the API is no agent's, and its certificate is of nobody whom the server asks for.
        with pytest.raises((botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError)):
            client = {"client_cert": (str(tmp_path / "server.pem"), str(tmp_path / "server.key"))}
            cloud.admin.client("s3", **client).list_buckets()
    finally:
        cloud.close()


# An agent that an earlier version started tells no such key: it is given what it understands.
def test_agents_of_an_earlier_version_go_on(binary, tmp_path):
    earlier = Site(binary, tmp_path, before=True)
    try:
        given = earlier.granted()
        assert "certificate" not in given and "code" not in given
        assert earlier.agent(given).client("s3").list_objects_v2(Bucket=earlier.bucket)["KeyCount"] > 0
    finally:
        earlier.cloud.close()
