// The rules of object lock.
#include "services/objects/contract/policy.h"

namespace aloft::objects {
namespace {

constexpr int kMostDays = 36'500;
constexpr int kMostYears = 100;

Time AfterYears(Time from, int years) {
  auto day = std::chrono::floor<std::chrono::days>(from);
  std::chrono::year_month_day date(day);
  date += std::chrono::years(years);
  if (!date.ok()) date = date.year() / date.month() / std::chrono::last;
  return Time(std::chrono::sys_days(date)) + (from - day);
}

Error Locked() {
  return Fail(kVersionLocked, "Access Denied because object protected by object lock.");
}

}  // namespace

Status CheckRemovable(const Lock& lock, Time now, bool bypass) {
  if (lock.legal_hold) return Locked();
  if (lock.retention.mode == RetentionMode::kNone || lock.retention.until <= now) return {};
  if (lock.retention.mode == RetentionMode::kGovernance && bypass) return {};
  return Locked();
}

Status CheckRetentionChange(const Retention& old, const Retention& wanted, Time now, bool bypass) {
  bool removes = wanted.mode == RetentionMode::kNone;
  if (!removes && wanted.until <= now) return Fail(kInvalidRetention, "The retain until date must be in the future!");
  if (old.mode == RetentionMode::kNone || old.until <= now) return {};
  bool loosens = removes || wanted.until < old.until ||
                 (old.mode == RetentionMode::kCompliance && wanted.mode != RetentionMode::kCompliance);
  // From governance to compliance is no loosening, but only who may bypass governance may change its mode.
  bool other_mode = wanted.mode != old.mode;
  if (!loosens && !other_mode) return {};
  if (old.mode == RetentionMode::kGovernance && bypass) return {};
  return Locked();
}

Status CheckDefaultRetention(const DefaultRetention& retention) {
  bool none = retention.mode == RetentionMode::kNone;
  if (none && retention.days == 0 && retention.years == 0) return {};
  if (none || (retention.days != 0) == (retention.years != 0))
    return Fail(kInvalidRetention, "A default retention needs a mode, and either days or years");
  if (retention.days < 0 || retention.years < 0)
    return Fail(kInvalidRetention, "Default retention period must be a positive integer value.");
  if (retention.days > kMostDays || retention.years > kMostYears)
    return Fail(kInvalidRetention, "Default retention period too large.");
  return {};
}

Result<Lock> LockOfNew(const Bucket& bucket, const Lock& wanted, Time now) {
  Lock lock = wanted;
  bool asked = lock.legal_hold || lock.retention.mode != RetentionMode::kNone;
  if (!bucket.lock.enabled) {
    if (asked) return Fail(kNoLockConfiguration, "Bucket is missing Object Lock Configuration");
    return lock;
  }
  if (lock.retention.mode != RetentionMode::kNone) {
    if (lock.retention.until <= now) return Fail(kInvalidRetention, "The retain until date must be in the future!");
    return lock;
  }
  const auto& standard = bucket.lock.retention;
  if (standard.mode != RetentionMode::kNone)
    lock.retention = {standard.mode,
                      standard.days > 0 ? now + std::chrono::days(standard.days) : AfterYears(now, standard.years)};
  return lock;
}

}  // namespace aloft::objects
