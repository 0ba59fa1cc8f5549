#include "platform/compute/agent/stager.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "foundation/base/bytes.h"
#include "platform/compute/agent/archive.h"
#include "platform/compute/agent/object_list.h"
#include "platform/compute/agent/parallel.h"

namespace aloft::compute {
namespace {

std::pair<std::string, std::string> ParentAndName(const std::string& path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

bool IsEmpty(int directory) {
  int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  bool empty = true;
  while (listing && empty) {
    dirent* entry = ::readdir(listing);
    if (!entry) break;
    std::string_view name = entry->d_name;
    empty = name == "." || name == "..";
  }
  if (listing) ::closedir(listing);
  return empty;
}

}  // namespace

std::optional<std::pair<std::string, std::string>> ParseS3Uri(std::string_view uri) {
  if (!uri.starts_with("s3://")) return std::nullopt;
  uri.remove_prefix(5);
  std::size_t slash = std::min(uri.find('/'), uri.size());
  if (slash == 0) return std::nullopt;
  return std::pair(std::string(uri.substr(0, slash)), std::string(uri.substr(std::min(uri.size(), slash + 1))));
}

std::optional<std::string> PathOfKey(std::string_view prefix, std::string_view key) {
  std::string_view rest = key.substr(std::min(prefix.size(), key.size()));
  bool at_boundary = prefix.empty() || prefix.ends_with('/') || rest.starts_with('/');
  if (!at_boundary) rest = key.substr(prefix.rfind('/') == std::string_view::npos ? 0 : prefix.rfind('/') + 1);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return CleanPath(rest);
}

std::string BelowOptMl(std::string_view path) {
  constexpr std::string_view kRoot = "/opt/ml";
  auto clean = path.starts_with(kRoot) ? CleanPath("./" + std::string(path.substr(kRoot.size()))) : std::nullopt;
  return clean.value_or(".");
}

Result<os::Fd> Stager::Scratch() const {
  os::Fd file(::open(options_.scratch.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) return SystemError("a temporary file in " + options_.scratch, errno);
  return file;
}

Status Stager::Bring(const Input& input) {
  auto place = ParseS3Uri(input.s3_uri);
  if (!place) return Fail(kInvalidArgument, input.s3_uri + " is no S3 URI");
  const auto& [bucket, key] = *place;
  auto named = [&](Status status) -> Status {
    if (status.ok()) return status;
    Error error = std::move(status).error();
    error.message = "channel " + input.channel + ": " + error.message;
    return error;
  };
  switch (input.kind) {
    case Input::Kind::kPrefix:
    case Input::Kind::kManifest: return named(BringObjects(input));
    case Input::Kind::kAugmentedManifest:
      return named(Fail(kInvalidArgument, "an augmented manifest is only streamed, in input mode Pipe"));
    case Input::Kind::kArchive: return named(BringArchive(input, bucket, key));
    case Input::Kind::kObject: break;
  }
  return named(BringFile(bucket, key, BelowOptMl(input.path) + "/" + ParentAndName(key).second));
}

Status Stager::BringObjects(const Input& input) {
  ALOFT_ASSIGN(std::vector<ListedObject> objects, ListObjects(transfer_, input, [this] { return Scratch(); }));
  std::uint64_t total = 0;
  for (const ListedObject& object : objects) total += object.size;
  if (bytes_.load() + total > options_.disk_bytes)
    return Fail(kArchiveTooLarge, fmt::format("the data ({} bytes) does not fit the volume ({} bytes)",
                                              bytes_.load() + total, options_.disk_bytes));
  std::string base = BelowOptMl(input.path);
  ALOFT_TRY(MakeBeneath(options_.ml, base, options_.owner));
  std::uint64_t before = bytes_.load();
  ALOFT_TRY(InParallel(objects.size(), [&](std::size_t index) -> Status {
    const ListedObject& object = objects[index];
    if (options_.cancelled()) return Fail(kCancelled, "stopped while data was downloaded");
    // A manifest does not say how large its objects are.
    if (bytes_.load() > options_.disk_bytes)
      return Fail(kArchiveTooLarge, fmt::format("the data does not fit the volume ({} bytes)", options_.disk_bytes));
    return BringFile(object.bucket, object.key, base + "/" + object.path);
  }));
  if (objects.empty() && input.optional) return {};
  reads_.push_back(
      {input.channel, "File", objects.size(), objects.size(), bytes_.load() - before, bytes_.load() - before});
  options_.progress(fmt::format("Downloaded {} file{} ({} bytes) for channel {}.", objects.size(),
                                objects.size() == 1 ? "" : "s", bytes_.load() - before, input.channel));
  return {};
}

Status Stager::BringFile(const std::string& bucket, const std::string& key, const std::string& path) {
  auto [parent, name] = ParentAndName(path);
  ALOFT_ASSIGN(os::Fd directory, MakeBeneath(options_.ml, parent, options_.owner));
  os::Fd file = OpenBeneath(directory.get(), name, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (!file) {
    if (errno == EISDIR || errno == ENOTDIR)
      return Fail(kInvalidArgument, "the key '" + key + "' is both a file and a folder");
    return SystemError("create " + path, errno);
  }
  ALOFT_ASSIGN(ObjectInfo object, transfer_.Download(bucket, key, file.get()));
  bytes_ += object.size;
  if (options_.owner && ::fchown(file.get(), *options_.owner, *options_.owner) != 0)
    return SystemError("chown " + path, errno);
  return {};
}

Status Stager::BringArchive(const Input& input, const std::string& bucket, const std::string& key) {
  ALOFT_ASSIGN(os::Fd archive, Scratch());
  ALOFT_TRY(transfer_.Download(bucket, key, archive.get()));
  ALOFT_ASSIGN(os::Fd target, MakeBeneath(options_.ml, BelowOptMl(input.path), options_.owner));
  if (::lseek(archive.get(), 0, SEEK_SET) != 0) return SystemError("seek", errno);
  ArchiveLimits limits;
  limits.max_bytes = options_.disk_bytes;
  Status unpacked = UnpackArchive(archive.get(), target.get(), options_.owner, limits);
  if (unpacked.ok()) return {};
  Error error = unpacked.error();
  error.message = "s3://" + bucket + "/" + key + ": " + error.message;
  return error;
}

Status Stager::Store(const Output& output) {
  auto place = ParseS3Uri(output.s3_uri);
  if (!place) return Fail(kInvalidArgument, output.s3_uri + " is no S3 URI");
  const auto& [bucket, key] = *place;
  std::string path = BelowOptMl(output.path);
  os::Fd directory = OpenBeneath(options_.ml, path, O_RDONLY | O_DIRECTORY);
  if (!directory) return Fail(kInvalidArgument, output.path + " is not a directory any more; the code has replaced it");
  if (!output.even_if_empty && IsEmpty(directory.get())) return {};
  if (!output.archive) return StoreFiles(directory.get(), bucket, key);
  ALOFT_ASSIGN(os::Fd archive, Scratch());
  ALOFT_TRY(PackDirectory(directory.get(), archive.get()));
  struct stat status {};
  if (::fstat(archive.get(), &status) != 0) return SystemError("stat", errno);
  return transfer_.Upload(bucket, key, archive.get(), static_cast<std::uint64_t>(status.st_size));
}

Status Stager::StoreFiles(int directory, const std::string& bucket, const std::string& prefix) {
  int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (!listing) return SystemError("list an output", errno);
  std::vector<std::string> names;
  while (dirent* entry = ::readdir(listing)) names.emplace_back(entry->d_name);
  ::closedir(listing);
  std::string base = prefix.empty() || prefix.ends_with('/') ? prefix : prefix + "/";
  for (const auto& name : names) {
    if (name == "." || name == "..") continue;
    os::Fd file = OpenBeneath(directory, name, O_RDONLY);
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) continue;  // a link: it may lead anywhere
    if (S_ISDIR(status.st_mode)) {
      ALOFT_TRY(StoreFiles(file.get(), bucket, base + name));
    } else if (S_ISREG(status.st_mode)) {
      ALOFT_TRY(transfer_.Upload(bucket, base + name, file.get(), static_cast<std::uint64_t>(status.st_size)));
    }
  }
  return {};
}

}  // namespace aloft::compute
