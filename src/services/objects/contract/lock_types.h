// Object lock: what keeps a version from being removed.
#pragma once

#include <cstdint>
#include <optional>

#include "foundation/base/clock.h"

namespace aloft::objects {

// Governance yields to who may bypass it; compliance to nobody, until its date.
enum class RetentionMode : std::uint8_t { kNone, kGovernance, kCompliance };

struct Retention {
  RetentionMode mode = RetentionMode::kNone;
  Time until{};
  friend bool operator==(const Retention&, const Retention&) = default;
};

// Of one version.
struct Lock {
  Retention retention{};
  bool legal_hold = false;
};

// What new versions get where their writer says nothing. Days or years, not both; neither: nothing.
struct DefaultRetention {
  RetentionMode mode = RetentionMode::kNone;
  int days = 0;
  int years = 0;
};

// Of a bucket. Once enabled it stays so, and versioning with it.
struct LockConfiguration {
  bool enabled = false;
  DefaultRetention retention{};
};

}  // namespace aloft::objects
