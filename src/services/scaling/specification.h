// What the requests of Application Auto Scaling mean: checked, and as the numbers that the decisions need. Pure.
#pragma once

#include <string>
#include <vector>

#include "services/scaling/policy.h"
#include "services/scaling/types.h"

namespace aloft::scaling {

inline constexpr int kDefaultCooldown = 300;  // seconds, of SageMaker's variants

// kBadScaling; kNotBuilt names what is not built.
Status CheckPolicy(const shapes::application_autoscaling::PutScalingPolicyRequest& request);
Status CheckAction(const shapes::application_autoscaling::PutScheduledActionRequest& request);

// Of a target tracking policy, without its value.
Tracking TrackingOf(const Policy& policy);

struct Metric {
  telemetry::MetricName name;
  std::string statistic, unit;
  bool is_load = false;
};
Metric MetricOf(const Policy& policy, Resource& resource);

std::vector<Step> StepsOf(const shapes::application_autoscaling::StepScalingPolicyConfiguration& steps);
Adjustment AdjustmentOf(const shapes::application_autoscaling::StepScalingPolicyConfiguration& steps);

}  // namespace aloft::scaling
