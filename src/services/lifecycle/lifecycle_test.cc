#include "services/lifecycle/service.h"
#include "services/objects/testing_stores.h"

namespace aloft::lifecycle {
namespace {

using std::chrono::days;
using std::chrono::hours;

std::string Rules(const std::string& rules) {
  return "<LifecycleConfiguration>" + rules + "</LifecycleConfiguration>";
}
std::string OneRule(const std::string& inside, const std::string& filter = "<Filter><Prefix></Prefix></Filter>") {
  return Rules("<Rule><ID>r</ID><Status>Enabled</Status>" + filter + inside + "</Rule>");
}

class LifecycleTest : public objects::ObjectsTest {
 protected:
  void Configure(const std::string& document) {
    ASSERT_TRUE(ParseConfiguration(document).ok());
    ASSERT_TRUE(objects_->PutSetting(account_, "data", kSetting, document).ok());
  }
  Report Run() {
    auto report = Service(*objects_, clock_, Log::Discard()).Run();
    EXPECT_TRUE(report.ok()) << Describe(report.error());
    return report.ok() ? *report : Report{};
  }
  bool Exists(const std::string& key) { return objects_->HeadObject(account_, "data", key).ok(); }
  std::size_t Versions() { return objects_->ListVersions(account_, {.bucket = "data"})->versions.size(); }
};
INSTANTIATE_TEST_SUITE_P(Engines, LifecycleTest, testing::Values(kv::Engine::kMemory, kv::Engine::kRocks),
                         kv::EngineName);

// Expiry counts whole days from midnight, by prefix, tag and size; what does not match stays.
TEST_P(LifecycleTest, ExpiresByAgeAndFilter) {
  Configure(OneRule("<Expiration><Days>3</Days></Expiration>",
                    "<Filter><And><Prefix>tmp/</Prefix><Tag><Key>t</Key><Value>1</Value></Tag>"
                    "<ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter>"));
  auto put = [&](const std::string& key, const std::string& body, objects::Pairs tags) {
    objects::PutRequest request{.bucket = "data", .key = key};
    request.attributes.tags = std::move(tags);
    ASSERT_TRUE(objects_->Put(account_, request, body).ok());
  };
  put("tmp/hit", "123456", {{"t", "1"}});
  put("tmp/untagged", "123456", {});
  put("tmp/small", "12345", {{"t", "1"}});
  put("keep", "123456", {{"t", "1"}});
  auto info = objects_->HeadObject(account_, "data", "tmp/hit");
  auto expiry = Service(*objects_, clock_, Log::Discard()).ExpirationOf(account_, "data", *info);
  ASSERT_TRUE(expiry.ok() && *expiry);
  EXPECT_EQ((*expiry)->rule, "r");
  EXPECT_EQ((*expiry)->when, DaysAfter(info->modified, 3));
  clock_.Advance((*expiry)->when - clock_.Now() - std::chrono::seconds(1));
  EXPECT_EQ(Run().expired, 0u) << "a second before midnight";
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Run().expired, 1u);
  EXPECT_FALSE(Exists("tmp/hit"));
  EXPECT_TRUE(Exists("tmp/untagged") && Exists("tmp/small") && Exists("keep"));
  EXPECT_EQ(Run().expired, 0u);
}

// With versions, expiry hides; older versions go by their own clock, but for the newest ones; lone markers go last.
TEST_P(LifecycleTest, OlderVersionsAndMarkers) {
  Configure(
      OneRule("<Expiration><Days>10</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>5"
              "</NoncurrentDays><NewerNoncurrentVersions>1</NewerNoncurrentVersions>"
              "</NoncurrentVersionExpiration>"));
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", objects::Versioning::kEnabled).ok());
  for (int i = 0; i < 4; ++i) {
    MustPut("k", std::string(1, static_cast<char>('a' + i)));
    clock_.Advance(hours(1));
  }
  clock_.Advance(days(7));
  EXPECT_EQ(Run().removed, 2u) << "of three older ones the newest stays";
  EXPECT_EQ(Versions(), 2u);
  clock_.Advance(days(5));
  EXPECT_EQ(Run().expired, 1u);
  EXPECT_FALSE(Exists("k"));
  Configure(
      OneRule("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
              "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>"));
  clock_.Advance(days(3));
  EXPECT_EQ(Run().removed, 2u);
  EXPECT_EQ(Run().removed, 1u) << "then the marker stands alone";
  EXPECT_EQ(Versions(), 0u);
}

// A locked version outlives every rule.
TEST_P(LifecycleTest, LocksOutliveRules) {
  ASSERT_TRUE(objects_->CreateBucket(account_, region_, "vault", {}, true).ok());
  ASSERT_TRUE(objects_
                  ->PutSetting(account_, "vault", kSetting,
                               OneRule("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
                                       "</NoncurrentVersionExpiration>"))
                  .ok());
  objects::PutRequest put{.bucket = "vault", .key = "k"};
  put.lock.retention = {objects::RetentionMode::kCompliance, clock_.Now() + days(100)};
  ASSERT_TRUE(objects_->Put(account_, put, "1").ok());
  ASSERT_TRUE(objects_->Put(account_, {.bucket = "vault", .key = "k"}, "2").ok());
  clock_.Advance(days(50));
  EXPECT_EQ(Run().failed, 1u);
  EXPECT_EQ(objects_->ListVersions(account_, {.bucket = "vault"})->versions.size(), 2u);
  clock_.Advance(days(60));
  EXPECT_EQ(Run().removed, 1u);
}

// Objects cool step by step, never warm up, and are too small to move below 128 KiB.
TEST_P(LifecycleTest, Transitions) {
  Configure(
      OneRule("<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"
              "<Transition><Days>60</Days><StorageClass>GLACIER_IR</StorageClass></Transition>"));
  objects::Limits limits;
  objects_ = std::make_unique<objects::Service>(*store_, blobs_, clock_, random_, Log::Discard(), limits);
  std::string body(200'000, 'x');
  MustPut("large", body);
  MustPut("small", "x");
  clock_.Advance(days(31));
  EXPECT_EQ(Run().moved, 1u);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "large")->attributes.storage_class, "STANDARD_IA");
  EXPECT_EQ(Run().moved, 0u);
  clock_.Advance(days(31));
  EXPECT_EQ(Run().moved, 1u);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "large")->attributes.storage_class, "GLACIER_IR");
  EXPECT_EQ(MustGet("large"), body);
  EXPECT_EQ(Run().moved, 0u);
}

// Uploads that nobody completes give their bytes back.
TEST_P(LifecycleTest, StaleUploads) {
  Configure(
      OneRule("<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>"
              "</AbortIncompleteMultipartUpload>"));
  objects::UploadInfo upload = MustCreateUpload("k");
  ASSERT_TRUE(PutPart(upload, 1, objects::Bytes(500)).ok());
  clock_.Advance(days(1));
  EXPECT_EQ(Run().aborted, 0u);
  clock_.Advance(days(2));
  EXPECT_EQ(Run().aborted, 1u);
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 0u);
}

// A date in a rule means from then on; a rule that is disabled means nothing.
TEST_P(LifecycleTest, DatesAndDisabledRules) {
  MustPut("k", "x");
  Configure(
      Rules("<Rule><ID>off</ID><Status>Disabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule>"
            "<Rule><ID>d</ID><Status>Enabled</Status><Filter/><Expiration><Date>2023-12-01T00:00:00Z</Date>"
            "</Expiration></Rule>"));
  clock_.Advance(days(5));
  EXPECT_EQ(Run().expired, 0u);
  clock_.Advance(days(30));
  EXPECT_EQ(Run().expired, 1u);
}

}  // namespace
}  // namespace aloft::lifecycle
