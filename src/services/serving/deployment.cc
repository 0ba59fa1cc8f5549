#include "services/serving/deployment.h"

#include <set>

#include "platform/compute/instance_types.h"
#include "services/resources/arn.h"
#include "services/serving/errors.h"
#include "services/serving/records.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;

namespace {

constexpr int kMaxInstances = 64;  // of one variant

Error NotBuilt(std::string_view what) {
  return Fail(kNotBuilt, "NotImplemented: " + std::string(what) + " is not built in this Aloft.");
}

Status CheckVariant(const sagemaker::ProductionVariant& variant) {
  if (variant.serverless_config) return NotBuilt("ServerlessConfig");
  if (variant.managed_instance_scaling) return NotBuilt("ManagedInstanceScaling");
  if (variant.instance_pools) return NotBuilt("InstancePools");
  if (variant.accelerator_type) return NotBuilt("AcceleratorType");
  if (variant.core_dump_config) return NotBuilt("CoreDumpConfig");
  if (!variant.model_name) return NotBuilt("a variant without ModelName (inference components)");
  if (!variant.instance_type) return Fail(kBadEndpointConfig, "A production variant needs an InstanceType.");
  Result<compute::Limits> limits = compute::LimitsOf(*variant.instance_type);
  if (!limits.ok()) return Fail(kBadEndpointConfig, limits.error().message, limits.error().detail);
  int instances = variant.initial_instance_count.value_or(1);
  if (instances < 1 || instances > kMaxInstances) {
    return Fail(kBadEndpointConfig,
                "InitialInstanceCount must be between 1 and " + std::to_string(kMaxInstances) + ".");
  }
  return {};
}

sagemaker::ProductionVariantSummary Summarize(const Variant& variant, const Version* published, Time deployed,
                                              const compute::RuntimeTable& runtimes) {
  sagemaker::ProductionVariantSummary summary;
  summary.variant_name = variant.name();
  summary.current_weight = summary.desired_weight = static_cast<float>(variant.weight());
  summary.desired_instance_count = variant.instances();
  int answering = 0;
  if (published != nullptr) {
    for (const RoutedVariant& routed : published->variants) {
      if (routed.name == variant.name()) answering = static_cast<int>(routed.workers.size());
    }
  }
  summary.current_instance_count = answering;
  summary.managed_instance_scaling = variant.plan.managed_instance_scaling;
  summary.routing_config = variant.plan.routing_config;
  if (auto container = models::ServedContainer(variant.model); container.ok()) {
    sagemaker::DeployedImage image;
    image.specified_image = container->image;
    // What stands in for the image, by its true name.
    if (auto runtime = runtimes.Resolve(*container->image); runtime.ok()) {
      image.resolved_image = "aloft-runtime/" + runtime->name;
    }
    image.resolution_time = deployed;
    summary.deployed_images = {std::move(image)};
  }
  return summary;
}

}  // namespace

Status CheckConfig(const sagemaker::CreateEndpointConfigRequest& request) {
  if (request.async_inference_config) return NotBuilt("AsyncInferenceConfig");
  if (request.data_capture_config && request.data_capture_config->enable_capture.value_or(false)) {
    return NotBuilt("DataCaptureConfig");
  }
  if (request.shadow_production_variants && !request.shadow_production_variants->empty()) {
    return NotBuilt("ShadowProductionVariants");
  }
  if (request.explainer_config) return NotBuilt("ExplainerConfig");
  if (request.kms_key_id) return NotBuilt("KmsKeyId of an endpoint configuration");
  std::set<std::string> names;
  if (!request.production_variants || request.production_variants->empty()) {
    return Fail(kBadEndpointConfig, "An endpoint configuration needs at least one production variant.");
  }
  double weight = 0;
  for (const sagemaker::ProductionVariant& variant : *request.production_variants) {
    ALOFT_TRY(CheckVariant(variant));
    weight += variant.initial_variant_weight.value_or(1);
    if (!names.insert(variant.variant_name.value_or("")).second) {
      return Fail(kBadEndpointConfig, "Two production variants have the name " + *variant.variant_name + ".");
    }
  }
  if (weight <= 0) return Fail(kBadEndpointConfig, "The weights of the production variants must not all be 0.");
  return {};
}

Status CheckDeploymentConfig(const std::optional<sagemaker::DeploymentConfig>& config) {
  if (!config) return {};
  // All at once is what an update does here; everything else would be silently ignored.
  if (config->rolling_update_policy) return NotBuilt("DeploymentConfig.RollingUpdatePolicy");
  if (config->auto_rollback_configuration) return NotBuilt("DeploymentConfig.AutoRollbackConfiguration");
  if (config->blue_green_update_policy && config->blue_green_update_policy->traffic_routing_configuration &&
      config->blue_green_update_policy->traffic_routing_configuration->type.value_or("ALL_AT_ONCE") != "ALL_AT_ONCE") {
    return NotBuilt("DeploymentConfig with CANARY or LINEAR traffic routing");
  }
  return {};
}

Result<Deployment> MakeDeployment(sql::Database& database, const models::Service& models, const Scope& scope,
                                  const std::string& config_name, int generation, Time now) {
  ALOFT_ASSIGN(EndpointConfig config,
               database.Read([&](sql::Reader& reader) { return LoadConfig(reader, scope, config_name); }));
  Deployment deployment;
  deployment.generation = generation;
  deployment.config = config_name;
  deployment.started = now;
  for (const sagemaker::ProductionVariant& plan : *config.request.production_variants) {
    ALOFT_ASSIGN(models::Model model, models.Find(scope, plan.model_name.value_or("")));
    deployment.variants.push_back({plan, std::move(model.request)});
  }
  for (std::size_t i = 0; i < deployment.variants.size(); ++i) {
    for (int instance = 0; instance < deployment.variants[i].instances(); ++instance) {
      Slot slot;
      slot.variant = static_cast<int>(i);
      slot.instance = instance;
      deployment.slots.push_back(slot);
    }
  }
  return deployment;
}

void RetainProperties(const Deployment& old, const std::optional<std::vector<sagemaker::VariantProperty>>& excluded,
                      Deployment& next) {
  bool weights = true, counts = true;
  if (excluded) {
    for (const sagemaker::VariantProperty& property : *excluded) {
      std::string type = property.variant_property_type.value_or("");
      weights = weights && type != "DesiredWeight";
      counts = counts && type != "DesiredInstanceCount";
    }
  }
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < next.variants.size(); ++i) {
    Variant& variant = next.variants[i];
    for (const Variant& before : old.variants) {
      if (before.name() != variant.name()) continue;
      if (weights) variant.plan.initial_variant_weight = before.plan.initial_variant_weight;
      if (counts) variant.plan.initial_instance_count = before.plan.initial_instance_count;
    }
    for (int instance = 0; instance < variant.instances(); ++instance) {
      Slot& slot = slots.emplace_back();
      slot.variant = static_cast<int>(i);
      slot.instance = instance;
    }
  }
  next.slots = std::move(slots);
}

sagemaker::DescribeEndpointResponse Describe(const Scope& scope, const Endpoint& endpoint, const Version* published,
                                             const compute::RuntimeTable& runtimes) {
  sagemaker::DescribeEndpointResponse response;
  response.endpoint_name = endpoint.name;
  response.endpoint_arn = resources::SageMakerArn(scope.account, scope.region, "endpoint", endpoint.name);
  response.endpoint_config_name = endpoint.config;
  response.endpoint_status = std::string(ToString(endpoint.status));
  if (!endpoint.failure.empty()) response.failure_reason = endpoint.failure;
  response.creation_time = endpoint.created;
  response.last_modified_time = endpoint.modified;
  if (endpoint.current) {
    response.production_variants.emplace();
    for (const Variant& variant : endpoint.current->variants) {
      response.production_variants->push_back(Summarize(variant, published, endpoint.current->started, runtimes));
    }
  }
  if (endpoint.next && endpoint.current) {
    sagemaker::PendingDeploymentSummary pending;
    pending.endpoint_config_name = endpoint.next->config;
    pending.start_time = endpoint.next->started;
    response.pending_deployment_summary = std::move(pending);
  }
  return response;
}

}  // namespace aloft::serving
