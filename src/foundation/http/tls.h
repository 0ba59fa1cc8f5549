// TLS contexts of servers and clients. Internal.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>

#include "foundation/base/result.h"
#include "foundation/http/tls_identity.h"

namespace aloft::http {

struct FreeSsl {
  void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { ::SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
// Shared: a handshake that has begun keeps the context it began with through a reload.
using SslContext = std::shared_ptr<SSL_CTX>;

// TLS 1.2 and 1.3, forward secrecy and AEAD only. kInvalidArgument where the PEM cannot be used.
Result<SslContext> MakeServerContext(const TlsIdentity& identity);
// Verifies the peer against `ca_pem`, or against the system's roots where it is empty; shows `identity`, where there is
// one, to servers that ask.
Result<SslContext> MakeClientContext(const std::string& ca_pem, const TlsIdentity& identity = {});

// What a client verifies its peers against. The system's roots are some 140 certificates in a file: reading them costs
// more than starting a server does, so they are read when somebody first asks for TLS. Thread-safe.
class ClientTls {
 public:
  // kInvalidArgument at once where `ca_pem` or `identity` is given and cannot be used.
  static Result<std::shared_ptr<ClientTls>> Create(const std::string& ca_pem, const TlsIdentity& identity);
  // Blocks on the disk, the first time, where the system's roots are meant.
  Result<SslContext> Context();

 private:
  std::mutex mutex_;
  SslContext context_;
};

// Both without I/O; null where memory is out.
SslPtr MakeServerSsl(SSL_CTX* context, int fd);
// `host`: the name or address that the certificate must show.
SslPtr MakeClientSsl(SSL_CTX* context, int fd, const std::string& host);

// After the handshake; null where the client showed no certificate.
std::shared_ptr<const PeerCertificate> ReadPeer(SSL* ssl);

// What OpenSSL complains about, and clears its queue of errors.
std::string TakeSslErrors();

}  // namespace aloft::http
