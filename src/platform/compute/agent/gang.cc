#include "platform/compute/agent/gang.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "foundation/os/fd.h"
#include "foundation/os/file.h"
#include "platform/compute/journal.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(100);

Status LinkTree(int from, int to, Owner owner) {
  int copy = ::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (!listing) return SystemError("list another host's output", errno);
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(listing)) names.emplace_back(entry->d_name);
  ::closedir(listing);
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    struct stat status {};
    if (::fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      os::Fd inner = OpenBeneath(from, name, O_RDONLY | O_DIRECTORY);
      if (!inner) continue;
      auto made = MakeBeneath(to, name, owner);
      if (!made.ok()) return std::move(made).error();
      ALOFT_TRY(LinkTree(inner.get(), made->get(), owner));
    } else if (S_ISREG(status.st_mode)) {
      ::unlinkat(to, name.c_str(), 0);
      if (::linkat(from, name.c_str(), to, name.c_str(), 0) != 0) return SystemError("merge " + name, errno);
    }
  }
  return {};
}

}  // namespace

GangView::GangView(Gang gang, const std::string& directory)
    : gang_(std::move(gang)), tasks_(std::filesystem::path(directory).parent_path()) {}

std::string GangView::DirectoryOf(std::size_t member) const {
  return tasks_ + "/" + gang_.members[member].value();
}

bool GangView::IsGone(std::size_t member) const {
  os::Fd file(::open((DirectoryOf(member) + "/" + kLockFile).c_str(), O_RDONLY | O_CLOEXEC));
  return !file || ::flock(file.get(), LOCK_SH | LOCK_NB) == 0;
}

bool GangView::WaitForCommands(const std::function<bool()>& cancelled) const {
  bool whole = true;
  for (std::size_t member = 0; member < gang_.members.size(); ++member) {
    if (static_cast<int>(member) == gang_.index) continue;
    for (;;) {
      // First the lock, then the journal: an agent writes its last line before it lets go.
      bool gone = IsGone(member);
      auto text = os::ReadFile(DirectoryOf(member) + "/" + kJournalFile);
      TaskStatus status = FoldJournal(text.ok() ? *text : std::string(), Time{}).status;
      if (status.command_ended) {
        whole =
            whole && (status.exit_code == 0 || ::access((DirectoryOf(member) + "/" + kStopFile).c_str(), F_OK) == 0);
        break;
      }
      if (gone || status.phase == Phase::kEnded || cancelled()) {
        whole = false;
        break;
      }
      std::this_thread::sleep_for(kLookAgain);
    }
  }
  return whole;
}

void GangView::WaitForCollector(const std::function<bool()>& cancelled) const {
  while (!IsGone(0) && !cancelled()) {
    auto text = os::ReadFile(DirectoryOf(0) + "/" + kJournalFile);
    if (FoldJournal(text.ok() ? *text : std::string(), Time{}).status.phase == Phase::kEnded) return;
    std::this_thread::sleep_for(kLookAgain);
  }
}

Status GangView::Collect(int ml, const std::string& path, Owner owner) const {
  ALOFT_ASSIGN(os::Fd to, MakeBeneath(ml, path, owner));
  for (std::size_t member = 1; member < gang_.members.size(); ++member) {
    os::Fd root(::open((DirectoryOf(member) + "/ml").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    os::Fd from = root ? OpenBeneath(root.get(), path, O_RDONLY | O_DIRECTORY) : os::Fd();
    if (!from) continue;
    ALOFT_TRY(LinkTree(from.get(), to.get(), owner));
  }
  return {};
}

}  // namespace aloft::compute
