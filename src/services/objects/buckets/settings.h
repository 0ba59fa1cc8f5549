// What is configured on a bucket: documents under names, and when they last changed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/objects/contract/settings.h"
#include "services/objects/engine/core.h"

namespace aloft::objects {

Result<BucketLocation> Locate(Core& core, std::string_view bucket);
Result<std::optional<std::string>> GetSetting(Core& core, const AccountId& account, std::string_view bucket,
                                              std::string_view name);
Result<Pairs> ListSettings(Core& core, const AccountId& account, std::string_view bucket, std::string_view prefix);
Status PutSetting(Core& core, const AccountId& account, std::string_view bucket, std::string_view name,
                  std::string_view document);
Status DeleteSetting(Core& core, const AccountId& account, std::string_view bucket, std::string_view name);
// Adds the removal of all of a bucket's settings to the batch.
Status RemoveSettings(Core& core, kv::Batch& batch, const Bucket& bucket);

}  // namespace aloft::objects
