// One thread that owns sockets: an io_context, a queue for other threads, a timer wheel, a scratch buffer. Internal.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/http/timer_wheel.h"

namespace aloft::http {

// Everything but Post, Run and InThread belongs to the loop's own thread. Objects that may outlive the loop's run (an
// exchange in a slow handler) hold it by shared_ptr; what they post after Close is dropped.
class Loop {
 public:
  static constexpr std::size_t kScratch = 256 * 1024;

  explicit Loop(const std::string& name);
  ~Loop();  // REQUIRES: joined
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Thread-safe. False after Close: `task` is dropped, unrun.
  bool Post(std::function<void()> task);
  // Runs `task` now if this is the loop's thread, else posts it.
  void Run(std::function<void()> task);
  bool InThread() const { return current_ == this; }

  // Ends the thread after the running task; drops what is queued. From any thread but the loop's: joins.
  void Close();

  boost::asio::io_context& context() { return context_; }
  void Arm(Timer& timer, std::chrono::milliseconds in);
  void Disarm(Timer& timer) { timers_.Disarm(timer); }
  // Valid until the next call out of the owner: nothing may rest in it across a callback.
  std::span<char> scratch() { return {scratch_.get(), kScratch}; }
  // "Sun, 06 Nov 1994 08:49:37 GMT", now.
  std::string_view Date();

 private:
  void Main(const std::string& name);
  void RunPosted();
  void Tick();

  static thread_local Loop* current_;

  boost::asio::io_context context_{1};
  boost::asio::steady_timer ticker_{context_};
  bool ticking_ = false;
  TimerWheel timers_{std::chrono::steady_clock::now()};
  std::unique_ptr<char[]> scratch_;
  std::time_t date_second_ = 0;
  std::string date_;

  std::mutex mutex_;
  bool closed_ = false;
  std::vector<std::function<void()>> posted_;
  std::thread thread_;
};

}  // namespace aloft::http
