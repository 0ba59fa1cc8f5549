// Stores for the tests of this room: blobs in memory with counters, and an object store on any key-value engine that
// can be restarted. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "foundation/blob/store.h"
#include "foundation/kv/testing_engines.h"
#include "services/objects/service.h"

namespace aloft::objects {

// Keeps committed blobs in a map; a test counts them, ages them and makes commits fail.
class MemoryBlobs final : public blob::Store {
 public:
  // `prefix` begins the names of its blobs: two stores of one service share none.
  explicit MemoryBlobs(const Clock& clock, std::string prefix = "blob") : clock_(clock), prefix_(std::move(prefix)) {}

  Result<std::unique_ptr<blob::Writer>> Create(std::uint64_t,
                                               const std::optional<blob::FrameKey>& key = std::nullopt) override {
    std::lock_guard lock(mutex_);
    return std::unique_ptr<blob::Writer>(
        std::make_unique<MemoryWriter>(*this, blob::BlobId(prefix_ + std::to_string(++next_)), KeyText(key)));
  }
  Result<std::unique_ptr<blob::Reader>> Open(const blob::BlobId& id,
                                             const std::optional<blob::FrameKey>& key = std::nullopt) override {
    std::lock_guard lock(mutex_);
    auto found = blobs_.find(id);
    if (found == blobs_.end()) return Fail(blob::kNoSuchBlob, "no blob " + id.value());
    if (!key && !found->second.key.empty()) return Fail(blob::kFrameKeyMissing, "encrypted");
    if (key && found->second.key.empty()) return Fail(kCorrupt, "not encrypted");
    if (found->second.key != KeyText(key)) return Fail(blob::kFrameKeyWrong, "another key");
    return std::unique_ptr<blob::Reader>(std::make_unique<MemoryReader>(found->second.bytes));
  }
  Status Verify(const blob::BlobId&) override { return {}; }
  Status Delete(const blob::BlobId& id) override {
    std::lock_guard lock(mutex_);
    blobs_.erase(id);
    return {};
  }
  Status List(const std::function<bool(const blob::BlobId&, Time)>& visit) override {
    std::map<blob::BlobId, Kept> copy;
    {
      std::lock_guard lock(mutex_);
      copy = blobs_;
    }
    for (const auto& [id, kept] : copy)
      if (!visit(id, kept.committed)) break;
    return {};
  }

  std::size_t count() const {
    std::lock_guard lock(mutex_);
    return blobs_.size();
  }
  // The next commits fail as a full disk would.
  bool fail_commits = false;

 private:
  struct Kept {
    std::shared_ptr<const std::string> bytes;
    Time committed;
    std::string key;  // empty: not encrypted
  };
  static std::string KeyText(const std::optional<blob::FrameKey>& key) {
    return key ? std::string(key->bytes()) : std::string();
  }
  class MemoryWriter final : public blob::Writer {
   public:
    MemoryWriter(MemoryBlobs& store, blob::BlobId id, std::string key)
        : store_(store), id_(std::move(id)), key_(std::move(key)) {}
    Status Append(ByteView bytes) override {
      bytes_ += AsText(bytes);
      return {};
    }
    Status Commit() override {
      if (store_.fail_commits) return Fail(kDiskFull, "no space left");
      std::lock_guard lock(store_.mutex_);
      store_.blobs_[id_] = {std::make_shared<const std::string>(std::move(bytes_)), store_.clock_.Now(), key_};
      return {};
    }
    const blob::BlobId& id() const override { return id_; }

   private:
    MemoryBlobs& store_;
    blob::BlobId id_;
    std::string key_;  // bytes are kept plain: a test reads them
    std::string bytes_;
  };
  class MemoryReader final : public blob::Reader {
   public:
    explicit MemoryReader(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t size() const override { return bytes_->size(); }
    Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
      if (offset >= bytes_->size()) return std::size_t{0};
      std::size_t count = std::min<std::size_t>(out.size(), bytes_->size() - offset);
      std::memcpy(out.data(), bytes_->data() + offset, count);
      return count;
    }
    std::optional<blob::FileExtent> extent() const override { return std::nullopt; }

   private:
    std::shared_ptr<const std::string> bytes_;
  };

  const Clock& clock_;
  const std::string prefix_;
  mutable std::mutex mutex_;
  std::map<blob::BlobId, Kept> blobs_;
  int next_ = 0;
};

// An object store with small limits, so that tests of parts and large bodies stay quick.
class ObjectsTest : public kv::EngineTest {
 protected:
  void SetUp() override {
    kv::EngineTest::SetUp();
    OpenObjects();
    ASSERT_TRUE(objects_->CreateBucket(account_, region_, "data").ok());
  }
  void OpenObjects() {
    Limits limits;
    limits.inline_bytes = 64;
    limits.min_part_bytes = 100;
    limits.max_put_bytes = 100'000;
    objects_ = std::make_unique<Service>(*store_, blobs_, clock_, random_, Log::Discard(), limits);
  }
  void Restart() {
    objects_.reset();
    Reopen();
    OpenObjects();
  }
  // After this no blob may be left that nobody holds.
  void ReclaimAll() {
    clock_.Advance(std::chrono::hours(2));
    ASSERT_TRUE(objects_->Reclaim(std::chrono::minutes(1), 100'000).ok());
    auto swept = objects_->SweepOrphans(std::chrono::hours(1));
    ASSERT_TRUE(swept.ok());
    EXPECT_EQ(swept->orphans, 0u) << "a blob was left without an owner";
  }

  ObjectInfo MustPut(const std::string& key, const std::string& body) {
    auto info = objects_->Put(account_, {.bucket = "data", .key = key}, body);
    EXPECT_TRUE(info.ok()) << Describe(info.error());
    return info.ok() ? *info : ObjectInfo{};
  }
  std::string MustGet(const std::string& key) {
    auto body = objects_->Get(account_, "data", key, 1 << 30);
    return body.ok() ? *body : Describe(body.error());
  }
  UploadInfo MustCreateUpload(const std::string& key) {
    auto upload = objects_->CreateUpload(account_, {.bucket = "data", .key = key}, ChecksumType::kFullObject);
    EXPECT_TRUE(upload.ok());
    return *upload;
  }
  Result<Part> PutPart(const UploadInfo& upload, int number, const std::string& body) {
    ALOFT_ASSIGN(
        auto session,
        objects_->BeginPart(account_, {.bucket = "data", .key = upload.key, .upload = upload.id, .number = number}));
    ALOFT_TRY(session->Append(AsBytes(body)));
    return session->Commit({});
  }
  CompleteRequest Completion(const UploadInfo& upload, const std::vector<Part>& parts) {
    CompleteRequest request{.bucket = "data", .key = upload.key, .upload = upload.id};
    for (const auto& part : parts) request.parts.push_back({part.number, part.etag, {}});
    return request;
  }

  AccountId account_{"111122223333"};
  AccountId stranger_{"999999999999"};
  Region region_{"us-east-1"};
  ManualClock clock_;
  SeededRandom random_{7};
  MemoryBlobs blobs_{clock_};
  std::unique_ptr<Service> objects_;
};

inline std::string Bytes(std::size_t size, char seed = 'a') {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(seed + i % 23);
  return bytes;
}

}  // namespace aloft::objects
