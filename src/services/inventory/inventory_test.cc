#include <gmock/gmock.h>
#include <zlib.h>

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/crypto/hash.h"
#include "services/inventory/service.h"
#include "services/objects/testing_stores.h"

namespace aloft::inventory {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;

constexpr std::string_view kOpen =
    R"({"Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"s3:PutObject",
    "Resource":"arn:aws:s3:::lists/*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::data"},
    "StringEquals":{"aws:SourceAccount":"111122223333","s3:x-amz-acl":"bucket-owner-full-control"}}}]})";

std::string Unpack(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

class InventoryTest : public objects::ObjectsTest {
 protected:
  void SetUp() override {
    ObjectsTest::SetUp();
    ASSERT_TRUE(objects_->CreateBucket(account_, region_, "lists").ok());
    ASSERT_TRUE(objects_->PutSetting(account_, "lists", "policy", kOpen).ok());
    // A Wednesday, half past two.
    clock_.Advance(*codec::ParseIso8601("2026-11-25T14:30:00Z") - clock_.Now());
  }
  void Configure(const std::string& fields = "", const std::string& versions = "Current",
                 const std::string& frequency = "Daily", const std::string& more = "") {
    std::string document = "<InventoryConfiguration><Destination><S3BucketDestination>" + more +
                           "<Bucket>arn:aws:s3:::lists</Bucket><Format>CSV</Format><Prefix>all</Prefix>"
                           "</S3BucketDestination></Destination><IsEnabled>true</IsEnabled><Id>daily</Id>"
                           "<IncludedObjectVersions>";
    document.append(versions).append("</IncludedObjectVersions><OptionalFields>").append(fields);
    document.append("</OptionalFields><Schedule><Frequency>").append(frequency);
    document.append("</Frequency></Schedule></InventoryConfiguration>");
    ASSERT_TRUE(objects_->PutSetting(account_, "data", "inventory/daily", document).ok());
  }
  Report Run(std::uint64_t rows_per_file = 1000) {
    Options options{.canonical_id = [](const AccountId& account) { return "owner of " + account.value(); },
                    .rows_per_file = rows_per_file};
    auto report = Service(*objects_, clock_, Log::Discard(), options).Run({});
    EXPECT_TRUE(report.ok()) << Describe(report.error());
    return report.ok() ? *report : Report{};
  }
  std::string ListOf(const std::string& key) {
    auto got = objects_->Get(account_, "lists", key, 1 << 20);
    return got.ok() ? *got : "";
  }
  std::vector<std::string> Keys() {
    std::vector<std::string> keys;
    auto page = objects_->ListObjects(account_, {.bucket = "lists"});
    for (const auto& object : page->objects) keys.push_back(object.key);
    return keys;
  }
  // The lines of all files that the manifest names, each file verified by it.
  std::string Lines(const std::string& date, std::size_t* files = nullptr) {
    const std::string folder = "all/data/daily/" + date + "T00-00Z/";
    const std::string manifest = ListOf(folder + "manifest.json");
    EXPECT_EQ(ListOf(folder + "manifest.checksum"), HexEncode(AsBytes(crypto::Md5(manifest))));
    auto parsed = codec::ParseJson(manifest);
    if (!parsed.ok()) return "no manifest";
    std::string lines, links;
    for (const auto& file : parsed->at("files").as_array()) {
      std::string key(file.at("key").as_string());
      std::string packed = ListOf(key);
      EXPECT_EQ(file.at("size").to_number<std::size_t>(), packed.size());
      EXPECT_EQ(file.at("MD5checksum").as_string(), HexEncode(AsBytes(crypto::Md5(packed))));
      lines += Unpack(packed);
      links.append(links.empty() ? "" : "\n").append("s3://lists/").append(key);
      if (files != nullptr) ++*files;
    }
    EXPECT_EQ(ListOf("all/data/daily/hive/dt=" + date + "-00-00/symlink.txt"), links);
    schema_ = parsed->at("fileSchema").as_string();
    return lines;
  }
  std::string schema_;
};
INSTANTIATE_TEST_SUITE_P(Engines, InventoryTest, testing::Values(kv::Engine::kMemory, kv::Engine::kRocks),
                         kv::EngineName);

// A list is made at once, then once after each midnight; it shows what was asked for and nothing that is gone.
TEST_P(InventoryTest, DailyRows) {
  Configure("<Field>ETag</Field><Field>Size</Field><Field>EncryptionStatus</Field><Field>ObjectOwner</Field>");
  MustPut("a b/\"x\"", "hello");
  MustPut("gone", "x");
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "gone"}).ok());
  EXPECT_EQ(Run().delivered, 1u);
  EXPECT_EQ(Lines("2026-11-25"),
            "\"data\",\"a%20b/%22x%22\",\"5\",\"5d41402abc4b2a76b9719d911017c592\",\"NOT-SSE\",\"owner of "
            "111122223333\"\n");
  EXPECT_EQ(schema_, "Bucket, Key, Size, ETag, EncryptionStatus, ObjectOwner");
  clock_.Advance(hours(9));
  EXPECT_EQ(Run().delivered, 0u) << "still the same day";
  MustPut("later", "");
  clock_.Advance(hours(1));
  EXPECT_EQ(Run().rows, 2u);
  EXPECT_NE(Lines("2026-11-26"), Lines("2026-11-25")) << "each day keeps its own";
}

// All versions with their order and their markers; a marker has no size.
TEST_P(InventoryTest, Versions) {
  Configure("<Field>Size</Field><Field>ChecksumAlgorithm</Field>", "All");
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", objects::Versioning::kEnabled).ok());
  std::string first = MustPut("k", "one").version_id;
  auto marker = objects_->DeleteObject(account_, {.bucket = "data", .key = "k"});
  EXPECT_EQ(Run().rows, 2u);
  EXPECT_EQ(Lines("2026-11-25"), "\"data\",\"k\",\"" + marker->version_id + "\",\"true\",\"true\",\"\",\"\"\n" +
                                     "\"data\",\"k\",\"" + first + "\",\"false\",\"false\",\"3\",\"CRC64NVME\"\n");
}

// A weekly list is made at once, and then on Sundays.
TEST_P(InventoryTest, Weekly) {
  Configure("", "Current", "Weekly");
  EXPECT_EQ(Run().delivered, 1u);
  EXPECT_EQ(Lines("2026-11-22"), "");
  clock_.Advance(days(3));
  EXPECT_EQ(Run().delivered, 0u) << "Saturday";
  clock_.Advance(hours(10));
  EXPECT_EQ(Run().delivered, 1u);
  EXPECT_EQ(Lines("2026-11-29"), "");
}

// Many rows become several files, and none is left out or told twice.
TEST_P(InventoryTest, SeveralFiles) {
  Configure();
  std::string expected;
  for (int n = 10; n < 35; ++n) {
    std::string key("k");
    key += std::to_string(n);
    MustPut(key, "");
    expected.append("\"data\",\"").append(key).append("\"\n");
  }
  EXPECT_EQ(Run(10).rows, 25u);
  std::size_t files = 0;
  EXPECT_EQ(Lines("2026-11-25", &files), expected);
  EXPECT_EQ(files, 3u);
}

// Nothing is written to a bucket whose owner has not let S3 in for this source, nor to another account's than was
// named.
TEST_P(InventoryTest, DestinationDecides) {
  Configure();
  MustPut("k", "");
  std::string other(kOpen);
  other.replace(other.find("s3:::data"), 9, "s3:::else");
  for (const std::string& policy : {std::string(), other}) {
    Status changed = policy.empty() ? objects_->DeleteSetting(account_, "lists", "policy")
                                    : objects_->PutSetting(account_, "lists", "policy", policy);
    ASSERT_TRUE(changed.ok());
    EXPECT_EQ(Run().failed, 1u);
    EXPECT_THAT(Keys(), ElementsAre());
  }
  ASSERT_TRUE(objects_->PutSetting(account_, "lists", "policy", kOpen).ok());
  Configure("", "Current", "Daily", "<AccountId>999999999999</AccountId>");
  EXPECT_EQ(Run().failed, 1u);
  EXPECT_THAT(Keys(), ElementsAre());
  Configure("", "Current", "Daily", "<AccountId>111122223333</AccountId>");
  EXPECT_EQ(Run().delivered, 1u) << "what failed is tried again";
}

// A run that is stopped leaves no manifest, and the next one makes the whole inventory.
TEST_P(InventoryTest, StoppedAndRepeated) {
  Configure();
  for (int n = 0; n < 15; ++n) MustPut(std::to_string(n), "");
  int asked = 0;
  Options options{.canonical_id = {}, .page = 10};
  auto report = Service(*objects_, clock_, Log::Discard(), options).Run([&] { return ++asked < 2; });
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(ListOf("all/data/daily/2026-11-25T00-00Z/manifest.json"), "");
  Restart();
  EXPECT_EQ(Run(1 << 20).rows, 15u);
  std::string lines = Lines("2026-11-25");
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 15);
}

// One key, which seals by saying its name.
class OneKey final : public objects::KeyService {
 public:
  Result<DataKey> GenerateDataKey(const AccountId&, const Region&, const std::string& kms_key, const std::string&,
                                  const std::string&) override {
    return DataKey{std::string(32, 'k'), "sealed", "key " + kms_key};
  }
  Result<std::string> Decrypt(const AccountId&, const std::string&, const std::string&, const std::string&,
                              const std::string&) override {
    return std::string(32, 'k');
  }
};

// A list holds the names of everything in a bucket: who asks for a key on all that is put into the destination means
// the lists too. A configuration that names an encryption of its own decides for itself.
TEST_P(InventoryTest, DestinationsDefaultEncryption) {
  OneKey keys;
  objects_ = std::make_unique<objects::Service>(*store_, blobs_, clock_, random_, Log::Discard(), objects::Limits{},
                                                objects::Keys{.key_service = &keys});
  ASSERT_TRUE(objects_
                  ->PutSetting(account_, "lists", "encryption",
                               "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
                               "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>team</KMSMasterKeyID>"
                               "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>"
                               "</ServerSideEncryptionConfiguration>")
                  .ok());
  MustPut("k", "");
  Configure();
  EXPECT_EQ(Run().delivered, 1u);
  std::vector<std::string> made = Keys();
  EXPECT_EQ(made.size(), 4u);
  for (const std::string& key : made) {
    auto info = objects_->HeadObject(account_, "lists", key);
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(info->encryption.kind, objects::EncryptionKind::kSseKms) << key;
    EXPECT_EQ(info->encryption.kms_key, "key team") << key;
    EXPECT_TRUE(info->encryption.bucket_key) << key;
  }
  clock_.Advance(days(1));
  Configure("", "Current", "Daily", "<Encryption><SSE-KMS><KeyId>own</KeyId></SSE-KMS></Encryption>");
  EXPECT_EQ(Run().delivered, 1u);
  auto own = objects_->HeadObject(account_, "lists", "all/data/daily/2026-11-26T00-00Z/manifest.json");
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->encryption.kms_key, "key own");
}

// What the API has checked is read as S3 means it; what it would not have taken is damage, not "unencrypted".
TEST(DefaultEncryption, IsRead) {
  const auto read = [](const std::string& rule) {
    return ParseDefaultEncryption("<ServerSideEncryptionConfiguration><Rule>" + rule +
                                  "</Rule></ServerSideEncryptionConfiguration>");
  };
  const auto by_default = [](const std::string& inside) {
    return "<ApplyServerSideEncryptionByDefault>" + inside + "</ApplyServerSideEncryptionByDefault>";
  };
  EXPECT_EQ(read("")->kind, objects::EncryptionKind::kNone);
  EXPECT_EQ(read(by_default("<SSEAlgorithm>AES256</SSEAlgorithm>"))->kind, objects::EncryptionKind::kSseS3);
  const auto dsse =
      read(by_default("<SSEAlgorithm>aws:kms:dsse</SSEAlgorithm>") + "<BucketKeyEnabled>true</BucketKeyEnabled>");
  EXPECT_EQ(dsse->kind, objects::EncryptionKind::kDsseKms);
  EXPECT_FALSE(dsse->bucket_key);
  EXPECT_EQ(read(by_default("<SSEAlgorithm>rot13</SSEAlgorithm>")).error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace aloft::inventory
