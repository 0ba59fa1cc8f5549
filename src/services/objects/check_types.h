// What checking and counting the object store answer.
#pragma once

#include <cstdint>
#include <string>

namespace aloft::objects {

enum class ProblemKind : std::uint8_t {
  kUnreadableEntry,  // a record that cannot be decoded
  kMissingBytes,     // an entry names bytes that are not there
  kDamagedBytes,     // a checksum does not hold
  kMissingHolder,    // an entry's blob would be reclaimed; mended by holding it
  kOrphanBlob,       // a blob that nobody holds; mended by deleting it
};

struct Problem {
  ProblemKind kind = ProblemKind::kMissingBytes;
  std::string what{};  // bucket and key, or the blob
  bool repaired = false;
};

struct CheckReport {
  std::uint64_t entries = 0;
  std::uint64_t blobs = 0;
  std::uint64_t problems = 0;
  std::uint64_t repaired = 0;
  bool complete = true;  // false where it was stopped
};

struct Usage {
  std::uint64_t objects = 0;  // latest versions that are objects
  std::uint64_t bytes = 0;
  std::uint64_t older_versions = 0;
  std::uint64_t older_bytes = 0;
  std::uint64_t delete_markers = 0;
  std::uint64_t uploads = 0;
};

}  // namespace aloft::objects
