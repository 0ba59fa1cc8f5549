#include "platform/compute/agent/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "platform/compute/agent/stager.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Member {
  std::string name;
  unsigned type = AE_IFREG;
  std::string content{};  // or the link's target
  bool hard = false;
};

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() {
    char path[] = "/tmp/aloft-archive-XXXXXX";
    directory_ = ::mkdtemp(path);
    target_ = directory_ + "/target";
    fs::create_directory(target_);
    file_ = os::Fd(::memfd_create("archive", MFD_CLOEXEC));
  }
  ~ArchiveTest() override { fs::remove_all(directory_); }

  void Make(const std::vector<Member>& members, const char* filter = "gzip") {
    archive* to = archive_write_new();
    archive_write_set_format_gnutar(to);
    if (std::string_view(filter) != "none") archive_write_add_filter_by_name(to, filter);
    archive_write_open_fd(to, file_.get());
    for (const Member& member : members) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, member.name.c_str());
      archive_entry_set_filetype(entry, member.type);
      archive_entry_set_perm(entry, 0644);
      if (member.hard)
        archive_entry_set_hardlink(entry, member.content.c_str());
      else if (member.type == AE_IFLNK)
        archive_entry_set_symlink(entry, member.content.c_str());
      else
        archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
      archive_write_header(to, entry);
      if (member.type == AE_IFREG && !member.hard) archive_write_data(to, member.content.data(), member.content.size());
      archive_entry_free(entry);
    }
    archive_write_free(to);
  }

  Status Unpack(ArchiveLimits limits = {}) {
    ::lseek(file_.get(), 0, SEEK_SET);
    os::Fd target(::open(target_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return UnpackArchive(file_.get(), target.get(), std::nullopt, limits);
  }
  std::string Read(const std::string& name) {
    std::ifstream in(target_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string directory_, target_;
  os::Fd file_;
};

// The plain cases, in every compression that users make.
TEST_F(ArchiveTest, UnpacksFilesAndSafeLinks) {
  for (const char* filter : {"gzip", "none", "bzip2", "xz", "zstd"}) {
    ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
    ::lseek(file_.get(), 0, SEEK_SET);
    Make({{"./", AE_IFDIR},
          {"./a.txt", AE_IFREG, "a"},
          {"deep/er/b.txt", AE_IFREG, "b"},
          {"deep/link", AE_IFLNK, "../a.txt"},
          {"hard", AE_IFREG, "a.txt", true},
          {"a.txt", AE_IFREG, "again"}},
         filter);
    auto unpacked = Unpack();
    ASSERT_TRUE(unpacked.ok()) << filter << ": " << Describe(unpacked.error());
    EXPECT_EQ(Read("a.txt"), "again");
    EXPECT_EQ(Read("deep/er/b.txt"), "b");
    EXPECT_EQ(Read("deep/link"), "again");
    EXPECT_EQ(Read("hard"), "a");
    fs::remove_all(target_);
    fs::create_directory(target_);
  }
}

// Nobody vouches for a job's archive: nothing in it may reach outside of its directory.
TEST_F(ArchiveTest, RefusesWhatLeadsOut) {
  const std::vector<std::vector<Member>> cases = {
      {{"../evil", AE_IFREG, "x"}},
      {{"a/../../evil", AE_IFREG, "x"}},
      {{"/tmp/evil", AE_IFREG, "x"}},
      {{"link", AE_IFLNK, "/etc/passwd"}},
      {{"a/link", AE_IFLNK, "../../evil"}},
      {{"a/b/up", AE_IFLNK, "../.."}, {"out", AE_IFLNK, "a/b/up/../../evil"}},  // read as text, it would be a/evil
      {{"link", AE_IFLNK, "."}, {"link/x", AE_IFREG, "x"}},
      {{"hard", AE_IFREG, "/etc/passwd", true}},
      {{"hard", AE_IFREG, "../evil", true}},
      {{"fifo", AE_IFIFO}},
      {{"device", AE_IFCHR}},
  };
  for (const auto& members : cases) {
    ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
    ::lseek(file_.get(), 0, SEEK_SET);
    Make(members);
    auto unpacked = Unpack();
    ASSERT_FALSE(unpacked.ok()) << members.back().name;
    EXPECT_EQ(unpacked.error().reason, kBadArchive) << Describe(unpacked.error());
    EXPECT_THAT(unpacked.error().message, HasSubstr(members.back().name));
    EXPECT_FALSE(fs::exists(directory_ + "/evil"));
  }
}

// What is no archive must be said so, also nothing at all and half of one.
TEST_F(ArchiveTest, RefusesWhatIsNoArchive) {
  ASSERT_EQ(::write(file_.get(), "import sys\nprint(1)\n", 20), 20);
  EXPECT_EQ(Unpack().error().reason, kBadArchive);
  ASSERT_EQ(::ftruncate(file_.get(), 0), 0);
  EXPECT_FALSE(Unpack().ok());
  ::lseek(file_.get(), 0, SEEK_SET);
  Make({{"big", AE_IFREG, std::string(100'000, 'x')}}, "none");
  ASSERT_EQ(::ftruncate(file_.get(), 50'000), 0);
  EXPECT_EQ(Unpack().error().reason, kBadArchive);
}

// A small archive may hold a very large file of zeros.
TEST_F(ArchiveTest, StopsAtItsLimits) {
  Make({{"bomb", AE_IFREG, std::string(10 << 20, '\0')}});
  ArchiveLimits limits;
  limits.max_bytes = 1 << 20;
  EXPECT_EQ(Unpack(limits).error().reason, kArchiveTooLarge);
}

// "tar -S" leaves out what is zero. A model file that ends with zeros must come back whole, and a few bytes of archive
// must not make a file beyond the limit.
TEST_F(ArchiveTest, HolesComeBackAndCount) {
  archive* to = archive_write_new();
  archive_write_set_format_pax(to);
  archive_write_open_fd(to, file_.get());
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, "holes");
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, 100'000);
  archive_entry_sparse_add_entry(entry, 8192, 4096);
  ASSERT_EQ(archive_write_header(to, entry), ARCHIVE_OK);
  const std::string content = std::string(8192, '\0') + std::string(4096, 'x') + std::string(100'000 - 12'288, '\0');
  archive_write_data(to, content.data(), content.size());
  archive_entry_free(entry);
  archive_write_free(to);
  ASSERT_LT(::lseek(file_.get(), 0, SEEK_END), 50'000) << "the archive was to have holes";

  ASSERT_TRUE(Unpack().ok());
  std::ifstream file(target_ + "/holes", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), content);
  Status beyond = Unpack({.max_bytes = 50'000, .max_entries = 10});
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().reason, kArchiveTooLarge);
}

// What is packed comes back the same; links stay links; what is neither file nor directory is left out.
TEST_F(ArchiveTest, PackedComesBack) {
  std::string source = directory_ + "/source";
  fs::create_directories(source + "/deep");
  std::ofstream(source + "/deep/model") << std::string(300'000, 'm');
  fs::create_symlink("deep/model", source + "/latest");
  ASSERT_EQ(::mkfifo((source + "/fifo").c_str(), 0600), 0);
  os::Fd directory(::open(source.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto packed = PackDirectory(directory.get(), file_.get());
  ASSERT_TRUE(packed.ok()) << Describe(packed.error());
  EXPECT_EQ(packed->files, 2u);
  ASSERT_TRUE(Unpack().ok());
  EXPECT_EQ(Read("deep/model"), std::string(300'000, 'm'));
  EXPECT_EQ(fs::read_symlink(target_ + "/latest"), "deep/model");
  EXPECT_FALSE(fs::exists(target_ + "/fifo"));
}

// Where objects of a prefix lie is a contract: scripts open /opt/ml/input/data/<channel>/<name>.
TEST(StagerTest, KeysBecomePaths) {
  EXPECT_EQ(PathOfKey("data/train/", "data/train/a.csv"), "a.csv");
  EXPECT_EQ(PathOfKey("data/train", "data/train/x/a.csv"), "x/a.csv");
  EXPECT_EQ(PathOfKey("data/train", "data/training/a.csv"), "training/a.csv");
  EXPECT_EQ(PathOfKey("data/a.csv", "data/a.csv"), "a.csv");
  EXPECT_EQ(PathOfKey("", "a.csv"), "a.csv");
  EXPECT_EQ(PathOfKey("p/", "p//a"), "a");
  EXPECT_EQ(PathOfKey("p/", "p/../a"), std::nullopt);
  EXPECT_EQ(BelowOptMl("/opt/ml/model/"), "model");
  EXPECT_EQ(BelowOptMl("/opt/ml"), ".");
}

}  // namespace
}  // namespace aloft::compute
