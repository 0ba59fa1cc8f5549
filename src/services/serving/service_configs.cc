// Endpoint configurations: descriptions, which endpoints copy.
#include "services/models/listing.h"
#include "services/serving/deployment.h"
#include "services/serving/endpoints/records.h"
#include "services/serving/service_state.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;

Result<sagemaker::CreateEndpointConfigResponse> Service::CreateEndpointConfig(
    const Scope& scope, const sagemaker::CreateEndpointConfigRequest& request) {
  ALOFT_TRY(CheckConfig(request));
  ALOFT_ASSIGN(resources::Tags tags, TagsOf(request));
  for (const auto* variants : {&request.production_variants, &request.shadow_production_variants}) {
    if (!*variants) continue;
    for (const sagemaker::ProductionVariant& variant : **variants) {
      if (variant.model_name) ALOFT_TRY(state_->with_.models.Find(scope, *variant.model_name));
    }
  }
  EndpointConfig config{request.endpoint_config_name.value_or(""), state_->with_.clock.Now(), request};
  config.request.tags.reset();
  std::string arn = Arn(scope, "endpoint-config", config.name);
  ALOFT_TRY(state_->with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(InsertConfig(transaction, scope, config));
    return resources::PutTags(transaction, arn, tags);
  }));
  sagemaker::CreateEndpointConfigResponse response;
  response.endpoint_config_arn = arn;
  return response;
}

Result<sagemaker::DescribeEndpointConfigResponse> Service::DescribeEndpointConfig(const Scope& scope,
                                                                                  const std::string& name) const {
  ALOFT_ASSIGN(EndpointConfig config,
               state_->with_.database.Read([&](sql::Reader& reader) { return LoadConfig(reader, scope, name); }));
  sagemaker::DescribeEndpointConfigResponse response;
  response.endpoint_config_name = name;
  response.endpoint_config_arn = Arn(scope, "endpoint-config", name);
  response.production_variants = config.request.production_variants;
  response.shadow_production_variants = config.request.shadow_production_variants;
  response.data_capture_config = config.request.data_capture_config;
  response.async_inference_config = config.request.async_inference_config;
  response.execution_role_arn = config.request.execution_role_arn;
  response.vpc_config = config.request.vpc_config;
  response.enable_network_isolation = config.request.enable_network_isolation.value_or(false);
  response.creation_time = config.created;
  response.unknown = config.request.unknown;
  return response;
}

Result<sagemaker::ListEndpointConfigsResponse> Service::ListEndpointConfigs(
    const Scope& scope, const sagemaker::ListEndpointConfigsRequest& request) const {
  ALOFT_ASSIGN(models::ListPage page, state_->with_.database.Read([&](sql::Reader& reader) {
    return models::ListNamed(reader, kConfigTable, scope, models::QueryOf(request));
  }));
  sagemaker::ListEndpointConfigsResponse response;
  response.next_token = page.next_token;
  response.endpoint_configs.emplace();
  for (const models::Listed& item : page.items) {
    sagemaker::EndpointConfigSummary summary;
    summary.endpoint_config_name = item.name;
    summary.endpoint_config_arn = Arn(scope, "endpoint-config", item.name);
    summary.creation_time = item.created;
    response.endpoint_configs->push_back(std::move(summary));
  }
  return response;
}

Status Service::DeleteEndpointConfig(const Scope& scope, const std::string& name) {
  return state_->with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(RemoveConfig(transaction, scope, name));
    return resources::RemoveAllTags(transaction, Arn(scope, "endpoint-config", name));
  });
}

}  // namespace aloft::serving
