#include "services/serving/endpoints/records.h"

#include <algorithm>
#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/resources/arn.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/document.h"
#include "services/serving/endpoints/errors.h"

namespace aloft::serving {
namespace {

using shapes::sagemaker::CreateEndpointConfigRequest;

std::string Arn(const Scope& scope, std::string_view kind, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, kind, name);
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"serving",
       1,
       {"CREATE TABLE serving_endpoint_configs (account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, "
        "created INTEGER NOT NULL, modified INTEGER NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL, "
        "PRIMARY KEY (account, region, name))",
        "CREATE TABLE serving_endpoints (account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, "
        "created INTEGER NOT NULL, modified INTEGER NOT NULL, status TEXT NOT NULL, revision INTEGER NOT NULL, "
        "document TEXT NOT NULL, PRIMARY KEY (account, region, name))"}},
      {"serving",
       2,
       {"ALTER TABLE serving_endpoints ADD COLUMN host TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE serving_endpoints ADD COLUMN host_variant TEXT NOT NULL DEFAULT ''"}}};
  return migrations;
}

Status InsertConfig(sql::Transaction& transaction, const Scope& scope, const EndpointConfig& config) {
  auto inserted = transaction.Execute(
      "INSERT INTO serving_endpoint_configs (account, region, name, created, modified, status, document) "
      "VALUES ($1, $2, $3, $4, $4, '', $5)",
      {scope.account.value(), scope.region.value(), config.name, ToMicros(config.created),
       shapes::ToJsonText(config.request)});
  if (!inserted.ok() && inserted.error().reason == sql::kAlreadyExistsRow) {
    return Fail(kEndpointConfigExists, "Cannot create already existing endpoint configuration \"" +
                                           Arn(scope, "endpoint-config", config.name) + "\".");
  }
  if (!inserted.ok()) return std::move(inserted).error();
  return {};
}

Result<EndpointConfig> LoadConfig(sql::Reader& reader, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT created, document FROM serving_endpoint_configs "
                                            "WHERE account = $1 AND region = $2 AND name = $3",
                                            {scope.account.value(), scope.region.value(), name}));
  if (rows.empty()) {
    return Fail(kNoSuchEndpointConfig,
                "Could not find endpoint configuration \"" + Arn(scope, "endpoint-config", name) + "\".");
  }
  EndpointConfig config;
  config.name = name;
  config.created = FromMicros(rows[0].Int(0));
  ALOFT_ASSIGN(config.request, shapes::FromJsonText<CreateEndpointConfigRequest>(rows[0].Text(1)));
  return config;
}

Status RemoveConfig(sql::Transaction& transaction, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(
      std::int64_t removed,
      transaction.Execute("DELETE FROM serving_endpoint_configs WHERE account = $1 AND region = $2 AND name = $3",
                          {scope.account.value(), scope.region.value(), name}));
  if (removed > 0) return {};
  return Fail(kNoSuchEndpointConfig,
              "Could not find endpoint configuration \"" + Arn(scope, "endpoint-config", name) + "\".");
}

Status InsertEndpoint(sql::Transaction& transaction, const Scope& scope, const Endpoint& endpoint) {
  auto inserted = transaction.Execute(
      "INSERT INTO serving_endpoints (account, region, name, created, modified, status, revision, document, host, "
      "host_variant) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9)",
      {scope.account.value(), scope.region.value(), endpoint.name, ToMicros(endpoint.created),
       ToMicros(endpoint.modified), std::string(ToString(endpoint.status)), WriteDocument(endpoint), endpoint.host,
       endpoint.host_variant});
  if (!inserted.ok() && inserted.error().reason == sql::kAlreadyExistsRow && IsComponentKey(endpoint.name)) {
    return Fail(kComponentExists,
                "Cannot create already existing inference component \"" + EndpointArn(scope, endpoint.name) + "\".");
  }
  if (!inserted.ok() && inserted.error().reason == sql::kAlreadyExistsRow) {
    return Fail(kEndpointExists,
                "Cannot create already existing endpoint \"" + Arn(scope, "endpoint", endpoint.name) + "\".");
  }
  if (!inserted.ok()) return std::move(inserted).error();
  transaction.Announce("serving.endpoints.changed", EndpointArn(scope, endpoint.name), ToString(endpoint.status));
  return {};
}

Status UpdateEndpoint(sql::Transaction& transaction, const Scope& scope, const Endpoint& endpoint) {
  ALOFT_ASSIGN(
      std::int64_t changed,
      transaction.Execute("UPDATE serving_endpoints SET modified = $4, status = $5, revision = $6 + 1, document = $7 "
                          "WHERE account = $1 AND region = $2 AND name = $3 AND revision = $6",
                          {scope.account.value(), scope.region.value(), endpoint.name, ToMicros(endpoint.modified),
                           std::string(ToString(endpoint.status)), endpoint.revision, WriteDocument(endpoint)}));
  if (changed == 0) return Fail(kRevisionMismatch, "The endpoint was changed meanwhile");
  transaction.Announce("serving.endpoints.changed", EndpointArn(scope, endpoint.name), ToString(endpoint.status));
  return {};
}

Status RemoveEndpoint(sql::Transaction& transaction, const Scope& scope, const Endpoint& endpoint) {
  ALOFT_ASSIGN(std::int64_t removed,
               transaction.Execute("DELETE FROM serving_endpoints "
                                   "WHERE account = $1 AND region = $2 AND name = $3 AND revision = $4",
                                   {scope.account.value(), scope.region.value(), endpoint.name, endpoint.revision}));
  if (removed == 0) return Fail(kRevisionMismatch, "The endpoint was changed meanwhile");
  transaction.Announce("serving.endpoints.changed", EndpointArn(scope, endpoint.name), "");
  return {};
}

Result<Endpoint> LoadEndpoint(sql::Reader& reader, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query("SELECT created, modified, status, revision, document, host, host_variant FROM "
                            "serving_endpoints WHERE account = $1 AND region = $2 AND name = $3",
                            {scope.account.value(), scope.region.value(), name}));
  if (rows.empty() && IsComponentKey(name)) {
    return Fail(kNoSuchComponent, "Could not find inference component \"" + EndpointArn(scope, name) + "\".");
  }
  if (rows.empty()) {
    return Fail(kNoSuchEndpoint, "Could not find endpoint \"" + Arn(scope, "endpoint", name) + "\".");
  }
  Endpoint endpoint;
  endpoint.name = name;
  endpoint.created = FromMicros(rows[0].Int(0));
  endpoint.modified = FromMicros(rows[0].Int(1));
  std::optional<EndpointStatus> status = ParseStatus(rows[0].Text(2));
  if (!status) return Fail(kCorrupt, "An endpoint's record cannot be read", name + ": status " + rows[0].Text(2));
  endpoint.status = *status;
  endpoint.revision = rows[0].Int(3);
  endpoint.host = rows[0].Text(5);
  endpoint.host_variant = rows[0].Text(6);
  ALOFT_TRY(ReadDocument(rows[0].Text(4), endpoint));
  return endpoint;
}

Result<std::vector<Endpoint>> LoadComponents(sql::Reader& reader, const Scope& scope, const std::string& host) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT name FROM serving_endpoints WHERE account = $1 AND region = $2 AND "
                                            "host = $3 ORDER BY created, name",
                                            {scope.account.value(), scope.region.value(), host}));
  std::vector<Endpoint> components;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Endpoint component, LoadEndpoint(reader, scope, row.Text(0)));
    components.push_back(std::move(component));
  }
  return components;
}

Result<std::vector<EndpointKey>> ListEndpointKeys(sql::Reader& reader) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT account, region, name, revision FROM serving_endpoints"));
  std::vector<EndpointKey> keys;
  for (const sql::Row& row : rows) {
    keys.push_back({Scope{AccountId(row.Text(0)), Region(row.Text(1))}, row.Text(2), row.Int(3)});
  }
  return keys;
}

}  // namespace aloft::serving
