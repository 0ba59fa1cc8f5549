#include "foundation/http/loop.h"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <utility>

#include "foundation/base/check.h"

namespace aloft::http {

thread_local Loop* Loop::current_ = nullptr;

Loop::Loop(const std::string& name) : scratch_(new char[kScratch]) {
  thread_ = std::thread([this, name] { Main(name); });
}

Loop::~Loop() {
  ALOFT_CHECK(!thread_.joinable());
}

void Loop::Main(const std::string& name) {
  current_ = this;
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  // Signals are for the main thread; a broken pipe is an error code here (OpenSSL writes without MSG_NOSIGNAL).
  sigset_t signals;
  ::sigfillset(&signals);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigdelset(&signals, own);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto guard = boost::asio::make_work_guard(context_);
  context_.run();
}

bool Loop::Post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return true;  // whoever came first has woken the loop
  }
  boost::asio::post(context_, [this] { RunPosted(); });
  return true;
}

void Loop::Run(std::function<void()> task) {
  if (InThread())
    task();
  else
    Post(std::move(task));
}

void Loop::RunPosted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) {
    task();
    task = nullptr;
  }
}

void Loop::Close() {
  ALOFT_CHECK(!InThread());
  if (!thread_.joinable()) return;
  std::vector<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(posted_);
  }
  context_.stop();
  thread_.join();
  // What was cancelled still holds its owners; let the handlers run out, else they would hold each other for ever.
  ticker_.cancel();
  context_.restart();
  context_.poll();
}

void Loop::Arm(Timer& timer, std::chrono::milliseconds in) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  if (timers_.empty()) timers_.Advance(now);  // no ticks came while there was nothing to wait for
  timers_.Arm(timer, now + in);
  if (!ticking_) Tick();
}

void Loop::Tick() {
  // No timers, no ticks: an idle server sleeps.
  ticking_ = true;
  ticker_.expires_after(TimerWheel::kTick);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    ticking_ = false;
    timers_.Advance(std::chrono::steady_clock::now());
    if (!timers_.empty() && !ticking_) Tick();
  });
}

std::string_view Loop::Date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts;
    ::gmtime_r(&now, &parts);
    char text[64];
    date_.assign(text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return date_;
}

}  // namespace aloft::http
