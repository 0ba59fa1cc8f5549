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
  std::string path;        // relative, clean: where it is laid out
  std::uint64_t size = 0;  // 0 with an empty etag: of a manifest, which does not say
  std::string etag{};
};

// Those of a prefix or a manifest, in the order of their keys (of a manifest: its own) or, with a seed, in the order of
// that epoch; this host's share only.
// kObjectMissing where there is none at all; kInvalidArgument where a key cannot be a file's name or the manifest
// cannot be read. `scratch` makes a temporary file.
Result<std::vector<ListedObject>> ListObjects(ObjectTransfer& transfer, const Input& input,
                                              const std::function<Result<os::Fd>()>& scratch, int epoch = 0);

// Which of `count` things are this host's in that epoch, in which order: shuffled by the seed, the same for each run
// and each host, then dealt out.
std::vector<std::size_t> ShareOf(std::size_t count, const Input& input, int epoch);

}  // namespace aloft::compute
