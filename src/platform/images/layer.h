// One layer of an image onto the directory that becomes its root (OCI image specification, layer.md): files replace
// what lower layers have, whiteouts (".wh.<name>") remove it.
#pragma once

#include <cstdint>
#include <string>

#include "platform/images/types.h"

namespace aloft::images {

struct LayerOptions {
  bool keep_owners = false;  // else everything is the caller's; needs root
  std::string digest;        // "sha256:..." of the plain tar; what differs is refused
};

// `root`: the open directory. Names and links never lead out of it; devices are left out, set-user-id bits fall (they
// mean nothing inside a sandbox). `left`: bytes that may still be written; lowered.
// kBadImage, kImageTooLarge, kCancelled.
Status ApplyLayer(const std::string& tar, int root, const LayerOptions& options, std::uint64_t& left,
                  const Progress& progress);

}  // namespace aloft::images
