#include "api/aws/logs/group_rows.h"

#include <algorithm>

#include "api/aws/logs/arns.h"
#include "api/aws_common/row.h"
#include "generated/shapes/logs/logs.h"
#include "generated/shapes/logs/service_model.h"
#include "platform/telemetry/errors.h"

namespace aloft::api::logs {
namespace {

using telemetry::LogStore;
using namespace shapes::logs;  // NOLINT: the vocabulary of this file

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
constexpr int kRetentionDays[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                  365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
constexpr std::size_t kDefaultPage = 50;

// The permission of an operation on one group, or on one stream where the request names one.
template <class In>
auto OnGroup(const char* action) {
  return [action](const Call& call, const In& in) -> std::vector<Permission> {
    std::string group;
    if constexpr (requires { in.log_group_identifier; })
      group = GroupName(call, in.log_group_name, in.log_group_identifier);
    else
      group = GroupName(call, in.log_group_name);
    std::string stream;
    if constexpr (requires { in.log_stream_name; }) stream = in.log_stream_name.value_or("");
    return {{action, ResourceArn(call, group, stream), {}}};
  };
}

Status CreateGroup(LogStore& store, const Call& call, const CreateLogGroupRequest& in) {
  if ((in.tags && !in.tags->empty()) || in.kms_key_id || in.deletion_protection_enabled.value_or(false))
    return Fail(kUnimplemented,
                "logs:CreateLogGroup: tags, kmsKeyId and deletionProtectionEnabled are not built in this Aloft");
  return store.CreateGroup(ScopeOf(call), *in.log_group_name, in.log_group_class.value_or("STANDARD"));
}

Status SetRetention(LogStore& store, const Call& call, const PutRetentionPolicyRequest& in) {
  if (std::ranges::find(kRetentionDays, *in.retention_in_days) == std::end(kRetentionDays))
    return Fail(telemetry::kInvalidParameter,
                "retentionInDays must be one of the periods that AWS allows: 1, 3, 5, 7, 14, "
                "30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, "
                "2922, 3288, 3653");
  return store.SetRetention(ScopeOf(call), *in.log_group_name, *in.retention_in_days);
}

Result<DescribeLogGroupsResponse> DescribeGroups(LogStore& store, const Call& call,
                                                 const DescribeLogGroupsRequest& in) {
  if (in.log_group_identifiers && !in.log_group_identifiers->empty())
    return Fail(kUnimplemented, "logs:DescribeLogGroups: logGroupIdentifiers is not built in this Aloft");
  telemetry::GroupQuery query;
  query.prefix = in.log_group_name_prefix.value_or("");
  query.pattern = in.log_group_name_pattern.value_or("");
  query.limit = static_cast<std::size_t>(in.limit.value_or(kDefaultPage));
  query.token = in.next_token.value_or("");
  ALOFT_ASSIGN(telemetry::GroupPage page, store.DescribeGroups(ScopeOf(call), query));
  DescribeLogGroupsResponse out;
  out.log_groups.emplace();
  for (const telemetry::LogGroup& group : page.groups) {
    if (in.log_group_class && *in.log_group_class != group.log_group_class) continue;
    out.log_groups->push_back({.log_group_name = group.name,
                               .creation_time = ToMillis(group.created),
                               .retention_in_days = group.retention_days,
                               .metric_filter_count = 0,
                               .arn = GroupArn(call, group.name) + ":*",
                               .log_group_class = group.log_group_class,
                               .log_group_arn = GroupArn(call, group.name)});
  }
  // The SDK follows a token for as long as there is one: the last page has none.
  if (!page.next_token.empty()) out.next_token = page.next_token;
  return out;
}

std::optional<std::int64_t> Millis(const std::optional<Time>& time) {
  return time ? std::optional(ToMillis(*time)) : std::nullopt;
}

Result<DescribeLogStreamsResponse> DescribeStreams(LogStore& store, const Call& call,
                                                   const DescribeLogStreamsRequest& in) {
  std::string group = GroupName(call, in.log_group_name, in.log_group_identifier);
  telemetry::StreamQuery query;
  query.prefix = in.log_stream_name_prefix.value_or("");
  query.by_last_event = in.order_by.value_or("LogStreamName") == "LastEventTime";
  if (query.by_last_event && !query.prefix.empty())
    return Fail(telemetry::kInvalidParameter, "Cannot order by LastEventTime with a logStreamNamePrefix.");
  query.descending = in.descending.value_or(false);
  query.limit = static_cast<std::size_t>(in.limit.value_or(kDefaultPage));
  query.token = in.next_token.value_or("");
  ALOFT_ASSIGN(telemetry::StreamPage page, store.DescribeStreams(ScopeOf(call), group, query));
  DescribeLogStreamsResponse out;
  out.log_streams.emplace();
  for (const telemetry::LogStream& stream : page.streams)
    out.log_streams->push_back({.log_stream_name = stream.name,
                                .creation_time = ToMillis(stream.created),
                                .first_event_timestamp = Millis(stream.first_event),
                                .last_event_timestamp = Millis(stream.last_event),
                                .last_ingestion_time = Millis(stream.last_ingestion),
                                .arn = ResourceArn(call, group, stream.name),
                                .stored_bytes = static_cast<std::int64_t>(stream.stored_bytes)});
  if (!page.next_token.empty()) out.next_token = page.next_token;
  return out;
}

}  // namespace

void AddGroupRows(LogStore& store, std::vector<Row>& rows) {
  rows.push_back(MakeRow<CreateLogGroupRequest, CreateLogGroupResponse>(
      kModel, "CreateLogGroup", OnGroup<CreateLogGroupRequest>("logs:CreateLogGroup"),
      [&store](const Call& call, const Authorized&, const CreateLogGroupRequest& in) {
        return CreateGroup(store, call, in);
      }));
  rows.push_back(MakeRow<DeleteLogGroupRequest, DeleteLogGroupResponse>(
      kModel, "DeleteLogGroup", OnGroup<DeleteLogGroupRequest>("logs:DeleteLogGroup"),
      [&store](const Call& call, const Authorized&, const DeleteLogGroupRequest& in) {
        return store.DeleteGroup(ScopeOf(call), *in.log_group_name);
      }));
  rows.push_back(MakeRow<DescribeLogGroupsRequest, DescribeLogGroupsResponse>(
      kModel, "DescribeLogGroups",
      [](const Call& call, const DescribeLogGroupsRequest&) -> std::vector<Permission> {
        return {{"logs:DescribeLogGroups", ResourceArn(call, ""), {}}};
      },
      [&store](const Call& call, const Authorized&, const DescribeLogGroupsRequest& in) {
        return DescribeGroups(store, call, in);
      }));
  rows.push_back(MakeRow<CreateLogStreamRequest, CreateLogStreamResponse>(
      kModel, "CreateLogStream", OnGroup<CreateLogStreamRequest>("logs:CreateLogStream"),
      [&store](const Call& call, const Authorized&, const CreateLogStreamRequest& in) {
        return store.CreateStream(ScopeOf(call), *in.log_group_name, *in.log_stream_name);
      }));
  rows.push_back(MakeRow<DeleteLogStreamRequest, DeleteLogStreamResponse>(
      kModel, "DeleteLogStream", OnGroup<DeleteLogStreamRequest>("logs:DeleteLogStream"),
      [&store](const Call& call, const Authorized&, const DeleteLogStreamRequest& in) {
        return store.DeleteStream(ScopeOf(call), *in.log_group_name, *in.log_stream_name);
      }));
  rows.push_back(MakeRow<DescribeLogStreamsRequest, DescribeLogStreamsResponse>(
      kModel, "DescribeLogStreams", OnGroup<DescribeLogStreamsRequest>("logs:DescribeLogStreams"),
      [&store](const Call& call, const Authorized&, const DescribeLogStreamsRequest& in) {
        return DescribeStreams(store, call, in);
      }));
  rows.push_back(MakeRow<PutRetentionPolicyRequest, PutRetentionPolicyResponse>(
      kModel, "PutRetentionPolicy", OnGroup<PutRetentionPolicyRequest>("logs:PutRetentionPolicy"),
      [&store](const Call& call, const Authorized&, const PutRetentionPolicyRequest& in) {
        return SetRetention(store, call, in);
      }));
  rows.push_back(MakeRow<DeleteRetentionPolicyRequest, DeleteRetentionPolicyResponse>(
      kModel, "DeleteRetentionPolicy", OnGroup<DeleteRetentionPolicyRequest>("logs:DeleteRetentionPolicy"),
      [&store](const Call& call, const Authorized&, const DeleteRetentionPolicyRequest& in) {
        return store.SetRetention(ScopeOf(call), *in.log_group_name, std::nullopt);
      }));
}

}  // namespace aloft::api::logs
