// What scaling and asynchronous inference ask of an endpoint in service.
#include "services/serving/deployment.h"
#include "services/serving/endpoints/records.h"
#include "services/serving/service_state.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;

namespace {

Result<Variant*> FindVariant(Endpoint& endpoint, const std::string& name) {
  if (endpoint.current) {
    for (Variant& variant : endpoint.current->variants) {
      if (variant.name() == name && !variant.plan.serverless_config) return &variant;
    }
  }
  return Fail(kNoSuchVariant,
              "Endpoint " + endpoint.name + " has no production variant " + name + " that has instances.");
}

}  // namespace

Result<Service::Instances> Service::InstancesOf(const Scope& scope, const std::string& endpoint_name,
                                                const std::string& variant_name) const {
  ALOFT_ASSIGN(Endpoint endpoint, state_->with_.database.Read(
                                      [&](sql::Reader& reader) { return LoadEndpoint(reader, scope, endpoint_name); }));
  if (!endpoint.current && endpoint.next) return Instances{0, true};  // is being created
  ALOFT_ASSIGN(Variant * variant, FindVariant(endpoint, variant_name));
  return Instances{variant->instances(), endpoint.status != EndpointStatus::kInService};
}

Result<Service::AsyncPlan> Service::AsyncPlanOf(const Scope& scope, const std::string& name) const {
  ALOFT_ASSIGN(Endpoint endpoint,
               state_->with_.database.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, name); }));
  if (endpoint.status == EndpointStatus::kDeleting) {
    return Fail(kNoSuchEndpoint, "Endpoint " + name + " of account " + scope.account.value() + " not found.");
  }
  if (!endpoint.current || !endpoint.current->async) {
    return Fail(kNotAsync, "Endpoint " + name + " is not an asynchronous one, or not in service yet.");
  }
  const sagemaker::AsyncInferenceConfig& config = *endpoint.current->async;
  AsyncPlan plan;
  plan.output = config.output_config->s3_output_path.value_or("");
  plan.failure = config.output_config->s3_failure_path.value_or("");
  plan.role = endpoint.current->variants.front().model.execution_role_arn.value_or("");
  plan.instances = endpoint.current->variants.front().instances();
  if (config.client_config)
    plan.per_instance = config.client_config->max_concurrent_invocations_per_instance.value_or(4);
  return plan;
}

Status Service::SetInstances(const Scope& scope, const std::string& endpoint_name, const std::string& variant_name,
                             int wished) {
  if (wished < 0 || wished > kMaxInstances) {
    return Fail(kBadEndpointConfig, "A variant has 0 to " + std::to_string(kMaxInstances) + " instances.");
  }
  ALOFT_TRY(state_->with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Endpoint endpoint, LoadEndpoint(transaction, scope, endpoint_name));
    if (endpoint.status != EndpointStatus::kInService) {
      return Fail(kEndpointBusy,
                  "Cannot update in-progress endpoint \"" + Arn(scope, "endpoint", endpoint_name) + "\".");
    }
    ALOFT_ASSIGN(Variant * variant, FindVariant(endpoint, variant_name));
    if (variant->instances() == wished) return {};
    variant->plan.initial_instance_count = wished;
    endpoint.modified = state_->with_.clock.Now();
    return serving::UpdateEndpoint(transaction, scope, endpoint);
  }));
  state_->keeper_.Wake(scope, endpoint_name);
  return {};
}

}  // namespace aloft::serving
