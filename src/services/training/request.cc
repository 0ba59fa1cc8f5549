#include "services/training/request.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <boost/json.hpp>
#include <set>

#include "foundation/codec/json.h"
#include "services/jobs/messages.h"
#include "services/objects/contract/policy.h"
#include "services/staging/probe.h"
#include "services/training/errors.h"

namespace aloft::training {
namespace {

using shapes::sagemaker::Channel;
using shapes::sagemaker::MetricDefinition;

Error NotBuilt(const std::string& what) {
  return Fail(kNotBuilt, jobs::messages::NotBuilt("CreateTrainingJob with " + what));
}
Error Bad(std::string message) {
  return Fail(kBadJob, std::move(message));
}

bool Is(const std::optional<std::string>& member, const char* value) {
  return member && *member == value;
}
bool Filled(const std::optional<std::string>& member) {
  return member && !member->empty();
}
template <class List>
bool Filled(const std::optional<List>& member) {
  return member && !member->empty();
}

Status CheckAlgorithm(const CreateRequest& request) {
  if (!request.algorithm_specification) return Bad("AlgorithmSpecification is missing.");
  const auto& algorithm = *request.algorithm_specification;
  if (Filled(algorithm.algorithm_name)) return NotBuilt("AlgorithmSpecification.AlgorithmName");
  if (!Filled(algorithm.training_image))
    return Bad("AlgorithmSpecification must name a TrainingImage or an AlgorithmName.");
  if (algorithm.training_image_config && Is(algorithm.training_image_config->training_repository_access_mode, "Vpc"))
    return NotBuilt("TrainingImageConfig.TrainingRepositoryAccessMode Vpc");
  std::set<std::string> names;
  for (const MetricDefinition& metric : algorithm.metric_definitions.value_or(std::vector<MetricDefinition>{})) {
    if (!names.insert(metric.name.value_or("")).second)
      return Bad("MetricDefinitions names " + metric.name.value_or("") + " twice.");
    RE2::Options options;
    options.set_log_errors(false);
    RE2 expression(metric.regex.value_or(""), options);
    if (!expression.ok())
      return Bad("The Regex of metric definition " + metric.name.value_or("") + " cannot be used: " +
                 expression.error() + ". Regular expressions are RE2's: without look-around and back-references.");
    if (expression.NumberOfCapturingGroups() < 1)
      return Bad("The Regex of metric definition " + metric.name.value_or("") +
                 " needs a capturing group for the value.");
  }
  return {};
}

Status CheckChannel(const CreateRequest& request, const Channel& channel) {
  bool pipe = InputModeOf(request, channel) == "Pipe";
  std::string where = "InputDataConfig channel " + channel.channel_name.value_or("");
  // The service model's pattern lets these two through; as directories they are elsewhere.
  if (Is(channel.channel_name, ".") || Is(channel.channel_name, ".."))
    return Bad(where + ": the name must be able to be a directory.");
  if (!channel.data_source) return Bad(where + " has no DataSource.");
  if (channel.data_source->file_system_data_source) return NotBuilt(where + " on a FileSystemDataSource");
  if (channel.data_source->dataset_source) return NotBuilt(where + " on a DatasetSource");
  if (!channel.data_source->s3_data_source || !channel.data_source->s3_data_source->s3_uri)
    return Bad(where + " has no S3DataSource.");
  const auto& source = *channel.data_source->s3_data_source;
  std::string type = source.s3_data_type.value_or("S3Prefix");
  if (type != "S3Prefix" && type != "ManifestFile" && type != "AugmentedManifestFile")
    return NotBuilt(where + " of S3DataType " + type);
  bool augmented = type == "AugmentedManifestFile";
  if (augmented && !pipe) return Bad(where + ": AugmentedManifestFile is only used in Pipe input mode.");
  if (augmented != Filled(source.attribute_names))
    return Bad(where + ": AttributeNames are what an AugmentedManifestFile needs, and nothing else.");
  if (source.hub_access_config || source.model_access_config) return NotBuilt(where + " with hub or model access");
  if (!pipe && Filled(channel.compression_type) && *channel.compression_type != "None")
    return Bad(where + ": CompressionType is only used in Pipe input mode.");
  if (!pipe && Filled(channel.record_wrapper_type) && *channel.record_wrapper_type != "None")
    return Bad(where + ": RecordWrapperType is only used in Pipe input mode.");
  return {};
}

Status CheckGroups(const std::vector<shapes::sagemaker::InstanceGroup>& groups) {
  std::set<std::string> names;
  for (const auto& group : groups) {
    std::string name = group.instance_group_name.value_or("");
    if (!names.insert(name).second) return Bad("ResourceConfig.InstanceGroups names " + name + " twice.");
    if (group.instance_count.value_or(0) < 1) return Bad("The instance group " + name + " needs at least 1 instance.");
  }
  return {};
}

// Channels may be for some groups only.
Status CheckChannelGroups(const CreateRequest& request, const Channel& channel) {
  const auto& names = channel.data_source->s3_data_source->instance_group_names;
  if (!Filled(names)) return {};
  for (const std::string& name : *names)
    if (jobs::HostsOf(HostGroupsOf(request), name).empty())
      return Bad("InputDataConfig channel " + channel.channel_name.value_or("") + " names the instance group " + name +
                 ", which ResourceConfig does not have.");
  return {};
}

// Where checkpoints lie inside: AWS allows any directory but those of the platform's own.
Status CheckCheckpoints(const CreateRequest& request) {
  if (!request.checkpoint_config) return {};
  const auto& config = *request.checkpoint_config;
  auto place = staging::ParseS3Uri(config.s3_uri.value_or(""));
  if (!place.ok() || !objects::CheckBucketName(place->bucket).ok())
    return Bad("CheckpointConfig.S3Uri must be an S3 URI (s3://bucket/prefix).");
  std::string path = CheckpointPathOf(request);
  if (!path.starts_with("/opt/ml/") || path.find("/../") != std::string::npos || path.ends_with("/.."))
    return NotBuilt("CheckpointConfig.LocalPath " + path + ": only directories below /opt/ml are; another");
  for (const char* taken : {"/opt/ml/input", "/opt/ml/model", "/opt/ml/output", "/opt/ml/code"})
    if (path == taken || path.starts_with(std::string(taken) + "/"))
      return Bad("CheckpointConfig.LocalPath must not be below " + std::string(taken) + ".");
  return {};
}

Status CheckResources(const CreateRequest& request) {
  if (!request.resource_config) return Bad("ResourceConfig is missing.");
  const auto& resources = *request.resource_config;
  if (Filled(resources.instance_groups)) {
    if (resources.instance_type || resources.instance_count)
      return Bad("ResourceConfig has either InstanceGroups, or InstanceType and InstanceCount.");
    ALOFT_TRY(CheckGroups(*resources.instance_groups));
  } else {
    if (!Filled(resources.instance_type)) return Bad("ResourceConfig.InstanceType is missing.");
    if (resources.instance_count.value_or(0) < 1) return Bad("ResourceConfig.InstanceCount must be at least 1.");
  }
  if (Filled(resources.volume_kms_key_id)) return NotBuilt("ResourceConfig.VolumeKmsKeyId");
  if (KeepAliveOf(request).count() > 0 && Filled(resources.instance_groups))
    return Bad("ResourceConfig.KeepAlivePeriodInSeconds cannot be used with InstanceGroups.");
  if (KeepAliveOf(request).count() > 0 && request.enable_managed_spot_training.value_or(false))
    return Bad("ResourceConfig.KeepAlivePeriodInSeconds cannot be used with EnableManagedSpotTraining.");
  if (Filled(resources.training_plan_arn)) return NotBuilt("ResourceConfig.TrainingPlanArn");
  if (Filled(resources.instance_preferences)) return NotBuilt("ResourceConfig.InstancePreferences");
  return {};
}

Status CheckOutput(const CreateRequest& request) {
  if (!request.output_data_config || !Filled(request.output_data_config->s3_output_path))
    return Bad("OutputDataConfig.S3OutputPath is missing.");
  auto place = staging::ParseS3Uri(*request.output_data_config->s3_output_path);
  if (!place.ok() || !objects::CheckBucketName(place->bucket).ok())
    return Bad("OutputDataConfig.S3OutputPath must be an S3 URI (s3://bucket/prefix).");
  if (Filled(request.output_data_config->kms_key_id)) return NotBuilt("OutputDataConfig.KmsKeyId");
  return {};
}

Status CheckStopping(const CreateRequest& request) {
  if (!request.stopping_condition) return {};
  const auto& stopping = *request.stopping_condition;
  bool spot = request.enable_managed_spot_training.value_or(false);
  if (spot && !stopping.max_wait_time_in_seconds)
    return Bad("Invalid MaxWaitTimeInSeconds. It must be present when EnableManagedSpotTraining is true.");
  if (spot && *stopping.max_wait_time_in_seconds < MaxRuntimeOf(request).count())
    return Bad("Invalid MaxWaitTimeInSeconds. It must be equal to or greater than MaxRuntimeInSeconds.");
  if (!spot && stopping.max_wait_time_in_seconds)
    return Bad("Invalid MaxWaitTimeInSeconds. It may be given only when EnableManagedSpotTraining is true.");
  return {};
}

Status CheckUnbuilt(const CreateRequest& request) {
  const std::pair<bool, const char*> asked[] = {
      {request.vpc_config.has_value(), "VpcConfig"},
      {Filled(request.debug_rule_configurations), "DebugRuleConfigurations"},
      {Filled(request.profiler_rule_configurations), "ProfilerRuleConfigurations"},
      {request.tensor_board_output_config.has_value(), "TensorBoardOutputConfig"},
      {request.remote_debug_config && request.remote_debug_config->enable_remote_debug.value_or(false),
       "RemoteDebugConfig.EnableRemoteDebug"},
      {request.session_chaining_config && request.session_chaining_config->enable_session_tag_chaining.value_or(false),
       "SessionChainingConfig.EnableSessionTagChaining"},
      {request.serverless_job_config.has_value(), "ServerlessJobConfig"},
      {request.mlflow_config.has_value(), "MlflowConfig"},
      {request.model_package_config.has_value(), "ModelPackageConfig"},
  };
  for (const auto& [present, name] : asked)
    if (present) return NotBuilt(name);
  return {};
}

}  // namespace

Status CheckRequest(const CreateRequest& request) {
  // What is not built first: a serverless job, for one, lacks members that others need.
  ALOFT_TRY(CheckUnbuilt(request));
  ALOFT_TRY(CheckAlgorithm(request));
  ALOFT_TRY(CheckResources(request));
  ALOFT_TRY(CheckOutput(request));
  ALOFT_TRY(CheckStopping(request));
  ALOFT_TRY(CheckCheckpoints(request));
  if (!Filled(request.role_arn)) return Bad("RoleArn is missing.");
  std::set<std::string> names;
  for (const Channel& channel : request.input_data_config.value_or(std::vector<Channel>{})) {
    ALOFT_TRY(CheckChannel(request, channel));
    ALOFT_TRY(CheckChannelGroups(request, channel));
    if (!names.insert(channel.channel_name.value_or("")).second)
      return Bad("InputDataConfig names the channel " + channel.channel_name.value_or("") + " twice.");
  }
  for (const auto& [name, value] : request.environment.value_or(std::map<std::string, std::string>{}))
    if (value.find('\0') != std::string::npos) return Bad("Environment variable " + name + " holds a NUL.");
  return {};
}

std::chrono::seconds MaxRuntimeOf(const CreateRequest& request) {
  constexpr std::chrono::seconds kDay(86'400);
  if (!request.stopping_condition || !request.stopping_condition->max_runtime_in_seconds) return kDay;
  return std::chrono::seconds(*request.stopping_condition->max_runtime_in_seconds);
}

std::chrono::seconds KeepAliveOf(const CreateRequest& request) {
  return std::chrono::seconds(request.resource_config->keep_alive_period_in_seconds.value_or(0));
}

// What SageMaker's documentation of managed warm pools lists as having to be identical, of what we have.
std::string PoolOf(const std::string& scope, const CreateRequest& request) {
  const auto& resources = *request.resource_config;
  if (Filled(resources.instance_groups) || request.enable_managed_spot_training.value_or(false)) return {};
  return fmt::format("{} {} {} x {} {} GiB isolation={} encryption={}", scope, request.role_arn.value_or(""),
                     resources.instance_count.value_or(1), resources.instance_type.value_or(""),
                     resources.volume_size_in_gb.value_or(0), request.enable_network_isolation.value_or(false),
                     request.enable_inter_container_traffic_encryption.value_or(false));
}

std::string InputModeOf(const CreateRequest& request, const Channel& channel) {
  return channel.input_mode.value_or(request.algorithm_specification->training_input_mode.value_or("File"));
}

jobs::HostGroups HostGroupsOf(const CreateRequest& request) {
  const auto& resources = *request.resource_config;
  if (!Filled(resources.instance_groups))
    return {{jobs::kHomogeneous, resources.instance_type.value_or(""), resources.instance_count.value_or(1)}};
  jobs::HostGroups groups;
  for (const auto& group : *resources.instance_groups)
    groups.push_back(
        {group.instance_group_name.value_or(""), group.instance_type.value_or(""), group.instance_count.value_or(1)});
  return groups;
}

std::string CheckpointPathOf(const CreateRequest& request) {
  std::string path = request.checkpoint_config->local_path.value_or("/opt/ml/checkpoints");
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string ImageOf(const CreateRequest& request) {
  return request.algorithm_specification ? request.algorithm_specification->training_image.value_or("") : "";
}

jobs::Terms TermsOfRequest(const CreateRequest& request) {
  jobs::Terms terms;
  terms.hosts = jobs::CountHosts(HostGroupsOf(request));
  if (request.retry_strategy) terms.retries = request.retry_strategy->maximum_retry_attempts.value_or(0);
  if (!request.stopping_condition) return terms;
  const auto& stopping = *request.stopping_condition;
  if (stopping.max_pending_time_in_seconds)
    terms.max_pending = std::chrono::seconds(*stopping.max_pending_time_in_seconds);
  if (request.enable_managed_spot_training.value_or(false) && stopping.max_wait_time_in_seconds)
    terms.max_wait = std::chrono::seconds(*stopping.max_wait_time_in_seconds);
  return terms;
}

std::string PlainHyperParameter(const CreateRequest& request, const std::string& name) {
  if (!request.hyper_parameters) return {};
  auto found = request.hyper_parameters->find(name);
  if (found == request.hyper_parameters->end()) return {};
  if (found->second.starts_with('"')) {
    auto parsed = codec::ParseJson(found->second);
    if (parsed.ok() && parsed->is_string()) return std::string(parsed->as_string());
  }
  return found->second;
}

std::vector<InputChannel> ChannelsOf(const CreateRequest& request) {
  std::vector<InputChannel> channels;
  for (const Channel& channel : request.input_data_config.value_or(std::vector<Channel>{}))
    channels.push_back({channel.channel_name.value_or(""), channel.data_source->s3_data_source->s3_uri.value_or("")});
  return channels;
}

std::string OutputPrefix(const CreateRequest& request) {
  std::string path = *request.output_data_config->s3_output_path;
  while (path.ends_with('/')) path.pop_back();
  return path + "/" + *request.training_job_name + "/output";
}

bool OutputsPacked(const CreateRequest& request) {
  return !Is(request.output_data_config->compression_type, "NONE");
}

}  // namespace aloft::training
