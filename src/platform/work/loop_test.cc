#include "platform/work/loop.h"

#include <gtest/gtest.h>

#include <atomic>

namespace aloft::work {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Fixture : testing::Test {
  // Steps are played from this list; each records its key.
  Loop MakeLoop(std::vector<Result<Again>> answers) {
    answers_ = std::move(answers);
    return Loop(
        {.name = "test", .backoff = {milliseconds(100), seconds(1)}},
        [this](const std::string& key) -> Result<Again> {
          steps_.push_back(key);
          if (steps_.size() > answers_.size()) return Again{};
          return answers_[steps_.size() - 1];
        },
        clock_, random_, Log::Discard());
  }
  ManualClock clock_;
  SeededRandom random_{1};
  std::vector<Result<Again>> answers_;
  std::vector<std::string> steps_;
};
using LoopTest = Fixture;

// A woken key is stepped once, and again when its step said so.
TEST_F(LoopTest, StepsWhatIsDue) {
  Loop loop = MakeLoop({Again{seconds(5)}});
  EXPECT_EQ(loop.RunDue(), 0u);
  loop.Wake("a");
  loop.Wake("a");
  EXPECT_EQ(loop.RunDue(), 1u);
  clock_.Advance(seconds(4));
  EXPECT_EQ(loop.RunDue(), 0u);
  clock_.Advance(seconds(1));
  EXPECT_EQ(loop.RunDue(), 1u);
  EXPECT_FALSE(loop.NextDue().has_value());
}

// Waking brings a later time forward and never puts an earlier one off.
TEST_F(LoopTest, EarliestTimeWins) {
  Loop loop = MakeLoop({});
  loop.WakeAt("a", clock_.Monotonic() + seconds(10));
  loop.WakeAt("a", clock_.Monotonic() + seconds(5));
  loop.WakeAt("a", clock_.Monotonic() + seconds(20));
  EXPECT_EQ(loop.NextDue(), clock_.Monotonic() + seconds(5));
  clock_.Advance(seconds(30));
  EXPECT_EQ(loop.RunDue(), 1u);
}

// A failing step comes back later and later, within its bounds, and a success forgets the failures.
TEST_F(LoopTest, BacksOff) {
  Error error = Fail(kUnavailable, "no");
  Loop loop = MakeLoop({error, error, error, error, error, error, Again{}, error});
  loop.Wake("a");
  for (int failures = 1; failures <= 6; ++failures) {
    ASSERT_EQ(loop.RunDue(), 1u);
    auto wait = *loop.NextDue() - clock_.Monotonic();
    auto whole = std::min<std::chrono::nanoseconds>(milliseconds(100) * (1 << (failures - 1)), seconds(1));
    EXPECT_LE(wait, whole);
    EXPECT_GE(wait, whole / 2);
    clock_.Advance(std::chrono::ceil<std::chrono::microseconds>(wait));
  }
  EXPECT_EQ(loop.RunDue(), 1u);
  loop.Wake("a");
  EXPECT_EQ(loop.RunDue(), 1u);
  EXPECT_LE(*loop.NextDue() - clock_.Monotonic(), milliseconds(100));
}

// A wake-up that arrives while the key is being stepped leads to one more step.
TEST_F(LoopTest, WakeDuringStepIsNotLost) {
  int steps = 0;
  Loop* self = nullptr;
  Loop loop(
      {.name = "test"},
      [&](const std::string& key) -> Result<Again> {
        if (++steps == 1) self->Wake(key);
        return Again{};
      },
      clock_, random_, Log::Discard());
  self = &loop;
  loop.Wake("a");
  EXPECT_EQ(loop.RunDue(), 2u);
}

// With threads: every key is stepped, none by two threads at once, and Stop joins.
TEST_F(LoopTest, ThreadsNeverShareAKey) {
  SystemClock clock;
  std::atomic<int> inside[4]{}, done{0}, overlaps{0};
  Loop loop(
      {.name = "test", .threads = 3},
      [&](const std::string& key) -> Result<Again> {
        std::atomic<int>& mine = inside[key[0] - 'a'];
        if (mine.fetch_add(1) != 0) ++overlaps;
        std::this_thread::yield();
        mine.fetch_sub(1);
        ++done;
        return Again{};
      },
      clock, random_, Log::Discard());
  loop.Start();
  while (done < 200)
    for (const char* key : {"a", "b", "c", "d"}) loop.Wake(key);
  loop.Stop();
  EXPECT_EQ(overlaps, 0);
}

}  // namespace
}  // namespace aloft::work
