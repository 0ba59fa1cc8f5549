#include "services/training/listing.h"

#include <charconv>

#include "foundation/base/bytes.h"
#include "services/training/errors.h"

namespace aloft::training {
namespace {

using shapes::sagemaker::ListTrainingJobsRequest;
using shapes::sagemaker::ListTrainingJobsResponse;

constexpr int kDefaultPage = 10;

// A growing WHERE with its parameters.
class Condition {
 public:
  void And(const std::string& left, sql::Value value) {
    values_.push_back(std::move(value));
    text_ += " AND " + left + " $" + std::to_string(values_.size());
  }
  void AndLike(const std::string& column, std::string value) {
    values_.push_back(std::move(value));
    text_ += " AND " + column + " LIKE '%' || $" + std::to_string(values_.size()) + " || '%' ESCAPE '\\'";
  }
  // `column` and the name come after this row in the order.
  void After(const std::string& column, const char* sign, sql::Value value, const std::string& name) {
    values_.push_back(std::move(value));
    std::string place = "$" + std::to_string(values_.size());
    values_.push_back(name);
    text_ += " AND (" + column + " " + sign + " " + place + " OR (" + column + " = " + place + " AND name " + sign +
             " $" + std::to_string(values_.size()) + "))";
  }
  const std::string& text() const { return text_; }
  const sql::Values& values() const { return values_; }

 private:
  std::string text_;
  sql::Values values_;
};

// "<sort column>\n<value>\n<name>", in hexadecimal: a token fits only the order that made it.
std::string MakeToken(const std::string& column, const std::string& value, const std::string& name) {
  return HexEncode(AsBytes(column + "\n" + value + "\n" + name));
}

Error BadToken() {
  return Fail(kBadPageToken, "Invalid NextToken: it is not of this list.");
}

Result<sql::Value> ParseSortValue(const std::string& column, std::string_view text) {
  if (column != "created") return sql::Value(std::string(text));
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return BadToken();
  return sql::Value(number);
}

Condition Filters(const Scope& scope, const ListTrainingJobsRequest& request) {
  Condition where;
  where.And("account =", scope.account.value());
  where.And("region =", scope.region.value());
  if (request.status_equals) where.And("status =", *request.status_equals);
  if (request.creation_time_after) where.And("created >", ToMicros(*request.creation_time_after));
  if (request.creation_time_before) where.And("created <", ToMicros(*request.creation_time_before));
  if (request.last_modified_time_after) where.And("modified >", ToMicros(*request.last_modified_time_after));
  if (request.last_modified_time_before) where.And("modified <", ToMicros(*request.last_modified_time_before));
  if (request.name_contains) {
    // Names hold letters, digits and hyphens; what the caller sends may hold LIKE's wildcards.
    std::string pattern;
    for (char c : *request.name_contains) {
      if (c == '%' || c == '_' || c == '\\') pattern.push_back('\\');
      pattern.push_back(c);
    }
    where.AndLike("name", pattern);
  }
  return where;
}

}  // namespace

Result<ListTrainingJobsResponse> ListJobs(sql::Reader& reader, const Scope& scope,
                                          const ListTrainingJobsRequest& request) {
  ListTrainingJobsResponse response;
  response.training_job_summaries.emplace();
  // Warm pools and training plans are not built: no job has one.
  if (request.warm_pool_status_equals || request.training_plan_arn_equals) return response;
  std::string sort_by = request.sort_by.value_or("CreationTime");
  std::string column = sort_by == "Name" ? "name" : sort_by == "Status" ? "status" : "created";
  bool descending = request.sort_order.value_or("Ascending") == "Descending";
  Condition where = Filters(scope, request);
  if (request.next_token) {
    std::optional<std::string> token = HexDecode(*request.next_token);
    std::vector<std::string_view> parts = Split(token ? std::string_view(*token) : std::string_view(), '\n');
    if (parts.size() != 3 || parts[0] != column) return BadToken();
    ALOFT_ASSIGN(sql::Value value, ParseSortValue(column, parts[1]));
    where.After(column, descending ? "<" : ">", std::move(value), std::string(parts[2]));
  }
  int limit = request.max_results.value_or(kDefaultPage);
  const char* order = descending ? " DESC" : " ASC";
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query("SELECT name, created, modified, ended, status, secondary FROM training_jobs WHERE 1 = 1" +
                                where.text() + " ORDER BY " + column + order + ", name" + order + " LIMIT " +
                                std::to_string(limit + 1),
                            where.values()));
  bool more = rows.size() > static_cast<std::size_t>(limit);
  if (more) rows.pop_back();
  for (const sql::Row& row : rows) {
    auto& summary = response.training_job_summaries->emplace_back();
    summary.training_job_name = row.Text(0);
    summary.training_job_arn = JobArn(scope, row.Text(0));
    summary.creation_time = FromMicros(row.Int(1));
    summary.last_modified_time = FromMicros(row.Int(2));
    if (!row.IsNull(3)) summary.training_end_time = FromMicros(row.Int(3));
    summary.training_job_status = row.Text(4);
    summary.secondary_status = row.Text(5);
  }
  if (more) {
    const sql::Row& last = rows.back();
    std::string value = column == "created" ? std::to_string(last.Int(1))
                        : column == "name"  ? last.Text(0)
                                            : last.Text(4);
    response.next_token = MakeToken(column, value, last.Text(0));
  }
  return response;
}

}  // namespace aloft::training
