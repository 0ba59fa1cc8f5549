#include "services/objects/service.h"

#include <atomic>
#include <future>
#include <thread>

#include "foundation/codec/base64.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/thread_pool.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

INSTANTIATE_TEST_SUITE_P(Engines, ObjectsTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// The point of an object store: what was put is what is got, small and large, also after a restart.
TEST_P(ObjectsTest, PutThenGet) {
  for (std::size_t size : {0, 1, 64, 65, 5000}) {
    std::string key = "dir/" + std::to_string(size);
    ObjectInfo info = MustPut(key, Bytes(size));
    EXPECT_EQ(info.etag, HexEncode(AsBytes(crypto::Md5(Bytes(size)))));
    EXPECT_EQ(MustGet(key), Bytes(size));
  }
  Restart();
  EXPECT_EQ(MustGet("dir/65"), Bytes(65));
  EXPECT_EQ(MustGet("dir/64"), Bytes(64));
  EXPECT_EQ(objects_->HeadObject(account_, "data", "dir/0")->size, 0u);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "none").error().reason, kNoSuchKey);
}

// What the owner says about an object is part of it.
TEST_P(ObjectsTest, KeepsAttributes) {
  PutRequest request{.bucket = "data", .key = "k"};
  request.attributes = {"text/csv",    "no-cache",
                        "inline",      "gzip",
                        "de",          "Thu, 01 Jan 2030 00:00:00 GMT",
                        "STANDARD_IA", {{"owner", "\xc3\xa9"}, {"empty", ""}},
                        {{"t", "v"}}};
  ASSERT_TRUE(objects_->Put(account_, request, "x").ok());
  Restart();
  auto info = objects_->HeadObject(account_, "data", "k");
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->attributes.content_type, "text/csv");
  EXPECT_EQ(info->attributes.expires, request.attributes.expires);
  EXPECT_EQ(info->attributes.metadata, request.attributes.metadata);
  EXPECT_EQ(info->attributes.tags, request.attributes.tags);
  EXPECT_EQ(info->attributes.storage_class, "STANDARD_IA");
  request.attributes.metadata = {{"k", std::string(2100, 'x')}};
  EXPECT_EQ(objects_->Put(account_, request, "x").error().reason, kMetadataTooLarge);
}

// A wrong digest means the bytes were damaged on the way: nothing may become visible, nothing may stay behind.
TEST_P(ObjectsTest, RefusesWrongDigests) {
  for (std::size_t size : {10, 1000}) {
    for (bool md5 : {true, false}) {
      auto session = objects_->BeginPut(account_, {.bucket = "data", .key = "k"});
      ASSERT_TRUE(session.ok());
      ASSERT_TRUE((*session)->Append(AsBytes(Bytes(size))).ok());
      ExpectedDigests wrong;
      (md5 ? wrong.md5 : wrong.checksum) = md5 ? crypto::Md5("other") : "AAAAAAAAAAA=";
      EXPECT_EQ((*session)->Commit(wrong).error().reason, kBadDigest);
    }
  }
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k").error().reason, kNoSuchKey);
  EXPECT_EQ(blobs_.count(), 0u);
}

// Overwriting gives the old bytes back, but not from under a reader.
TEST_P(ObjectsTest, OverwriteReclaimsOldBytes) {
  MustPut("k", Bytes(1000, 'a'));
  auto reader = objects_->GetObject(account_, "data", "k");
  ASSERT_TRUE(reader.ok());
  MustPut("k", Bytes(1000, 'b'));
  EXPECT_EQ(blobs_.count(), 2u);
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 2u) << "a reader still has it";
  std::string got(1000, '\0');
  ASSERT_TRUE((*reader)->Read(0, {reinterpret_cast<std::uint8_t*>(got.data()), got.size()}).ok());
  EXPECT_EQ(got, Bytes(1000, 'a'));
  reader->reset();
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 1u);
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "k"}).ok());
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "k"}).ok()) << "deleting nothing succeeds";
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 0u);
}

// A server that dies between the two stores leaves a blob that nobody will ever name: only its age tells.
TEST_P(ObjectsTest, SweepRemovesOrphansByAge) {
  auto writer = blobs_.Create(0);
  ASSERT_TRUE((*writer)->Append(AsBytes(Bytes(100))).ok());
  ASSERT_TRUE((*writer)->Commit().ok());
  MustPut("k", Bytes(1000));
  EXPECT_EQ(objects_->SweepOrphans(std::chrono::hours(1))->orphans, 0u) << "it may be a write in progress";
  clock_.Advance(std::chrono::hours(2));
  EXPECT_EQ(objects_->SweepOrphans(std::chrono::hours(1))->orphans, 1u);
  EXPECT_EQ(MustGet("k"), Bytes(1000));
}

// A full disk refuses the write and changes nothing.
TEST_P(ObjectsTest, FullDiskKeepsTheOldObject) {
  MustPut("k", Bytes(1000, 'a'));
  blobs_.fail_commits = true;
  EXPECT_EQ(objects_->Put(account_, {.bucket = "data", .key = "k"}, Bytes(1000, 'b')).error().reason, kDiskFull);
  blobs_.fail_commits = false;
  EXPECT_EQ(MustGet("k"), Bytes(1000, 'a'));
}

// Conditional writes are how clients build locks and commit logs on S3.
TEST_P(ObjectsTest, ConditionalWrites) {
  PutRequest once{.bucket = "data", .key = "k"};
  once.condition.if_none_match = true;
  ASSERT_TRUE(objects_->Put(account_, once, "1").ok());
  EXPECT_EQ(objects_->Put(account_, once, "2").error().reason, kConditionFailed);
  PutRequest match{.bucket = "data", .key = "k"};
  match.condition.if_match = "0123";
  EXPECT_EQ(objects_->Put(account_, match, "2").error().reason, kConditionFailed);
  match.condition.if_match = objects_->HeadObject(account_, "data", "k")->etag;
  EXPECT_TRUE(objects_->Put(account_, match, "2").ok());
  match.key = "absent";
  EXPECT_EQ(objects_->Put(account_, match, "2").error().reason, kConditionNoSuchKey);
  EXPECT_EQ(objects_->DeleteObject(account_, {.bucket = "data", .key = "k", .condition = {.if_match = "0123"}})
                .error()
                .reason,
            kConditionFailed);
  EXPECT_EQ(MustGet("k"), "2");
}

// Two writers with If-None-Match: exactly one may win, however they interleave.
TEST_P(ObjectsTest, OnlyOneCreatorWins) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        PutRequest request{.bucket = "data", .key = "lock" + std::to_string(round)};
        request.condition.if_none_match = true;
        auto put = objects_->Put(account_, request, Bytes(i % 2 == 0 ? 10 : 200));
        if (put.ok())
          ++won;
        else
          EXPECT_EQ(put.error().reason, kConditionFailed) << Describe(put.error());
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
  }
  ReclaimAll();
}

// Puts that nobody waits for: each is told its outcome once, of those that may only create a key one wins, and all that
// may overwrite do, however often others are faster.
TEST_P(ObjectsTest, SoonIsToldOnce) {
  constexpr int kPuts = 40;
  std::atomic<int> told = 0, created = 0, overwrote = 0;
  {
    os::ThreadPool pool("later", 2, kPuts);
    std::vector<std::unique_ptr<PutSession>> sessions;
    const auto all = std::make_shared<std::promise<void>>();
    for (int i = 0; i < kPuts; ++i) {
      const bool create = i % 2 == 0;
      PutRequest request{.bucket = "data", .key = create ? "created" : "overwritten"};
      request.condition.if_none_match = create;
      sessions.push_back(objects_->BeginPut(account_, request).value());
      ASSERT_TRUE(sessions.back()->Append(AsBytes(Bytes(i % 3 == 0 ? 1000 : 10))).ok());
    }
    for (int i = 0; i < kPuts; ++i)
      sessions[i]->CommitSoon(
          {}, [&](std::function<void()> work) { return pool.TryContinue(std::move(work)); },
          [&, all, i](Result<ObjectInfo> made) {
            if (made.ok()) ++(i % 2 == 0 ? created : overwrote);
            if (++told == kPuts) all->set_value();
          });
    all->get_future().get();
  }
  EXPECT_EQ(told, kPuts);
  EXPECT_EQ(created, 1);
  EXPECT_EQ(overwrote, kPuts / 2);
  Restart();
  auto report = objects_->Check({.verify = true}, [](const Problem& problem) { ADD_FAILURE() << problem.what; });
  EXPECT_TRUE(report.ok());
}

// Concurrent overwrites of one key leave one whole body, and no bytes of the others.
TEST_P(ObjectsTest, StormOnOneKey) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 25; ++n) {
        MustPut("hot", Bytes(100, static_cast<char>('a' + i)));
        auto body = objects_->Get(account_, "data", "hot", 1000);
        ASSERT_TRUE(body.ok()) << Describe(body.error());
        EXPECT_EQ(*body, Bytes(100, body->front()));
      }
    });
  for (auto& thread : threads) thread.join();
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 1u);
}

// Copying shares large bodies and must survive the death of the original.
TEST_P(ObjectsTest, CopySharesBytes) {
  for (std::size_t size : {10, 1000}) {
    PutRequest put{.bucket = "data", .key = "from"};
    put.attributes.content_type = "text/plain";
    put.attributes.metadata = {{"a", "b"}};
    ASSERT_TRUE(objects_->Put(account_, put, Bytes(size)).ok());
    CopyRequest copy{.source_bucket = "data", .source_key = "from", .target = {.bucket = "data", .key = "to"}};
    ASSERT_TRUE(objects_->CopyObject(account_, copy).ok());
    EXPECT_EQ(objects_->HeadObject(account_, "data", "to")->attributes.metadata, put.attributes.metadata);
    copy.replace_attributes = true;
    copy.target.attributes.content_type = "text/csv";
    ASSERT_TRUE(objects_->CopyObject(account_, copy).ok());
    EXPECT_EQ(objects_->HeadObject(account_, "data", "to")->attributes.content_type, "text/csv");
    EXPECT_TRUE(objects_->HeadObject(account_, "data", "to")->attributes.metadata.empty());
    EXPECT_LE(blobs_.count(), 1u);
    ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "from"}).ok());
    ReclaimAll();
    EXPECT_EQ(MustGet("to"), Bytes(size));
    ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "to"}).ok());
    ReclaimAll();
    EXPECT_EQ(blobs_.count(), 0u);
  }
}

// Metadata of an object changes by copying it onto itself; the old bytes must not go with the old entry.
TEST_P(ObjectsTest, CopyOntoItself) {
  MustPut("k", Bytes(1000));
  CopyRequest copy{.source_bucket = "data", .source_key = "k", .target = {.bucket = "data", .key = "k"}};
  copy.replace_attributes = true;
  copy.target.attributes.metadata = {{"new", "1"}};
  copy.keep_checksum = false;
  copy.target.checksum = ChecksumAlgorithm::kSha256;
  auto info = objects_->CopyObject(account_, copy);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->checksum.value, codec::Base64Encode(crypto::Sha256(Bytes(1000))));
  ReclaimAll();
  EXPECT_EQ(MustGet("k"), Bytes(1000));
}

// Tags change without touching the bytes or their date.
TEST_P(ObjectsTest, Tags) {
  ObjectInfo before = MustPut("k", Bytes(200));
  clock_.Advance(std::chrono::seconds(5));
  ASSERT_TRUE(objects_->SetTags(account_, "data", "k", {{"a", "1"}}).ok());
  auto after = objects_->HeadObject(account_, "data", "k");
  EXPECT_EQ(after->attributes.tags, (Pairs{{"a", "1"}}));
  EXPECT_EQ(after->modified, before.modified);
  EXPECT_EQ(MustGet("k"), Bytes(200));
  EXPECT_EQ(objects_->SetTags(account_, "data", "k", {{"a", "1"}, {"a", "2"}}).error().reason, kInvalidTag);
  EXPECT_EQ(objects_->SetTags(account_, "data", "k", Pairs(11, {"a", "1"})).error().reason, kInvalidTag);
}

}  // namespace
}  // namespace aloft::objects
