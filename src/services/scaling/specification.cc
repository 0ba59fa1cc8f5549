#include "services/scaling/specification.h"

#include <algorithm>

#include "foundation/codec/cron.h"
#include "services/scaling/errors.h"

namespace aloft::scaling {
namespace {

namespace wire = shapes::application_autoscaling;

// What "invocations for each" is called, by what is scaled.
constexpr std::pair<std::string_view, std::string_view> kInvocations[] = {
    {"sagemaker:variant:DesiredInstanceCount", "SageMakerVariantInvocationsPerInstance"},
    {"sagemaker:inference-component:DesiredCopyCount", "SageMakerInferenceComponentInvocationsPerCopy"},
};

Error NotBuilt(std::string_view what) {
  std::string message = "NotImplemented: ";
  message.append(what).append(" is not built in this Aloft.");
  return Fail(kNotBuilt, std::move(message));
}

Status CheckPredefined(const std::string& metric, const std::string& dimension) {
  auto known = std::find_if(std::begin(kInvocations), std::end(kInvocations),
                            [&](const auto& pair) { return pair.second == metric; });
  if (known == std::end(kInvocations)) return NotBuilt("the predefined metric " + metric);
  if (known->first == dimension) return {};
  return Fail(kBadScaling,
              "The predefined metric " + metric + " is not one of the scalable dimension " + dimension + ".");
}

Status CheckTracking(const wire::TargetTrackingScalingPolicyConfiguration& tracking, const std::string& dimension) {
  if (tracking.target_value.value_or(0) <= 0) return Fail(kBadScaling, "TargetValue must be more than 0.");
  bool predefined = tracking.predefined_metric_specification.has_value();
  if (predefined == tracking.customized_metric_specification.has_value()) {
    return Fail(kBadScaling,
                "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be given.");
  }
  if (predefined) {
    return CheckPredefined(tracking.predefined_metric_specification->predefined_metric_type.value_or(""), dimension);
  }
  const wire::CustomizedMetricSpecification& metric = *tracking.customized_metric_specification;
  if (metric.metrics) return NotBuilt("metric math (CustomizedMetricSpecification.Metrics)");
  if (!metric.metric_name || !metric.namespace_ || !metric.statistic) {
    return Fail(kBadScaling, "CustomizedMetricSpecification needs MetricName, Namespace and Statistic.");
  }
  return {};
}

Status CheckSteps(const wire::StepScalingPolicyConfiguration& steps) {
  if (!steps.step_adjustments || steps.step_adjustments->empty() || !steps.adjustment_type) {
    return Fail(kBadScaling, "StepScalingPolicyConfiguration needs AdjustmentType and StepAdjustments.");
  }
  if (steps.cooldown.value_or(0) < 0) return Fail(kBadScaling, "Cooldown must not be negative.");
  std::vector<Step> list = StepsOf(steps);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Step& step = list[i];
    if (!step.lower && !step.upper && list.size() > 1) {
      return Fail(kBadScaling, "Only a single step may have neither a lower nor an upper bound.");
    }
    if (step.lower && step.upper && *step.lower >= *step.upper) {
      return Fail(kBadScaling, "A step's lower bound must be below its upper bound.");
    }
    for (std::size_t j = 0; j < i; ++j) {
      bool before = step.upper && list[j].lower && *step.upper <= *list[j].lower;
      bool after = step.lower && list[j].upper && *step.lower >= *list[j].upper;
      if (!before && !after) return Fail(kBadScaling, "The intervals of two step adjustments overlap.");
    }
  }
  return {};
}

}  // namespace

Status CheckPolicy(const wire::PutScalingPolicyRequest& request) {
  std::string type = request.policy_type.value_or(
      request.target_tracking_scaling_policy_configuration ? "TargetTrackingScaling" : "StepScaling");
  if (request.predictive_scaling_policy_configuration || type == "PredictiveScaling") {
    return NotBuilt("PredictiveScaling");
  }
  bool tracking = request.target_tracking_scaling_policy_configuration.has_value();
  bool steps = request.step_scaling_policy_configuration.has_value();
  if (tracking == steps || (type == "StepScaling") != steps) {
    return Fail(kBadScaling, "The policy type " + type + " needs its own configuration, and no other.");
  }
  return tracking ? CheckTracking(*request.target_tracking_scaling_policy_configuration,
                                  request.scalable_dimension.value_or(""))
                  : CheckSteps(*request.step_scaling_policy_configuration);
}

Status CheckAction(const wire::PutScheduledActionRequest& request) {
  if (!request.schedule) return Fail(kBadScaling, "Schedule is required.");
  if (Result<codec::Schedule> read = codec::ParseSchedule(*request.schedule); !read.ok()) {
    return Fail(kBadScaling, read.error().message);
  }
  std::string zone = request.timezone.value_or("UTC");
  if (zone != "UTC" && zone != "Etc/UTC") return NotBuilt("the time zone " + zone + " of a scheduled action");
  const auto& action = request.scalable_target_action;
  if (!action || (!action->min_capacity && !action->max_capacity)) {
    return Fail(kBadScaling, "ScalableTargetAction needs MinCapacity or MaxCapacity.");
  }
  if (action->min_capacity.value_or(0) < 0 || action->max_capacity.value_or(0) < 0) {
    return Fail(kBadScaling, "Capacities must not be negative.");
  }
  if (action->min_capacity && action->max_capacity && *action->min_capacity > *action->max_capacity) {
    return Fail(kBadScaling, "MinCapacity must not be more than MaxCapacity.");
  }
  return {};
}

Tracking TrackingOf(const Policy& policy) {
  const wire::TargetTrackingScalingPolicyConfiguration& wish =
      *policy.wish.target_tracking_scaling_policy_configuration;
  Tracking tracking;
  tracking.policy = policy.name();
  tracking.target = wish.target_value.value_or(1);
  tracking.scale_in = !wish.disable_scale_in.value_or(false);
  tracking.out_cooldown = std::chrono::seconds(wish.scale_out_cooldown.value_or(kDefaultCooldown));
  tracking.in_cooldown = std::chrono::seconds(wish.scale_in_cooldown.value_or(kDefaultCooldown));
  return tracking;
}

Metric MetricOf(const Policy& policy, Resource& resource) {
  const wire::TargetTrackingScalingPolicyConfiguration& wish =
      *policy.wish.target_tracking_scaling_policy_configuration;
  if (wish.predefined_metric_specification) return {resource.Invocations(policy.key.resource), "Sum", "", true};
  const wire::CustomizedMetricSpecification& custom = *wish.customized_metric_specification;
  Metric metric;
  metric.name.metric_namespace = custom.namespace_.value_or("");
  metric.name.name = custom.metric_name.value_or("");
  if (custom.dimensions) {
    for (const wire::MetricDimension& dimension : *custom.dimensions) {
      metric.name.dimensions.emplace(dimension.name.value_or(""), dimension.value.value_or(""));
    }
  }
  metric.statistic = custom.statistic.value_or("Average");
  metric.unit = custom.unit.value_or("");
  return metric;
}

std::vector<Step> StepsOf(const wire::StepScalingPolicyConfiguration& steps) {
  std::vector<Step> list;
  for (const wire::StepAdjustment& step : *steps.step_adjustments) {
    list.push_back(
        {step.metric_interval_lower_bound, step.metric_interval_upper_bound, step.scaling_adjustment.value_or(0)});
  }
  return list;
}

Adjustment AdjustmentOf(const wire::StepScalingPolicyConfiguration& steps) {
  std::string type = steps.adjustment_type.value_or("");
  if (type == "PercentChangeInCapacity") return Adjustment::kPercent;
  return type == "ExactCapacity" ? Adjustment::kExact : Adjustment::kChange;
}

}  // namespace aloft::scaling
