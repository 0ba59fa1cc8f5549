// What the statements of the room share. Private to it.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "platform/identity/records.h"

namespace aloft::identity::records {

std::optional<EntityKind> ParseKind(std::string_view text);
// The columns account, kind, name, path, id, created, document.
Result<Entity> ReadEntity(const sql::Row& row);
Result<std::vector<Entity>> ReadEntities(const sql::Rows& rows);

inline std::string Key(std::string_view name) {
  return ToLower(name);
}

inline sql::Values Owner(const Entity& entity) {
  return {entity.account.value(), std::string(KindText(entity.kind)), Key(entity.name)};
}

inline sql::Values With(sql::Values values, std::initializer_list<sql::Value> more) {
  values.insert(values.end(), more.begin(), more.end());
  return values;
}

inline Status Run(sql::Transaction& t, std::string_view statement, const sql::Values& values) {
  ALOFT_TRY(t.Execute(statement, values));
  return {};
}

inline Result<bool> Changed(sql::Transaction& t, std::string_view statement, const sql::Values& values) {
  ALOFT_ASSIGN(const std::int64_t rows, t.Execute(statement, values));
  return rows > 0;
}

}  // namespace aloft::identity::records
