#include "foundation/os/cgroup_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "foundation/os/fd.h"

namespace aloft::os::internal {

Status WriteControl(const std::string& path, std::string_view text) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC));
  if (!file) return SystemError("open " + path, errno);
  ssize_t wrote = ::write(file.get(), text.data(), text.size());
  if (wrote != static_cast<ssize_t>(text.size())) return SystemError("write " + path, wrote < 0 ? errno : EIO);
  return {};
}

std::string ReadControl(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  while (file) {
    ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

std::uint64_t ReadNumber(const std::string& path) {
  std::string text = ReadControl(path);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t ReadField(const std::string& path, std::string_view key) {
  std::string text = ReadControl(path);
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      std::uint64_t value = 0;
      std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
      return value;
    }
  }
  return 0;
}

std::vector<pid_t> ReadProcesses(const std::string& path) {
  std::string text = ReadControl(path);
  std::vector<pid_t> processes;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    pid_t pid = 0;
    auto [next, error] = std::from_chars(at, end, pid);
    if (error != std::errc()) break;
    if (pid > 0) processes.push_back(pid);  // 0: a process of another PID namespace
    at = next + 1;
  }
  return processes;
}

Status EmptyAndRemove(const std::vector<std::string>& directories, const std::function<void()>& end_all) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  auto pause = std::chrono::milliseconds(1);
  for (;;) {
    bool left = false;
    int error = 0;
    for (const auto& directory : directories) {
      if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) continue;
      left = true;
      error = errno;
    }
    if (!left) return {};
    if (std::chrono::steady_clock::now() > until)
      return Fail(kDeadlineExceeded, "processes that cannot be ended keep a control group",
                  SystemError("rmdir", error).detail);
    end_all();
    std::this_thread::sleep_for(pause);  // the kernel has no event for "the last process is gone" in v1
    pause = std::min(pause * 2, std::chrono::milliseconds(100));
  }
}

Status MakeGroup(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return SystemError("mkdir " + path, errno);
}

}  // namespace aloft::os::internal
