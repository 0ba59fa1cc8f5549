// Who a server or a client is in TLS, and who the other side has shown itself to be.
#pragma once

#include <string>

#include "foundation/base/clock.h"

namespace aloft::http {

struct TlsIdentity {
  std::string certificate_chain_pem{};
  std::string private_key_pem{};
  // Of servers: clients are asked for certificates of these authorities, and need not have one; one of anybody else, of
  // another purpose or out of its time ends the handshake. Empty: nobody is asked.
  std::string client_authority_pem{};

  bool empty() const { return certificate_chain_pem.empty(); }
  friend bool operator==(const TlsIdentity&, const TlsIdentity&) = default;
};

// A client's certificate, verified in the handshake. It may have ended since: a connection can outlive it.
struct PeerCertificate {
  std::string subject{};         // common name
  std::string key_sha256_hex{};  // of the public key (SubjectPublicKeyInfo, DER)
  Time not_after{};
};

}  // namespace aloft::http
