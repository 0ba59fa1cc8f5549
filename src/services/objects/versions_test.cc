#include <set>
#include <thread>

#include "services/objects/records/position.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

class VersionsTest : public ObjectsTest {
 protected:
  void SetVersioning(Versioning versioning) {
    auto set = objects_->SetVersioning(account_, "data", versioning);
    ASSERT_TRUE(set.ok()) << Describe(set.error());
  }
  Deleted MustDelete(const std::string& key, const std::string& version = {}) {
    auto deleted = objects_->DeleteObject(account_, {.bucket = "data", .key = key, .version = version});
    EXPECT_TRUE(deleted.ok()) << (deleted.ok() ? "" : Describe(deleted.error()));
    return deleted.ok() ? *deleted : Deleted{};
  }
  std::string GetVersion(const std::string& key, const std::string& version) {
    auto reader = objects_->GetObject(account_, "data", key, {.version = version});
    if (!reader.ok()) return std::string(reader.error().reason.name);
    std::string body((*reader)->info().size, '\0');
    auto count = (*reader)->Read(0, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()});
    return count.ok() ? body : Describe(count.error());
  }
  // "key/id*" of each version, the latest with a star, markers with a minus.
  std::vector<std::string> List(ListVersionsRequest request = {}) {
    request.bucket = "data";
    std::vector<std::string> shown;
    auto page = objects_->ListVersions(account_, request);
    EXPECT_TRUE(page.ok()) << (page.ok() ? "" : Describe(page.error()));
    if (!page.ok()) return shown;
    for (const auto& one : page->versions)
      shown.push_back(one.key + "/" + one.version_id + (one.is_latest ? "*" : "") + (one.is_delete_marker ? "-" : ""));
    for (const auto& prefix : page->common_prefixes) shown.push_back("[" + prefix + "]");
    return shown;
  }
  void ExpectNothingLeft() {
    ReclaimAll();
    EXPECT_EQ(blobs_.count(), 0u);
    for (const char* space : {"objects.index", "objects.version", "objects.inline", "objects.holder"})
      EXPECT_TRUE(store_->Scan(space, {})->entries.empty()) << space;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, VersionsTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// The promise of versioning: nothing that was put is lost by putting or deleting.
TEST_P(VersionsTest, KeepsWhatWasPut) {
  EXPECT_EQ(MustPut("k", "before").version_id, "") << "a bucket that never had versioning names none";
  SetVersioning(Versioning::kEnabled);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k")->version_id, "null");
  std::string one = MustPut("k", Bytes(1000, 'a')).version_id;
  std::string two = MustPut("k", Bytes(1000, 'b')).version_id;
  Deleted deleted = MustDelete("k");
  EXPECT_TRUE(deleted.delete_marker);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k").error().reason, kDeleteMarker);
  EXPECT_TRUE(objects_->ListObjects(account_, {.bucket = "data"})->objects.empty());
  Restart();
  ReclaimAll();
  EXPECT_EQ(GetVersion("k", one), Bytes(1000, 'a'));
  EXPECT_EQ(GetVersion("k", two), Bytes(1000, 'b'));
  EXPECT_EQ(GetVersion("k", "null"), "before");
  EXPECT_EQ(GetVersion("k", deleted.version_id), "DeleteMarkerVersion");
  EXPECT_EQ(GetVersion("k", std::string(32, '0')), "NoSuchVersion");
  EXPECT_EQ(GetVersion("k", "none"), "InvalidVersion");
  EXPECT_EQ(List(), (std::vector<std::string>{"k/" + deleted.version_id + "*-", "k/" + two, "k/" + one, "k/null"}));
  EXPECT_TRUE(objects_->FindVersion(account_, "data", "k")->is_delete_marker);
  EXPECT_EQ(objects_->DeleteBucket(account_, "data").error().reason, kBucketNotEmpty);
}

// Removing the marker brings the object back; removing the latest brings the one before.
TEST_P(VersionsTest, RemovingVersionsUncoversOlderOnes) {
  SetVersioning(Versioning::kEnabled);
  std::string one = MustPut("k", Bytes(1000, 'a')).version_id;
  std::string two = MustPut("k", "b").version_id;
  Deleted marker = MustDelete("k");
  EXPECT_TRUE(MustDelete("k", marker.version_id).delete_marker);
  EXPECT_EQ(MustGet("k"), "b");
  EXPECT_FALSE(MustDelete("k", two).delete_marker);
  EXPECT_EQ(MustGet("k"), Bytes(1000, 'a'));
  MustDelete("k", two);  // gone already: succeeds
  MustDelete("k", one);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k").error().reason, kNoSuchKey);
  ExpectNothingLeft();
  EXPECT_TRUE(objects_->DeleteBucket(account_, "data").ok());
}

// A suspended bucket has one null version per key; the versions from before stay.
TEST_P(VersionsTest, SuspendedBucketsReplaceTheNullVersion) {
  MustPut("k", Bytes(500, 'n'));
  SetVersioning(Versioning::kEnabled);
  std::string one = MustPut("k", Bytes(500, 'a')).version_id;
  SetVersioning(Versioning::kSuspended);
  EXPECT_EQ(MustPut("k", Bytes(500, 'b')).version_id, "null");
  EXPECT_EQ(GetVersion("k", "null"), Bytes(500, 'b'));
  EXPECT_EQ(List(), (std::vector<std::string>{"k/null*", "k/" + one})) << "the older null version gave way";
  MustPut("k", Bytes(500, 'c'));
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 2u);
  Deleted marker = MustDelete("k");
  EXPECT_EQ(marker.version_id, "null");
  EXPECT_EQ(List(), (std::vector<std::string>{"k/null*-", "k/" + one}));
  SetVersioning(Versioning::kEnabled);
  std::string two = MustPut("k", "d").version_id;
  EXPECT_EQ(List(), (std::vector<std::string>{"k/" + two + "*", "k/null-", "k/" + one}));
  MustDelete("k", "null");
  EXPECT_EQ(List(), (std::vector<std::string>{"k/" + two + "*", "k/" + one}));
  MustDelete("k", two);
  MustDelete("k", one);
  ExpectNothingLeft();
}

// Ids order the versions even when the clock stands still or goes back.
TEST_P(VersionsTest, OrderDoesNotRestOnTheClock) {
  SetVersioning(Versioning::kEnabled);
  std::vector<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    if (i == 3) clock_.Advance(-std::chrono::hours(1));
    expected.insert(expected.begin(), MustPut("k", std::string(1, static_cast<char>('a' + i))).version_id);
  }
  std::vector<std::string> shown;
  auto page = objects_->ListVersions(account_, {.bucket = "data"});
  for (const auto& one : page->versions) shown.push_back(one.version_id);
  EXPECT_EQ(shown, expected);
  EXPECT_EQ(MustGet("k"), "e");
}

// Every page size and every marker gives the same listing, with zero bytes in keys too.
TEST_P(VersionsTest, PagesJoinToTheWhole) {
  std::string zero("a\0b", 3);
  MustPut("a", "0");
  SetVersioning(Versioning::kEnabled);
  for (const std::string& key : {std::string("a"), zero, std::string("a/1"), std::string("a/2"), std::string("b")})
    for (int i = 0; i < 3; ++i) MustPut(key, "x");
  MustDelete("a/1");
  auto whole = List();
  EXPECT_EQ(whole.size(), 17u);
  for (std::size_t size : {1, 2, 3, 5, 16, 17}) {
    std::vector<std::string> joined;
    ListVersionsRequest request{.bucket = "data"};
    request.max_keys = size;
    while (true) {
      auto shown = List(request);
      joined.insert(joined.end(), shown.begin(), shown.end());
      auto page = objects_->ListVersions(account_, request);
      if (!page->truncated) break;
      request.key_marker = page->next_key_marker;
      request.version_id_marker = page->next_version_id_marker;
    }
    EXPECT_EQ(joined, whole) << size;
  }
  EXPECT_EQ(List({.prefix = "a/"}).size(), 7u);
  EXPECT_EQ(List({.prefix = zero}).size(), 3u);
  EXPECT_EQ(List({.delimiter = "/"}).size(), 11u);
  EXPECT_EQ(List({.delimiter = "/"}).back(), "[a/]");
  EXPECT_EQ(List({.delimiter = "/", .key_marker = "a/"}).size(), 3u);
  EXPECT_EQ(List({.key_marker = "a/2"}).size(), 3u);
  // An id that is gone still says where to go on.
  auto page = objects_->ListVersions(account_, {.bucket = "data", .key_marker = "a/2"});
  std::string id = page->versions[1].version_id;
  MustDelete("b", id);
  EXPECT_EQ(List({.key_marker = "b", .version_id_marker = id}).size(), 1u);
}

// A delimiter listing of objects must not show a folder in which everything was deleted.
TEST_P(VersionsTest, HiddenObjectsMakeNoPrefixes) {
  SetVersioning(Versioning::kEnabled);
  for (const char* key : {"a/1", "a/2", "b/1"}) MustPut(key, "x");
  MustDelete("a/1");
  MustDelete("a/2");
  auto page = objects_->ListObjects(account_, {.bucket = "data", .delimiter = "/"});
  EXPECT_EQ(page->common_prefixes, std::vector<std::string>{"b/"});
}

// A version is copied, tagged and restored by its id, whatever came after it.
TEST_P(VersionsTest, CopiesAndTagsByVersion) {
  SetVersioning(Versioning::kEnabled);
  std::string one = MustPut("k", Bytes(1000, 'a')).version_id;
  MustPut("k", Bytes(1000, 'b'));
  ASSERT_TRUE(objects_->SetTags(account_, "data", "k", {{"t", "1"}}, one).ok());
  EXPECT_TRUE(objects_->HeadObject(account_, "data", "k")->attributes.tags.empty());
  CopyRequest copy{.source_bucket = "data", .source_key = "k", .source_version = one};
  copy.target = {.bucket = "data", .key = "k"};
  ASSERT_TRUE(objects_->CopyObject(account_, copy).ok());
  EXPECT_EQ(MustGet("k"), Bytes(1000, 'a'));
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k")->attributes.tags, (Pairs{{"t", "1"}}));
  EXPECT_EQ(List().size(), 3u);
  MustDelete("k", one);
  ReclaimAll();
  EXPECT_EQ(MustGet("k"), Bytes(1000, 'a')) << "the copy holds the bytes";
}

// Many deletions share durable writes, and each still gets its own answer.
TEST_P(VersionsTest, DeletesMany) {
  SetVersioning(Versioning::kEnabled);
  std::string one = MustPut("a", Bytes(500)).version_id;
  MustPut("b", "x");
  auto results = objects_->DeleteMany(account_, {{.bucket = "data", .key = "a", .version = one},
                                                 {.bucket = "data", .key = "a"},
                                                 {.bucket = "data", .key = "b", .version = "wrong"},
                                                 {.bucket = "data", .key = "b"},
                                                 {.bucket = "nope", .key = "b"}});
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results[0]->version_id, one);
  EXPECT_TRUE(results[1]->delete_marker);
  EXPECT_EQ(results[2].error().reason, kInvalidVersion);
  EXPECT_TRUE(results[3]->delete_marker);
  EXPECT_EQ(results[4].error().reason, kNoSuchBucket);
  EXPECT_EQ(List().size(), 3u);
}

// Retention is what people trust with records they must not lose: until its date nothing removes a compliant version,
// and governance yields only to who says so.
TEST_P(VersionsTest, LocksBind) {
  ASSERT_TRUE(objects_->CreateBucket(account_, region_, "vault", {}, true).ok());
  EXPECT_EQ(objects_->SetVersioning(account_, "vault", Versioning::kSuspended).error().reason, kLockNeedsVersioning);
  Time day = clock_.Now() + std::chrono::days(1);
  PutRequest put{.bucket = "vault", .key = "k"};
  put.lock.retention = {RetentionMode::kGovernance, day};
  std::string governed = objects_->Put(account_, put, "g")->version_id;
  put.lock.retention = {RetentionMode::kCompliance, day};
  std::string compliant = objects_->Put(account_, put, "c")->version_id;
  DeleteRequest remove{.bucket = "vault", .key = "k", .version = governed};
  EXPECT_EQ(objects_->DeleteObject(account_, remove).error().reason, kVersionLocked);
  remove.bypass_governance = true;
  EXPECT_TRUE(objects_->DeleteObject(account_, remove).ok());
  remove.version = compliant;
  EXPECT_EQ(objects_->DeleteObject(account_, remove).error().reason, kVersionLocked);
  EXPECT_TRUE(objects_->DeleteObject(account_, {.bucket = "vault", .key = "k"}).ok()) << "a marker removes nothing";

  auto retain = [&](RetentionMode mode, Time until, bool bypass) {
    auto set = objects_->SetRetention(account_, "vault", "k", {mode, until}, bypass, compliant);
    return set.ok() ? std::string() : std::string(set.error().reason.name);
  };
  EXPECT_EQ(retain(RetentionMode::kCompliance, day - std::chrono::hours(1), true), "VersionLocked");
  EXPECT_EQ(retain(RetentionMode::kGovernance, day + std::chrono::hours(1), true), "VersionLocked");
  EXPECT_EQ(retain(RetentionMode::kNone, {}, true), "VersionLocked");
  EXPECT_EQ(retain(RetentionMode::kCompliance, clock_.Now(), true), "InvalidRetention");
  EXPECT_EQ(retain(RetentionMode::kCompliance, day + std::chrono::hours(1), false), "");
  ASSERT_TRUE(objects_->SetLegalHold(account_, "vault", "k", true, compliant).ok());
  clock_.Advance(std::chrono::days(2));
  EXPECT_EQ(objects_->DeleteObject(account_, remove).error().reason, kVersionLocked) << "held";
  ASSERT_TRUE(objects_->SetLegalHold(account_, "vault", "k", false, compliant).ok());
  EXPECT_TRUE(objects_->DeleteObject(account_, remove).ok());
}

// The bucket's default covers what writers do not say, also for copies and uploads in parts.
TEST_P(VersionsTest, DefaultRetention) {
  SetVersioning(Versioning::kEnabled);
  PutRequest put{.bucket = "data", .key = "k"};
  put.lock.legal_hold = true;
  EXPECT_EQ(objects_->Put(account_, put, "x").error().reason, kNoLockConfiguration);
  LockConfiguration lock{true, {RetentionMode::kCompliance, 1, 1}};
  EXPECT_EQ(objects_->SetLockConfiguration(account_, "data", lock).error().reason, kInvalidRetention);
  lock.retention.years = 0;
  ASSERT_TRUE(objects_->SetLockConfiguration(account_, "data", lock).ok());
  EXPECT_EQ(objects_->HeadBucket(account_, "data")->lock.retention.days, 1);
  Time until = clock_.Now() + std::chrono::days(1);
  EXPECT_EQ(MustPut("k", "x").lock.retention, (Retention{RetentionMode::kCompliance, until}));
  CopyRequest copy{.source_bucket = "data", .source_key = "k", .target = {.bucket = "data", .key = "copy"}};
  EXPECT_EQ(objects_->CopyObject(account_, copy)->lock.retention.until, until);
  UploadInfo upload = MustCreateUpload("parts");
  auto part = PutPart(upload, 1, "x");
  Restart();
  EXPECT_EQ(objects_->CompleteUpload(account_, Completion(upload, {*part}))->lock.retention.until, until);
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k")->lock.retention.until, until);
}

// Writers and deleters of versions of one key meet: every acknowledged put is there, exactly once, until it is removed.
TEST_P(VersionsTest, StormOfVersions) {
  SetVersioning(Versioning::kEnabled);
  std::mutex mutex;
  std::set<std::string> kept;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) {
        std::string id = MustPut("hot", Bytes(100, static_cast<char>('a' + i))).version_id;
        bool remove = n % 3 == 0;
        if (remove) MustDelete("hot", id);
        std::lock_guard lock(mutex);
        if (!remove) kept.insert(id);
      }
    });
  for (auto& thread : threads) thread.join();
  std::set<std::string> shown;
  auto page = objects_->ListVersions(account_, {.bucket = "data"});
  for (const auto& one : page->versions) shown.insert(one.version_id);
  EXPECT_EQ(shown, kept);
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), kept.size());
}

}  // namespace
}  // namespace aloft::objects
