// Writes one blob's file. Private to the room.
#pragma once

#include <memory>
#include <string>

#include "foundation/blob/store.h"
#include "foundation/os/fd.h"

namespace aloft::blob {

// Where the file is to appear.
struct Target {
  std::shared_ptr<const os::Fd> directory;
  BlobId id;
  bool nameless_files = true;  // the file system can make a file without a name (O_TMPFILE)
};

// The name of a file that is being written where nameless ones cannot be made.
inline constexpr std::string_view kTemporaryPrefix = ".tmp-";

// Encrypts where there is a key.
Result<std::unique_ptr<Writer>> CreateFileWriter(Target target, std::uint64_t expected_bytes,
                                                 const std::optional<FrameKey>& key = std::nullopt);

}  // namespace aloft::blob
