#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <set>
#include <thread>

#include "foundation/base/fault_point.h"
#include "foundation/kv/apply_soon.h"
#include "foundation/kv/testing_engines.h"

namespace aloft::kv {
namespace {

class DurabilityTest : public EngineTest {
 protected:
  // Nothing is opened before the fork: RocksDB's threads would be missing in the child, which thinks it has them.
  void SetUp() override {}
  void TearDown() override { ArmFaultPoints("none=error@1"); }
  static Batch BatchOf(const std::string& key) {
    Batch batch;
    batch.Put("test", key, "value of " + key);
    batch.Announce("test", key, key);
    return batch;
  }
  static Result<Version> Put(Store& store, const std::string& key) { return store.Apply(BatchOf(key)); }
  // The same on the thread that commits for those who do not wait.
  static Result<Version> PutSoon(Store& store, const std::string& key) {
    const auto told = std::make_shared<std::promise<Result<Version>>>();
    ApplySoon(store, BatchOf(key), [told](Result<Version> applied) { told->set_value(std::move(applied)); });
    return told->get_future().get();
  }
};

// The death of the process at any moment loses no acknowledged batch, tears none apart, and takes no version back. The
// child acknowledges through a pipe after each Apply, from several threads, and dies in the middle of that.
TEST_P(DurabilityTest, AcknowledgedBatchesSurviveKill) {
  Options options = MakeOptions();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ends[0]);
    auto store = Store::Open(options, Log::Discard());
    if (!store.ok()) _exit(1);
    for (int t = 0; t < 4; ++t) {
      std::thread([&, t] {
        for (int i = 0;; ++i) {
          std::string key = std::to_string(t) + "-" + std::to_string(i);
          auto version = t % 2 == 0 ? Put(**store, key) : PutSoon(**store, key);
          if (!version.ok()) _exit(1);
          std::string line = key + " " + std::to_string(*version) + "\n";
          if (write(ends[1], line.data(), line.size()) < 0) _exit(1);
        }
      }).detach();
    }
    while (true) pause();
  }
  close(ends[1]);
  std::string acknowledged;
  char buffer[4096];
  while (std::count(acknowledged.begin(), acknowledged.end(), '\n') < 300) {
    ssize_t got = read(ends[0], buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    acknowledged.append(buffer, static_cast<std::size_t>(got));
  }
  kill(child, SIGKILL);
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    acknowledged.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  waitpid(child, nullptr, 0);

  Open();
  Version greatest = kAbsent;
  for (std::string_view rest = acknowledged; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
    std::string key(rest.substr(0, rest.find(' ')));
    Version version = std::stoull(std::string(rest.substr(rest.find(' ') + 1)));
    greatest = std::max(greatest, version);
    auto entry = store_->Get("test", key).value();
    ASSERT_TRUE(entry) << key;
    EXPECT_EQ(entry->version, version);
    EXPECT_EQ(entry->value, "value of " + key);
  }
  // Each batch and its announcement are one. (PostgreSQL may still be at the child's last transactions: look again.)
  std::set<std::string> keys, announced;
  for (int looks = 0; looks < 200 && (looks == 0 || announced != keys); ++looks) {
    auto all = store_->Scan("test", {.limit = 1'000'000}).value();
    for (const Entry& entry : all.entries) keys.insert(entry.key);
    sql::OutboxPosition position;
    for (bool more = true; more;) {
      auto page = store_->outbox().Read(position, "", 100).value();
      for (auto& each : page.entries) announced.insert(each.key);
      position = page.next;
      more = page.more;
    }
  }
  EXPECT_EQ(announced, keys);
  EXPECT_GT(Put(*store_, "next").value(), greatest);
}

// RocksDB last: from then on this process has threads, and the thread sanitizer follows no child of such a one.
INSTANTIATE_TEST_SUITE_P(Engines, DurabilityTest, testing::Values(Engine::kPostgres, Engine::kRocks), EngineName);

using RocksFailureTest = DurabilityTest;

// After a failed write nobody knows what is on the disk: the batch fails, later ones are refused, reads go on, and
// reopening finds what was acknowledged.
TEST_P(RocksFailureTest, FailedWriteMakesReadOnly) {
  Open();
  ASSERT_TRUE(Put(*store_, "before").ok());
  ASSERT_TRUE(ArmFaultPoints("kv.write=error@1"));
  EXPECT_EQ(Put(*store_, "during").error().reason, kIoError);
  EXPECT_EQ(Put(*store_, "after").error().reason, kStoreReadOnly);
  EXPECT_EQ(PutSoon(*store_, "after").error().reason, kStoreReadOnly);
  EXPECT_TRUE(store_->Get("test", "before").value().has_value());
  Reopen();
  EXPECT_FALSE(store_->Get("test", "during").value().has_value());
  EXPECT_TRUE(Put(*store_, "after").ok());
}

// A second process on the same directory would destroy it: it is refused with the reason.
TEST_P(RocksFailureTest, OneProcessOnly) {
  Open();
  auto second = Store::Open(MakeOptions(), Log::Discard());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, kUnavailable);
}

// Damaged bytes are noticed when they are read, and the store is never written to again.
TEST_P(RocksFailureTest, CorruptionIsNoticed) {
  Open();
  for (int i = 0; i < 40; ++i) {
    Batch batch;
    batch.Put("test", "key" + std::to_string(i), std::string(1u << 18, static_cast<char>('a' + i % 26)) + "unlike");
    ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  }
  Reopen();  // what the log held becomes a table
  store_.reset();
  int damaged = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
    if (file.path().extension() != ".sst") continue;
    int fd = open(file.path().c_str(), O_RDWR);
    ASSERT_GE(fd, 0);
    std::string junk(512, '\x5a');
    auto half = static_cast<off_t>(file.file_size() / 4);
    ASSERT_EQ(pwrite(fd, junk.data(), junk.size(), half), 512);
    close(fd);
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  Status opened = TryOpen();
  if (!opened.ok()) {
    EXPECT_EQ(opened.error().reason, kCorrupt);
    return;
  }
  auto page = store_->Scan("test", {.max_bytes = 1u << 30});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().reason, kCorrupt);
  EXPECT_EQ(Put(*store_, "after").error().reason, kStoreReadOnly);
}

INSTANTIATE_TEST_SUITE_P(Engines, RocksFailureTest, testing::Values(Engine::kRocks), EngineName);

}  // namespace
}  // namespace aloft::kv

#if defined(__SANITIZE_THREAD__)
// The children of these tests start threads after a fork; RocksDB's own were running then.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
  return "die_after_fork=0";
}
#endif
