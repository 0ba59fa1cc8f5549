#include "api/aws/cloudwatch/alarm_rows.h"

#include "api/aws_common/row.h"
#include "generated/shapes/cloudwatch/alarms.h"
#include "generated/shapes/cloudwatch/service_model.h"

namespace aloft::api {
namespace {

using namespace shapes::cloudwatch;  // NOLINT: the vocabulary of this file

telemetry::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

// One permission on each alarm that the request names; "*" where it names none.
template <class In>
std::vector<Permission> OnAlarms(const Call& call, const std::string& action, const In& in) {
  std::vector<Permission> needed;
  if constexpr (requires { in.alarm_names; }) {
    for (const std::string& name : in.alarm_names.value_or(std::vector<std::string>())) {
      needed.push_back({action, alarms::ArnOf(ScopeOf(call), name), {}});
    }
  } else {
    needed.push_back({action, alarms::ArnOf(ScopeOf(call), in.alarm_name.value_or("*")), {}});
  }
  if (needed.empty()) needed.push_back({action, alarms::ArnOf(ScopeOf(call), "*"), {}});
  return needed;
}

template <class In, class Out, class Handler>
Row Make(const char* operation, Handler handler) {
  return MakeRow<In, Out>(
      kModel, operation,
      [operation](const Call& call, const In& in) {
        return OnAlarms(call, std::string("cloudwatch:") + operation, in);
      },
      [handler](const Call& call, const Authorized&, const In& in) { return handler(ScopeOf(call), in); });
}

}  // namespace

ServiceApi MakeAlarmsApi(alarms::Service& alarms) {
  ServiceApi api;
  api.model = &kModel;
  std::vector<Row>& rows = api.rows;
  rows.push_back(Make<PutMetricAlarmInput, PutMetricAlarmResponse>(
      "PutMetricAlarm", [&alarms](const auto& scope, const auto& in) { return alarms.PutMetricAlarm(scope, in); }));
  rows.push_back(Make<DescribeAlarmsInput, DescribeAlarmsOutput>(
      "DescribeAlarms", [&alarms](const auto& scope, const auto& in) { return alarms.DescribeAlarms(scope, in); }));
  rows.push_back(Make<SetAlarmStateInput, SetAlarmStateResponse>(
      "SetAlarmState", [&alarms](const auto& scope, const auto& in) { return alarms.SetAlarmState(scope, in); }));
  rows.push_back(Make<DeleteAlarmsInput, DeleteAlarmsResponse>(
      "DeleteAlarms",
      [&alarms](const auto& scope, const auto& in) { return alarms.DeleteAlarms(scope, *in.alarm_names); }));
  rows.push_back(Make<EnableAlarmActionsInput, EnableAlarmActionsResponse>(
      "EnableAlarmActions",
      [&alarms](const auto& scope, const auto& in) { return alarms.EnableActions(scope, *in.alarm_names, true); }));
  rows.push_back(Make<DisableAlarmActionsInput, DisableAlarmActionsResponse>(
      "DisableAlarmActions",
      [&alarms](const auto& scope, const auto& in) { return alarms.EnableActions(scope, *in.alarm_names, false); }));
  api.errors = {
      {alarms::kNoSuchAlarm, "ResourceNotFound"},
      {alarms::kBadAlarm, "InvalidParameterValueException"},
      {alarms::kBadCombination, "InvalidParameterCombinationException"},
      {alarms::kTooManyAlarms, "LimitExceeded"},
      {alarms::kBadToken, "InvalidNextToken"},
      {alarms::kNotBuilt, "NotImplemented", 400},
  };
  return api;
}

}  // namespace aloft::api
