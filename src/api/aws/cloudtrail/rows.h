// The rows of CloudTrail over platform/audit and services/trails.
#pragma once

#include "api/aws_common/front.h"
#include "platform/audit/service.h"
#include "services/trails/service.h"

namespace aloft::api {

// Both must outlive the rows.
ServiceApi MakeCloudTrailApi(audit::Service& audit, trails::Service& trails);

namespace cloudtrail {

inline constexpr Reason kInvalidTimeRange{ErrorKind::kInvalid, "InvalidTimeRange"};

void AddLookupRows(audit::Service& audit, std::vector<Row>& rows);
void AddTrailRows(trails::Service& trails, std::vector<Row>& rows);

}  // namespace cloudtrail

}  // namespace aloft::api
