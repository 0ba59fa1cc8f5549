#include "foundation/os/cgroup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "foundation/os/cgroup_files.h"
#include "foundation/os/process.h"

namespace aloft::os {
namespace {

namespace fs = std::filesystem;

class FakeTree : public testing::Test {
 protected:
  FakeTree() {
    char path[] = "/tmp/aloft-cgroup-XXXXXX";
    root_ = ::mkdtemp(path);
  }
  ~FakeTree() override { fs::remove_all(root_); }
  void Put(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << text;
  }
  std::string Get(const std::string& path) { return internal::ReadControl(root_ + "/" + path); }
  std::string root_;
};

// This machine may be v1; a v2 host must get the same limits, so that driver is held against the documented files.
TEST_F(FakeTree, VersionTwoWritesTheDocumentedFiles) {
  Put("cgroup.controllers", "cpu memory pids\n");
  Put("cgroup.subtree_control", "");
  Put("aloft/cgroup.subtree_control", "");
  for (const char* name : {"cpu.weight", "memory.max", "memory.swap.max", "pids.max", "cgroup.procs"})
    Put(std::string("aloft/t/") + name, "");
  Put("aloft/t/memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n");
  Put("aloft/t/cpu.stat", "usage_usec 1500\nuser_usec 1000\n");
  Put("aloft/t/pids.events", "max 7\n");
  Put("aloft/t/memory.peak", "4096\n");
  auto groups = DetectCgroups(root_);
  EXPECT_EQ(groups->support().driver, "v2");
  EXPECT_TRUE(groups->support().processes) << groups->support().why;
  ASSERT_TRUE(groups->Create("t", {.cpus = 2, .memory_bytes = 1 << 20, .max_processes = 10}).ok());
  EXPECT_EQ(Get("aloft/t/pids.max"), "10");
  ASSERT_TRUE(groups->Add("t", 42).ok());
  EXPECT_EQ(Get("aloft/t/cgroup.procs"), "42");
  auto usage = groups->Usage("t");
  ASSERT_TRUE(usage.ok());
  EXPECT_EQ(usage->oom_kills, 1u);
  EXPECT_EQ(usage->cpu_micros, 1500u);
  EXPECT_EQ(usage->refused_forks, 7u);
  EXPECT_EQ(usage->memory_peak_bytes, 4096u);
}

// A machine without control groups must say so instead of pretending.
TEST_F(FakeTree, NoneSaysWhy) {
  auto groups = DetectCgroups(root_);
  EXPECT_EQ(groups->support().driver, "none");
  EXPECT_FALSE(groups->support().memory);
  EXPECT_NE(groups->support().why, "");
  EXPECT_TRUE(groups->Remove("t").ok());
}

class RealGroups : public testing::Test {
 protected:
  void SetUp() override {
    groups_ = DetectCgroups("/sys/fs/cgroup", "aloft-test-" + std::to_string(::getpid()));
    if (groups_->support().driver == "none") GTEST_SKIP() << "no control groups here: " << groups_->support().why;
  }
  void TearDown() override {
    for (const char* controller : {"cpu", "memory", "pids", "freezer", "cpuacct", "."})
      ::rmdir((std::string("/sys/fs/cgroup/") + controller + "/aloft-test-" + std::to_string(::getpid())).c_str());
  }
  // A process that joins the group, then runs the shell script.
  pid_t Run(const std::string& name, const char* script) {
    int gate[2];
    EXPECT_EQ(::pipe2(gate, O_CLOEXEC), 0);
    pid_t pid = ::fork();
    if (pid == 0) {
      char byte;
      static_cast<void>(!::read(gate[0], &byte, 1));
      ::execl("/bin/bash", "bash", "-c", script, nullptr);
      ::_exit(127);
    }
    auto added = groups_->Add(name, pid);
    EXPECT_TRUE(added.ok()) << Describe(added.error());
    EXPECT_EQ(::write(gate[1], "x", 1), 1);
    ::close(gate[0]);
    ::close(gate[1]);
    return pid;
  }
  std::unique_ptr<Cgroups> groups_;
};

// The memory limit is hard, and who was ended by it must be known.
TEST_F(RealGroups, MemoryLimitEndsAndIsCounted) {
  if (!groups_->support().memory) GTEST_SKIP() << groups_->support().why;
  ASSERT_TRUE(groups_->Create("m", {.memory_bytes = 32u << 20}).ok());
  pid_t pid = Run("m", "x=$(head -c 200000000 /dev/zero | tr '\\0' a); echo ${#x} >/dev/null");
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
  auto usage = groups_->Usage("m");
  ASSERT_TRUE(usage.ok());
  EXPECT_GE(usage->oom_kills, 1u);
  EXPECT_LE(usage->memory_peak_bytes, 32u << 20);
  EXPECT_TRUE(groups_->Remove("m").ok());
}

// The end of a group is the end of everything in it, also of what forks while it is being killed.
TEST_F(RealGroups, RemoveEndsAForkBomb) {
  if (!groups_->support().processes) GTEST_SKIP() << groups_->support().why;
  ASSERT_TRUE(groups_->Create("p", {.max_processes = 20}).ok());
  pid_t pid = Run("p", "bomb() { bomb | bomb & }; bomb; sleep 1000");
  auto pidfd = OpenProcess(*IdentityOf(pid));
  auto removed = groups_->Remove("p");
  EXPECT_TRUE(removed.ok()) << Describe(removed.error());
  EXPECT_TRUE(groups_->Processes("p").empty());
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  EXPECT_TRUE(groups_->Remove("p").ok()) << "removing twice is success";
}

}  // namespace
}  // namespace aloft::os
