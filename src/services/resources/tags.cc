#include "services/resources/tags.h"

#include "foundation/base/bytes.h"

namespace aloft::resources {

std::span<const sql::Migration> Migrations() {
  static const sql::Migration kMigrations[] = {
      {"resources",
       1,
       {"CREATE TABLE resources_tags (arn TEXT NOT NULL, tag_key TEXT NOT NULL, tag_value TEXT NOT NULL, "
        "PRIMARY KEY (arn, tag_key))"}}};
  return kMigrations;
}

Status CheckTags(const Tags& tags) {
  if (tags.size() > kMaxTags) return Fail(kTooManyTags, "A resource may have at most 50 tags.");
  for (const auto& [key, value] : tags) {
    if (key.empty() || key.size() > 4 * 128 || value.size() > 4 * 256)
      return Fail(kBadTag, "Tag keys have 1 to 128 characters, tag values at most 256.");
    if (ToLower(key).starts_with("aws:"))
      return Fail(kBadTag, "aws: prefixed tag key names are not allowed for external use.");
  }
  return {};
}

Status PutTags(sql::Transaction& transaction, const std::string& arn, const Tags& tags) {
  for (const auto& [key, value] : tags)
    ALOFT_TRY(
        transaction.Execute("INSERT INTO resources_tags (arn, tag_key, tag_value) VALUES ($1, $2, $3) "
                            "ON CONFLICT (arn, tag_key) DO UPDATE SET tag_value = excluded.tag_value",
                            {arn, key, value}));
  ALOFT_ASSIGN(sql::Rows rows, transaction.Query("SELECT COUNT(*) FROM resources_tags WHERE arn = $1", {arn}));
  if (rows.at(0).Int(0) > static_cast<std::int64_t>(kMaxTags))
    return Fail(kTooManyTags, "A resource may have at most 50 tags.");
  return {};
}

Status RemoveTags(sql::Transaction& transaction, const std::string& arn, std::span<const std::string> keys) {
  for (const std::string& key : keys)
    ALOFT_TRY(transaction.Execute("DELETE FROM resources_tags WHERE arn = $1 AND tag_key = $2", {arn, key}));
  return {};
}

Status RemoveAllTags(sql::Transaction& transaction, const std::string& arn) {
  ALOFT_TRY(transaction.Execute("DELETE FROM resources_tags WHERE arn = $1", {arn}));
  return {};
}

Result<Tags> ListTags(sql::Reader& reader, const std::string& arn) {
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query("SELECT tag_key, tag_value FROM resources_tags WHERE arn = $1 ORDER BY tag_key", {arn}));
  Tags tags;
  for (const sql::Row& row : rows) tags.emplace(row.Text(0), row.Text(1));
  return tags;
}

}  // namespace aloft::resources
