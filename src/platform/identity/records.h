// What identity stores, as SQL. Format: docs/formats/identity.md.
#pragma once

#include <span>

#include "foundation/sql/database.h"

namespace aloft::identity {

// The room's schema, for sql::Database::Open.
std::span<const sql::Migration> Migrations();

}  // namespace aloft::identity
