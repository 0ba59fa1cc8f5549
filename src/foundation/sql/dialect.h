// What must differ between the engines' SQL. Private to the room; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/sql/database.h"

namespace aloft::sql {

// A statement of a migration as `engine` wants it: column types, STRICT. Only CREATE TABLE and ALTER TABLE change.
std::string TranslateSchema(Engine engine, std::string_view statement);

// Refuses what only one engine understands, so that a test on the other finds it; and parameters that are not exactly
// $1 to $`parameters`.
Status CheckPortable(std::string_view statement, std::size_t parameters);

}  // namespace aloft::sql
