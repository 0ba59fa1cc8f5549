"""The root of trust: what hides the root key file, and its rotation while the server runs."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from cloud import Cloud, wait_for

PASSPHRASE = "correct horse battery staple"


def owned(path: pathlib.Path, text: str) -> pathlib.Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def starts(binary, directory, configuration: str, **variables) -> Cloud:
    file = directory / "aloft.toml"
    file.write_text(configuration)
    return Cloud.start(binary, directory / "data", "--config", str(file), **variables)


def passphrase_configuration(directory, text: str = PASSPHRASE) -> str:
    secret = owned(directory / "passphrase", text + "\n")
    return f'[keys]\nroot = "passphrase"\npassphrase = "{secret}"\n'


# A new root key while the server runs: everything sealed before opens, what is new is sealed anew, a restart keeps both.
def test_rotate_root(cloud):
    kms = cloud.admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]
    bucket = "rotated-" + os.urandom(4).hex()
    s3 = cloud.admin.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    before = cloud.aloft("keys", "status")
    assert before.returncode == 0, before.stderr
    assert "root of trust  file" in before.stdout and before.stdout.count("seals now") == 1
    rotated = cloud.aloft("keys", "rotate-root")
    assert rotated.returncode == 0, rotated.stderr
    assert rotated.stdout.count("seals now") == 1 and rotated.stdout.count("opens still") == before.stdout.count("opens still") + 1
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"before"
    again = kms.encrypt(KeyId=key, Plaintext=b"after")["CiphertextBlob"]
    cloud.kill()
    cloud.restart()
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"before"
    assert kms.decrypt(CiphertextBlob=again)["Plaintext"] == b"after"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"before"
    stranger = cloud.make_user(policy={"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    refused = cloud.aloft("keys", "rotate-root", identity=stranger)
    assert refused.returncode != 0 and "not authorized" in refused.stderr


# kill -9 in the middle of a rotation loses nothing, and the next rotation succeeds.
@pytest.mark.parametrize("point", ["keys.store", "keys.stored"])
def test_kill_during_rotation(binary, tmp_path, point):
    cloud = Cloud.start(binary, tmp_path / "data", ALOFT_FAULTS=f"{point}=kill@{2 if point == 'keys.store' else 2}")
    try:
        kms = cloud.admin.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        sealed = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
        assert cloud.aloft("keys", "rotate-root").returncode != 0
        cloud.process.wait(30)
        cloud.variables = {}
        cloud.restart()
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"kept"
        assert cloud.aloft("keys", "rotate-root").returncode == 0
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"kept"
    finally:
        cloud.close()


# After a rotation everything that an older key sealed is sealed anew while the server works, and a kill -9 in the middle only
# delays that: at the end nothing needs the older key but what ends by itself.
def test_secrets_move_to_the_new_key(binary, tmp_path):
    cloud = Cloud.start(binary, tmp_path / "data")
    try:
        kms, s3, iam = (cloud.admin.client(name) for name in ("kms", "s3", "iam"))
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        sealed = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
        user = cloud.make_user({"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.create_login_profile(UserName=user.name, Password="Good-enough-1")
        iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
        s3.create_bucket(Bucket="sealed")
        s3.put_bucket_versioning(Bucket="sealed", VersioningConfiguration={"Status": "Enabled"})
        for text in (b"one", b"two"):
            s3.put_object(Bucket="sealed", Key="k", Body=text)
        upload = s3.create_multipart_upload(Bucket="sealed", Key="large")["UploadId"]
        part = s3.upload_part(Bucket="sealed", Key="large", UploadId=upload, PartNumber=1, Body=b"part")["ETag"]
        cloud.stop()
        # Dies at the third place that it comes to.
        cloud.restart(ALOFT_FAULTS="keys.reseal=kill@3")
        assert cloud.aloft("keys", "rotate-root").returncode == 0
        cloud.process.wait(60)
        cloud.restart()
        wait_for(lambda: "every secret is sealed under the newest key" in cloud.aloft("keys", "status").stdout, 60, what="the new seals")
        # And it recovers: a restart has nothing left to do, and everything opens.
        cloud.kill()
        cloud.restart()
        wait_for(lambda: "every secret is sealed" in cloud.aloft("keys", "status").stdout, 30, what="the marker")
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"kept"
        assert user.client("s3").get_object(Bucket="sealed", Key="k")["Body"].read() == b"two"
        versions = s3.list_object_versions(Bucket="sealed", Prefix="k")["Versions"]
        assert {s3.get_object(Bucket="sealed", Key="k", VersionId=each["VersionId"])["Body"].read() for each in versions} == {b"one", b"two"}
        s3.complete_multipart_upload(Bucket="sealed", Key="large", UploadId=upload, MultipartUpload={"Parts": [{"ETag": part, "PartNumber": 1}]})
        assert s3.get_object(Bucket="sealed", Key="large")["Body"].read() == b"part"
        assert json.loads(cloud.aloft("audit", "verify", "--data", str(cloud.data), "--json").stdout)["keyBelongsToRoot"]
        # The older key taken out of the file: what was sealed for good opens still.
        cloud.stop()
        (root,) = cloud.data.rglob("root.key")
        lines = root.read_text().splitlines(keepends=True)
        root.write_text("".join(lines[:2]))
        cloud.restart()
        assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"kept"
        assert user.client("s3").get_object(Bucket="sealed", Key="k")["Body"].read() == b"two"
    finally:
        cloud.close()


# A data directory of an older version, its root key in the clear, is hidden by a passphrase at the next start; without the
# right one the server does not start, and says why.
def test_passphrase(binary, tmp_path):
    cloud = Cloud.start(binary, tmp_path / "data")
    admin = cloud.admin
    root_file = tmp_path / "data/keys/root.key"
    secret = root_file.read_text().split()[5]
    cloud.stop()
    hidden = starts(binary, tmp_path, passphrase_configuration(tmp_path))
    try:
        admin.cloud = hidden
        assert admin.client("sts").get_caller_identity()["Account"] == hidden.account
        assert secret not in root_file.read_text() and "passphrase scrypt" in root_file.read_text()
        hidden.stop()
        with pytest.raises(RuntimeError, match="does not open"):
            starts(binary, tmp_path, passphrase_configuration(tmp_path, "another passphrase"))
        with pytest.raises(RuntimeError, match="opens with passphrase"):
            Cloud.start(binary, tmp_path / "data")
        (tmp_path / "passphrase").chmod(0o644)
        with pytest.raises(RuntimeError, match="chmod 600"):
            Cloud.start(binary, tmp_path / "data", "--config", str(tmp_path / "aloft.toml"))
    finally:
        hidden.close()


# The root key hidden by a hardware token: SoftHSM stands in for one.
@pytest.mark.skipif(not shutil.which("softhsm2-util"), reason="softhsm2 is not installed")
def test_hardware_token(binary, tmp_path):
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    environment = {"SOFTHSM2_CONF": str(tmp_path / "softhsm.conf")}
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "aloft", "--so-pin", "12345678", "--pin", "87654321"],
                   env={**os.environ, **environment}, check=True, capture_output=True)
    pin = owned(tmp_path / "pin", "87654321\n")
    configuration = ('[keys]\nroot = "pkcs11"\npkcs11_module = "/usr/lib/softhsm/libsofthsm2.so"\npkcs11_token = "aloft"\n'
                     f'pkcs11_pin = "{pin}"\n')
    cloud = starts(binary, tmp_path, configuration, **environment)
    try:
        assert "root of trust  pkcs11" in cloud.aloft("keys", "status").stdout
        assert cloud.aloft("keys", "rotate-root", SOFTHSM2_CONF=environment["SOFTHSM2_CONF"]).returncode == 0
        cloud.kill()
        cloud.restart()
        assert cloud.admin.client("sts").get_caller_identity()["Account"] == cloud.account
        cloud.stop()
        owned(tmp_path / "pin", "00000000\n")
        with pytest.raises(RuntimeError, match="PIN is not accepted"):
            cloud.restart()
    finally:
        cloud.close()


# The root key hidden by another key service: a second Aloft guards the first one's key, and can refuse it.
def test_another_key_service(cloud, binary, tmp_path):
    kms = cloud.admin.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    credentials = owned(tmp_path / "credentials", f"{cloud.admin.access_key_id}\n{cloud.admin.secret}\n")
    configuration = (f'[keys]\nroot = "kms"\nkms_endpoint = "{cloud.url}"\nkms_region = "{cloud.region}"\nkms_key = "{key}"\n'
                     f'kms_credentials = "{credentials}"\nkms_ca_file = "{cloud.ca_file}"\n')
    guarded = starts(binary, tmp_path, configuration)
    try:
        assert "root of trust  kms" in guarded.aloft("keys", "status").stdout
        guarded.kill()
        guarded.restart()
        guarded.stop()
        kms.disable_key(KeyId=key)
        with pytest.raises(RuntimeError, match="refused Decrypt"):
            guarded.restart()
        kms.enable_key(KeyId=key)
        guarded.restart()
    finally:
        guarded.close()
