#include "services/processing/service.h"

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/jobs/listing.h"
#include "services/jobs/messages.h"
#include "services/jobs/quotas.h"
#include "services/processing/errors.h"
#include "services/processing/request.h"

#include <boost/json.hpp>

namespace aloft::processing {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file
namespace json = boost::json;

// One member of our own: the environment that really ran.
void AddRuntime(DescribeProcessingJobResponse& out, const Job& job) {
  if (job.state.environment.empty() && job.state.versions.empty()) return;
  json::object members = out.unknown.members() ? *out.unknown.members() : json::object();
  members["AloftRuntime"] =
      json::object{{"Environment", job.state.environment},
                   {"Versions", json::array(job.state.versions.begin(), job.state.versions.end())}};
  out.unknown.Set(std::move(members));
}

Result<DescribeProcessingJobResponse> DescribeJob(const Job& job) {
  // The request's members under the same names: one struct's JSON is read as the other's.
  ALOFT_ASSIGN(json::value value, codec::ParseJson(shapes::ToJsonText(job.request)));
  value.as_object().erase("Tags");
  ALOFT_ASSIGN(auto out, shapes::FromJson<DescribeProcessingJobResponse>(value));
  out.processing_job_name = job.name;
  out.processing_job_arn = JobArn(job.scope, job.name);
  out.processing_job_status = std::string(jobs::PrimaryOf(job.state.secondary));
  if (!job.state.failure_reason.empty()) out.failure_reason = job.state.failure_reason;
  if (!job.state.exit_message.empty()) out.exit_message = job.state.exit_message;
  if (!out.stopping_condition) out.stopping_condition.emplace();
  if (!out.stopping_condition->max_runtime_in_seconds)
    out.stopping_condition->max_runtime_in_seconds = static_cast<std::int32_t>(MaxRuntimeOf(job.request).count());
  out.creation_time = job.created;
  out.last_modified_time = job.modified;
  out.processing_start_time = job.state.started;
  out.processing_end_time = job.state.ended;
  AddRuntime(out, job);
  return out;
}

}  // namespace

Service::Service(Dependencies dependencies, Options options)
    : d_(std::move(dependencies)),
      options_(std::move(options)),
      kind_(d_.world, options_.plan),
      engine_(d_.engine, kind_, options_.engine) {}

Result<CreateProcessingJobResponse> Service::CreateProcessingJob(const identity::Session& session, const Region& region,
                                                                 const CreateRequest& request) {
  ALOFT_TRY(CheckRequest(request));
  jobs::Job job;
  job.scope = {session.account, region};
  job.name = *request.processing_job_name;
  job.created = d_.engine.clock.Now();
  ALOFT_ASSIGN(bool taken, engine_.IsTaken(job.scope, job.name));
  std::string arn = JobArn(job.scope, job.name);
  if (taken) return Fail(kJobExists, jobs::messages::Exists(Names().noun, job.name, arn));
  resources::Tags tags;
  if (request.tags) {
    ALOFT_ASSIGN(tags, resources::TagsOf(*request.tags));
  }
  ALOFT_TRY(resources::CheckTags(tags));
  ALOFT_ASSIGN(job.state.priority, jobs::PriorityOf(tags));
  job.state.owner = jobs::OwnerOf(session);
  const auto& cluster = *request.processing_resources->cluster_config;
  if (!options_.several_instances && cluster.instance_count.value_or(1) > 1)
    return Fail(kNotBuilt, jobs::messages::NotBuilt("CreateProcessingJob with several instances over Slurm"));
  ALOFT_ASSIGN(compute::Limits limits, jobs::LimitsOf(*cluster.instance_type, cluster.volume_size_in_gb.value_or(0)));
  ALOFT_ASSIGN(compute::Runtime runtime, jobs::Resolve(d_.world, *request.app_specification->image_uri));
  const auto& entrypoint = request.app_specification->container_entrypoint;
  if (runtime.image.empty() && (!entrypoint || entrypoint->empty()))
    return Fail(
        kBadJob,
        "AppSpecification.ContainerEntrypoint is missing: the runtimes that stand for images have none of their "
        "own.");
  ALOFT_TRY(jobs::CheckCapacity(options_.capacity, {}, limits, *cluster.instance_type,
                                cluster.instance_count.value_or(1), "processing job usage"));
  ALOFT_TRY(jobs::CheckRole(d_.world, session, *request.role_arn, arn));
  for (const ProcessingInput& input : StagedInputs(request))
    ALOFT_TRY(jobs::CheckInput(d_.world, session.account, *request.role_arn, *input.s3_input->s3_uri));

  job.document = shapes::ToJsonText(request);
  job.state.environment = runtime.image.empty() ? runtime.environment : compute::NameOf(runtime);
  ALOFT_TRY(engine_.Create(std::move(job), tags));
  CreateProcessingJobResponse response;
  response.processing_job_arn = arn;
  return response;
}

Result<DescribeProcessingJobResponse> Service::DescribeProcessingJob(const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(jobs::Job record, engine_.Load(scope, name));
  ALOFT_ASSIGN(Job job, JobOf(std::move(record)));
  return DescribeJob(job);
}

Result<ListProcessingJobsResponse> Service::ListProcessingJobs(const Scope& scope,
                                                               const ListProcessingJobsRequest& request) {
  ALOFT_ASSIGN(jobs::JobPage page, d_.engine.database.Read([&](sql::Reader& reader) {
    return jobs::ListJobs(reader, Names(), scope, jobs::QueryOf(request));
  }));
  ListProcessingJobsResponse response;
  response.processing_job_summaries.emplace();
  for (const jobs::ListedJob& job : page.jobs) {
    auto& summary = response.processing_job_summaries->emplace_back();
    summary.processing_job_name = job.name;
    summary.processing_job_arn = JobArn(scope, job.name);
    summary.creation_time = job.created;
    summary.last_modified_time = job.modified;
    summary.processing_end_time = job.ended;
    summary.processing_job_status = job.status;
    if (!job.failure_reason.empty()) summary.failure_reason = job.failure_reason;
    if (!job.exit_message.empty()) summary.exit_message = job.exit_message;
  }
  response.next_token = page.next_token;
  return response;
}

Status Service::Exists(const Scope& scope, const std::string& name) {
  ALOFT_TRY(engine_.Load(scope, name));
  return {};
}

}  // namespace aloft::processing
