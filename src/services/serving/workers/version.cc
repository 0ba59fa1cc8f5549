#include "services/serving/workers/version.h"

#include <algorithm>

#include "services/models/serving_plan.h"

namespace aloft::serving {
namespace {

void AddDeployment(const Scope& scope, const Endpoint& endpoint, const Deployment& deployment, double share, bool next,
                   const std::map<compute::TaskId, std::string>& sockets, Version& version) {
  double total = 0;
  for (const Variant& variant : deployment.variants) {
    if (!variant.shadow) total += variant.weight();
  }
  std::size_t first = version.variants.size();
  for (const Variant& variant : deployment.variants) {
    RoutedVariant& routed = version.variants.emplace_back();
    routed.name = variant.name();
    routed.shadow = variant.shadow;
    routed.multi_model = models::IsMultiModel(variant.model);
    routed.direct = models::IsDirect(variant.model);
    routed.next = next;
    // A production variant's part of the traffic; a shadow's part of what the production variants get.
    double part = total > 0 ? variant.weight() / total : 0;
    if (!variant.shadow) {
      routed.capture = CapturePlanOf(deployment.capture, variant.model.execution_role_arn.value_or(""));
    }
    routed.weight = variant.shadow ? std::min(part, 1.0) : part * share;
  }
  for (const Slot& slot : deployment.slots) {
    WorkerName name = NameOf(scope, endpoint.name, deployment, slot);
    auto socket = sockets.find(TaskIdOf(name));
    if (socket == sockets.end()) continue;
    RoutedWorker worker;
    worker.task = socket->first;
    worker.socket = socket->second;
    worker.log_stream_arn = LogStreamArn(name);
    version.variants[first + static_cast<std::size_t>(slot.variant)].workers.push_back(std::move(worker));
  }
}

}  // namespace

WorkerName NameOf(const Scope& scope, const std::string& endpoint, const Deployment& deployment, const Slot& slot) {
  const Variant& variant = deployment.variants[static_cast<std::size_t>(slot.variant)];
  return {scope, endpoint, deployment.generation, variant.name(), slot.instance, slot.attempt};
}

std::shared_ptr<Version> VersionOf(const Scope& scope, const Endpoint& endpoint,
                                   const std::map<compute::TaskId, std::string>& sockets) {
  if (!endpoint.current || endpoint.status == EndpointStatus::kDeleting) return nullptr;
  auto version = std::make_shared<Version>();
  double share = endpoint.next ? endpoint.rollout.share : 0;
  AddDeployment(scope, endpoint, *endpoint.current, 1 - share, false, sockets, *version);
  if (share > 0) AddDeployment(scope, endpoint, *endpoint.next, share, true, sockets, *version);
  bool answers = std::any_of(version->variants.begin(), version->variants.end(),
                             [](const RoutedVariant& variant) { return !variant.shadow && !variant.workers.empty(); });
  return answers ? version : nullptr;
}

}  // namespace aloft::serving
