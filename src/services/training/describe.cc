#include "services/training/describe.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/training/request.h"

namespace aloft::training {
namespace {

using shapes::sagemaker::DescribeTrainingJobResponse;
namespace json = boost::json;

// The request's members under the same names: one struct's JSON is read as the other's.
Result<DescribeTrainingJobResponse> Echo(const Job& job) {
  ALOFT_ASSIGN(json::value value, codec::ParseJson(shapes::ToJsonText(job.request)));
  json::object& members = value.as_object();
  members.erase("Tags");
  members.erase("SessionChainingConfig");
  return shapes::FromJson<DescribeTrainingJobResponse>(value);
}

void AddDefaults(DescribeTrainingJobResponse& out, const Job& job) {
  if (out.output_data_config) {
    if (!out.output_data_config->kms_key_id) out.output_data_config->kms_key_id = "";
    if (!out.output_data_config->compression_type) out.output_data_config->compression_type = "GZIP";
  }
  if (!out.stopping_condition) out.stopping_condition.emplace();
  if (!out.stopping_condition->max_runtime_in_seconds)
    out.stopping_condition->max_runtime_in_seconds = static_cast<std::int32_t>(MaxRuntimeOf(job.request).count());
  if (!out.enable_network_isolation) out.enable_network_isolation = false;
  if (!out.enable_inter_container_traffic_encryption) out.enable_inter_container_traffic_encryption = false;
  if (!out.enable_managed_spot_training) out.enable_managed_spot_training = false;
}

void AddTimes(DescribeTrainingJobResponse& out, const Job& job) {
  out.creation_time = job.created;
  out.last_modified_time = job.modified;
  out.training_start_time = job.state.started;
  out.training_end_time = job.state.ended;
  if (!job.state.ended) return;
  // Never 0: the SDK divides by it.
  Time start = job.state.started.value_or(*job.state.ended);
  auto seconds = std::chrono::ceil<std::chrono::seconds>(*job.state.ended - start).count();
  out.training_time_in_seconds = static_cast<std::int32_t>(std::max<std::int64_t>(seconds, 1));
  // What the attempts took; while an interrupted job waits, nothing is paid.
  auto ran = job.state.ran_before;
  if (job.state.attempt_started)
    ran += std::max(*job.state.ended - *job.state.attempt_started, std::chrono::microseconds(0));
  auto billable = std::chrono::ceil<std::chrono::seconds>(ran).count();
  out.billable_time_in_seconds =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(billable, 1, *out.training_time_in_seconds));
}

void AddSteps(DescribeTrainingJobResponse& out, const Job& job) {
  out.secondary_status_transitions.emplace();
  for (const Step& step : job.state.steps) {
    shapes::sagemaker::SecondaryStatusTransition transition;
    transition.status = std::string(ToString(step.status));
    transition.start_time = step.start;
    transition.end_time = step.end;
    transition.status_message = step.message;
    out.secondary_status_transitions->push_back(std::move(transition));
  }
}

void AddMetrics(DescribeTrainingJobResponse& out, const Job& job) {
  if (job.state.metrics.empty()) return;
  out.final_metric_data_list.emplace();
  for (const auto& [name, metric] : job.state.metrics) {
    shapes::sagemaker::MetricData data;
    data.metric_name = name;
    data.value = static_cast<float>(metric.value);
    data.timestamp = metric.at;
    out.final_metric_data_list->push_back(std::move(data));
  }
}

void AddRuntime(DescribeTrainingJobResponse& out, const Job& job) {
  if (job.state.environment.empty() && job.state.versions.empty()) return;
  json::object members = out.unknown.members() ? *out.unknown.members() : json::object();
  members["AloftRuntime"] =
      json::object{{"Environment", job.state.environment},
                   {"Versions", json::array(job.state.versions.begin(), job.state.versions.end())},
                   {"Attempt", job.state.attempt}};
  if (!job.state.inputs.empty()) {
    json::array inputs;
    for (const compute::InputRead& input : job.state.inputs)
      inputs.push_back(json::object{{"ChannelName", input.channel},
                                    {"InputMode", input.mode},
                                    {"Objects", input.objects},
                                    {"ObjectsRead", input.objects_read},
                                    {"Bytes", input.bytes},
                                    {"BytesRead", input.bytes_read}});
    members["AloftInputs"] = std::move(inputs);
  }
  out.unknown.Set(std::move(members));
}

}  // namespace

std::optional<shapes::sagemaker::WarmPoolStatus> WarmPoolOf(const jobs::WarmPool& pool, std::optional<Time> now) {
  if (pool.status == jobs::WarmPool::Status::kNone) return std::nullopt;
  shapes::sagemaker::WarmPoolStatus out;
  out.status = std::string(jobs::ToString(pool.status));
  if (std::optional<Time> to = pool.ended ? pool.ended : now; pool.since && to)
    out.resource_retained_billable_time_in_seconds = static_cast<std::int32_t>(
        std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::seconds>(*to - *pool.since).count()));
  if (!pool.reused_by.empty()) out.reused_by_job = pool.reused_by;
  return out;
}

Result<DescribeTrainingJobResponse> DescribeJob(const Job& job, std::optional<Time> now) {
  ALOFT_ASSIGN(DescribeTrainingJobResponse out, Echo(job));
  out.training_job_name = job.name;
  out.training_job_arn = JobArn(job.scope, job.name);
  out.training_job_status = std::string(jobs::PrimaryOf(job.state.secondary));
  out.secondary_status = std::string(ToString(job.state.secondary));
  if (!job.state.failure_reason.empty()) out.failure_reason = job.state.failure_reason;
  if (!job.state.artifacts.empty()) {
    out.model_artifacts.emplace();
    out.model_artifacts->s3_model_artifacts = job.state.artifacts;
  }
  out.warm_pool_status = WarmPoolOf(job.state.pool, now);
  if (out.warm_pool_status && out.resource_config)
    out.resource_config->keep_alive_period_in_seconds = static_cast<std::int32_t>(job.state.pool.keep_alive.count());
  AddDefaults(out, job);
  AddTimes(out, job);
  AddSteps(out, job);
  AddMetrics(out, job);
  AddRuntime(out, job);
  return out;
}

}  // namespace aloft::training
