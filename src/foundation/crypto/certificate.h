// Certificates of our own authority: P-256 keys, SHA-256 signatures, PEM in and out. Thread-safe: nothing is shared.
//
//   ALOFT_ASSIGN(CertificatePair ca, MakeAuthority("Aloft 3f2b", now, days(3650)));
//   ALOFT_ASSIGN(CertificatePair server, MakeServerCertificate(ca, {"localhost", "127.0.0.1"}, now, days(90)));
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/crypto/errors.h"

namespace aloft::crypto {

struct CertificatePair {
  std::string certificate_pem;
  std::string key_pem;  // PKCS#8, unencrypted: write it with mode 0600
};

struct CertificateInfo {
  std::string subject;             // common name
  std::string issuer;              // common name
  std::vector<std::string> names;  // subject alternative names: DNS names, addresses and URIs as text
  Time not_before{};
  Time not_after{};
  bool authority = false;
  std::string sha256_hex;      // fingerprint of the DER form
  std::string key_sha256_hex;  // of the public key (SubjectPublicKeyInfo, DER): it outlives certificates
};

// A self-signed authority that may sign end certificates, not further authorities.
Result<CertificatePair> MakeAuthority(std::string_view common_name, Time now, std::chrono::seconds valid_for);

// A TLS server certificate. Each of `names` is an IPv4 or IPv6 address or a DNS name ("*.example.com" included); the
// first becomes the common name. Validity starts an hour before `now`, for clocks that are behind.
Result<CertificatePair> MakeServerCertificate(const CertificatePair& authority, const std::vector<std::string>& names,
                                              Time now, std::chrono::seconds valid_for);

// The first certificate of a PEM text.
Result<CertificateInfo> ReadCertificate(std::string_view certificate_pem);

// Whether `certificate_pem` was signed by `authority_pem` and the private key belongs to the certificate.
bool IsSignedBy(std::string_view certificate_pem, std::string_view authority_pem);
bool KeyBelongsTo(std::string_view key_pem, std::string_view certificate_pem);

}  // namespace aloft::crypto
