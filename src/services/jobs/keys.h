// Keys of the room's loop: one per job, and one for the lease.
#pragma once

#include <optional>
#include <string>

#include "foundation/base/bytes.h"
#include "services/jobs/types.h"

namespace aloft::jobs {

inline constexpr char kLeaseKey[] = "#lease";

// None of the parts holds a slash.
inline std::string LoopKey(const JobKey& key) {
  return key.scope.account.value() + "/" + key.scope.region.value() + "/" + key.name;
}
inline std::optional<JobKey> ParseLoopKey(const std::string& text) {
  std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() != 3) return std::nullopt;
  return JobKey{{AccountId(parts[0]), Region(parts[1])}, std::string(parts[2])};
}

}  // namespace aloft::jobs
