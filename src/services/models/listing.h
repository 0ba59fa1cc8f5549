// One page of a table of named resources: the List operations of models, endpoint configurations and endpoints.
//
// The table has the columns account, region, name, created, modified and status.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "services/models/types.h"

namespace aloft::models {

struct ListQuery {
  std::string sort_by = "CreationTime";   // or "Name", "LastModifiedTime", "Status"
  std::string sort_order = "Descending";  // or "Ascending"
  std::optional<std::string> token;
  int limit = 10;
  std::optional<std::string> name_contains, status;
  std::vector<std::pair<std::string, std::string>> equal{};  // other columns and their values
  std::vector<std::string> conditions{};                     // constant SQL
  std::optional<Time> created_before, created_after, modified_before, modified_after;
};

struct Listed {
  std::string name, status;
  Time created, modified;
};

struct ListPage {
  std::vector<Listed> items;
  std::optional<std::string> next_token;  // absent on the last page
};

// kBadPageToken where the token is not one of ours for this order.
Result<ListPage> ListNamed(sql::Reader& reader, const char* table, const Scope& scope, const ListQuery& query);

// The members that every List request of SageMaker has.
template <class Request>
ListQuery QueryOf(const Request& request) {
  ListQuery query;
  if (request.sort_by) query.sort_by = *request.sort_by;
  if (request.sort_order) query.sort_order = *request.sort_order;
  query.token = request.next_token;
  query.limit = request.max_results.value_or(10);
  query.name_contains = request.name_contains;
  query.created_before = request.creation_time_before;
  query.created_after = request.creation_time_after;
  return query;
}

}  // namespace aloft::models
