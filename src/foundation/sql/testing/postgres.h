// A throw-away PostgreSQL for tests: Debian's postgresql-15 in a temporary directory, on a Unix socket only, ended with
// the test program.
//
//   auto connection = testing::NewPostgresDatabase();
//   ASSERT_TRUE(connection.ok()) << Describe(connection.error());
//   options.connection = *connection;
#pragma once

#include <string>

#include "foundation/base/result.h"

namespace aloft::sql::testing {

// A libpq connection string to a new, empty database. The first call of a process starts the server (about two
// seconds); call it from the main thread. Fails where the server is not installed, with what to install.
Result<std::string> NewPostgresDatabase();

// Ends the server as a crash would, and starts it again on the same data.
Status CrashPostgres();

}  // namespace aloft::sql::testing
