// What checking and counting the object store answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace aloft::objects {

enum class ProblemKind : std::uint8_t {
  kUnreadableEntry,  // a record that cannot be decoded
  kMissingBytes,     // an entry names bytes that are not there
  kDamagedBytes,     // a checksum does not hold
  kMissingHolder,    // an entry's blob would be reclaimed; mended by holding it
  kOrphanBlob,       // a blob that nobody holds; mended by deleting it
  kStaleHolder,      // a hold on a blob for an entry that is not there; mended by letting go
};

struct CheckOptions {
  bool verify = false;
  bool repair = false;
  std::chrono::microseconds min_age = std::chrono::hours(1);  // what is younger is not judged as an orphan
  std::uint64_t bytes_per_second = 0;                         // of verifying; 0: as fast as the disk is
  std::function<bool()> stop{};                               // asked between records; true ends the check early
  std::string from{};                                         // where an earlier check stopped: CheckReport::next
  std::chrono::microseconds budget{};                         // stops soon after it is over; 0: goes to the end
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
  std::uint64_t verified_bytes = 0;
  std::string next{};  // where to go on; empty: all was looked at
  bool complete() const { return next.empty(); }
};

// A piece of the round that reads everything again and again.
struct ScrubStep {
  CheckReport total{};               // of this round so far
  bool finished = false;             // it was the round's last piece
  std::chrono::microseconds wait{};  // until the next one
};

struct Usage {
  std::uint64_t objects = 0;  // latest versions that are objects
  std::uint64_t bytes = 0;
  std::uint64_t older_versions = 0;
  std::uint64_t older_bytes = 0;
  std::uint64_t delete_markers = 0;
  std::uint64_t uploads = 0;
  std::uint64_t upload_bytes = 0;  // of the parts that have come
};

struct ReclaimReport {
  std::uint64_t released = 0;  // blobs that the queue named and nobody holds
  std::uint64_t orphans = 0;   // blobs that a crash left without an owner
  std::uint64_t kept = 0;      // named by the queue, but still held
};

}  // namespace aloft::objects
