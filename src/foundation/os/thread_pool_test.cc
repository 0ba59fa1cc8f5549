#include "foundation/os/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace aloft::os {
namespace {

// Stopping must not lose work that was accepted: a client waits for its answer.
TEST(ThreadPool, StopRunsWhatIsQueued) {
  std::atomic<int> ran{0};
  ThreadPool pool("test", 2, 100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.TrySubmit([&] { ++ran; }));
  pool.Stop();
  EXPECT_EQ(ran.load(), 50);
}

// Overload is refused at once instead of growing a queue.
TEST(ThreadPool, RefusesWhenFull) {
  std::promise<void> entered;
  std::promise<void> leave;
  ThreadPool pool("test", 1, 1);
  ASSERT_TRUE(pool.TrySubmit([&] {
    entered.set_value();
    leave.get_future().wait();
  }));
  entered.get_future().wait();
  EXPECT_TRUE(pool.TrySubmit([] {}));
  EXPECT_FALSE(pool.TrySubmit([] {}));
  EXPECT_EQ(pool.queued(), 1u);
  leave.set_value();
}

// A download that was begun is not cut because others came meanwhile.
TEST(ThreadPool, ContinuesWhenFull) {
  std::promise<void> entered;
  std::promise<void> leave;
  std::atomic<int> ran{0};
  ThreadPool pool("test", 1, 1);
  ASSERT_TRUE(pool.TrySubmit([&] {
    entered.set_value();
    leave.get_future().wait();
  }));
  entered.get_future().wait();
  ASSERT_TRUE(pool.TrySubmit([&] { ++ran; }));
  EXPECT_FALSE(pool.TrySubmit([&] { ++ran; }));
  EXPECT_TRUE(pool.TryContinue([&] { ++ran; }));
  leave.set_value();
  pool.Stop();
  EXPECT_EQ(ran.load(), 2);
  EXPECT_FALSE(pool.TryContinue([] {}));
}

// A caller that races with shutdown gets a refusal, not a lost task.
TEST(ThreadPool, RefusesAfterStop) {
  ThreadPool pool("test", 1, 1);
  pool.Stop();
  pool.Stop();
  EXPECT_FALSE(pool.TrySubmit([] {}));
}

// A new task wakes nobody while enough threads work, so tasks that block without saying so must not keep others from
// running.
TEST(ThreadPool, TasksThatBlockDoNotHoldUpOthers) {
  constexpr int kBlocked = 24;
  std::promise<void> leave;
  auto left = leave.get_future().share();
  std::promise<void> ran;
  std::atomic<int> entered{0};
  ThreadPool pool("test", kBlocked + 1, 100);
  for (int i = 0; i < kBlocked; ++i)
    ASSERT_TRUE(pool.TrySubmit([&] {
      ++entered;
      left.wait();
    }));
  ASSERT_TRUE(pool.TrySubmit([&] { ran.set_value(); }));
  ran.get_future().wait();
  EXPECT_EQ(entered.load(), kBlocked);
  leave.set_value();
}

// Work that says it waits for a disk makes room at once, from a pool's thread; elsewhere it means nothing.
TEST(ThreadPool, BlockingMakesRoom) {
  constexpr int kThreads = 16;
  const Blocking outside;
  std::promise<void> leave;
  auto left = leave.get_future().share();
  std::promise<void> all;
  std::atomic<int> entered{0};
  ThreadPool pool("test", kThreads, 100);
  for (int i = 0; i < kThreads; ++i)
    ASSERT_TRUE(pool.TrySubmit([&] {
      const Blocking blocking;
      if (++entered == kThreads) all.set_value();
      left.wait();
    }));
  all.get_future().wait();
  leave.set_value();
}

}  // namespace
}  // namespace aloft::os
