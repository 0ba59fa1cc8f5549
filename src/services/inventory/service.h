// Carries out what buckets' inventory configurations ask for: lists of their objects, as files in a bucket, once a day
// or a week.
//
// Thread-safe; blocks for the object store. One replica at a time: the caller sees to that. Each inventory is made
// whole before its manifest says that it is there; a run that dies is repeated by the next.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/log.h"
#include "platform/policy/policy.h"
#include "services/inventory/data_file.h"
#include "services/inventory/rows.h"
#include "services/inventory/types.h"
#include "services/objects/service.h"

namespace aloft::inventory {

// The names of the bucket's settings: the configuration, and the period of its last inventory, each followed by an id.
inline constexpr std::string_view kSetting = "inventory/";
inline constexpr std::string_view kLastSetting = "inventory-last/";

struct Report {
  std::uint64_t configurations = 0;
  std::uint64_t delivered = 0;
  std::uint64_t rows = 0;
  std::uint64_t failed = 0;  // the next run tries again
};

struct Options {
  // Who owns an account's objects, as S3 writes it.
  std::function<std::string(const AccountId&)> canonical_id;
  std::uint64_t rows_per_file = 1'000'000;
  std::size_t page = 1000;  // versions looked at between two questions whether to go on
};

class Service {
 public:
  Service(objects::Service& objects, const Clock& clock, Log log, Options options)
      : objects_(objects), clock_(clock), log_(std::move(log)), options_(std::move(options)) {}

  // Every inventory that is due. `go_on` is asked before each page of versions; false ends the run with kStopped.
  Result<Report> Run(const std::function<bool()>& go_on);

 private:
  struct Target;
  Status RunBucket(const objects::Bucket& bucket, const std::function<bool()>& go_on, Report& report);
  Status Deliver(const objects::Bucket& bucket, const Configuration& configuration, Time period,
                 const std::function<bool()>& go_on, Report& report);
  Result<Target> OpenTarget(const objects::Bucket& source, const Configuration& configuration, Time period);
  Status MayPut(const Target& target, const std::string& key) const;
  Result<std::vector<FileEntry>> WriteRows(const objects::Bucket& source, const Configuration& configuration,
                                           const Target& target, const std::function<bool()>& go_on, Report& report);
  Status WriteManifest(const objects::Bucket& source, const Configuration& configuration, const Target& target,
                       const std::vector<FileEntry>& files);
  Status Put(const Target& target, const std::string& key, std::string_view type, std::string_view body);

  objects::Service& objects_;
  const Clock& clock_;
  const Log log_;
  const Options options_;
};

}  // namespace aloft::inventory
