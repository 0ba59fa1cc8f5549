#include "platform/compute/agent/parallel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace aloft::compute {

Status InParallel(std::size_t count, const std::function<Status(std::size_t)>& one) {
  constexpr std::size_t kThreads = 8;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  Status result;
  auto work = [&] {
    for (std::size_t index; (index = next++) < count;) {
      auto done = one(index);
      if (done.ok()) continue;
      next = count;
      std::lock_guard lock(mutex);
      if (result.ok()) result = std::move(done);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(count, kThreads); ++i) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  return result;
}

}  // namespace aloft::compute
