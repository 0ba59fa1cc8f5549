"""Options and fixtures of every black-box suite: one server for all tests that do not break it."""

import os
import pathlib
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from cloud import REPOSITORY, Cloud, Replicas  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--engines", choices=["embedded", "postgres"], default="embedded",
                     help="embedded: SQLite and RocksDB; postgres: two replicas over one PostgreSQL")
    parser.addoption("--binary", default=str(REPOSITORY / "build/release/src/app/aloft"), help="the aloft executable")


def pytest_configure(config):
    config.addinivalue_line("markers", "any_store: what is tested lies above the stores, so that it is not run again on PostgreSQL")
    config.addinivalue_line("markers", "one_server: what is tested holds per server, and two answer by turns on PostgreSQL")


def pytest_collection_modifyitems(config, items):
    """With --engines postgres, the tests that may go otherwise there: of the shared server, and not `any_store` (ALOFT_SOAK=1
    runs these too), nor `one_server`."""
    if config.getoption("--engines") == "embedded":
        return
    whole = os.environ.get("ALOFT_SOAK")
    again = [item for item in items if not item.get_closest_marker("one_server")
             and (whole or {"cloud", "engine_arguments"} & set(item.fixturenames) and not item.get_closest_marker("any_store"))]
    config.hook.pytest_deselected(items=[item for item in items if item not in again])
    items[:] = again


@pytest.fixture(scope="session")
def binary(request) -> pathlib.Path:
    path = pathlib.Path(request.config.getoption("--binary")).resolve()
    assert path.exists(), f"{path} is not built; run make build"
    return path


@pytest.fixture(scope="session")
def cloud(binary, tmp_path_factory, request):
    """A server with TLS on a free port, shared by all tests of the session; with --engines postgres, two replicas."""
    directory = tmp_path_factory.mktemp("cloud")
    if request.config.getoption("--engines") == "embedded":
        cloud = Cloud.start(binary, directory / "data")
    else:
        connection = request.getfixturevalue("postgres").database("aloft")
        cloud = Replicas.start(binary, directory, connection)
    yield cloud
    cloud.close()


@pytest.fixture(autouse=True)
def next_replica(request):
    """The next test talks to the other replica, where there are two."""
    if request.config.getoption("--engines") == "postgres" and "cloud" in request.fixturenames:
        request.getfixturevalue("cloud").switch()


@pytest.fixture(autouse=True)
def endpoints_end_with_their_test(request):
    """What a test puts in service itself goes with it: five instances of 4 GiB are all that a machine of 24 GiB has room for."""
    if "deployer" not in request.fixturenames:
        yield
        return
    deployer = request.getfixturevalue("deployer")
    kept = len(deployer.endpoints)
    yield
    deployer.end_endpoints(kept)


@pytest.fixture
def own_cloud(binary, tmp_path):
    """A server of the test's own, to be killed, filled or restarted."""
    cloud = Cloud.start(binary, tmp_path / "data")
    yield cloud
    cloud.close()


@pytest.fixture(scope="session")
def s3(cloud):
    return cloud.admin.client("s3")


@pytest.fixture
def bucket(cloud, s3):
    """A new, empty bucket; emptied and removed afterwards."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=entry["Key"])
    for upload in s3.list_multipart_uploads(Bucket=name).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL cluster of the session's own."""
    from postgres import Postgres

    cluster = Postgres()
    yield cluster
    cluster.close()


@pytest.fixture
def engine_arguments(request) -> list[str]:
    """For a program that starts a server itself: what puts it on the engines that are tested."""
    if request.config.getoption("--engines") == "embedded":
        return []
    return ["--postgres", request.getfixturevalue("postgres").database(f"own_{uuid.uuid4().hex[:8]}")]
