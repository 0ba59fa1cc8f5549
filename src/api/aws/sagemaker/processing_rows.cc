#include "api/aws/sagemaker/processing_rows.h"

#include "api/aws/sagemaker/permissions.h"
#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker/processing.h"
#include "generated/shapes/sagemaker/service_model.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file
using namespace sagemaker;          // NOLINT

constexpr char kKind[] = "processing-job";

processing::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

std::vector<Permission> CreatePermissions(const Call& call, const CreateProcessingJobRequest& in) {
  std::string arn = ArnOf(call, kKind, in.processing_job_name);
  identity::Context context = TagContext(in.tags);
  if (in.processing_resources && in.processing_resources->cluster_config &&
      in.processing_resources->cluster_config->instance_type)
    context["sagemaker:instancetypes"] = {*in.processing_resources->cluster_config->instance_type};
  bool isolated = in.network_config && in.network_config->enable_network_isolation.value_or(false);
  context["sagemaker:networkisolation"] = {isolated ? "true" : "false"};
  std::vector<Permission> permissions{{"sagemaker:CreateProcessingJob", arn, std::move(context)}};
  if (in.role_arn) permissions.push_back(PassRole(*in.role_arn));
  NeedTags(permissions, arn, in.tags);
  return permissions;
}

}  // namespace

// What goes wrong has the reasons of every kind of job, which the training rows map.
ServiceApi MakeProcessingApi(processing::Service& service) {
  ServiceApi api{&kModel, {}, {}};
  api.rows.push_back(MakeRow<CreateProcessingJobRequest, CreateProcessingJobResponse>(
      kModel, "CreateProcessingJob", CreatePermissions,
      [&service](const Call& call, const Authorized&, const CreateProcessingJobRequest& in) {
        return service.CreateProcessingJob(call.session, call.region, in);
      }));
  api.rows.push_back(MakeRow<DescribeProcessingJobRequest, DescribeProcessingJobResponse>(
      kModel, "DescribeProcessingJob",
      OnNamed("sagemaker:DescribeProcessingJob", kKind, &DescribeProcessingJobRequest::processing_job_name),
      [&service](const Call& call, const Authorized&, const DescribeProcessingJobRequest& in) {
        return service.DescribeProcessingJob(ScopeOf(call), *in.processing_job_name);
      }));
  api.rows.push_back(MakeRow<ListProcessingJobsRequest, ListProcessingJobsResponse>(
      kModel, "ListProcessingJobs", OnAll<ListProcessingJobsRequest>("sagemaker:ListProcessingJobs"),
      [&service](const Call& call, const Authorized&, const ListProcessingJobsRequest& in) {
        return service.ListProcessingJobs(ScopeOf(call), in);
      }));
  api.rows.push_back(MakeRow<StopProcessingJobRequest, StopProcessingJobResponse>(
      kModel, "StopProcessingJob",
      OnNamed("sagemaker:StopProcessingJob", kKind, &StopProcessingJobRequest::processing_job_name),
      [&service](const Call& call, const Authorized&, const StopProcessingJobRequest& in) {
        return service.StopProcessingJob(ScopeOf(call), *in.processing_job_name);
      }));
  api.rows.push_back(MakeRow<DeleteProcessingJobRequest, DeleteProcessingJobResponse>(
      kModel, "DeleteProcessingJob",
      OnNamed("sagemaker:DeleteProcessingJob", kKind, &DeleteProcessingJobRequest::processing_job_name),
      [&service](const Call& call, const Authorized&, const DeleteProcessingJobRequest& in) {
        return service.DeleteProcessingJob(ScopeOf(call), *in.processing_job_name);
      }));
  return api;
}

}  // namespace aloft::api
