#include "platform/compute/agent/object_list.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <numeric>
#include <random>

#include "foundation/codec/json.h"
#include "foundation/os/fd.h"
#include "platform/compute/agent/stager.h"

namespace aloft::compute {
namespace {

constexpr std::uint64_t kMaxManifest = 256u << 20;

Result<std::string> ReadWhole(int file, std::uint64_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size;) {
    ssize_t got = ::pread(file, text.data() + at, size - at, static_cast<off_t>(at));
    if (got <= 0) return SystemError("read a manifest", got < 0 ? errno : EIO);
    at += static_cast<std::size_t>(got);
  }
  return text;
}

Error BadManifest(const std::string& uri, const std::string& why) {
  return Fail(kInvalidArgument, "the manifest " + uri + " cannot be used: " + why);
}

// [{"prefix": "s3://bucket/some/prefix/"}, "relative/path", ...]; the prefix may be left out where paths are whole
// URIs.
Result<std::vector<ListedObject>> FromManifest(ObjectTransfer& transfer, const std::string& uri,
                                               const std::function<Result<os::Fd>()>& scratch) {
  auto place = ParseS3Uri(uri);
  if (!place) return BadManifest(uri, "it is no S3 URI");
  ALOFT_ASSIGN(os::Fd file, scratch());
  ALOFT_ASSIGN(ObjectInfo info, transfer.Download(place->first, place->second, file.get()));
  if (info.size > kMaxManifest) return BadManifest(uri, "it is larger than 256 MiB");
  ALOFT_ASSIGN(std::string text, ReadWhole(file.get(), info.size));
  auto parsed = codec::ParseJson(text);
  if (!parsed.ok() || !parsed->is_array()) return BadManifest(uri, "it is no JSON array");
  std::string prefix;
  std::vector<ListedObject> objects;
  for (const auto& entry : parsed->as_array()) {
    if (entry.is_object()) {
      const auto* value = entry.as_object().if_contains("prefix");
      if (!value || !value->is_string()) return BadManifest(uri, "an object in it has no \"prefix\"");
      prefix = std::string(value->as_string());
      continue;
    }
    if (!entry.is_string()) return BadManifest(uri, "it holds something that is neither a prefix nor a path");
    std::string name(entry.as_string());
    std::string whole = name.starts_with("s3://") ? name : prefix + name;
    auto object = ParseS3Uri(whole);
    if (!object || object->second.empty()) return BadManifest(uri, "'" + whole + "' is no S3 object");
    auto path = CleanPath(name.starts_with("s3://") ? object->second : name);
    if (!path) return BadManifest(uri, "the path '" + name + "' cannot be a file name");
    objects.push_back({object->first, object->second, *path, 0});
  }
  return objects;
}

Result<std::vector<ListedObject>> FromPrefix(ObjectTransfer& transfer, const std::string& uri) {
  auto place = ParseS3Uri(uri);
  if (!place) return Fail(kInvalidArgument, uri + " is no S3 URI");
  ALOFT_ASSIGN(std::vector<ObjectInfo> found, transfer.List(place->first, place->second));
  std::vector<ListedObject> objects;
  for (const ObjectInfo& object : found) {
    if (object.key.ends_with('/')) continue;  // consoles make such keys to show a folder
    auto path = PathOfKey(place->second, object.key);
    if (!path) return Fail(kInvalidArgument, "the key '" + object.key + "' cannot be a file name");
    objects.push_back({place->first, object.key, *path, object.size, object.etag});
  }
  return objects;
}

}  // namespace

Result<std::vector<ListedObject>> ListObjects(ObjectTransfer& transfer, const Input& input,
                                              const std::function<Result<os::Fd>()>& scratch, int epoch) {
  std::vector<ListedObject> objects;
  if (input.kind == Input::Kind::kManifest) {
    ALOFT_ASSIGN(objects, FromManifest(transfer, input.s3_uri, scratch));
  } else {
    ALOFT_ASSIGN(objects, FromPrefix(transfer, input.s3_uri));
  }
  if (objects.empty() && !input.optional) return Fail(kObjectMissing, "no objects found under " + input.s3_uri);
  if (input.shards <= 1 && !input.shuffle_seed) return objects;
  std::vector<ListedObject> share;
  for (std::size_t index : ShareOf(objects.size(), input, epoch)) share.push_back(std::move(objects[index]));
  return share;
}

std::vector<std::size_t> ShareOf(std::size_t count, const Input& input, int epoch) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (input.shuffle_seed) {
    std::mt19937_64 random(static_cast<std::uint64_t>(*input.shuffle_seed) * 1'000'003 +
                           static_cast<std::uint64_t>(epoch));
    // Not std::shuffle: what it makes of the same numbers is the library's own business.
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  }
  std::vector<std::size_t> share;
  for (std::size_t i = static_cast<std::size_t>(input.shard); i < count; i += static_cast<std::size_t>(input.shards))
    share.push_back(order[i]);
  return share;
}

}  // namespace aloft::compute
