#include "app/wiring/variant_capacity.h"

#include "foundation/base/bytes.h"

namespace aloft::app {
namespace {

struct Names {
  std::string endpoint, variant;
};

Result<Names> NamesOf(const std::string& id) {
  std::vector<std::string_view> parts = Split(id, '/');
  if (parts.size() != 4 || parts[0] != "endpoint" || parts[2] != "variant") {
    return Fail(serving::kNoSuchVariant,
                "The resource ID of a variant is endpoint/<endpoint>/variant/<variant>, not " + id + ".");
  }
  return Names{std::string(parts[1]), std::string(parts[3])};
}

Result<std::string> ComponentNameOf(const std::string& id) {
  std::vector<std::string_view> parts = Split(id, '/');
  if (parts.size() == 2 && parts[0] == "inference-component") return std::string(parts[1]);
  return Fail(serving::kNoSuchComponent,
              "The resource ID of an inference component is inference-component/<component>, not " + id + ".");
}

}  // namespace

Result<scaling::Capacity> VariantCapacity::Look(const scaling::Scope& scope, const std::string& id) {
  ALOFT_ASSIGN(Names names, NamesOf(id));
  ALOFT_ASSIGN(serving::Service::Instances instances,
               serving_.InstancesOf({scope.account, scope.region}, names.endpoint, names.variant));
  return scaling::Capacity{instances.wished, instances.busy};
}

Status VariantCapacity::Set(const scaling::Scope& scope, const std::string& id, int wished) {
  ALOFT_ASSIGN(Names names, NamesOf(id));
  return serving_.SetInstances({scope.account, scope.region}, names.endpoint, names.variant, wished);
}

telemetry::MetricName VariantCapacity::Invocations(const std::string& id) {
  Result<Names> names = NamesOf(id);
  if (!names.ok()) return {};
  return {"AWS/SageMaker", "Invocations", {{"EndpointName", names->endpoint}, {"VariantName", names->variant}}};
}

Result<scaling::Capacity> ComponentCapacity::Look(const scaling::Scope& scope, const std::string& id) {
  ALOFT_ASSIGN(std::string name, ComponentNameOf(id));
  ALOFT_ASSIGN(serving::Components::Copies copies, components_.CopiesNow({scope.account, scope.region}, name));
  return scaling::Capacity{copies.wished, copies.busy};
}

Status ComponentCapacity::Set(const scaling::Scope& scope, const std::string& id, int wished) {
  ALOFT_ASSIGN(std::string name, ComponentNameOf(id));
  return components_.SetCopies({scope.account, scope.region}, name, wished);
}

telemetry::MetricName ComponentCapacity::Invocations(const std::string& id) {
  Result<std::string> name = ComponentNameOf(id);
  if (!name.ok()) return {};
  return {"AWS/SageMaker", "Invocations", {{"InferenceComponentName", *name}}};
}

}  // namespace aloft::app
