// The operations; what carries jobs out is services/jobs.
#include "services/training/service.h"

#include <algorithm>

#include "foundation/shapes/json.h"
#include "services/jobs/messages.h"
#include "services/jobs/quotas.h"
#include "services/resources/tags.h"
#include "services/training/built_in.h"
#include "services/training/describe.h"
#include "services/training/errors.h"
#include "services/training/listing.h"
#include "services/training/request.h"
#include "services/training/search.h"

namespace aloft::training {

using namespace shapes::sagemaker;
namespace messages = jobs::messages;

Service::Service(Dependencies dependencies, Options options)
    : d_(std::move(dependencies)),
      options_(std::move(options)),
      kind_(d_.world, d_.metrics, options_.plan, d_.log),
      engine_({d_.database, d_.backend, d_.logs, d_.clock, d_.random, d_.log, &d_.metrics}, kind_, options_.engine) {}

// The file that a runtime writes instead of an image lies in the environment, so both are resolved before anything is
// written: a refused request leaves nothing behind.
Result<CreateTrainingJobResponse> Service::CreateTrainingJob(const identity::Session& session, const Region& region,
                                                             const CreateTrainingJobRequest& request) {
  ALOFT_TRY(CheckRequest(request));
  Job job;
  job.scope = {session.account, region};
  job.name = *request.training_job_name;
  job.created = d_.clock.Now();
  job.request = request;
  ALOFT_ASSIGN(bool taken, engine_.IsTaken(job.scope, job.name));
  std::string arn = JobArn(job.scope, job.name);
  if (taken) return Fail(kJobExists, messages::Exists(Names().noun, job.name, arn));

  resources::Tags tags;
  if (request.tags) {
    ALOFT_ASSIGN(tags, resources::TagsOf(*request.tags));
  }
  ALOFT_TRY(resources::CheckTags(tags));
  ALOFT_ASSIGN(job.state.priority, jobs::PriorityOf(tags));
  job.state.owner = jobs::OwnerOf(session);
  if (!options_.several_instances && jobs::CountHosts(HostGroupsOf(request)) > 1)
    return Fail(kNotBuilt, messages::NotBuilt("CreateTrainingJob with several instances over Slurm"));
  if (KeepAliveOf(request).count() > 0) {
    if (!options_.warm_pools)
      return Fail(kNotBuilt,
                  messages::NotBuilt("CreateTrainingJob with ResourceConfig.KeepAlivePeriodInSeconds over Slurm"));
    job.state.pool.status = jobs::WarmPool::Status::kInUse;
    job.state.pool.keep_alive = KeepAliveOf(request);
  }
  std::vector<compute::Limits> hosts;
  for (const jobs::HostGroup& group : HostGroupsOf(request)) {
    ALOFT_ASSIGN(compute::Limits limits,
                 jobs::LimitsOf(group.instance_type, request.resource_config->volume_size_in_gb.value_or(0)));
    ALOFT_TRY(
        jobs::CheckCapacity(options_.capacity, hosts, limits, group.instance_type, group.count, "training job usage"));
    hosts.insert(hosts.end(), static_cast<std::size_t>(group.count), limits);
  }
  ALOFT_TRY(jobs::CheckQuota(d_.world, session, hosts));
  ALOFT_ASSIGN(compute::Runtime runtime, jobs::Resolve(d_.world, ImageOf(request)));
  if (runtime.train.empty() && !request.algorithm_specification->container_entrypoint)
    return Fail(kBadJob, "The image " + ImageOf(request) + " serves models and cannot train.");
  ALOFT_TRY(UseBuiltInAlgorithm(runtime, job.request));
  ALOFT_TRY(jobs::CheckRole(d_.world, session, *request.role_arn, arn));
  for (const InputChannel& channel : ChannelsOf(request))
    ALOFT_TRY(jobs::CheckInput(d_.world, session.account, *request.role_arn, channel.uri));

  job.document = shapes::ToJsonText(job.request);
  job.state.environment = runtime.image.empty() ? runtime.environment : compute::NameOf(runtime);
  ALOFT_TRY(engine_.Create(std::move(job), tags));
  CreateTrainingJobResponse response;
  response.training_job_arn = arn;
  return response;
}

Result<DescribeTrainingJobResponse> Service::DescribeTrainingJob(const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(jobs::Job record, engine_.Load(scope, name));
  ALOFT_ASSIGN(Job job, JobOf(std::move(record)));
  return DescribeJob(job, d_.clock.Now());
}

Result<ListTrainingJobsResponse> Service::ListTrainingJobs(const Scope& scope, const ListTrainingJobsRequest& request) {
  return d_.database.Read([&](sql::Reader& reader) { return ListJobs(reader, scope, request); });
}

Result<std::vector<KeptRoom>> Service::ListWarmPools(const Scope& scope) {
  ALOFT_ASSIGN(std::vector<std::string> names,
               d_.database.Read([&](sql::Reader& reader) { return JobsWithWarmPools(reader, scope); }));
  std::vector<KeptRoom> pools;
  for (const std::string& name : names) {
    auto record = engine_.Load(scope, name);
    // Ended, or taken by another job, since they were listed.
    if (!record.ok() || record->state.pool.status != jobs::WarmPool::Status::kAvailable) continue;
    ALOFT_ASSIGN(Job job, JobOf(std::move(*record)));
    const auto& resources = *job.request.resource_config;
    pools.push_back({job.name, job.request.role_arn.value_or(""), resources.instance_type.value_or(""),
                     resources.instance_count.value_or(1), job.state.pool.until.value_or(d_.clock.Now())});
  }
  std::sort(pools.begin(), pools.end(), [](const auto& a, const auto& b) { return a.until < b.until; });
  return pools;
}

Result<SearchResponse> Service::Search(const Scope& scope, const SearchRequest& request) {
  return d_.database.Read([&](sql::Reader& reader) { return SearchJobs(reader, scope, request); });
}

Status Service::Exists(const Scope& scope, const std::string& name) {
  ALOFT_TRY(engine_.Load(scope, name));
  return {};
}

Status Service::StopTrainingJob(const Scope& scope, const std::string& name) {
  return engine_.Stop(scope, name);
}

Status Service::DeleteTrainingJob(const Scope& scope, const std::string& name) {
  return engine_.Delete(scope, name);
}

Status Service::InterruptTrainingJob(const Scope& scope, const std::string& name, std::chrono::seconds pause) {
  return engine_.Interrupt(scope, name, pause);
}

// Profiling and remote debugging are not built; what turns them off is already so.
Result<UpdateTrainingJobResponse> Service::UpdateTrainingJob(const Scope& scope,
                                                             const UpdateTrainingJobRequest& request) {
  std::string name = request.training_job_name.value_or("");
  ALOFT_ASSIGN(jobs::Job job, engine_.Load(scope, name));
  auto refuse = [](const char* member) {
    return Fail(kNotBuilt, messages::NotBuilt(std::string("UpdateTrainingJob with ") + member));
  };
  if (request.profiler_config && !request.profiler_config->disable_profiler.value_or(false))
    return refuse("ProfilerConfig");
  if (request.profiler_rule_configurations && !request.profiler_rule_configurations->empty())
    return refuse("ProfilerRuleConfigurations");
  if (request.remote_debug_config && request.remote_debug_config->enable_remote_debug.value_or(false))
    return refuse("RemoteDebugConfig.EnableRemoteDebug");
  UpdateTrainingJobResponse response;
  response.training_job_arn = JobArn(scope, name);
  // A warm pool outlives its job, and so does this wish.
  if (request.resource_config && request.resource_config->keep_alive_period_in_seconds) {
    const std::chrono::seconds keep_alive(*request.resource_config->keep_alive_period_in_seconds);
    if (keep_alive.count() > 0 || job.state.pool.status != jobs::WarmPool::Status::kNone)
      ALOFT_TRY(engine_.KeepWarm(scope, name, keep_alive));
    return response;
  }
  if (jobs::IsTerminal(job.state.secondary))
    return Fail(kJobEnded, messages::AlreadyEnded(Names().noun, std::string(jobs::PrimaryOf(job.state.secondary))));
  return response;
}

}  // namespace aloft::training
