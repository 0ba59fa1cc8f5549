#include "platform/compute/agent/directory_sync.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/compute/agent/beneath.h"
#include "platform/compute/agent/stager.h"

namespace aloft::compute {
namespace {

constexpr std::size_t kMostFiles = 1'000'000;

}  // namespace

DirectorySync::DirectorySync(ObjectTransfer& transfer, int ml, const Output& output)
    : transfer_(transfer), ml_(ml), path_(BelowOptMl(output.path)), uri_(output.s3_uri) {
  if (auto place = ParseS3Uri(output.s3_uri)) std::tie(bucket_, prefix_) = *place;
  if (!prefix_.empty() && !prefix_.ends_with('/')) prefix_ += '/';
}

void DirectorySync::AssumeStored() {
  os::Fd directory = OpenBeneath(ml_, path_, O_RDONLY | O_DIRECTORY);
  if (directory) static_cast<void>(Walk(directory.get(), "", true, true));
}

Status DirectorySync::Look(bool last) {
  if (bucket_.empty()) return Fail(kInvalidArgument, uri_ + " is no S3 URI");
  os::Fd directory = OpenBeneath(ml_, path_, O_RDONLY | O_DIRECTORY);
  if (!directory) return Fail(kInvalidArgument, "/opt/ml/" + path_ + " is not a directory any more");
  return Walk(directory.get(), "", last, false);
}

Status DirectorySync::Walk(int directory, const std::string& below, bool last, bool assume) {
  int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (!listing) return SystemError("list /opt/ml/" + path_, errno);
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(listing)) names.emplace_back(entry->d_name);
  ::closedir(listing);
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    os::Fd file = OpenBeneath(directory, name, O_RDONLY | O_NONBLOCK);
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) continue;  // gone meanwhile, or a link: it may lead anywhere
    if (S_ISDIR(status.st_mode)) {
      ALOFT_TRY(Walk(file.get(), below + name + "/", last, assume));
      continue;
    }
    if (!S_ISREG(status.st_mode)) continue;
    if (files_.size() >= kMostFiles) return Fail(kInvalidArgument, "/opt/ml/" + path_ + " holds too many files");
    Version now{status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
                static_cast<std::uint64_t>(status.st_size), status.st_ino};
    Known& known = files_[below + name];
    bool settled = known.seen == now || last;
    known.seen = now;
    if ((known.is_stored && known.stored == now) || !settled) continue;
    if (!assume) ALOFT_TRY(transfer_.Upload(bucket_, prefix_ + below + name, file.get(), now.size));
    known.stored = now;
    known.is_stored = true;
  }
  return {};
}

}  // namespace aloft::compute
