// What is due for one version of an object, as pure functions of the rules, the version and the time.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
#pragma once

#include <optional>
#include <string>

#include "services/lifecycle/types.h"

namespace aloft::lifecycle {

// A version among those of its key.
struct View {
  const objects::ObjectInfo* info = nullptr;
  bool lone = false;         // no other version of its key
  Time superseded{};         // of one that is not the latest: when the next newer one came
  int newer_noncurrent = 0;  // versions between it and the latest
};

enum class Act { kNothing, kExpire, kRemoveVersion, kTransition };

struct Action {
  Act act = Act::kNothing;
  std::string storage_class{};  // of kTransition
  std::string rule{};
};

// S3 counts whole days: `days` after `from`, rounded up to the next midnight UTC.
Time DaysAfter(Time from, int days);

// Whether any rule asks for tags: only then they have to be read.
bool NeedsTags(const Configuration& configuration);

// The strongest thing that is due now: removal before transition, the coldest class before warmer ones; never back to a
// warmer one. Objects of less than 128 KiB are not moved unless a rule names a size.
Action Decide(const Configuration& configuration, const View& view, Time now);

// When the latest version will expire and by which rule: x-amz-expiration.
struct Expiry {
  Time when{};
  std::string rule{};
};
std::optional<Expiry> ExpiryOf(const Configuration& configuration, const objects::ObjectInfo& info);

// Whether an upload begun at `initiated` is to be aborted.
bool IsStale(const Configuration& configuration, std::string_view key, Time initiated, Time now);

}  // namespace aloft::lifecycle
