// What serving stores; docs/formats/serving.md is the definition.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

inline constexpr const char* kConfigTable = "serving_endpoint_configs";
inline constexpr const char* kEndpointTable = "serving_endpoints";

// Somebody wrote the endpoint since it was loaded: load it and decide again.
inline constexpr Reason kRevisionMismatch{ErrorKind::kConflict, "EndpointRevisionMismatch"};

std::span<const sql::Migration> Migrations();

struct EndpointConfig {
  std::string name;
  Time created;
  shapes::sagemaker::CreateEndpointConfigRequest request;
};

Status InsertConfig(sql::Transaction& transaction, const Scope& scope, const EndpointConfig& config);
Result<EndpointConfig> LoadConfig(sql::Reader& reader, const Scope& scope, const std::string& name);
Status RemoveConfig(sql::Transaction& transaction, const Scope& scope, const std::string& name);

// Announced as "serving.endpoints.changed" with the ARN as key and the status as record.
Status InsertEndpoint(sql::Transaction& transaction, const Scope& scope, const Endpoint& endpoint);
// Of the revision that was loaded; else kRevisionMismatch.
Status UpdateEndpoint(sql::Transaction& transaction, const Scope& scope, const Endpoint& endpoint);
Status RemoveEndpoint(sql::Transaction& transaction, const Scope& scope, const Endpoint& endpoint);
Result<Endpoint> LoadEndpoint(sql::Reader& reader, const Scope& scope, const std::string& name);

// The inference components of an endpoint.
Result<std::vector<Endpoint>> LoadComponents(sql::Reader& reader, const Scope& scope, const std::string& host);

struct EndpointKey {
  Scope scope;
  std::string name;
  std::int64_t revision = 0;
};
// Every endpoint and component of every account.
Result<std::vector<EndpointKey>> ListEndpointKeys(sql::Reader& reader);

}  // namespace aloft::serving
