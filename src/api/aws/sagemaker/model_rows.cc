#include "api/aws/sagemaker/model_rows.h"

#include "api/aws/sagemaker/permissions.h"
#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker/model.h"
#include "generated/shapes/sagemaker/service_model.h"
#include "platform/compute/errors.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file

models::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

std::vector<Permission> ToCreate(const Call& call, const CreateModelRequest& in) {
  std::vector<Permission> needed = {
      {"sagemaker:CreateModel", sagemaker::ArnOf(call, "model", in.model_name), sagemaker::TagContext(in.tags)}};
  if (in.execution_role_arn) needed.push_back(sagemaker::PassRole(*in.execution_role_arn));
  sagemaker::NeedTags(needed, needed[0].resource, in.tags);
  return needed;
}

}  // namespace

ServiceApi MakeModelApi(models::Service& models) {
  ServiceApi api;
  api.model = &kModel;
  api.rows.push_back(MakeRow<CreateModelRequest, CreateModelResponse>(
      kModel, "CreateModel", ToCreate, [&models](const Call& call, const Authorized&, const CreateModelRequest& in) {
        return models.CreateModel(call.session, call.region, in);
      }));
  api.rows.push_back(MakeRow<DescribeModelRequest, DescribeModelResponse>(
      kModel, "DescribeModel",
      sagemaker::OnNamed("sagemaker:DescribeModel", "model", &DescribeModelRequest::model_name),
      [&models](const Call& call, const Authorized&, const DescribeModelRequest& in) {
        return models.DescribeModel(ScopeOf(call), *in.model_name);
      }));
  api.rows.push_back(MakeRow<ListModelsRequest, ListModelsResponse>(
      kModel, "ListModels", sagemaker::OnAll<ListModelsRequest>("sagemaker:ListModels"),
      [&models](const Call& call, const Authorized&, const ListModelsRequest& in) {
        return models.ListModels(ScopeOf(call), in);
      }));
  api.rows.push_back(MakeRow<DeleteModelRequest, DeleteModelResponse>(
      kModel, "DeleteModel", sagemaker::OnNamed("sagemaker:DeleteModel", "model", &DeleteModelRequest::model_name),
      [&models](const Call& call, const Authorized&, const DeleteModelRequest& in) {
        return models.DeleteModel(ScopeOf(call), *in.model_name);
      }));
  // SageMaker has one code for nearly everything; clients look at the message.
  api.errors = {
      {models::kNoSuchModel, "ValidationException", 400},
      {models::kModelExists, "ValidationException", 400},
      {models::kBadModel, "ValidationException", 400},
      {models::kModelDataNotReadable, "ValidationException", 400},
      {models::kBadPageToken, "ValidationException", 400},
      {models::kNotBuilt, "NotImplemented", 400},
      {compute::kUnknownImage, "ValidationException", 400},
      {identity::kRoleNotFound, "ValidationException", 400},
      {identity::kRoleNotAssumable, "ValidationException", 400},
  };
  return api;
}

}  // namespace aloft::api
