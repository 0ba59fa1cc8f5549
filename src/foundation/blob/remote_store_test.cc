#include <gtest/gtest.h>

#include <random>
#include <set>
#include <thread>

#include "foundation/blob/frames.h"
#include "foundation/blob/store.h"
#include "foundation/s3/testing_endpoint.h"

namespace aloft::blob {
namespace {

std::string Noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

class RemoteStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    s3::Patience patience{.attempts = 3, .first_pause = std::chrono::milliseconds(1)};
    auto client = s3::Client::Open(endpoint_.access(), clock_, random_, patience);
    ASSERT_TRUE(client.ok());
    client_ = std::move(client).value();
    auto store = OpenRemoteStore(client_, "bucket", "deep/blob/", clock_, random_, Log::Discard());
    ASSERT_TRUE(store.ok()) << Describe(store.error());
    store_ = std::move(store).value();
  }

  Result<BlobId> Write(const std::string& bytes, std::size_t piece, const std::optional<FrameKey>& key = {}) {
    ALOFT_ASSIGN(auto writer, store_->Create(0, key));
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      ALOFT_TRY(writer->Append(AsBytes(std::string_view(bytes).substr(at, piece))));
    ALOFT_TRY(writer->Commit());
    return writer->id();
  }
  std::string Read(Reader& reader, std::uint64_t offset, std::size_t length) {
    std::string out(length, '\0');
    auto count = reader.Read(offset, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    EXPECT_TRUE(count.ok()) << Describe(count.error());
    out.resize(count.ok() ? *count : 0);
    return out;
  }
  std::string NameOf(const BlobId& id) { return "deep/blob/" + id.value(); }

  s3::TestingEndpoint endpoint_;
  SystemClock clock_;
  SystemRandom random_;
  std::shared_ptr<s3::Client> client_;
  std::unique_ptr<Store> store_;
  FrameKey key_ = FrameKey::Draw(random_);
};

// Sizes around every edge (frames, windows, parts), plain and encrypted, whole and in pieces, come back as they went.
TEST_F(RemoteStoreTest, RoundTrips) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, kFrameBytes, kFrameBytes + 1, std::size_t{300'000},
                           64 * kSealedFrameBytes + 7, std::size_t{9u << 20}}) {
    std::string bytes = Noise(size, static_cast<unsigned>(size));
    for (bool encrypted : {false, true}) {
      auto key = encrypted ? std::optional(key_) : std::nullopt;
      auto id = Write(bytes, 100'000, key);
      ASSERT_TRUE(id.ok()) << Describe(id.error());
      auto reader = store_->Open(*id, key);
      ASSERT_TRUE(reader.ok()) << Describe(reader.error());
      EXPECT_EQ((*reader)->size(), size);
      EXPECT_TRUE(Read(**reader, 0, size + 10) == bytes) << size;
      if (size > 70'000) {
        EXPECT_TRUE(Read(**reader, 65'530, 20) == bytes.substr(65'530, 20));
      }
      EXPECT_TRUE(store_->Verify(*id).ok());
      // What lies at the endpoint tells nothing of what is encrypted.
      if (encrypted && size > 1000) {
        EXPECT_EQ(endpoint_.objects()[NameOf(*id)].find(bytes.substr(0, 64)), std::string::npos);
      }
    }
  }
  EXPECT_EQ(endpoint_.uploads(), 0u);
}

// Keys are needed, and checked, as for files; what is absent or damaged is told apart.
TEST_F(RemoteStoreTest, KeysAndDamage) {
  auto id = Write(Noise(200'000, 1), 200'000, key_);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(store_->Open(*id).error().reason, kFrameKeyMissing);
  EXPECT_EQ(store_->Open(*id, FrameKey::Draw(random_)).error().reason, kFrameKeyWrong);
  auto plain = Write("plain", 5);
  EXPECT_EQ(store_->Open(*plain, key_).error().reason, kCorrupt);
  std::string stored = endpoint_.objects()[NameOf(*id)];
  stored[70'000] = static_cast<char>(stored[70'000] + 1);
  endpoint_.Set(NameOf(*id), stored);
  EXPECT_EQ(store_->Verify(*id).error().reason, kCorrupt);
  auto reader = store_->Open(*id, key_);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(Read(**reader, 0, 1000).size(), 1000u) << "other frames are whole";
  std::string out(1000, '\0');
  EXPECT_EQ((*reader)->Read(66'000, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()}).error().reason,
            kCorrupt);
  endpoint_.Set(NameOf(*id), stored.substr(0, stored.size() - 1));
  EXPECT_EQ(store_->Open(*id, key_).error().reason, kCorrupt);
  EXPECT_EQ(store_->Open(BlobId(std::string(32, 'a'))).error().reason, kNoSuchBlob);
  EXPECT_EQ(store_->Open(BlobId("../other")).error().reason, kNoSuchBlob);
}

// A blob is there after Commit and not before; a writer that goes leaves nothing, and one that fails says so.
TEST_F(RemoteStoreTest, UnfinishedLeavesNothing) {
  {
    auto writer = store_->Create(0);
    ASSERT_TRUE((*writer)->Append(AsBytes(Noise(9u << 20, 2))).ok());
    EXPECT_EQ(endpoint_.uploads(), 1u) << "large ones go in parts as they come";
  }
  EXPECT_EQ(endpoint_.uploads(), 0u);
  EXPECT_TRUE(endpoint_.objects().empty());
  auto writer = store_->Create(0);
  ASSERT_TRUE((*writer)->Append(AsBytes("x")).ok());
  endpoint_.FailNext(100);
  EXPECT_EQ((*writer)->Commit().error().reason, kUnavailable);
  EXPECT_FALSE((*writer)->Append(AsBytes("y")).ok());
  endpoint_.FailNext(0);
  EXPECT_TRUE(Write("after", 5).ok()) << "and it recovers";
}

// Reclaim walks what is there, whatever else lies in the bucket; uploads that died with their server are ended.
TEST_F(RemoteStoreTest, ListAndDelete) {
  std::set<std::string> made;
  for (int i = 0; i < 5; ++i) made.insert(Write("b" + std::to_string(i), 10)->value());
  endpoint_.Set("deep/blob/README", "of somebody else");
  endpoint_.Set("other", "of somebody else");
  static_cast<void>(client_->Call(
      {.method = "POST", .bucket = "bucket", .key = "deep/blob/" + *made.begin(), .query = {{"uploads", ""}}}));
  static_cast<void>(client_->Call({.method = "POST", .bucket = "bucket", .key = "theirs", .query = {{"uploads", ""}}}));
  std::set<std::string> listed;
  ASSERT_TRUE(store_
                  ->List([&](const BlobId& id, Time committed) {
                    EXPECT_LT(committed, clock_.Now());
                    listed.insert(id.value());
                    return true;
                  })
                  .ok());
  EXPECT_EQ(listed, made);
  EXPECT_EQ(endpoint_.uploads(), 1u) << "the other one is not ours";
  for (const auto& id : made) {
    EXPECT_TRUE(store_->Delete(BlobId(id)).ok());
    EXPECT_TRUE(store_->Delete(BlobId(id)).ok()) << "again";
    EXPECT_EQ(store_->Open(BlobId(id)).error().reason, kNoSuchBlob);
  }
  EXPECT_TRUE(store_->Delete(BlobId("../../other")).ok());
  EXPECT_EQ(endpoint_.objects().size(), 2u);
}

// Several threads read one blob in different places.
TEST_F(RemoteStoreTest, SharedReader) {
  std::string bytes = Noise(6u << 20, 3);
  auto id = Write(bytes, bytes.size(), key_);
  auto reader = store_->Open(*id, key_);
  ASSERT_TRUE(reader.ok());
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t at = t * 100'000; at + 50'000 < bytes.size(); at += 1'500'000)
        EXPECT_TRUE(Read(**reader, at, 50'000) == bytes.substr(at, 50'000));
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace aloft::blob
