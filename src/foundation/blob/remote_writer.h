// Writes one blob into a bucket. Private to the room.
#pragma once

#include <memory>

#include "foundation/blob/store.h"

namespace aloft::blob {

// Where the blob is to appear.
struct RemoteTarget {
  std::shared_ptr<s3::Client> client;
  std::string bucket;
  std::string name;  // of the object
  BlobId id;
};

std::unique_ptr<Writer> CreateRemoteWriter(RemoteTarget target, const std::optional<FrameKey>& key);

}  // namespace aloft::blob
