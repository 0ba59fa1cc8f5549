"""KMS with boto3: keys really encrypt, key policies and grants really decide, rotation and deletion are what they say."""

import base64
import hashlib
import json
import subprocess
import uuid

import botocore.exceptions
import pytest

ALL_KMS = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}


def refused(call, **arguments) -> tuple[str, str]:
    """The code and message of the error that the call must end in."""
    with pytest.raises(botocore.exceptions.ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    return error["Code"], error.get("Message", "")


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def kms(cloud):
    return cloud.admin.client("kms")


@pytest.fixture
def key(kms):
    return kms.create_key(Description="for a test")["KeyMetadata"]


# The life that Terraform and the console give a key: made, described, named, tagged, disabled, deleted, saved.
def test_key_life(cloud, kms):
    made = kms.create_key(Description="d", Tags=[{"TagKey": "team", "TagValue": "ml"}])["KeyMetadata"]
    arn = f"arn:aws:kms:{cloud.region}:{cloud.account}:key/{made['KeyId']}"
    assert made["Arn"] == arn and made["AWSAccountId"] == cloud.account
    assert (made["KeyState"], made["KeyUsage"], made["KeySpec"], made["Origin"], made["KeyManager"], made["Enabled"]) == (
        "Enabled", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "AWS_KMS", "CUSTOMER", True)
    assert made["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"] and made["MultiRegion"] is False
    alias = fresh("alias/app")
    kms.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
    for name in (made["KeyId"], arn, alias, f"arn:aws:kms:{cloud.region}:{cloud.account}:{alias}"):
        assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == made["KeyId"]
    kms.tag_resource(KeyId=arn, Tags=[{"TagKey": "a", "TagValue": "1"}])
    kms.untag_resource(KeyId=arn, TagKeys=["team"])
    assert kms.list_resource_tags(KeyId=arn)["Tags"] == [{"TagKey": "a", "TagValue": "1"}]
    kms.update_key_description(KeyId=arn, Description="new")
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["Description"] == "new"
    assert made["KeyId"] in [k["KeyId"] for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
                             for k in page["Keys"]]
    assert alias in [a["AliasName"] for a in kms.list_aliases(KeyId=arn)["Aliases"]]

    kms.disable_key(KeyId=arn)
    assert refused(kms.encrypt, KeyId=arn, Plaintext=b"x") == ("DisabledException", f"{arn} is disabled.")
    kms.enable_key(KeyId=arn)
    scheduled = kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert scheduled["KeyState"] == "PendingDeletion" and scheduled["KeyId"] == arn
    assert refused(kms.encrypt, KeyId=arn, Plaintext=b"x") == ("KMSInvalidStateException", f"{arn} is pending deletion.")
    assert kms.cancel_key_deletion(KeyId=arn)["KeyId"] == arn
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.delete_alias(AliasName=alias)
    code, message = refused(kms.describe_key, KeyId=alias)
    assert code == "NotFoundException" and message == f"Alias arn:aws:kms:{cloud.region}:{cloud.account}:{alias} is not found."


# Encryption, its context, and the errors by which clients tell what went wrong.
def test_encrypt_and_decrypt(kms, key):
    context = {"purpose": "test", "Case": "Kept"}
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=context)
    assert sealed["KeyId"] == key["Arn"] and b"secret" not in sealed["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == b"secret" and opened["KeyId"] == key["Arn"]
    assert refused(kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"])[0] == "InvalidCiphertextException"
    assert refused(kms.decrypt, CiphertextBlob=b"rubbish" * 20)[0] == "InvalidCiphertextException"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refused(kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context, KeyId=other)[0] == \
        "IncorrectKeyException"
    again = kms.re_encrypt(CiphertextBlob=sealed["CiphertextBlob"], SourceEncryptionContext=context, DestinationKeyId=other)
    assert again["SourceKeyId"] == key["Arn"] and kms.decrypt(CiphertextBlob=again["CiphertextBlob"])["Plaintext"] == b"secret"
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x" * 4097)[0] == "ValidationException"
    missing = str(uuid.uuid4())
    code, message = refused(kms.encrypt, KeyId=missing, Plaintext=b"x")
    assert code == "NotFoundException" and missing in message and "does not exist" in message
    assert refused(kms.describe_key, KeyId="no-key")[0] == "NotFoundException"
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)[0] == "DryRunOperationException"


# Data keys, as every envelope-encryption library draws them.
def test_data_keys(kms, key):
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    blind = kms.generate_data_key_without_plaintext(KeyId=key["KeyId"], NumberOfBytes=24)
    assert "Plaintext" not in blind and len(kms.decrypt(CiphertextBlob=blind["CiphertextBlob"])["Plaintext"]) == 24
    assert refused(kms.generate_data_key, KeyId=key["KeyId"])[0] == "ValidationException"
    assert len(kms.generate_random(NumberOfBytes=40)["Plaintext"]) == 40
    pair = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="ECC_NIST_P256")
    assert kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"] == pair["PrivateKeyPlaintext"]


# Signatures and ciphertexts that another library understands: the public key is a real one.
@pytest.mark.parametrize("spec, algorithm", [("RSA_2048", "RSASSA_PSS_SHA_256"), ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512"),
                                             ("ECC_NIST_P256", "ECDSA_SHA_256"), ("ECC_NIST_P384", "ECDSA_SHA_384"),
                                             ("ECC_NIST_P521", "ECDSA_SHA_512"), ("ECC_SECG_P256K1", "ECDSA_SHA_256")])
def test_signatures_verify_elsewhere(kms, tmp_path, spec, algorithm):
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signed = kms.sign(KeyId=key, Message=b"message", SigningAlgorithm=algorithm)["Signature"]
    (tmp_path / "public.der").write_bytes(kms.get_public_key(KeyId=key)["PublicKey"])
    (tmp_path / "signature").write_bytes(signed)
    (tmp_path / "message").write_bytes(b"message")
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if "PSS" in algorithm else []
    subprocess.run(["openssl", "dgst", "-sha" + algorithm[-3:], "-verify", "public.der", "-keyform", "DER", *pss, "-signature",
                    "signature", "message"], cwd=tmp_path, check=True)
    hashed = hashlib.new("sha" + algorithm[-3:], b"message").digest()
    assert kms.verify(KeyId=key, Message=hashed, MessageType="DIGEST", Signature=signed, SigningAlgorithm=algorithm)["SignatureValid"]
    assert refused(kms.verify, KeyId=key, Message=b"massage", Signature=signed, SigningAlgorithm=algorithm)[0] == \
        "KMSInvalidSignatureException"
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x")[0] == "InvalidKeyUsageException"


# RSA encryption by whoever has only the public key, and MACs.
def test_rsa_encryption_and_macs(kms, tmp_path):
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    (tmp_path / "public.der").write_bytes(kms.get_public_key(KeyId=key)["PublicKey"])
    sealed = subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "public.der", "-keyform", "DER", "-pkeyopt",
                             "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"], cwd=tmp_path, check=True,
                            input=b"from outside", capture_output=True).stdout
    assert kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")["Plaintext"] == b"from outside"
    for bits in (224, 256, 384, 512):
        mac_key = kms.create_key(KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
        algorithm = f"HMAC_SHA_{bits}"
        mac = kms.generate_mac(KeyId=mac_key, Message=b"m", MacAlgorithm=algorithm)["Mac"]
        assert len(mac) == bits // 8
        assert kms.verify_mac(KeyId=mac_key, Message=b"m", MacAlgorithm=algorithm, Mac=mac)["MacValid"]
        assert refused(kms.verify_mac, KeyId=mac_key, Message=b"n", MacAlgorithm=algorithm, Mac=mac)[0] == "KMSInvalidMacException"


# After a rotation what was sealed before opens, and after a crash of the server too.
def test_rotation_survives(cloud, kms, key):
    old = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"old")["CiphertextBlob"]
    kms.rotate_key_on_demand(KeyId=key["KeyId"])
    new = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"new")["CiphertextBlob"]
    assert [r["RotationType"] for r in kms.list_key_rotations(KeyId=key["KeyId"])["Rotations"]] == ["ON_DEMAND"]
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=180)
    status = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert status["KeyRotationEnabled"] and status["RotationPeriodInDays"] == 180
    cloud.kill()
    cloud.restart()
    assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"old"
    assert kms.decrypt(CiphertextBlob=new)["Plaintext"] == b"new"
    kms.disable_key_rotation(KeyId=key["KeyId"])
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is False


# The key policy is the gate: with the default one IAM decides; one that names nobody else keeps even an IAM allow out.
def test_key_policy_is_the_gate(cloud, kms, key):
    user = cloud.make_user(policy=ALL_KMS)
    stranger = cloud.make_user(policy={"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    assert user.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x")["KeyId"] == key["Arn"]
    assert refused(stranger.client("kms").encrypt, KeyId=key["KeyId"], Plaintext=b"x")[0] == "AccessDeniedException"
    assert json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])["Id"] == "key-default-1"
    admin = cloud.admin.client("sts").get_caller_identity()["Arn"]
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": admin}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": stranger_arn(stranger)}, "Action": "kms:Decrypt", "Resource": "*",
         "Condition": {"StringEquals": {"kms:EncryptionContext:team": "ml"}}}]}
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(policy))
    assert refused(user.client("kms").encrypt, KeyId=key["KeyId"], Plaintext=b"x")[0] == "AccessDeniedException"
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"team": "ml"})["CiphertextBlob"]
    bare = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    theirs = stranger.client("kms")
    assert theirs.decrypt(CiphertextBlob=sealed, EncryptionContext={"team": "ml"})["Plaintext"] == b"x"
    assert refused(theirs.decrypt, CiphertextBlob=bare)[0] == "AccessDeniedException"
    code, message = refused(kms.put_key_policy, KeyId=key["KeyId"], Policy=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": stranger_arn(stranger)},
                                                 "Action": "kms:*", "Resource": "*"}]}))
    assert code == "MalformedPolicyDocumentException" and "will not allow you to update the key policy" in message
    assert refused(kms.put_key_policy, KeyId=key["KeyId"], Policy="{")[0] == "MalformedPolicyDocumentException"


def stranger_arn(identity) -> str:
    return identity.client("sts").get_caller_identity()["Arn"]


# A grant lets in whom neither key policy nor IAM lets in, for its operations and context only, until it is revoked.
def test_grants(cloud, kms, key):
    user = cloud.make_user(policy={"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    arn = stranger_arn(user)
    grant = kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=arn, RetiringPrincipal=arn, Operations=["Decrypt"],
                             Constraints={"EncryptionContextSubset": {"team": "ml"}})
    inside = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"team": "ml", "more": "1"})["CiphertextBlob"]
    outside = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"team": "hr"})["CiphertextBlob"]
    theirs = user.client("kms")
    assert theirs.decrypt(CiphertextBlob=inside, EncryptionContext={"team": "ml", "more": "1"},
                          GrantTokens=[grant["GrantToken"]])["Plaintext"] == b"x"
    assert refused(theirs.decrypt, CiphertextBlob=outside, EncryptionContext={"team": "hr"})[0] == "AccessDeniedException"
    assert refused(theirs.encrypt, KeyId=key["Arn"], Plaintext=b"x")[0] == "AccessDeniedException"
    listed = kms.list_grants(KeyId=key["KeyId"])["Grants"]
    assert [g["GrantId"] for g in listed] == [grant["GrantId"]] and listed[0]["GranteePrincipal"] == arn
    theirs.retire_grant(GrantToken=grant["GrantToken"])
    assert refused(theirs.decrypt, CiphertextBlob=inside, EncryptionContext={"team": "ml", "more": "1"})[0] == "AccessDeniedException"
    second = kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=arn, Operations=["Encrypt"])
    assert theirs.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    kms.revoke_grant(KeyId=key["KeyId"], GrantId=second["GrantId"])
    assert refused(theirs.encrypt, KeyId=key["Arn"], Plaintext=b"x")[0] == "AccessDeniedException"


# The keys of services exist from their first use, and nobody uses them around their service.
def test_managed_keys(cloud, kms):
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert managed["KeyManager"] == "AWS" and kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"] == managed["KeyId"]
    assert refused(kms.encrypt, KeyId="alias/aws/s3", Plaintext=b"x")[0] == "AccessDeniedException"
    assert refused(kms.schedule_key_deletion, KeyId=managed["KeyId"])[0] == "AccessDeniedException"
    assert refused(kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=managed["KeyId"])[0] in (
        "NotAuthorizedException", "AccessDeniedException")


# What is not built says so by name, and nothing is half done.
def test_names_what_is_not_built(kms, key):
    for call, arguments in [(kms.replicate_key, {"KeyId": key["KeyId"], "ReplicaRegion": "eu-west-1"}),
                            (kms.create_custom_key_store, {"CustomKeyStoreName": "x"}),
                            (kms.get_parameters_for_import, {"KeyId": key["KeyId"], "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
                                                             "WrappingKeySpec": "RSA_2048"})]:
        assert refused(call, **arguments)[0] in ("NotImplemented", "UnsupportedOperationException")
    for arguments in ({"MultiRegion": True}, {"Origin": "EXTERNAL"}, {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}):
        code, message = refused(kms.create_key, **arguments)
        assert code in ("NotImplemented", "UnsupportedOperationException") and "not built" in message


# Key material never lies in the clear: neither the database nor the log shows a data key or a plaintext.
def test_nothing_in_the_clear(cloud, kms, key):
    secret = uuid.uuid4().hex.encode()
    kms.encrypt(KeyId=key["KeyId"], Plaintext=secret)
    data_key = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256")["Plaintext"]
    needles = [secret, data_key, data_key.hex().encode(), base64.b64encode(secret), base64.b64encode(data_key)]
    files = [f for f in cloud.data.rglob("*") if f.is_file()] + [cloud.log_file]
    for file in files:
        content = file.read_bytes()
        assert not any(needle in content for needle in needles), file
