// The operations; the loop is runner.cc.
#include "services/training/service.h"

#include "platform/compute/errors.h"
#include "platform/compute/instance_types.h"
#include "platform/identity/errors.h"
#include "services/resources/tags.h"
#include "services/training/describe.h"
#include "services/training/errors.h"
#include "services/training/keys.h"
#include "services/training/listing.h"
#include "services/training/messages.h"
#include "services/training/records.h"
#include "services/training/request.h"
#include "services/training/search.h"

namespace aloft::training {
namespace {

using namespace shapes::sagemaker;

constexpr int kWriteAttempts = 16;

Result<compute::Limits> WantedLimits(const CreateTrainingJobRequest& request) {
  const auto& resources = *request.resource_config;
  auto volume = static_cast<std::uint64_t>(resources.volume_size_in_gb.value_or(0)) << 30;
  auto limits = compute::LimitsOf(resources.instance_type.value_or(""), volume);
  if (!limits.ok() && limits.error().reason == compute::kUnknownInstanceType)
    return Fail(kBadJob, limits.error().message);
  return limits;
}

Status CheckCapacity(const compute::Capacity& capacity, const compute::Limits& limits, const std::string& type) {
  compute::Placement placement = compute::Place(capacity, {}, limits);
  if (placement.verdict != compute::Placement::Verdict::kNever) return {};
  return Fail(kTooLargeForHere, "The account-level service limit '" + type +
                                    " for training job usage' is 0 Instances, with current utilization of 0 Instances "
                                    "and a request delta of 1 Instances: this machine can never hold it (" +
                                    placement.reason + "). Use a smaller instance type.");
}

}  // namespace

// The file that a runtime writes instead of an image lies in the environment, so both are resolved before anything is
// written: a refused request leaves nothing behind.
Result<CreateTrainingJobResponse> Service::CreateTrainingJob(const identity::Session& session, const Region& region,
                                                             const CreateTrainingJobRequest& request) {
  ALOFT_TRY(CheckRequest(request));
  Scope scope{session.account, region};
  Job job{scope, *request.training_job_name, d_.clock.Now(), {}, 1, options_.holder, request, {}};
  job.modified = job.created;
  Status taken = Exists(scope, job.name);
  if (taken.ok()) return Fail(kJobExists, messages::Exists(job.name, JobArn(scope, job.name)));
  if (taken.error().reason != kNoSuchJob) return std::move(taken).error();

  resources::Tags tags;
  if (request.tags) {
    ALOFT_ASSIGN(tags, resources::TagsOf(*request.tags));
  }
  ALOFT_TRY(resources::CheckTags(tags));
  ALOFT_ASSIGN(compute::Limits limits, WantedLimits(request));
  auto runtime = d_.resolve(ImageOf(request));
  if (!runtime.ok() && runtime.error().reason == compute::kUnknownImage)
    return Fail(kBadJob, runtime.error().message, runtime.error().detail);
  ALOFT_ASSIGN(compute::Runtime resolved, std::move(runtime));
  if (resolved.train.empty() && !request.algorithm_specification->container_entrypoint)
    return Fail(kBadJob, "The image " + ImageOf(request) + " serves models and cannot train.");
  ALOFT_TRY(CheckCapacity(options_.capacity, limits, *request.resource_config->instance_type));
  Status role = d_.check_role(session, *request.role_arn);
  if (!role.ok() && role.error().kind() == ErrorKind::kInvalid)
    return Fail(kBadJob, messages::CannotAssume(*request.role_arn), Describe(role.error()));
  ALOFT_TRY(std::move(role));
  for (const InputChannel& channel : ChannelsOf(request)) {
    Status readable = d_.check_input(session.account, *request.role_arn, channel.uri);
    if (!readable.ok() && readable.error().kind() == ErrorKind::kInvalid)
      return Fail(kBadJob, readable.error().message, readable.error().detail);
    ALOFT_TRY(std::move(readable));
  }

  job.state.environment = resolved.environment;
  ALOFT_TRY(Move(job.state, Secondary::kStarting, job.created, messages::kStarting));
  ALOFT_TRY(d_.database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(InsertJob(t, job));
    return resources::PutTags(t, JobArn(scope, job.name), tags);
  }));
  loop_.Wake(LoopKey({scope, job.name}));
  CreateTrainingJobResponse response;
  response.training_job_arn = JobArn(scope, job.name);
  return response;
}

Result<DescribeTrainingJobResponse> Service::DescribeTrainingJob(const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(Job job, d_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, scope, name); }));
  return DescribeJob(job);
}

Result<ListTrainingJobsResponse> Service::ListTrainingJobs(const Scope& scope, const ListTrainingJobsRequest& request) {
  return d_.database.Read([&](sql::Reader& reader) { return ListJobs(reader, scope, request); });
}

Result<SearchResponse> Service::Search(const Scope& scope, const SearchRequest& request) {
  return d_.database.Read([&](sql::Reader& reader) { return SearchJobs(reader, scope, request); });
}

Status Service::Exists(const Scope& scope, const std::string& name) {
  return d_.database.Read([&](sql::Reader& reader) -> Status {
    ALOFT_ASSIGN(sql::Rows rows,
                 reader.Query("SELECT 1 FROM training_jobs WHERE account = $1 AND region = $2 AND name = $3",
                              {scope.account.value(), scope.region.value(), name}));
    if (rows.empty()) return Fail(kNoSuchJob, messages::kNotFound);
    return {};
  });
}

// The wish is durable when this returns; the loop carries it out.
Status Service::StopTrainingJob(const Scope& scope, const std::string& name) {
  for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
    Time now = d_.clock.Now();
    Status stopped = d_.database.Write([&](sql::Transaction& t) -> Status {
      ALOFT_ASSIGN(Job job, LoadJob(t, scope, name));
      if (IsTerminal(job.state.secondary))
        return Fail(kJobEnded, messages::AlreadyEnded(std::string(PrimaryOf(job.state.secondary))));
      if (job.state.stop_wished) return {};
      job.state.stop_wished = true;
      ALOFT_TRY(Move(job.state, Secondary::kStopping, now, messages::kStopping));
      return UpdateJob(t, job, now);
    });
    if (!stopped.ok() && stopped.error().reason == kChangedMeanwhile) continue;
    if (stopped.ok()) loop_.Wake(LoopKey({scope, name}));
    return stopped;
  }
  return Fail(kUnavailable, "The training job is being changed; try again");
}

// All that can be updated are warm pools, profiling and remote debugging, none of which is built; what turns them off
// is already so.
Result<UpdateTrainingJobResponse> Service::UpdateTrainingJob(const Scope& scope,
                                                             const UpdateTrainingJobRequest& request) {
  std::string name = request.training_job_name.value_or("");
  ALOFT_ASSIGN(Job job, d_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, scope, name); }));
  auto refuse = [](const char* member) {
    return Fail(kNotBuilt, messages::NotBuilt(std::string("UpdateTrainingJob with ") + member));
  };
  if (request.resource_config && request.resource_config->keep_alive_period_in_seconds.value_or(0) > 0)
    return refuse("ResourceConfig.KeepAlivePeriodInSeconds (warm pools)");
  if (request.profiler_config && !request.profiler_config->disable_profiler.value_or(false))
    return refuse("ProfilerConfig");
  if (request.profiler_rule_configurations && !request.profiler_rule_configurations->empty())
    return refuse("ProfilerRuleConfigurations");
  if (request.remote_debug_config && request.remote_debug_config->enable_remote_debug.value_or(false))
    return refuse("RemoteDebugConfig.EnableRemoteDebug");
  if (IsTerminal(job.state.secondary))
    return Fail(kJobEnded, messages::AlreadyEnded(std::string(PrimaryOf(job.state.secondary))));
  UpdateTrainingJobResponse response;
  response.training_job_arn = JobArn(scope, name);
  return response;
}

}  // namespace aloft::training
