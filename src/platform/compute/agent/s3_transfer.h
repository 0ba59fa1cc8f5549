// Objects over the S3 API, signed with the task's credentials.
#pragma once

#include <memory>
#include <string>

#include "platform/compute/agent/object_transfer.h"

namespace aloft::compute {

Result<std::unique_ptr<ObjectTransfer>> OpenS3Transfer(TransferOptions options);

}  // namespace aloft::compute
