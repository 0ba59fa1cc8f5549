#include "api/aws/sagemaker/transform_rows.h"

#include "api/aws/sagemaker/permissions.h"
#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker/service_model.h"
#include "generated/shapes/sagemaker/transform.h"
#include "services/models/errors.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file
using namespace sagemaker;          // NOLINT

constexpr char kKind[] = "transform-job";

transform::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

std::vector<Permission> CreatePermissions(const Call& call, const CreateTransformJobRequest& in) {
  std::string arn = ArnOf(call, kKind, in.transform_job_name);
  identity::Context context = TagContext(in.tags);
  if (in.transform_resources && in.transform_resources->instance_type) {
    context["sagemaker:instancetypes"] = {*in.transform_resources->instance_type};
  }
  if (in.model_name) context["sagemaker:modelarn"] = {ArnOf(call, "model", in.model_name)};
  std::vector<Permission> permissions{{"sagemaker:CreateTransformJob", arn, std::move(context)}};
  NeedTags(permissions, arn, in.tags);
  return permissions;
}

}  // namespace

ServiceApi MakeTransformApi(transform::Service& service) {
  ServiceApi api{&kModel, {}, {}};
  api.rows.push_back(MakeRow<CreateTransformJobRequest, CreateTransformJobResponse>(
      kModel, "CreateTransformJob", CreatePermissions,
      [&service](const Call& call, const Authorized&, const CreateTransformJobRequest& in) {
        return service.CreateTransformJob(ScopeOf(call), in);
      }));
  api.rows.push_back(MakeRow<DescribeTransformJobRequest, DescribeTransformJobResponse>(
      kModel, "DescribeTransformJob",
      OnNamed("sagemaker:DescribeTransformJob", kKind, &DescribeTransformJobRequest::transform_job_name),
      [&service](const Call& call, const Authorized&, const DescribeTransformJobRequest& in) {
        return service.DescribeTransformJob(ScopeOf(call), *in.transform_job_name);
      }));
  api.rows.push_back(MakeRow<ListTransformJobsRequest, ListTransformJobsResponse>(
      kModel, "ListTransformJobs", OnAll<ListTransformJobsRequest>("sagemaker:ListTransformJobs"),
      [&service](const Call& call, const Authorized&, const ListTransformJobsRequest& in) {
        return service.ListTransformJobs(ScopeOf(call), in);
      }));
  api.rows.push_back(MakeRow<StopTransformJobRequest, StopTransformJobResponse>(
      kModel, "StopTransformJob",
      OnNamed("sagemaker:StopTransformJob", kKind, &StopTransformJobRequest::transform_job_name),
      [&service](const Call& call, const Authorized&, const StopTransformJobRequest& in) {
        return service.StopTransformJob(ScopeOf(call), *in.transform_job_name);
      }));
  // SageMaker has no NotFound for jobs: clients look for ValidationException.
  api.errors = {
      {transform::kNoSuchJob, "ValidationException", 400}, {transform::kJobExists, "ResourceInUse", 400},
      {transform::kBadJob, "ValidationException", 400},    {transform::kNotStoppable, "ValidationException", 400},
      {models::kBadPageToken, "ValidationException", 400}, {transform::kNotBuilt, "NotImplemented", 400}};
  return api;
}

}  // namespace aloft::api
