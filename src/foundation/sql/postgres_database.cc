#include "foundation/sql/engines.h"

namespace aloft::sql {

Result<std::unique_ptr<Database>> OpenPostgres(const Options&, std::span<const Migration>, Log) {
  return Fail(kUnimplemented, "PostgreSQL is not built yet.");
}

}  // namespace aloft::sql
