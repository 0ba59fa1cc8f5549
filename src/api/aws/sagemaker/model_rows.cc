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

Permission On(const Call& call, const char* action, const std::optional<std::string>& name) {
  return {action, sagemaker::ArnOf(call, "model", name), {}};
}

std::vector<Permission> ToCreate(const Call& call, const CreateModelRequest& in) {
  std::vector<Permission> needed = {On(call, "sagemaker:CreateModel", in.model_name)};
  needed[0].context = sagemaker::TagContext(in.tags);
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
      [](const Call& call, const DescribeModelRequest& in) -> std::vector<Permission> {
        return {On(call, "sagemaker:DescribeModel", in.model_name)};
      },
      [&models](const Call& call, const Authorized&, const DescribeModelRequest& in) {
        return models.DescribeModel(ScopeOf(call), *in.model_name);
      }));
  api.rows.push_back(MakeRow<ListModelsRequest, ListModelsResponse>(
      kModel, "ListModels",
      [](const Call&, const ListModelsRequest&) -> std::vector<Permission> {
        return {{"sagemaker:ListModels", "*", {}}};
      },
      [&models](const Call& call, const Authorized&, const ListModelsRequest& in) {
        return models.ListModels(ScopeOf(call), in);
      }));
  api.rows.push_back(MakeRow<DeleteModelRequest, DeleteModelResponse>(
      kModel, "DeleteModel",
      [](const Call& call, const DeleteModelRequest& in) -> std::vector<Permission> {
        return {On(call, "sagemaker:DeleteModel", in.model_name)};
      },
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
