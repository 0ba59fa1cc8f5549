// Why the audit log refused.
#pragma once

#include "foundation/base/error.h"

namespace aloft::audit {

// The store does not take records as fast as calls come, or not at all: the call was not made.
inline constexpr Reason kAuditFull{ErrorKind::kUnavailable, "AuditFull"};
inline constexpr Reason kBadLookup{ErrorKind::kInvalid, "InvalidLookup"};
inline constexpr Reason kBadToken{ErrorKind::kInvalid, "InvalidNextToken"};
// An export that cannot be read.
inline constexpr Reason kBadExport{ErrorKind::kCorrupt, "BadExport"};
inline constexpr Reason kBadSelector{ErrorKind::kInvalid, "InvalidEventSelectors"};

inline constexpr Reason kReasons[] = {kAuditFull, kBadLookup, kBadToken, kBadExport, kBadSelector};

}  // namespace aloft::audit
