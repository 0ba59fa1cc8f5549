// A task's log between the process that writes it and the server that keeps it: an append-only file of lines
// "<microseconds> <text>\n". Positions are byte offsets, so that whoever reads can go on where it was.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/os/fd.h"
#include "platform/compute/task.h"

namespace aloft::compute {

inline constexpr std::size_t kMaxLogLine = 64 * 1024;

// The agent's side. Thread-safe.
class LogSpool {
 public:
  // At most `max_unread_bytes` stay unacknowledged: then writing waits (and with it the task), so that nothing is lost
  // and the disk is bounded. `give_up` ends such a wait.
  LogSpool(std::string directory, const Clock& clock, std::uint64_t max_unread_bytes, std::function<bool()> give_up);

  Status Open();
  // A line of the platform's own.
  void Line(std::string_view text);
  // Bytes as the task wrote them.
  void Bytes(std::string_view bytes);
  // Whatever the task wrote without an end of line.
  void Flush();

 private:
  void Append(std::string_view text, std::string& out);
  void Write(std::string out);
  void MakeRoom(std::size_t bytes);

  std::string directory_;
  const Clock& clock_;
  std::uint64_t max_unread_bytes_;
  std::function<bool()> give_up_;
  std::mutex mutex_;
  os::Fd file_;
  std::uint64_t size_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t punched_ = 0;
  std::string unfinished_;
};

// The server's side.
Result<LogChunk> ReadLogSpool(const std::string& directory, std::uint64_t offset, std::size_t max_bytes);
Status AcknowledgeLogSpool(const std::string& directory, std::uint64_t offset);
std::uint64_t LogSpoolSize(const std::string& directory);

}  // namespace aloft::compute
