// ListObjects.
#include "foundation/codec/base64.h"
#include "services/objects/listings/listings.h"
#include "services/objects/listings/walk.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

constexpr char kTokenVersion = 1;

}  // namespace

Result<ListPage> ListObjects(Core& core, const AccountId& account, const ListRequest& request) {
  ALOFT_ASSIGN(auto found, core.FindBucket(account, request.bucket));
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
  ALOFT_ASSIGN(page.truncated, Run(core.store, walk));
  if (page.truncated)
    page.next_token = codec::Base64UrlEncode(std::string(1, kTokenVersion) + page.next_marker);
  else
    page.next_marker.clear();
  return page;
}

}  // namespace aloft::objects
