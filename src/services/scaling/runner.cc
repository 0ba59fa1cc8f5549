#include "services/scaling/runner.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "foundation/base/bytes.h"
#include "foundation/codec/cron.h"
#include "foundation/codec/json.h"
#include "services/scaling/specification.h"

namespace aloft::scaling {
namespace {

constexpr char kLeaseName[] = "scaling.loop";
constexpr std::chrono::seconds kLease{15};

std::string MemoryKey(const TargetKey& key) {
  std::string text = key.scope.account.value();
  text.append("/").append(key.scope.region.value()).append("/").append(key.service).append("/");
  text.append(key.resource).append("/").append(key.dimension);
  return text;
}

std::string NumberText(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return std::to_string(static_cast<std::int64_t>(value));
  std::string text;
  codec::WriteNumber(value, text);
  return text;
}

bool Suspended(const Target& target, bool out) {
  const auto& state = target.wish.suspended_state;
  if (!state) return false;
  return (out ? state->dynamic_scaling_out_suspended : state->dynamic_scaling_in_suspended).value_or(false);
}

}  // namespace

Service::Runner::Runner(const Dependencies& with, Options options, Log log)
    : with_(with),
      options_(std::move(options)),
      log_(log),
      leases_(with.database, with.clock),
      loop_(
          {.name = "scaling", .threads = 1}, [this](const std::string&) { return Step(); }, with.clock, with.random,
          log) {}

void Service::Runner::Start() {
  loop_.Wake("all");
  loop_.Start();
}

void Service::Runner::Stop() {
  loop_.Stop();
  if (!lease_) return;
  if (Status released = leases_.Release(*lease_); !released.ok()) {
    log_.Warn("the scaling lease was not released", {{"error", Describe(released.error())}});
  }
  lease_.reset();
}

Result<work::Again> Service::Runner::Step() {
  if (lease_) {
    Result<work::Lease> renewed = leases_.Renew(*lease_, kLease);
    if (!renewed.ok() && renewed.error().reason != work::kLeaseLost) return std::move(renewed).error();
    lease_ = renewed.ok() ? std::optional(*std::move(renewed)) : std::nullopt;
  } else {
    ALOFT_ASSIGN(lease_, leases_.Acquire(kLeaseName, options_.holder, kLease));
    memories_.clear();
  }
  if (lease_) ALOFT_TRY(Look());
  return work::Again{options_.interval};
}

Status Service::Runner::Look() {
  ALOFT_ASSIGN(std::vector<Target> targets,
               with_.database.Read([](sql::Reader& reader) { return AllTargets(reader); }));
  std::set<std::string> seen;
  for (Target& target : targets) {
    seen.insert(MemoryKey(target.key));
    std::string resource = target.key.resource;
    if (Status looked = LookAt(std::move(target)); !looked.ok()) {
      log_.Warn("a scalable target could not be looked at",
                {{"resource", resource}, {"error", Describe(looked.error())}});
    }
  }
  std::erase_if(memories_, [&](const auto& memory) { return !seen.contains(memory.first); });
  return {};
}

Status Service::Runner::LookAt(Target target) {
  auto resource = with_.resources.find(target.key.dimension);
  if (resource == with_.resources.end()) return {};
  Result<Capacity> capacity = resource->second->Look(target.key.scope, target.key.resource);
  if (!capacity.ok() && capacity.error().kind() == ErrorKind::kNotFound) return {};  // deleted, or not there yet
  if (!capacity.ok()) return std::move(capacity).error();
  if (capacity->busy) return {};
  Memory& memory = memories_[MemoryKey(target.key)];
  if (memory.wished != capacity->wished) memory.histories.clear();
  memory.wished = capacity->wished;
  ALOFT_ASSIGN(bool ran, RunSchedules(target));
  if (ran) return {};
  ALOFT_ASSIGN(bool kept, KeepBounds(target, *capacity));
  if (kept) return {};
  ALOFT_ASSIGN(std::vector<Policy> policies,
               with_.database.Read([&](sql::Reader& reader) { return ListPolicies(reader, target.key); }));
  if (policies.empty()) return {};
  ALOFT_ASSIGN(bool followed, FollowMetrics(target, policies, *capacity));
  if (followed) return {};
  ALOFT_TRY(FollowAlarms(target, policies, *capacity));
  return {};
}

Result<bool> Service::Runner::RunSchedules(Target& target) {
  if (target.wish.suspended_state && target.wish.suspended_state->scheduled_scaling_suspended.value_or(false)) {
    return false;
  }
  ALOFT_ASSIGN(std::vector<ScheduledAction> actions,
               with_.database.Read([&](sql::Reader& reader) { return ListActions(reader, target.key); }));
  const Time now = with_.clock.Now();
  bool changed = false;
  for (ScheduledAction& action : actions) {
    ALOFT_ASSIGN(codec::Schedule schedule, codec::ParseSchedule(action.wish.schedule.value_or("")));
    if (action.wish.end_time && now > *action.wish.end_time) continue;
    // What was missed while no server ran is run once. A rate counts from its start.
    Time since = action.ran.value_or(action.created);
    Time origin = action.wish.start_time.value_or(action.created);
    if (action.wish.start_time) since = std::max(since, *action.wish.start_time - std::chrono::microseconds(1));
    std::optional<Time> due = codec::NextAfter(schedule, since, origin);
    if (!due || *due > now) continue;
    const auto& bounds = action.wish.scalable_target_action;
    if (bounds && bounds->min_capacity) target.wish.min_capacity = bounds->min_capacity;
    if (bounds && bounds->max_capacity) target.wish.max_capacity = bounds->max_capacity;
    if (target.least() > target.most()) target.wish.max_capacity = target.wish.min_capacity;
    action.ran = now;
    ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) -> Status {
      ALOFT_TRY(LoadTarget(transaction, target.key));
      ALOFT_TRY(SaveAction(transaction, action));
      return SaveTarget(transaction, target);
    }));
    log_.Info("a scheduled action ran", {{"action", action.name()}, {"resource", target.key.resource}});
    changed = true;
  }
  if (!changed) return false;
  // At once within the new bounds.
  ALOFT_ASSIGN(Capacity capacity,
               with_.resources.at(target.key.dimension)->Look(target.key.scope, target.key.resource));
  ALOFT_TRY(KeepBounds(target, capacity));
  return true;
}

Result<bool> Service::Runner::KeepBounds(const Target& target, const Capacity& capacity) {
  int to = std::clamp(capacity.wished, target.least(), std::max(target.least(), target.most()));
  if (to == capacity.wished) return false;
  std::string cause = to > capacity.wished ? "minimum" : "maximum";
  cause.append(" capacity was set to ").append(std::to_string(to));
  ALOFT_TRY(Set(target, capacity.wished, to, cause));
  return true;
}

Result<bool> Service::Runner::FollowMetrics(const Target& target, const std::vector<Policy>& policies,
                                            const Capacity& capacity) {
  Memory& memory = memories_[MemoryKey(target.key)];
  std::vector<Tracking> tracked;
  std::vector<History*> histories;
  for (const Policy& policy : policies) {
    if (!policy.wish.target_tracking_scaling_policy_configuration) continue;
    Tracking& tracking = tracked.emplace_back(TrackingOf(policy));
    ALOFT_ASSIGN(tracking.value, Measure(target, policy, &tracking.is_load));
    if (Suspended(target, false)) tracking.scale_in = false;
    histories.push_back(&memory.histories[policy.name()]);
  }
  TargetView view{target.least(),    target.most(),     capacity.wished,
                  target.scaled_out, target.before_out, with_.clock.Now()};
  std::optional<Wish> wish = Track(view, tracked, histories);
  if (!wish || (wish->instances > capacity.wished && Suspended(target, true))) return false;
  std::string cause = "target tracking policy " + wish->policy;
  for (const Tracking& tracking : tracked) {
    if (tracking.policy != wish->policy || !tracking.value) continue;
    cause.append(": ").append(NumberText(*tracking.value));
    cause.append(tracking.is_load ? " invocations in the last minute over " : " on average over ");
    cause.append(std::to_string(capacity.wished)).append(" instances, target ").append(NumberText(tracking.target));
  }
  ALOFT_TRY(Set(target, capacity.wished, wish->instances, cause));
  return true;
}

Result<bool> Service::Runner::FollowAlarms(const Target& target, const std::vector<Policy>& policies,
                                           const Capacity& capacity) {
  const Time now = with_.clock.Now();
  for (const Policy& policy : policies) {
    const auto& steps = policy.wish.step_scaling_policy_configuration;
    if (!steps) continue;
    const TargetKey& key = policy.key;
    std::string arn = PolicyArn(key.scope, key.service, key.resource, key.dimension, policy.name());
    ALOFT_ASSIGN(std::vector<alarms::Firing> firing, with_.alarms.FiringWith(key.scope, arn));
    for (const alarms::Firing& alarm : firing) {
      // Not again before the alarm has seen what the last time did.
      std::chrono::seconds rest =
          std::max(std::chrono::seconds(steps->cooldown.value_or(kDefaultCooldown)), alarm.period);
      if (policy.acted && now - *policy.acted < rest) continue;
      int to = ApplySteps(StepsOf(*steps), AdjustmentOf(*steps), steps->min_adjustment_magnitude.value_or(0),
                          alarm.value - alarm.threshold, capacity.wished);
      to = std::clamp(to, target.least(), std::max(target.least(), target.most()));
      if (to == capacity.wished || Suspended(target, to > capacity.wished)) continue;
      Policy acted = policy;
      acted.acted = now;
      ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) { return SavePolicy(transaction, acted); }));
      ALOFT_TRY(Set(target, capacity.wished, to,
                    "monitor alarm " + alarm.name + " in state ALARM triggered policy " + policy.name()));
      return true;
    }
  }
  return false;
}

Status Service::Runner::Set(Target target, int from, int to, const std::string& cause) {
  const TargetKey& key = target.key;
  const Time now = with_.clock.Now();
  ALOFT_TRY(with_.resources.at(key.dimension)->Set(key.scope, key.resource, to));
  memories_[MemoryKey(key)] = {.wished = to, .histories = {}};
  Activity activity;
  activity.activity_id = with_.random.Uuid();
  activity.service_namespace = key.service;
  activity.resource_id = key.resource;
  activity.scalable_dimension = key.dimension;
  const std::string what = key.dimension.ends_with("DesiredCopyCount") ? "copy" : "instance";
  activity.description = "Setting desired " + what + " count to " + std::to_string(to) + ".";
  activity.cause = cause;
  activity.start_time = activity.end_time = now;
  activity.status_code = "Successful";
  activity.status_message = "Successfully set desired " + what + " count to " + std::to_string(to) + ".";
  if (to > from) {
    target.scaled_out = now;
    target.before_out = from;
  } else {
    target.scaled_in = now;
  }
  log_.Info("scaled",
            {{"resource", key.resource}, {"from", std::to_string(from)}, {"to", std::to_string(to)}, {"cause", cause}});
  return with_.database.Write([&](sql::Transaction& transaction) -> Status {
    // Only the times are the loop's: the bounds may have been changed meanwhile.
    Result<Target> stored = LoadTarget(transaction, key);
    if (!stored.ok()) return {};  // deregistered
    stored->scaled_out = target.scaled_out;
    stored->scaled_in = target.scaled_in;
    stored->before_out = target.before_out;
    ALOFT_TRY(SaveTarget(transaction, *stored));
    return AddActivity(transaction, key, activity);
  });
}

Result<std::optional<double>> Service::Runner::Measure(const Target& target, const Policy& policy,
                                                       bool* is_load) const {
  Metric metric = MetricOf(policy, *with_.resources.at(target.key.dimension));
  *is_load = metric.is_load;
  const Time now = with_.clock.Now();
  telemetry::StatisticsQuery query;
  query.metric = metric.name;
  query.unit = metric.unit;
  query.end = now;
  if (metric.is_load) {
    // Ours: the last minute, this second included. Where nobody asks, nothing is written, and that is none.
    query.end = now + std::chrono::seconds(1);
    query.start = query.end - std::chrono::seconds(60);
    query.period = std::chrono::seconds(10);
    ALOFT_ASSIGN(std::vector<telemetry::Datapoint> points, with_.metrics.Statistics(target.key.scope, query));
    double sum = 0;
    for (const telemetry::Datapoint& point : points) sum += point.statistics.sum;
    return std::optional(sum);
  }
  // Somebody's: the newest minute that has something; a sum only once it is complete.
  query.start = now - std::chrono::minutes(3);
  query.period = std::chrono::seconds(60);
  if (metric.statistic == "Sum" || metric.statistic == "SampleCount") {
    query.end = std::chrono::floor<std::chrono::minutes>(now);
    query.start = query.end - std::chrono::minutes(2);
  }
  ALOFT_ASSIGN(std::vector<telemetry::Datapoint> points, with_.metrics.Statistics(target.key.scope, query));
  if (points.empty()) return std::optional<double>();
  return telemetry::ValueOf(points.back(), metric.statistic);
}

}  // namespace aloft::scaling
