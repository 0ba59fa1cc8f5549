// Application Auto Scaling: targets, policies, scheduled actions, and the loop that carries them out. The only door of
// the room.
//
// Calls read or write the database on the calling thread. Of several servers over one database the holder of a lease
// scales. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "generated/shapes/application_autoscaling/scaling.h"
#include "platform/alarms/service.h"
#include "platform/telemetry/metric_store.h"
#include "services/scaling/errors.h"
#include "services/scaling/resource.h"

namespace aloft::scaling {

// Collaborators; all outlive the service.
struct Dependencies {
  sql::Database& database;
  telemetry::MetricStore& metrics;
  alarms::Service& alarms;
  const Clock& clock;
  Random& random;
  std::map<std::string, Resource*> resources;  // by scalable dimension
};

struct Options {
  std::string holder = "server";
  std::chrono::seconds interval{5};  // between two looks at everything
};

class Service {
 public:
  Service(Dependencies dependencies, Options options, Log log);
  ~Service();  // Stop()

  void Start();
  void Stop();

  // Registers, or changes what is given. The caller may change the resource: the API has asked.
  Result<shapes::application_autoscaling::RegisterScalableTargetResponse> RegisterScalableTarget(
      const Scope& scope, const shapes::application_autoscaling::RegisterScalableTargetRequest& request);
  Status DeregisterScalableTarget(const Scope& scope,
                                  const shapes::application_autoscaling::DeregisterScalableTargetRequest& request);
  Result<shapes::application_autoscaling::DescribeScalableTargetsResponse> DescribeScalableTargets(
      const Scope& scope, const shapes::application_autoscaling::DescribeScalableTargetsRequest& request) const;

  Result<shapes::application_autoscaling::PutScalingPolicyResponse> PutScalingPolicy(
      const Scope& scope, const shapes::application_autoscaling::PutScalingPolicyRequest& request);
  Status DeleteScalingPolicy(const Scope& scope,
                             const shapes::application_autoscaling::DeleteScalingPolicyRequest& request);
  Result<shapes::application_autoscaling::DescribeScalingPoliciesResponse> DescribeScalingPolicies(
      const Scope& scope, const shapes::application_autoscaling::DescribeScalingPoliciesRequest& request) const;

  Status PutScheduledAction(const Scope& scope,
                            const shapes::application_autoscaling::PutScheduledActionRequest& request);
  Status DeleteScheduledAction(const Scope& scope,
                               const shapes::application_autoscaling::DeleteScheduledActionRequest& request);
  Result<shapes::application_autoscaling::DescribeScheduledActionsResponse> DescribeScheduledActions(
      const Scope& scope, const shapes::application_autoscaling::DescribeScheduledActionsRequest& request) const;

  Result<shapes::application_autoscaling::DescribeScalingActivitiesResponse> DescribeScalingActivities(
      const Scope& scope, const shapes::application_autoscaling::DescribeScalingActivitiesRequest& request) const;

  // For tests, instead of Start: one look at everything.
  Status Look();

 private:
  class Runner;
  const Dependencies with_;
  std::unique_ptr<Runner> runner_;
};

// "arn:aws:application-autoscaling:<region>:<account>:scalable-target/<id>"; the id follows from the names.
std::string TargetArn(const Scope& scope, const std::string& service, const std::string& resource,
                      const std::string& dimension);
// As alarms name it in their actions.
std::string PolicyArn(const Scope& scope, const std::string& service, const std::string& resource,
                      const std::string& dimension, const std::string& policy);

}  // namespace aloft::scaling
