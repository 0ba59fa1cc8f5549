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

// A caller that races with shutdown gets a refusal, not a lost task.
TEST(ThreadPool, RefusesAfterStop) {
  ThreadPool pool("test", 1, 1);
  pool.Stop();
  pool.Stop();
  EXPECT_FALSE(pool.TrySubmit([] {}));
}

}  // namespace
}  // namespace aloft::os
