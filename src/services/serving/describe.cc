#include "services/serving/describe.h"

#include "services/models/serving_plan.h"
#include "services/resources/arn.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;

namespace {

// Its workers that answer now, and what all of them say that they compute with.
struct Answering {
  int count = 0;
  std::string engine{};
};
Answering AnsweringOf(const Version* published, const std::string& variant, bool next) {
  if (published == nullptr) return {};
  for (const RoutedVariant& routed : published->variants) {
    if (routed.name != variant || routed.next != next) continue;
    Answering answering{static_cast<int>(routed.workers.size()), {}};
    if (!routed.workers.empty()) answering.engine = routed.workers.front().engine;
    for (const RoutedWorker& worker : routed.workers)
      if (worker.engine != answering.engine) answering.engine.clear();
    return answering;
  }
  return {};
}

// `share`: of the traffic that the variant's deployment gets now. Also of the summary of a pending variant, whose
// members have the same names.
template <class Summary>
Summary Summarize(const Variant& variant, double share, const Answering& answering, Time deployed,
                  const compute::RuntimeTable& runtimes) {
  Summary summary;
  summary.variant_name = variant.name();
  summary.desired_weight = static_cast<float>(variant.weight());
  summary.current_weight = static_cast<float>(variant.weight() * share);
  if (!variant.plan.serverless_config) {
    summary.desired_instance_count = variant.instances();
    summary.current_instance_count = answering.count;
  }
  summary.current_serverless_config = summary.desired_serverless_config = variant.plan.serverless_config;
  summary.managed_instance_scaling = variant.plan.managed_instance_scaling;
  summary.routing_config = variant.plan.routing_config;
  if constexpr (requires { summary.instance_type; }) summary.instance_type = variant.plan.instance_type;
  if (variant.is_host()) {
    summary.current_instance_count = variant.instances();
    return summary;
  }
  if (answering.count != variant.instances() || share < 1) {
    sagemaker::ProductionVariantStatus status;
    status.status = share > 0 && share < 1 ? "ActivatingTraffic" : answering.count == 0 ? "Creating" : "Updating";
    status.start_time = deployed;
    summary.variant_status = {std::move(status)};
  }
  auto containers = models::ServedContainers(variant.model);
  if (!containers.ok()) return summary;
  summary.deployed_images.emplace();
  for (const sagemaker::ContainerDefinition& container : *containers) {
    sagemaker::DeployedImage& image = summary.deployed_images->emplace_back();
    image.specified_image = container.image;
    // What stands in for the image, by its true name.
    if (auto runtime = runtimes.Resolve(*container.image); runtime.ok()) {
      image.resolved_image = runtime->image.empty() ? "aloft-runtime/" + runtime->name : "sha256:" + runtime->image;
      if (runtime->image.empty() && !answering.engine.empty()) *image.resolved_image += "@" + answering.engine;
    }
    image.resolution_time = deployed;
  }
  return summary;
}

// The deployment's variants, shadows apart.
template <class Summary>
void SummarizeAll(const Deployment& deployment, double share, bool next, const Version* published,
                  const compute::RuntimeTable& runtimes, std::optional<std::vector<Summary>>& production,
                  std::optional<std::vector<Summary>>& shadows) {
  production.emplace();
  for (const Variant& variant : deployment.variants) {
    auto& list = variant.shadow ? shadows : production;
    if (!list) list.emplace();
    list->push_back(
        Summarize<Summary>(variant, share, AnsweringOf(published, variant.name(), next), deployment.started, runtimes));
  }
}

}  // namespace

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
  response.last_deployment_config = endpoint.deployment_config;
  double share = endpoint.next ? endpoint.rollout.share : 0;  // of the traffic, that the new deployment gets
  if (endpoint.current && endpoint.current->capture) {
    const sagemaker::DataCaptureConfig& capture = *endpoint.current->capture;
    sagemaker::DataCaptureConfigSummary& shown = response.data_capture_config.emplace();
    shown.enable_capture = capture.enable_capture;
    shown.capture_status = capture.enable_capture.value_or(false) ? "Started" : "Stopped";
    shown.current_sampling_percentage = capture.initial_sampling_percentage;
    shown.destination_s3_uri = capture.destination_s3_uri;
    shown.kms_key_id = capture.kms_key_id.value_or("");
  }
  if (endpoint.current) response.async_inference_config = endpoint.current->async;
  if (endpoint.current) {
    SummarizeAll(*endpoint.current, 1 - share, false, published, runtimes, response.production_variants,
                 response.shadow_production_variants);
  }
  if (endpoint.next) {
    sagemaker::PendingDeploymentSummary pending;
    pending.endpoint_config_name = endpoint.next->config;
    pending.start_time = endpoint.next->started;
    SummarizeAll(*endpoint.next, share, true, published, runtimes, pending.production_variants,
                 pending.shadow_production_variants);
    response.pending_deployment_summary = std::move(pending);
  }
  return response;
}

}  // namespace aloft::serving
