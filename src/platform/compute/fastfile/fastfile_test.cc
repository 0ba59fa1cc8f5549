#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>

#include "foundation/os/sandbox.h"
#include "platform/compute/fastfile/block_cache.h"
#include "platform/compute/fastfile/mount.h"
#include "platform/compute/fastfile/tree.h"

namespace aloft::compute::fastfile {
namespace {

// What the code sees of a channel must be what File would have laid out, whatever the order of the keys.
TEST(TreeTest, DirectoriesAppearOnceAndSorted) {
  auto tree = Tree::Build({{"b/x", 1}, {"a", 2}, {"b/c/y", 3}, {"b/a", 4}, {"a", 9}});
  ASSERT_TRUE(tree.ok());
  std::uint64_t b = tree->Child(Tree::kRoot, "b");
  ASSERT_NE(b, 0u);
  EXPECT_TRUE(tree->Find(b)->is_directory());
  std::vector<std::string> names;
  for (std::uint64_t child : tree->Find(b)->children) names.push_back(tree->Find(child)->name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "c", "x"}));
  EXPECT_EQ(tree->Find(tree->Child(Tree::kRoot, "a"))->size, 2u);  // the first of two
  EXPECT_EQ(tree->Child(b, "nothing"), 0u);
  EXPECT_EQ(tree->Find(99), nullptr);
}

// A bucket can hold "a" and "a/b"; a file system cannot.
TEST(TreeTest, RefusesAFileThatIsAFolder) {
  EXPECT_FALSE(Tree::Build({{"a", 1}, {"a/b", 1}}).ok());
  EXPECT_FALSE(Tree::Build({{"a/b", 1}, {"a", 1}}).ok());
}

// Fetches what it is asked, and counts; can be held back.
struct Puppet {
  Result<std::string> operator()(std::size_t leaf, std::uint64_t offset, std::uint64_t length) {
    std::unique_lock lock(mutex);
    ++fetches;
    changed.wait(lock, [&] { return !held; });
    if (fail) return Fail(kUnavailable, "no");
    return std::string(length, static_cast<char>('a' + leaf + offset / 10));
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false, fail = false;
  int fetches = 0;
};

std::unique_ptr<BlockCache> CacheOf(Puppet& puppet, std::vector<std::uint64_t> sizes, std::uint64_t max_bytes = 40) {
  return std::make_unique<BlockCache>([&](auto... about) { return puppet(about...); }, std::move(sizes),
                                      CacheOptions{.block_bytes = 10, .max_bytes = max_bytes, .fetchers = 2});
}

// Two readers of one block, or one who comes back, cost one fetch.
TEST(BlockCacheTest, FetchesOnceAndCutsTheLastBlock) {
  Puppet puppet;
  auto cache = CacheOf(puppet, {25});
  EXPECT_EQ(**cache->Get(0, 2), "ccccc");
  EXPECT_EQ(**cache->Get(0, 2), "ccccc");
  EXPECT_EQ((*cache->Get(0, 3))->size(), 0u);
  EXPECT_EQ(puppet.fetches, 1);
  EXPECT_EQ(cache->counts().bytes_fetched, 5u);
  EXPECT_EQ(cache->counts().leaves_read, 1u);
}

// Memory stays flat, whatever is read: the reason that a channel may be larger than the machine.
TEST(BlockCacheTest, HoldsNoMoreThanItMay) {
  Puppet puppet;
  auto cache = CacheOf(puppet, {1000});
  for (int block = 0; block < 100; ++block) {
    ASSERT_TRUE(cache->Get(0, static_cast<std::uint64_t>(block)).ok());
    EXPECT_LE(cache->counts().bytes_held, 40u);
  }
}

// A failure is told to who asked, and not remembered: the next read may find the store well again.
TEST(BlockCacheTest, AFailedFetchIsTriedAnew) {
  Puppet puppet;
  puppet.fail = true;
  auto cache = CacheOf(puppet, {10});
  EXPECT_FALSE(cache->Get(0, 0).ok());
  puppet.fail = false;
  EXPECT_TRUE(cache->Get(0, 0).ok());
}

// A process that waits for a file cannot be killed before it is answered.
TEST(BlockCacheTest, CancelAnswersWhoWaits) {
  Puppet puppet;
  puppet.held = true;
  auto cache = CacheOf(puppet, {10});
  std::atomic<bool> answered{false};
  std::thread reader([&] {
    EXPECT_FALSE(cache->Get(0, 0).ok());
    answered = true;
  });
  cache->Cancel();
  reader.join();
  EXPECT_TRUE(answered);
  {
    std::lock_guard lock(puppet.mutex);
    puppet.held = false;
  }
  puppet.changed.notify_all();
}

// What is read ahead never delays what is wanted, and waits in bounded room.
TEST(BlockCacheTest, AheadIsBounded) {
  Puppet puppet;
  {
    auto cache = CacheOf(puppet, {100'000});
    for (std::uint64_t block = 0; block < 5000; ++block) cache->Ahead(0, block);
    EXPECT_TRUE(cache->Get(0, 9000).ok());
  }
  EXPECT_LE(puppet.fetches, 5001);
}

// The protocol against a real kernel: listed, read, sought, mapped by a shell's tools; refused where it writes; gone
// after Stop. Skipped where nobody may mount.
TEST(MountTest, AnswersTheKernel) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer's own thread forbids a new user namespace";
#endif
  if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "/dev/fuse cannot be opened by this user";
  char path[] = "/tmp/aloft-fastfile-XXXXXX";
  std::string directory = ::mkdtemp(path);
  for (const char* name : {"/root", "/ml"}) std::filesystem::create_directory(directory + name);
  os::SandboxSpec spec;
  spec.root_directory = directory + "/root";
  spec.mounts = {{directory + "/ml", "/opt/ml", true}};
  spec.outside_uid = 2'000'003;
  spec.fuse_targets = {"/opt/ml/data"};
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  os::Fd reading(ends[0]), writing(ends[1]);
  auto sandbox = os::Sandbox::Create(spec, writing.get());
  ASSERT_TRUE(sandbox.ok());
  writing.Reset();
  std::unique_ptr<Mount> mount;
  auto started = sandbox->Start(
      {"bash", "-c",
       "cd /opt/ml/data; find . | sort | tr '\\n' ' '; cat deep/b; tail -c 3 big; stat -c ' %s %U %a' big; "
       "echo x > new; rm big; cat bad; echo; wc -c < big"},
      {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}}, [&](std::vector<os::Fd> devices) {
        ASSERT_EQ(devices.size(), 1u);
        auto fetch = [](std::size_t leaf, std::uint64_t offset, std::uint64_t length) -> Result<std::string> {
          if (leaf == 2) return Fail(Reason{ErrorKind::kDenied, "Denied"}, "no");
          std::string bytes(length, 'x');
          if (leaf == 0 && offset + length == 3'000'000) bytes.replace(length - 3, 3, "end");
          return bytes;
        };
        auto served = Mount::Serve(
            std::move(devices[0]), *Tree::Build({{"big", 3'000'000}, {"deep/b", 4}, {"bad", 1}}),
            std::make_unique<BlockCache>(fetch, std::vector<std::uint64_t>{3'000'000, 4, 1}, CacheOptions{}),
            {.owner = ::geteuid() == 0 ? 2'000'003u : 1000u});
        ASSERT_TRUE(served.ok());
        mount = std::move(*served);
      });
  ASSERT_TRUE(started.ok()) << Describe(started.error());
  std::string said;
  char buffer[4096];
  for (ssize_t got; (got = ::read(reading.get(), buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(got));
  EXPECT_NE(said.find(". ./bad ./big ./deep ./deep/b xxxxend 3000000 aloft 444"), std::string::npos) << said;
  EXPECT_NE(said.find("new: Read-only file system"), std::string::npos) << said;
  EXPECT_NE(said.find("bad: Permission denied"), std::string::npos) << said;
  EXPECT_NE(said.find("\n3000000\n"), std::string::npos) << said;
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->counts().leaves_read, 3u);
  mount->Stop();
  EXPECT_EQ(sandbox->Wait().exit_code, 0);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace aloft::compute::fastfile
