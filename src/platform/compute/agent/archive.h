// Tar archives of jobs: unpacked without trust, packed without following links.
#pragma once

#include <cstdint>
#include <string>

#include "foundation/base/result.h"
#include "platform/compute/agent/beneath.h"

namespace aloft::compute {

// The archive is at fault: no tar, broken, or with names that lead out of the directory.
inline constexpr Reason kBadArchive{ErrorKind::kInvalid, "BadArchive"};
// It would grow beyond what the task may write.
inline constexpr Reason kArchiveTooLarge{ErrorKind::kTooLarge, "ArchiveTooLarge"};

struct ArchiveLimits {
  std::uint64_t max_bytes = 1ull << 40;
  std::uint64_t max_entries = 10'000'000;
};

// A tar, plain or compressed by gzip, bzip2, xz or zstd, from the open file `archive` to below the directory `target`.
// Refused as a whole at the first entry that is absolute, climbs with "..", links outside, or is a device.
Status UnpackArchive(int archive, int target, Owner owner, const ArchiveLimits& limits);

struct Packed {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // before compression
};

// Everything below the directory as a gzipped tar; names are relative, links stay links, special files are left out.
Result<Packed> PackDirectory(int directory, int archive);

}  // namespace aloft::compute
