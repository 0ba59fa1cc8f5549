#include "services/training/plan.h"

#include "foundation/codec/json.h"
#include "services/training/request.h"

namespace aloft::training {
namespace {

constexpr char kHost[] = "algo-1";
constexpr char kGroup[] = "homogeneousCluster";
constexpr char kNetworkInterface[] = "eth0";

std::string InstanceType(const Job& job) {
  return job.request.resource_config->instance_type.value_or("");
}

std::vector<std::string> CommandOf(const Job& job, const compute::Runtime& runtime) {
  const auto& algorithm = *job.request.algorithm_specification;
  std::vector<std::string> command = algorithm.container_entrypoint.value_or(std::vector<std::string>{});
  if (command.empty()) command = runtime.train;
  for (const std::string& argument : algorithm.container_arguments.value_or(std::vector<std::string>{}))
    command.push_back(argument);
  return command;
}

std::vector<compute::Output> OutputsOf(const Job& job) {
  std::string prefix = OutputPrefix(job.request);
  bool packed = OutputsPacked(job.request);
  compute::Output model{"/opt/ml/model", ArtifactsUri(job), packed, true, false};
  compute::Output data{"/opt/ml/output/data", prefix + (packed ? "/output.tar.gz" : "/data/"), packed, false, true};
  return {model, data};
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

std::string ResourceConfigFile(const Job& job) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject();
  json.Key("current_host").String(kHost);
  json.Key("hosts").BeginArray().String(kHost).EndArray();
  json.Key("network_interface_name").String(kNetworkInterface);
  json.Key("current_instance_type").String(InstanceType(job));
  json.Key("current_group_name").String(kGroup);
  json.Key("instance_groups").BeginArray().BeginObject();
  json.Key("instance_group_name").String(kGroup);
  json.Key("instance_type").String(InstanceType(job));
  json.Key("hosts").BeginArray().String(kHost).EndArray();
  json.EndObject().EndArray().EndObject();
  return out;
}

compute::TaskSpec PlanTask(const Job& job, const compute::Runtime& runtime, const compute::Limits& limits,
                           const PlanOptions& options) {
  compute::TaskSpec spec;
  spec.id = compute::TaskId(TaskIdOf(job));
  spec.environment = runtime.environment;
  spec.command = CommandOf(job, runtime);
  // The platform's variables first: what the request says wins, as in a container.
  spec.variables = {{"AWS_REGION", job.scope.region.value()},
                    {"AWS_DEFAULT_REGION", job.scope.region.value()},
                    {"TRAINING_JOB_NAME", job.name},
                    {"TRAINING_JOB_ARN", JobArn(job.scope, job.name)}};
  if (job.request.environment)
    for (const auto& [name, value] : *job.request.environment) spec.variables[name] = value;
  spec.files = {{"/opt/ml/input/config/hyperparameters.json", HyperParametersFile(job)},
                {"/opt/ml/input/config/inputdataconfig.json", InputDataConfigFile(job)},
                {"/opt/ml/input/config/resourceconfig.json", ResourceConfigFile(job)}};
  for (const InputChannel& channel : ChannelsOf(job.request))
    spec.inputs.push_back(
        {channel.name, channel.uri, compute::Input::Kind::kPrefix, "/opt/ml/input/data/" + channel.name});
  // Script mode. A path instead of an URI is a file of the channel "code" (network isolation): the launcher unpacks it.
  std::string source = PlainHyperParameter(job.request, "sagemaker_submit_directory");
  if (source.starts_with("s3://"))
    spec.inputs.push_back({"sagemaker_submit_directory", source, compute::Input::Kind::kArchive, "/opt/ml/code"});
  spec.outputs = OutputsOf(job);
  spec.role_arn = job.request.role_arn.value_or("");
  spec.region = job.scope.region.value();
  spec.limits = limits;
  spec.network = job.request.enable_network_isolation.value_or(false) ? compute::Network::kNone : options.network;
  spec.host_name = kHost;
  spec.max_runtime = MaxRuntimeOf(job.request);
  spec.stop_grace = options.stop_grace;
  spec.banner = {"Aloft runs " + ImageOf(job.request) + " in its environment \"" + runtime.environment +
                 "\"; instance type " + InstanceType(job) + "."};
  return spec;
}

}  // namespace aloft::training
