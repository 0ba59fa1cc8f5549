// The two halves of the rows of CloudWatch Logs.
#pragma once

#include <vector>

#include "api/common/operation.h"
#include "platform/telemetry/log_store.h"

namespace aloft::api::logs {

void AddGroupRows(telemetry::LogStore& store, std::vector<Row>& rows);  // groups, streams, retention
void AddEventRows(telemetry::LogStore& store, std::vector<Row>& rows);  // events in and out

inline telemetry::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

}  // namespace aloft::api::logs
