// An image in one file, as `podman save` and `docker save` write it: their own layout (manifest.json) or OCI's
// (index.json).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "platform/images/types.h"

namespace aloft::images {

struct ArchivedImage {
  std::string id;
  std::string config_text;
  Config config;
  std::vector<std::string> layers;  // paths of files; a tar each, compressed or not, lowest first
  std::vector<std::string> names;   // that the archive gives it
};

// Takes the archive apart into files below `scratch`, an empty directory that the caller removes. `name` chooses where
// the archive holds several images; else there must be one.
// kBadImage with what is wrong; kImageTooLarge beyond `max_bytes`.
Result<ArchivedImage> OpenArchive(const std::string& path, const std::string& name, const std::string& scratch,
                                  std::uint64_t max_bytes, const Progress& progress);

}  // namespace aloft::images
