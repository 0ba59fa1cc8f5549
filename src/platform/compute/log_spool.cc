#include "platform/compute/log_spool.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <thread>

#include "platform/compute/task_files.h"

namespace aloft::compute {
namespace {

std::uint64_t ReadAcknowledged(const std::string& directory) {
  os::Fd file(::open((directory + "/" + kAcknowledgedFile).c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[32] = {};
  ssize_t got = file ? ::read(file.get(), buffer, sizeof buffer) : 0;
  std::uint64_t value = 0;
  if (got > 0) std::from_chars(buffer, buffer + got, value);
  return value;
}

}  // namespace

LogSpool::LogSpool(std::string directory, const Clock& clock, std::uint64_t max_unread_bytes,
                   std::function<bool()> give_up)
    : directory_(std::move(directory)),
      clock_(clock),
      max_unread_bytes_(max_unread_bytes),
      give_up_(std::move(give_up)) {}

Status LogSpool::Open() {
  std::string path = directory_ + "/" + kLogFile;
  file_ = os::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  struct stat status {};
  if (!file_ || ::fstat(file_.get(), &status) != 0) return SystemError("open " + path, errno);
  size_ = static_cast<std::uint64_t>(status.st_size);
  return {};
}

void LogSpool::Append(std::string_view text, std::string& out) {
  std::string prefix = std::to_string(ToMicros(clock_.Now())) + " ";
  do {
    std::string_view piece = text.substr(0, kMaxLogLine);
    out.append(prefix).append(piece).push_back('\n');
    text.remove_prefix(piece.size());
  } while (!text.empty());
}

void LogSpool::Line(std::string_view text) {
  std::lock_guard lock(mutex_);
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    Append(text.substr(0, end), out);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  Write(std::move(out));
}

void LogSpool::Bytes(std::string_view bytes) {
  std::lock_guard lock(mutex_);
  std::string out;
  while (!bytes.empty()) {
    std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      unfinished_.append(bytes);
      break;
    }
    unfinished_.append(bytes.substr(0, end));
    if (!unfinished_.empty() && unfinished_.back() == '\r') unfinished_.pop_back();
    Append(unfinished_, out);
    unfinished_.clear();
    bytes.remove_prefix(end + 1);
  }
  if (unfinished_.size() >= kMaxLogLine) {
    Append(unfinished_, out);
    unfinished_.clear();
  }
  Write(std::move(out));
}

void LogSpool::Flush() {
  std::lock_guard lock(mutex_);
  if (unfinished_.empty()) return;
  std::string out;
  Append(unfinished_, out);
  unfinished_.clear();
  Write(std::move(out));
}

void LogSpool::Write(std::string out) {
  MakeRoom(out.size());
  std::string_view rest = out;
  while (!rest.empty()) {
    ssize_t wrote = ::write(file_.get(), rest.data(), rest.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      // A full disk: wait for room rather than lose lines, unless the task is being stopped.
      if (give_up_()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      continue;
    }
    size_ += static_cast<std::uint64_t>(wrote);
    rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void LogSpool::MakeRoom(std::size_t bytes) {
  constexpr std::uint64_t kStep = 8u << 20;  // asking more often would cost more than it frees
  if (size_ - punched_ < kStep && size_ - acknowledged_ + bytes < max_unread_bytes_) return;
  for (;;) {
    acknowledged_ = std::min(ReadAcknowledged(directory_), size_);
    if (acknowledged_ - punched_ >= kStep) {
      std::uint64_t end = acknowledged_ & ~std::uint64_t{4095};
      ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(punched_),
                  static_cast<off_t>(end - punched_));
      punched_ = end;
    }
    if (size_ - acknowledged_ + bytes < max_unread_bytes_ || give_up_()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Result<LogChunk> ReadLogSpool(const std::string& directory, std::uint64_t offset, std::size_t max_bytes) {
  LogChunk chunk;
  chunk.next_offset = offset;
  std::string path = directory + "/" + kLogFile;
  os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return chunk;
    return SystemError("open " + path, errno);
  }
  std::string bytes(std::max<std::size_t>(max_bytes, 2 * kMaxLogLine), '\0');
  ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (got < 0) return SystemError("read " + path, errno);
  std::string_view rest(bytes.data(), static_cast<std::size_t>(got));
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
    std::string_view line = rest.substr(0, end);
    std::int64_t micros = 0;
    auto [after, error] = std::from_chars(line.data(), line.data() + line.size(), micros);
    std::size_t skip = static_cast<std::size_t>(after - line.data());
    // A line without its time is a hole that was punched, or a torn write: not the task's.
    if (error == std::errc() && skip < line.size() && line[skip] == ' ')
      chunk.lines.push_back({FromMicros(micros), std::string(line.substr(skip + 1)), chunk.next_offset});
    rest.remove_prefix(end + 1);
    chunk.next_offset += end + 1;
  }
  return chunk;
}

Status AcknowledgeLogSpool(const std::string& directory, std::uint64_t offset) {
  // Fixed width, overwritten in place: a reader sees the old number or the new one.
  std::string path = directory + "/" + kAcknowledgedFile;
  os::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  std::string text = std::to_string(offset);
  text = std::string(20 - text.size(), '0') + text;
  if (!file || ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return SystemError("write " + path, errno);
  return {};
}

std::uint64_t LogSpoolSize(const std::string& directory) {
  struct stat status {};
  return ::stat((directory + "/" + kLogFile).c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace aloft::compute
