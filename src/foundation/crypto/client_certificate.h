// Certificates of our own authority for clients whose key we never see: the client makes the key, tells its public
// half, and is given a certificate that says who it is. RFC 5280; P-256 only. Thread-safe: nothing is shared.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/crypto/certificate.h"

namespace aloft::crypto {

struct ClientKey {
  std::string key_pem;     // PKCS#8, unencrypted: for this process's memory; wipe after use
  std::string public_key;  // SubjectPublicKeyInfo, DER
};
Result<ClientKey> MakeClientKey();

struct ClientName {
  std::string common_name;  // cut at 64 bytes, which is all that X.509 allows
  std::string uri;          // the whole name, as a subject alternative name; ASCII
};

// A certificate for TLS clients and nothing else (extended key usage clientAuth), PEM, from an hour before `now` until
// `not_after`. kBadCertificate where the key is none of P-256 or the authority cannot sign.
Result<std::string> MakeClientCertificate(const CertificatePair& authority, std::string_view public_key,
                                          const ClientName& name, Time now, Time not_after);

}  // namespace aloft::crypto
