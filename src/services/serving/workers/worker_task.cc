#include "services/serving/workers/worker_task.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "platform/compute/instance_types.h"
#include "services/models/serving_plan.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/errors.h"

namespace aloft::serving {
namespace {

bool ParseNumber(std::string_view text, int& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

compute::TaskId TaskIdOf(const WorkerName& name) {
  return compute::TaskId(std::string(kTaskPrefix) + name.scope.account.value() + "." + name.scope.region.value() + "." +
                         name.endpoint + "." + std::to_string(name.generation) + "." + name.variant + "." +
                         std::to_string(name.instance) + "." + std::to_string(name.attempt));
}

std::optional<WorkerName> ParseTaskId(const compute::TaskId& id) {
  std::vector<std::string_view> parts = Split(id.value(), '.');
  if (parts.size() != 8 || parts[0] != "serving") return std::nullopt;
  WorkerName name;
  name.scope = {AccountId(parts[1]), Region(parts[2])};
  name.endpoint = parts[3];
  name.variant = parts[5];
  if (!ParseNumber(parts[4], name.generation) || !ParseNumber(parts[6], name.instance) ||
      !ParseNumber(parts[7], name.attempt)) {
    return std::nullopt;
  }
  return name;
}

std::string LogGroupOf(const WorkerName& name) {
  return LogGroupNameOf(name.endpoint);
}

std::string LogStreamOf(const WorkerName& name) {
  return name.variant + "/i-" + crypto::Sha256Hex(TaskIdOf(name).value()).substr(0, 17);
}

std::string LogStreamArn(const WorkerName& name) {
  return "arn:aws:logs:" + name.scope.region.value() + ":" + name.scope.account.value() +
         ":log-group:" + LogGroupOf(name) + ":log-stream:" + LogStreamOf(name);
}

Result<compute::TaskSpec> SpecOf(const WorkerName& name, const Variant& variant,
                                 const compute::RuntimeTable& runtimes) {
  ALOFT_ASSIGN(models::ServingPlan plan, models::PlanServing(variant.model, runtimes));
  compute::TaskSpec spec;
  spec.id = TaskIdOf(name);
  spec.environment = std::move(plan.environment);
  spec.image = std::move(plan.image);
  spec.port = plan.port;
  spec.command = std::move(plan.command);
  spec.variables = std::move(plan.variables);
  spec.files = std::move(plan.files);
  spec.inputs = std::move(plan.inputs);
  spec.variables.emplace("PYTHONUNBUFFERED", "1");
  // A model's own code may use ONNX Runtime, which else reports to its maker what it loads; the owner may wish that.
  spec.variables.emplace("ORT_DISABLE_TELEMETRY", "1");
  spec.role_arn = variant.model.execution_role_arn.value_or("");
  spec.region = name.scope.region.value();
  spec.host_name = "model";
  spec.stop_grace = std::chrono::seconds(30);
  if (variant.model.enable_network_isolation.value_or(false)) spec.network = compute::Network::kNone;
  std::uint64_t volume = static_cast<std::uint64_t>(variant.plan.volume_size_in_gb.value_or(0)) << 30;
  if (variant.plan.serverless_config) {
    // As much processor as AWS gives with the memory: about one per 1,769 MiB.
    std::uint64_t megabytes =
        static_cast<std::uint64_t>(variant.plan.serverless_config->memory_size_in_mb.value_or(1024));
    spec.limits.memory_bytes = megabytes << 20;
    spec.limits.vcpus = std::max(0.5, static_cast<double>(megabytes) / 1769.0);
    spec.variables.emplace("ALOFT_WORKER_MEMORY", std::to_string(spec.limits.memory_bytes));
    return spec;
  }
  Result<compute::Limits> limits = compute::LimitsOf(variant.plan.instance_type.value_or("ml.m5.large"), volume);
  if (!limits.ok()) return Fail(kBadEndpointConfig, limits.error().message, limits.error().detail);
  spec.limits = *limits;
  if (variant.resources) {
    const auto& wanted = *variant.resources;
    spec.limits.vcpus = wanted.number_of_cpu_cores_required.value_or(1);
    spec.limits.gpus = static_cast<int>(std::ceil(wanted.number_of_accelerator_devices_required.value_or(0)));
    const int megabytes = wanted.max_memory_required_in_mb.value_or(wanted.min_memory_required_in_mb.value_or(1024));
    spec.limits.memory_bytes = static_cast<std::uint64_t>(megabytes) << 20;
  }
  // What a model needs at least is compared with it before it is loaded.
  spec.variables.emplace("ALOFT_WORKER_MEMORY", std::to_string(spec.limits.memory_bytes));
  return spec;
}

}  // namespace aloft::serving
