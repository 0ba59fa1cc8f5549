#include "app/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "app/system.h"
#include "foundation/base/bytes.h"
#include "foundation/os/file.h"

namespace aloft::app {

Result<os::Fd> OpenDataDirectory(const Config& config) {
  const std::string& root = config.data_directory;
  ALOFT_TRY(os::MakeDirectories(root, 0755));
  os::Fd lock(open((root + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.get() < 0) return SystemError("opening " + root + "/lock", errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError("locking " + root + "/lock", errno);
    return Fail(kDataDirectoryInUse, "A server already runs on " + root + ".\n`aloft status --data " + root +
                                         "` shows it; `aloft stop` ends it.");
  }
  auto version = os::ReadFile(root + "/VERSION");
  if (version.ok()) {
    int found = std::atoi(std::string(Trim(*version)).c_str());
    if (found < kOldestLayoutVersion || found > kLayoutVersion) {
      return Fail(kDataDirectoryTooNew, root + " has layout version " + std::to_string(found) +
                                            "; this Aloft opens versions " + std::to_string(kOldestLayoutVersion) +
                                            " to " + std::to_string(kLayoutVersion) +
                                            ". Use the Aloft that wrote it, or a newer one.");
    }
  } else if (version.error().reason == os::kNoSuchFile) {
    ALOFT_TRY(os::WriteFileDurably(root + "/VERSION", std::to_string(kLayoutVersion) + "\n", 0644));
  } else {
    return std::move(version).error();
  }
  for (const char* part : {"/sql", "/kv", "/blob", "/keys", "/tasks"}) {
    ALOFT_TRY(os::MakeDirectories(root + part, 0700));
  }
  ALOFT_TRY(os::MakeDirectories(config.run_path(), 0755));
  return lock;
}

}  // namespace aloft::app
