// Whether a connection string of libpq may be used over a network.
#pragma once

#include <string>

#include "foundation/base/result.h"

namespace aloft::sql {

// kInvalidArgument where `connection`, with what the environment adds to it (PGHOST, PGSSLMODE, a service file), leads
// to another machine without TLS that verifies who is there (sslmode=verify-full). Unix sockets and loopback are this
// machine. Opens nothing.
Status CheckPostgresTransport(const std::string& connection);

}  // namespace aloft::sql
