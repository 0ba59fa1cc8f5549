#include "services/jobs/listing.h"

#include <charconv>

#include "foundation/base/bytes.h"
#include "services/jobs/errors.h"
#include "services/jobs/records.h"

namespace aloft::jobs {
namespace {

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

Condition Filters(const Scope& scope, const ListQuery& query) {
  Condition where;
  where.And("account =", scope.account.value());
  where.And("region =", scope.region.value());
  where.And("status <>", std::string(kDeletedStatus));
  if (query.status) where.And("status =", *query.status);
  // Inside the state's text a caller's own text has its quotes escaped, so that this is found only where we wrote it.
  if (query.pool_status) where.AndLike("state", "\"pool\\_status\":\"" + *query.pool_status + "\"");
  if (query.created_after) where.And("created >", ToMicros(*query.created_after));
  if (query.created_before) where.And("created <", ToMicros(*query.created_before));
  if (query.modified_after) where.And("modified >", ToMicros(*query.modified_after));
  if (query.modified_before) where.And("modified <", ToMicros(*query.modified_before));
  if (query.name_contains) {
    // Names hold letters, digits and hyphens; what the caller sends may hold LIKE's wildcards.
    std::string pattern;
    for (char c : *query.name_contains) {
      if (c == '%' || c == '_' || c == '\\') pattern.push_back('\\');
      pattern.push_back(c);
    }
    where.AndLike("name", pattern);
  }
  return where;
}

Result<ListedJob> ReadRow(const sql::Row& row) {
  ListedJob job;
  job.name = row.Text(0);
  job.created = FromMicros(row.Int(1));
  job.modified = FromMicros(row.Int(2));
  if (!row.IsNull(3)) job.ended = FromMicros(row.Int(3));
  job.status = row.Text(4);
  job.secondary = row.Text(5);
  ALOFT_ASSIGN(JobState state, DecodeState(row.Text(6)));
  job.failure_reason = std::move(state.failure_reason);
  job.exit_message = std::move(state.exit_message);
  job.pool = std::move(state.pool);
  return job;
}

}  // namespace

Result<JobPage> ListJobs(sql::Reader& reader, const KindNames& names, const Scope& scope, const ListQuery& query) {
  std::string column = query.sort_by == "Name" ? "name" : query.sort_by == "Status" ? "status" : "created";
  Condition where = Filters(scope, query);
  if (query.next_token) {
    std::optional<std::string> token = HexDecode(*query.next_token);
    std::vector<std::string_view> parts = Split(token ? std::string_view(*token) : std::string_view(), '\n');
    if (parts.size() != 3 || parts[0] != column) return BadToken();
    ALOFT_ASSIGN(sql::Value value, ParseSortValue(column, parts[1]));
    where.After(column, query.descending ? "<" : ">", std::move(value), std::string(parts[2]));
  }
  const char* order = query.descending ? " DESC" : " ASC";
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query("SELECT name, created, modified, ended, status, secondary, state FROM " + names.kind +
                                "_jobs WHERE 1 = 1" + where.text() + " ORDER BY " + column + order + ", name" + order +
                                " LIMIT " + std::to_string(query.limit + 1),
                            where.values()));
  bool more = rows.size() > static_cast<std::size_t>(query.limit);
  if (more) rows.pop_back();
  JobPage page;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(ListedJob job, ReadRow(row));
    page.jobs.push_back(std::move(job));
  }
  if (more) {
    const ListedJob& last = page.jobs.back();
    std::string value = column == "created" ? std::to_string(ToMicros(last.created))
                        : column == "name"  ? last.name
                                            : last.status;
    page.next_token = MakeToken(column, value, last.name);
  }
  return page;
}

}  // namespace aloft::jobs
