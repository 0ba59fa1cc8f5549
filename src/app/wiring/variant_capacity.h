// What Application Auto Scaling scales: the production variants of endpoints, and inference components.
#pragma once

#include "services/scaling/resource.h"
#include "services/serving/service.h"

namespace aloft::app {

// sagemaker:variant:DesiredInstanceCount of "endpoint/<endpoint>/variant/<variant>".
class VariantCapacity final : public scaling::Resource {
 public:
  explicit VariantCapacity(serving::Service& serving) : serving_(serving) {}

  Result<scaling::Capacity> Look(const scaling::Scope& scope, const std::string& id) override;
  Status Set(const scaling::Scope& scope, const std::string& id, int wished) override;
  telemetry::MetricName Invocations(const std::string& id) override;

 private:
  serving::Service& serving_;
};

// sagemaker:inference-component:DesiredCopyCount of "inference-component/<component>".
class ComponentCapacity final : public scaling::Resource {
 public:
  explicit ComponentCapacity(serving::Components& components) : components_(components) {}

  Result<scaling::Capacity> Look(const scaling::Scope& scope, const std::string& id) override;
  Status Set(const scaling::Scope& scope, const std::string& id, int wished) override;
  telemetry::MetricName Invocations(const std::string& id) override;

 private:
  serving::Components& components_;
};

}  // namespace aloft::app
