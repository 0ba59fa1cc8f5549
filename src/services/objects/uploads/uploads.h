// Uploads in parts: beginning one, its parts, its end. services/objects/service.h has the contract of each.
#pragma once

#include <memory>
#include <string_view>

#include "services/objects/contract/listing_types.h"
#include "services/objects/contract/upload_types.h"
#include "services/objects/engine/core.h"

namespace aloft::objects {

Result<UploadInfo> CreateUpload(Core& core, const AccountId& account, const PutRequest& request, ChecksumType type);
Result<UploadInfo> FindUpload(Core& core, const AccountId& account, std::string_view bucket, std::string_view key,
                              const UploadId& upload);
Result<std::unique_ptr<PartSession>> BeginPart(Core& core, const AccountId& account, PartRequest request);
Result<Part> CopyPart(Core& core, const AccountId& account, const PartRequest& request, const PartSource& copied);
Result<PartsPage> ListParts(Core& core, const AccountId& account, std::string_view bucket, std::string_view key,
                            const UploadId& upload, int after, std::size_t limit);
Result<ListUploadsPage> ListUploads(Core& core, const AccountId& account, const ListUploadsRequest& request);
Result<ObjectInfo> CompleteUpload(Core& core, const AccountId& account, const CompleteRequest& request);
Status AbortUpload(Core& core, const AccountId& account, std::string_view bucket, std::string_view key,
                   const UploadId& upload);

}  // namespace aloft::objects
