// The data directory as a whole: made on first use, one server at a time, with the version of its layout.
#pragma once

#include <string>

#include "app/config.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::app {

// The version of the layout that this binary writes (docs/formats/data-directory.md), and the oldest that it opens.
inline constexpr int kLayoutVersion = 1;
inline constexpr int kOldestLayoutVersion = 1;

// Held while what replicas share (keys, authority) is read or made, so that two first starts make one of each.
Result<os::Fd> LockSharedDirectory(const Config& config);

// Who this server is among replicas: a UUID, made at the first start and kept in <data>/replica.
Result<std::string> ReplicaId(const Config& config, Random& random);

// Makes the directory and its parts with tight modes, takes its lock and checks its version. The lock is held as long
// as the descriptor lives. Errors: kDataDirectoryInUse, kDataDirectoryTooNew, kIoError.
Result<os::Fd> OpenDataDirectory(const Config& config);

}  // namespace aloft::app
