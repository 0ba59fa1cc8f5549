#include "platform/compute/agent/directory_transfer.h"
#include "platform/compute/agent/object_transfer.h"
#include "platform/compute/agent/s3_transfer.h"

namespace aloft::compute {

Result<std::unique_ptr<ObjectTransfer>> OpenTransfer(TransferOptions options) {
  constexpr std::string_view kFile = "file://";
  std::string url = options.api_url();
  if (url.starts_with(kFile)) return OpenDirectoryTransfer(url.substr(kFile.size()));
  return OpenS3Transfer(std::move(options));
}

}  // namespace aloft::compute
