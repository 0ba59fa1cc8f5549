#include "services/models/listing.h"

#include <charconv>

#include "foundation/codec/base64.h"
#include "services/models/errors.h"

namespace aloft::models {
namespace {

// A token is where the page before ended: the sort column's value and the name, and the order they belong to.
struct Position {
  std::string order, value, name;
};

std::string Encode(const Position& position) {
  return codec::Base64UrlEncode("1\n" + position.order + "\n" + position.value + "\n" + position.name);
}

Result<Position> Decode(std::string_view token, const std::string& order) {
  if (std::optional<std::string> text = codec::Base64UrlDecode(token)) {
    std::vector<std::string_view> parts = Split(*text, '\n');
    if (parts.size() == 4 && parts[0] == "1" && parts[1] == order) {
      return Position{order, std::string(parts[2]), std::string(parts[3])};
    }
  }
  return Fail(kBadPageToken, "The NextToken is invalid: it must come from the same list call with the same sorting.");
}

class Statement {
 public:
  explicit Statement(const Scope& scope) : values_{scope.account.value(), scope.region.value()} {}

  std::string Parameter(sql::Value value) {
    values_.push_back(std::move(value));
    return "$" + std::to_string(values_.size());
  }
  void Where(const std::string& condition) { text_ += " AND " + condition; }
  void Time(const std::optional<aloft::Time>& time, const std::string& comparison) {
    if (time) Where(comparison + Parameter(ToMicros(*time)));
  }
  const std::string& text() const { return text_; }
  const sql::Values& values() const { return values_; }

 private:
  std::string text_ = " WHERE account = $1 AND region = $2";
  sql::Values values_;
};

}  // namespace

Result<ListPage> ListNamed(sql::Reader& reader, const char* table, const Scope& scope, const ListQuery& query) {
  std::string column = query.sort_by == "Name"               ? "name"
                       : query.sort_by == "LastModifiedTime" ? "modified"
                       : query.sort_by == "Status"           ? "status"
                                                             : "created";
  bool ascending = query.sort_order == "Ascending";
  bool is_time = column == "created" || column == "modified";
  std::string order = column + (ascending ? "+" : "-");

  Statement where(scope);
  if (query.name_contains)
    where.Where("LOWER(name) LIKE '%' || LOWER(" + where.Parameter(*query.name_contains) + ") || '%'");
  if (query.status) where.Where("status = " + where.Parameter(*query.status));
  for (const auto& [name, value] : query.equal) where.Where(name + " = " + where.Parameter(value));
  for (const std::string& condition : query.conditions) where.Where(condition);
  where.Time(query.created_before, "created < ");
  where.Time(query.created_after, "created > ");
  where.Time(query.modified_before, "modified < ");
  where.Time(query.modified_after, "modified > ");
  if (query.token) {
    ALOFT_ASSIGN(Position after, Decode(*query.token, order));
    sql::Value value = after.value;
    if (is_time) {
      std::int64_t micros = 0;
      auto [end, error] = std::from_chars(after.value.data(), after.value.data() + after.value.size(), micros);
      if (error != std::errc()) return Fail(kBadPageToken, "The NextToken is invalid.");
      value = micros;
    }
    std::string bound = where.Parameter(value);
    where.Where("(" + column + ", name) " + (ascending ? ">" : "<") + " (" + bound + ", " +
                where.Parameter(after.name) + ")");
  }
  std::string direction = ascending ? " ASC" : " DESC";
  std::string statement = "SELECT name, created, modified, status FROM " + std::string(table) + where.text() +
                          " ORDER BY " + column + direction + ", name" + direction + " LIMIT " +
                          std::to_string(query.limit + 1);
  ALOFT_ASSIGN(sql::Rows rows, reader.Query(statement, where.values()));

  ListPage page;
  for (const sql::Row& row : rows) {
    if (static_cast<int>(page.items.size()) == query.limit) {
      const Listed& last = page.items.back();
      std::string value = column == "name"      ? last.name
                          : column == "status"  ? last.status
                          : column == "created" ? std::to_string(ToMicros(last.created))
                                                : std::to_string(ToMicros(last.modified));
      page.next_token = Encode({order, value, last.name});
      break;
    }
    page.items.push_back({row.Text(0), row.Text(3), FromMicros(row.Int(1)), FromMicros(row.Int(2))});
  }
  return page;
}

}  // namespace aloft::models
