#include "platform/compute/overlays.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/file.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

constexpr char kComplete[] = "/.aloft-complete";
constexpr std::size_t kMostListed = 50;

bool IsWeb(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Options that say where packages come from or which, by their own text alone.
bool IsOption(std::string_view line) {
  for (std::string_view option : {"--hash=", "--index-url ", "--index-url=", "-i ", "--extra-index-url ",
                                  "--extra-index-url=", "--trusted-host ", "--trusted-host=", "--no-binary ",
                                  "--no-binary=", "--only-binary ", "--only-binary=", "--find-links http", "-f http"})
    if (line.starts_with(option)) return true;
  return line == "--pre" || line == "--prefer-binary" || line == "--no-index" || line == "--require-hashes";
}

bool IsPinnedByText(std::string_view line) {
  if (line.empty() || IsOption(line) || IsWeb(line)) return true;
  if (!IsAlphanumeric(line[0])) return false;
  std::size_t at = line.find('@');
  if (at != std::string_view::npos && IsWeb(Trim(line.substr(at + 1)))) line = line.substr(0, at);
  std::string lower = ToLower(Trim(line));
  for (std::string_view end : {".whl", ".gz", ".zip", ".txt", ".bz2"})
    if (lower.ends_with(end)) return false;
  return line.find_first_of("/\\@") == std::string_view::npos;
}

std::vector<std::string> Lines(std::string_view requirements) {
  std::vector<std::string> lines;
  for (std::string_view line : Split(requirements, '\n')) {
    line = Trim(line);
    if (line.starts_with('#')) continue;
    if (auto comment = line.find(" #"); comment != std::string_view::npos) line = Trim(line.substr(0, comment));
    if (line.ends_with('\\')) line = Trim(line.substr(0, line.size() - 1));
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

bool IsSame(int lock, const std::string& path) {
  struct stat held {
  }, there{};
  return ::fstat(lock, &held) == 0 && ::stat(path.c_str(), &there) == 0 && held.st_ino == there.st_ino;
}

std::vector<std::string> PackagesIn(const std::string& path) {
  std::vector<std::string> packages;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    std::string name = entry.path().filename();
    if (!name.ends_with(".dist-info")) continue;
    name.resize(name.size() - 10);
    if (auto dash = name.rfind('-'); dash != std::string::npos) name[dash] = ' ';
    packages.push_back(std::move(name));
  }
  std::sort(packages.begin(), packages.end());
  if (packages.size() > kMostListed) packages.resize(kMostListed);
  return packages;
}

// Nobody but this process's user may change it, everybody may read it. Links are left as they are: they are followed
// inside sandboxes only.
Status Give(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return SystemError("stat " + path, errno);
  if (::geteuid() == 0 && ::lchown(path.c_str(), 0, 0) != 0) return SystemError("chown " + path, errno);
  if (S_ISLNK(status.st_mode)) return {};
  mode_t mode = S_ISDIR(status.st_mode) || (status.st_mode & S_IXUSR) != 0 ? 0755 : 0644;
  if (::chmod(path.c_str(), mode) != 0) return SystemError("chmod " + path, errno);
  return {};
}

}  // namespace

Overlays::Overlays(std::string directory, std::size_t most) : directory_(std::move(directory)), most_(most) {}

std::optional<std::string> Overlays::NameOf(std::string_view requirements, const std::string& environment,
                                            const std::string& owner,
                                            const std::map<std::string, std::string>& variables) {
  std::string all = "1\n" + environment + "\n" + owner + "\n";
  for (const auto& [name, value] : variables)
    if (name.starts_with("PIP_")) all.append(name).append("=").append(value).append("\n");
  for (const std::string& line : Lines(requirements)) {
    if (!IsPinnedByText(line)) return std::nullopt;
    all.append(line).append("\n");
  }
  return crypto::Sha256Hex(all).substr(0, 32);
}

Result<Overlays::Overlay> Overlays::Acquire(const std::string& name, const std::function<void()>& waiting,
                                            const std::function<bool()>& cancelled) const {
  ALOFT_TRY(os::MakeDirectories(directory_, 0755));
  Overlay overlay;
  overlay.path = directory_ + "/" + name;
  const std::string lock_path = overlay.path + ".lock";
  for (bool waited = false;; waited = true) {
    if (cancelled()) return Fail(kCancelled, "stopped while the packages are waited for");
    overlay.lock = os::Fd(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!overlay.lock) return SystemError("open " + lock_path, errno);
    if (::flock(overlay.lock.get(), LOCK_SH | LOCK_NB) == 0 && IsSame(overlay.lock.get(), lock_path)) {
      const std::string complete = overlay.path + kComplete;
      overlay.ready = ::access(complete.c_str(), F_OK) == 0;
      if (overlay.ready) {
        overlay.packages = PackagesIn(overlay.path);
        ::utimensat(AT_FDCWD, complete.c_str(), nullptr, 0);  // when it was last used
        return overlay;
      }
      // Whoever wins makes it; the shared lock is given up meanwhile, so look again.
      if (::flock(overlay.lock.get(), LOCK_EX | LOCK_NB) == 0 && IsSame(overlay.lock.get(), lock_path) &&
          ::access(complete.c_str(), F_OK) != 0)
        return overlay;
    }
    if (!waited) waiting();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Status Overlays::Publish(Overlay& overlay, const std::string& source) const {
  std::error_code error;
  fs::remove_all(overlay.path, error);
  ALOFT_TRY(Give(source));
  for (const auto& entry : fs::recursive_directory_iterator(source, error)) ALOFT_TRY(Give(entry.path()));
  if (error) return Fail(kInternal, "the installed packages cannot be read", error.message());
  fs::rename(source, overlay.path, error);
  if (error) {  // another file system
    fs::copy(source, overlay.path, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
    if (error) return Fail(kInternal, "the installed packages cannot be kept", error.message());
    fs::remove_all(source, error);
  }
  overlay.packages = PackagesIn(overlay.path);
  ALOFT_TRY(os::WriteFileDurably(overlay.path + kComplete, "1\n", 0644));
  overlay.ready = true;
  // Others may use it from now on.
  if (::flock(overlay.lock.get(), LOCK_SH) != 0) return SystemError("flock", errno);
  Prune();
  return {};
}

void Overlays::Prune() const {
  std::vector<std::pair<fs::file_time_type, std::string>> kept;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    std::error_code inner;
    auto used = fs::last_write_time(entry.path().string() + kComplete, inner);
    if (!inner) kept.emplace_back(used, entry.path().string());
  }
  std::sort(kept.begin(), kept.end());
  std::size_t left = kept.size();
  for (const auto& [used, path] : kept) {
    if (left <= most_) return;
    const std::string lock_path = path + ".lock";
    os::Fd lock(::open(lock_path.c_str(), O_RDWR | O_CLOEXEC));
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;  // in use
    ::unlink((path + kComplete).c_str());
    fs::remove_all(path, error);
    ::unlink(lock_path.c_str());
    --left;
  }
}

}  // namespace aloft::compute
