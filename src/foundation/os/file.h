// Small files, whole: read at once, written so that a power cut leaves the old bytes or the new ones.
//
// Every call blocks. Errors carry the operation, the path and errno's meaning in `detail`; a missing file is
// kNoSuchFile.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace aloft::os {

inline constexpr Reason kNoSuchFile{ErrorKind::kNotFound, "NoSuchFile"};
inline constexpr Reason kFileTooLarge{ErrorKind::kTooLarge, "FileTooLarge"};

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes = 64u << 20);

// Writes beside `path`, syncs, renames over it, syncs the directory.
Status WriteFileDurably(const std::string& path, std::string_view bytes, mode_t mode = 0640);

// Makes `path` and the parents it lacks; what exists already is left as it is. New entries are synced.
Status MakeDirectories(const std::string& path, mode_t mode = 0750);

Status SyncDirectory(const std::string& path);

// Removes the file and syncs its directory. A file that is not there is success.
Status RemoveFileDurably(const std::string& path);

}  // namespace aloft::os
