#include "platform/images/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/fd.h"
#include "foundation/os/file.h"
#include "platform/images/errors.h"
#include "platform/images/names.h"

namespace aloft::images {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxEntries = 20'000;
constexpr std::size_t kMaxDocument = 8u << 20;

struct ReadEnd {
  void operator()(archive* it) const { archive_read_free(it); }
};

Error Bad(std::string what, std::string detail = {}) {
  return Fail(kBadImage, std::move(what), std::move(detail));
}

// "a/./b/../c" -> "a/c"; what climbs out stays as it is and will not be found.
std::string Clean(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else
      parts.push_back(part);
  }
  std::string clean;
  for (std::string_view part : parts) clean.append(clean.empty() ? "" : "/").append(part);
  return clean;
}

// The archive's files, by their names in it, laid out flat.
class Parts {
 public:
  Parts(std::string scratch, std::uint64_t max_bytes) : scratch_(std::move(scratch)), left_(max_bytes) {}

  Status TakeApart(const std::string& path, const Progress& progress) {
    std::unique_ptr<archive, ReadEnd> from(archive_read_new());
    archive_read_support_format_tar(from.get());
    archive_read_support_filter_all(from.get());
    if (archive_read_open_filename(from.get(), path.c_str(), 1u << 20) != ARCHIVE_OK)
      return Bad(path + " is no image archive", Why(from.get()));
    for (std::size_t entries = 0;; ++entries) {
      if (progress.cancelled && progress.cancelled()) return Fail(kCancelled, "stopped");
      archive_entry* entry = nullptr;
      int result = archive_read_next_header(from.get(), &entry);
      if (result == ARCHIVE_EOF) return {};
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Bad(path + " is no image archive", Why(from.get()));
      if (entries >= kMaxEntries) return Bad("the image archive has too many entries");
      ALOFT_TRY(One(from.get(), entry));
    }
  }

  // The file's path outside; empty where there is none.
  std::string Find(const std::string& name) const {
    std::string at = Clean(name);
    for (int links = 0; links < 8; ++links) {
      if (auto file = files_.find(at); file != files_.end()) return file->second;
      auto link = links_.find(at);
      if (link == links_.end()) return {};
      at = link->second;
    }
    return {};
  }

  Result<std::string> Document(const std::string& name) const {
    std::string path = Find(name);
    if (path.empty()) return Bad("the image archive lacks " + name);
    auto text = os::ReadFile(path, kMaxDocument);
    if (!text.ok()) return Bad(name + " of the image archive cannot be read", Describe(text.error()));
    return text;
  }

 private:
  static std::string Why(archive* from) {
    const char* why = archive_error_string(from);
    return why ? why : "unknown";
  }

  Status One(archive* from, archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    if (!raw) return Bad("the image archive has an entry without a name");
    std::string name = Clean(raw);
    if (const char* link = archive_entry_hardlink(entry)) {
      links_[name] = Clean(link);
      return {};
    }
    if (const char* link = archive_entry_symlink(entry)) {
      std::size_t slash = name.rfind('/');
      links_[name] = Clean((slash == std::string::npos ? "" : name.substr(0, slash + 1)) + link);
      return {};
    }
    if (archive_entry_filetype(entry) != AE_IFREG) return {};
    std::string path = scratch_ + "/" + std::to_string(files_.size());
    os::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return SystemError("create " + path, errno);
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    for (;;) {
      int result = archive_read_data_block(from, &block, &size, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result != ARCHIVE_OK) return Bad("the image archive is broken", Why(from));
      if (size > left_) return Fail(kImageTooLarge, "the image is larger than this machine takes");
      left_ -= size;
      if (::pwrite(file.get(), block, size, offset) != static_cast<ssize_t>(size))
        return SystemError("write " + path, errno == 0 ? ENOSPC : errno);
    }
    files_[name] = path;
    return {};
  }

  std::string scratch_;
  std::uint64_t left_;
  std::map<std::string, std::string> files_, links_;
};

std::string Text(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

// docker's own layout: [{"Config": file, "RepoTags": [...], "Layers": [file, ...]}].
Result<ArchivedImage> ReadManifest(const Parts& parts, const std::string& text, const std::string& name) {
  ALOFT_ASSIGN(json::value document, codec::ParseJson(text));
  std::vector<ArchivedImage> found;
  for (const auto& value : document.as_array()) {
    const json::object& one = value.as_object();
    ArchivedImage image;
    ALOFT_ASSIGN(image.config_text, parts.Document(Text(one, "Config")));
    if (const json::value* tags = one.if_contains("RepoTags"); tags && tags->is_array())
      for (const auto& tag : tags->as_array()) image.names.emplace_back(tag.as_string());
    for (const auto& layer : one.at("Layers").as_array())
      image.layers.push_back(parts.Find(std::string(layer.as_string())));
    found.push_back(std::move(image));
  }
  if (found.size() > 1 && !name.empty())
    std::erase_if(found, [&](const ArchivedImage& image) {
      return std::none_of(image.names.begin(), image.names.end(),
                          [&](const std::string& tag) { return SameName(tag, name); });
    });
  if (found.size() != 1)
    return Bad("the archive holds " + std::to_string(found.size()) + " images of that name; name one of them");
  return std::move(found.front());
}

std::string BlobOf(const Parts& parts, const json::object& descriptor) {
  std::string digest = Text(descriptor, "digest");
  std::size_t colon = digest.find(':');
  if (colon == std::string::npos) return {};
  return parts.Find("blobs/" + digest.substr(0, colon) + "/" + digest.substr(colon + 1));
}

// OCI's layout: index.json -> manifest (perhaps of several machines) -> config and layers. Digests lead from the
// configuration to the layers, and the id is the configuration's: what lies between needs no trust.
Result<ArchivedImage> ReadIndex(const Parts& parts, const std::string& text) {
  ALOFT_ASSIGN(json::value document, codec::ParseJson(text));
  for (int depth = 0; depth < 3; ++depth) {
    const json::object& object = document.as_object();
    if (!object.contains("manifests")) break;
    const json::array& manifests = object.at("manifests").as_array();
    if (manifests.size() != 1)
      return Bad("the archive holds " + std::to_string(manifests.size()) + " images; save one alone");
    auto next = os::ReadFile(BlobOf(parts, manifests[0].as_object()), kMaxDocument);
    if (!next.ok()) return Bad("the image archive lacks its manifest", Describe(next.error()));
    json::object entry = manifests[0].as_object();
    ALOFT_ASSIGN(document, codec::ParseJson(*next));
    if (const json::value* notes = entry.if_contains("annotations"); notes && notes->is_object())
      document.as_object()["aloft.name"] = Text(notes->as_object(), "org.opencontainers.image.ref.name");
  }
  const json::object& manifest = document.as_object();
  ArchivedImage image;
  auto config = os::ReadFile(BlobOf(parts, manifest.at("config").as_object()), kMaxDocument);
  if (!config.ok()) return Bad("the image archive lacks its configuration", Describe(config.error()));
  image.config_text = std::move(*config);
  for (const auto& layer : manifest.at("layers").as_array()) image.layers.push_back(BlobOf(parts, layer.as_object()));
  if (std::string name = Text(manifest, "aloft.name"); name.find('/') != std::string::npos) image.names.push_back(name);
  return image;
}

}  // namespace

Result<ArchivedImage> OpenArchive(const std::string& path, const std::string& name, const std::string& scratch,
                                  std::uint64_t max_bytes, const Progress& progress) {
  Parts parts(scratch, max_bytes);
  ALOFT_TRY(parts.TakeApart(path, progress));
  auto read = [&]() -> Result<ArchivedImage> {
    try {
      if (!parts.Find("manifest.json").empty()) {
        ALOFT_ASSIGN(std::string text, parts.Document("manifest.json"));
        return ReadManifest(parts, text, name);
      }
      ALOFT_ASSIGN(std::string text, parts.Document("index.json"));
      return ReadIndex(parts, text);
    } catch (const std::exception& error) {
      return Bad("the image archive's manifest cannot be read", error.what());
    }
  };
  auto image = read();
  if (!image.ok() && image.error().kind() == ErrorKind::kInvalid && !(image.error().reason == kBadImage))
    return Bad("the image archive's manifest cannot be read", Describe(image.error()));
  if (!image.ok()) return image;
  ALOFT_ASSIGN(image->config, ParseConfig(image->config_text));
  image->id = crypto::Sha256Hex(image->config_text);
  if (image->layers.size() != image->config.layer_digests.size())
    return Bad("the image's configuration and its manifest disagree about its layers");
  for (const std::string& layer : image->layers)
    if (layer.empty()) return Bad("the image archive lacks a layer");
  return image;
}

}  // namespace aloft::images
