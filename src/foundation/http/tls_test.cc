// TLS: who is trusted, what both sides speak, and a new certificate without a dropped connection.
#include "foundation/http/tls.h"

#include <gmock/gmock.h>

#include "foundation/crypto/certificate.h"
#include "foundation/crypto/client_certificate.h"
#include "foundation/http/client.h"
#include "foundation/http/test_support.h"

namespace aloft::http {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

crypto::CertificatePair MakeCa() {
  auto ca = crypto::MakeAuthority("test", SystemClock().Now(), hours(24));
  EXPECT_TRUE(ca.ok());
  return *std::move(ca);
}

TlsIdentity MakeIdentity(const crypto::CertificatePair& ca, const std::vector<std::string>& names) {
  auto pair = crypto::MakeServerCertificate(ca, names, SystemClock().Now(), hours(24));
  EXPECT_TRUE(pair.ok());
  return {pair->certificate_pem, pair->key_pem};
}

void Echo(const std::shared_ptr<Exchange>& exchange) {
  exchange->ReadBody(64 << 20, [exchange](Result<std::string> body) {
    exchange->Reply(Text((exchange->head().tls ? "tls " : "plain ") + body.value()));
  });
}

struct TlsServer : TestServer {
  explicit TlsServer(const TlsIdentity& identity, FunctionHandler::Function function = Echo)
      : TestServer(std::move(function), {}, std::make_unique<TlsIdentity>(identity)) {}
  Destination destination(const std::string& host = "127.0.0.1") const { return {host, server->port(), true}; }
};

std::unique_ptr<Client> MakeClient(const std::string& ca_pem) {
  auto client = Client::Create({.ca_pem = ca_pem});
  EXPECT_TRUE(client.ok());
  return *std::move(client);
}

// The ordinary case, by address and by name, with bodies of many records both ways.
TEST(Tls, CarriesRequestsByNameAndAddress) {
  const auto ca = MakeCa();
  TlsServer server(MakeIdentity(ca, {"localhost", "127.0.0.1"}));
  const auto client = MakeClient(ca.certificate_pem);
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    const auto response = client->Call(server.destination(host), {.method = "POST", .body = std::string("hi")});
    ASSERT_TRUE(response.ok()) << Describe(response.error());
    EXPECT_EQ(response->body, "tls hi");
  }
  std::string large;
  for (int i = 0; i < 500'000; ++i) large += std::to_string(i);
  const auto response = client->Call(server.destination(), {.method = "POST", .body = large});
  ASSERT_TRUE(response.ok()) << Describe(response.error());
  EXPECT_TRUE(response->body == "tls " + large);
}

// Files cannot be sent by the kernel here; they must arrive the same.
TEST(Tls, SendsFiles) {
  const auto ca = MakeCa();
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += std::to_string(i);
  const auto file = OpenFileWith(content);
  TlsServer server(MakeIdentity(ca, {"127.0.0.1"}), [&](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{206, {}, FileBody{file, 1000, content.size() - 2000}});
  });
  const auto client = MakeClient(ca.certificate_pem);
  for (int i = 0; i < 2; ++i) {
    const auto response = client->Call(server.destination(), {});
    ASSERT_TRUE(response.ok()) << Describe(response.error());
    EXPECT_TRUE(response->body == std::string_view(content).substr(1000, content.size() - 2000));
  }
}

// A stranger's certificate, another host's, or one that has run out: no byte of the request is sent.
TEST(Tls, ClientVerifiesTheServer) {
  const auto ca = MakeCa();
  const auto client = MakeClient(ca.certificate_pem);
  TlsServer stranger(MakeIdentity(MakeCa(), {"127.0.0.1"}));
  EXPECT_EQ(client->Call(stranger.destination(), {}).error().kind(), ErrorKind::kUnavailable);
  TlsServer other(MakeIdentity(ca, {"example.com", "127.0.0.2"}));
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    const auto refused = client->Call(other.destination(host), {});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind(), ErrorKind::kUnavailable);
    EXPECT_THAT(refused.error().detail, HasSubstr("mismatch"));
  }
  const auto old = crypto::MakeServerCertificate(ca, {"127.0.0.1"}, SystemClock().Now() - hours(24), hours(1));
  TlsServer expired({old->certificate_pem, old->key_pem});
  EXPECT_THAT(client->Call(expired.destination(), {}).error().detail, HasSubstr("expired"));
}

// Asks for certificates of `ca`, and says whose it was shown.
struct AskingServer : TlsServer {
  explicit AskingServer(const crypto::CertificatePair& ca)
      : TlsServer(Asking(ca), [](const std::shared_ptr<Exchange>& exchange) {
          const PeerCertificate* peer = exchange->peer();
          exchange->Reply(Text(peer ? peer->subject + " " + peer->key_sha256_hex : "nobody"));
        }) {}
  static TlsIdentity Asking(const crypto::CertificatePair& ca) {
    TlsIdentity identity = MakeIdentity(ca, {"127.0.0.1"});
    identity.client_authority_pem = ca.certificate_pem;
    return identity;
  }
};

TlsIdentity MakeAgent(const crypto::CertificatePair& ca, Time not_after) {
  const auto key = crypto::MakeClientKey();
  const auto certificate = crypto::MakeClientCertificate(ca, key->public_key, {"task", "aloft-task://host/task"},
                                                         SystemClock().Now() - hours(48), not_after);
  EXPECT_TRUE(certificate.ok());
  return {*certificate, key->key_pem};
}

Result<ClientResponse> CallAs(const AskingServer& server, const crypto::CertificatePair& ca,
                              const TlsIdentity& identity) {
  auto client = Client::Create({.ca_pem = ca.certificate_pem, .identity = identity});
  EXPECT_TRUE(client.ok());
  return (*client)->Call(server.destination(), {});
}

// A client is known by its certificate's key, also on the connection's later requests; one without goes on as before.
TEST(Tls, ServerKnowsAClientByItsCertificate) {
  const auto ca = MakeCa();
  AskingServer server(ca);
  const TlsIdentity agent = MakeAgent(ca, SystemClock().Now() + hours(1));
  const auto info = crypto::ReadCertificate(agent.certificate_chain_pem);
  auto client = Client::Create({.ca_pem = ca.certificate_pem, .identity = agent});
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ((*client)->Call(server.destination(), {})->body, "task " + info->key_sha256_hex);
  EXPECT_EQ(CallAs(server, ca, {})->body, "nobody");
}

// The attack: somebody who runs an authority makes a certificate that says the same.
TEST(Tls, ACertificateOfAWrongAuthorityEndsTheHandshake) {
  const auto ca = MakeCa();
  AskingServer server(ca);
  EXPECT_FALSE(CallAs(server, ca, MakeAgent(MakeCa(), SystemClock().Now() + hours(1))).ok());
}

// The attack: a certificate of long ago, with its key, from a backup.
TEST(Tls, AnExpiredClientCertificateEndsTheHandshake) {
  const auto ca = MakeCa();
  AskingServer server(ca);
  EXPECT_FALSE(CallAs(server, ca, MakeAgent(ca, SystemClock().Now() - hours(1))).ok());
}

// The attack: the server's own certificate and key are of the same authority, and name no task.
TEST(Tls, AServerCertificateIsNoClientCertificate) {
  const auto ca = MakeCa();
  AskingServer server(ca);
  EXPECT_FALSE(CallAs(server, ca, MakeIdentity(ca, {"127.0.0.1"})).ok());
}

// Whom clients must be certified by is reloaded with the rest.
TEST(Tls, ReloadsWhomClientsAreCertifiedBy) {
  const auto ca = MakeCa(), other = MakeCa();
  AskingServer server(ca);
  const TlsIdentity agent = MakeAgent(other, SystemClock().Now() + hours(1));
  EXPECT_FALSE(CallAs(server, ca, agent).ok());
  TlsIdentity next = AskingServer::Asking(ca);
  next.client_authority_pem = other.certificate_pem;
  ASSERT_TRUE(server.server->ReloadTls(next).ok());
  EXPECT_TRUE(CallAs(server, ca, agent).ok());
  EXPECT_FALSE(CallAs(server, ca, MakeAgent(ca, SystemClock().Now() + hours(1))).ok());
}

// A renewed certificate counts for new connections; those that are open go on.
TEST(Tls, ReloadsWithoutDropping) {
  const auto old_ca = MakeCa();
  const auto new_ca = MakeCa();
  TlsServer server(MakeIdentity(old_ca, {"127.0.0.1"}));
  const auto old_client = MakeClient(old_ca.certificate_pem);
  EXPECT_TRUE(old_client->Call(server.destination(), {}).ok());
  ASSERT_TRUE(server.server->ReloadTls(MakeIdentity(new_ca, {"127.0.0.1"})).ok());
  EXPECT_TRUE(old_client->Call(server.destination(), {}).ok());  // on its old connection
  EXPECT_TRUE(MakeClient(new_ca.certificate_pem)->Call(server.destination(), {}).ok());
  EXPECT_FALSE(MakeClient(old_ca.certificate_pem)->Call(server.destination(), {}).ok());
}

// A wrong file must not replace a working certificate, nor start a server.
TEST(Tls, RefusesUnusableIdentities) {
  const auto ca = MakeCa();
  const TlsIdentity good = MakeIdentity(ca, {"127.0.0.1"});
  const TlsIdentity other = MakeIdentity(ca, {"127.0.0.1"});
  TlsServer server(good);
  for (const TlsIdentity& bad :
       {TlsIdentity{}, TlsIdentity{"junk", "junk"}, TlsIdentity{good.certificate_chain_pem, ""},
        TlsIdentity{good.certificate_chain_pem, other.private_key_pem}}) {
    EXPECT_EQ(server.server->ReloadTls(bad).error().reason, kInvalidArgument);
  }
  EXPECT_TRUE(MakeClient(ca.certificate_pem)->Call(server.destination(), {}).ok());
  EXPECT_EQ(Client::Create({.ca_pem = "junk"}).error().reason, kInvalidArgument);
}

// Old protocol versions and plain text on a TLS port fail in the handshake, and do the server no harm.
TEST(Tls, RefusesOldVersionsAndPlainText) {
  const auto ca = MakeCa();
  TlsServer server(MakeIdentity(ca, {"127.0.0.1"}));
  const auto handshake = [&](int version, std::string* alpn = nullptr) {
    RawClient raw(server.server->port());
    const SslContext context(::SSL_CTX_new(::TLS_client_method()), FreeSsl());
    ::SSL_CTX_set_security_level(context.get(), 0);
    ::SSL_CTX_set_min_proto_version(context.get(), version);
    ::SSL_CTX_set_max_proto_version(context.get(), version);
    const SslPtr ssl(::SSL_new(context.get()));
    static constexpr unsigned char kOffer[] = "\x02h2\x08http/1.1";
    ::SSL_set_alpn_protos(ssl.get(), kOffer, sizeof(kOffer) - 1);
    ::SSL_set_fd(ssl.get(), raw.fd());
    const bool done = ::SSL_connect(ssl.get()) == 1;
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    ::SSL_get0_alpn_selected(ssl.get(), &chosen, &size);
    if (alpn != nullptr) alpn->assign(reinterpret_cast<const char*>(chosen), size);
    TakeSslErrors();
    return done;
  };
  EXPECT_FALSE(handshake(TLS1_VERSION));
  EXPECT_FALSE(handshake(TLS1_1_VERSION));
  std::string alpn;
  EXPECT_TRUE(handshake(TLS1_2_VERSION, &alpn));
  EXPECT_EQ(alpn, "http/1.1");
  EXPECT_TRUE(handshake(TLS1_3_VERSION, &alpn));
  EXPECT_EQ(alpn, "http/1.1");
  RawClient plain(server.server->port());
  plain.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  plain.ReadAll();
  EXPECT_TRUE(MakeClient(ca.certificate_pem)->Call(server.destination(), {}).ok());
}

// Through TLS too, a handler hears that its client has gone.
TEST(Tls, TellsTheHandlerThatThePeerWent) {
  const auto ca = MakeCa();
  std::promise<void> aborted;
  std::promise<std::shared_ptr<Exchange>> arrived;
  TlsServer server(MakeIdentity(ca, {"127.0.0.1"}), [&](std::shared_ptr<Exchange> exchange) {
    exchange->OnAbort([&] { aborted.set_value(); });
    arrived.set_value(std::move(exchange));
  });
  auto client = MakeClient(ca.certificate_pem);
  client->Send(server.destination(), {}, [](const Result<ClientResponse>&) {});
  const auto exchange = arrived.get_future().get();
  client.reset();
  aborted.get_future().wait();
}

}  // namespace
}  // namespace aloft::http
