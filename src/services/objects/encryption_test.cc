#include "foundation/crypto/hash.h"
#include "platform/keys/keyring.h"
#include "services/objects/records/reseal.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

// Seals with a counter; a test forgets the key, and then nothing opens.
class FakeKeyService final : public KeyService {
 public:
  Result<DataKey> GenerateDataKey(const AccountId&, const Region&, const std::string& kms_key,
                                  const std::string& context, const std::string& arn) override {
    ++made;
    std::string plain(32, static_cast<char>('0' + made));
    return DataKey{plain, plain + context + arn, kms_key.empty() ? "arn:aws:kms:default" : kms_key};
  }
  Result<std::string> Decrypt(const AccountId&, const std::string&, const std::string& sealed,
                              const std::string& context, const std::string& arn) override {
    if (disabled) return Fail(kInvalidArgument, "the key is disabled");
    if (sealed.substr(32) != context + arn) return Fail(kInvalidArgument, "another context");
    return sealed.substr(0, 32);
  }
  int made = 0;
  bool disabled = false;
};

class EncryptionTest : public ObjectsTest {
 protected:
  void SetUp() override {
    ObjectsTest::SetUp();
    OpenEncrypted(true);
  }
  void OpenEncrypted(bool by_default) {
    Limits limits;
    limits.inline_bytes = 64;
    limits.min_part_bytes = 100;
    limits.max_put_bytes = 100'000;
    objects_ = std::make_unique<Service>(*store_, blobs_, clock_, random_, Log::Discard(), limits,
                                         Keys{keyring_.get(), &kms_, by_default});
  }
  PutRequest Request(const std::string& key, EncryptionKind kind, const std::string& customer_key = {}) {
    PutRequest request{.bucket = "data", .key = key};
    request.encryption.kind = kind;
    request.encryption.customer_key = customer_key;
    return request;
  }
  Result<std::string> Read(const std::string& key, const std::string& customer_key = {}) {
    ALOFT_ASSIGN(auto reader, objects_->GetObject(account_, "data", key, {.customer_key = customer_key}));
    std::string body(reader->info().size, '\0');
    ALOFT_ASSIGN(std::size_t count, reader->Read(0, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()}));
    return body.substr(0, count);
  }
  // Whether any stored record holds `bytes` as they are.
  bool Stands(const std::string& bytes) {
    for (const char* space : {"objects.index", "objects.inline", "objects.part", "objects.upload"}) {
      auto page = store_->Scan(space, {});
      for (const auto& entry : page->entries)
        if (entry.value.find(bytes) != std::string::npos) return true;
    }
    return false;
  }

  std::unique_ptr<keys::Keyring> keyring_ = keys::Keyring::Ephemeral(random_);
  FakeKeyService kms_;
  const std::string customer_ = std::string(32, 'c');
};
INSTANTIATE_TEST_SUITE_P(Engines, EncryptionTest, testing::Values(kv::Engine::kMemory, kv::Engine::kRocks),
                         kv::EngineName);

// Bytes on a stolen disk say nothing, small or large; who may read gets them back, also after a restart.
TEST_P(EncryptionTest, EverythingIsSealedByDefault) {
  for (std::size_t size : {0, 10, 64, 65, 5000}) {
    std::string key = "k" + std::to_string(size);
    ObjectInfo info = MustPut(key, Bytes(size));
    EXPECT_EQ(info.encryption.kind, EncryptionKind::kSseS3);
    EXPECT_EQ(MustGet(key), Bytes(size));
  }
  EXPECT_FALSE(Stands(Bytes(10)));
  OpenEncrypted(false);
  EXPECT_EQ(MustGet("k5000"), Bytes(5000));
  EXPECT_EQ(MustGet("k10"), Bytes(10));
}

// Objects from before encryption stay readable, and a plain store stays plain.
TEST_P(EncryptionTest, PlainObjectsStayReadable) {
  OpenEncrypted(false);
  MustPut("small", Bytes(10));
  MustPut("large", Bytes(1000));
  EXPECT_EQ(objects_->HeadObject(account_, "data", "small")->encryption.kind, EncryptionKind::kNone);
  OpenEncrypted(true);
  EXPECT_EQ(MustGet("small"), Bytes(10));
  EXPECT_EQ(MustGet("large"), Bytes(1000));
}

// The store does not keep a customer's key: without it there is nothing to read, and nothing to learn.
TEST_P(EncryptionTest, CustomerKeys) {
  for (std::size_t size : {10, 1000}) {
    auto info = objects_->Put(account_, Request("k", EncryptionKind::kSseC, customer_), Bytes(size));
    ASSERT_TRUE(info.ok()) << Describe(info.error());
    EXPECT_NE(info->etag, HexEncode(AsBytes(crypto::Md5(Bytes(size))))) << "the ETag must not tell the bytes";
    EXPECT_EQ(*Read("k", customer_), Bytes(size));
    EXPECT_EQ(Read("k").error().reason, kCustomerKeyMissing);
    EXPECT_EQ(Read("k", std::string(32, 'x')).error().reason, kCustomerKeyWrong);
    EXPECT_EQ(objects_->HeadObject(account_, "data", "k").error().reason, kCustomerKeyMissing);
    EXPECT_FALSE(Stands(customer_));
  }
  EXPECT_EQ(objects_->Put(account_, Request("n", EncryptionKind::kSseC), "x").error().reason, kCustomerKeyMissing);
  MustPut("plain", "x");
  EXPECT_EQ(Read("plain", customer_).error().reason, kCustomerKeyUnwanted);
}

// A KMS key guards what is written with it: disabled, it closes every object; each object is bound to its context.
TEST_P(EncryptionTest, KmsKeys) {
  PutRequest request = Request("k", EncryptionKind::kSseKms);
  request.encryption.context = R"({"team":"a"})";
  auto info = objects_->Put(account_, request, Bytes(1000));
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->encryption.kms_key, "arn:aws:kms:default");
  EXPECT_EQ(*Read("k"), Bytes(1000));
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k")->encryption.context, request.encryption.context);
  kms_.disabled = true;
  EXPECT_FALSE(Read("k").ok());
  EXPECT_TRUE(objects_->HeadObject(account_, "data", "k").ok()) << "what it is called needs no key";
}

// Copies between every pair of kinds, small and large; large ones share their bytes where both sides are encrypted.
TEST_P(EncryptionTest, CopiesBetweenAllKinds) {
  const EncryptionKind kinds[] = {EncryptionKind::kNone, EncryptionKind::kSseS3, EncryptionKind::kSseKms,
                                  EncryptionKind::kSseC};
  for (std::size_t size : {10, 1000})
    for (auto from : kinds)
      for (auto to : kinds) {
        OpenEncrypted(false);
        std::string source_key = from == EncryptionKind::kSseC ? customer_ : "";
        std::string target_key = to == EncryptionKind::kSseC ? std::string(32, 'd') : "";
        ASSERT_TRUE(objects_->Put(account_, Request("from", from, source_key), Bytes(size)).ok());
        CopyRequest copy{.source_bucket = "data", .source_key = "from", .source_customer_key = source_key};
        copy.target = Request("to", to, target_key);
        auto copied = objects_->CopyObject(account_, copy);
        ASSERT_TRUE(copied.ok()) << Describe(copied.error());
        EXPECT_EQ(copied->encryption.kind, to);
        bool plain = from == EncryptionKind::kNone;
        if (size > 64) {
          EXPECT_EQ(blobs_.count(), plain == (to == EncryptionKind::kNone) ? 1u : 2u);
        }
        ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "from"}).ok());
        ReclaimAll();
        EXPECT_EQ(*Read("to", target_key), Bytes(size));
        // A copy of the copy, so that shared bytes are shared on.
        copy = {.source_bucket = "data", .source_key = "to", .source_customer_key = target_key};
        copy.target = Request("again", EncryptionKind::kSseS3);
        ASSERT_TRUE(objects_->CopyObject(account_, copy).ok());
        EXPECT_EQ(*Read("again"), Bytes(size));
        for (const char* key : {"to", "again"})
          ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = key}).ok());
        ReclaimAll();
        EXPECT_EQ(blobs_.count(), 0u);
      }
}

// Parts share the upload's key, come also from other objects, and need the customer's key each time.
TEST_P(EncryptionTest, UploadsInParts) {
  MustPut("source", Bytes(500, 's'));
  auto upload =
      objects_->CreateUpload(account_, Request("big", EncryptionKind::kSseC, customer_), ChecksumType::kFullObject);
  ASSERT_TRUE(upload.ok());
  EXPECT_EQ(PutPart(*upload, 1, Bytes(200)).error().reason, kCustomerKeyMissing);
  PartRequest request{.bucket = "data", .key = "big", .upload = upload->id, .number = 1, .customer_key = customer_};
  auto session = objects_->BeginPart(account_, request);
  ASSERT_TRUE((*session)->Append(AsBytes(Bytes(200))).ok());
  auto first = (*session)->Commit({});
  ASSERT_TRUE(first.ok());
  request.number = 2;
  auto second =
      objects_->CopyPart(account_, request, {.bucket = "data", .key = "source", .range = CopyRange{100, 300}});
  ASSERT_TRUE(second.ok()) << Describe(second.error());
  EXPECT_EQ(blobs_.count(), 2u) << "the copied part shares the source's bytes";
  Restart();
  OpenEncrypted(true);
  ASSERT_TRUE(objects_->CompleteUpload(account_, Completion(*upload, {*first, *second})).ok());
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "source"}).ok());
  ReclaimAll();
  EXPECT_EQ(*Read("big", customer_), Bytes(200) + Bytes(500, 's').substr(100, 300));
  EXPECT_EQ(Read("big").error().reason, kCustomerKeyMissing);
}

// An older version keeps its key wherever it lies.
TEST_P(EncryptionTest, OlderVersionsStayReadable) {
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", Versioning::kEnabled).ok());
  std::string first = MustPut("k", Bytes(1000, 'a')).version_id;
  MustPut("k", Bytes(10, 'b'));
  auto reader = objects_->GetObject(account_, "data", "k", {.version = first});
  ASSERT_TRUE(reader.ok()) << Describe(reader.error());
  std::string body(1000, '\0');
  ASSERT_TRUE((*reader)->Read(0, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()}).ok());
  EXPECT_EQ(body, Bytes(1000, 'a'));
}

// A new root key reaches every data key that the old one sealed: of objects, older versions and uploads; nothing else.
TEST_P(EncryptionTest, TheRootsSealsAreRenewed) {
  ASSERT_TRUE(objects_->Put(account_, Request("a", EncryptionKind::kSseS3), "one").ok());
  ASSERT_TRUE(objects_->Put(account_, Request(std::string("z\0z", 3), EncryptionKind::kSseS3), "two").ok());
  ASSERT_TRUE(objects_->Put(account_, Request("c", EncryptionKind::kSseC, customer_), "mine").ok());
  ASSERT_TRUE(objects_->Put(account_, Request("k", EncryptionKind::kSseKms), "kms").ok());
  ASSERT_TRUE(keyring_->Rotate().ok());
  const auto renew = [&] {
    std::size_t renewed = 0;
    std::string from;
    const keys::SealSource source = DataKeySource(*store_, *keyring_);
    do {
      auto page = source.page(from);
      EXPECT_TRUE(page.ok());
      EXPECT_EQ(page->failed, 0u);
      renewed += page->renewed;
      from = page->next;
    } while (!from.empty());
    return renewed;
  };
  EXPECT_EQ(renew(), 2u);
  EXPECT_EQ(renew(), 0u);
  EXPECT_EQ(Read("a").value(), "one");
  EXPECT_EQ(Read(std::string("z\0z", 3)).value(), "two");
  EXPECT_EQ(Read("c", customer_).value(), "mine");
  EXPECT_EQ(Read("k").value(), "kms");
}

}  // namespace
}  // namespace aloft::objects
