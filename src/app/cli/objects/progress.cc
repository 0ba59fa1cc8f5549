#include "app/cli/objects/progress.h"

#include <unistd.h>

#include <cstdio>

namespace aloft::app {
namespace {

constexpr std::chrono::milliseconds kTick{200};
constexpr int kTicksOfALine = 50;  // where nobody watches

}  // namespace

Progress::Progress(const Clock& clock, std::function<std::string()> line)
    : clock_(clock), line_(std::move(line)), terminal_(::isatty(STDERR_FILENO) != 0), thread_([this] { Run(); }) {}

Progress::~Progress() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  thread_.join();
  std::lock_guard lock(mutex_);
  Show(true);
}

void Progress::Say(const std::string& text) {
  std::lock_guard lock(mutex_);
  if (terminal_) std::fprintf(stderr, "\r%*s\r", static_cast<int>(shown_), "");
  shown_ = 0;
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Progress::Run() {
  for (int tick = 1;; ++tick) {
    std::this_thread::sleep_for(kTick);
    std::lock_guard lock(mutex_);
    if (stop_) return;
    if (terminal_ || tick % kTicksOfALine == 0) Show(false);
  }
}

void Progress::Show(bool last) {
  std::string text = line_();
  if (!terminal_) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return;
  }
  std::size_t columns = text.size();
  if (columns < shown_) text.append(shown_ - columns, ' ');
  std::fprintf(stderr, "\r%s%s", text.c_str(), last ? "\n" : "");
  shown_ = columns;
}

}  // namespace aloft::app
