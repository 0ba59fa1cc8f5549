#include "services/processing/plan.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/jobs/admission.h"
#include "services/jobs/hosts.h"
#include "services/processing/kind.h"
#include "services/processing/request.h"

namespace aloft::processing {
namespace {

compute::Input InputOf(const shapes::sagemaker::ProcessingInput& input, int host, int hosts) {
  const auto& source = *input.s3_input;
  compute::Input planned;
  planned.channel = input.input_name.value_or("");
  planned.s3_uri = source.s3_uri.value_or("");
  planned.path = source.local_path.value_or("");
  if (source.s3_data_type.value_or("") == "ManifestFile") planned.kind = compute::Input::Kind::kManifest;
  planned.pipe = source.s3_input_mode.value_or("File") == "Pipe";
  planned.gzip = source.s3_compression_type.value_or("None") == "Gzip";
  if (source.s3_data_distribution_type.value_or("") == "ShardedByS3Key") planned.shard = host, planned.shards = hosts;
  return planned;
}

compute::Output OutputOf(const shapes::sagemaker::ProcessingOutput& output) {
  compute::Output planned;
  planned.path = output.s3_output->local_path.value_or("");
  planned.s3_uri = output.s3_output->s3_uri.value_or("");
  planned.archive = false;
  planned.continuous = output.s3_output->s3_upload_mode.value_or("") == "Continuous";
  return planned;
}

// A container's own entrypoint may do; arguments alone go to it.
void RunContainer(const CreateRequest& request, compute::TaskSpec& spec) {
  const auto& said = *request.app_specification;
  spec.entrypoint = said.container_entrypoint.value_or(std::vector<std::string>{});
  spec.command = said.container_arguments.value_or(std::vector<std::string>{});
}

std::vector<std::string> CommandOf(const CreateRequest& request) {
  std::vector<std::string> command =
      request.app_specification->container_entrypoint.value_or(std::vector<std::string>{});
  for (const std::string& argument :
       request.app_specification->container_arguments.value_or(std::vector<std::string>{}))
    command.push_back(argument);
  return command;
}

}  // namespace

std::string JobConfigFile(const Job& job) {
  auto parsed = codec::ParseJson(shapes::ToJsonText(job.request));
  boost::json::object members;
  if (parsed.ok() && parsed->is_object()) members = parsed->as_object();
  members.erase("Tags");
  members["ProcessingJobArn"] = JobArn(job.scope, job.name);
  return codec::WriteJson(members);
}

Result<std::vector<compute::TaskSpec>> PlanTasks(const Job& job, const compute::Runtime& runtime,
                                                 const PlanOptions& options) {
  const CreateRequest& request = job.request;
  const auto& cluster = *request.processing_resources->cluster_config;
  std::string type = cluster.instance_type.value_or("");
  jobs::HostGroups hosts{{jobs::kHomogeneous, type, cluster.instance_count.value_or(1)}};
  ALOFT_ASSIGN(compute::Limits limits, jobs::LimitsOf(type, cluster.volume_size_in_gb.value_or(0)));

  compute::TaskSpec spec;
  compute::UseRuntime(runtime, spec);
  spec.command = CommandOf(request);
  if (!runtime.image.empty()) RunContainer(request, spec);
  spec.working_directory = kRoot;
  // The platform's variables first: what the request says wins, as in a container.
  spec.variables = {{"AWS_REGION", job.scope.region.value()},
                    {"AWS_DEFAULT_REGION", job.scope.region.value()},
                    {"PROCESSING_JOB_NAME", job.name},
                    {"PROCESSING_JOB_ARN", JobArn(job.scope, job.name)}};
  if (runtime.image.empty()) {
    // The environment is read-only: what the code installs with pip goes where it is found.
    spec.variables["PIP_TARGET"] = "/tmp/site-packages";
    spec.variables["PYTHONPATH"] = std::string(compute::kRuntimeDirectory) + ":/tmp/site-packages";
  }
  for (const auto& [name, value] : request.environment.value_or(std::map<std::string, std::string>{}))
    spec.variables[name] = value;
  for (const auto& output : StoredOutputs(request)) spec.outputs.push_back(OutputOf(output));
  spec.role_arn = request.role_arn.value_or("");
  spec.region = job.scope.region.value();
  spec.limits = limits;
  bool isolated = request.network_config && request.network_config->enable_network_isolation.value_or(false);
  spec.network = isolated ? compute::Network::kNone : options.network;
  spec.max_runtime = MaxRuntimeOf(request);
  spec.stop_grace = options.stop_grace;
  spec.banner = {"Aloft runs " + request.app_specification->image_uri.value_or("") +
                 (runtime.image.empty() ? " in its " : " as the ") + compute::NameOf(runtime) + "; instance type " +
                 type + "."};

  std::vector<compute::TaskSpec> specs;
  int count = jobs::CountHosts(hosts);
  for (int host = 0; host < count; ++host) {
    compute::TaskSpec one = spec;
    jobs::PlaceHost(one, Names().kind, job, host, count);
    for (const auto& input : StagedInputs(request)) one.inputs.push_back(InputOf(input, host, count));
    one.files = {{"/opt/ml/config/processingjobconfig.json", JobConfigFile(job)},
                 {"/opt/ml/config/resourceconfig.json", jobs::ResourceConfigFile(hosts, host)}};
    specs.push_back(std::move(one));
  }
  return specs;
}

}  // namespace aloft::processing
