// How far a long command is: one line that changes in a terminal, a line now and then in a file.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "foundation/base/clock.h"

namespace aloft::app {

// Writes to stderr what `line` says, from a thread of its own, until it goes. Thread-safe.
class Progress {
 public:
  Progress(const Clock& clock, std::function<std::string()> line);
  ~Progress();

  // A whole line of its own, which the changing one does not overwrite. stderr.
  void Say(const std::string& text);

 private:
  void Run();
  void Show(bool last);

  const Clock& clock_;
  const std::function<std::string()> line_;
  const bool terminal_;
  std::mutex mutex_;
  std::size_t shown_ = 0;  // columns of the changing line
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace aloft::app
