#include "platform/kms/service.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "foundation/base/bytes.h"
#include "foundation/sql/testing/postgres.h"
#include "platform/kms/ciphertext.h"

namespace aloft::kms {
namespace {

using std::chrono::hours;

// A key service on an empty database with a frozen clock, on either engine.
class KmsTest : public testing::TestWithParam<sql::Engine> {
 protected:
  KmsTest() {
    char name[] = "/tmp/aloft-kms-XXXXXX";
    directory_ = mkdtemp(name);
    Start();
  }
  ~KmsTest() override {
    service_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Start() {
    service_.reset();
    database_.reset();
    sql::Options options;
    options.engine = GetParam();
    options.path = directory_ + "/records.db";
    if (GetParam() == sql::Engine::kPostgres && connection_.empty())
      connection_ = sql::testing::NewPostgresDatabase().value();
    options.connection = connection_;
    database_ = sql::Database::Open(options, Migrations(), Log::Discard()).value();
    service_ = std::make_unique<Service>(*database_, *keyring_, clock_, random_, Log::Discard());
  }

  std::string Make(const std::string& spec = "SYMMETRIC_DEFAULT", const std::string& usage = "") {
    api::CreateKeyRequest in;
    in.key_spec = spec;
    if (!usage.empty()) in.key_usage = usage;
    auto made = service_->CreateKey(me_, in);
    EXPECT_TRUE(made.ok()) << Describe(made.error());
    return *made->key_metadata->arn;
  }
  std::string Seal(const std::string& key, const std::string& text, EncryptionContext context = {}) {
    api::EncryptRequest in;
    in.key_id = key;
    in.plaintext = shapes::Blob{text};
    in.encryption_context = std::move(context);
    auto sealed = service_->Encrypt(me_, in);
    EXPECT_TRUE(sealed.ok()) << Describe(sealed.error());
    return sealed.ok() ? sealed->ciphertext_blob->bytes : "";
  }
  Result<std::string> Open(const std::string& blob, EncryptionContext context = {}) {
    api::DecryptRequest in;
    in.ciphertext_blob = shapes::Blob{blob};
    in.encryption_context = std::move(context);
    ALOFT_ASSIGN(auto opened, service_->Decrypt(me_, in));
    return opened.plaintext->bytes;
  }
  std::string StateOf(const std::string& key) {
    auto described = service_->DescribeKey(me_, {.key_id = key});
    return described.ok() ? *described->key_metadata->key_state : std::string(described.error().reason.name);
  }

  std::string directory_, connection_;
  ManualClock clock_;
  SeededRandom random_{11};
  std::unique_ptr<keys::Keyring> keyring_ = keys::Keyring::Ephemeral(random_);
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<Service> service_;
  Caller me_{AccountId("111122223333"), Region("us-east-1"), "arn:aws:iam::111122223333:user/ada"};
  Caller other_{AccountId("999999999999"), Region("us-east-1"), "arn:aws:iam::999999999999:user/eve"};
};

INSTANTIATE_TEST_SUITE_P(Engines, KmsTest, testing::Values(sql::Engine::kSqlite, sql::Engine::kPostgres),
                         [](const auto& each) { return each.param == sql::Engine::kSqlite ? "Sqlite" : "Postgres"; });

// What was sealed opens after a restart, under the same context in any order, and under no other.
TEST_P(KmsTest, CiphertextsBelongToTheirContext) {
  const std::string key = Make();
  const std::string blob = Seal(key, "secret", {{"bucket", "a"}, {"key", "b"}});
  Start();
  EXPECT_EQ(Open(blob, {{"key", "b"}, {"bucket", "a"}}).value(), "secret");
  for (const EncryptionContext& wrong :
       {EncryptionContext{}, EncryptionContext{{"bucket", "a"}}, EncryptionContext{{"bucket", "ak"}, {"ey", "b"}},
        EncryptionContext{{"Bucket", "a"}, {"key", "b"}}})
    EXPECT_EQ(Open(blob, wrong).error().reason, kInvalidCiphertext);
  for (std::size_t bit = 0; bit < blob.size() * 8; bit += 3) {
    std::string changed = blob;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(Open(changed, {{"bucket", "a"}, {"key", "b"}}).error().reason, kInvalidCiphertext) << bit;
  }
  EXPECT_EQ(Open("short").error().reason, kInvalidCiphertext);
}

// A rotation, by wish or by time, changes what seals and nothing of what opens.
TEST_P(KmsTest, RotationKeepsOldCiphertextsReadable) {
  const std::string arn = Make(), id = arn.substr(arn.rfind('/') + 1);
  const std::string first = Seal(id, "one");
  ASSERT_TRUE(service_->RotateKeyOnDemand(me_, {.key_id = id}).ok());
  const std::string second = Seal(id, "two");
  ASSERT_TRUE(service_->EnableKeyRotation(me_, {.key_id = id, .rotation_period_in_days = 90}).ok());
  EXPECT_EQ(service_->DoWhatIsDue().value(), 0u);
  clock_.Advance(hours(24 * 90));
  EXPECT_EQ(service_->DoWhatIsDue().value(), 1u);
  EXPECT_EQ(service_->DoWhatIsDue().value(), 0u);
  const std::string third = Seal(id, "three");
  EXPECT_EQ(ReadHead(first)->version, 1u);
  EXPECT_EQ(ReadHead(second)->version, 2u);
  EXPECT_EQ(ReadHead(third)->version, 3u);
  EXPECT_EQ(Open(first).value() + Open(second).value() + Open(third).value(), "onetwothree");
  const auto rotations = service_->ListKeyRotations(me_, {.key_id = id}).value();
  ASSERT_EQ(rotations.rotations->size(), 2u);
  EXPECT_EQ(rotations.rotations->at(0).rotation_type, "ON_DEMAND");
  EXPECT_EQ(rotations.rotations->at(1).rotation_type, "AUTOMATIC");
  const auto status = service_->GetKeyRotationStatus(me_, {.key_id = id}).value();
  EXPECT_EQ(status.next_rotation_date, clock_.Now() + hours(24 * 90));
  // The ciphertext of one version does not pass as another's.
  std::string forged = first;
  forged[20] = 2;
  EXPECT_EQ(Open(forged).error().reason, kInvalidCiphertext);
}

// A key dies after its waiting period and not before, can be saved until then, and takes its material with it.
TEST_P(KmsTest, DeletionWaits) {
  const std::string arn = Make(), id = arn.substr(arn.rfind('/') + 1);
  const std::string blob = Seal(id, "secret");
  ASSERT_TRUE(service_->CreateAlias(me_, {.alias_name = "alias/app", .target_key_id = id}).ok());
  EXPECT_EQ(service_->ScheduleKeyDeletion(me_, {.key_id = id, .pending_window_in_days = 6}).error().reason,
            kValidation);
  EXPECT_EQ(service_->ScheduleKeyDeletion(me_, {.key_id = id, .pending_window_in_days = 31}).error().reason,
            kValidation);
  ASSERT_TRUE(service_->ScheduleKeyDeletion(me_, {.key_id = id, .pending_window_in_days = 7}).ok());
  EXPECT_EQ(StateOf(id), "PendingDeletion");
  EXPECT_EQ(Open(blob).error().reason, kInvalidState);
  EXPECT_EQ(service_->EnableKey(me_, {.key_id = id}).error().reason, kInvalidState);
  clock_.Advance(hours(24 * 7) - std::chrono::seconds(1));
  EXPECT_EQ(service_->DoWhatIsDue().value(), 0u);
  ASSERT_TRUE(service_->CancelKeyDeletion(me_, {.key_id = id}).ok());
  EXPECT_EQ(StateOf(id), "Disabled");
  EXPECT_EQ(Open(blob).error().reason, kDisabled);
  ASSERT_TRUE(service_->EnableKey(me_, {.key_id = id}).ok());
  EXPECT_EQ(Open(blob).value(), "secret");
  ASSERT_TRUE(service_->ScheduleKeyDeletion(me_, {.key_id = id}).ok());
  clock_.Advance(hours(24 * 30));
  EXPECT_EQ(service_->DoWhatIsDue().value(), 1u);
  EXPECT_EQ(StateOf(id), "KmsNotFound");
  EXPECT_EQ(Open(blob).error().reason, kInvalidCiphertext);
  EXPECT_TRUE(service_->ListAliases(me_, {})->aliases->empty());
  const auto left = database_->Read([&](sql::Reader& reader) { return records::FindMaterial(reader, id, 0); });
  EXPECT_FALSE(left->has_value()) << "the material is gone";
}

// Each kind of key signs, seals or authenticates as its spec says, and refuses what it is not for.
TEST_P(KmsTest, KindsOfKeys) {
  const std::string ecc = Make("ECC_NIST_P256");
  api::SignRequest sign;
  sign.key_id = ecc;
  sign.message = shapes::Blob{"message"};
  sign.signing_algorithm = "ECDSA_SHA_256";
  const auto signature = service_->Sign(me_, sign).value();
  api::VerifyRequest verify;
  verify.key_id = ecc;
  verify.message = shapes::Blob{"message"};
  verify.signature = signature.signature;
  verify.signing_algorithm = "ECDSA_SHA_256";
  EXPECT_EQ(service_->Verify(me_, verify)->signature_valid, true);
  verify.message = shapes::Blob{"massage"};
  EXPECT_EQ(service_->Verify(me_, verify).error().reason, kInvalidSignature);
  sign.signing_algorithm = "ECDSA_SHA_384";
  EXPECT_EQ(service_->Sign(me_, sign).error().reason, kInvalidKeyUsage);
  EXPECT_EQ(service_->Encrypt(me_, {.key_id = ecc, .plaintext = shapes::Blob{"x"}}).error().reason, kInvalidKeyUsage);

  const std::string mac_key = Make("HMAC_256", "GENERATE_VERIFY_MAC");
  const auto mac =
      service_->GenerateMac(me_, {.message = shapes::Blob{"m"}, .key_id = mac_key, .mac_algorithm = "HMAC_SHA_256"})
          .value();
  api::VerifyMacRequest check{
      .message = shapes::Blob{"m"}, .key_id = mac_key, .mac_algorithm = "HMAC_SHA_256", .mac = mac.mac};
  EXPECT_EQ(service_->VerifyMac(me_, check)->mac_valid, true);
  check.message = shapes::Blob{"n"};
  EXPECT_EQ(service_->VerifyMac(me_, check).error().reason, kInvalidMac);

  const std::string rsa = Make("RSA_2048", "ENCRYPT_DECRYPT");
  const auto sealed =
      service_
          ->Encrypt(me_, {.key_id = rsa, .plaintext = shapes::Blob{"x"}, .encryption_algorithm = "RSAES_OAEP_SHA_256"})
          .value();
  api::DecryptRequest open;
  open.key_id = rsa;
  open.ciphertext_blob = sealed.ciphertext_blob;
  open.encryption_algorithm = "RSAES_OAEP_SHA_256";
  EXPECT_EQ(service_->Decrypt(me_, open)->plaintext->bytes, "x");
  EXPECT_EQ(service_->EnableKeyRotation(me_, {.key_id = rsa}).error().reason, kUnsupported);
  EXPECT_EQ(service_->CreateKey(me_, {.key_spec = "SM2"}).error().reason, kUnimplemented);
  EXPECT_EQ(service_->CreateKey(me_, {.key_spec = "RSA_2048"}).error().reason, kValidation);
}

// Keys, aliases and grants of one account are another's only by ARN, and never its to change.
TEST_P(KmsTest, AccountsAreApart) {
  const std::string arn = Make(), id = arn.substr(arn.rfind('/') + 1);
  EXPECT_EQ(service_->DescribeKey(other_, {.key_id = id}).error().reason, kNotFound);
  EXPECT_TRUE(service_->DescribeKey(other_, {.key_id = arn}).ok()) << "what policy allows is decided before";
  EXPECT_EQ(service_->DisableKey(other_, {.key_id = arn}).error().reason, kNotFound);
  EXPECT_EQ(service_->PutKeyPolicy(other_, {.key_id = arn, .policy = "{}"}).error().reason, kNotFound);
  EXPECT_EQ(service_->CreateAlias(other_, {.alias_name = "alias/x", .target_key_id = arn}).error().reason, kNotFound);
  EXPECT_TRUE(service_->ListKeys(other_, {})->keys->empty());
  Caller elsewhere = me_;
  elsewhere.region = Region("eu-west-1");
  EXPECT_EQ(service_->DescribeKey(elsewhere, {.key_id = id}).error().reason, kNotFound);
  EXPECT_EQ(service_->DescribeKey(elsewhere, {.key_id = arn}).error().reason, kNotFound);
}

// The key of a service is made by its first use, once, and nobody may end it.
TEST_P(KmsTest, ManagedKeysAppearOnFirstUse) {
  const auto first = service_->Find(me_, "alias/aws/s3");
  ASSERT_TRUE(first.ok()) << Describe(first.error());
  EXPECT_EQ(service_->Find(me_, "alias/aws/s3")->id, first->id);
  EXPECT_NE(service_->Find(other_, "alias/aws/s3")->id, first->id);
  EXPECT_EQ(service_->DescribeKey(me_, {.key_id = "alias/aws/s3"})->key_metadata->key_manager, "AWS");
  EXPECT_EQ(service_->Find(me_, "alias/aws/nonsense").error().reason, kNotFound);
  EXPECT_EQ(service_->ScheduleKeyDeletion(me_, {.key_id = first->id}).error().reason, kUnsupported);
  EXPECT_EQ(service_->CreateAlias(me_, {.alias_name = "alias/aws/mine", .target_key_id = first->id}).error().reason,
            kReserved);
}

// Aliases: of one kind of key only, unique, moved, listed in pages.
TEST_P(KmsTest, Aliases) {
  const std::string one = Make(), two = Make(), pair = Make("ECC_NIST_P256");
  for (const char* name : {"alias/a", "alias/b", "alias/c"})
    ASSERT_TRUE(service_->CreateAlias(me_, {.alias_name = name, .target_key_id = one}).ok());
  EXPECT_EQ(service_->CreateAlias(me_, {.alias_name = "alias/a", .target_key_id = two}).error().reason, kAlreadyExists);
  EXPECT_EQ(service_->CreateAlias(me_, {.alias_name = "a", .target_key_id = two}).error().reason, kValidation);
  ASSERT_TRUE(service_->UpdateAlias(me_, {.alias_name = "alias/a", .target_key_id = two}).ok());
  EXPECT_EQ(service_->UpdateAlias(me_, {.alias_name = "alias/a", .target_key_id = pair}).error().reason, kInvalidState);
  EXPECT_EQ(service_->Find(me_, "alias/a")->Arn(), two);
  EXPECT_EQ(service_->Find(me_, "arn:aws:kms:us-east-1:111122223333:alias/b")->Arn(), one);
  auto page = service_->ListAliases(me_, {.limit = 2}).value();
  EXPECT_EQ(page.aliases->size(), 2u);
  EXPECT_EQ(page.truncated, true);
  page = service_->ListAliases(me_, {.limit = 2, .marker = page.next_marker}).value();
  EXPECT_EQ(page.aliases->size(), 1u);
  EXPECT_EQ(page.truncated, false);
  EXPECT_EQ(service_->ListAliases(me_, {.marker = "!"}).error().reason, kInvalidMarker);
  ASSERT_TRUE(service_->DeleteAlias(me_, {.alias_name = "alias/a"}).ok());
  EXPECT_EQ(service_->DeleteAlias(me_, {.alias_name = "alias/a"}).error().reason, kNotFound);
}

// Grants: found for their principal and operation only, repeated by name, ended by the one who retires.
TEST_P(KmsTest, Grants) {
  const std::string arn = Make(), id = arn.substr(arn.rfind('/') + 1);
  const std::string bob = "arn:aws:iam::111122223333:role/bob";
  api::CreateGrantRequest in;
  in.key_id = id;
  in.grantee_principal = bob;
  in.retiring_principal = me_.arn;
  in.operations = {"Decrypt", "GenerateDataKey"};
  in.name = "once";
  in.constraints = api::GrantConstraints{.encryption_context_subset = EncryptionContext{{"team", "ml"}}};
  const auto made = service_->CreateGrant(me_, in).value();
  EXPECT_EQ(service_->CreateGrant(me_, in)->grant_id, made.grant_id);
  EXPECT_EQ(service_->GrantsFor(id, "Decrypt", {bob})->size(), 1u);
  EXPECT_EQ(service_->GrantsFor(id, "Encrypt", {bob})->size(), 0u);
  EXPECT_EQ(service_->GrantsFor(id, "Decrypt", {me_.arn})->size(), 0u);
  EXPECT_EQ(service_->ListGrants(me_, {.key_id = id})->grants->at(0).constraints->encryption_context_subset->at("team"),
            "ml");
  EXPECT_EQ(service_->ListRetirableGrants(me_, {.retiring_principal = me_.arn})->grants->size(), 1u);
  in.name = "wrong";
  in.operations = {"Sign"};
  EXPECT_EQ(service_->CreateGrant(me_, in).error().reason, kValidation);
  EXPECT_EQ(service_->RevokeGrant(me_, {.key_id = id, .grant_id = "none"}).error().reason, kNotFound);
  ASSERT_TRUE(service_->RetireGrant(me_, {.grant_token = made.grant_token}).ok());
  EXPECT_EQ(service_->GrantsFor(id, "Decrypt", {bob})->size(), 0u);
  EXPECT_EQ(service_->RetireGrant(me_, {.grant_token = "junk"}).error().reason, kInvalidGrantToken);
}

// Data keys: of the size that was asked for, opened by Decrypt, never the same; DryRun draws nothing.
TEST_P(KmsTest, DataKeys) {
  const std::string key = Make();
  const auto made = service_->GenerateDataKey(me_, {.key_id = key, .key_spec = "AES_256"}).value();
  EXPECT_EQ(made.plaintext->bytes.size(), 32u);
  EXPECT_EQ(Open(made.ciphertext_blob->bytes).value(), made.plaintext->bytes);
  EXPECT_NE(service_->GenerateDataKey(me_, {.key_id = key, .key_spec = "AES_256"})->plaintext->bytes,
            made.plaintext->bytes);
  EXPECT_EQ(service_->GenerateDataKey(me_, {.key_id = key}).error().reason, kValidation);
  EXPECT_EQ(service_->GenerateDataKey(me_, {.key_id = key, .key_spec = "AES_256", .dry_run = true}).error().reason,
            kDryRun);
  const auto pair = service_->GenerateDataKeyPair(me_, {.key_id = key, .key_pair_spec = "ECC_NIST_P256"}).value();
  EXPECT_EQ(Open(pair.private_key_ciphertext_blob->bytes).value(), pair.private_key_plaintext->bytes);
}

// Whoever copies the database without the root key has no key material: it is only ever stored sealed.
TEST_P(KmsTest, MaterialIsSealedAtRest) {
  if (GetParam() != sql::Engine::kSqlite) GTEST_SKIP() << "reads the database's file";
  const std::string arn = Make("HMAC_256", "GENERATE_VERIFY_MAC"), id = arn.substr(arn.rfind('/') + 1);
  const auto record =
      database_->Read([&](sql::Reader& reader) { return records::FindMaterial(reader, id, 0); }).value();
  const std::string secret = keyring_->Open(record->sealed, "kms/key/" + id + "/1").value();
  EXPECT_FALSE(keyring_->Open(record->sealed, "kms/key/" + id + "/2").ok());
  service_.reset();
  database_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes.find(secret), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find(HexEncode(AsBytes(secret))), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace aloft::kms
