#include "services/objects/listing.h"

#include <algorithm>

#include "foundation/codec/base64.h"
#include "services/objects/core.h"
#include "services/objects/keys.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kSmallestScan = 16;
constexpr std::size_t kLargestScan = 1001;
constexpr char kTokenVersion = 1;

}  // namespace

bool IsCommonPrefix(std::string_view name, std::string_view prefix, std::string_view delimiter) {
  if (delimiter.empty() || !name.starts_with(prefix)) return false;
  auto at = name.find(delimiter, prefix.size());
  return at != std::string_view::npos && at + delimiter.size() == name.size();
}

Result<bool> Run(kv::Store& store, const Walk& walk) {
  std::string lowest = walk.base + walk.prefix;
  kv::ScanRange range{.from = std::max(walk.from, lowest), .to = After(lowest)};
  std::size_t count = 0;
  // With a delimiter most of a page may be passed over: begin small.
  std::size_t scan = walk.delimiter.empty() ? kLargestScan : 4 * kSmallestScan;
  while (range.from < range.to) {
    range.limit = std::min(scan, walk.limit - count + 1);
    ALOFT_ASSIGN(auto page, store.Scan(walk.space, range));
    bool skipped = false;
    for (const auto& entry : page.entries) {
      if (entry.key < range.from) continue;  // below a common prefix
      skipped = false;
      if (walk.is_hidden != nullptr && walk.is_hidden(entry.value)) {
        range.from = entry.key + '\0';
        continue;
      }
      std::string_view rest = std::string_view(entry.key).substr(walk.base.size());
      std::string_view name = rest.substr(0, walk.name_length ? walk.name_length(rest) : rest.size());
      // A prefix may reach into the suffix: that is another name's.
      if (!name.starts_with(walk.prefix)) {
        range.from = entry.key + '\0';
        continue;
      }
      auto at = walk.delimiter.empty() ? std::string_view::npos : name.find(walk.delimiter, walk.prefix.size());
      if (count == walk.limit) return true;
      ++count;
      if (at == std::string_view::npos) {
        ALOFT_TRY(walk.on_item(rest, entry));
        range.from = entry.key + '\0';
      } else {
        std::string_view common = name.substr(0, at + walk.delimiter.size());
        walk.on_prefix(common);
        range.from = After(walk.base + std::string(common));
        skipped = true;
      }
    }
    if (!page.more) return false;
    scan = skipped ? kSmallestScan : std::min(scan * 2, kLargestScan);
  }
  return false;
}

Result<ListPage> Service::ListObjects(const AccountId& account, const ListRequest& request) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, request.bucket));
  std::string after = request.start_after;
  if (!request.continuation_token.empty()) {
    auto token = codec::Base64UrlDecode(request.continuation_token);
    if (!token || token->empty() || token->front() != kTokenVersion)
      return Fail(kInvalidToken, "The continuation token provided is incorrect");
    after = token->substr(1);
  }
  ListPage page;
  if (request.max_keys == 0) return page;
  Walk walk;
  walk.space = kIndexSpace;
  walk.base = IndexPrefix(found.record.bucket);
  walk.prefix = request.prefix;
  walk.delimiter = request.delimiter;
  walk.limit = request.max_keys;
  walk.is_hidden = IsDeleteMarker;
  if (!after.empty())
    walk.from =
        IsCommonPrefix(after, request.prefix, request.delimiter) ? After(walk.base + after) : walk.base + after + '\0';
  walk.on_item = [&](std::string_view key, const kv::Entry& entry) -> Status {
    ALOFT_ASSIGN(Entry object, DecodeSummary(entry.value));
    object.info.key = key;
    page.next_marker = key;
    page.objects.push_back(std::move(object.info));
    return {};
  };
  walk.on_prefix = [&](std::string_view common) {
    page.next_marker = common;
    page.common_prefixes.emplace_back(common);
  };
  ALOFT_ASSIGN(page.truncated, Run(core_->store, walk));
  if (page.truncated)
    page.next_token = codec::Base64UrlEncode(std::string(1, kTokenVersion) + page.next_marker);
  else
    page.next_marker.clear();
  return page;
}

Result<ListUploadsPage> Service::ListUploads(const AccountId& account, const ListUploadsRequest& request) {
  ALOFT_ASSIGN(auto found, core_->FindBucket(account, request.bucket));
  ListUploadsPage page;
  if (request.max_uploads == 0) return page;
  constexpr std::size_t kSuffix = kUploadIdChars + 1;  // after the key: zero byte, upload id
  Walk walk;
  walk.space = kUploadSpace;
  walk.base = UploadPrefix(found.record.bucket);
  walk.prefix = request.prefix;
  walk.delimiter = request.delimiter;
  walk.limit = request.max_uploads;
  if (!request.key_marker.empty()) {
    std::string marker = walk.base + request.key_marker;
    if (IsCommonPrefix(request.key_marker, request.prefix, request.delimiter))
      walk.from = After(marker);
    else if (request.upload_id_marker.empty())
      walk.from = marker + '\1';
    else
      walk.from = marker + '\0' + request.upload_id_marker + '\0';
  }
  walk.name_length = [](std::string_view rest) { return rest.size() < kSuffix ? 0 : rest.size() - kSuffix; };
  walk.on_item = [&](std::string_view rest, const kv::Entry& entry) -> Status {
    ALOFT_ASSIGN(UploadRecord record, DecodeUpload(entry.value));
    record.info.key = rest.substr(0, rest.size() - kSuffix);
    record.info.id = UploadId(rest.substr(rest.size() - kUploadIdChars));
    page.next_key_marker = record.info.key;
    page.next_upload_id_marker = record.info.id.value();
    page.uploads.push_back(std::move(record.info));
    return {};
  };
  walk.on_prefix = [&](std::string_view common) {
    page.next_key_marker = common;
    page.next_upload_id_marker.clear();
    page.common_prefixes.emplace_back(common);
  };
  ALOFT_ASSIGN(page.truncated, Run(core_->store, walk));
  if (!page.truncated) {
    page.next_key_marker.clear();
    page.next_upload_id_marker.clear();
  }
  return page;
}

}  // namespace aloft::objects
