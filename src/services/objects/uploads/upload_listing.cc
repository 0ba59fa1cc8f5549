// ListMultipartUploads.
#include "services/objects/listings/walk.h"
#include "services/objects/records/keys.h"
#include "services/objects/uploads/uploads.h"

namespace aloft::objects {

Result<ListUploadsPage> ListUploads(Core& core, const AccountId& account, const ListUploadsRequest& request) {
  ALOFT_ASSIGN(auto found, core.FindBucket(account, request.bucket));
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
  ALOFT_ASSIGN(page.truncated, Run(core.store, walk));
  if (!page.truncated) {
    page.next_key_marker.clear();
    page.next_upload_id_marker.clear();
  }
  return page;
}

}  // namespace aloft::objects
