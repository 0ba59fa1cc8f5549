#include "api/aws/sagemaker/endpoint_rows.h"

#include "api/aws/sagemaker/component_rows.h"
#include "api/aws/sagemaker/permissions.h"
#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker/endpoint.h"
#include "generated/shapes/sagemaker/endpoint_config.h"
#include "generated/shapes/sagemaker/service_model.h"
#include "platform/compute/errors.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file

models::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

// Of the resource that is made: conditions see its tags, and tagging is a right of its own.
void AddTagNeeds(std::vector<Permission>& needed, const std::optional<std::vector<Tag>>& tags) {
  needed[0].context = sagemaker::TagContext(tags);
  sagemaker::NeedTags(needed, needed[0].resource, tags);
}

// The permission of an operation on one named configuration or endpoint.
template <class In>
auto OnConfig(const char* action) {
  return [action](const Call& call, const In& in) -> std::vector<Permission> {
    std::vector<Permission> needed = {{action, sagemaker::ArnOf(call, "endpoint-config", in.endpoint_config_name), {}}};
    if constexpr (requires { in.tags; }) AddTagNeeds(needed, in.tags);
    // Inference components act as it.
    if constexpr (requires { in.execution_role_arn; }) {
      if (in.execution_role_arn) needed.push_back(sagemaker::PassRole(*in.execution_role_arn));
    }
    return needed;
  };
}
// AWS asks for both: the endpoint, and the configuration that it takes.
template <class In>
auto OnBoth(const char* action) {
  return [action](const Call& call, const In& in) -> std::vector<Permission> {
    std::vector<Permission> needed = {{action, sagemaker::ArnOf(call, "endpoint", in.endpoint_name), {}}};
    if constexpr (requires { in.tags; }) AddTagNeeds(needed, in.tags);
    needed.push_back({action, sagemaker::ArnOf(call, "endpoint-config", in.endpoint_config_name), {}});
    return needed;
  };
}

void AddConfigRows(serving::Service& serving, std::vector<Row>& rows) {
  rows.push_back(MakeRow<CreateEndpointConfigRequest, CreateEndpointConfigResponse>(
      kModel, "CreateEndpointConfig", OnConfig<CreateEndpointConfigRequest>("sagemaker:CreateEndpointConfig"),
      [&serving](const Call& call, const Authorized&, const CreateEndpointConfigRequest& in) {
        return serving.CreateEndpointConfig(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<DescribeEndpointConfigRequest, DescribeEndpointConfigResponse>(
      kModel, "DescribeEndpointConfig", OnConfig<DescribeEndpointConfigRequest>("sagemaker:DescribeEndpointConfig"),
      [&serving](const Call& call, const Authorized&, const DescribeEndpointConfigRequest& in) {
        return serving.DescribeEndpointConfig(ScopeOf(call), *in.endpoint_config_name);
      }));
  rows.push_back(MakeRow<ListEndpointConfigsRequest, ListEndpointConfigsResponse>(
      kModel, "ListEndpointConfigs", sagemaker::OnAll<ListEndpointConfigsRequest>("sagemaker:ListEndpointConfigs"),
      [&serving](const Call& call, const Authorized&, const ListEndpointConfigsRequest& in) {
        return serving.ListEndpointConfigs(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<DeleteEndpointConfigRequest, DeleteEndpointConfigResponse>(
      kModel, "DeleteEndpointConfig", OnConfig<DeleteEndpointConfigRequest>("sagemaker:DeleteEndpointConfig"),
      [&serving](const Call& call, const Authorized&, const DeleteEndpointConfigRequest& in) {
        return serving.DeleteEndpointConfig(ScopeOf(call), *in.endpoint_config_name);
      }));
}

void AddEndpointRows(serving::Service& serving, std::vector<Row>& rows) {
  rows.push_back(MakeRow<CreateEndpointRequest, CreateEndpointResponse>(
      kModel, "CreateEndpoint", OnBoth<CreateEndpointRequest>("sagemaker:CreateEndpoint"),
      [&serving](const Call& call, const Authorized&, const CreateEndpointRequest& in) {
        return serving.CreateEndpoint(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<DescribeEndpointRequest, DescribeEndpointResponse>(
      kModel, "DescribeEndpoint",
      sagemaker::OnNamed("sagemaker:DescribeEndpoint", "endpoint", &DescribeEndpointRequest::endpoint_name),
      [&serving](const Call& call, const Authorized&, const DescribeEndpointRequest& in) {
        return serving.DescribeEndpoint(ScopeOf(call), *in.endpoint_name);
      }));
  rows.push_back(MakeRow<ListEndpointsRequest, ListEndpointsResponse>(
      kModel, "ListEndpoints", sagemaker::OnAll<ListEndpointsRequest>("sagemaker:ListEndpoints"),
      [&serving](const Call& call, const Authorized&, const ListEndpointsRequest& in) {
        return serving.ListEndpoints(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<UpdateEndpointRequest, UpdateEndpointResponse>(
      kModel, "UpdateEndpoint", OnBoth<UpdateEndpointRequest>("sagemaker:UpdateEndpoint"),
      [&serving](const Call& call, const Authorized&, const UpdateEndpointRequest& in) {
        return serving.UpdateEndpoint(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<UpdateEndpointWeightsAndCapacitiesRequest, UpdateEndpointWeightsAndCapacitiesResponse>(
      kModel, "UpdateEndpointWeightsAndCapacities",
      sagemaker::OnNamed("sagemaker:UpdateEndpointWeightsAndCapacities", "endpoint",
                         &UpdateEndpointWeightsAndCapacitiesRequest::endpoint_name),
      [&serving](const Call& call, const Authorized&, const UpdateEndpointWeightsAndCapacitiesRequest& in) {
        return serving.UpdateEndpointWeightsAndCapacities(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<DeleteEndpointRequest, DeleteEndpointResponse>(
      kModel, "DeleteEndpoint",
      sagemaker::OnNamed("sagemaker:DeleteEndpoint", "endpoint", &DeleteEndpointRequest::endpoint_name),
      [&serving](const Call& call, const Authorized&, const DeleteEndpointRequest& in) {
        return serving.DeleteEndpoint(ScopeOf(call), *in.endpoint_name);
      }));
}

}  // namespace

ServiceApi MakeEndpointApi(serving::Service& serving) {
  ServiceApi api;
  api.model = &kModel;
  AddConfigRows(serving, api.rows);
  AddEndpointRows(serving, api.rows);
  AddComponentRows(serving.components(), api.rows);
  api.errors = {
      {serving::kNoSuchEndpointConfig, "ValidationException", 400},
      {serving::kEndpointConfigExists, "ValidationException", 400},
      {serving::kBadEndpointConfig, "ValidationException", 400},
      {serving::kNoSuchEndpoint, "ValidationException", 400},
      {serving::kEndpointExists, "ValidationException", 400},
      {serving::kEndpointBusy, "ValidationException", 400},
      {serving::kNoSuchVariant, "ValidationException", 400},
      {serving::kNotAsync, "ValidationException", 400},
      {serving::kNoSuchComponent, "ValidationException", 400},
      {serving::kComponentExists, "ValidationException", 400},
      {serving::kBadComponent, "ValidationException", 400},
      {serving::kNoRoom, "ResourceLimitExceeded", 400},
      {serving::kNotBuilt, "NotImplemented", 400},
      {compute::kUnknownInstanceType, "ValidationException", 400},
      {compute::kResourceLimitExceeded, "ResourceLimitExceeded", 400},
  };
  return api;
}

}  // namespace aloft::api
