#include "services/serving/component.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "platform/compute/instance_types.h"
#include "services/serving/deployment.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/errors.h"
#include "services/serving/endpoints/rollout.h"
#include "services/serving/workers/worker_task.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;
using sagemaker::InferenceComponentSpecification;

namespace {

// A component's copies as what they take of one instance.
struct Load {
  std::string component;
  double memory = 0, vcpus = 0;
  int gpus = 0;
};

struct Room {
  double memory = 0, vcpus = 0;
  int gpus = 0;
  bool Fits(const Load& load) const { return load.memory <= memory && load.vcpus <= vcpus + 1e-9 && load.gpus <= gpus; }
  void Take(const Load& load) {
    memory -= load.memory;
    vcpus -= load.vcpus;
    gpus -= load.gpus;
  }
};

// The newest wish: what `next` brings up counts, not what it replaces.
const Deployment* Newest(const Endpoint& component) {
  return component.next ? &*component.next : component.current ? &*component.current : nullptr;
}

void AddLoads(const Endpoint& component, std::vector<Load>& loads) {
  const Deployment* deployment = Newest(component);
  if (deployment == nullptr || component.status == EndpointStatus::kDeleting) return;
  const Variant& variant = deployment->variants.front();
  if (!variant.resources) return;
  Load load;
  load.component = ComponentOf(component.name);
  load.memory = static_cast<double>(variant.resources->min_memory_required_in_mb.value_or(0)) * (1 << 20);
  load.vcpus = variant.resources->number_of_cpu_cores_required.value_or(0);
  load.gpus = static_cast<int>(std::ceil(variant.resources->number_of_accelerator_devices_required.value_or(0)));
  // The room of one that sleeps stays its own: the next request wakes it.
  loads.insert(loads.end(), static_cast<std::size_t>(std::max(1, variant.instances())), load);
}

Status CheckVariantRoom(const Variant& host, std::vector<Load> loads) {
  ALOFT_ASSIGN(compute::Limits size, compute::LimitsOf(host.plan.instance_type.value_or("")));
  std::vector<Room> rooms(static_cast<std::size_t>(std::max(1, host.instances())),
                          Room{static_cast<double>(size.memory_bytes), size.vcpus, size.gpus});
  std::stable_sort(loads.begin(), loads.end(), [](const Load& a, const Load& b) { return a.memory > b.memory; });
  for (const Load& load : loads) {
    auto room = std::find_if(rooms.begin(), rooms.end(), [&](const Room& one) { return one.Fits(load); });
    if (room != rooms.end()) {
      room->Take(load);
      continue;
    }
    return Fail(
        kNoRoom,
        fmt::format("Not enough hardware resources: {} instance{} of {} ({} vCPUs, {:.0f} MiB, {} GPUs each) of "
                    "the variant {} have no room for all copies; one of {} asks for {:g} vCPUs, {:.0f} MiB, {} "
                    "GPUs and finds none.",
                    rooms.size(), rooms.size() == 1 ? "" : "s", host.plan.instance_type.value_or(""), size.vcpus,
                    static_cast<double>(size.memory_bytes) / (1 << 20), size.gpus, host.name(), load.component,
                    load.vcpus, load.memory / (1 << 20), load.gpus));
  }
  return {};
}

}  // namespace

bool IsHost(const Deployment& deployment) {
  return !deployment.variants.empty() && deployment.variants.front().is_host();
}

Result<const Variant*> HostVariant(const Deployment& host, const std::string& name) {
  for (const Variant& variant : host.variants)
    if (variant.name() == name && variant.is_host()) return &variant;
  return Fail(kNoSuchVariant, "The endpoint has no production variant named " + name + " for inference components.");
}

Status CheckCopies(int copies) {
  if (copies >= 0 && copies <= kMaxInstances) return {};
  return Fail(kBadComponent, "CopyCount must be between 0 and " + std::to_string(kMaxInstances) + ".");
}

Status CheckSpecification(const InferenceComponentSpecification& specification) {
  if (specification.base_inference_component_name) return NotBuilt("BaseInferenceComponentName (adapters)");
  if (specification.data_cache_config) return NotBuilt("DataCacheConfig");
  if (specification.scheduling_config) return NotBuilt("SchedulingConfig");
  if (specification.instance_type) return NotBuilt("InstanceType of a component's specification");
  if (specification.model_name.has_value() == specification.container.has_value()) {
    return Fail(kBadComponent, "A Specification has either ModelName or Container.");
  }
  if (!specification.compute_resource_requirements) {
    return Fail(kBadComponent, "A Specification needs ComputeResourceRequirements.");
  }
  const auto& resources = *specification.compute_resource_requirements;
  if (resources.accelerator_partition_type) return NotBuilt("AcceleratorPartitionType");
  if (resources.max_memory_required_in_mb &&
      *resources.max_memory_required_in_mb < resources.min_memory_required_in_mb.value_or(0)) {
    return Fail(kBadComponent, "MaxMemoryRequiredInMb must not be less than MinMemoryRequiredInMb.");
  }
  return {};
}

sagemaker::CreateModelRequest ModelOf(const InferenceComponentSpecification& specification, const std::string& role) {
  sagemaker::CreateModelRequest model;
  if (!role.empty()) model.execution_role_arn = role;
  sagemaker::ContainerDefinition& container = model.primary_container.emplace();
  container.image = specification.container->image;
  container.model_data_url = specification.container->artifact_url;
  container.environment = specification.container->environment;
  return model;
}

Result<Deployment> CopiesOf(const Variant& host, const InferenceComponentSpecification& specification,
                            sagemaker::CreateModelRequest model, int copies, int generation, Time now) {
  ALOFT_TRY(CheckCopies(copies));
  ALOFT_ASSIGN(compute::Limits size, compute::LimitsOf(host.plan.instance_type.value_or("")));
  Deployment deployment;
  deployment.generation = generation;
  deployment.started = now;
  deployment.component = specification;
  Variant& variant = deployment.variants.emplace_back();
  variant.plan.variant_name = host.name();
  variant.plan.model_name = specification.model_name;
  variant.plan.instance_type = host.plan.instance_type;
  variant.plan.initial_instance_count = copies;
  if (specification.startup_parameters) {
    variant.plan.container_startup_health_check_timeout_in_seconds =
        specification.startup_parameters->container_startup_health_check_timeout_in_seconds;
  }
  variant.model = std::move(model);
  variant.resources = specification.compute_resource_requirements;
  // Who asks for no processors gets as many as its part of the memory.
  if (!variant.resources->number_of_cpu_cores_required) {
    double part = static_cast<double>(variant.resources->min_memory_required_in_mb.value_or(0)) * (1 << 20) /
                  static_cast<double>(size.memory_bytes);
    variant.resources->number_of_cpu_cores_required = static_cast<float>(std::clamp(part, 0.0, 1.0) * size.vcpus);
  }
  FitSlots(deployment);
  return deployment;
}

Status CheckRoom(const Deployment& host, std::span<const Endpoint> components) {
  for (const Endpoint& component : components) {
    if (component.status != EndpointStatus::kDeleting) ALOFT_TRY(HostVariant(host, component.host_variant));
  }
  for (const Variant& variant : host.variants) {
    std::vector<Load> loads;
    for (const Endpoint& component : components) {
      if (component.host_variant == variant.name()) AddLoads(component, loads);
    }
    ALOFT_TRY(CheckVariantRoom(variant, std::move(loads)));
  }
  return {};
}

sagemaker::DescribeInferenceComponentOutput DescribeComponent(const Scope& scope, const Endpoint& component,
                                                              int answering, const compute::RuntimeTable& runtimes) {
  sagemaker::DescribeInferenceComponentOutput out;
  out.inference_component_name = ComponentOf(component.name);
  out.inference_component_arn = EndpointArn(scope, component.name);
  out.endpoint_name = component.host;
  out.endpoint_arn = EndpointArn(scope, component.host);
  out.variant_name = component.host_variant;
  out.creation_time = component.created;
  out.last_modified_time = component.modified;
  out.inference_component_status = std::string(ToString(component.status));
  if (!component.failure.empty()) out.failure_reason = component.failure;
  // What answers; while nothing does, what is brought up, or was wished last.
  const Deployment* shown = component.current ? &*component.current : Newest(component);
  const auto& specification = shown != nullptr ? shown->component : component.component;
  if (specification) {
    auto& summary = out.specification.emplace();
    summary.model_name = specification->model_name;
    summary.startup_parameters = specification->startup_parameters;
    summary.compute_resource_requirements = specification->compute_resource_requirements;
    if (specification->container) {
      auto& container = summary.container.emplace();
      container.artifact_url = specification->container->artifact_url;
      container.environment = specification->container->environment;
      auto& image = container.deployed_image.emplace();
      image.specified_image = specification->container->image;
      if (auto runtime = runtimes.Resolve(specification->container->image.value_or("")); runtime.ok()) {
        image.resolved_image = runtime->image.empty() ? "aloft-runtime/" + runtime->name : "sha256:" + runtime->image;
      }
      image.resolution_time = component.created;
    }
  }
  auto& copies = out.runtime_config.emplace();
  copies.current_copy_count = answering;
  if (const Deployment* newest = Newest(component)) copies.desired_copy_count = newest->variants.front().instances();
  return out;
}

}  // namespace aloft::serving
