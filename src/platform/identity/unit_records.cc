#include <algorithm>
#include <boost/json/value.hpp>

#include "foundation/codec/json.h"
#include "platform/identity/account_records.h"
#include "platform/identity/records_sql.h"

namespace aloft::identity {
namespace {

namespace json = boost::json;

constexpr const char* kUnits = "SELECT id, parent, name, created, document FROM identity_units";
// AWS's limit; also what a damaged record that is its own parent cannot pass.
constexpr std::size_t kMostLevels = 5;

Result<UnitRecord> ReadUnit(const sql::Row& row) {
  UnitRecord out{.id = row.Text(0), .parent = row.Text(1), .name = row.Text(2), .created = FromMicros(row.Int(3))};
  ALOFT_ASSIGN(const json::value document, codec::ParseJson(row.Text(4)));
  if (!document.is_object()) return Fail(kCorrupt, "identity's records are damaged", "document is not an object");
  if (const json::value* tags = document.as_object().if_contains("tags"); tags != nullptr && tags->is_object())
    for (const auto& [key, value] : tags->as_object())
      if (value.is_string()) out.tags[std::string(key)] = value.as_string();
  return out;
}

}  // namespace

sql::Migration UnitMigration() {
  return {"identity",
          3,
          {"CREATE TABLE identity_units (id TEXT PRIMARY KEY, parent TEXT NOT NULL, name TEXT NOT NULL, "
           "created INTEGER NOT NULL, document TEXT NOT NULL)"}};
}

namespace records {

Status PutUnit(sql::Transaction& t, const UnitRecord& unit) {
  json::object document{{"v", 1}};
  if (!unit.tags.empty()) {
    json::object tags;
    for (const auto& [key, value] : unit.tags) tags[key] = value;
    document["tags"] = std::move(tags);
  }
  return Run(t,
             "INSERT INTO identity_units (id, parent, name, created, document) VALUES ($1, $2, $3, $4, $5) "
             "ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document",
             {unit.id, unit.parent, unit.name, ToMicros(unit.created), codec::WriteJson(document)});
}

Status DeleteUnit(sql::Transaction& t, std::string_view id) {
  ALOFT_TRY(Run(t, "DELETE FROM identity_control_targets WHERE target = $1", {std::string(id)}));
  return Run(t, "DELETE FROM identity_units WHERE id = $1", {std::string(id)});
}

Result<std::optional<UnitRecord>> FindUnit(sql::Reader& reader, std::string_view id) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kUnits) + " WHERE id = $1", {std::string(id)}));
  if (rows.empty()) return std::optional<UnitRecord>();
  ALOFT_ASSIGN(UnitRecord found, ReadUnit(rows.front()));
  return std::optional(std::move(found));
}

Result<std::vector<UnitRecord>> ListUnits(sql::Reader& reader) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kUnits) + " ORDER BY id"));
  std::vector<UnitRecord> out;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(UnitRecord unit, ReadUnit(row));
    out.push_back(std::move(unit));
  }
  return out;
}

Result<std::vector<UnitRecord>> UnitsAbove(sql::Reader& reader, const std::string& id) {
  std::vector<UnitRecord> out;
  for (std::string at = id; !at.empty();) {
    ALOFT_ASSIGN(auto unit, FindUnit(reader, at));
    // A guardrail on a level that is lost must not be lost with it.
    if (!unit || out.size() == kMostLevels)
      return Fail(kCorrupt, "identity's records are damaged", "no way from unit " + id + " to the root");
    at = unit->parent;
    out.push_back(std::move(*unit));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace records
}  // namespace aloft::identity
