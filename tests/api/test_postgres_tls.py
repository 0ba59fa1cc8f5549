"""A server and its PostgreSQL over a network: each proves to the other who it is, or nothing is said."""

import re
import subprocess
import uuid

import pytest
from cloud import Cloud
from postgres import Postgres


def openssl(directory, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def sign(directory, authority: str, name: str, extension: str) -> None:
    """name.pem and name.key, with `name` as the common name."""
    openssl(directory, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
            f"/CN={name}")
    (directory / "extension").write_text(extension)
    openssl(directory, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial", "-days", "2",
            "-out", f"{name}.pem", "-extfile", "extension")


def make_authority(directory, name: str) -> None:
    openssl(directory, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", f"{name}.key", "-out",
            f"{name}.pem", "-subj", f"/CN={name}")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A PostgreSQL that takes TLS with certificates alone; its connection strings by who asks, and the certificates."""
    keys = tmp_path_factory.mktemp("keys")
    for authority in ("ca", "stranger"):
        make_authority(keys, authority)
    sign(keys, "ca", "db", "subjectAltName=DNS:localhost\n")
    sign(keys, "ca", "aloft", "extendedKeyUsage=clientAuth\n")
    postgres = Postgres()
    name = f"tls_{uuid.uuid4().hex[:8]}"
    postgres.database(name)
    port = postgres.require_certificates(*((keys / each).read_text() for each in ("ca.pem", "db.pem", "db.key")))
    yield f"host=localhost hostaddr=127.0.0.1 port={port} user=aloft dbname={name}", keys
    postgres.close()


def refuses(binary, directory, connection: str, **variables: str) -> str:
    """Why the server does not start."""
    with pytest.raises(RuntimeError) as failure:
        Cloud.start(binary, directory / uuid.uuid4().hex, "--postgres", connection, "--shared", str(directory / "shared"), **variables)
    return str(failure.value)


# Both sides show a certificate and check the other's: everything that a server keeps goes through this connection.
def test_mutual_tls(binary, tmp_path, database):
    connection, keys = database
    mutual = f"{connection} sslmode=verify-full sslrootcert={keys}/ca.pem sslcert={keys}/aloft.pem sslkey={keys}/aloft.key"
    cloud = Cloud.start(binary, tmp_path / "data", "--postgres", mutual, "--shared", str(tmp_path / "shared"))
    try:
        cloud.admin.client("s3").create_bucket(Bucket="over-tls")
        assert [each["Name"] for each in cloud.admin.client("s3").list_buckets()["Buckets"]] == ["over-tls"]
    finally:
        cloud.close()


# Without a certificate of its own the server gets nothing, and a database that another authority vouches for gets nothing of the server.
def test_one_side_alone_is_not_enough(binary, tmp_path, database):
    connection, keys = database
    nobody = f"{connection} sslmode=verify-full sslrootcert={keys}/ca.pem sslcert=/absent sslkey=/absent"
    assert re.search("database is away|certificate", refuses(binary, tmp_path, nobody))
    other = f"{connection} sslmode=verify-full sslrootcert={keys}/stranger.pem sslcert={keys}/aloft.pem sslkey={keys}/aloft.key"
    assert re.search("database is away|certificate", refuses(binary, tmp_path, other))


# A database on another machine that nobody verifies is refused before anything is sent there.
def test_another_machine_must_be_verified(binary, tmp_path):
    for connection in ("host=192.0.2.1 user=aloft password=hunter2", "host=192.0.2.1 user=aloft password=hunter2 sslmode=require"):
        why = refuses(binary, tmp_path, connection)
        assert "sslmode=verify-full" in why and "hunter2" not in why
