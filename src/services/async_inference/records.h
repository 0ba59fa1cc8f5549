// What asynchronous inference stores; docs/formats/serving.md is the definition.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "services/async_inference/types.h"

namespace aloft::async_inference {

std::span<const sql::Migration> Migrations();

Status InsertRequest(sql::Transaction& transaction, const Request& request);
Status UpdateRequest(sql::Transaction& transaction, const Request& request);
// Removing what is not there succeeds.
Status RemoveRequest(sql::Transaction& transaction, const Request& request);

// Oldest first.
Result<std::vector<Request>> ListRequests(sql::Reader& reader, const Scope& scope, const std::string& endpoint,
                                          int limit);

struct Backlog {
  Scope scope;
  std::string endpoint;
  std::int64_t requests = 0;
  Time oldest;
};
// Of every endpoint that has one.
Result<std::vector<Backlog>> ListBacklogs(sql::Reader& reader);
Result<std::int64_t> CountRequests(sql::Reader& reader, const Scope& scope, const std::string& endpoint);

}  // namespace aloft::async_inference
