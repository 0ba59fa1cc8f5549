// The server's certificate: the operator's own, or one that the installation's own authority issues under <data>/tls
// and renews.
#pragma once

#include <string>

#include "app/config.h"
#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/http/server.h"

namespace aloft::app {

struct TlsFiles {
  http::TlsIdentity identity;
  std::string ca_file;  // what clients must trust; empty with the operator's own certificate
};

// Makes what is missing, and a new server certificate where the present one ends within 30 days or lacks a name of
// `config`.
Result<TlsFiles> LoadTls(const Config& config, const Clock& clock);

}  // namespace aloft::app
