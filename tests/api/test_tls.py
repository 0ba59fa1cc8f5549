"""TLS as a security reviewer asks for it: old versions and weak suites are refused, certificates change without a dropped connection."""

import http.client
import os
import signal
import socket
import ssl
import subprocess

import pytest
from cloud import Cloud, wait_for


def handshake(cloud, *arguments: str) -> str:
    """What openssl says of a handshake with these arguments."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{cloud.port}", "-CAfile", str(cloud.ca_file), *arguments]
    return subprocess.run(command, input="", capture_output=True, text=True, timeout=30).stdout


def agreed(text: str) -> bool:
    return "Cipher is (NONE)" not in text and "Cipher is " in text


# Versions before 1.2 are broken: refused even by a client that would take anything.
@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(cloud, version):
    assert not agreed(handshake(cloud, version, "-cipher", "ALL:@SECLEVEL=0"))


# 1.2 and 1.3 are spoken, with the chain of the installation's own authority.
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_present_versions_are_spoken(cloud, version):
    text = handshake(cloud, version)
    assert agreed(text) and "Verify return code: 0 (ok)" in text


# In 1.2 only suites with forward secrecy and authenticated encryption: no CBC, no RC4, no 3DES, no plain RSA key exchange.
@pytest.mark.parametrize("suite", ["AES128-SHA", "AES256-SHA256", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA",
                                   "ECDHE-ECDSA-AES256-SHA384", "NULL", "ADH"])
def test_weak_suites_are_refused(cloud, suite):
    assert not agreed(handshake(cloud, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0"))


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_modern_suites_are_spoken(cloud, suite):
    assert agreed(handshake(cloud, "-tls1_2", "-cipher", suite))


# A client that asks the server to renegotiate may not.
def test_no_renegotiation(cloud):
    result = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{cloud.port}", "-CAfile", str(cloud.ca_file), "-tls1_2"],
                            input="R\n", capture_output=True, text=True, timeout=30)
    assert "no renegotiation" in (result.stdout + result.stderr).lower()


# Plain HTTP on the TLS port gets nothing of the API.
def test_plain_http_is_no_way_in(cloud):
    with socket.create_connection(("127.0.0.1", cloud.port), 10) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.settimeout(10)
        try:
            answer = plain.recv(1000)
        except ConnectionResetError:
            answer = b""
    assert b"200" not in answer and b"ok" not in answer


def fingerprint(cloud) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", cloud.port), 10) as raw, context.wrap_socket(raw) as secure:
        return secure.getpeercert(binary_form=True)


# The operator's own certificate, replaced under way: new connections see the new one, the old connection goes on.
def test_reload_drops_nobody(binary, tmp_path):
    def issue(name: str) -> None:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.new", "-out", "certificate.new"],
                       cwd=tmp_path, check=True, capture_output=True)
        os.replace(tmp_path / "key.new", tmp_path / "key.pem")
        os.replace(tmp_path / "certificate.new", tmp_path / "certificate.pem")

    issue("one")
    cloud = Cloud.start(binary, tmp_path / "data", settings=f'tls_certificate_file = "{tmp_path}/certificate.pem"\ntls_key_file = "{tmp_path}/key.pem"\n')
    try:
        first = fingerprint(cloud)
        context = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        connection = http.client.HTTPSConnection("127.0.0.1", cloud.port, context=context, timeout=20)
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
        held = connection.sock
        issue("two")
        cloud.process.send_signal(signal.SIGHUP)
        wait_for(lambda: fingerprint(cloud) != first, what="the new certificate")
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n" and connection.sock is held
        # A broken file is refused and the server goes on with what it has.
        second = fingerprint(cloud)
        (tmp_path / "certificate.pem").write_text("no certificate\n")
        cloud.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "certificate" in cloud.log_file.read_text().lower(), what="the refusal in the log")
        assert fingerprint(cloud) == second
    finally:
        cloud.close()
