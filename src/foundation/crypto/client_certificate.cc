#include "foundation/crypto/client_certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "foundation/crypto/certificate_parts.h"

namespace aloft::crypto {
namespace {

using internal::Bio;
using internal::Certificate;
using internal::Key;
using internal::Refused;

constexpr std::size_t kMaxCommonName = 64;

// Null where it is no key of P-256, or something follows it.
Key ReadP256(std::string_view public_key) {
  const auto* at = reinterpret_cast<const unsigned char*>(public_key.data());
  const unsigned char* const end = at + public_key.size();
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(public_key.size())));  // NOLINT(google-runtime-int)
  ERR_clear_error();
  char group[32] = "";
  std::size_t size = 0;
  if (key == nullptr || at != end || EVP_PKEY_get_group_name(key.get(), group, sizeof group, &size) != 1 ||
      std::string_view(group, size) != "prime256v1")
    return nullptr;
  return key;
}

bool AddUri(X509* certificate, const std::string& uri) {
  const internal::Names list(GENERAL_NAMES_new());
  GENERAL_NAME* entry = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  if (list == nullptr || entry == nullptr || text == nullptr) {
    GENERAL_NAME_free(entry);
    ASN1_IA5STRING_free(text);
    return false;
  }
  ASN1_STRING_set(text, uri.data(), static_cast<int>(uri.size()));
  GENERAL_NAME_set0_value(entry, GEN_URI, text);
  if (sk_GENERAL_NAME_push(list.get(), entry) == 0) {
    GENERAL_NAME_free(entry);
    return false;
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

}  // namespace

Result<ClientKey> MakeClientKey() {
  const Key key(EVP_EC_gen("P-256"));
  const Bio text(BIO_new(BIO_s_secmem()));
  unsigned char* der = nullptr;
  const int size = key == nullptr ? 0 : i2d_PUBKEY(key.get(), &der);
  if (size <= 0 || text == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    OPENSSL_free(der);
    return Refused("key");
  }
  ClientKey out{internal::Drain(text.get()), std::string(reinterpret_cast<const char*>(der), std::size_t(size))};
  OPENSSL_free(der);
  return out;
}

Result<std::string> MakeClientCertificate(const CertificatePair& authority, std::string_view public_key,
                                          const ClientName& name, Time now, Time not_after) {
  ALOFT_ASSIGN(const internal::Issuer issuer, internal::ReadIssuer(authority));
  const Key key = ReadP256(public_key);
  if (key == nullptr) return Fail(kBadCertificate, "this is no public key of P-256");
  const Certificate certificate = internal::Blank(std::string_view(name.common_name).substr(0, kMaxCommonName),
                                                  key.get(), now - std::chrono::hours(1), not_after);
  if (certificate == nullptr) return Refused("certificate");
  X509* raw = certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(issuer.certificate.get())) != 1 ||
      !internal::AddEndExtensions(raw, issuer.certificate.get(), "clientAuth") || !AddUri(raw, name.uri))
    return Refused("extensions");
  if (X509_sign(raw, issuer.key.get(), EVP_sha256()) == 0) return Refused("sign");
  const Bio text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(text.get(), raw) != 1) return Refused("write");
  return internal::Drain(text.get());
}

}  // namespace aloft::crypto
