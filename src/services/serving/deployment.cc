#include "services/serving/deployment.h"

#include <algorithm>
#include <set>

#include "platform/compute/instance_types.h"
#include "services/models/serving_plan.h"
#include "services/resources/arn.h"
#include "services/serving/endpoints/errors.h"
#include "services/serving/endpoints/records.h"
#include "services/serving/endpoints/rollout.h"
#include "services/serving/routing/capture.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;

namespace {

// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html
Status CheckServerless(const sagemaker::ProductionVariant& variant) {
  const sagemaker::ProductionVariantServerlessConfig& config = *variant.serverless_config;
  if (variant.instance_type || variant.initial_instance_count) {
    return Fail(kBadEndpointConfig,
                "A serverless production variant takes no InstanceType and no InitialInstanceCount.");
  }
  int memory = config.memory_size_in_mb.value_or(0);
  if (memory < 1024 || memory > 6144 || memory % 1024 != 0) {
    return Fail(kBadEndpointConfig, "MemorySizeInMB must be 1024, 2048, 3072, 4096, 5120 or 6144.");
  }
  int most = config.max_concurrency.value_or(0);
  if (most < 1 || most > 200) return Fail(kBadEndpointConfig, "MaxConcurrency must be between 1 and 200.");
  if (config.provisioned_concurrency &&
      (*config.provisioned_concurrency < 1 || *config.provisioned_concurrency > most)) {
    return Fail(kBadEndpointConfig, "ProvisionedConcurrency must be between 1 and MaxConcurrency.");
  }
  return {};
}

Status CheckVariant(const sagemaker::ProductionVariant& variant) {
  if (variant.managed_instance_scaling) return NotBuilt("ManagedInstanceScaling");
  if (variant.instance_pools) return NotBuilt("InstancePools");
  if (variant.accelerator_type) return NotBuilt("AcceleratorType");
  if (variant.core_dump_config) return NotBuilt("CoreDumpConfig");
  if (!variant.model_name && variant.serverless_config) {
    return Fail(kBadEndpointConfig, "A serverless production variant needs a ModelName.");
  }
  if (variant.serverless_config) return CheckServerless(variant);
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

// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceConfig.html
Status CheckAsync(const sagemaker::AsyncInferenceConfig& config) {
  const sagemaker::AsyncInferenceOutputConfig output =
      config.output_config.value_or(sagemaker::AsyncInferenceOutputConfig());
  if (output.kms_key_id) return NotBuilt("AsyncInferenceConfig.OutputConfig.KmsKeyId");
  if (output.notification_config &&
      (output.notification_config->success_topic || output.notification_config->error_topic)) {
    return NotBuilt("AsyncInferenceConfig.OutputConfig.NotificationConfig (SNS topics)");
  }
  if (!output.s3_output_path.value_or("").starts_with("s3://")) {
    return Fail(kBadEndpointConfig, "AsyncInferenceConfig.OutputConfig needs an S3OutputPath.");
  }
  if (output.s3_failure_path && !output.s3_failure_path->starts_with("s3://")) {
    return Fail(kBadEndpointConfig, "S3FailurePath must be an address of S3.");
  }
  return {};
}

// Variants without models are for inference components: all of them, and nothing that belongs to a model.
Status CheckHosting(const sagemaker::CreateEndpointConfigRequest& request) {
  const auto& variants = *request.production_variants;
  const auto hosts = std::count_if(variants.begin(), variants.end(), [](const auto& one) { return !one.model_name; });
  const bool shadows = request.shadow_production_variants && !request.shadow_production_variants->empty();
  if (shadows) {
    for (const sagemaker::ProductionVariant& variant : *request.shadow_production_variants) {
      if (!variant.model_name) return Fail(kBadEndpointConfig, "A shadow variant needs a ModelName.");
    }
  }
  if (hosts == 0) return {};
  if (hosts != static_cast<std::ptrdiff_t>(variants.size())) {
    return Fail(kBadEndpointConfig,
                "Production variants with a ModelName and those without (for inference components) cannot be mixed.");
  }
  if (shadows) return Fail(kBadEndpointConfig, "An endpoint of inference components cannot have shadow variants.");
  if (request.async_inference_config) {
    return Fail(kBadEndpointConfig, "An endpoint of inference components cannot be asynchronous.");
  }
  if (request.data_capture_config) return NotBuilt("DataCaptureConfig of an endpoint of inference components");
  return {};
}

}  // namespace

Status CheckConfig(const sagemaker::CreateEndpointConfigRequest& request) {
  if (request.async_inference_config) {
    ALOFT_TRY(CheckAsync(*request.async_inference_config));
  }
  if (request.data_capture_config) ALOFT_TRY(CheckCapture(*request.data_capture_config));
  if (request.explainer_config) return NotBuilt("ExplainerConfig");
  if (request.kms_key_id) return NotBuilt("KmsKeyId of an endpoint configuration");
  std::set<std::string> names;
  if (!request.production_variants || request.production_variants->empty()) {
    return Fail(kBadEndpointConfig, "An endpoint configuration needs at least one production variant.");
  }
  double weight = 0;
  ALOFT_TRY(CheckHosting(request));
  const bool serverless = request.production_variants->front().serverless_config.has_value();
  if (request.async_inference_config && (serverless || request.production_variants->size() != 1)) {
    return Fail(kBadEndpointConfig,
                "An asynchronous endpoint has exactly one production variant, which is not serverless.");
  }
  if (serverless && request.shadow_production_variants && !request.shadow_production_variants->empty()) {
    return Fail(kBadEndpointConfig, "A serverless endpoint cannot have shadow variants.");
  }
  if (serverless && request.data_capture_config) {
    return Fail(kBadEndpointConfig, "A serverless endpoint cannot have a DataCaptureConfig.");
  }
  for (const sagemaker::ProductionVariant& variant : *request.production_variants) {
    ALOFT_TRY(CheckVariant(variant));
    if (variant.serverless_config.has_value() != serverless) {
      return Fail(kBadEndpointConfig, "Serverless and instance-based production variants cannot be mixed.");
    }
    weight += variant.initial_variant_weight.value_or(1);
    if (!names.insert(variant.variant_name.value_or("")).second) {
      return Fail(kBadEndpointConfig, "Two production variants have the name " + *variant.variant_name + ".");
    }
  }
  if (request.shadow_production_variants) {
    for (const sagemaker::ProductionVariant& variant : *request.shadow_production_variants) {
      ALOFT_TRY(CheckVariant(variant));
      if (!names.insert(variant.variant_name.value_or("")).second) {
        return Fail(kBadEndpointConfig, "Two variants have the name " + *variant.variant_name + ".");
      }
    }
    if (!request.shadow_production_variants->empty() && request.production_variants->size() != 1) {
      return Fail(kBadEndpointConfig, "Shadow variants need exactly one production variant to shadow.");
    }
  }
  if (weight <= 0) return Fail(kBadEndpointConfig, "The weights of the production variants must not all be 0.");
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
  deployment.capture = config.request.data_capture_config;
  deployment.async = config.request.async_inference_config;
  for (const sagemaker::ProductionVariant& plan : *config.request.production_variants) {
    if (!plan.model_name) {
      Variant& host = deployment.variants.emplace_back();
      host.plan = plan;
      host.model.execution_role_arn = config.request.execution_role_arn;
      continue;
    }
    ALOFT_ASSIGN(models::Model model, models.Find(scope, *plan.model_name));
    deployment.variants.push_back({plan, std::move(model.request), false, 0});
  }
  if (config.request.shadow_production_variants) {
    for (const sagemaker::ProductionVariant& plan : *config.request.shadow_production_variants) {
      ALOFT_ASSIGN(models::Model model, models.Find(scope, plan.model_name.value_or("")));
      deployment.variants.push_back({plan, std::move(model.request), true, 0});
    }
  }
  FitSlots(deployment);
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
  for (Variant& variant : next.variants) {
    for (const Variant& before : old.variants) {
      if (before.name() != variant.name()) continue;
      if (weights) variant.plan.initial_variant_weight = before.plan.initial_variant_weight;
      if (counts) variant.plan.initial_instance_count = before.plan.initial_instance_count;
    }
  }
  FitSlots(next);
}

Status ApplyCapacities(const std::vector<sagemaker::DesiredWeightAndCapacity>& wishes, Deployment& deployment) {
  for (const sagemaker::DesiredWeightAndCapacity& wish : wishes) {
    std::string name = wish.variant_name.value_or("");
    auto variant = std::find_if(deployment.variants.begin(), deployment.variants.end(),
                                [&](const Variant& one) { return one.name() == name; });
    if (variant == deployment.variants.end()) {
      return Fail(kNoSuchVariant, "The endpoint has no production variant named " + name + ".");
    }
    if (wish.desired_weight) variant->plan.initial_variant_weight = wish.desired_weight;
    if (wish.serverless_update_config) {
      if (!variant->plan.serverless_config) {
        return Fail(kBadEndpointConfig, "The production variant " + name + " is not serverless.");
      }
      sagemaker::ProductionVariant changed = variant->plan;
      changed.initial_instance_count.reset();
      if (wish.serverless_update_config->max_concurrency) {
        changed.serverless_config->max_concurrency = wish.serverless_update_config->max_concurrency;
      }
      if (wish.serverless_update_config->provisioned_concurrency) {
        changed.serverless_config->provisioned_concurrency = wish.serverless_update_config->provisioned_concurrency;
      }
      ALOFT_TRY(CheckServerless(changed));
      variant->plan.serverless_config = changed.serverless_config;
      if (!SleepsWhenIdle(*variant)) variant->plan.initial_instance_count = 1;
    }
    if (wish.desired_instance_count && variant->plan.serverless_config) {
      return Fail(kBadEndpointConfig, "The production variant " + name + " is serverless: it has no instance count.");
    }
    if (wish.desired_instance_count) {
      if (*wish.desired_instance_count < 1 || *wish.desired_instance_count > kMaxInstances) {
        return Fail(kBadEndpointConfig,
                    "DesiredInstanceCount must be between 1 and " + std::to_string(kMaxInstances) + ".");
      }
      variant->plan.initial_instance_count = wish.desired_instance_count;
    }
  }
  double weight = 0;
  for (const Variant& variant : deployment.variants) weight += variant.shadow ? 0 : variant.weight();
  if (weight <= 0) return Fail(kBadEndpointConfig, "The weights of the production variants must not all be 0.");
  return {};
}

int MaxConcurrencyOf(const Deployment& deployment) {
  int most = 0;
  for (const Variant& variant : deployment.variants) {
    if (variant.plan.serverless_config) most += variant.plan.serverless_config->max_concurrency.value_or(1);
  }
  return most;
}

bool SleepsWhenIdle(const Variant& variant) {
  const auto& config = variant.plan.serverless_config;
  return config && config->provisioned_concurrency.value_or(0) == 0;
}

}  // namespace aloft::serving
