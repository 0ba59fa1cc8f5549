#include "foundation/crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "foundation/base/bytes.h"
#include "foundation/crypto/evp.h"
#include "foundation/crypto/hash.h"

namespace aloft::crypto {
namespace {

using internal::Freer;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

Error Refused(const char* step) {
  char text[256] = "";
  if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return Fail(kCryptoFailed, "a certificate could not be made", std::string(step) + ": " + text);
}

std::string Drain(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Certificate ParseCertificate(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

// Never asks for a pass phrase: our keys have none, and a server has no terminal.
int NoPassPhrase(char*, int, int, void*) {
  return 0;
}

Key ParseKey(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassPhrase, nullptr));
  ERR_clear_error();
  return key;
}

std::time_t Seconds(Time time) {
  return static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
}

bool SetCommonName(X509_NAME* name, std::string_view text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

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

// Version, serial number, validity, names and key, common to both kinds.
Certificate Blank(std::string_view common_name, EVP_PKEY* key, Time not_before, Time not_after) {
  Certificate certificate(X509_new());
  unsigned char serial[16];
  if (certificate == nullptr || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3f) | 0x40);  // positive, and never shorter than 16 bytes
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  if (number == nullptr || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) == nullptr)
    return nullptr;
  if (X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), Seconds(not_before)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), Seconds(not_after)) == nullptr ||
      !SetCommonName(X509_get_subject_name(certificate.get()), common_name) ||
      X509_set_pubkey(certificate.get(), key) != 1)
    return nullptr;
  return certificate;
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
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    const unsigned char* data = ASN1_STRING_get0_data(value);
    const int length = ASN1_STRING_length(value);
    char text[INET6_ADDRSTRLEN];
    if (type == GEN_DNS)
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
  const Certificate issuer = ParseCertificate(authority.certificate_pem);
  const Key issuer_key = ParseKey(authority.key_pem);
  if (issuer == nullptr || issuer_key == nullptr || X509_check_private_key(issuer.get(), issuer_key.get()) != 1)
    return Fail(kBadCertificate, "the authority's certificate and key cannot be read, or do not belong together");
  if (names.empty()) return Fail(kBadCertificate, "a server certificate needs at least one name or address");
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return Refused("key");
  // A common name is at most 64 characters; clients read the alternative names.
  const Certificate certificate =
      Blank(std::string_view(names.front()).substr(0, 64), key.get(), now - std::chrono::hours(1), now + valid_for);
  if (certificate == nullptr) return Refused("certificate");
  X509* raw = certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(issuer.get())) != 1 ||
      !AddExtension(raw, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !AddExtension(raw, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !AddExtension(raw, issuer.get(), NID_ext_key_usage, "serverAuth") ||
      !AddExtension(raw, issuer.get(), NID_subject_key_identifier, "hash") ||
      !AddExtension(raw, issuer.get(), NID_authority_key_identifier, "keyid:always") || !AddNames(raw, names))
    return Refused("extensions");
  if (X509_sign(raw, issuer_key.get(), EVP_sha256()) == 0) return Refused("sign");
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
