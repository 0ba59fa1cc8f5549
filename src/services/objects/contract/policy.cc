#include "services/objects/contract/policy.h"

#include <algorithm>
#include <set>

#include "foundation/base/bytes.h"
#include "foundation/codec/utf8.h"

namespace aloft::objects {
namespace {

bool IsLowerOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool LooksLikeAddress(std::string_view name) {
  auto parts = Split(name, '.');
  if (parts.size() != 4) return false;
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && part.size() <= 3 &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  });
}

}  // namespace

Status CheckBucketName(std::string_view name) {
  auto fail = [] { return Fail(kInvalidBucketName, "The specified bucket is not valid."); };
  if (name.size() < 3 || name.size() > 63) return fail();
  if (!IsLowerOrDigit(name.front()) || !IsLowerOrDigit(name.back())) return fail();
  for (char c : name)
    if (!IsLowerOrDigit(c) && c != '-' && c != '.') return fail();
  if (name.find("..") != std::string_view::npos || LooksLikeAddress(name)) return fail();
  for (std::string_view prefix : {"xn--", "sthree-", "amzn-s3-demo-"})
    if (name.starts_with(prefix)) return fail();
  for (std::string_view suffix : {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"})
    if (name.ends_with(suffix)) return fail();
  return {};
}

Status CheckKey(std::string_view key, const Limits& limits) {
  if (key.empty()) return Fail(kInvalidKey, "The object key is empty.");
  if (key.size() > limits.max_key_bytes) return Fail(kKeyTooLong, "Your key is too long");
  if (!codec::IsUtf8(key)) return Fail(kInvalidKey, "The object key is not valid UTF-8.");
  return {};
}

Status CheckAttributes(const Attributes& attributes, const Limits& limits) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : attributes.metadata) bytes += name.size() + value.size();
  if (bytes > limits.max_metadata_bytes)
    return Fail(kMetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size");
  return CheckTags(attributes.tags, limits);
}

Status CheckTags(const Pairs& tags, const Limits& limits) {
  if (tags.size() > limits.max_tags)
    return Fail(kInvalidTag, "Object tags cannot be greater than " + std::to_string(limits.max_tags));
  std::set<std::string_view> names;
  for (const auto& [name, value] : tags) {
    if (name.empty() || !codec::IsUtf8(name) || codec::CountCharacters(name) > 128)
      return Fail(kInvalidTag, "The TagKey you have provided is invalid");
    if (!codec::IsUtf8(value) || codec::CountCharacters(value) > 256)
      return Fail(kInvalidTag, "The TagValue you have provided is invalid");
    if (name.starts_with("aws:")) return Fail(kInvalidTag, "System tags cannot be added/updated by requester");
    if (!names.insert(name).second) return Fail(kInvalidTag, "Cannot provide multiple Tags with the same key");
  }
  return {};
}

Tier TierOf(std::string_view storage_class) {
  if (storage_class == "STANDARD_IA" || storage_class == "INTELLIGENT_TIERING") return Tier::kCompressed;
  if (storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE") return Tier::kArchive;
  return Tier::kPlain;
}

bool IsConditional(const WriteCondition& condition) {
  return condition.if_none_match || !condition.if_match.empty() || condition.if_size || condition.if_modified;
}

Status CheckCondition(const WriteCondition& condition, const ObjectInfo* current) {
  static constexpr char kText[] = "At least one of the pre-conditions you specified did not hold";
  if (condition.if_none_match && current != nullptr) return Fail(kConditionFailed, kText);
  if (condition.if_match.empty() && !condition.if_size && !condition.if_modified) return {};
  if (current == nullptr) return Fail(kConditionNoSuchKey, "The specified key does not exist.");
  if (condition.if_size && *condition.if_size != current->size) return Fail(kConditionFailed, kText);
  if (condition.if_modified && std::chrono::floor<std::chrono::seconds>(*condition.if_modified) !=
                                   std::chrono::floor<std::chrono::seconds>(current->modified))
    return Fail(kConditionFailed, kText);
  if (condition.if_match.empty()) return {};
  if (condition.if_match != "*" && condition.if_match != current->etag) return Fail(kConditionFailed, kText);
  return {};
}

Status CheckParts(const std::vector<CompletedPart>& wanted, const std::vector<Part>& stored, const Limits& limits,
                  std::vector<std::size_t>& chosen) {
  int previous = 0;
  for (const auto& part : wanted) {
    if (part.number <= previous)
      return Fail(kInvalidPartOrder,
                  "The list of parts was not in ascending order. Parts must be ordered by part number.");
    previous = part.number;
  }
  std::uint64_t total = 0;
  std::size_t at = 0;
  chosen.clear();
  for (const auto& part : wanted) {
    while (at < stored.size() && stored[at].number < part.number) ++at;
    bool found = at < stored.size() && stored[at].number == part.number && stored[at].etag == part.etag &&
                 (part.checksum.empty() || part.checksum == stored[at].checksum.value);
    if (!found)
      return Fail(kInvalidPart,
                  "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
                  "specified entity tag may not match the part's entity tag.");
    if (chosen.size() + 1 < wanted.size() && stored[at].size < limits.min_part_bytes)
      return Fail(kPartTooSmall, "Your proposed upload is smaller than the minimum allowed size");
    total += stored[at].size;
    chosen.push_back(at);
  }
  if (total > limits.max_object_bytes)
    return Fail(kObjectTooLarge, "Your proposed upload exceeds the maximum allowed object size.");
  return {};
}

}  // namespace aloft::objects
