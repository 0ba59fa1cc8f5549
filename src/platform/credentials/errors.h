// Why IAM refused a question about credentials, beside the reasons of identity and factors.
#pragma once

#include "foundation/base/error.h"

namespace aloft::credentials {

inline constexpr Reason kReportNotPresent{ErrorKind::kNotFound, "ReportNotPresent"};
inline constexpr Reason kReportExpired{ErrorKind::kNotFound, "ReportExpired"};
inline constexpr Reason kWrongPassword{ErrorKind::kDenied, "WrongPassword"};
inline constexpr Reason kConcurrentModification{ErrorKind::kConflict, "ConcurrentModification"};

inline constexpr Reason kReasons[] = {kReportNotPresent, kReportExpired, kWrongPassword, kConcurrentModification};

}  // namespace aloft::credentials
