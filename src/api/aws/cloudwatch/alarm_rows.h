// The rows of CloudWatch alarms over platform/alarms.
#pragma once

#include "api/aws_common/front.h"
#include "platform/alarms/service.h"

namespace aloft::api {

// `alarms` must outlive the rows.
ServiceApi MakeAlarmsApi(alarms::Service& alarms);

}  // namespace aloft::api
