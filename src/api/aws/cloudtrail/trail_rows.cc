// Trails: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html
#include "api/aws/cloudtrail/rows.h"
#include "api/aws_common/row.h"
#include "foundation/codec/time.h"
#include "generated/shapes/cloudtrail/cloudtrail.h"
#include "generated/shapes/cloudtrail/service_model.h"

namespace aloft::api::cloudtrail {
namespace {

using namespace shapes::cloudtrail;  // NOLINT: the vocabulary of this file

std::string ArnOf(const Call& call, const std::string& name_or_arn) {
  if (name_or_arn.starts_with("arn:")) return name_or_arn;
  return "arn:aws:cloudtrail:" + call.region.value() + ":" + call.session.account.value() + ":trail/" + name_or_arn;
}

// What an installation of Aloft does not have, by name.
template <class In>
Status RefuseUnbuilt(const In& in) {
  auto refuse = [](const char* what) {
    return Fail(kUnimplemented, std::string("cloudtrail: ") + what + " is not built in this Aloft");
  };
  if (in.sns_topic_name && !in.sns_topic_name->empty()) return refuse("SnsTopicName");
  if (in.kms_key_id && !in.kms_key_id->empty()) return refuse("KmsKeyId");
  if (in.enable_log_file_validation.value_or(false))
    return refuse("EnableLogFileValidation (`aloft audit verify` proves the log itself)");
  if ((in.cloud_watch_logs_log_group_arn && !in.cloud_watch_logs_log_group_arn->empty()) ||
      (in.cloud_watch_logs_role_arn && !in.cloud_watch_logs_role_arn->empty()))
    return refuse("CloudWatchLogsLogGroupArn");
  if (in.is_organization_trail.value_or(false)) return refuse("IsOrganizationTrail");
  return {};
}

// The members that CreateTrail and UpdateTrail answer.
template <class Out>
Out Describe(const trails::Trail& trail) {
  Out out;
  out.name = trail.name;
  out.s3_bucket_name = trail.bucket;
  if (!trail.prefix.empty()) out.s3_key_prefix = trail.prefix;
  out.include_global_service_events = trail.global_events;
  out.is_multi_region_trail = trail.multi_region;
  out.trail_arn = trail.Arn();
  out.log_file_validation_enabled = false;
  out.is_organization_trail = false;
  return out;
}

Trail DescribeWhole(const trails::Trail& trail) {
  Trail out = Describe<Trail>(trail);
  out.home_region = trail.region.value();
  out.has_custom_event_selectors = !trail.basic.empty() || !trail.advanced.empty();
  out.has_insight_selectors = false;
  return out;
}

Result<CreateTrailResponse> Create(trails::Service& service, const Call& call, const CreateTrailRequest& in) {
  ALOFT_TRY(RefuseUnbuilt(in));
  if (in.tags_list && !in.tags_list->empty())
    return Fail(kUnimplemented, "cloudtrail: TagsList is not built in this Aloft");
  trails::Trail trail;
  trail.account = call.session.account;
  trail.region = call.region;
  trail.name = *in.name;
  trail.bucket = *in.s3_bucket_name;
  trail.prefix = in.s3_key_prefix.value_or("");
  trail.global_events = in.include_global_service_events.value_or(true);
  trail.multi_region = in.is_multi_region_trail.value_or(false);
  if (trail.multi_region && !trail.global_events)
    return Fail(trails::kInvalidCombination, "Multi-Region trail must include global service events.");
  ALOFT_ASSIGN(trails::Trail made, service.Create(std::move(trail)));
  return Describe<CreateTrailResponse>(made);
}

Result<UpdateTrailResponse> Update(trails::Service& service, const Call& call, const UpdateTrailRequest& in) {
  ALOFT_TRY(RefuseUnbuilt(in));
  if (in.s3_key_prefix) ALOFT_TRY(trails::CheckPrefix(*in.s3_key_prefix));
  if (in.s3_bucket_name) ALOFT_TRY(service.CheckBucket(call.session.account, *in.s3_bucket_name));
  ALOFT_ASSIGN(trails::Trail changed,
               service.Update(call.session.account, *in.name, [&](trails::Trail& trail) -> Status {
                 if (in.s3_bucket_name) trail.bucket = *in.s3_bucket_name;
                 if (in.s3_key_prefix) trail.prefix = *in.s3_key_prefix;
                 if (in.include_global_service_events) trail.global_events = *in.include_global_service_events;
                 if (in.is_multi_region_trail) trail.multi_region = *in.is_multi_region_trail;
                 if (trail.multi_region && !trail.global_events)
                   return Fail(trails::kInvalidCombination, "Multi-Region trail must include global service events.");
                 return {};
               }));
  return aloft::api::cloudtrail::Describe<UpdateTrailResponse>(changed);
}

Result<DescribeTrailsResponse> DescribeAll(trails::Service& service, const Call& call,
                                           const DescribeTrailsRequest& in) {
  ALOFT_ASSIGN(std::vector<trails::Trail> all, service.List(call.session.account));
  DescribeTrailsResponse out;
  out.trail_list.emplace();
  for (const trails::Trail& trail : all) {
    bool named = !in.trail_name_list || in.trail_name_list->empty();
    if (!named)
      for (const std::string& name : *in.trail_name_list) named = named || name == trail.name || name == trail.Arn();
    bool shadow = trail.region != call.region;
    if (shadow && (!trail.multi_region || !in.include_shadow_trails.value_or(true))) continue;
    if (named) out.trail_list->push_back(DescribeWhole(trail));
  }
  return out;
}

Result<ListTrailsResponse> ListAll(trails::Service& service, const Call& call) {
  ALOFT_ASSIGN(std::vector<trails::Trail> all, service.List(call.session.account));
  ListTrailsResponse out;
  out.trails.emplace();
  for (const trails::Trail& trail : all)
    out.trails->push_back({.trail_arn = trail.Arn(), .name = trail.name, .home_region = trail.region.value()});
  return out;
}

Result<GetTrailStatusResponse> StatusOf(trails::Service& service, const Call& call, const GetTrailStatusRequest& in) {
  ALOFT_ASSIGN(trails::Trail trail, service.Find(call.session.account, *in.name));
  GetTrailStatusResponse out;
  out.is_logging = trail.logging;
  out.start_logging_time = trail.started;
  out.stop_logging_time = trail.stopped;
  out.latest_delivery_time = trail.delivered;
  if (!trail.delivery_error.empty()) out.latest_delivery_error = trail.delivery_error;
  auto text = [](const std::optional<Time>& time) { return time ? codec::FormatIso8601(*time) : std::string(); };
  out.latest_delivery_attempt_time = text(trail.attempted);
  out.latest_delivery_attempt_succeeded = text(trail.delivered);
  out.time_logging_started = text(trail.started);
  out.time_logging_stopped = text(trail.stopped);
  return out;
}

std::vector<trails::BasicSelector> ReadBasic(const std::optional<std::vector<EventSelector>>& given) {
  std::vector<trails::BasicSelector> out;
  if (!given) return out;
  for (const EventSelector& each : *given) {
    trails::BasicSelector selector;
    selector.read_write = each.read_write_type.value_or("All");
    selector.management = each.include_management_events.value_or(true);
    selector.excluded_sources = each.exclude_management_event_sources.value_or(std::vector<std::string>());
    if (each.data_resources)
      for (const DataResource& resource : *each.data_resources)
        selector.resources.push_back(
            {resource.type.value_or(""), resource.values.value_or(std::vector<std::string>())});
    out.push_back(std::move(selector));
  }
  return out;
}

Result<std::vector<trails::AdvancedSelector>> ReadAdvanced(
    const std::optional<std::vector<AdvancedEventSelector>>& given) {
  std::vector<trails::AdvancedSelector> out;
  if (!given) return out;
  for (const AdvancedEventSelector& each : *given) {
    trails::AdvancedSelector selector{each.name.value_or(""), {}};
    for (const AdvancedFieldSelector& field : each.field_selectors.value_or(std::vector<AdvancedFieldSelector>())) {
      if (field.ends_with || field.not_equals || field.not_starts_with || field.not_ends_with)
        return Fail(trails::kInvalidSelectors,
                    "EndsWith, NotEquals, NotStartsWith and NotEndsWith are not built in this Aloft");
      selector.fields.push_back({field.field.value_or(""), field.equals.value_or(std::vector<std::string>()),
                                 field.starts_with.value_or(std::vector<std::string>())});
    }
    out.push_back(std::move(selector));
  }
  return out;
}

template <class Out>
Out DescribeSelectors(const trails::Trail& trail) {
  Out out;
  out.trail_arn = trail.Arn();
  for (const trails::AdvancedSelector& each : trail.advanced) {
    if (!out.advanced_event_selectors) out.advanced_event_selectors.emplace();
    AdvancedEventSelector selector;
    if (!each.name.empty()) selector.name = each.name;
    selector.field_selectors.emplace();
    for (const auto& field : each.fields) {
      AdvancedFieldSelector one;
      one.field = field.field;
      if (!field.equals.empty()) one.equals = field.equals;
      if (!field.starts_with.empty()) one.starts_with = field.starts_with;
      selector.field_selectors->push_back(std::move(one));
    }
    out.advanced_event_selectors->push_back(std::move(selector));
  }
  if (!trail.advanced.empty()) return out;
  out.event_selectors.emplace();
  std::vector<trails::BasicSelector> basic = trail.basic;
  if (basic.empty()) basic.emplace_back();  // what a new trail has
  for (const trails::BasicSelector& each : basic) {
    EventSelector selector;
    selector.read_write_type = each.read_write;
    selector.include_management_events = each.management;
    selector.data_resources.emplace();
    for (const auto& resource : each.resources)
      selector.data_resources->push_back({.type = resource.type, .values = resource.values});
    selector.exclude_management_event_sources = each.excluded_sources;
    out.event_selectors->push_back(std::move(selector));
  }
  return out;
}

Result<PutEventSelectorsResponse> PutSelectors(trails::Service& service, const Call& call,
                                               const PutEventSelectorsRequest& in) {
  auto basic = ReadBasic(in.event_selectors);
  ALOFT_ASSIGN(std::vector<trails::AdvancedSelector> advanced, ReadAdvanced(in.advanced_event_selectors));
  ALOFT_TRY(trails::CheckSelectors(basic, advanced));
  ALOFT_ASSIGN(trails::Trail changed,
               service.Update(call.session.account, *in.trail_name, [&](trails::Trail& trail) -> Status {
                 trail.basic = basic;
                 trail.advanced = advanced;
                 return {};
               }));
  return DescribeSelectors<PutEventSelectorsResponse>(changed);
}

// The permission of an operation on one trail.
template <class In>
auto OnTrail(const char* action) {
  return [action](const Call& call, const In& in) -> std::vector<Permission> {
    if constexpr (requires { in.trail_name; })
      return {{action, ArnOf(call, *in.trail_name), {}}};
    else
      return {{action, ArnOf(call, *in.name), {}}};
  };
}
template <class In>
auto OnAll(const char* action) {
  return [action](const Call&, const In&) -> std::vector<Permission> { return {{action, "*", {}}}; };
}

}  // namespace

void AddTrailRows(trails::Service& trails, std::vector<Row>& rows) {
  rows.push_back(MakeRow<CreateTrailRequest, CreateTrailResponse>(
      kModel, "CreateTrail", OnTrail<CreateTrailRequest>("cloudtrail:CreateTrail"),
      [&](const Call& call, const Authorized&, const CreateTrailRequest& in) { return Create(trails, call, in); }));
  rows.push_back(MakeRow<UpdateTrailRequest, UpdateTrailResponse>(
      kModel, "UpdateTrail", OnTrail<UpdateTrailRequest>("cloudtrail:UpdateTrail"),
      [&](const Call& call, const Authorized&, const UpdateTrailRequest& in) { return Update(trails, call, in); }));
  rows.push_back(MakeRow<DeleteTrailRequest, DeleteTrailResponse>(
      kModel, "DeleteTrail", OnTrail<DeleteTrailRequest>("cloudtrail:DeleteTrail"),
      [&](const Call& call, const Authorized&, const DeleteTrailRequest& in) {
        return trails.Delete(call.session.account, *in.name);
      }));
  rows.push_back(MakeRow<GetTrailRequest, GetTrailResponse>(
      kModel, "GetTrail", OnTrail<GetTrailRequest>("cloudtrail:GetTrail"),
      [&](const Call& call, const Authorized&, const GetTrailRequest& in) -> Result<GetTrailResponse> {
        ALOFT_ASSIGN(trails::Trail trail, trails.Find(call.session.account, *in.name));
        GetTrailResponse out;
        out.trail = DescribeWhole(trail);
        return out;
      }));
  rows.push_back(MakeRow<DescribeTrailsRequest, DescribeTrailsResponse>(
      kModel, "DescribeTrails", OnAll<DescribeTrailsRequest>("cloudtrail:DescribeTrails"),
      [&](const Call& call, const Authorized&, const DescribeTrailsRequest& in) {
        return DescribeAll(trails, call, in);
      }));
  rows.push_back(MakeRow<ListTrailsRequest, ListTrailsResponse>(
      kModel, "ListTrails", OnAll<ListTrailsRequest>("cloudtrail:ListTrails"),
      [&](const Call& call, const Authorized&, const ListTrailsRequest&) { return ListAll(trails, call); }));
  rows.push_back(MakeRow<StartLoggingRequest, StartLoggingResponse>(
      kModel, "StartLogging", OnTrail<StartLoggingRequest>("cloudtrail:StartLogging"),
      [&](const Call& call, const Authorized&, const StartLoggingRequest& in) {
        return trails.SetLogging(call.session.account, *in.name, true);
      }));
  rows.push_back(MakeRow<StopLoggingRequest, StopLoggingResponse>(
      kModel, "StopLogging", OnTrail<StopLoggingRequest>("cloudtrail:StopLogging"),
      [&](const Call& call, const Authorized&, const StopLoggingRequest& in) {
        return trails.SetLogging(call.session.account, *in.name, false);
      }));
  rows.push_back(MakeRow<GetTrailStatusRequest, GetTrailStatusResponse>(
      kModel, "GetTrailStatus", OnTrail<GetTrailStatusRequest>("cloudtrail:GetTrailStatus"),
      [&](const Call& call, const Authorized&, const GetTrailStatusRequest& in) {
        return StatusOf(trails, call, in);
      }));
  rows.push_back(MakeRow<PutEventSelectorsRequest, PutEventSelectorsResponse>(
      kModel, "PutEventSelectors", OnTrail<PutEventSelectorsRequest>("cloudtrail:PutEventSelectors"),
      [&](const Call& call, const Authorized&, const PutEventSelectorsRequest& in) {
        return PutSelectors(trails, call, in);
      }));
  rows.push_back(MakeRow<GetEventSelectorsRequest, GetEventSelectorsResponse>(
      kModel, "GetEventSelectors", OnTrail<GetEventSelectorsRequest>("cloudtrail:GetEventSelectors"),
      [&](const Call& call, const Authorized&,
          const GetEventSelectorsRequest& in) -> Result<GetEventSelectorsResponse> {
        ALOFT_ASSIGN(trails::Trail trail, trails.Find(call.session.account, *in.trail_name));
        return DescribeSelectors<GetEventSelectorsResponse>(trail);
      }));
}

}  // namespace aloft::api::cloudtrail
