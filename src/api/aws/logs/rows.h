// The rows of CloudWatch Logs over platform/telemetry.
#pragma once

#include "api/aws_common/front.h"
#include "platform/telemetry/log_store.h"

namespace aloft::api {

// `store` must outlive the rows.
ServiceApi MakeLogsApi(telemetry::LogStore& store);

}  // namespace aloft::api
