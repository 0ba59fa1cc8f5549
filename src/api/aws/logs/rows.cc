#include "api/aws/logs/rows.h"

#include "api/aws/logs/group_rows.h"
#include "generated/shapes/logs/service_model.h"
#include "platform/telemetry/errors.h"

namespace aloft::api {

ServiceApi MakeLogsApi(telemetry::LogStore& store) {
  ServiceApi api;
  api.model = &shapes::logs::kModel;
  logs::AddGroupRows(store, api.rows);
  logs::AddEventRows(store, api.rows);
  api.errors = {
      {telemetry::kNoSuchLogGroup, "ResourceNotFoundException"},
      {telemetry::kNoSuchLogStream, "ResourceNotFoundException"},
      {telemetry::kLogGroupExists, "ResourceAlreadyExistsException"},
      {telemetry::kLogStreamExists, "ResourceAlreadyExistsException"},
      {telemetry::kInvalidParameter, "InvalidParameterException"},
      {telemetry::kInvalidCombination, "InvalidParameterException"},
      {telemetry::kInvalidToken, "InvalidParameterException"},
      {telemetry::kQueryTooLarge, "InvalidParameterException"},
      {telemetry::kContended, "ThrottlingException"},
  };
  return api;
}

}  // namespace aloft::api
