#include "api/aws/logs/arns.h"
#include "api/aws/logs/group_rows.h"
#include "api/aws_common/row.h"
#include "generated/shapes/logs/logs.h"
#include "generated/shapes/logs/service_model.h"
#include "platform/telemetry/errors.h"

namespace aloft::api::logs {
namespace {

using telemetry::LogStore;
using namespace shapes::logs;  // NOLINT: the vocabulary of this file

constexpr int kMaxEvents = 10'000;
// A batch is 1 MiB of messages and 26 bytes for each event, before JSON escapes it.
constexpr std::size_t kMaxPutBody = 8u << 20;

std::optional<Time> FromOptionalMillis(const std::optional<std::int64_t>& millis) {
  return millis ? std::optional(FromMillis(*millis)) : std::nullopt;
}

Result<PutLogEventsResponse> PutEvents(LogStore& store, const Call& call, const PutLogEventsRequest& in) {
  std::vector<telemetry::LogEvent> events;
  events.reserve(in.log_events->size());
  for (const InputLogEvent& event : *in.log_events) events.push_back({FromMillis(*event.timestamp), *event.message});
  ALOFT_ASSIGN(telemetry::PutResult result,
               store.PutEvents(ScopeOf(call), *in.log_group_name, *in.log_stream_name, events));
  PutLogEventsResponse out;
  // Sequence tokens are history; old clients still want one to send along.
  out.next_sequence_token = "49039859602410379855582184205436513040012411200512000000";
  if (result.too_new_start || result.too_old_end || result.expired_end)
    out.rejected_log_events_info = RejectedLogEventsInfo{.too_new_log_event_start_index = result.too_new_start,
                                                         .too_old_log_event_end_index = result.too_old_end,
                                                         .expired_log_event_end_index = result.expired_end};
  return out;
}

Result<GetLogEventsResponse> GetEvents(LogStore& store, const Call& call, const GetLogEventsRequest& in) {
  telemetry::EventQuery query;
  query.start = FromOptionalMillis(in.start_time);
  query.end = FromOptionalMillis(in.end_time);
  query.from_head = in.start_from_head.value_or(false);
  query.limit = static_cast<std::size_t>(in.limit.value_or(kMaxEvents));
  query.token = in.next_token.value_or("");
  std::string group = GroupName(call, in.log_group_name, in.log_group_identifier);
  ALOFT_ASSIGN(telemetry::LogPage page, store.GetEvents(ScopeOf(call), group, *in.log_stream_name, query));
  GetLogEventsResponse out;
  out.events.emplace();
  for (telemetry::StoredLogEvent& event : page.events)
    out.events->push_back({.timestamp = ToMillis(event.timestamp),
                           .message = std::move(event.message),
                           .ingestion_time = ToMillis(event.ingestion)});
  // The SDK follows the forward token until a page is empty: there is always one.
  out.next_forward_token = page.next_forward_token;
  out.next_backward_token = page.next_backward_token;
  return out;
}

Result<FilterLogEventsResponse> FilterEvents(LogStore& store, const Call& call, const FilterLogEventsRequest& in) {
  telemetry::FilterQuery query;
  query.streams = in.log_stream_names.value_or(std::vector<std::string>());
  query.stream_prefix = in.log_stream_name_prefix.value_or("");
  if (!query.streams.empty() && !query.stream_prefix.empty())
    return Fail(telemetry::kInvalidParameter, "logStreamNames and logStreamNamePrefix exclude each other.");
  query.start = FromOptionalMillis(in.start_time);
  query.end = FromOptionalMillis(in.end_time);
  query.pattern = in.filter_pattern.value_or("");
  query.limit = static_cast<std::size_t>(in.limit.value_or(kMaxEvents));
  query.token = in.next_token.value_or("");
  std::string group = GroupName(call, in.log_group_name, in.log_group_identifier);
  ALOFT_ASSIGN(telemetry::FilterPage page, store.FilterEvents(ScopeOf(call), group, query));
  FilterLogEventsResponse out;
  out.events.emplace();
  out.searched_log_streams.emplace();
  for (telemetry::StoredLogEvent& event : page.events)
    out.events->push_back({.log_stream_name = std::move(event.stream),
                           .timestamp = ToMillis(event.timestamp),
                           .message = std::move(event.message),
                           .ingestion_time = ToMillis(event.ingestion),
                           .event_id = std::move(event.event_id)});
  if (!page.next_token.empty()) out.next_token = page.next_token;
  return out;
}

}  // namespace

void AddEventRows(LogStore& store, std::vector<Row>& rows) {
  rows.push_back(MakeRow<PutLogEventsRequest, PutLogEventsResponse>(
      kModel, "PutLogEvents",
      [](const Call& call, const PutLogEventsRequest& in) -> std::vector<Permission> {
        return {{"logs:PutLogEvents", ResourceArn(call, *in.log_group_name, *in.log_stream_name), {}}};
      },
      [&store](const Call& call, const Authorized&, const PutLogEventsRequest& in) {
        return PutEvents(store, call, in);
      },
      {.max_body_bytes = kMaxPutBody}));
  rows.push_back(MakeRow<GetLogEventsRequest, GetLogEventsResponse>(
      kModel, "GetLogEvents",
      [](const Call& call, const GetLogEventsRequest& in) -> std::vector<Permission> {
        std::string group = GroupName(call, in.log_group_name, in.log_group_identifier);
        return {{"logs:GetLogEvents", ResourceArn(call, group, *in.log_stream_name), {}}};
      },
      [&store](const Call& call, const Authorized&, const GetLogEventsRequest& in) {
        return GetEvents(store, call, in);
      }));
  rows.push_back(MakeRow<FilterLogEventsRequest, FilterLogEventsResponse>(
      kModel, "FilterLogEvents",
      [](const Call& call, const FilterLogEventsRequest& in) -> std::vector<Permission> {
        std::string group = GroupName(call, in.log_group_name, in.log_group_identifier);
        return {{"logs:FilterLogEvents", ResourceArn(call, group), {}}};
      },
      [&store](const Call& call, const Authorized&, const FilterLogEventsRequest& in) {
        return FilterEvents(store, call, in);
      }));
}

}  // namespace aloft::api::logs
