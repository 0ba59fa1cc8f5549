#include "foundation/crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "foundation/base/bytes.h"
#include "foundation/crypto/certificate_parts.h"
#include "foundation/crypto/hash.h"

namespace aloft::crypto {
namespace {

using internal::AddExtension;
using internal::Bio;
using internal::Blank;
using internal::Certificate;
using internal::Drain;
using internal::Key;
using internal::Names;
using internal::ParseCertificate;
using internal::ParseKey;
using internal::Refused;

// Built as structures, not through OpenSSL's configuration text, where a comma in a name would start another name.
bool AddNames(X509* certificate, const std::vector<std::string>& names) {
  const Names list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    unsigned char address[16];
    GENERAL_NAME* entry = GENERAL_NAME_new();
    if (entry == nullptr) return false;
    const int size = inet_pton(AF_INET, name.c_str(), address) == 1    ? 4
                     : inet_pton(AF_INET6, name.c_str(), address) == 1 ? 16
                                                                       : 0;
    if (size != 0) {
      ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
      ASN1_OCTET_STRING_set(octets, address, size);
      GENERAL_NAME_set0_value(entry, GEN_IPADD, octets);
    } else {
      ASN1_IA5STRING* text = ASN1_IA5STRING_new();
      ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
      GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    }
    if (sk_GENERAL_NAME_push(list.get(), entry) == 0) {
      GENERAL_NAME_free(entry);
      return false;
    }
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

Result<CertificatePair> Write(X509* certificate, EVP_PKEY* key) {
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return Refused("write");
  return CertificatePair{Drain(certificate_text.get()), Drain(key_text.get())};
}

std::string CommonName(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  const ASN1_STRING* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
}

Time ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return Time(std::chrono::seconds(timegm(&parts)));
}

std::vector<std::string> ReadNames(const X509* certificate) {
  std::vector<std::string> out;
  const Names list(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; list != nullptr && i < sk_GENERAL_NAME_num(list.get()); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list.get(), i), &type));
    if (type != GEN_DNS && type != GEN_IPADD && type != GEN_URI) continue;
    const unsigned char* data = ASN1_STRING_get0_data(value);
    const int length = ASN1_STRING_length(value);
    char text[INET6_ADDRSTRLEN];
    if (type != GEN_IPADD)
      out.emplace_back(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length));
    else if (length == 4 || length == 16)
      out.emplace_back(inet_ntop(length == 4 ? AF_INET : AF_INET6, data, text, sizeof text));
  }
  return out;
}

}  // namespace

Result<CertificatePair> MakeAuthority(std::string_view common_name, Time now, std::chrono::seconds valid_for) {
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Refused("key");
  const Certificate certificate = Blank(common_name, key.get(), now - std::chrono::hours(1), now + valid_for);
  if (certificate == nullptr) return Refused("certificate");
  X509* raw = certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(raw)) != 1 ||
      !AddExtension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !AddExtension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !AddExtension(raw, raw, NID_subject_key_identifier, "hash"))
    return Refused("extensions");
  if (X509_sign(raw, key.get(), EVP_sha256()) == 0) return Refused("sign");
  return Write(raw, key.get());
}

Result<CertificatePair> MakeServerCertificate(const CertificatePair& authority, const std::vector<std::string>& names,
                                              Time now, std::chrono::seconds valid_for) {
  ALOFT_ASSIGN(const internal::Issuer issuer, internal::ReadIssuer(authority));
  if (names.empty()) return Fail(kBadCertificate, "a server certificate needs at least one name or address");
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Refused("key");
  // A common name is at most 64 characters; clients read the alternative names.
  const Certificate certificate =
      Blank(std::string_view(names.front()).substr(0, 64), key.get(), now - std::chrono::hours(1), now + valid_for);
  if (certificate == nullptr) return Refused("certificate");
  X509* raw = certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(issuer.certificate.get())) != 1 ||
      !internal::AddEndExtensions(raw, issuer.certificate.get(), "serverAuth") || !AddNames(raw, names))
    return Refused("extensions");
  if (X509_sign(raw, issuer.key.get(), EVP_sha256()) == 0) return Refused("sign");
  return Write(raw, key.get());
}

Result<CertificateInfo> ReadCertificate(std::string_view certificate_pem) {
  const Certificate certificate = ParseCertificate(certificate_pem);
  if (certificate == nullptr) return Fail(kBadCertificate, "this is not a PEM certificate");
  CertificateInfo info;
  info.subject = CommonName(X509_get_subject_name(certificate.get()));
  info.issuer = CommonName(X509_get_issuer_name(certificate.get()));
  info.names = ReadNames(certificate.get());
  info.not_before = ToTime(X509_get0_notBefore(certificate.get()));
  info.not_after = ToTime(X509_get0_notAfter(certificate.get()));
  info.authority = X509_check_ca(certificate.get()) == 1;
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return Fail(kBadCertificate, "this certificate cannot be encoded");
  info.sha256_hex = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  der = nullptr;
  const int key_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (key_size <= 0) return Fail(kBadCertificate, "this certificate's key cannot be encoded");
  info.key_sha256_hex = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(key_size)});
  OPENSSL_free(der);
  return info;
}

bool IsSignedBy(std::string_view certificate_pem, std::string_view authority_pem) {
  const Certificate certificate = ParseCertificate(certificate_pem);
  const Certificate authority = ParseCertificate(authority_pem);
  if (certificate == nullptr || authority == nullptr) return false;
  const bool signed_by_it = X509_check_issued(authority.get(), certificate.get()) == X509_V_OK &&
                            X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) == 1;
  ERR_clear_error();
  return signed_by_it;
}

bool KeyBelongsTo(std::string_view key_pem, std::string_view certificate_pem) {
  const Certificate certificate = ParseCertificate(certificate_pem);
  const Key key = ParseKey(key_pem);
  const bool belongs =
      certificate != nullptr && key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return belongs;
}

}  // namespace aloft::crypto
