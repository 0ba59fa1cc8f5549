#include "services/transform/plan.h"

#include <charconv>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "foundation/shapes/json.h"
#include "platform/compute/instance_types.h"
#include "services/models/serving_plan.h"
#include "services/transform/errors.h"

namespace aloft::transform {
namespace {

constexpr char kConfigPath[] = "/opt/ml/input/config/transform.json";
constexpr char kDriverEnvironment[] = "python";  // where the model's server needs none of its own

bool ParseNumber(std::string_view text, int& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// The variables of SageMaker's contract for batch transform, of which only those are set that the user has set.
void SetVariables(const Job& job, compute::TaskSpec& spec) {
  if (job.request.environment) {
    for (const auto& [name, value] : *job.request.environment) spec.variables[name] = value;
  }
  spec.variables["SAGEMAKER_BATCH"] = "true";
  if (job.request.max_payload_in_mb) {
    spec.variables["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = std::to_string(*job.request.max_payload_in_mb);
  }
  if (job.request.batch_strategy) {
    spec.variables["SAGEMAKER_BATCH_STRATEGY"] =
        *job.request.batch_strategy == "SingleRecord" ? "SINGLE_RECORD" : "MULTI_RECORD";
  }
  if (job.request.max_concurrent_transforms) {
    std::string count = std::to_string(*job.request.max_concurrent_transforms);
    spec.variables["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = count;
    spec.variables.emplace("SAGEMAKER_MODEL_SERVER_WORKERS", count);
  }
  spec.variables.emplace("PYTHONUNBUFFERED", "1");
  spec.variables.emplace("ALOFT_NATIVE", "off");  // a job is over before the comparison would pay
}

}  // namespace

compute::TaskId TaskIdOf(const Scope& scope, const Job& job, int instance, int attempt) {
  return compute::TaskId("transform." + scope.account.value() + "." + scope.region.value() + "." + job.name + "." +
                         std::to_string(instance) + "." + std::to_string(attempt));
}

std::optional<TaskName> ParseTaskId(const compute::TaskId& id) {
  std::vector<std::string_view> parts = Split(id.value(), '.');
  if (parts.size() != 6 || parts[0] != "transform") return std::nullopt;
  TaskName name;
  name.scope = {AccountId(parts[1]), Region(parts[2])};
  name.job = parts[3];
  if (!ParseNumber(parts[4], name.instance) || !ParseNumber(parts[5], name.attempt)) return std::nullopt;
  return name;
}

std::string LogStreamOf(const std::string& job, const compute::TaskId& task) {
  return job + "/i-" + crypto::Sha256Hex(task.value()).substr(0, 17);
}

Result<compute::TaskSpec> SpecOf(const Scope& scope, const Job& job, int instance,
                                 const compute::RuntimeTable& runtimes) {
  ALOFT_ASSIGN(models::ServingPlan plan, models::PlanServing(job.model, runtimes));
  if (plan.multi_model) return Fail(kBadJob, "A transform job needs a model of its own, no multi-model container.");
  compute::TaskSpec spec;
  spec.id = TaskIdOf(scope, job, instance, job.attempt);
  spec.environment = plan.environment.empty() ? kDriverEnvironment : plan.environment;
  spec.command = {"python",
                  "-m",
                  "aloft_runtime.transform",
                  "--job",
                  kConfigPath,
                  "--index",
                  std::to_string(instance),
                  "--count",
                  std::to_string(job.instances()),
                  "--"};
  spec.command.insert(spec.command.end(), plan.command.begin(), plan.command.end());
  spec.variables = std::move(plan.variables);
  spec.files = std::move(plan.files);
  spec.inputs = std::move(plan.inputs);
  SetVariables(job, spec);
  spec.files.push_back({kConfigPath, shapes::ToJsonText(job.request)});
  spec.role_arn = job.model.execution_role_arn.value_or("");
  spec.region = scope.region.value();
  spec.host_name = "model";
  spec.stop_grace = std::chrono::seconds(30);
  if (job.model.enable_network_isolation.value_or(false)) spec.network = compute::Network::kNone;
  compute::Input data;
  data.channel = "data";
  data.s3_uri = job.request.transform_input->data_source->s3_data_source->s3_uri.value_or("");
  data.path = "/opt/ml/input/data";
  spec.inputs.push_back(std::move(data));
  std::string place = job.request.transform_output->s3_output_path.value_or("");
  if (!place.ends_with('/')) place += '/';
  spec.outputs.push_back({"/opt/ml/output/data", place, false, false, false});
  Result<compute::Limits> limits = compute::LimitsOf(job.request.transform_resources->instance_type.value_or(""));
  if (!limits.ok()) return Fail(kBadJob, limits.error().message, limits.error().detail);
  spec.limits = *limits;
  return spec;
}

}  // namespace aloft::transform
