// Buckets: whose they are, and how they go.
#include <future>
#include <thread>

#include "foundation/base/fault_point.h"
#include "foundation/os/thread_pool.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

using BucketsTest = ObjectsTest;
INSTANTIATE_TEST_SUITE_P(Engines, BucketsTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// Bucket names are one namespace; who owns a bucket is nobody else's business.
TEST_P(BucketsTest, BucketsBelongToAccounts) {
  EXPECT_EQ(objects_->CreateBucket(account_, region_, "data").error().reason, kBucketOwned);
  EXPECT_EQ(objects_->CreateBucket(stranger_, region_, "data").error().reason, kBucketTaken);
  EXPECT_EQ(objects_->HeadBucket(stranger_, "data").error().reason, kForeignBucket);
  EXPECT_EQ(objects_->HeadBucket(account_, "nope").error().reason, kNoSuchBucket);
  EXPECT_EQ(objects_->Put(stranger_, {.bucket = "data", .key = "k"}, "x").error().reason, kForeignBucket);
  for (const char* name : {"bbb", "aaa", "ccc"}) ASSERT_TRUE(objects_->CreateBucket(account_, region_, name).ok());
  auto page = objects_->ListBuckets(account_, "", "", 2);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->buckets.size(), 2u);
  EXPECT_EQ(page->buckets[0].name, "aaa");
  EXPECT_EQ(page->next_after, "bbb");
  page = objects_->ListBuckets(account_, "", page->next_after, 2);
  ASSERT_EQ(page->buckets.size(), 2u);
  EXPECT_EQ(page->buckets[1].name, "data");
  EXPECT_EQ(page->next_after, "");
  EXPECT_TRUE(objects_->ListBuckets(stranger_, "", "", 10)->buckets.empty());
}

// Deleting a bucket must not take an object with it, and leaves nothing of its uploads.
TEST_P(BucketsTest, DeleteBucketOnlyWhenEmpty) {
  MustPut("k", "x");
  EXPECT_EQ(objects_->DeleteBucket(account_, "data").error().reason, kBucketNotEmpty);
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "k"}).ok());
  UploadInfo upload = MustCreateUpload("big");
  ASSERT_TRUE(PutPart(upload, 1, Bytes(500)).ok());
  ASSERT_TRUE(objects_->DeleteBucket(account_, "data").ok());
  EXPECT_EQ(objects_->HeadBucket(account_, "data").error().reason, kNoSuchBucket);
  EXPECT_EQ(objects_->DeleteBucket(account_, "data").error().reason, kNoSuchBucket);
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 0u);
  ASSERT_TRUE(objects_->CreateBucket(stranger_, region_, "data").ok());
  EXPECT_TRUE(objects_->ListObjects(stranger_, {.bucket = "data"})->objects.empty());
}

// A put that was acknowledged while its bucket was being deleted must be in a bucket that exists.
TEST_P(BucketsTest, DeleteBucketAgainstPuts) {
  for (int round = 0; round < 30; ++round) {
    std::string bucket = "race" + std::to_string(round);
    ASSERT_TRUE(objects_->CreateBucket(account_, region_, bucket).ok());
    Result<ObjectInfo> put = Fail(kInternal, "");
    Status deleted;
    std::thread writer([&] { put = objects_->Put(account_, {.bucket = bucket, .key = "k"}, Bytes(100)); });
    std::thread remover([&] { deleted = objects_->DeleteBucket(account_, bucket); });
    writer.join();
    remover.join();
    EXPECT_NE(put.ok(), deleted.ok()) << (put.ok() ? "" : Describe(put.error()));
    EXPECT_EQ(objects_->Get(account_, bucket, "k", 1000).ok(), put.ok());
  }
}

// A server that died while deleting a bucket must not leave it closed for ever.
TEST_P(BucketsTest, HalfDeletedBucketOpensAgain) {
  auto found = store_->Get("objects.bucket", "data");
  ASSERT_TRUE(found.ok() && *found);
  // Field 5 is the time of closing.
  std::string closed = (*found)->value;
  std::uint64_t micros = static_cast<std::uint64_t>(ToMicros(clock_.Now()));
  closed += static_cast<char>(10);
  for (; micros >= 0x80; micros >>= 7) closed += static_cast<char>(micros | 0x80);
  closed += static_cast<char>(micros);
  kv::Batch batch;
  batch.Put("objects.bucket", "data", closed);
  ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  EXPECT_EQ(objects_->Put(account_, {.bucket = "data", .key = "k"}, "x").error().reason, kBusy);
  clock_.Advance(std::chrono::seconds(11));
  EXPECT_TRUE(objects_->Put(account_, {.bucket = "data", .key = "k"}, "x").ok());
}

}  // namespace
}  // namespace aloft::objects
