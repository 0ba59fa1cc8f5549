#include "services/scaling/service.h"

#include <algorithm>
#include <charconv>

#include "foundation/crypto/hash.h"
#include "services/scaling/records.h"
#include "services/scaling/runner.h"
#include "services/scaling/specification.h"

namespace aloft::scaling {

namespace wire = shapes::application_autoscaling;

namespace {

constexpr std::size_t kMaxPolicies = 50, kMaxActions = 200;  // of one target
constexpr int kMostInstances = 1000;

// The target that a request names.
template <class Request>
TargetKey KeyOf(const Scope& scope, const Request& request) {
  TargetKey key;
  key.scope = scope;
  key.service = request.service_namespace.value_or("");
  key.dimension = request.scalable_dimension.value_or("");
  if constexpr (requires { request.resource_id; }) key.resource = request.resource_id.value_or("");
  return key;
}

// One page of what was listed; tokens count.
template <class Item, class Request>
Result<std::vector<Item>> Page(std::vector<Item> all, const Request& request, std::optional<std::string>& next) {
  std::size_t from = 0, limit = 50;
  if (request.next_token) {
    const std::string& token = *request.next_token;
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), from);
    if (error != std::errc() || end != token.data() + token.size()) {
      return Fail(kBadToken, "The NextToken is not one of ours.");
    }
  }
  if (request.max_results) limit = static_cast<std::size_t>(std::clamp(*request.max_results, 1, 50));
  from = std::min(from, all.size());
  std::size_t to = std::min(from + limit, all.size());
  if (to < all.size()) next = std::to_string(to);
  return std::vector<Item>(std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(from)),
                           std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(to)));
}

bool Wanted(const std::optional<std::vector<std::string>>& names, const std::string& name) {
  return !names || names->empty() || std::find(names->begin(), names->end(), name) != names->end();
}

std::string IdOf(std::string_view text) {
  std::string hash = crypto::Sha256Hex(text);
  return hash.substr(0, 8) + "-" + hash.substr(8, 4) + "-" + hash.substr(12, 4) + "-" + hash.substr(16, 4) + "-" +
         hash.substr(20, 12);
}

std::string NameOf(const Scope& scope, const std::string& service, const std::string& resource,
                   const std::string& dimension) {
  std::string text = scope.account.value();
  text.append("/").append(scope.region.value()).append("/").append(service);
  text.append("/").append(resource).append("/").append(dimension);
  return text;
}

std::string ActionArn(const TargetKey& key, const std::string& name) {
  std::string arn = "arn:aws:autoscaling:";
  arn.append(key.scope.region.value()).append(":").append(key.scope.account.value());
  arn.append(":scheduledAction:").append(IdOf(NameOf(key.scope, key.service, key.resource, key.dimension)));
  arn.append(":resource/").append(key.service).append("/").append(key.resource);
  return arn.append(":scheduledActionName/").append(name);
}

}  // namespace

std::string TargetArn(const Scope& scope, const std::string& service, const std::string& resource,
                      const std::string& dimension) {
  std::string arn = "arn:aws:application-autoscaling:";
  arn.append(scope.region.value()).append(":").append(scope.account.value()).append(":scalable-target/");
  return arn.append(IdOf(NameOf(scope, service, resource, dimension)));
}

std::string PolicyArn(const Scope& scope, const std::string& service, const std::string& resource,
                      const std::string& dimension, const std::string& policy) {
  std::string arn = "arn:aws:autoscaling:";
  arn.append(scope.region.value()).append(":").append(scope.account.value()).append(":scalingPolicy:");
  arn.append(IdOf(NameOf(scope, service, resource, dimension) + "/" + policy));
  arn.append(":resource/").append(service).append("/").append(resource);
  return arn.append(":policyName/").append(policy);
}

Service::Service(Dependencies dependencies, Options options, Log log)
    : with_(std::move(dependencies)), runner_(std::make_unique<Runner>(with_, std::move(options), std::move(log))) {}

Service::~Service() {
  Stop();
}

void Service::Start() {
  runner_->Start();
}

void Service::Stop() {
  runner_->Stop();
}

Status Service::Look() {
  return runner_->Look();
}

Result<wire::RegisterScalableTargetResponse> Service::RegisterScalableTarget(
    const Scope& scope, const wire::RegisterScalableTargetRequest& request) {
  TargetKey key = KeyOf(scope, request);
  auto resource = with_.resources.find(key.dimension);
  if (resource == with_.resources.end()) {
    return Fail(kNotBuilt, "NotImplemented: the scalable dimension " + key.dimension + " is not built in this Aloft.");
  }
  Result<Capacity> there = resource->second->Look(scope, key.resource);
  if (!there.ok()) return Fail(kBadScaling, there.error().message, there.error().detail);
  if (request.tags) return Fail(kNotBuilt, "NotImplemented: Tags of scalable targets are not built in this Aloft.");
  ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) -> Status {
    Result<Target> found = LoadTarget(transaction, key);
    if (!found.ok() && found.error().reason != kNoSuchTarget) return std::move(found).error();
    Target target = found.ok() ? *std::move(found) : Target{key, with_.clock.Now(), request, {}, {}, 0};
    if (request.min_capacity) target.wish.min_capacity = request.min_capacity;
    if (request.max_capacity) target.wish.max_capacity = request.max_capacity;
    if (request.role_arn) target.wish.role_arn = request.role_arn;
    if (request.suspended_state) target.wish.suspended_state = request.suspended_state;
    if (!target.wish.min_capacity || !target.wish.max_capacity) {
      return Fail(kBadScaling, "MinCapacity and MaxCapacity are required for a new scalable target.");
    }
    if (target.least() < 0 || target.most() > kMostInstances || target.least() > target.most()) {
      return Fail(kBadScaling, "MinCapacity must be at least 0 and at most MaxCapacity, which is at most 1000.");
    }
    return SaveTarget(transaction, target);
  }));
  wire::RegisterScalableTargetResponse response;
  response.scalable_target_arn = TargetArn(scope, key.service, key.resource, key.dimension);
  return response;
}

Status Service::DeregisterScalableTarget(const Scope& scope, const wire::DeregisterScalableTargetRequest& request) {
  return with_.database.Write(
      [&](sql::Transaction& transaction) { return RemoveTarget(transaction, KeyOf(scope, request)); });
}

Result<wire::DescribeScalableTargetsResponse> Service::DescribeScalableTargets(
    const Scope& scope, const wire::DescribeScalableTargetsRequest& request) const {
  ALOFT_ASSIGN(std::vector<Target> targets,
               with_.database.Read([&](sql::Reader& reader) { return ListTargets(reader, KeyOf(scope, request)); }));
  std::erase_if(targets, [&](const Target& target) { return !Wanted(request.resource_ids, target.key.resource); });
  wire::DescribeScalableTargetsResponse response;
  ALOFT_ASSIGN(targets, Page(std::move(targets), request, response.next_token));
  response.scalable_targets.emplace();
  for (const Target& target : targets) {
    const TargetKey& key = target.key;
    wire::ScalableTarget& shown = response.scalable_targets->emplace_back();
    shown.service_namespace = key.service;
    shown.resource_id = key.resource;
    shown.scalable_dimension = key.dimension;
    shown.min_capacity = target.wish.min_capacity;
    shown.max_capacity = target.wish.max_capacity;
    shown.role_arn =
        target.wish.role_arn.value_or("arn:aws:iam::" + scope.account.value() +
                                      ":role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
                                      "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint");
    shown.creation_time = target.created;
    shown.suspended_state =
        target.wish.suspended_state.value_or(wire::SuspendedState{.dynamic_scaling_in_suspended = false,
                                                                  .dynamic_scaling_out_suspended = false,
                                                                  .scheduled_scaling_suspended = false});
    shown.scalable_target_arn = TargetArn(scope, key.service, key.resource, key.dimension);
  }
  return response;
}

Result<wire::PutScalingPolicyResponse> Service::PutScalingPolicy(const Scope& scope,
                                                                 const wire::PutScalingPolicyRequest& request) {
  TargetKey key = KeyOf(scope, request);
  ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(LoadTarget(transaction, key));
    ALOFT_ASSIGN(std::vector<Policy> policies, ListPolicies(transaction, key));
    auto same = std::find_if(policies.begin(), policies.end(),
                             [&](const Policy& policy) { return policy.name() == request.policy_name.value_or(""); });
    Policy policy{key, with_.clock.Now(), request, {}};
    if (same != policies.end()) {
      // What is not given stays as it was.
      policy = *same;
      if (request.target_tracking_scaling_policy_configuration || request.step_scaling_policy_configuration) {
        policy.wish = request;
      }
    } else if (policies.size() >= kMaxPolicies) {
      return Fail(kTooMany, "A scalable target may have at most 50 scaling policies.");
    }
    ALOFT_TRY(CheckPolicy(policy.wish));
    return SavePolicy(transaction, policy);
  }));
  wire::PutScalingPolicyResponse response;
  response.policy_arn = PolicyArn(scope, key.service, key.resource, key.dimension, request.policy_name.value_or(""));
  // Target tracking looks at its metric itself: there are no alarms of its own to name.
  response.alarms.emplace();
  return response;
}

Status Service::DeleteScalingPolicy(const Scope& scope, const wire::DeleteScalingPolicyRequest& request) {
  return with_.database.Write([&](sql::Transaction& transaction) {
    return RemovePolicy(transaction, KeyOf(scope, request), request.policy_name.value_or(""));
  });
}

Result<wire::DescribeScalingPoliciesResponse> Service::DescribeScalingPolicies(
    const Scope& scope, const wire::DescribeScalingPoliciesRequest& request) const {
  ALOFT_ASSIGN(std::vector<Policy> policies,
               with_.database.Read([&](sql::Reader& reader) { return ListPolicies(reader, KeyOf(scope, request)); }));
  std::erase_if(policies, [&](const Policy& policy) { return !Wanted(request.policy_names, policy.name()); });
  wire::DescribeScalingPoliciesResponse response;
  ALOFT_ASSIGN(policies, Page(std::move(policies), request, response.next_token));
  response.scaling_policies.emplace();
  for (const Policy& policy : policies) {
    const TargetKey& key = policy.key;
    wire::ScalingPolicy& shown = response.scaling_policies->emplace_back();
    shown.policy_arn = PolicyArn(scope, key.service, key.resource, key.dimension, policy.name());
    shown.policy_name = policy.name();
    shown.service_namespace = key.service;
    shown.resource_id = key.resource;
    shown.scalable_dimension = key.dimension;
    shown.target_tracking_scaling_policy_configuration = policy.wish.target_tracking_scaling_policy_configuration;
    shown.step_scaling_policy_configuration = policy.wish.step_scaling_policy_configuration;
    shown.policy_type = shown.step_scaling_policy_configuration ? "StepScaling" : "TargetTrackingScaling";
    shown.alarms.emplace();
    if (shown.step_scaling_policy_configuration) {
      ALOFT_ASSIGN(std::vector<std::string> names, with_.alarms.NamesWith(scope, *shown.policy_arn));
      for (const std::string& name : names) {
        wire::Alarm& alarm = shown.alarms->emplace_back();
        alarm.alarm_name = name;
        alarm.alarm_arn = alarms::ArnOf(scope, name);
      }
    }
    shown.creation_time = policy.created;
  }
  return response;
}

Status Service::PutScheduledAction(const Scope& scope, const wire::PutScheduledActionRequest& request) {
  TargetKey key = KeyOf(scope, request);
  return with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(LoadTarget(transaction, key));
    ALOFT_ASSIGN(std::vector<ScheduledAction> actions, ListActions(transaction, key));
    ScheduledAction action{key, with_.clock.Now(), request, {}};
    for (const ScheduledAction& same : actions) {
      if (same.name() != action.name()) continue;
      if (!action.wish.schedule) action.wish.schedule = same.wish.schedule;
      if (!action.wish.scalable_target_action) action.wish.scalable_target_action = same.wish.scalable_target_action;
    }
    if (actions.size() >= kMaxActions) {
      return Fail(kTooMany, "A scalable target may have at most 200 scheduled actions.");
    }
    ALOFT_TRY(CheckAction(action.wish));
    return SaveAction(transaction, action);
  });
}

Status Service::DeleteScheduledAction(const Scope& scope, const wire::DeleteScheduledActionRequest& request) {
  return with_.database.Write([&](sql::Transaction& transaction) {
    return RemoveAction(transaction, KeyOf(scope, request), request.scheduled_action_name.value_or(""));
  });
}

Result<wire::DescribeScheduledActionsResponse> Service::DescribeScheduledActions(
    const Scope& scope, const wire::DescribeScheduledActionsRequest& request) const {
  ALOFT_ASSIGN(std::vector<ScheduledAction> actions,
               with_.database.Read([&](sql::Reader& reader) { return ListActions(reader, KeyOf(scope, request)); }));
  std::erase_if(actions,
                [&](const ScheduledAction& action) { return !Wanted(request.scheduled_action_names, action.name()); });
  wire::DescribeScheduledActionsResponse response;
  ALOFT_ASSIGN(actions, Page(std::move(actions), request, response.next_token));
  response.scheduled_actions.emplace();
  for (const ScheduledAction& action : actions) {
    wire::ScheduledAction& shown = response.scheduled_actions->emplace_back();
    shown.scheduled_action_name = action.name();
    shown.scheduled_action_arn = ActionArn(action.key, action.name());
    shown.service_namespace = action.key.service;
    shown.schedule = action.wish.schedule;
    shown.timezone = action.wish.timezone;
    shown.resource_id = action.key.resource;
    shown.scalable_dimension = action.key.dimension;
    shown.start_time = action.wish.start_time;
    shown.end_time = action.wish.end_time;
    shown.scalable_target_action = action.wish.scalable_target_action;
    shown.creation_time = action.created;
  }
  return response;
}

Result<wire::DescribeScalingActivitiesResponse> Service::DescribeScalingActivities(
    const Scope& scope, const wire::DescribeScalingActivitiesRequest& request) const {
  ALOFT_ASSIGN(std::vector<Activity> activities,
               with_.database.Read([&](sql::Reader& reader) { return ListActivities(reader, KeyOf(scope, request)); }));
  wire::DescribeScalingActivitiesResponse response;
  ALOFT_ASSIGN(response.scaling_activities, Page(std::move(activities), request, response.next_token));
  return response;
}

}  // namespace aloft::scaling
