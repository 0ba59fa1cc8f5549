// What is too large to write in a test, and what only many threads find.
#include <future>
#include <thread>

#include "foundation/os/thread_pool.h"
#include "services/objects/histories/testing_linear.h"
#include "services/objects/histories/testing_long.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/records/records.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

constexpr std::uint64_t kPartBytes = 128ull << 20;

// Blobs that are nothing but their size: byte n of each is a function of n and the id.
class SparseBlobs final : public blob::Store {
 public:
  static char ByteAt(const blob::BlobId& id, std::uint64_t offset) {
    return static_cast<char>(offset * 31 + std::hash<std::string>()(id.value()));
  }
  Result<std::unique_ptr<blob::Writer>> Create(std::uint64_t, const std::optional<blob::FrameKey>&) override {
    return Fail(kUnimplemented, "nothing is written here");
  }
  Result<std::unique_ptr<blob::Reader>> Open(const blob::BlobId& id, const std::optional<blob::FrameKey>&) override {
    return std::unique_ptr<blob::Reader>(std::make_unique<SparseReader>(id));
  }
  Status Verify(const blob::BlobId&) override { return {}; }
  Status Delete(const blob::BlobId&) override { return {}; }
  Status List(const std::function<bool(const blob::BlobId&, Time)>&) override { return {}; }

 private:
  class SparseReader final : public blob::Reader {
   public:
    explicit SparseReader(blob::BlobId id) : id_(std::move(id)) {}
    std::uint64_t size() const override { return kPartBytes; }
    Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
      std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), kPartBytes - offset));
      for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>(ByteAt(id_, offset + i));
      return count;
    }
    std::optional<blob::FileExtent> extent() const override { return std::nullopt; }

   private:
    blob::BlobId id_;
  };
};

using LargeTest = ObjectsTest;
INSTANTIATE_TEST_SUITE_P(Engines, LargeTest, testing::Values(kv::Engine::kMemory, kv::Engine::kRocks), kv::EngineName);
using StormTest = ObjectsTest;
INSTANTIATE_TEST_SUITE_P(Engines, StormTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// The largest upload S3 knows: 10,000 parts, more than a tebibyte, assembled, read across seams far out, and removed.
TEST_P(LargeTest, TenThousandPartsOverATebibyte) {
  SparseBlobs sparse;
  objects_ = std::make_unique<Service>(*store_, sparse, clock_, random_, Log::Discard());
  auto upload = objects_->CreateUpload(
      account_, {.bucket = "data", .key = "huge", .checksum = ChecksumAlgorithm::kNone}, ChecksumType::kFullObject);
  ASSERT_TRUE(upload.ok());
  const Bucket bucket = *objects_->HeadBucket(account_, "data");
  CompleteRequest completion{.bucket = "data", .key = "huge", .upload = upload->id};
  kv::Batch batch;
  for (int number = 1; number <= 10'000; ++number) {
    PartRecord record;
    record.part = {.number = number, .size = kPartBytes, .etag = std::string(32, 'a'), .modified = clock_.Now()};
    std::string tag(16, '\0');
    tag[14] = static_cast<char>(number >> 8);
    tag[15] = static_cast<char>(number);
    record.segments = {{.tag = tag, .blob = blob::BlobId("p" + std::to_string(number)), .length = kPartBytes}};
    record.upload_key = UploadKey(bucket, "huge", upload->id);
    batch.Put(kHolderSpace, HolderKey(record.segments[0].blob, tag), IndexKey(bucket, "huge"));
    batch.Put(kPartSpace, PartKey(bucket, upload->id, number), Encode(record));
    completion.parts.push_back({number, record.part.etag, {}});
  }
  ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  auto info = objects_->CompleteUpload(account_, completion);
  ASSERT_TRUE(info.ok()) << Describe(info.error());
  EXPECT_EQ(info->size, 10'000 * kPartBytes);
  EXPECT_GT(info->size, 1ull << 40);
  EXPECT_TRUE(info->etag.ends_with("-10000"));
  auto reader = objects_->GetObject(account_, "data", "huge");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->info().parts.size(), 10'000u);
  for (std::uint64_t seam : {std::uint64_t{1}, std::uint64_t{8'192}, std::uint64_t{9'999}}) {
    std::uint8_t got[20];
    ASSERT_EQ(*(*reader)->Read(seam * kPartBytes - 10, got), 20u);
    for (std::uint64_t i = 0; i < 20; ++i) {
      std::uint64_t offset = i < 10 ? kPartBytes - 10 + i : i - 10;
      blob::BlobId id("p" + std::to_string(seam + (i < 10 ? 0 : 1)));
      ASSERT_EQ(static_cast<char>(got[i]), SparseBlobs::ByteAt(id, offset)) << seam << " " << i;
    }
  }
  reader->reset();
  // Each of ten thousand holds asks for its owner: reading all of the owner for each would take minutes.
  auto checked = objects_->Check({}, [](const Problem& problem) { ADD_FAILURE() << problem.what; });
  ASSERT_TRUE(checked.ok() && checked->complete());
  EXPECT_EQ(checked->problems, 0u);
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "huge"}).ok());
  EXPECT_TRUE(store_->Scan("objects.holder", {.limit = 1})->entries.empty());
}

// Keys under puts, completions, deletions, copies, reads and listings at once behave as if these came one after the
// other on each key: no look shows a value that another had replaced before the look began, or one that nobody has
// begun to write. A value is known by its size, which is all that a listing shows of it.
TEST_P(StormTest, KeysAreLinearizable) {
  std::atomic<int> tick{0};
  std::mutex mutex;
  std::map<std::string, std::vector<Happened>> histories;
  os::ThreadPool later("later", 2, 64);
  auto record = [&](const std::string& key, std::size_t value, bool write, int begin) {
    std::lock_guard lock(mutex);
    histories[key].push_back({value, write, begin, tick.fetch_add(1)});
  };
  auto write = [&](const std::string& key, std::size_t value, int how) {
    int begin = tick.fetch_add(1);
    if (how == 0) {
      ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = key}).ok());
      value = 0;
    } else if (how == 1) {
      UploadInfo upload = MustCreateUpload(key);
      auto part = PutPart(upload, 1, Bytes(value));
      ASSERT_TRUE(part.ok());
      ASSERT_TRUE(objects_->CompleteUpload(account_, Completion(upload, {*part})).ok());
    } else if (how == 2) {
      std::string own = "own" + std::to_string(value);
      MustPut(own, Bytes(value));
      CopyRequest request{.source_bucket = "data", .source_key = own, .target = {.bucket = "data", .key = key}};
      ASSERT_TRUE(objects_->CopyObject(account_, request).ok());
    } else if (how == 3) {
      // As small objects come from clients: no thread waits for the commit.
      auto session = objects_->BeginPut(account_, {.bucket = "data", .key = key});
      ASSERT_TRUE(session.ok() && (*session)->Append(AsBytes(Bytes(value))).ok());
      const auto told = std::make_shared<std::promise<bool>>();
      (*session)->CommitSoon(
          {}, [&](std::function<void()> work) { return later.TryContinue(std::move(work)); },
          [told](Result<ObjectInfo> made) { told->set_value(made.ok()); });
      ASSERT_TRUE(told->get_future().get());
    } else {
      MustPut(key, Bytes(value));
    }
    record(key, value, true, begin);
  };
  auto look = [&](const std::string& key, bool by_listing) {
    int begin = tick.fetch_add(1);
    if (by_listing) {
      auto page = objects_->ListObjects(account_, {.bucket = "data", .prefix = key});
      ASSERT_TRUE(page.ok());
      return record(key, page->objects.empty() ? 0 : page->objects.front().size, false, begin);
    }
    auto got = objects_->Get(account_, "data", key, 10'000);
    ASSERT_TRUE(got.ok() || got.error().reason == kNoSuchKey) << Describe(got.error());
    record(key, got.ok() ? got->size() : 0, false, begin);
  };
  const std::size_t each = static_cast<std::size_t>(Rounds(GetParam() == kv::Engine::kMemory ? 40 : 8));
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < 4; ++thread)
    threads.emplace_back([&, thread] {
      for (std::size_t n = 0; n < each; ++n) {
        const std::string key = (n + thread) % 3 == 0 ? "key-a" : "key-b";
        write(key, thread * each + n + 1, static_cast<int>((n + thread) % 5));
        look(key, n % 2 == 0);
      }
    });
  for (auto& thread : threads) thread.join();
  for (const auto& [key, history] : histories) EXPECT_EQ(Contradiction(history), "") << key;
  ReclaimAll();
}

// The judge of the test above: it must see what it is there for.
TEST(Contradictions, AreFound) {
  using History = std::vector<Happened>;
  EXPECT_EQ(Contradiction({{1, true, 0, 1}, {1, false, 2, 3}, {0, true, 4, 5}, {0, false, 6, 7}}), "");
  EXPECT_EQ(Contradiction({{1, true, 0, 9}, {2, true, 1, 8}, {2, false, 2, 3}, {1, false, 4, 5}}), "");
  EXPECT_NE(Contradiction({{1, true, 0, 1}, {2, true, 2, 3}, {1, false, 4, 5}}), "") << "a value that was replaced";
  EXPECT_NE(Contradiction(History{{1, false, 0, 1}}), "") << "a value that nobody wrote";
  EXPECT_NE(Contradiction({{1, true, 0, 1}, {0, false, 2, 3}}), "") << "nothing, though nothing was deleted";
  EXPECT_NE(Contradiction({{1, true, 0, 20}, {2, true, 0, 20}, {1, false, 1, 2}, {2, false, 3, 4}, {1, false, 5, 6}}),
            "")
      << "two reads that go back and forth";
}

// Whoever follows the feed must end with what is there: of a key that many write at once each change is told once, in
// the order in which the changes happened.
TEST_P(StormTest, EventsComeInOrder) {
  ASSERT_TRUE(objects_->SetVersioning(account_, "data", Versioning::kEnabled).ok());
  constexpr std::size_t kThreads = 4, kEach = 5;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (std::size_t n = 0; n < kEach; ++n) {
        clock_.Advance(std::chrono::microseconds(1));
        if (n % 5 == 4)
          ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "k"}).ok());
        else
          MustPut("k", Bytes(thread * kEach + n + 1));
      }
    });
  for (auto& thread : threads) thread.join();
  std::vector<std::string> told, there;
  std::string last;
  auto page = store_->outbox().Read({}, kObjectTopic, 10'000);
  ASSERT_TRUE(page.ok());
  for (const auto& announced : page->entries) {
    auto event = DecodeEvent(announced.record);
    ASSERT_TRUE(event.ok());
    told.insert(told.begin(), event->version_id);
    EXPECT_LE(last, event->sequencer);
    last = event->sequencer;
  }
  auto versions = objects_->ListVersions(account_, {.bucket = "data"});
  for (const auto& version : versions->versions) there.push_back(version.version_id);
  EXPECT_EQ(told.size(), kThreads * kEach);
  EXPECT_EQ(told, there) << "versions are listed newest first";
}

// Records from before versions, encryption and classes, byte for byte as they were written, open as what they were.
TEST_P(LargeTest, OldRecordsOpen) {
  auto hex = [](std::string_view text) { return *HexDecode(text); };
  // A bucket of 111122223333 in us-east-1, and an entry of 5 bytes with an ETag and one inline segment.
  std::string bucket = hex("01") + hex("03") + "\x03" + "old" + hex("05") + "\x0c" + "111122223333" + hex("07") +
                       "\x09" + "us-east-1" + hex("0880809aabd4b48203");
  std::string tag(16, 't');
  std::string inside = hex("0310") + tag + hex("0805");
  std::string entry = hex("0102050480809aabd4b482030720") + "5d41402abc4b2a76b9719d911017c592" + hex("0f") +
                      static_cast<char>(inside.size()) + inside;
  kv::Batch batch;
  batch.Put("objects.bucket", "old", bucket);
  std::string place = std::string("111122223333") + '\0' + "us-east-1" + '\0';
  batch.Put("objects.index", place + "old" + '\0' + "k", entry);
  batch.Put("objects.inline", place + tag, "hello");
  ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  EXPECT_EQ(*objects_->Get(account_, "old", "k", 100), "hello");
  auto info = objects_->HeadObject(account_, "old", "k");
  EXPECT_EQ(info->etag, "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(info->version_id, "");
  // It becomes the null version once the bucket has versions, older than what comes.
  ASSERT_TRUE(objects_->SetVersioning(account_, "old", Versioning::kEnabled).ok());
  ASSERT_TRUE(objects_->Put(account_, {.bucket = "old", .key = "k"}, "new").ok());
  auto page = objects_->ListVersions(account_, {.bucket = "old"});
  ASSERT_EQ(page->versions.size(), 2u);
  EXPECT_EQ(page->versions[1].version_id, "null");
  auto reader = objects_->GetObject(account_, "old", "k", {.version = "null"});
  ASSERT_TRUE(reader.ok());
}

}  // namespace
}  // namespace aloft::objects
