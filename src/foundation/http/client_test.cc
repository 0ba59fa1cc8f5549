// The client against our own server, and against servers that misbehave.
#include "foundation/http/client.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "foundation/http/errors.h"
#include "foundation/http/test_support.h"

namespace aloft::http {
namespace {

using testing::HasSubstr;

// A listener whose connections the test answers by hand.
class PuppetServer {
 public:
  PuppetServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Destination destination() const { return {"127.0.0.1", port_, false}; }
  void Refuse() { listener_.Reset(); }

  // The next connection, after its request's head was read.
  class Connection {
   public:
    explicit Connection(os::Fd fd) : fd_(std::move(fd)) {
      const timeval limit{10, 0};
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    }
    std::string ReadHead() {
      std::string head;
      char c;
      while (!head.ends_with("\r\n\r\n") && ::recv(fd_.get(), &c, 1, 0) == 1) head += c;
      return head;
    }
    std::string Read(std::size_t size) {
      std::string bytes(size, 0);
      const ssize_t got = ::recv(fd_.get(), bytes.data(), size, MSG_WAITALL);
      bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
      return bytes;
    }
    void Send(std::string_view bytes) {
      EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    void Close() { fd_.Reset(); }

   private:
    os::Fd fd_;
  };
  Connection Accept() { return Connection(os::Fd(::accept(listener_.get(), nullptr, nullptr))); }

 private:
  os::Fd listener_;
  std::uint16_t port_ = 0;
};

std::unique_ptr<Client> MakeClient(ClientOptions options = {}) {
  auto client = Client::Create(std::move(options));
  EXPECT_TRUE(client.ok());
  return *std::move(client);
}

std::future<Result<ClientResponse>> SendTo(Client& client, const Destination& destination, ClientRequest request,
                                           std::shared_ptr<BodySink> sink = nullptr) {
  auto answer = std::make_shared<std::promise<Result<ClientResponse>>>();
  auto future = answer->get_future();
  client.Send(
      destination, std::move(request),
      [answer](Result<ClientResponse> response) { answer->set_value(std::move(response)); }, std::move(sink));
  return future;
}

void Echo(const std::shared_ptr<Exchange>& exchange) {
  exchange->ReadBody(64 << 20, [exchange](Result<std::string> body) {
    if (!body.ok()) return exchange->Reply(Text(body.error().message, 400));
    exchange->Reply(Text(exchange->head().method + " " + exchange->head().target + " " + *body));
  });
}

// The ordinary case: one connection carries one request after the other.
TEST(Client, ReusesItsConnection) {
  TestServer server(Echo);
  const auto client = MakeClient();
  const Destination destination{"127.0.0.1", server.server->port(), false};
  for (int i = 0; i < 3; ++i) {
    const auto response = client->Call(destination, {.method = "POST", .target = "/a?b", .body = std::string("hi")});
    ASSERT_TRUE(response.ok()) << Describe(response.error());
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "POST /a?b hi");
    EXPECT_EQ(response->headers.Get("content-type"), "text/plain");
  }
  EXPECT_THAT(server.metrics.Expose(), HasSubstr("aloft_http_connections 1"));
}

// Names are resolved, and every address is tried.
TEST(Client, ResolvesNames) {
  TestServer server(Echo);
  const auto response = MakeClient()->Call({"localhost", server.server->port(), false}, {});
  ASSERT_TRUE(response.ok()) << Describe(response.error());
  EXPECT_EQ(response->body, "GET / ");
}

// Workers listen on sockets in the file system.
TEST(Client, SpeaksOverUnixSocket) {
  ServerOptions options;
  options.address = "/tmp/aloft-http-client-test-" + std::to_string(::getpid()) + ".sock";
  TestServer server(Echo, options);
  const auto client = MakeClient();
  EXPECT_EQ(client->Call({options.address}, {.target = "/u"})->body, "GET /u ");
  EXPECT_EQ(client->Call({"/tmp/aloft-nobody-listens.sock"}, {}).error().kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(client->Call({"/" + std::string(200, 'x')}, {}).error().kind(), ErrorKind::kUnavailable);
}

// More requests than connections wait their turn; beyond the bound they are refused.
TEST(Client, BoundsConnectionsAndQueue) {
  PuppetServer server;
  const auto client = MakeClient({.max_connections_per_destination = 1, .max_waiting_per_destination = 1});
  auto first = SendTo(*client, server.destination(), {.target = "/1"});
  auto second = SendTo(*client, server.destination(), {.target = "/2"});
  auto third = SendTo(*client, server.destination(), {.target = "/3"});
  EXPECT_EQ(third.get().error().kind(), ErrorKind::kUnavailable);
  auto connection = server.Accept();
  EXPECT_THAT(connection.ReadHead(), HasSubstr("GET /1 "));
  connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
  EXPECT_EQ(first.get()->body, "1");
  EXPECT_THAT(connection.ReadHead(), HasSubstr("GET /2 "));
  connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  EXPECT_EQ(second.get()->body, "2");
}

// Counts down from a number, then ends.
class Countdown final : public BodySource {
 public:
  explicit Countdown(int from) : left_(from) {}
  void Next(std::function<void(Result<BodyPiece>)> done) override {
    done(left_ == 0 ? std::string() : std::to_string(left_--));
  }

 private:
  int left_;
};

// Every kind of body arrives whole, with the right framing.
TEST(Client, SendsEveryKindOfBody) {
  TestServer server(Echo);
  const auto client = MakeClient();
  const Destination destination{"127.0.0.1", server.server->port(), false};
  EXPECT_EQ(client->Call(destination, {.method = "PUT", .body = FileBody{OpenFileWith("0123456789"), 2, 5}})->body,
            "PUT / 23456");
  EXPECT_EQ(client->Call(destination, {.method = "PUT", .body = StreamBody{std::make_shared<Countdown>(5)}})->body,
            "PUT / 54321");
  EXPECT_EQ(client->Call(destination, {.method = "PUT", .body = StreamBody{std::make_shared<Countdown>(5), 5}})->body,
            "PUT / 54321");
  EXPECT_EQ(client->Call(destination, {.method = "DELETE"})->body, "DELETE / ");
  const std::string large(10 << 20, 'x');
  EXPECT_EQ(client->Call(destination, {.method = "POST", .body = large})->body.size(), large.size() + 7);
  // A body shorter than it says breaks the request instead of hanging it.
  EXPECT_EQ(client->Call(destination, {.method = "PUT", .body = StreamBody{std::make_shared<Countdown>(5), 9}})
                .error()
                .reason,
            kIoError);
}

// Expect: the body waits for the server's word, and a refusal spares it.
TEST(Client, WaitsForContinue) {
  PuppetServer server;
  const auto client = MakeClient();
  ClientRequest request{.method = "PUT", .headers = {{"Expect", "100-continue"}}, .body = std::string("body")};
  auto answer = SendTo(*client, server.destination(), request);
  auto connection = server.Accept();
  connection.ReadHead();
  connection.Send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(connection.Read(4), "body");
  connection.Send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(answer.get()->status, 200);
  answer = SendTo(*client, server.destination(), request);
  connection.ReadHead();
  connection.Send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(answer.get()->status, 403);
  EXPECT_EQ(connection.Read(1), "");  // the connection is closed, without the body
}

// Chunked bodies and bodies that end with the connection are both read to their end.
TEST(Client, ReadsEveryFraming) {
  PuppetServer server;
  const auto client = MakeClient();
  auto answer = SendTo(*client, server.destination(), {});
  auto connection = server.Accept();
  connection.ReadHead();
  connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(answer.get()->body, "abc");
  answer = SendTo(*client, server.destination(), {.method = "HEAD"});
  connection.ReadHead();
  connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(answer.get()->headers.Get("Content-Length"), "7");
  answer = SendTo(*client, server.destination(), {});
  connection.ReadHead();
  connection.Send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  connection.Close();
  EXPECT_EQ(answer.get()->body, "until the end");
}

// A server may close a pooled connection at any time: what is safe to repeat is repeated, the rest fails honestly.
TEST(Client, RepeatsOnlyWhatIsSafe) {
  PuppetServer server;
  const auto client = MakeClient();
  const auto warm_up = [&] {
    auto answer = SendTo(*client, server.destination(), {});
    auto connection = server.Accept();
    connection.ReadHead();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(answer.get()->status, 200);
    return connection;
  };
  {
    auto stale = warm_up();
    auto answer = SendTo(*client, server.destination(), {.method = "PUT", .body = std::string("again")});
    stale.ReadHead();
    stale.Close();
    auto fresh = server.Accept();
    fresh.ReadHead();
    EXPECT_EQ(fresh.Read(5), "again");
    fresh.Send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(answer.get()->status, 201);
  }
  {
    // Closed before the request was made: whether the pool has noticed or not, nothing was sent yet.
    warm_up().Close();
    auto answer = SendTo(*client, server.destination(), {.method = "POST", .body = std::string("first")});
    auto fresh = server.Accept();
    fresh.ReadHead();
    EXPECT_EQ(fresh.Read(5), "first");
    fresh.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(answer.get()->status, 200);
  }
  {
    auto stale = warm_up();
    auto answer = SendTo(*client, server.destination(), {.method = "POST", .body = std::string("once")});
    stale.ReadHead();
    stale.Read(4);
    stale.Close();
    EXPECT_EQ(answer.get().error().reason, kIoError);
  }
  {
    auto stale = warm_up();
    auto answer =
        SendTo(*client, server.destination(), {.method = "POST", .body = std::string("again"), .repeatable = true});
    stale.ReadHead();
    stale.Read(5);
    stale.Close();
    auto fresh = server.Accept();
    fresh.ReadHead();
    EXPECT_EQ(fresh.Read(5), "again");
    fresh.Close();  // but only once
    EXPECT_EQ(answer.get().error().reason, kIoError);
  }
}

// Nothing listens: the caller learns that nothing was sent.
TEST(Client, ConnectionRefusedIsUnavailable) {
  PuppetServer server;
  server.Refuse();
  const auto response = MakeClient()->Call(server.destination(), {});
  EXPECT_EQ(response.error().kind(), ErrorKind::kUnavailable);
}

// A server that hangs costs the deadline, not for ever.
TEST(Client, SilentServerTimesOut) {
  PuppetServer server;
  const auto client = MakeClient();
  auto answer = SendTo(*client, server.destination(), {.timeout = std::chrono::milliseconds(1)});
  auto connection = server.Accept();
  EXPECT_EQ(answer.get().error().kind(), ErrorKind::kDeadlineExceeded);
}

// Whatever a broken or hostile server sends, the caller gets an error and no half response.
TEST(Client, RefusesMalformedResponses) {
  const auto client = MakeClient({.max_response_bytes = 10});
  for (const std::string response :
       {"HTTP/2 200 OK\r\n\r\n", "junk\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123", "HTTP/1.1 200 OK\r\nContent-"}) {
    PuppetServer server;
    auto answer = SendTo(*client, server.destination(), {});
    auto connection = server.Accept();
    connection.ReadHead();
    connection.Send(response);
    connection.Close();
    EXPECT_FALSE(answer.get().ok()) << response;
  }
}

// Text of a client must not become a header or a second request to somebody else.
TEST(Client, RefusesInjection) {
  TestServer server(Echo);
  const auto client = MakeClient();
  const Destination destination{"127.0.0.1", server.server->port(), false};
  for (const ClientRequest& request : {
           ClientRequest{.target = "/ HTTP/1.1\r\nX: y"},
           ClientRequest{.method = "GET /x"},
           ClientRequest{.headers = {{"A", "b\r\nC: d"}}},
           ClientRequest{.headers = {{"A b", "c"}}},
           ClientRequest{.headers = {{"", "c"}}},
       }) {
    EXPECT_EQ(client->Call(destination, request).error().reason, kInvalidArgument);
  }
}

// A slow consumer holds the server back through the socket instead of filling memory.
TEST(Client, SinkHoldsTheServerBack) {
  const std::string piece(1 << 20, 'x');
  const auto file = OpenFileWith(piece + piece + piece + piece);
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{200, {}, FileBody{file, 0, 4u << 20}});
  });
  const auto client = MakeClient();
  const auto sink = std::make_shared<PuppetSink>();
  int seen_status = 0;
  auto answer = SendTo(*client, {"127.0.0.1", server.server->port(), false},
                       {.on_head = [&](int status, const Headers&) { seen_status = status; }}, sink);
  std::size_t before = 0;
  while (sink->Step()) {
    EXPECT_LE(sink->bytes() - before, 2u * 256 * 1024);
    before = sink->bytes();
  }
  EXPECT_EQ(answer.get()->status, 200);
  EXPECT_EQ(seen_status, 200);
  EXPECT_TRUE(sink->ended());
  EXPECT_EQ(sink->bytes(), 4u << 20);
}

// A sink learns that its body broke off; an error response is kept in memory for the caller.
TEST(Client, SinkOfBrokenBodyIsAborted) {
  PuppetServer server;
  const auto client = MakeClient();
  const auto sink = std::make_shared<PuppetSink>();
  auto answer = SendTo(*client, server.destination(), {}, sink);
  auto connection = server.Accept();
  connection.ReadHead();
  connection.Send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
  EXPECT_EQ(answer.get()->body, "none");
  answer = SendTo(*client, server.destination(), {}, sink);
  connection.ReadHead();
  connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nno");
  EXPECT_TRUE(sink->Step());
  connection.Close();
  EXPECT_EQ(answer.get().error().reason, kIoError);
  EXPECT_TRUE(sink->aborted());
}

// Shutdown: whoever waits is told, none is forgotten.
TEST(Client, DestructionCancels) {
  PuppetServer server;
  auto client = MakeClient({.max_connections_per_destination = 1});
  auto running = SendTo(*client, server.destination(), {});
  auto waiting = SendTo(*client, server.destination(), {});
  auto connection = server.Accept();
  connection.ReadHead();
  client.reset();
  EXPECT_EQ(running.get().error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(waiting.get().error().kind(), ErrorKind::kCancelled);
}

// Many requests at once over a few connections and threads: each gets its own answer.
TEST(Client, ManyAtOnce) {
  TestServer server(Echo, {.threads = 2});
  const auto client = MakeClient({.threads = 2, .max_connections_per_destination = 8});
  std::vector<std::future<Result<ClientResponse>>> answers;
  for (int i = 0; i < 500; ++i) {
    answers.push_back(
        SendTo(*client, {"127.0.0.1", server.server->port(), false}, {.target = "/" + std::to_string(i)}));
  }
  for (int i = 0; i < 500; ++i) {
    const auto response = answers[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(response.ok()) << Describe(response.error());
    EXPECT_EQ(response->body, "GET /" + std::to_string(i) + " ");
  }
}

// A forwarded request stays on its thread where server and client share theirs; each can end before the other.
TEST(Client, SharesThreadsWithAServer) {
  const auto threads = IoThreads::Start(2, "io");
  TestServer back(Echo, {.io_threads = threads});
  auto client = MakeClient({.io_threads = threads});
  const Destination destination{"127.0.0.1", back.server->port(), false};
  std::atomic<int> hops{0};
  TestServer front(
      [&](const std::shared_ptr<Exchange>& exchange) {
        const auto here = std::this_thread::get_id();
        client->Send(destination, {.target = exchange->head().target},
                     [&, exchange, here](Result<ClientResponse> answer) {
                       if (std::this_thread::get_id() != here) ++hops;
                       exchange->Reply(answer.ok() ? Text(answer->body) : Text(answer.error().message, 502));
                     });
      },
      {.io_threads = threads});
  for (int i = 0; i < 8; ++i) {
    RawClient raw(front.server->port());
    EXPECT_EQ(raw.Ask("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
    EXPECT_EQ(raw.last_body, "GET /" + std::to_string(i) + " ");
  }
  EXPECT_EQ(hops.load(), 0);
  back.server->Stop();
  RawClient raw(front.server->port());
  EXPECT_EQ(raw.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "502");
  front.server->Stop();
  client.reset();
}

}  // namespace
}  // namespace aloft::http
