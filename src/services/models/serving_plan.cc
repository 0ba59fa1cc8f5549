#include "services/models/serving_plan.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "foundation/codec/json.h"
#include "services/batching/settings.h"
#include "services/models/errors.h"
#include "services/models/inputs.h"
#include "services/models/service.h"

namespace aloft::models {

namespace sagemaker = shapes::sagemaker;
using sagemaker::ContainerDefinition;

namespace {

constexpr char kDriverEnvironment[] = "python";  // where no container needs one of its own
constexpr char kPortVariable[] = "ALOFT_CONTAINER_PORT";
constexpr char kPingVariable[] = "ALOFT_CONTAINER_PING";
constexpr char kInvocationsVariable[] = "ALOFT_CONTAINER_INVOCATIONS";
constexpr char kPipelineFile[] = "/opt/ml/pipeline/pipeline.json";

Status CheckContainer(const ContainerDefinition& container, bool alone) {
  if (container.model_package_name) {
    return Fail(kNotBuilt, "NotImplemented: models of a model package are not built in this Aloft.");
  }
  if (!container.image || container.image->empty()) return Fail(kBadModel, "A container needs an Image.");
  if (container.model_data_url && container.model_data_source) {
    return Fail(kBadModel, "A container has either ModelDataUrl or ModelDataSource, not both.");
  }
  if (container.environment) {
    if (auto settings = batching::SettingsOf(*container.environment); !settings.ok()) {
      return Fail(kBadModel, settings.error().message);
    }
  }
  if (container.mode.value_or("SingleModel") != "MultiModel") return {};
  if (!alone)
    return Fail(kNotBuilt, "NotImplemented: a multi-model container beside others is not built in this Aloft.");
  std::string uri = DataOf(container).uri;
  if (!uri.ends_with('/')) {
    return Fail(kBadModel, "The ModelDataUrl of a multi-model container is a prefix in S3 that ends with /.");
  }
  return {};
}

Result<compute::Runtime> RuntimeOf(const ContainerDefinition& container, const compute::RuntimeTable& runtimes) {
  ALOFT_ASSIGN(compute::Runtime runtime, runtimes.Resolve(*container.image));
  if (runtime.serve.empty()) {
    return Fail(kBadModel, "The runtime " + runtime.name + " of the image " + *container.image + " serves no models.");
  }
  return runtime;
}

std::map<std::string, std::string> VariablesOf(const ContainerDefinition& container) {
  return container.environment ? *container.environment : std::map<std::string, std::string>();
}

// A container is started as SageMaker does, `<its entrypoint> serve`, and listens on port 8080. One whose port is named
// is a program that knows nothing of SageMaker: it is started as its image says.
Status PlanContainer(const compute::Runtime& runtime, ServingPlan& plan) {
  plan.image = runtime.image;
  plan.port = 8080;
  for (const char* variable : {kPingVariable, kInvocationsVariable}) {
    auto path = plan.variables.find(variable);
    if (path == plan.variables.end()) continue;
    const bool clean =
        std::all_of(path->second.begin(), path->second.end(), [](char c) { return c > ' ' && c < 0x7f; });
    if (!path->second.starts_with('/') || !clean)
      return Fail(kBadModel, std::string(variable) + " must be a path that begins with /: " + path->second);
  }
  auto named = plan.variables.find(kPortVariable);
  if (named == plan.variables.end()) return {};
  const std::string& text = named->second;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), plan.port);
  if (error != std::errc() || end != text.data() + text.size() || plan.port == 0)
    return Fail(kBadModel, std::string(kPortVariable) + " must be a port: " + text);
  plan.command.clear();
  return {};
}

Result<ServingPlan> PlanOne(const ContainerDefinition& container, const compute::Runtime& runtime, bool isolated) {
  ServingPlan plan;
  plan.environment = runtime.environment;
  plan.command = runtime.serve;
  plan.variables = VariablesOf(container);
  if (!runtime.image.empty()) {
    ALOFT_TRY(PlanContainer(runtime, plan));
  } else if (plan.variables.contains(kPingVariable) || plan.variables.contains(kInvocationsVariable)) {
    return Fail(kBadModel, std::string(kPingVariable) + " and " + kInvocationsVariable +
                               " are for container images of your own; " + runtime.name + " has the usual paths.");
  }
  if (container.mode.value_or("SingleModel") != "MultiModel") {
    plan.inputs = ModelInputs(container, "/opt/ml");
    return plan;
  }
  if (!runtime.multi_model) {
    return Fail(kNotBuilt, "NotImplemented: multi-model containers of the runtime " + runtime.name +
                               " are not built in this Aloft; those of Python runtimes are.");
  }
  if (isolated) return Fail(kNotBuilt, "NotImplemented: multi-model containers with network isolation are not built.");
  plan.multi_model = true;
  ContainerDefinition code_only = container;
  code_only.model_data_url.reset();
  code_only.model_data_source.reset();
  plan.inputs = ModelInputs(code_only, "/opt/ml");
  plan.variables["SAGEMAKER_MULTI_MODEL"] = "true";
  plan.variables["ALOFT_MULTI_MODEL_PREFIX"] = DataOf(container).uri;
  return plan;
}

// The environment that all containers can run in.
Result<std::string> CommonEnvironment(const std::vector<compute::Runtime>& row) {
  std::set<std::string> needed;
  std::string names;
  for (const compute::Runtime& runtime : row) {
    names += (names.empty() ? "" : ", ") + runtime.name;
    if (!runtime.environment.empty()) needed.insert(runtime.environment);
  }
  if (needed.empty()) return std::string(kDriverEnvironment);
  for (const compute::Runtime& runtime : row) {
    bool all = std::all_of(needed.begin(), needed.end(), [&](const std::string& environment) {
      return environment == runtime.environment ||
             std::find(runtime.includes.begin(), runtime.includes.end(), environment) != runtime.includes.end();
    });
    if (all) return runtime.environment;
  }
  return Fail(kNotBuilt, "NotImplemented: containers of the runtimes " + names +
                             " in one model are not built in this Aloft: no environment holds the packages of all.");
}

std::string Describe(const std::vector<ContainerDefinition>& containers, const std::vector<compute::Runtime>& row,
                     bool direct) {
  std::string text;
  codec::JsonWriter writer(text);
  writer.BeginObject().Key("mode").String(direct ? "Direct" : "Serial").Key("containers").BeginArray();
  for (std::size_t i = 0; i < containers.size(); ++i) {
    writer.BeginObject().Key("name").String(ContainerName(containers[i], i));
    writer.Key("base").String("/opt/ml/pipeline/" + std::to_string(i)).Key("command").BeginArray();
    for (const std::string& word : row[i].serve) writer.String(word);
    writer.EndArray().Key("variables").BeginObject();
    for (const auto& [name, value] : VariablesOf(containers[i])) writer.Key(name).String(value);
    writer.EndObject().EndObject();
  }
  writer.EndArray().EndObject();
  return text;
}

}  // namespace

ContainerPaths PathsOf(const sagemaker::CreateModelRequest& request) {
  ContainerPaths paths;
  auto containers = ServedContainers(request);
  if (!containers.ok() || containers->size() != 1) return paths;
  const std::map<std::string, std::string> variables = VariablesOf(containers->front());
  if (auto found = variables.find(kPingVariable); found != variables.end()) paths.ping = found->second;
  if (auto found = variables.find(kInvocationsVariable); found != variables.end()) paths.invocations = found->second;
  return paths;
}

bool IsMultiModel(const sagemaker::CreateModelRequest& request) {
  auto containers = ServedContainers(request);
  return containers.ok() && containers->front().mode.value_or("SingleModel") == "MultiModel";
}

bool IsDirect(const sagemaker::CreateModelRequest& request) {
  return request.containers && request.containers->size() > 1 && request.inference_execution_config &&
         request.inference_execution_config->mode.value_or("Serial") == "Direct";
}

std::string ContainerName(const ContainerDefinition& container, std::size_t index) {
  return container.container_hostname.value_or("container-" + std::to_string(index + 1));
}

Result<std::vector<ContainerDefinition>> ServedContainers(const sagemaker::CreateModelRequest& request) {
  bool has_list = request.containers && !request.containers->empty();
  if (request.primary_container && has_list) {
    return Fail(kBadModel, "A model has either PrimaryContainer or Containers, not both.");
  }
  if (!request.primary_container && !has_list) {
    return Fail(kBadModel, "A model needs PrimaryContainer or Containers.");
  }
  std::vector<ContainerDefinition> containers;
  if (has_list) {
    containers = *request.containers;
  } else {
    containers.push_back(*request.primary_container);
  }
  if (containers.size() > kMaxContainers) return Fail(kBadModel, "A model has at most 15 containers.");
  std::set<std::string> names;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    ALOFT_TRY(CheckContainer(containers[i], containers.size() == 1));
    if (!names.insert(ContainerName(containers[i], i)).second) {
      return Fail(kBadModel, "Two containers have the name " + ContainerName(containers[i], i) + ".");
    }
    if (IsDirect(request) && !containers[i].container_hostname) {
      return Fail(kBadModel, "In Direct mode every container needs a ContainerHostname.");
    }
  }
  return containers;
}

Result<ServingPlan> PlanServing(const sagemaker::CreateModelRequest& request, const compute::RuntimeTable& runtimes) {
  ALOFT_ASSIGN(std::vector<ContainerDefinition> containers, ServedContainers(request));
  std::vector<compute::Runtime> row;
  for (const ContainerDefinition& container : containers) {
    ALOFT_ASSIGN(compute::Runtime runtime, RuntimeOf(container, runtimes));
    row.push_back(std::move(runtime));
  }
  if (containers.size() == 1) {
    return PlanOne(containers[0], row[0], request.enable_network_isolation.value_or(false));
  }
  for (const compute::Runtime& runtime : row)
    if (!runtime.image.empty())
      return Fail(kNotBuilt, "NotImplemented: inference pipelines of container images are not built in this Aloft.");
  ServingPlan plan;
  ALOFT_ASSIGN(plan.environment, CommonEnvironment(row));
  plan.command = {"python", "-m", "aloft_runtime.pipeline"};
  plan.files.push_back({kPipelineFile, Describe(containers, row, IsDirect(request))});
  for (std::size_t i = 0; i < containers.size(); ++i) {
    for (compute::Input& input : ModelInputs(containers[i], "/opt/ml/pipeline/" + std::to_string(i))) {
      input.channel += "-" + ContainerName(containers[i], i);
      plan.inputs.push_back(std::move(input));
    }
  }
  return plan;
}

}  // namespace aloft::models
