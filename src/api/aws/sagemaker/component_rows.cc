#include "api/aws/sagemaker/component_rows.h"

#include "api/aws/sagemaker/permissions.h"
#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker/inference_component.h"
#include "generated/shapes/sagemaker/service_model.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file

constexpr char kKind[] = "inference-component";

models::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

// AWS asks for the component, and for the endpoint whose instances it takes.
std::vector<Permission> ToCreate(const Call& call, const CreateInferenceComponentInput& in) {
  const char* action = "sagemaker:CreateInferenceComponent";
  std::vector<Permission> needed = {
      {action, sagemaker::ArnOf(call, kKind, in.inference_component_name), sagemaker::TagContext(in.tags)}};
  sagemaker::NeedTags(needed, needed[0].resource, in.tags);
  needed.push_back({action, sagemaker::ArnOf(call, "endpoint", in.endpoint_name), {}});
  return needed;
}

}  // namespace

void AddComponentRows(serving::Components& components, std::vector<Row>& rows) {
  rows.push_back(MakeRow<CreateInferenceComponentInput, CreateInferenceComponentOutput>(
      kModel, "CreateInferenceComponent", ToCreate,
      [&components](const Call& call, const Authorized&, const CreateInferenceComponentInput& in) {
        return components.Create(call.session, call.region, in);
      }));
  rows.push_back(MakeRow<DescribeInferenceComponentInput, DescribeInferenceComponentOutput>(
      kModel, "DescribeInferenceComponent",
      sagemaker::OnNamed("sagemaker:DescribeInferenceComponent", kKind,
                         &DescribeInferenceComponentInput::inference_component_name),
      [&components](const Call& call, const Authorized&, const DescribeInferenceComponentInput& in) {
        return components.Describe(ScopeOf(call), *in.inference_component_name);
      }));
  rows.push_back(MakeRow<ListInferenceComponentsInput, ListInferenceComponentsOutput>(
      kModel, "ListInferenceComponents",
      sagemaker::OnAll<ListInferenceComponentsInput>("sagemaker:ListInferenceComponents"),
      [&components](const Call& call, const Authorized&, const ListInferenceComponentsInput& in) {
        return components.List(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<UpdateInferenceComponentInput, UpdateInferenceComponentOutput>(
      kModel, "UpdateInferenceComponent",
      sagemaker::OnNamed("sagemaker:UpdateInferenceComponent", kKind,
                         &UpdateInferenceComponentInput::inference_component_name),
      [&components](const Call& call, const Authorized&, const UpdateInferenceComponentInput& in) {
        return components.Update(call.session, call.region, in);
      }));
  rows.push_back(MakeRow<UpdateInferenceComponentRuntimeConfigInput, UpdateInferenceComponentRuntimeConfigOutput>(
      kModel, "UpdateInferenceComponentRuntimeConfig",
      sagemaker::OnNamed("sagemaker:UpdateInferenceComponentRuntimeConfig", kKind,
                         &UpdateInferenceComponentRuntimeConfigInput::inference_component_name),
      [&components](const Call& call, const Authorized&, const UpdateInferenceComponentRuntimeConfigInput& in) {
        return components.UpdateRuntimeConfig(ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<DeleteInferenceComponentInput, DeleteInferenceComponentResponse>(
      kModel, "DeleteInferenceComponent",
      sagemaker::OnNamed("sagemaker:DeleteInferenceComponent", kKind,
                         &DeleteInferenceComponentInput::inference_component_name),
      [&components](const Call& call, const Authorized&, const DeleteInferenceComponentInput& in) {
        return components.Delete(ScopeOf(call), *in.inference_component_name);
      }));
}

}  // namespace aloft::api
