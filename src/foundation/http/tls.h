// TLS contexts of servers and clients. Internal.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "foundation/base/result.h"
#include "foundation/http/server.h"

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
// Verifies the peer against `ca_pem`, or against the system's roots where it is empty.
Result<SslContext> MakeClientContext(const std::string& ca_pem);

// Both without I/O; null where memory is out.
SslPtr MakeServerSsl(SSL_CTX* context, int fd);
// `host`: the name or address that the certificate must show.
SslPtr MakeClientSsl(SSL_CTX* context, int fd, const std::string& host);

// What OpenSSL complains about, and clears its queue of errors.
std::string TakeSslErrors();

}  // namespace aloft::http
