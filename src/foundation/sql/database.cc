#include "foundation/sql/database.h"

#include "foundation/base/check.h"
#include "foundation/sql/engines.h"

namespace aloft::sql {
namespace {

template <class T>
const T& Column(const Values& values, std::size_t column) {
  ALOFT_CHECK(column < values.size());
  const T* value = std::get_if<T>(&values[column]);
  ALOFT_CHECK(value != nullptr);
  return *value;
}

}  // namespace

std::int64_t Row::Int(std::size_t column) const {
  return Column<std::int64_t>(values_, column);
}

double Row::Real(std::size_t column) const {
  return Column<double>(values_, column);
}

const std::string& Row::Text(std::size_t column) const {
  return Column<std::string>(values_, column);
}

const std::string& Row::Blob(std::size_t column) const {
  return Column<Bytes>(values_, column).value;
}

Result<std::unique_ptr<Database>> Database::Open(Options options, std::span<const Migration> migrations, Log log) {
  switch (options.engine) {
    case Engine::kSqlite: return OpenSqlite(options, migrations, std::move(log));
    case Engine::kPostgres: return OpenPostgres(options, migrations, std::move(log));
  }
  return Fail(kInvalidArgument, "Unknown SQL engine.");
}

}  // namespace aloft::sql
