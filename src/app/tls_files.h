// The server's certificate: the operator's own, or one that the installation's own authority issues under <data>/tls
// and renews. Private keys of ours lie sealed under the root key; the operator's own key file is the operator's.
#pragma once

#include <string>

#include "app/config.h"
#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/crypto/certificate.h"
#include "foundation/http/server.h"
#include "platform/keys/keyring.h"
#include "platform/keys/reseal.h"

namespace aloft::app {

struct TlsFiles {
  http::TlsIdentity identity;
  std::string ca_file;  // what clients must trust; empty with the operator's own certificate
};

// Makes what is missing, and a new server certificate where the present one ends within 30 days or lacks a name of
// `config`.
Result<TlsFiles> LoadTls(const Config& config, const keys::Keyring& keyring, const Clock& clock);

// The installation's own authority, which LoadTls makes where its certificates are needed.
Result<crypto::CertificatePair> LoadAuthority(const Config& config, const keys::Keyring& keyring);

// The private keys' seals, for the rotation of the root key. `config` outlives it.
keys::SealSource TlsKeySource(const Config& config, const keys::Keyring& keyring);

}  // namespace aloft::app
