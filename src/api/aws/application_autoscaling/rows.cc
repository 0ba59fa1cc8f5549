#include "api/aws/application_autoscaling/rows.h"

#include "api/aws_common/row.h"
#include "foundation/base/bytes.h"
#include "generated/shapes/application_autoscaling/service_model.h"
#include "services/resources/arn.h"

namespace aloft::api {
namespace {

using namespace shapes::application_autoscaling;  // NOLINT: the vocabulary of this file

scaling::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

// The target that the request names, with the condition keys of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_applicationautoscaling.html
template <class In>
Permission OnTarget(const Call& call, const std::string& operation, const In& in) {
  std::string service = in.service_namespace.value_or(""), dimension = in.scalable_dimension.value_or("");
  std::string arn = "*";
  if constexpr (requires { in.resource_id; }) {
    if (in.resource_id && in.scalable_dimension)
      arn = scaling::TargetArn(ScopeOf(call), service, *in.resource_id, dimension);
  }
  identity::Context context = {{"application-autoscaling:service-namespace", {service}}};
  if (!dimension.empty()) context["application-autoscaling:scalable-dimension"] = {dimension};
  return {"application-autoscaling:" + operation, arn, std::move(context)};
}

// Whoever says how many instances an endpoint may have decides what UpdateEndpointWeightsAndCapacities decides.
template <class In>
void NeedCapacity(const Call& call, const In& in, std::vector<Permission>& needed) {
  std::vector<std::string_view> parts = Split(in.resource_id ? std::string_view(*in.resource_id) : "", '/');
  if (in.service_namespace != "sagemaker" || parts.size() != 4) return;
  needed.push_back({"sagemaker:UpdateEndpointWeightsAndCapacities",
                    resources::SageMakerArn(call.session.account, call.region, "endpoint", parts[1]),
                    {}});
}

template <class In, class Out, class Handler>
Row Make(const char* operation, Handler handler, bool decides_capacity = false) {
  return MakeRow<In, Out>(
      kModel, operation,
      [operation, decides_capacity](const Call& call, const In& in) -> std::vector<Permission> {
        std::vector<Permission> needed = {OnTarget(call, operation, in)};
        if constexpr (requires { in.resource_id; }) {
          if (decides_capacity) NeedCapacity(call, in, needed);
        }
        return needed;
      },
      [handler](const Call& call, const Authorized&, const In& in) { return handler(ScopeOf(call), in); });
}

void AddTargetRows(scaling::Service& scaling, std::vector<Row>& rows) {
  rows.push_back(Make<RegisterScalableTargetRequest, RegisterScalableTargetResponse>(
      "RegisterScalableTarget",
      [&scaling](const auto& scope, const auto& in) { return scaling.RegisterScalableTarget(scope, in); }, true));
  rows.push_back(Make<DeregisterScalableTargetRequest, DeregisterScalableTargetResponse>(
      "DeregisterScalableTarget",
      [&scaling](const auto& scope, const auto& in) { return scaling.DeregisterScalableTarget(scope, in); }));
  rows.push_back(Make<DescribeScalableTargetsRequest, DescribeScalableTargetsResponse>(
      "DescribeScalableTargets",
      [&scaling](const auto& scope, const auto& in) { return scaling.DescribeScalableTargets(scope, in); }));
  rows.push_back(Make<DescribeScalingActivitiesRequest, DescribeScalingActivitiesResponse>(
      "DescribeScalingActivities",
      [&scaling](const auto& scope, const auto& in) { return scaling.DescribeScalingActivities(scope, in); }));
}

void AddPolicyRows(scaling::Service& scaling, std::vector<Row>& rows) {
  rows.push_back(Make<PutScalingPolicyRequest, PutScalingPolicyResponse>(
      "PutScalingPolicy",
      [&scaling](const auto& scope, const auto& in) { return scaling.PutScalingPolicy(scope, in); }));
  rows.push_back(Make<DeleteScalingPolicyRequest, DeleteScalingPolicyResponse>(
      "DeleteScalingPolicy",
      [&scaling](const auto& scope, const auto& in) { return scaling.DeleteScalingPolicy(scope, in); }));
  rows.push_back(Make<DescribeScalingPoliciesRequest, DescribeScalingPoliciesResponse>(
      "DescribeScalingPolicies",
      [&scaling](const auto& scope, const auto& in) { return scaling.DescribeScalingPolicies(scope, in); }));
  rows.push_back(Make<PutScheduledActionRequest, PutScheduledActionResponse>(
      "PutScheduledAction",
      [&scaling](const auto& scope, const auto& in) { return scaling.PutScheduledAction(scope, in); }, true));
  rows.push_back(Make<DeleteScheduledActionRequest, DeleteScheduledActionResponse>(
      "DeleteScheduledAction",
      [&scaling](const auto& scope, const auto& in) { return scaling.DeleteScheduledAction(scope, in); }));
  rows.push_back(Make<DescribeScheduledActionsRequest, DescribeScheduledActionsResponse>(
      "DescribeScheduledActions",
      [&scaling](const auto& scope, const auto& in) { return scaling.DescribeScheduledActions(scope, in); }));
}

}  // namespace

ServiceApi MakeScalingApi(scaling::Service& scaling) {
  ServiceApi api;
  api.model = &kModel;
  AddTargetRows(scaling, api.rows);
  AddPolicyRows(scaling, api.rows);
  api.errors = {
      {scaling::kNoSuchTarget, "ObjectNotFoundException", 400},
      {scaling::kNoSuchPolicy, "ObjectNotFoundException", 400},
      {scaling::kNoSuchAction, "ObjectNotFoundException", 400},
      {scaling::kBadScaling, "ValidationException", 400},
      {scaling::kTooMany, "LimitExceededException", 400},
      {scaling::kNotBuilt, "NotImplemented", 400},
      {scaling::kBadToken, "InvalidNextTokenException", 400},
  };
  return api;
}

}  // namespace aloft::api
