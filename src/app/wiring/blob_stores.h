// Where large bytes lie, as the operator chose it: directories, or a bucket of an S3 endpoint ([blobs]).
#pragma once

#include <memory>

#include "app/wiring/world.h"
#include "foundation/base/result.h"
#include "foundation/blob/store.h"

namespace aloft::app {

struct BlobStores {
  std::unique_ptr<blob::Store> blobs;
  std::unique_ptr<blob::Store> archive;
};

// An installation that keeps its bytes in one place is not opened with another: kInvalidArgument.
Result<BlobStores> OpenBlobStores(World& world);

}  // namespace aloft::app
