// What must differ between the engines' SQL. Private to the room; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/sql/database.h"

namespace aloft::sql {

// A statement of a migration as `engine` wants it: column types, STRICT. Only CREATE TABLE and ALTER TABLE change.
std::string TranslateSchema(Engine engine, std::string_view statement);

// Refuses what only SQLite understands, so that a test on SQLite finds it.
Status CheckPortable(std::string_view statement);

}  // namespace aloft::sql
