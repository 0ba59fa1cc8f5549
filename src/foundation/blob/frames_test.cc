#include "foundation/blob/frames.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "foundation/base/fault_point.h"
#include "foundation/blob/trailer.h"
#include "foundation/crypto/crc.h"

namespace aloft::blob {
namespace {

namespace fs = std::filesystem;

std::string Noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

class FramesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "aloft-frames-XXXXXX";
    directory_ = mkdtemp(name.data());
    store_ = OpenDirectoryStore(directory_, random_, Log::Discard()).value();
  }
  void TearDown() override {
    ArmFaultPoints("none=error@1");
    fs::remove_all(directory_);
  }
  BlobId Write(const std::string& bytes, std::size_t piece, std::uint64_t expected = 0) {
    auto writer = store_->Create(expected, key_).value();
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      EXPECT_TRUE(writer->Append(AsBytes(std::string_view(bytes).substr(at, piece))).ok());
    EXPECT_TRUE(writer->Commit().ok());
    return writer->id();
  }
  Result<std::string> Read(const BlobId& id, std::uint64_t offset, std::size_t size) {
    ALOFT_ASSIGN(auto reader, store_->Open(id, key_));
    std::string out(size, '\x55');
    ALOFT_ASSIGN(std::size_t count, reader->Read(offset, {reinterpret_cast<std::uint8_t*>(out.data()), size}));
    out.resize(count);
    return out;
  }
  fs::path PathOf(const BlobId& id) { return fs::path(directory_) / id.value().substr(0, 2) / id.value(); }
  std::string Stored(const BlobId& id) {
    std::ifstream file(PathOf(id), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Puts `frames` in place of a blob's, with a trailer that claims `size` and vouches for every stored byte: what one
  // could do who may write to the disk and has no key.
  void Forge(const BlobId& id, const std::string& frames, std::uint64_t size) {
    const std::string old = Stored(id);
    Trailer trailer = *DecodeTrailer(AsBytes(old).last(kTrailerBytes));
    trailer.size = size;
    trailer.crc64 = crypto::Crc64Nvme(0, AsBytes(frames));
    const auto end = EncodeTrailer(trailer);
    std::ofstream file(PathOf(id), std::ios::binary | std::ios::trunc);
    file << frames << AsText(end);
  }
  std::string Frames(const BlobId& id) {
    std::string stored = Stored(id);
    stored.resize(stored.size() - kTrailerBytes);
    return stored;
  }

  std::string directory_;
  SystemRandom random_;
  FrameKey key_ = FrameKey::Draw(random_);
  std::unique_ptr<Store> store_;
};

const std::size_t kEdges[] = {0,          1,       65'519,     65'520,  65'535,  65'536,     65'537,   131'071,
                              2 * 65'536, 131'073, 4 * 65'536, 262'145, 300'000, 8 * 65'536, 1'500'001};

// Any size around every frame's edge, in pieces that meet the edges and that do not, comes back; its length on disk is
// what the format says, and what was reserved is given back.
TEST_F(FramesTest, RoundTripsAtEveryEdge) {
  for (std::size_t size : kEdges) {
    const std::string bytes = Noise(size, static_cast<unsigned>(size));
    for (std::size_t piece : {std::size_t{777'777}, kFrameBytes, kFrameBytes + 1, std::size_t{5'001}}) {
      SCOPED_TRACE(testing::Message() << size << " in " << piece);
      const BlobId id = Write(bytes, piece, piece == kFrameBytes ? std::uint64_t{5} << 20 : 0);
      EXPECT_EQ(fs::file_size(PathOf(id)), SealedSize(size) + kTrailerBytes);
      EXPECT_EQ(store_->Open(id, key_).value()->size(), size);
      auto back = Read(id, 0, size + 10);
      ASSERT_TRUE(back.ok()) << Describe(back.error());
      EXPECT_TRUE(*back == bytes);
      EXPECT_TRUE(store_->Verify(id).ok());
    }
  }
}

// Ranges that begin and end before, on and after the edges of frames and of batches of frames.
TEST_F(FramesTest, Ranges) {
  const std::string bytes = Noise(6 * kFrameBytes + 1'234, 1);
  const BlobId id = Write(bytes, 100'000);
  std::vector<std::size_t> points = {0, 1, bytes.size() - 1, bytes.size(), bytes.size() + 5};
  for (std::size_t frame = 1; frame <= 6; ++frame)
    for (int by : {-1, 0, 1}) points.push_back(frame * kFrameBytes + static_cast<std::size_t>(by));
  for (std::size_t from : points) {
    for (std::size_t to : points) {
      if (to < from) continue;
      auto got = Read(id, from, to - from);
      ASSERT_TRUE(got.ok()) << from << "-" << to << " " << Describe(got.error());
      EXPECT_TRUE(*got == (from < bytes.size() ? bytes.substr(from, to - from) : "")) << from << "-" << to;
    }
  }
  EXPECT_EQ(Read(id, UINT64_MAX, 5).value(), "");
}

// A read opens only the frames that it touches: damage elsewhere does not stop it.
TEST_F(FramesTest, ARangeOpensOnlyItsFrames) {
  const BlobId id = Write(Noise(5 * kFrameBytes, 2), 100'000);
  std::string frames = Frames(id);
  frames[3 * kSealedFrameBytes + 7] ^= 1;
  Forge(id, frames, 5 * kFrameBytes);
  EXPECT_TRUE(Read(id, kFrameBytes, 2 * kFrameBytes).ok());
  EXPECT_TRUE(Read(id, 4 * kFrameBytes + 5, 100).ok());
  EXPECT_EQ(Read(id, 3 * kFrameBytes, 1).error().reason, kCorrupt);
  EXPECT_EQ(Read(id, 0, 5 * kFrameBytes).error().reason, kCorrupt);
}

// Nothing of a range is handed out when one of its frames does not hold: not even the frames before it.
TEST_F(FramesTest, AFailedReadLeavesNoPlaintext) {
  const BlobId id = Write(std::string(6 * kFrameBytes, 'S'), 100'000);
  std::string frames = Frames(id);
  frames[5 * kSealedFrameBytes] ^= 1;
  Forge(id, frames, 6 * kFrameBytes);
  auto reader = store_->Open(id, key_).value();
  std::string out(6 * kFrameBytes, '.');
  EXPECT_FALSE(reader->Read(0, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()}).ok());
  EXPECT_EQ(out.find('S'), std::string::npos);
}

// What one could do who may write to the disk but has no key: swap frames, repeat one, take one from another blob of
// the same key, cut the end at a frame's edge, append, or claim another size. None is read as the blob.
TEST_F(FramesTest, FramesCannotBeMovedOrCut) {
  const std::size_t size = 3 * kFrameBytes;
  const BlobId id = Write(Noise(size, 3), size), other = Write(Noise(size, 4), size);
  const std::string good = Frames(id);
  const auto frame = [&](const std::string& of, std::size_t n) {
    return of.substr(n * kSealedFrameBytes, kSealedFrameBytes);
  };
  struct Attack {
    const char* name;
    std::string frames;
    std::size_t claimed;
  };
  const std::vector<Attack> attacks = {
      {"swapped", frame(good, 1) + frame(good, 0) + frame(good, 2), size},
      {"repeated", frame(good, 0) + frame(good, 0) + frame(good, 2), size},
      {"of another blob", frame(good, 0) + frame(Frames(other), 1) + frame(good, 2), size},
      {"cut", frame(good, 0) + frame(good, 1), 2 * kFrameBytes},
      {"cut to nothing", good.substr(0, kFrameTag), 0},
      {"longer", good + frame(good, 1), 4 * kFrameBytes},
      {"last made shorter", good.substr(0, good.size() - 1), size - 1},
  };
  for (const Attack& attack : attacks) {
    SCOPED_TRACE(attack.name);
    Forge(id, attack.frames, attack.claimed);
    EXPECT_EQ(Read(id, 0, size).error().reason, kCorrupt);
  }
  Forge(id, good, size);
  EXPECT_TRUE(Read(id, 0, size).ok());
}

// A blob of another id does not open under this one, though the key is the same; and what should be encrypted is never
// read plain.
TEST_F(FramesTest, BlobsCannotStandInForEachOther) {
  const BlobId id = Write("mine", 4), other = Write("theirs", 6);
  auto plain = store_->Create(0).value();
  ASSERT_TRUE(plain->Append(AsBytes("planted")).ok());
  ASSERT_TRUE(plain->Commit().ok());
  fs::copy_file(PathOf(other), PathOf(id), fs::copy_options::overwrite_existing);
  EXPECT_EQ(store_->Open(id, key_).error().reason, kFrameKeyWrong);
  fs::copy_file(PathOf(plain->id()), PathOf(id), fs::copy_options::overwrite_existing);
  EXPECT_EQ(store_->Open(id, key_).error().reason, kCorrupt);
}

// A wrong key and a missing one are told by name, so that an operator is not sent to look for a broken disk.
TEST_F(FramesTest, KeysAreToldApart) {
  const BlobId id = Write("secret", 6);
  EXPECT_EQ(store_->Open(id).error().reason, kFrameKeyMissing);
  EXPECT_EQ(store_->Open(id, FrameKey::Draw(random_)).error().reason, kFrameKeyWrong);
  EXPECT_TRUE(store_->Verify(id).ok()) << "scrubbing needs no key";
}

// The plaintext is nowhere in the file, equal bytes do not look equal, and sendfile is not offered ciphertext.
TEST_F(FramesTest, NothingShows) {
  const std::string bytes(3 * kFrameBytes, 'A');
  const BlobId one = Write(bytes, 50'000), two = Write(bytes, 50'000);
  const std::string stored = Stored(one);
  EXPECT_EQ(stored.find("AAAA"), std::string::npos);
  EXPECT_NE(stored.substr(0, 100), Stored(two).substr(0, 100));
  EXPECT_NE(stored.substr(0, 100), stored.substr(kSealedFrameBytes, 100));
  EXPECT_FALSE(store_->Open(one, key_).value()->extent());
}

// A changed bit anywhere in a small blob is noticed by Verify, and by Open or Read.
TEST_F(FramesTest, EveryBitCounts) {
  const BlobId id = Write("0123456789", 10);
  const std::string good = Stored(id);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    std::ofstream(PathOf(id), std::ios::binary | std::ios::trunc) << changed;
    EXPECT_FALSE(store_->Verify(id).ok()) << bit;
    EXPECT_FALSE(Read(id, 0, 10).ok()) << bit;
  }
}

// A full disk or a failed sync of an encrypted blob leaves nothing behind either.
TEST_F(FramesTest, FailuresLeaveNothing) {
  for (const char* point : {"blob.write", "blob.fsync", "blob.link", "blob.sync_directory"}) {
    SCOPED_TRACE(point);
    ASSERT_TRUE(ArmFaultPoints(std::string(point) + "=error@1"));
    auto writer = store_->Create(0, key_).value();
    Status status = writer->Append(AsBytes(Noise(200'000, 2)));
    if (status.ok()) status = writer->Commit();
    EXPECT_FALSE(status.ok());
    writer.reset();
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) EXPECT_FALSE(entry.is_regular_file());
  }
}

// Threads that share a reader each get their bytes.
TEST_F(FramesTest, AReaderIsShared) {
  const std::string bytes = Noise(5 * kFrameBytes + 77, 6);
  const BlobId id = Write(bytes, 100'000);
  auto reader = store_->Open(id, key_).value();
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 100; ++i) {
        const std::size_t from = random() % bytes.size(), size = random() % (2 * kFrameBytes);
        std::string out(size, '\0');
        auto count = reader->Read(from, {reinterpret_cast<std::uint8_t*>(out.data()), size});
        ASSERT_TRUE(count.ok());
        EXPECT_TRUE(out.substr(0, *count) == bytes.substr(from, size));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Small bytes sealed in a record: bound to the record and the key, whatever bit changes.
TEST_F(FramesTest, Inline) {
  const std::string sealed = SealInline(key_, "small body", "bucket/key", random_);
  EXPECT_EQ(sealed.size(), 10 + kInlineOverhead);
  EXPECT_EQ(OpenInline(key_, sealed, "bucket/key").value(), "small body");
  EXPECT_EQ(OpenInline(key_, sealed, "bucket/other").error().reason, kFrameKeyWrong);
  EXPECT_EQ(OpenInline(FrameKey::Draw(random_), sealed, "bucket/key").error().reason, kFrameKeyWrong);
  EXPECT_EQ(OpenInline(key_, SealInline(key_, "", "c", random_), "c").value(), "");
  EXPECT_NE(sealed, SealInline(key_, "small body", "bucket/key", random_));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(OpenInline(key_, changed, "bucket/key").ok()) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(OpenInline(key_, std::string_view(sealed).substr(0, size), "bucket/key").ok());
}

// A key is 32 bytes and nothing else.
TEST_F(FramesTest, KeySizes) {
  EXPECT_FALSE(FrameKey::FromBytes(std::string(31, 'k')));
  EXPECT_FALSE(FrameKey::FromBytes(std::string(33, 'k')));
  EXPECT_EQ(FrameKey::FromBytes(std::string(32, 'k'))->bytes(), std::string(32, 'k'));
}

}  // namespace
}  // namespace aloft::blob
