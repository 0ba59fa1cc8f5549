"""`[encryption] at_rest`: an answer says that an object is encrypted where its bytes on the disk are, and nowhere else."""

import pytest
from cloud import Cloud

SMALL, LARGE = b"marker-of-a-small-object" * 8, b"marker-of-a-large-object" * 20_000


def on_disk(cloud, marker: bytes) -> bool:
    for path in cloud.data.rglob("*"):
        try:
            if path.is_file() and not path.is_symlink() and marker in path.read_bytes():
                return True
        except FileNotFoundError:
            continue  # the stores replace files while one looks
    return False


# A reviewer who reads ServerSideEncryption in an answer takes it for a fact: small objects lie in the key-value store, large ones in files, and with
# "off" only what asks for encryption by itself has it and says so.
@pytest.mark.parametrize("at_rest", ["aes", "off"])
def test_encryption_is_claimed_only_where_it_is(binary, tmp_path, at_rest):
    cloud = Cloud.start(binary, tmp_path / "data", settings=f'[encryption]\nat_rest = "{at_rest}"\n')
    try:
        s3 = cloud.admin.client("s3")
        s3.create_bucket(Bucket="rest")
        for key, body, more in (("small", b"plain-" + SMALL, {}), ("large", b"plain-" + LARGE, {}),
                                ("small-asked", b"asked-" + SMALL, {"ServerSideEncryption": "AES256"}),
                                ("large-asked", b"asked-" + LARGE, {"ServerSideEncryption": "AES256"})):
            put = s3.put_object(Bucket="rest", Key=key, Body=body, **more)
            head = s3.head_object(Bucket="rest", Key=key)
            encrypted = at_rest == "aes" or bool(more)
            claims = {answer.get("ServerSideEncryption") for answer in (put, head)}
            assert claims == ({"AES256"} if encrypted else {None}), key
            assert on_disk(cloud, body[:40]) != encrypted, key
            assert s3.get_object(Bucket="rest", Key=key)["Body"].read() == body
    finally:
        cloud.close()
