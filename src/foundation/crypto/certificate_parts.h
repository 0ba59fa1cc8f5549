// What certificates of every kind are made of. For the sources of this room only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/crypto/certificate.h"
#include "foundation/crypto/evp.h"

namespace aloft::crypto::internal {

using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

// kCryptoFailed, with what the library complains about.
Error Refused(const char* step);
std::string Drain(BIO* bio);

// Null where the text is none.
Certificate ParseCertificate(std::string_view pem);
Key ParseKey(std::string_view pem);

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value);
// Version, serial number, validity, subject and key; null where the library refuses.
Certificate Blank(std::string_view common_name, EVP_PKEY* key, Time not_before, Time not_after);
// What every certificate that is no authority has; `usage` is its extended key usage.
bool AddEndExtensions(X509* certificate, X509* issuer, const char* usage);

struct Issuer {
  Certificate certificate;
  Key key;
};
// kBadCertificate.
Result<Issuer> ReadIssuer(const CertificatePair& authority);

}  // namespace aloft::crypto::internal
