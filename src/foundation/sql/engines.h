// The engines behind Database. Private to the room.
#pragma once

#include "foundation/sql/database.h"

namespace aloft::sql {

Result<std::unique_ptr<Database>> OpenSqlite(const Options& options, std::span<const Migration> migrations, Log log);
Result<std::unique_ptr<Database>> OpenPostgres(const Options& options, std::span<const Migration> migrations, Log log);

}  // namespace aloft::sql
