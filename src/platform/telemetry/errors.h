// What telemetry refuses. Each API turns these into its own names.
#pragma once

#include "foundation/base/error.h"

namespace aloft::telemetry {

inline constexpr Reason kNoSuchLogGroup{ErrorKind::kNotFound, "NoSuchLogGroup"};
inline constexpr Reason kNoSuchLogStream{ErrorKind::kNotFound, "NoSuchLogStream"};
inline constexpr Reason kLogGroupExists{ErrorKind::kAlreadyExists, "LogGroupExists"};
inline constexpr Reason kLogStreamExists{ErrorKind::kAlreadyExists, "LogStreamExists"};
// A parameter that the wire's own validation cannot see: order of events, a token, a filter pattern, a period.
inline constexpr Reason kInvalidParameter{ErrorKind::kInvalid, "InvalidParameter"};
// Two parameters that exclude each other (CloudWatch: InvalidParameterCombination).
inline constexpr Reason kInvalidCombination{ErrorKind::kInvalid, "InvalidParameterCombination"};
// A page token that we did not make.
inline constexpr Reason kInvalidToken{ErrorKind::kInvalid, "InvalidNextToken"};
// A query that would read more than one request may.
inline constexpr Reason kQueryTooLarge{ErrorKind::kTooLarge, "QueryTooLarge"};
// Too many writers of one stream at once; the same call may succeed later.
inline constexpr Reason kContended{ErrorKind::kThrottled, "LogStreamContended"};

}  // namespace aloft::telemetry
