#include "foundation/os/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace aloft::os {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() {
    char name[] = "/tmp/aloft-file-test-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~FileTest() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
};

// The one way small state reaches the disk: old bytes go, new ones stand, nothing else is left behind.
TEST_F(FileTest, WritesReplaceAndLeaveNothingBehind) {
  const std::string path = directory_ + "/state";
  ASSERT_TRUE(WriteFileDurably(path, "one", 0600).ok());
  ASSERT_TRUE(WriteFileDurably(path, std::string("two\0three", 9), 0600).ok());
  EXPECT_EQ(*ReadFile(path), std::string("two\0three", 9));
  struct stat facts;
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

// A caller decides by the reason whether to make the file.
TEST_F(FileTest, MissingFileIsNoSuchFile) {
  EXPECT_EQ(ReadFile(directory_ + "/none").error().reason, kNoSuchFile);
  EXPECT_EQ(WriteFileDurably(directory_ + "/no/dir", "x").error().reason, kNoSuchFile);
  EXPECT_TRUE(RemoveFileDurably(directory_ + "/none").ok());
}

// A file that grew beyond reason must not fill the memory.
TEST_F(FileTest, RefusesToReadMoreThanAsked) {
  ASSERT_TRUE(WriteFileDurably(directory_ + "/f", "12345").ok());
  EXPECT_EQ(*ReadFile(directory_ + "/f", 5), "12345");
  EXPECT_EQ(ReadFile(directory_ + "/f", 4).error().reason, kFileTooLarge);
}

// Kernel files report size 0; their content still counts.
TEST_F(FileTest, ReadsKernelFiles) {
  EXPECT_FALSE(ReadFile("/proc/self/status")->empty());
}

// First start makes the whole tree, second start finds it.
TEST_F(FileTest, MakesDirectoriesAgain) {
  EXPECT_TRUE(MakeDirectories(directory_ + "/a/b/c").ok());
  EXPECT_TRUE(MakeDirectories(directory_ + "/a/b/c").ok());
  ASSERT_TRUE(WriteFileDurably(directory_ + "/f", "").ok());
  EXPECT_FALSE(MakeDirectories(directory_ + "/f/g").ok());
}

}  // namespace
}  // namespace aloft::os
