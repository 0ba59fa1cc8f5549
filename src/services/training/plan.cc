#include "services/training/plan.h"

#include <algorithm>
#include <optional>

#include "foundation/codec/json.h"
#include "services/jobs/admission.h"
#include "services/training/kind.h"
#include "services/training/request.h"

namespace aloft::training {
namespace {

std::string WithSlash(std::string uri) {
  if (!uri.ends_with('/')) uri += '/';
  return uri;
}

// A container is started as SageMaker does: `<its entrypoint> train`, or as the request says.
void RunContainer(const Job& job, const compute::Runtime& runtime, compute::TaskSpec& spec) {
  const auto& algorithm = *job.request.algorithm_specification;
  spec.entrypoint = algorithm.container_entrypoint.value_or(std::vector<std::string>{});
  spec.command = algorithm.container_arguments.value_or(std::vector<std::string>{});
  if (spec.entrypoint.empty() && spec.command.empty()) spec.command = runtime.train;
}

std::vector<std::string> CommandOf(const Job& job, const compute::Runtime& runtime) {
  const auto& algorithm = *job.request.algorithm_specification;
  std::vector<std::string> command = algorithm.container_entrypoint.value_or(std::vector<std::string>{});
  if (command.empty()) command = runtime.train;
  for (const std::string& argument : algorithm.container_arguments.value_or(std::vector<std::string>{}))
    command.push_back(argument);
  return command;
}

// Of several hosts the first stores what all of them made, merged, as SageMaker does.
std::vector<compute::Output> OutputsOf(const Job& job) {
  std::string prefix = OutputPrefix(job.request);
  bool packed = OutputsPacked(job.request);
  bool several = jobs::CountHosts(HostGroupsOf(job.request)) > 1;
  compute::Output model{
      .path = "/opt/ml/model", .s3_uri = ArtifactsUri(job), .archive = packed, .even_if_empty = true, .merge = several};
  compute::Output data{.path = "/opt/ml/output/data",
                       .s3_uri = prefix + (packed ? "/output.tar.gz" : "/data/"),
                       .archive = packed,
                       .even_if_empty = false,
                       .even_if_failed = true,
                       .merge = several};
  std::vector<compute::Output> outputs{model, data};
  if (job.request.checkpoint_config)
    outputs.push_back({.path = CheckpointPathOf(job.request),
                       .s3_uri = *job.request.checkpoint_config->s3_uri,
                       .archive = false,
                       .continuous = true});
  return outputs;
}

// Absent where the channel is for other groups than the host's.
std::optional<compute::Input> ChannelInput(const Job& job, const shapes::sagemaker::Channel& channel, int host) {
  const auto& source = *channel.data_source->s3_data_source;
  jobs::HostGroups groups = HostGroupsOf(job.request);
  std::vector<std::string> hosts;
  if (source.instance_group_names && !source.instance_group_names->empty()) {
    for (const std::string& group : *source.instance_group_names)
      for (std::string& name : jobs::HostsOf(groups, group)) hosts.push_back(std::move(name));
  } else {
    for (int i = 0; i < jobs::CountHosts(groups); ++i) hosts.push_back(jobs::HostName(i));
  }
  auto mine = std::find(hosts.begin(), hosts.end(), jobs::HostName(host));
  if (mine == hosts.end()) return std::nullopt;
  compute::Input input;
  input.channel = channel.channel_name.value_or("");
  input.s3_uri = source.s3_uri.value_or("");
  input.path = "/opt/ml/input/data/" + input.channel;
  std::string type = source.s3_data_type.value_or("");
  if (type == "ManifestFile") input.kind = compute::Input::Kind::kManifest;
  if (type == "AugmentedManifestFile") input.kind = compute::Input::Kind::kAugmentedManifest;
  input.pipe = InputModeOf(job.request, channel) == "Pipe";
  input.stream = InputModeOf(job.request, channel) == "FastFile";
  input.gzip = channel.compression_type.value_or("None") == "Gzip";
  input.record_io = channel.record_wrapper_type.value_or("None") == "RecordIO";
  if (channel.shuffle_config) input.shuffle_seed = channel.shuffle_config->seed;
  input.attributes = source.attribute_names.value_or(std::vector<std::string>{});
  if (source.s3_data_distribution_type.value_or("") == "ShardedByS3Key") {
    input.shard = static_cast<int>(mine - hosts.begin());
    input.shards = static_cast<int>(hosts.size());
  }
  return input;
}

std::vector<compute::Input> InputsOf(const Job& job, int host) {
  std::vector<compute::Input> inputs;
  for (const auto& channel : job.request.input_data_config.value_or(std::vector<shapes::sagemaker::Channel>{}))
    if (auto input = ChannelInput(job, channel, host)) inputs.push_back(std::move(*input));
  // Script mode. A path instead of an URI is a file of the channel "code" (network isolation): the launcher unpacks it.
  std::string source = PlainHyperParameter(job.request, "sagemaker_submit_directory");
  if (source.starts_with("s3://"))
    inputs.push_back({.channel = "sagemaker_submit_directory",
                      .s3_uri = source,
                      .kind = compute::Input::Kind::kArchive,
                      .path = "/opt/ml/code"});
  // What an earlier attempt, or an earlier job, left.
  if (job.request.checkpoint_config)
    inputs.push_back({.channel = "checkpoints",
                      .s3_uri = WithSlash(*job.request.checkpoint_config->s3_uri),
                      .path = CheckpointPathOf(job.request),
                      .optional = true});
  return inputs;
}

std::vector<compute::File> FilesOf(const Job& job, int host) {
  std::vector<compute::File> files{
      {"/opt/ml/input/config/hyperparameters.json", HyperParametersFile(job)},
      {"/opt/ml/input/config/inputdataconfig.json", InputDataConfigFile(job)},
      {"/opt/ml/input/config/resourceconfig.json", jobs::ResourceConfigFile(HostGroupsOf(job.request), host)}};
  if (job.request.checkpoint_config) {
    std::string text;
    codec::JsonWriter(text).BeginObject().Key("LocalPath").String(CheckpointPathOf(job.request)).EndObject();
    files.push_back({"/opt/ml/input/config/checkpointconfig.json", std::move(text)});
  }
  return files;
}

}  // namespace

std::string ArtifactsUri(const Job& job) {
  return OutputPrefix(job.request) + (OutputsPacked(job.request) ? "/model.tar.gz" : "/model/");
}

std::string HyperParametersFile(const Job& job) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject();
  if (job.request.hyper_parameters)
    for (const auto& [name, value] : *job.request.hyper_parameters) json.Key(name).String(value);
  json.EndObject();
  return out;
}

std::string InputDataConfigFile(const Job& job) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject();
  if (job.request.input_data_config) {
    for (const auto& channel : *job.request.input_data_config) {
      const auto& source = *channel.data_source->s3_data_source;
      std::string mode = job.request.algorithm_specification->training_input_mode.value_or("File");
      json.Key(channel.channel_name.value_or("")).BeginObject();
      json.Key("TrainingInputMode").String(channel.input_mode.value_or(mode));
      json.Key("S3DistributionType").String(source.s3_data_distribution_type.value_or("FullyReplicated"));
      json.Key("RecordWrapperType").String(channel.record_wrapper_type.value_or("None"));
      if (channel.content_type) json.Key("ContentType").String(*channel.content_type);
      json.EndObject();
    }
  }
  json.EndObject();
  return out;
}

Result<std::vector<compute::TaskSpec>> PlanTasks(const Job& job, const compute::Runtime& runtime,
                                                 const PlanOptions& options) {
  compute::TaskSpec spec;
  compute::UseRuntime(runtime, spec);
  spec.command = CommandOf(job, runtime);
  if (!runtime.image.empty()) RunContainer(job, runtime, spec);
  // The platform's variables first: what the request says wins, as in a container.
  spec.variables = {{"AWS_REGION", job.scope.region.value()},
                    {"AWS_DEFAULT_REGION", job.scope.region.value()},
                    {"TRAINING_JOB_NAME", job.name},
                    {"TRAINING_JOB_ARN", JobArn(job.scope, job.name)}};
  if (job.request.environment)
    for (const auto& [name, value] : *job.request.environment) spec.variables[name] = value;
  spec.outputs = OutputsOf(job);
  spec.role_arn = job.request.role_arn.value_or("");
  spec.region = job.scope.region.value();
  spec.network = job.request.enable_network_isolation.value_or(false) ? compute::Network::kNone : options.network;
  spec.max_runtime = MaxRuntimeOf(job.request);
  spec.stop_grace = options.stop_grace;
  spec.pool = PoolOf(job.scope.account.value() + " " + job.scope.region.value(), job.request);
  spec.keep_room = KeepAliveOf(job.request);
  spec.interruptible = job.request.enable_managed_spot_training.value_or(false);

  std::vector<compute::TaskSpec> specs;
  jobs::HostGroups groups = HostGroupsOf(job.request);
  int count = jobs::CountHosts(groups);
  for (int host = 0; host < count; ++host) {
    const std::string& type = jobs::GroupOf(groups, host).instance_type;
    compute::TaskSpec one = spec;
    jobs::PlaceHost(one, Names().kind, job, host, count);
    ALOFT_ASSIGN(one.limits, jobs::LimitsOf(type, job.request.resource_config->volume_size_in_gb.value_or(0)));
    one.inputs = InputsOf(job, host);
    one.files = FilesOf(job, host);
    one.banner = {"Aloft runs " + ImageOf(job.request) + (runtime.image.empty() ? " in its " : " as the ") +
                  compute::NameOf(runtime) + "; instance type " + type +
                  (count > 1 ? ", " + one.host_name + " of " + std::to_string(count) : "") + "."};
    specs.push_back(std::move(one));
  }
  return specs;
}

}  // namespace aloft::training
