#include "foundation/blob/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>
#include <thread>

#include "foundation/base/fault_point.h"
#include "foundation/blob/file_writer.h"

namespace aloft::blob {
namespace {

namespace fs = std::filesystem;

std::string Noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "aloft-blob-XXXXXX";
    directory_ = mkdtemp(name.data());
    Open();
  }
  void TearDown() override {
    ArmFaultPoints("none=error@1");
    store_.reset();
    fs::remove_all(directory_);
  }
  void Open() {
    store_.reset();
    auto store = OpenDirectoryStore(directory_ + "/blobs", random_, Log::Discard());
    ASSERT_TRUE(store.ok()) << Describe(store.error());
    store_ = std::move(store).value();
  }
  Result<BlobId> Write(const std::string& bytes, std::size_t piece, std::uint64_t expected) {
    ALOFT_ASSIGN(auto writer, store_->Create(expected));
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      ALOFT_TRY(writer->Append(AsBytes(std::string_view(bytes).substr(at, piece))));
    ALOFT_TRY(writer->Commit());
    return writer->id();
  }
  std::string ReadAll(Reader& reader) {
    std::string out(reader.size(), '\0');
    auto count = reader.Read(0, {reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    EXPECT_EQ(count.value(), out.size());
    return out;
  }
  std::set<std::string> Listed() {
    std::set<std::string> ids;
    EXPECT_TRUE(store_
                    ->List([&](const BlobId& id, Time) {
                      ids.insert(id.value());
                      return true;
                    })
                    .ok());
    return ids;
  }
  std::size_t Files() {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
  std::string PathOf(const BlobId& id) { return directory_ + "/blobs/" + id.value().substr(0, 2) + "/" + id.value(); }

  std::string directory_;
  SystemRandom random_;
  std::unique_ptr<Store> store_;
};

// Any size in any pieces comes back, whatever the caller said about the size, around the edges of blocks and buffers.
TEST_F(StoreTest, RoundTrips) {
  for (std::size_t size : {0u, 1u, 4095u, 4096u, 65'535u, 65'536u, 65'537u, 524'288u, 1'500'001u, 2'097'152u}) {
    std::string bytes = Noise(size, static_cast<unsigned>(size));
    for (std::size_t piece : {std::size_t{777'777}, std::size_t{65'536}, std::size_t{5'001}}) {
      for (std::uint64_t expected : {std::uint64_t{0}, std::uint64_t{size}, std::uint64_t{5} << 20}) {
        SCOPED_TRACE(testing::Message() << size << " in " << piece << " expecting " << expected);
        auto id = Write(bytes, piece, expected);
        ASSERT_TRUE(id.ok()) << Describe(id.error());
        auto reader = store_->Open(*id).value();
        ASSERT_EQ(reader->size(), size);
        EXPECT_TRUE(ReadAll(*reader) == bytes);
        EXPECT_TRUE(store_->Verify(*id).ok());
        struct stat info;
        ASSERT_EQ(stat(PathOf(*id).c_str(), &info), 0);
        EXPECT_LE(info.st_blocks * 512, static_cast<off_t>(size) + 64 * 1024) << "what was reserved is given back";
        ASSERT_TRUE(store_->Delete(*id).ok());
      }
    }
  }
}

// A range inside, across the end and beyond it.
TEST_F(StoreTest, RangesAreCut) {
  auto id = Write("0123456789", 3, 0).value();
  auto reader = store_->Open(id).value();
  std::uint8_t buffer[8];
  EXPECT_EQ(reader->Read(2, {buffer, 3}).value(), 3u);
  EXPECT_EQ(AsText({buffer, 3}), "234");
  EXPECT_EQ(reader->Read(7, buffer).value(), 3u);
  EXPECT_EQ(reader->Read(10, buffer).value(), 0u);
  EXPECT_EQ(reader->Read(UINT64_MAX, buffer).value(), 0u);
}

// The extent of a plain blob is what sendfile sends, without the trailer.
TEST_F(StoreTest, ExtentIsTheBytes) {
  auto id = Write("hello", 5, 0).value();
  auto extent = store_->Open(id).value()->extent();
  ASSERT_TRUE(extent);
  char buffer[5];
  EXPECT_EQ(pread(*extent->fd, buffer, 5, static_cast<off_t>(extent->offset)), 5);
  EXPECT_EQ(std::string_view(buffer, 5), "hello");
}

// A writer that is given up, before or after bytes, leaves no file.
TEST_F(StoreTest, AbandonedWriterLeavesNothing) {
  for (std::uint64_t expected : {0u, 8u << 20}) {
    auto writer = store_->Create(expected).value();
    ASSERT_TRUE(writer->Append(AsBytes(Noise(100'000, 1))).ok());
    EXPECT_FALSE(store_->Open(writer->id()).ok());
  }
  EXPECT_EQ(Files(), 0u);
}

// Whatever step fails, the caller hears it, the writer stays failed, and nothing is left behind.
TEST_F(StoreTest, FailuresLeaveNothing) {
  for (const char* point : {"blob.write", "blob.fsync", "blob.link", "blob.sync_directory"}) {
    SCOPED_TRACE(point);
    ASSERT_TRUE(ArmFaultPoints(std::string(point) + "=error@1"));
    auto writer = store_->Create(0).value();
    Status status = writer->Append(AsBytes(Noise(200'000, 2)));
    if (status.ok()) status = writer->Commit();
    EXPECT_FALSE(status.ok());
    EXPECT_FALSE(writer->Commit().ok());
    writer.reset();
    EXPECT_EQ(Files(), 0u);
  }
  EXPECT_TRUE(Write("x", 1, 0).ok());
}

// A claim that no disk can hold is refused as a full disk before any byte is taken, if at all; never a crash.
TEST_F(StoreTest, AbsurdClaims) {
  auto writer = store_->Create(std::uint64_t{1} << 62);
  if (!writer.ok()) {
    EXPECT_EQ(writer.error().reason, kDiskFull);
    return;
  }
  ASSERT_TRUE((*writer)->Append(AsBytes("small")).ok());
  EXPECT_TRUE((*writer)->Commit().ok());
}

// What is announced and never sent must not take the disk from others.
TEST_F(StoreTest, AnnouncedSizesReserveLittle) {
  auto writer = store_->Create(std::uint64_t{1} << 30);
  ASSERT_TRUE(writer.ok()) << Describe(writer.error());
  ASSERT_TRUE((*writer)->Append(AsBytes(Noise(1u << 20, 1))).ok());
  off_t reserved = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    struct stat info;
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.starts_with(directory_) && stat(entry.path().c_str(), &info) == 0 && S_ISREG(info.st_mode))
      reserved = std::max<off_t>(reserved, info.st_blocks * 512);
  }
  EXPECT_GT(reserved, off_t{1} << 20);
  EXPECT_LE(reserved, off_t{9} << 20);
}

// Deletion repeats itself, and an open reader is not disturbed by it.
TEST_F(StoreTest, DeleteIsIdempotent) {
  auto id = Write("hello", 5, 0).value();
  auto reader = store_->Open(id).value();
  EXPECT_TRUE(store_->Delete(id).ok());
  EXPECT_TRUE(store_->Delete(id).ok());
  EXPECT_EQ(store_->Open(id).error().reason, kNoSuchBlob);
  EXPECT_EQ(ReadAll(*reader), "hello");
}

// An id is never a path: what a client might slip in names no file.
TEST_F(StoreTest, OnlyIdsAreNames) {
  std::string outside = directory_ + "/secret";
  ASSERT_EQ(close(open(outside.c_str(), O_CREAT | O_WRONLY, 0600)), 0);
  for (const char* id : {"", "../../secret", "ab/../../secret", "..", "AB00000000000000000000000000000g"}) {
    EXPECT_EQ(store_->Open(BlobId(id)).error().reason, kNoSuchBlob);
    EXPECT_TRUE(store_->Delete(BlobId(id)).ok());
  }
  EXPECT_TRUE(fs::exists(outside));
}

// List is what reclaim walks: all committed blobs, also after a restart, and it can be stopped.
TEST_F(StoreTest, ListsWhatIsCommitted) {
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(Write(std::to_string(i), 9, 0)->value());
  auto unfinished = store_->Create(0).value();
  EXPECT_EQ(Listed(), ids);
  unfinished.reset();
  Open();
  EXPECT_EQ(Listed(), ids);
  int visits = 0;
  EXPECT_TRUE(store_->List([&](const BlobId&, Time) { return ++visits < 3; }).ok());
  EXPECT_EQ(visits, 3);
}

// A file that became shorter or whose end was overwritten is not opened; a changed byte inside is found by Verify.
TEST_F(StoreTest, DamageIsNoticed) {
  std::string bytes = Noise(100'000, 3);
  for (off_t at : {off_t{50}, off_t{100'000}, off_t{100'039}}) {
    auto id = Write(bytes, 100'000, 0).value();
    int fd = open(PathOf(id).c_str(), O_RDWR);
    char c = 0;
    ASSERT_EQ(pread(fd, &c, 1, at), 1);
    c = static_cast<char>(c ^ 0x40);
    ASSERT_EQ(pwrite(fd, &c, 1, at), 1);
    EXPECT_EQ(store_->Verify(id).error().reason, kCorrupt);
    EXPECT_EQ(store_->Open(id).ok(), at < 100'000);
    ASSERT_EQ(ftruncate(fd, 70'000), 0);
    EXPECT_EQ(store_->Open(id).error().reason, kCorrupt);
    ASSERT_EQ(ftruncate(fd, 3), 0);
    EXPECT_EQ(store_->Open(id).error().reason, kCorrupt);
    close(fd);
  }
}

// Where the file system makes no nameless files, the named way gives the same and leaves nothing either.
TEST_F(StoreTest, NamedFilesAreAFallback) {
  auto folder = std::make_shared<os::Fd>(open(directory_.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  BlobId id("00112233445566778899aabbccddeeff");
  {
    auto abandoned = CreateFileWriter({folder, id, false}, 0).value();
    ASSERT_TRUE(abandoned->Append(AsBytes("lost")).ok());
    EXPECT_EQ(Files(), 1u);
  }
  EXPECT_EQ(Files(), 0u);
  auto writer = CreateFileWriter({folder, id, false}, 0).value();
  ASSERT_TRUE(writer->Append(AsBytes("kept")).ok());
  ASSERT_TRUE(writer->Commit().ok());
  writer.reset();
  EXPECT_EQ(Files(), 1u);
  EXPECT_TRUE(fs::exists(directory_ + "/" + id.value()));
}

// Many uploads at once do not meet: each gets its own bytes back.
TEST_F(StoreTest, ConcurrentWriters) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 10; ++i) {
        std::string bytes = Noise(10'000 * (t + 1) + i, t * 100 + i);
        auto id = Write(bytes, 7'001, i % 2 == 0 ? bytes.size() : 2u << 20);
        ASSERT_TRUE(id.ok()) << Describe(id.error());
        EXPECT_TRUE(ReadAll(*store_->Open(*id).value()) == bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Listed().size(), 60u);
}

// The death of the process at each step: what Commit acknowledged is there and whole, and nothing else is visible.
TEST_F(StoreTest, KillLeavesWholeBlobsOnly) {
  for (const char* point :
       {"blob.write=kill@2", "blob.fsync=kill@2", "blob.link=kill@2", "blob.sync_directory=kill@2"}) {
    SCOPED_TRACE(point);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ArmFaultPoints(point);
      for (int i = 0; i < 2; ++i) {
        auto id = Write(Noise(300'000, 9), 300'000, 0);
        if (!id.ok() || write(ends[1], id->value().data(), 32) != 32) _exit(1);
      }
      _exit(0);
    }
    close(ends[1]);
    std::string acknowledged(64, '\0');
    std::size_t got = 0;
    for (ssize_t count; (count = read(ends[0], acknowledged.data() + got, 64 - got)) > 0;)
      got += static_cast<std::size_t>(count);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    Open();
    for (std::size_t at = 0; at < got; at += 32) EXPECT_TRUE(store_->Verify(BlobId(acknowledged.substr(at, 32))).ok());
    for (const std::string& id : Listed()) {
      EXPECT_TRUE(store_->Verify(BlobId(id)).ok());
      EXPECT_TRUE(store_->Delete(BlobId(id)).ok());
    }
    EXPECT_EQ(Files(), 0u);
  }
}

}  // namespace
}  // namespace aloft::blob
