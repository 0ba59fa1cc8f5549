#include "api/aws/sagemaker/training_rows.h"

#include "api/aws/sagemaker/permissions.h"
#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "generated/shapes/sagemaker/service_model.h"
#include "generated/shapes/sagemaker/training.h"
#include "services/resources/errors.h"
#include "services/training/errors.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file
using namespace sagemaker;          // NOLINT

constexpr char kKind[] = "training-job";
constexpr char kKeepAlive[] = "sagemaker:keepaliveperiod";

training::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

std::vector<Permission> CreatePermissions(const Call& call, const CreateTrainingJobRequest& in) {
  std::string arn = ArnOf(call, kKind, in.training_job_name);
  identity::Context context = TagContext(in.tags);
  if (in.resource_config && in.resource_config->instance_type)
    context["sagemaker:instancetypes"] = {*in.resource_config->instance_type};
  if (in.resource_config && in.resource_config->keep_alive_period_in_seconds)
    context[kKeepAlive] = {std::to_string(*in.resource_config->keep_alive_period_in_seconds)};
  context["sagemaker:networkisolation"] = {in.enable_network_isolation.value_or(false) ? "true" : "false"};
  std::vector<Permission> permissions{{"sagemaker:CreateTrainingJob", arn, std::move(context)}};
  if (in.role_arn) permissions.push_back(PassRole(*in.role_arn));
  NeedTags(permissions, arn, in.tags);
  return permissions;
}

std::vector<Permission> UpdatePermissions(const Call& call, const UpdateTrainingJobRequest& in) {
  identity::Context context;
  if (in.resource_config && in.resource_config->keep_alive_period_in_seconds)
    context[kKeepAlive] = {std::to_string(*in.resource_config->keep_alive_period_in_seconds)};
  return {{"sagemaker:UpdateTrainingJob", ArnOf(call, kKind, in.training_job_name), std::move(context)}};
}

}  // namespace

ServiceApi MakeTrainingApi(training::Service& service) {
  ServiceApi api{&kModel, {}, {}};
  api.rows.push_back(MakeRow<CreateTrainingJobRequest, CreateTrainingJobResponse>(
      kModel, "CreateTrainingJob", CreatePermissions,
      [&service](const Call& call, const Authorized&, const CreateTrainingJobRequest& in) {
        return service.CreateTrainingJob(call.session, call.region, in);
      }));
  api.rows.push_back(MakeRow<DescribeTrainingJobRequest, DescribeTrainingJobResponse>(
      kModel, "DescribeTrainingJob",
      OnNamed("sagemaker:DescribeTrainingJob", kKind, &DescribeTrainingJobRequest::training_job_name),
      [&service](const Call& call, const Authorized&, const DescribeTrainingJobRequest& in) {
        return service.DescribeTrainingJob(ScopeOf(call), *in.training_job_name);
      }));
  api.rows.push_back(MakeRow<ListTrainingJobsRequest, ListTrainingJobsResponse>(
      kModel, "ListTrainingJobs", OnAll<ListTrainingJobsRequest>("sagemaker:ListTrainingJobs"),
      [&service](const Call& call, const Authorized&, const ListTrainingJobsRequest& in) {
        return service.ListTrainingJobs(ScopeOf(call), in);
      }));
  api.rows.push_back(MakeRow<StopTrainingJobRequest, StopTrainingJobResponse>(
      kModel, "StopTrainingJob",
      OnNamed("sagemaker:StopTrainingJob", kKind, &StopTrainingJobRequest::training_job_name),
      [&service](const Call& call, const Authorized&, const StopTrainingJobRequest& in) {
        return service.StopTrainingJob(ScopeOf(call), *in.training_job_name);
      }));
  api.rows.push_back(MakeRow<DeleteTrainingJobRequest, DeleteTrainingJobResponse>(
      kModel, "DeleteTrainingJob",
      OnNamed("sagemaker:DeleteTrainingJob", kKind, &DeleteTrainingJobRequest::training_job_name),
      [&service](const Call& call, const Authorized&, const DeleteTrainingJobRequest& in) {
        return service.DeleteTrainingJob(ScopeOf(call), *in.training_job_name);
      }));
  api.rows.push_back(MakeRow<UpdateTrainingJobRequest, UpdateTrainingJobResponse>(
      kModel, "UpdateTrainingJob", UpdatePermissions,
      [&service](const Call& call, const Authorized&, const UpdateTrainingJobRequest& in) {
        return service.UpdateTrainingJob(ScopeOf(call), in);
      }));
  api.rows.push_back(MakeRow<SearchRequest, SearchResponse>(
      kModel, "Search", OnAll<SearchRequest>("sagemaker:Search"),
      [&service](const Call& call, const Authorized&, const SearchRequest& in) -> Result<SearchResponse> {
        if (in.resource.value_or("") != "TrainingJob")
          return Fail(kUnimplemented, "sagemaker:Search for the resource " + in.resource.value_or("") +
                                          " is not built in this Aloft; TrainingJob is.");
        return service.Search(ScopeOf(call), in);
      }));
  // SageMaker has no NotFound for jobs: clients look for ValidationException.
  api.errors = {{training::kNoSuchJob, "ValidationException", 400},
                {training::kJobExists, "ResourceInUse", 400},
                {training::kBadJob, "ValidationException", 400},
                {training::kJobEnded, "ValidationException", 400},
                {training::kJobLives, "ValidationException", 400},
                {training::kTooLargeForHere, "ResourceLimitExceeded", 400},
                {training::kNotBuilt, "ValidationException", 400},
                {training::kBadPageToken, "ValidationException", 400},
                {training::kChangedMeanwhile, "ConflictException", 400},
                {resources::kBadSearch, "ValidationException", 400}};
  return api;
}

}  // namespace aloft::api
