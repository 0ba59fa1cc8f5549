// LookupEvents: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
#include <boost/json.hpp>

#include "api/aws/cloudtrail/rows.h"
#include "api/aws_common/row.h"
#include "foundation/codec/json.h"
#include "generated/shapes/cloudtrail/cloudtrail.h"
#include "generated/shapes/cloudtrail/service_model.h"

namespace aloft::api::cloudtrail {
namespace {

using namespace shapes::cloudtrail;  // NOLINT: the vocabulary of this file

constexpr std::string_view kAttributes[] = {"EventId",      "EventName",    "ReadOnly",    "Username",
                                            "ResourceType", "ResourceName", "EventSource", "AccessKeyId"};

std::optional<std::string> Text(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string(member->as_string());
}

Event ToEvent(const audit::LookupPage::Record& record) {
  Event out;
  out.event_time = record.at;
  out.cloud_trail_event = record.json;
  auto parsed = codec::ParseJson(record.json);
  if (!parsed.ok() || !parsed->is_object()) return out;
  const auto& event = parsed->as_object();
  out.event_id = Text(event, "eventID");
  out.event_name = Text(event, "eventName");
  out.event_source = Text(event, "eventSource");
  const auto* read_only = event.if_contains("readOnly");
  out.read_only = read_only != nullptr && read_only->is_bool() && read_only->as_bool() ? "true" : "false";
  if (const auto* identity = event.if_contains("userIdentity"); identity != nullptr && identity->is_object()) {
    const auto& caller = identity->as_object();
    out.access_key_id = Text(caller, "accessKeyId");
    out.username = Text(caller, "userName");
    if (!out.username)
      if (auto arn = Text(caller, "arn"))
        out.username = Text(caller, "type") == "Root" ? "root" : arn->substr(arn->find_last_of('/') + 1);
  }
  out.resources.emplace();
  if (const auto* resources = event.if_contains("resources"); resources != nullptr && resources->is_array())
    for (const auto& each : resources->as_array())
      if (each.is_object())
        out.resources->push_back(
            {.resource_type = Text(each.as_object(), "type"), .resource_name = Text(each.as_object(), "ARN")});
  return out;
}

Result<LookupEventsResponse> Lookup(audit::Service& audit, const Call& call, const LookupEventsRequest& in) {
  audit::LookupQuery query;
  query.account = call.session.account;
  query.from = in.start_time;
  query.to = in.end_time;
  if (query.from && query.to && *query.to < *query.from)
    return Fail(kInvalidTimeRange, "The specified time range is invalid: the end lies before the start.");
  if (in.event_category)
    return Fail(kUnimplemented, "cloudtrail:LookupEvents: Insights events are not built in this Aloft");
  if (in.lookup_attributes && in.lookup_attributes->size() > 1)
    return Fail(audit::kBadLookup, "You can specify only one lookup attribute.");
  if (in.lookup_attributes && !in.lookup_attributes->empty()) {
    const auto& attribute = in.lookup_attributes->front();
    if (std::find(std::begin(kAttributes), std::end(kAttributes), *attribute.attribute_key) == std::end(kAttributes))
      return Fail(audit::kBadLookup, "The lookup attribute " + *attribute.attribute_key + " does not exist.");
    query.attribute = {*attribute.attribute_key, *attribute.attribute_value};
  }
  query.limit = static_cast<std::size_t>(in.max_results.value_or(50));
  query.token = in.next_token.value_or("");
  ALOFT_ASSIGN(audit::LookupPage page, audit.Lookup(query));
  LookupEventsResponse out;
  out.events.emplace();
  for (const auto& record : page.records) out.events->push_back(ToEvent(record));
  if (!page.next_token.empty()) out.next_token = page.next_token;
  return out;
}

}  // namespace

void AddLookupRows(audit::Service& audit, std::vector<Row>& rows) {
  rows.push_back(MakeRow<LookupEventsRequest, LookupEventsResponse>(
      kModel, "LookupEvents",
      [](const Call&, const LookupEventsRequest&) -> std::vector<Permission> {
        return {{"cloudtrail:LookupEvents", "*", {}}};
      },
      [&audit](const Call& call, const Authorized&, const LookupEventsRequest& in) {
        return Lookup(audit, call, in);
      }));
}

}  // namespace aloft::api::cloudtrail
