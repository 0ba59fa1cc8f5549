#include <set>

#include "platform/keys/keyring.h"
#include "services/objects/engine/compressed_blob.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

class TiersTest : public ObjectsTest {
 protected:
  void SetUp() override {
    ObjectsTest::SetUp();
    OpenTiers(false);
  }
  void OpenTiers(bool encrypted) {
    Limits limits;
    limits.inline_bytes = 64;
    limits.min_compress_bytes = 128;
    limits.min_part_bytes = 100;
    limits.max_put_bytes = 10'000'000;
    objects_ = std::make_unique<Service>(*store_, blobs_, clock_, random_, Log::Discard(), limits,
                                         Keys{keyring_.get(), nullptr, encrypted}, &archive_);
  }
  ObjectInfo PutAs(const std::string& key, const std::string& body, const std::string& storage_class) {
    PutRequest request{.bucket = "data", .key = key};
    request.attributes.storage_class = storage_class;
    auto info = objects_->Put(account_, request, body);
    EXPECT_TRUE(info.ok()) << Describe(info.error());
    return info.ok() ? *info : ObjectInfo{};
  }
  Status Move(const std::string& key, const std::string& storage_class) {
    return objects_->Transition(account_, "data", key, "", storage_class);
  }
  std::vector<std::string> EventNames() {
    std::vector<std::string> names;
    auto page = store_->outbox().Read({}, kObjectTopic, 10'000);
    EXPECT_TRUE(page.ok());
    for (const auto& announced : page->entries) {
      auto event = DecodeEvent(announced.record);
      EXPECT_TRUE(event.ok());
      names.push_back(event->name + " " + event->key);
    }
    return names;
  }

  MemoryBlobs archive_{clock_};
  std::unique_ptr<keys::Keyring> keyring_ = keys::Keyring::Ephemeral(random_);
};
INSTANTIATE_TEST_SUITE_P(Engines, TiersTest, testing::Values(kv::Engine::kMemory, kv::Engine::kRocks), kv::EngineName);

// A class that is written with the object holds at once, plain and encrypted: infrequent access is smaller on the disk,
// an archive is elsewhere and out of reach.
TEST_P(TiersTest, ClassesDifferFromTheFirstByte) {
  for (bool encrypted : {false, true}) {
    OpenTiers(encrypted);
    for (std::size_t size : {10, 100, 5000, 3'000'000}) {
      std::string body(size, 'z');
      PutAs("ia", body, "STANDARD_IA");
      EXPECT_EQ(MustGet("ia"), body);
      PutAs("ir", body, "GLACIER_IR");
      EXPECT_EQ(MustGet("ir"), body);
      PutAs("cold", body, "DEEP_ARCHIVE");
      EXPECT_EQ(objects_->GetObject(account_, "data", "cold").error().reason, kArchived);
      EXPECT_EQ(objects_->HeadObject(account_, "data", "cold")->size, size);
    }
    EXPECT_GT(archive_.count(), 0u);
  }
}

// The archive cannot open what a customer's key guards: it stays where it is, and yet must be restored before its
// writer can read it, until the restored days are over.
TEST_P(TiersTest, CustomerKeysAreRestored) {
  const std::string key(32, 'c');
  for (std::size_t size : {std::size_t{10}, std::size_t{5000}}) {
    PutRequest request{.bucket = "data", .key = "k"};
    request.attributes.storage_class = "GLACIER";
    request.encryption = {.kind = EncryptionKind::kSseC, .customer_key = key};
    const std::string body = Bytes(size);
    ASSERT_TRUE(objects_->Put(account_, request, body).ok());
    EXPECT_EQ(archive_.count(), 0u);
    auto read = [&] { return objects_->GetObject(account_, "data", "k", {.customer_key = key}); };
    EXPECT_EQ(read().error().reason, kArchived);
    auto restored = objects_->RestoreObject(account_, "data", "k", "", 2);
    ASSERT_TRUE(restored.ok()) << Describe(restored.error());
    EXPECT_FALSE(*restored);
    auto reader = read();
    ASSERT_TRUE(reader.ok()) << Describe(reader.error());
    std::string got(size, '\0');
    ASSERT_TRUE((*reader)->Read(0, {reinterpret_cast<std::uint8_t*>(got.data()), got.size()}).ok());
    EXPECT_EQ(got, body);
    clock_.Advance(std::chrono::hours(24 * 4));
    EXPECT_EQ(*objects_->EndRestores(10), 1u);
    EXPECT_EQ(read().error().reason, kArchived);
  }
}

// Compression is invisible to readers: every range is as it was, and what does not shrink is kept as it is.
TEST_P(TiersTest, CompressedRanges) {
  std::string body;
  for (int i = 0; body.size() < 2'500'000; ++i) body += "line " + std::to_string(i) + " of a log\n";
  PutAs("k", body, "STANDARD_IA");
  auto reader = objects_->GetObject(account_, "data", "k");
  ASSERT_TRUE(reader.ok());
  for (std::size_t offset : {std::size_t{0}, std::size_t{1'048'570}, std::size_t{2'097'152}, body.size() - 5}) {
    std::string got(100, '\0');
    auto count = (*reader)->Read(offset, {reinterpret_cast<std::uint8_t*>(got.data()), got.size()});
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(got.substr(0, *count), body.substr(offset, 100));
  }
  EXPECT_TRUE(CompressionPays(AsBytes(body)));
  std::string noise =
      random_.Text(10'000, std::string_view("\0\x80\xff 0123456789abcdefghijklmnopqrstuvwxyzABCDEF", 46));
  PutAs("noise", noise, "STANDARD_IA");
  EXPECT_EQ(MustGet("noise"), noise);
}

// Moving between classes keeps the bytes and gives back the old ones; the date stays, so that age is the object's.
TEST_P(TiersTest, Transitions) {
  for (bool encrypted : {false, true}) {
    OpenTiers(encrypted);
    std::string body(5000, 'q');
    ObjectInfo before = MustPut("k", body);
    for (const char* storage_class : {"STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"}) {
      auto moved = Move("k", storage_class);
      ASSERT_TRUE(moved.ok()) << Describe(moved.error());
      auto info = objects_->HeadObject(account_, "data", "k");
      EXPECT_EQ(info->attributes.storage_class, storage_class);
      EXPECT_EQ(info->modified, before.modified);
      EXPECT_EQ(info->etag, before.etag);
      ReclaimAll();
      EXPECT_EQ(blobs_.count() + archive_.count(), 1u);
    }
    EXPECT_EQ(archive_.count(), 1u);
    ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "k"}).ok());
    ReclaimAll();
    EXPECT_EQ(archive_.count(), 0u);
  }
}

// An archived object comes back for the days that were asked for, and goes again.
TEST_P(TiersTest, RestoreBringsBackForSomeDays) {
  std::string body(5000, 'q');
  PutAs("k", body, "GLACIER");
  MustPut("warm", "x");
  EXPECT_EQ(objects_->RestoreObject(account_, "data", "warm", "", 1).error().reason, kNotArchived);
  auto restored = objects_->RestoreObject(account_, "data", "k", "", 2);
  ASSERT_TRUE(restored.ok()) << Describe(restored.error());
  EXPECT_FALSE(*restored);
  EXPECT_EQ(MustGet("k"), body);
  EXPECT_TRUE(*objects_->RestoreObject(account_, "data", "k", "", 3)) << "again: prolonged";
  EXPECT_EQ(blobs_.count(), 1u);
  CopyRequest copy{.source_bucket = "data", .source_key = "k", .target = {.bucket = "data", .key = "copy"}};
  ASSERT_TRUE(objects_->CopyObject(account_, copy).ok());
  ASSERT_TRUE(objects_->EndRestore(account_, "data", "k", "").ok());
  EXPECT_EQ(MustGet("k"), body) << "not over yet";
  clock_.Advance(std::chrono::days(5));
  EXPECT_EQ(objects_->GetObject(account_, "data", "k").error().reason, kArchived);
  EXPECT_EQ(*objects_->EndRestores(10), 2u) << "the first one and its prolongation";
  EXPECT_EQ(objects_->HeadObject(account_, "data", "k")->restore.expires, Time{});
  EXPECT_EQ(*objects_->EndRestores(10), 0u);
  ReclaimAll();
  EXPECT_EQ(MustGet("copy"), body) << "the copy holds what was restored";
  EXPECT_EQ(archive_.count(), 1u);
  EXPECT_EQ(objects_->CopyObject(account_, copy).error().reason, kArchived);
}

// Targets of notifications rest on this: each change is told once it happened, in order, and nothing else is.
TEST_P(TiersTest, ChangesAreAnnounced) {
  MustPut("a", "1");
  ASSERT_TRUE(Move("a", "GLACIER_IR").ok());
  ASSERT_TRUE(objects_->SetTags(account_, "data", "a", {{"t", "1"}}).ok());
  PutRequest refused{.bucket = "data", .key = "a"};
  refused.condition.if_none_match = true;
  ASSERT_FALSE(objects_->Put(account_, refused, "2").ok());
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "a"}).ok());
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "a"}).ok());
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", Versioning::kEnabled).ok());
  UploadInfo upload = MustCreateUpload("b");
  auto part = PutPart(upload, 1, "x");
  ASSERT_TRUE(objects_->CompleteUpload(account_, Completion(upload, {*part})).ok());
  DeleteRequest expire{.bucket = "data", .key = "b"};
  expire.by_lifecycle = true;
  ASSERT_TRUE(objects_->DeleteObject(account_, expire).ok());
  EXPECT_EQ(EventNames(),
            (std::vector<std::string>{"ObjectCreated:Put a", "LifecycleTransition a", "ObjectTagging:Put a",
                                      "ObjectRemoved:Delete a", "ObjectCreated:CompleteMultipartUpload b",
                                      "LifecycleExpiration:DeleteMarkerCreated b"}));
  ObjectEvent event{.name = "ObjectCreated:Put", .key = "in/a.jpg"};
  EXPECT_TRUE(Matches({.names = {"s3:ObjectCreated:*"}, .prefix = "in/", .suffix = ".jpg"}, event));
  EXPECT_FALSE(Matches({.names = {"s3:ObjectCreated:Copy"}}, event));
  EXPECT_FALSE(Matches({.names = {"s3:ObjectCreated:*"}, .prefix = "out/"}, event));
}

// A record that cannot be read is told, and neither ends the check nor costs the bytes that it may name.
TEST_P(TiersTest, CheckGoesOnBehindAnUnreadableRecord) {
  MustPut("broken", Bytes(1000));
  MustPut("whole", Bytes(1000));
  kv::Batch batch;
  batch.Put(kIndexSpace, IndexKey(*objects_->HeadBucket(account_, "data"), "broken"), "no record");
  ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  const std::size_t blobs = blobs_.count();
  clock_.Advance(std::chrono::hours(24));
  std::multiset<ProblemKind> found;
  auto report = objects_->Check({.verify = true, .repair = true}, [&](const Problem& p) { found.insert(p.kind); });
  ASSERT_TRUE(report.ok()) << Describe(report.error());
  EXPECT_TRUE(report->complete());
  EXPECT_EQ(found, std::multiset<ProblemKind>{ProblemKind::kUnreadableEntry});
  EXPECT_EQ(blobs_.count(), blobs);
}

// The check is what an operator asks after a bad day: it must find each kind of damage, mend what it can, and find
// nothing where nothing is wrong.
TEST_P(TiersTest, CheckFindsDamage) {
  MustPut("small", "x");
  MustPut("large", Bytes(1000));
  PutAs("cold", Bytes(1000), "GLACIER");
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", Versioning::kEnabled).ok());
  MustPut("large", Bytes(500));
  UploadInfo upload = MustCreateUpload("parts");
  ASSERT_TRUE(PutPart(upload, 1, Bytes(300)).ok());
  auto check = [&](bool repair) {
    std::multiset<ProblemKind> found;
    auto report = objects_->Check({.verify = true, .repair = repair}, [&](const Problem& p) { found.insert(p.kind); });
    EXPECT_TRUE(report.ok() && report->complete());
    EXPECT_EQ(report->problems, found.size());
    return found;
  };
  EXPECT_TRUE(check(false).empty());

  auto orphan = blobs_.Create(0);
  ASSERT_TRUE((*orphan)->Append(AsBytes(Bytes(10))).ok() && (*orphan)->Commit().ok());
  clock_.Advance(std::chrono::hours(2));
  auto holders = store_->Scan("objects.holder", {.limit = 1});
  auto bodies = store_->Scan("objects.inline", {});
  kv::Batch batch;
  batch.Delete("objects.holder", holders->entries.front().key);
  batch.Delete("objects.inline", bodies->entries.front().key);
  ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  using enum ProblemKind;
  EXPECT_EQ(check(true), (std::multiset<ProblemKind>{kMissingBytes, kMissingHolder, kOrphanBlob}));
  EXPECT_EQ(check(false), (std::multiset<ProblemKind>{kMissingBytes})) << "what could be mended was";

  // A hold for what is not there keeps its blob for ever.
  kv::Batch stale;
  stale.Put("objects.holder", std::string("blob1\0", 6) + std::string(16, 't'), holders->entries.front().value);
  ASSERT_TRUE(store_->Apply(std::move(stale)).ok());
  EXPECT_EQ(check(true), (std::multiset<ProblemKind>{kMissingBytes, kStaleHolder}));
  EXPECT_EQ(check(false), (std::multiset<ProblemKind>{kMissingBytes}));
}

// A large store is checked in pieces, by a server that answers between them: together they are one check.
TEST_P(TiersTest, CheckGoesOn) {
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", Versioning::kEnabled).ok());
  for (int i = 0; i < 7; ++i) MustPut("k" + std::to_string(i % 4), Bytes(1000));
  auto bodies = store_->Scan("objects.holder", {});
  kv::Batch batch;
  for (const auto& holder : bodies->entries) batch.Delete("objects.holder", holder.key);
  ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  std::multiset<std::string> found;
  std::uint64_t entries = 0;
  int steps = 0;
  CheckOptions options;
  do {
    int asked = 0;
    options.stop = [&asked] { return ++asked > 2; };
    auto report = objects_->Check(options, [&](const Problem& problem) { found.insert(problem.what); });
    ASSERT_TRUE(report.ok()) << Describe(report.error());
    entries += report->entries;
    options.from = report->next;
    ASSERT_LT(++steps, 100);
    // The walk over blobs is not cut.
    if (options.from == "4:" || options.from == "5:") break;
  } while (!options.from.empty());
  EXPECT_GT(steps, 3);
  EXPECT_EQ(entries, 7u);
  EXPECT_EQ(found.size(), 7u) << "each problem once";
  options.stop = {};
  EXPECT_TRUE(objects_->Check(options, [&](const Problem& problem) { found.insert(problem.what); })->complete());
  for (const char* from : {"9:", "x", "0:zz", "0"}) {
    options.from = from;
    EXPECT_EQ(objects_->Check(options, [](const Problem&) {}).error().reason, kInvalidToken) << from;
  }
}

// What a bucket costs is counted by what is there, older versions too.
TEST_P(TiersTest, Counts) {
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", Versioning::kEnabled).ok());
  MustPut("a/1", Bytes(100));
  MustPut("a/1", Bytes(200));
  MustPut("b", Bytes(1000));
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "b"}).ok());
  auto usage = objects_->Count(account_, "data", "");
  ASSERT_TRUE(usage.ok());
  EXPECT_EQ(usage->objects, 1u);
  EXPECT_EQ(usage->bytes, 200u);
  EXPECT_EQ(usage->older_versions, 2u);
  EXPECT_EQ(usage->older_bytes, 1100u);
  EXPECT_EQ(usage->delete_markers, 1u);
  EXPECT_EQ(objects_->Count(account_, "data", "a/")->older_bytes, 100u);
}

}  // namespace
}  // namespace aloft::objects
