// What a bucket holds, counted by its listings.
#include "services/objects/integrity/integrity.h"
#include "services/objects/listings/listings.h"
#include "services/objects/uploads/uploads.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kMostParts = 10'000;

}  // namespace

Result<Usage> Count(Core& core, const AccountId& account, std::string_view bucket, std::string_view prefix) {
  Usage usage;
  ListVersionsRequest request{.bucket = std::string(bucket), .prefix = std::string(prefix)};
  while (true) {
    ALOFT_ASSIGN(auto page, ListVersions(core, account, request));
    for (const auto& info : page.versions) {
      usage.delete_markers += info.is_delete_marker ? 1 : 0;
      if (info.is_delete_marker) continue;
      ++(info.is_latest ? usage.objects : usage.older_versions);
      (info.is_latest ? usage.bytes : usage.older_bytes) += info.size;
    }
    if (!page.truncated) break;
    request.key_marker = page.next_key_marker;
    request.version_id_marker = page.next_version_id_marker;
  }
  ListUploadsRequest uploads{.bucket = std::string(bucket), .prefix = std::string(prefix)};
  while (true) {
    ALOFT_ASSIGN(auto page, ListUploads(core, account, uploads));
    usage.uploads += page.uploads.size();
    for (const auto& upload : page.uploads) {
      auto parts = ListParts(core, account, bucket, upload.key, upload.id, 0, kMostParts);
      if (!parts.ok() && parts.error().reason == kNoSuchUpload) continue;  // it ended meanwhile
      if (!parts.ok()) return std::move(parts).error();
      for (const auto& part : parts->parts) usage.upload_bytes += part.size;
    }
    if (!page.truncated) return usage;
    uploads.key_marker = page.next_key_marker;
    uploads.upload_id_marker = page.next_upload_id_marker;
  }
}

}  // namespace aloft::objects
