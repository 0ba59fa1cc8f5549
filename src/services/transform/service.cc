#include "services/transform/service.h"

#include "services/models/listing.h"
#include "services/models/serving_plan.h"
#include "services/resources/arn.h"
#include "services/resources/tags.h"
#include "services/transform/records.h"
#include "services/transform/request.h"
#include "services/transform/runner.h"

namespace aloft::transform {

namespace sagemaker = shapes::sagemaker;

namespace {

std::string Arn(const Scope& scope, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, "transform-job", name);
}

}  // namespace

Service::Service(Dependencies dependencies, std::string holder, Log log)
    : with_(std::move(dependencies)), runner_(std::make_unique<Runner>(with_, std::move(holder), std::move(log))) {}

Service::~Service() {
  Stop();
}

void Service::Start() {
  runner_->Start();
}

void Service::Stop() {
  runner_->Stop();
}

void Service::OnTaskChange(const compute::TaskId& task) {
  runner_->OnTaskChange(task);
}

Result<sagemaker::CreateTransformJobResponse> Service::CreateTransformJob(
    const Scope& scope, const sagemaker::CreateTransformJobRequest& request) {
  ALOFT_TRY(CheckRequest(request));
  ALOFT_ASSIGN(models::Model model, with_.models.Find(scope, request.model_name.value_or("")));
  if (models::IsMultiModel(model.request)) {
    return Fail(kBadJob, "A transform job needs a model of its own, no multi-model container.");
  }
  if (auto plan = models::PlanServing(model.request, with_.runtimes); plan.ok() && !plan->image.empty()) {
    return Fail(kNotBuilt, "NotImplemented: batch transform of models in container images is not built in this Aloft.");
  }
  std::string role = model.request.execution_role_arn.value_or("");
  if (role.empty()) return Fail(kBadJob, "The model needs an ExecutionRoleArn that may read the input.");
  if (with_.check_input) {
    Status readable = with_.check_input(scope.account, role,
                                        request.transform_input->data_source->s3_data_source->s3_uri.value_or(""));
    if (!readable.ok()) return Fail(kBadJob, readable.error().message, readable.error().detail);
  }
  resources::Tags tags;
  if (request.tags) {
    ALOFT_ASSIGN(tags, resources::TagsOf(*request.tags));
  }
  ALOFT_TRY(resources::CheckTags(tags));
  Job job;
  job.name = request.transform_job_name.value_or("");
  job.created = job.modified = with_.clock.Now();
  job.request = request;
  job.request.tags.reset();
  job.model = std::move(model.request);
  std::string arn = Arn(scope, job.name);
  ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(InsertJob(transaction, scope, job));
    return resources::PutTags(transaction, arn, tags);
  }));
  runner_->Wake(scope, job.name);
  sagemaker::CreateTransformJobResponse response;
  response.transform_job_arn = arn;
  return response;
}

Result<sagemaker::DescribeTransformJobResponse> Service::DescribeTransformJob(const Scope& scope,
                                                                              const std::string& name) const {
  ALOFT_ASSIGN(Job job, with_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, scope, name); }));
  const sagemaker::CreateTransformJobRequest& request = job.request;
  sagemaker::DescribeTransformJobResponse response;
  response.transform_job_name = name;
  response.transform_job_arn = Arn(scope, name);
  response.transform_job_status = std::string(ToString(job.status));
  if (!job.failure.empty()) response.failure_reason = job.failure;
  response.model_name = request.model_name;
  response.max_concurrent_transforms = request.max_concurrent_transforms;
  response.model_client_config = request.model_client_config;
  response.max_payload_in_mb = request.max_payload_in_mb;
  response.batch_strategy = request.batch_strategy;
  response.environment = request.environment;
  response.transform_input = request.transform_input;
  response.transform_output = request.transform_output;
  response.transform_resources = request.transform_resources;
  response.data_processing = request.data_processing;
  response.experiment_config = request.experiment_config;
  response.creation_time = job.created;
  response.transform_start_time = job.started;
  response.transform_end_time = job.ended;
  response.unknown = request.unknown;
  return response;
}

Result<sagemaker::ListTransformJobsResponse> Service::ListTransformJobs(
    const Scope& scope, const sagemaker::ListTransformJobsRequest& request) const {
  models::ListQuery query = models::QueryOf(request);
  query.status = request.status_equals;
  query.modified_before = request.last_modified_time_before;
  query.modified_after = request.last_modified_time_after;
  ALOFT_ASSIGN(models::ListPage page, with_.database.Read([&](sql::Reader& reader) {
    return models::ListNamed(reader, kTable, scope, query);
  }));
  sagemaker::ListTransformJobsResponse response;
  response.next_token = page.next_token;
  response.transform_job_summaries.emplace();
  for (const models::Listed& item : page.items) {
    sagemaker::TransformJobSummary summary;
    summary.transform_job_name = item.name;
    summary.transform_job_arn = Arn(scope, item.name);
    summary.creation_time = item.created;
    summary.last_modified_time = item.modified;
    summary.transform_job_status = item.status;
    response.transform_job_summaries->push_back(std::move(summary));
  }
  return response;
}

Status Service::StopTransformJob(const Scope& scope, const std::string& name) {
  ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Job job, LoadJob(transaction, scope, name));
    if (job.status == JobStatus::kStopping) return {};
    if (HasEnded(job.status)) {
      return Fail(kNotStoppable, "The request was rejected because the transform job is in status " +
                                     std::string(ToString(job.status)) + ".");
    }
    job.status = JobStatus::kStopping;
    job.modified = with_.clock.Now();
    return UpdateJob(transaction, scope, job);
  }));
  runner_->Wake(scope, name);
  return {};
}

}  // namespace aloft::transform
