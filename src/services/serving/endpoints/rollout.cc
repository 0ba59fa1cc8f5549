#include "services/serving/endpoints/rollout.h"

#include <algorithm>

#include "services/serving/endpoints/errors.h"

namespace aloft::serving {
namespace {

namespace sagemaker = shapes::sagemaker;

// AWS's own bounds: a canary is at most half, a linear step lies between a tenth and a half.
Result<double> ShareOf(const std::optional<sagemaker::CapacitySize>& size, const char* name, int instances) {
  if (!size) return Fail(kBadEndpointConfig, std::string("TrafficRoutingConfiguration needs ") + name + ".");
  int value = size->value.value_or(0);
  std::string type = size->type.value_or("");
  double share = 0;
  if (type == "INSTANCE_COUNT") {
    share = static_cast<double>(value) / std::max(1, instances);
  } else if (type == "CAPACITY_PERCENT") {
    share = value / 100.0;
  } else {
    return Fail(kBadEndpointConfig, std::string(name) + ".Type must be INSTANCE_COUNT or CAPACITY_PERCENT.");
  }
  if (share <= 0 || share > 0.5) {
    return Fail(kBadEndpointConfig, std::string(name) + " must be more than 0 and at most 50% of the capacity.");
  }
  return share;
}

}  // namespace

Result<Rollout> RolloutOf(const std::optional<sagemaker::DeploymentConfig>& config, int instances) {
  Rollout rollout;
  if (!config) return rollout;
  auto not_built = [](const char* what) {
    return Fail(kNotBuilt, std::string("NotImplemented: ") + what + " is not built in this Aloft.");
  };
  if (config->rolling_update_policy) return not_built("DeploymentConfig.RollingUpdatePolicy");
  if (!config->blue_green_update_policy) return rollout;
  const sagemaker::BlueGreenUpdatePolicy& policy = *config->blue_green_update_policy;
  rollout.termination_wait = std::chrono::seconds(policy.termination_wait_in_seconds.value_or(0));
  rollout.limit = std::chrono::seconds(policy.maximum_execution_timeout_in_seconds.value_or(0));
  if (!policy.traffic_routing_configuration) return rollout;
  const sagemaker::TrafficRoutingConfig& routing = *policy.traffic_routing_configuration;
  rollout.wait = std::chrono::seconds(routing.wait_interval_in_seconds.value_or(0));
  std::string type = routing.type.value_or("ALL_AT_ONCE");
  if (type == "CANARY") {
    rollout.kind = Rollout::Kind::kCanary;
    ALOFT_ASSIGN(rollout.step, ShareOf(routing.canary_size, "CanarySize", instances));
  } else if (type == "LINEAR") {
    rollout.kind = Rollout::Kind::kLinear;
    ALOFT_ASSIGN(rollout.step, ShareOf(routing.linear_step_size, "LinearStepSize", instances));
  } else if (type != "ALL_AT_ONCE") {
    return Fail(kBadEndpointConfig, "TrafficRoutingConfiguration.Type must be ALL_AT_ONCE, CANARY or LINEAR.");
  }
  return rollout;
}

std::vector<std::string> AlarmsOf(const std::optional<sagemaker::DeploymentConfig>& config) {
  std::vector<std::string> names;
  if (!config || !config->auto_rollback_configuration || !config->auto_rollback_configuration->alarms) return names;
  for (const sagemaker::Alarm& alarm : *config->auto_rollback_configuration->alarms) {
    if (alarm.alarm_name) names.push_back(*alarm.alarm_name);
  }
  return names;
}

std::vector<Slot> FitSlots(Deployment& deployment) {
  std::vector<Slot> taken;
  for (std::size_t i = 0; i < deployment.variants.size(); ++i) {
    Variant& variant = deployment.variants[i];
    if (variant.is_host()) continue;
    auto is_ours = [&](const Slot& slot) { return slot.variant == static_cast<int>(i); };
    auto have = std::count_if(deployment.slots.begin(), deployment.slots.end(), is_ours);
    for (; have < variant.instances(); ++have) {
      Slot& slot = deployment.slots.emplace_back();
      slot.variant = static_cast<int>(i);
      slot.instance = variant.made++;
    }
    for (; have > variant.instances(); --have) {
      auto last = std::find_if(deployment.slots.rbegin(), deployment.slots.rend(), is_ours);
      taken.push_back(*last);
      deployment.slots.erase(std::next(last).base());
    }
  }
  return taken;
}

}  // namespace aloft::serving
