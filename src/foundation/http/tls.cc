#include "foundation/http/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <utility>

#include "foundation/crypto/hash.h"

namespace aloft::http {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { ::BIO_free(bio); }
};
struct FreeX509 {
  void operator()(X509* certificate) const { ::X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;
using X509Ptr = std::unique_ptr<X509, FreeX509>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeKey>;

BioPtr OpenPem(const std::string& pem) {
  return BioPtr(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Never asks a terminal for a passphrase.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

Error Invalid(std::string message) {
  return Fail(kInvalidArgument, std::move(message), TakeSslErrors());
}

Result<SslContext> MakeContext(const SSL_METHOD* method) {
  SslContext context(::SSL_CTX_new(method), FreeSsl());
  if (!context || ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      ::SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
      ::SSL_CTX_set1_groups_list(context.get(), "X25519:P-256:P-384") != 1)
    return Fail(kInternal, "TLS cannot be set up", TakeSslErrors());
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Idle connections keep no buffers; a write may go on from another place in memory.
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  ::SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

// Clients that offer HTTP/2 as well get HTTP/1.1; those that offer neither go on without ALPN.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                   unsigned int in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (::SSL_select_next_proto(&chosen, out_size, kOurs, sizeof(kOurs) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// The roots of a PEM text, at least one, into `store`; where `names` is given, they are told to clients, too.
Status AddRoots(X509_STORE* store, const std::string& pem, SSL_CTX* names = nullptr) {
  const BioPtr roots = OpenPem(pem);
  int count = 0;
  for (;; ++count) {
    const X509Ptr root(::PEM_read_bio_X509(roots.get(), nullptr, NoPassphrase, nullptr));
    if (!root) break;
    if (::X509_STORE_add_cert(store, root.get()) != 1 ||
        (names != nullptr && ::SSL_CTX_add_client_CA(names, root.get()) != 1))
      return Invalid("A trusted root cannot be used");
  }
  ::ERR_clear_error();  // the end of the PEM reads as an error
  if (count == 0) return Invalid("The trusted roots cannot be read");
  return {};
}

Status UseIdentity(SSL_CTX* context, const TlsIdentity& identity) {
  const BioPtr chain = OpenPem(identity.certificate_chain_pem);
  const X509Ptr leaf(::PEM_read_bio_X509(chain.get(), nullptr, NoPassphrase, nullptr));
  if (!leaf || ::SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return Invalid("The TLS certificate cannot be read");
  for (;;) {
    X509Ptr issuer(::PEM_read_bio_X509(chain.get(), nullptr, NoPassphrase, nullptr));
    if (!issuer) break;
    if (::SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) return Invalid("The TLS chain cannot be used");
  }
  ::ERR_clear_error();  // the end of the PEM reads as an error
  const BioPtr key_pem = OpenPem(identity.private_key_pem);
  const KeyPtr key(::PEM_read_bio_PrivateKey(key_pem.get(), nullptr, NoPassphrase, nullptr));
  if (!key || ::SSL_CTX_use_PrivateKey(context, key.get()) != 1 || ::SSL_CTX_check_private_key(context) != 1)
    return Invalid("The TLS key cannot be read or does not belong to the certificate");
  return {};
}

// Clients may show a certificate and need not; one that does not verify ends the handshake. The authority is named, so
// that browsers do not ask their users for others.
Status AskForCertificates(SSL_CTX* context, const std::string& authority_pem) {
  if (authority_pem.empty()) return {};
  ALOFT_TRY(AddRoots(::SSL_CTX_get_cert_store(context), authority_pem, context));
  if (::SSL_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) != 1) return Invalid("Clients cannot be verified");
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

}  // namespace

std::string TakeSslErrors() {
  std::string text;
  while (const unsigned long code = ::ERR_get_error()) {  // NOLINT(google-runtime-int): OpenSSL's type
    char line[256];
    ::ERR_error_string_n(code, line, sizeof(line));
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

Result<SslContext> MakeServerContext(const TlsIdentity& identity) {
  ::ERR_clear_error();
  ALOFT_ASSIGN(SslContext context, MakeContext(::TLS_server_method()));
  ALOFT_TRY(UseIdentity(context.get(), identity));
  ALOFT_TRY(AskForCertificates(context.get(), identity.client_authority_pem));
  ::SSL_CTX_set_alpn_select_cb(context.get(), SelectProtocol, nullptr);
  ::SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  static constexpr unsigned char kSession[] = "aloft";
  ::SSL_CTX_set_session_id_context(context.get(), kSession, sizeof(kSession) - 1);
  // Tickets carry the session; a cache in the server would only cost memory.
  ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

Result<SslContext> MakeClientContext(const std::string& ca_pem, const TlsIdentity& identity) {
  ::ERR_clear_error();
  ALOFT_ASSIGN(SslContext context, MakeContext(::TLS_client_method()));
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (!identity.empty()) ALOFT_TRY(UseIdentity(context.get(), identity));
  if (ca_pem.empty()) {
    if (::SSL_CTX_set_default_verify_paths(context.get()) != 1) return Invalid("The system's roots cannot be read");
    return context;
  }
  ALOFT_TRY(AddRoots(::SSL_CTX_get_cert_store(context.get()), ca_pem));
  return context;
}

Result<std::shared_ptr<ClientTls>> ClientTls::Create(const std::string& ca_pem, const TlsIdentity& identity) {
  auto tls = std::make_shared<ClientTls>();
  if (!ca_pem.empty() || !identity.empty()) {
    ALOFT_ASSIGN(tls->context_, MakeClientContext(ca_pem, identity));
  }
  return tls;
}

Result<SslContext> ClientTls::Context() {
  const std::lock_guard lock(mutex_);
  if (!context_) {
    ALOFT_ASSIGN(context_, MakeClientContext(""));
  }
  return context_;
}

std::shared_ptr<const PeerCertificate> ReadPeer(SSL* ssl) {
  X509* certificate = ::SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || ::SSL_get_verify_result(ssl) != X509_V_OK) return nullptr;
  auto peer = std::make_shared<PeerCertificate>();
  char name[256] = "";
  ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  peer->subject = name;
  unsigned char* der = nullptr;
  const int size = ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(certificate), &der);
  std::tm end{};
  if (size <= 0 || ::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &end) != 1) return nullptr;
  peer->key_sha256_hex = crypto::Sha256Hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
  ::OPENSSL_free(der);
  peer->not_after = Time(std::chrono::seconds(::timegm(&end)));
  return peer;
}

SslPtr MakeServerSsl(SSL_CTX* context, int fd) {
  SslPtr ssl(::SSL_new(context));
  if (!ssl || ::SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  ::SSL_set_accept_state(ssl.get());
  return ssl;
}

SslPtr MakeClientSsl(SSL_CTX* context, int fd, const std::string& host) {
  SslPtr ssl(::SSL_new(context));
  if (!ssl || ::SSL_set_fd(ssl.get(), fd) != 1) return nullptr;
  unsigned char address[16];
  const bool is_address = ::inet_pton(AF_INET, host.c_str(), address) == 1 ||  //
                          ::inet_pton(AF_INET6, host.c_str(), address) == 1;
  if (is_address) {
    if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl.get()), host.c_str()) != 1) return nullptr;
  } else {
    ::SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (::SSL_set1_host(ssl.get(), host.c_str()) != 1 || ::SSL_set_tlsext_host_name(ssl.get(), host.c_str()) != 1)
      return nullptr;
  }
  ::SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace aloft::http
