// Brings a database's tables to the versions that this program knows. Private to the room.
#pragma once

#include <span>

#include "foundation/sql/database.h"

namespace aloft::sql {

// Runs inside one transaction that excludes every other migrating process. `now` is recorded.
Status Migrate(Transaction& transaction, Engine engine, std::span<const Migration> migrations, std::int64_t now_micros);

// The room's own tables: the outbox. Applied before everybody's.
const std::vector<Migration>& OwnMigrations();

}  // namespace aloft::sql
