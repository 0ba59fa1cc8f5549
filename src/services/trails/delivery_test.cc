// Delivery on a real audit log: what reaches the bucket, once, whatever dies.
#include <gmock/gmock.h>
#include <zlib.h>

#include "platform/audit/testing_log.h"
#include "services/objects/testing_stores.h"
#include "services/trails/service.h"

namespace aloft::trails {
namespace {

using testing::HasSubstr;
using testing::Not;

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

class DeliveryTest : public audit::AuditTest {
 protected:
  void SetUp() override {
    AuditTest::SetUp();
    objects_ = std::make_unique<objects::Service>(*store_, blobs_, clock_, random_, Log::Discard());
    ASSERT_TRUE(objects_->CreateBucket(account_, region_, "files").ok());
    trails_ = std::make_unique<Service>(*store_, *objects_, *log_, clock_, Log::Discard());
  }
  void TearDown() override {
    trails_.reset();
    objects_.reset();
    AuditTest::TearDown();
  }
  Trail Wish(const std::string& name) {
    Trail trail;
    trail.account = account_;
    trail.region = region_;
    trail.name = name;
    trail.bucket = "files";
    return trail;
  }
  void Begin(const std::string& name) {
    ASSERT_TRUE(trails_->Create(Wish(name)).ok());
    ASSERT_TRUE(trails_->SetLogging(account_, name, true).ok());
  }
  std::size_t Deliver() {
    auto delivered = trails_->Deliver();
    EXPECT_TRUE(delivered.ok()) << Describe(delivered.error());
    return delivered.ok() ? *delivered : 0;
  }
  std::vector<std::string> Files() {
    std::vector<std::string> keys;
    auto page = objects_->ListObjects(account_, {.bucket = "files"});
    EXPECT_TRUE(page.ok());
    for (const auto& each : page->objects) keys.push_back(each.key);
    return keys;
  }
  std::string Contents() {
    std::string all;
    for (const std::string& key : Files()) all += Unpack(objects_->Get(account_, "files", key, 1 << 24).value());
    return all;
  }

  const AccountId account_{"123456789012"};
  const Region region_{"us-east-1"};
  objects::MemoryBlobs blobs_{clock_};
  std::unique_ptr<objects::Service> objects_;
  std::unique_ptr<Service> trails_;
};
INSTANTIATE_TEST_SUITE_P(Engines, DeliveryTest, testing::Bool(), audit::AuditEngineName);

// Sealed records of the trail's account, each once, under AWS's name of a file; what is not sealed yet waits.
TEST_P(DeliveryTest, EveryRecordOnce) {
  Begin("main");
  const std::string id = ChangeSql("one");
  EXPECT_EQ(Deliver(), 0u);
  Seal();
  EXPECT_EQ(Deliver(), 1u);
  EXPECT_THAT(Contents(), HasSubstr(id));
  EXPECT_THAT(Files().front(), testing::MatchesRegex("AWSLogs/123456789012/CloudTrail/us-east-1/.*\\.json\\.gz"));
  EXPECT_EQ(Deliver(), 0u);
  ChangeSql("two");
  Seal();
  EXPECT_EQ(Deliver(), 1u);
  EXPECT_EQ(Files().size(), 2u);
  EXPECT_TRUE(trails_->Find(account_, "main")->delivered.has_value());
}

// A server that dies between the file and the cursor writes the same file again, not a second one with the same events.
TEST_P(DeliveryTest, ADeathBetweenFileAndCursorRepeatsTheFile) {
  Begin("main");
  ChangeSql("one");
  Seal();
  const auto before = store_->Get("audit.trail", "123456789012/main").value();
  EXPECT_EQ(Deliver(), 1u);
  const std::string contents = Contents();
  kv::Batch back;
  back.Put("audit.trail", "123456789012/main", before->value);
  ASSERT_TRUE(store_->Apply(std::move(back)).ok());
  EXPECT_EQ(Deliver(), 1u);
  EXPECT_EQ(Files().size(), 1u);
  EXPECT_EQ(Contents(), contents);
}

// A bucket that is gone is told by the trail's status; nothing is skipped, and it goes on when the bucket is back.
TEST_P(DeliveryTest, AMissingBucketLosesNothing) {
  Begin("main");
  const std::string id = ChangeSql("one");
  Seal();
  ASSERT_TRUE(objects_->DeleteBucket(account_, "files").ok());
  EXPECT_EQ(Deliver(), 0u);
  EXPECT_THAT(trails_->Find(account_, "main")->delivery_error, Not(testing::IsEmpty()));
  ASSERT_TRUE(objects_->CreateBucket(account_, region_, "files").ok());
  EXPECT_EQ(Deliver(), 1u);
  EXPECT_THAT(Contents(), HasSubstr(id));
  EXPECT_EQ(trails_->Find(account_, "main")->delivery_error, "");
}

// Other accounts' trails have other accounts' records; a stopped trail has none.
TEST_P(DeliveryTest, OnlyTheTrailsOwn) {
  const AccountId other("999999999999");
  ASSERT_TRUE(objects_->CreateBucket(other, region_, "others").ok());
  Trail theirs = Wish("theirs");
  theirs.account = other;
  theirs.bucket = "others";
  ASSERT_TRUE(trails_->Create(theirs).ok());
  ASSERT_TRUE(trails_->SetLogging(other, "theirs", true).ok());
  Begin("main");
  ASSERT_TRUE(trails_->SetLogging(account_, "main", false).ok());
  ChangeSql("one");
  Seal();
  EXPECT_EQ(Deliver(), 0u);
  EXPECT_EQ(trails_->Create(Wish("main")).error().reason, kTrailExists);
  Trail nowhere = Wish("nowhere");
  nowhere.bucket = "others";
  EXPECT_EQ(trails_->Create(nowhere).error().reason, kNoBucket);
  EXPECT_EQ(trails_->Find(other, trails_->Find(account_, "main")->Arn()).error().reason, kTrailNotFound);
}

// Selectors are the log's within the call that makes them: data events are recorded from then on, and only those.
TEST_P(DeliveryTest, SelectorsTurnDataEventsOn) {
  const audit::Class read = audit::Classify("s3", "GetObject"), write = audit::Classify("s3", "PutObject");
  const std::string object = "arn:aws:s3:::watched/k";
  Begin("main");
  EXPECT_FALSE(log_->Wants(account_, read, object));
  const auto select = [&](const std::string& mode) {
    return trails_->Update(account_, "main", [&](Trail& trail) -> Status {
      trail.basic = {{.read_write = mode, .resources = {{"AWS::S3::Object", {"arn:aws:s3:::watched/"}}}}};
      return CheckSelectors(trail.basic, trail.advanced);
    });
  };
  ASSERT_TRUE(select("WriteOnly").ok());
  EXPECT_TRUE(log_->Wants(account_, write, object));
  EXPECT_FALSE(log_->Wants(account_, read, object));
  ASSERT_TRUE(select("All").ok());
  EXPECT_TRUE(log_->Wants(account_, read, object));
  EXPECT_FALSE(log_->Wants(account_, read, "arn:aws:s3:::other/k"));
  EXPECT_FALSE(log_->Wants(AccountId("999999999999"), read, object));
  EXPECT_EQ(select("Some").error().reason, kInvalidSelectors);
  ASSERT_TRUE(trails_->SetLogging(account_, "main", false).ok());
  EXPECT_FALSE(log_->Wants(account_, read, object));
}

}  // namespace
}  // namespace aloft::trails
