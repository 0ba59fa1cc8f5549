// Lists of jobs: filters, orders and pages, for every kind alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "services/jobs/kind.h"

namespace aloft::jobs {

struct ListQuery {
  std::optional<std::string> status{}, name_contains{}, next_token{};
  std::optional<std::string> pool_status{};  // of the warm pool: "Available"
  std::optional<Time> created_after{}, created_before{}, modified_after{}, modified_before{};
  std::string sort_by = "CreationTime";  // or "Name", "Status"
  bool descending = false;
  int limit = 10;
};
// ListXxxJobs requests of the API all have these members.
template <class Request>
ListQuery QueryOf(const Request& request) {
  ListQuery query;
  query.status = request.status_equals;
  query.name_contains = request.name_contains;
  query.next_token = request.next_token;
  query.created_after = request.creation_time_after;
  query.created_before = request.creation_time_before;
  query.modified_after = request.last_modified_time_after;
  query.modified_before = request.last_modified_time_before;
  query.sort_by = request.sort_by.value_or("CreationTime");
  query.descending = request.sort_order.value_or("Ascending") == "Descending";
  query.limit = request.max_results.value_or(10);
  return query;
}

struct ListedJob {
  std::string name, status, secondary;
  Time created{}, modified{};
  std::optional<Time> ended{};
  std::string failure_reason{}, exit_message{};
  WarmPool pool{};
};
struct JobPage {
  std::vector<ListedJob> jobs{};
  std::optional<std::string> next_token{};
};

// kBadPageToken.
Result<JobPage> ListJobs(sql::Reader& reader, const KindNames& names, const Scope& scope, const ListQuery& query);

}  // namespace aloft::jobs
