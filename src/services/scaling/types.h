// Scalable targets, their policies, scheduled actions and activities, as they are stored.
#pragma once

#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "generated/shapes/application_autoscaling/scaling.h"
#include "services/scaling/resource.h"

namespace aloft::scaling {

struct TargetKey {
  Scope scope;
  std::string service, resource, dimension;  // "sagemaker", "endpoint/e/variant/v", "sagemaker:variant:..."
};

struct Target {
  TargetKey key;
  Time created;
  shapes::application_autoscaling::RegisterScalableTargetRequest wish;  // of all calls that registered it
  std::optional<Time> scaled_out, scaled_in;                            // last
  int before_out = 0;                                                   // instances that there were then

  int least() const { return wish.min_capacity.value_or(0); }
  int most() const { return wish.max_capacity.value_or(0); }
};

struct Policy {
  TargetKey key;
  Time created;
  shapes::application_autoscaling::PutScalingPolicyRequest wish;
  std::optional<Time> acted;  // step scaling: last

  std::string name() const { return wish.policy_name.value_or(""); }
};

struct ScheduledAction {
  TargetKey key;
  Time created;
  shapes::application_autoscaling::PutScheduledActionRequest wish;
  std::optional<Time> ran;  // last

  std::string name() const { return wish.scheduled_action_name.value_or(""); }
};

using Activity = shapes::application_autoscaling::ScalingActivity;

}  // namespace aloft::scaling
