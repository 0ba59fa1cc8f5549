#include "platform/images/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <thread>

#include "foundation/codec/json.h"
#include "foundation/os/fd.h"
#include "foundation/os/file.h"
#include "platform/images/archive.h"
#include "platform/images/errors.h"
#include "platform/images/layer.h"
#include "platform/images/names.h"

namespace aloft::images {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr char kNames[] = "/names.json";
constexpr int kVersion = 1;
constexpr std::uint64_t kMaxBytes = 256ull << 30;

using Names = std::map<std::string, std::string>;  // name -> id

Result<Names> ReadNames(const std::string& path) {
  Names names;
  auto text = os::ReadFile(path);
  if (!text.ok() && text.error().reason == os::kNoSuchFile) return names;
  if (!text.ok()) return std::move(text).error();
  auto parsed = codec::ParseJson(*text);
  try {
    if (!parsed.ok() || parsed->as_object().at("version").to_number<int>() != kVersion)
      return Fail(kCorrupt, path + " cannot be read, or has a version that this program does not know");
    for (const auto& [name, id] : parsed->as_object().at("names").as_object())
      names[std::string(name)] = std::string(id.as_string());
  } catch (const std::exception& error) {
    return Fail(kCorrupt, path + " cannot be read", error.what());
  }
  return names;
}

Status WriteNames(const std::string& path, const Names& names) {
  json::object object;
  for (const auto& [name, id] : names) object[name] = id;
  return os::WriteFileDurably(path, codec::WriteJson(json::object{{"version", kVersion}, {"names", std::move(object)}}),
                              0600);
}

// Waits for who holds it.
Result<os::Fd> Lock(const std::string& path, const Progress& progress) {
  os::Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return SystemError("open " + path, errno);
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (progress.cancelled && progress.cancelled()) return Fail(kCancelled, "stopped");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return lock;
}

// A directory of its own that goes with its owner.
class Scratch {
 public:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::optional<std::string> Store::FindId(std::string_view name) const {
  std::string_view id = name.starts_with("sha256:") ? name.substr(7) : name;
  if (IsImageId(id)) {
    if (::access((PathOf(std::string(id)) + "/config.json").c_str(), F_OK) == 0) return std::string(id);
    return std::nullopt;
  }
  auto names = ReadNames(directory_ + kNames);
  if (!names.ok()) return std::nullopt;
  for (const std::string& other : OtherNames(name))
    if (auto found = names->find(other); found != names->end()) return found->second;
  return std::nullopt;
}

Result<Image> Store::Open(const std::string& id) const {
  if (!IsImageId(id)) return Fail(kNoSuchImage, id + " is no image's id");
  auto text = os::ReadFile(PathOf(id) + "/config.json");
  if (!text.ok()) return Fail(kNoSuchImage, "The image " + id + " is not on this machine", Describe(text.error()));
  ALOFT_ASSIGN(Config config, ParseConfig(*text));
  return Image{id, std::move(config), PathOf(id) + "/rootfs"};
}

Result<std::vector<StoredImage>> Store::List() const {
  ALOFT_ASSIGN(Names names, ReadNames(directory_ + kNames));
  std::vector<StoredImage> images;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    std::string id = entry.path().filename();
    if (!IsImageId(id)) continue;
    StoredImage image{id, {}};
    for (const auto& [name, of] : names)
      if (of == id) image.names.push_back(name);
    images.push_back(std::move(image));
  }
  std::sort(images.begin(), images.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return images;
}

Result<Image> Store::Load(const std::string& archive, const std::string& name, bool keep_names,
                          const Progress& progress) const {
  ALOFT_TRY(os::MakeDirectories(directory_, 0700));
  std::string scratch = directory_ + "/.archive-XXXXXX";
  if (!::mkdtemp(scratch.data())) return SystemError("mkdtemp", errno);
  Scratch parts(scratch);
  ALOFT_ASSIGN(ArchivedImage archived, OpenArchive(archive, name, parts.path(), kMaxBytes, progress));
  {
    // One unpacks, the others find it done.
    std::string lock_path = directory_ + "/." + archived.id + ".lock";
    ALOFT_ASSIGN(os::Fd lock, Lock(lock_path, progress));
    if (!FindId(archived.id)) ALOFT_TRY(Unpack(archived, progress));
  }
  if (keep_names) {
    std::vector<std::string> names = archived.names;
    if (!name.empty()) names = {name};
    if (names.empty()) return Fail(kBadImage, "The archive gives its image no name; give it one");
    ALOFT_TRY(Name(names, archived.id));
  }
  return Open(archived.id);
}

Status Store::Unpack(const ArchivedImage& archived, const Progress& progress) const {
  Scratch making(directory_ + "/.making-" + archived.id);
  std::error_code error;
  fs::remove_all(making.path(), error);  // what an interrupted attempt left
  ALOFT_TRY(os::MakeDirectories(making.path() + "/rootfs", 0700));
  ALOFT_TRY(os::WriteFileDurably(making.path() + "/config.json", archived.config_text, 0600));
  os::Fd root(::open((making.path() + "/rootfs").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root || ::fchmod(root.get(), 0755) != 0) return SystemError("open the image's root", errno);
  std::uint64_t left = kMaxBytes;
  for (std::size_t i = 0; i < archived.layers.size(); ++i) {
    if (progress.say)
      progress.say("Unpacking layer " + std::to_string(i + 1) + " of " + std::to_string(archived.layers.size()));
    LayerOptions options{.keep_owners = ::geteuid() == 0, .digest = archived.config.layer_digests[i]};
    ALOFT_TRY(ApplyLayer(archived.layers[i], root.get(), options, left, progress));
  }
  // Whole before it has its name.
  if (::syncfs(root.get()) != 0) return SystemError("syncfs", errno);
  if (::rename(making.path().c_str(), PathOf(archived.id).c_str()) != 0) return SystemError("rename", errno);
  return os::SyncDirectory(directory_);
}

Status Store::Name(const std::vector<std::string>& given, const std::string& id) const {
  ALOFT_ASSIGN(os::Fd lock, Lock(directory_ + "/.names.lock", {}));
  ALOFT_ASSIGN(Names names, ReadNames(directory_ + kNames));
  for (const std::string& name : given) names[WithTag(name)] = id;
  return WriteNames(directory_ + kNames, names);
}

Status Store::Remove(const std::string& name) const {
  auto id = FindId(name);
  if (!id) return Fail(kNoSuchImage, "There is no image " + name);
  ALOFT_ASSIGN(os::Fd lock, Lock(directory_ + "/.names.lock", {}));
  ALOFT_ASSIGN(Names names, ReadNames(directory_ + kNames));
  bool by_id = IsImageId(name) || name.starts_with("sha256:");
  std::vector<std::string> others = OtherNames(name);
  std::erase_if(names, [&](const auto& entry) {
    return entry.second == *id && (by_id || std::find(others.begin(), others.end(), entry.first) != others.end());
  });
  ALOFT_TRY(WriteNames(directory_ + kNames, names));
  for (const auto& [other, of] : names)
    if (of == *id) return {};
  // Out of sight first: nobody may find half of it.
  std::string gone = directory_ + "/.removed-" + *id;
  if (::rename(PathOf(*id).c_str(), gone.c_str()) != 0 && errno != ENOENT) return SystemError("rename", errno);
  std::error_code error;
  fs::remove_all(gone, error);
  fs::remove(directory_ + "/." + *id + ".lock", error);
  return error ? Status(SystemError("remove " + gone, error.value())) : Status();
}

}  // namespace aloft::images
