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

}  // namespace aloft::app
