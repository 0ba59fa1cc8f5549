// Copies everything below a prefix of one endpoint to another endpoint or a directory: many objects at once, each
// verified, none twice. A run that was cut off is taken up by the same command.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/cli/objects/place.h"
#include "foundation/s3/operations.h"

namespace aloft::app {

// An object to copy, as its endpoint describes it.
struct SourceObject {
  s3::Client& client;
  const std::string& bucket;
  s3::Head head;  // of the whole object
  std::string key;
  std::string version{};                    // empty: the latest
  std::vector<std::uint64_t> part_sizes{};  // where its ETag is made of parts; empty: it has none, or they are unknown

  // Whether its ETag is made of MD5s, by which the bytes can be verified.
  bool verifiable() const;
  // This many bytes from an offset, of the object as it was described.
  Result<std::string> Read(std::uint64_t offset, std::uint64_t length) const;
};

using Moved = std::function<void(std::uint64_t bytes)>;

class Target {
 public:
  virtual ~Target() = default;
  // Whether the object is there already, whole. Cheap.
  virtual Result<bool> Has(const s3::Listed& object, const std::string& name) = 0;
  // Copies and verifies. kCorrupt where the bytes that came are not those that were described.
  virtual Status Take(const SourceObject& object, const std::string& name, const Moved& moved) = 0;

  // Of targets that keep versions; others refuse (kUnimplemented). What is there under the name, the oldest first, and
  // whether one of it is a copy of `object`.
  virtual Result<std::vector<s3::Listed>> Versions(const std::string& name);
  virtual Result<bool> IsCopy(const s3::Listed& there, const s3::Listed& object);
  // Hides the name behind a delete marker.
  virtual Status Mark(const std::string& name);
};

// Keys are `prefix` and the name.
std::unique_ptr<Target> MakeBucketTarget(s3::Client& client, S3Path path);
// Files below `directory`; a name that is no path below it is kInvalidArgument.
Result<std::unique_ptr<Target>> MakeDirectoryTarget(const std::string& directory);

struct TransferOptions {
  int jobs = 8;
  bool dry_run = false;
  bool versions = false;  // all of them, with their delete markers, in their order; not only the latest
};
// In versions where options ask for them.
struct TransferReport {
  std::atomic<std::uint64_t> seen{0}, copied{0}, there{0}, failed{0}, bytes{0};
};
// `complain` is told of each object that failed, from any thread; the others are copied nevertheless.
Status RunTransfer(s3::Client& source, const S3Path& from, Target& target, const TransferOptions& options,
                   TransferReport& report, const std::function<void(const std::string&)>& complain);

}  // namespace aloft::app
