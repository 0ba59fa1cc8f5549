// Tags of resources, by ARN, for services whose records lie in sql. A service writes a new resource's tags in the
// transaction that makes it, and removes them in the one that deletes it.
//
//   ALOFT_TRY(CheckTags(tags));
//   db.Write([&](sql::Transaction& t) -> Status { ...; return PutTags(t, arn, tags); });
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "services/resources/errors.h"

namespace aloft::resources {

using Tags = std::map<std::string, std::string>;

inline constexpr std::size_t kMaxTags = 50;

// The generated Tag lists of any service (members key and value) as a map; a key given twice is kBadTag.
template <class TagList>
Result<Tags> TagsOf(const TagList& list) {
  Tags tags;
  for (const auto& tag : list)
    if (!tags.emplace(tag.key.value_or(""), tag.value.value_or("")).second)
      return Fail(kBadTag, "Duplicate tag key '" + tag.key.value_or("") + "' in the request.");
  return tags;
}
template <class Tag>
std::vector<Tag> TagListOf(const Tags& tags) {
  std::vector<Tag> list;
  for (const auto& [key, value] : tags) {
    Tag& tag = list.emplace_back();
    tag.key = key;
    tag.value = value;
  }
  return list;
}

// At most 50; keys of 1 to 128 characters, not beginning with "aws:"; values of at most 256.
Status CheckTags(const Tags& tags);

// Adds, or replaces values. kTooManyTags where the resource would have more than 50.
Status PutTags(sql::Transaction& transaction, const std::string& arn, const Tags& tags);
Status RemoveTags(sql::Transaction& transaction, const std::string& arn, std::span<const std::string> keys);
Status RemoveAllTags(sql::Transaction& transaction, const std::string& arn);
Result<Tags> ListTags(sql::Reader& reader, const std::string& arn);

// The room's schema, for sql::Database::Open.
std::span<const sql::Migration> Migrations();

}  // namespace aloft::resources
