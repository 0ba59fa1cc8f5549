// Carries out what buckets' lifecycle configurations ask for, and says when an object will expire.
//
// Decides by a pure policy and acts through the object store's door, so that locks bind it as they bind everyone. Each
// act is repeatable: a run that dies is repeated by the next. Thread-safe; blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "foundation/base/log.h"
#include "services/lifecycle/policy.h"
#include "services/objects/service.h"

namespace aloft::lifecycle {

// The name of the bucket's setting that holds its configuration.
inline constexpr std::string_view kSetting = "lifecycle";

struct Report {
  std::uint64_t seen = 0;
  std::uint64_t expired = 0;  // latest versions that were removed or hidden
  std::uint64_t removed = 0;  // versions and markers
  std::uint64_t moved = 0;
  std::uint64_t aborted = 0;   // uploads
  std::uint64_t restores = 0;  // restored copies that were given back
  std::uint64_t failed = 0;    // refused, locked or changed meanwhile: the next run looks again
};

class Service {
 public:
  Service(objects::Service& objects, const Clock& clock, Log log)
      : objects_(objects), clock_(clock), log_(std::move(log)) {}

  // Every bucket once.
  Result<Report> Run();
  Status RunBucket(const objects::Bucket& bucket, Report& report);

  // Absent where no rule will expire it. One look at the bucket's setting.
  Result<std::optional<Expiry>> ExpirationOf(const AccountId& account, std::string_view bucket,
                                             const objects::ObjectInfo& info);

 private:
  Status Walk(const objects::Bucket& bucket, const Configuration& configuration, Report& report);
  void Act(const objects::Bucket& bucket, const objects::ObjectInfo& info, const Action& action, Report& report);
  Status AbortUploads(const objects::Bucket& bucket, const Configuration& configuration, Report& report);

  objects::Service& objects_;
  const Clock& clock_;
  const Log log_;
};

}  // namespace aloft::lifecycle
