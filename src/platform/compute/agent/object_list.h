// Which objects an input names, before anything is fetched of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "foundation/os/fd.h"
#include "platform/compute/agent/object_transfer.h"
#include "platform/compute/task.h"

namespace aloft::compute {

struct ListedObject {
  std::string bucket, key;
  std::string path;  // relative, clean: where it is laid out
  std::uint64_t size = 0;
};

// Those of a prefix or a manifest, in the order of their keys (of a manifest: its own), this host's share only.
// kObjectMissing where there is none at all; kInvalidArgument where a key cannot be a file's name or the manifest
// cannot be read. `scratch` makes a temporary file.
Result<std::vector<ListedObject>> ListObjects(ObjectTransfer& transfer, const Input& input,
                                              const std::function<Result<os::Fd>()>& scratch);

// Another order for each epoch, the same for each run with the same seed.
void Shuffle(std::vector<ListedObject>& objects, std::int64_t seed, int epoch);

}  // namespace aloft::compute
