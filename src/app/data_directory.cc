#include "app/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "app/system.h"
#include "foundation/base/bytes.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

// At the first start the root is synced once, by the caller, after all of them.
Status MakeParts(const Config& config, bool first) {
  const std::string& root = config.data_directory;
  for (const std::string& part : {root + "/sql", root + "/kv", config.blob_path(), config.archive_path(),
                                  config.keys_path(), config.tasks_path(), config.run_path()}) {
    const mode_t mode = part == config.run_path() ? 0755 : 0700;
    const bool below_root = part.substr(0, part.rfind('/')) == root;
    if (first && below_root && (::mkdir(part.c_str(), mode) == 0 || errno == EEXIST)) continue;
    ALOFT_TRY(os::MakeDirectories(part, mode));
  }
  return {};
}

}  // namespace

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
  // Written last at the first start: the sync of its name makes the directories beside it durable, too.
  auto version = os::ReadFile(root + "/VERSION");
  if (version.ok()) {
    int found = std::atoi(std::string(Trim(*version)).c_str());
    if (found < kOldestLayoutVersion || found > kLayoutVersion) {
      return Fail(kDataDirectoryTooNew, root + " has layout version " + std::to_string(found) +
                                            "; this Aloft opens versions " + std::to_string(kOldestLayoutVersion) +
                                            " to " + std::to_string(kLayoutVersion) +
                                            ". Use the Aloft that wrote it, or a newer one.");
    }
  } else if (version.error().reason != os::kNoSuchFile) {
    return std::move(version).error();
  }
  ALOFT_TRY(MakeParts(config, !version.ok()));
  if (!version.ok()) ALOFT_TRY(os::WriteFileDurably(root + "/VERSION", std::to_string(kLayoutVersion) + "\n", 0644));
  return lock;
}

Result<os::Fd> LockSharedDirectory(const Config& config) {
  ALOFT_TRY(os::MakeDirectories(config.shared_directory, 0755));
  const std::string path = config.shared_directory + "/shared.lock";
  os::Fd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.get() < 0) return SystemError("opening " + path, errno);
  while (flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return SystemError("locking " + path, errno);
  }
  return lock;
}

Result<std::string> ReplicaId(const Config& config, Random& random) {
  const std::string path = config.data_directory + "/replica";
  auto kept = os::ReadFile(path);
  if (kept.ok()) return std::string(Trim(*kept));
  if (kept.error().reason != os::kNoSuchFile) return std::move(kept).error();
  std::string id = random.Uuid();
  ALOFT_TRY(os::WriteFileDurably(path, id + "\n", 0644));
  return id;
}

}  // namespace aloft::app
