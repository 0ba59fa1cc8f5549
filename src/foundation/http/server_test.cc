// What a client sees in ordinary use: keep-alive, pipelining, HEAD, files, streams, HTTP/1.0, Unix sockets.
#include "foundation/http/server.h"

#include <gmock/gmock.h>

#include <thread>

#include "foundation/http/test_support.h"

namespace aloft::http {
namespace {

using testing::HasSubstr;
using testing::Not;

void Echo(const std::shared_ptr<Exchange>& exchange) {
  exchange->ReadBody(1 << 20, [exchange](Result<std::string> body) {
    if (!body.ok()) return exchange->Reply(Text(body.error().message, HttpStatus(body.error().kind())));
    exchange->Reply(Text(exchange->head().method + " " + exchange->head().target + " " + *body));
  });
}

// The ordinary case: many requests on one connection, with and without a body.
TEST(Server, KeepsConnectionAlive) {
  TestServer server(Echo);
  RawClient client(server.server->port());
  EXPECT_EQ(client.Ask("GET /a?b=%20 HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
  EXPECT_EQ(client.last_body, "GET /a?b=%20 ");
  EXPECT_THAT(client.last_head, HasSubstr("Date: "));
  EXPECT_THAT(client.last_head, Not(HasSubstr("Connection: ")));
  EXPECT_EQ(client.Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"), "200");
  EXPECT_EQ(client.last_body, "POST / hello");
}

// Requests that come in one packet are answered in order, each once; so are those cut at every byte.
TEST(Server, AnswersPipelinedAndDrippedRequests) {
  TestServer server(Echo);
  RawClient client(server.server->port());
  const std::string three =
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "\r\n"  // RFC 9112, 2.2: an empty line before a request is ignored
      "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e=1\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n";
  client.Send(three);
  for (const std::string expected : {"GET /1 ", "POST /2 abc", "POST /3 abcde"}) {
    EXPECT_EQ(client.ReadResponse(), expected);
  }
  for (const char c : three) client.Send({&c, 1});
  for (const std::string expected : {"GET /1 ", "POST /2 abc", "POST /3 abcde"}) {
    EXPECT_EQ(client.ReadResponse(), expected);
  }
}

// Replies of other threads come through the same door, in the order of the requests.
TEST(Server, RepliesFromAnotherThread) {
  std::vector<std::thread> threads;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    threads.emplace_back([exchange = std::move(exchange)] { Echo(exchange); });
  });
  RawClient client(server.server->port());
  client.Send("POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(), "POST /1 a");
  EXPECT_EQ(client.ReadResponse(), "GET /2 ");
  server.server->Stop();
  for (auto& thread : threads) thread.join();
}

// A handler that forgets to answer must not leave its client waiting.
TEST(Server, AnswersForAHandlerThatDoesNot) {
  TestServer server([](const std::shared_ptr<Exchange>&) {});
  RawClient client(server.server->port());
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "500");
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "500");
}

// HEAD tells the length of what GET would send, and sends none of it, whatever the body is made of.
TEST(Server, HeadHasLengthAndNoBody) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    Response response;
    if (exchange->head().target == "/text") response.body = std::string("12345");
    if (exchange->head().target == "/file") response.body = FileBody{OpenFileWith("1234567"), 1, 5};
    if (exchange->head().target == "/stream") response.body = StreamBody{nullptr, 5};
    exchange->Reply(std::move(response));
  });
  RawClient client(server.server->port());
  for (const std::string path : {"/text", "/file", "/stream"}) {
    client.Send("HEAD " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.ReadHead(), HasSubstr("Content-Length: 5\r\n"));
  }
  EXPECT_EQ(client.Ask("GET /text HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
  EXPECT_EQ(client.last_body, "12345");
}

// 204 and 304 have no body by definition; a length line would make some clients wait for one.
TEST(Server, StatusWithoutBody) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) { exchange->Reply(Text("ignored", 204)); });
  RawClient client(server.server->port());
  client.Send("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadHead(), Not(HasSubstr("Content-Length")));
  EXPECT_EQ(client.Ask("DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "204");
  EXPECT_TRUE(client.AtEnd());
}

// Objects are sent by the kernel from any range of their file.
TEST(Server, SendsFileRanges) {
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += std::to_string(i);
  const auto file = OpenFileWith(content);
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{206, {}, FileBody{file, 1000, content.size() - 2000}});
  });
  RawClient client(server.server->port());
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "206");
  EXPECT_TRUE(client.last_body == std::string_view(content).substr(1000, content.size() - 2000));
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "206");
}

// What is not in memory is read by other threads first; the bytes are the same.
TEST(Server, SendsColdFiles) {
  std::string content;
  for (int i = 0; i < 600'000; ++i) content += std::to_string(i);
  const auto file = OpenFileWith(content);
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{200, {}, FileBody{file, 1, content.size() - 1}});
  });
  RawClient client(server.server->port());
  for (int round = 0; round < 2; ++round) {
    ::fdatasync(*file);
    ::posix_fadvise(*file, 0, 0, POSIX_FADV_DONTNEED);
    EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
    EXPECT_TRUE(client.last_body == std::string_view(content).substr(1));
  }
}

// A file that lost its end must not look like a whole one: the connection breaks.
TEST(Server, TruncatedFileBreaksConnection) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{200, {}, FileBody{OpenFileWith("12345"), 0, 10}});
  });
  RawClient client(server.server->port());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadHead(), HasSubstr("Content-Length: 10"));
  EXPECT_EQ(client.ReadAll(), "12345");
}

// Counts down, on another thread where asked.
class Countdown final : public BodySource {
 public:
  explicit Countdown(int from) : left_(from) {}
  void Next(std::function<void(Result<BodyPiece>)> done) override {
    if (left_ < 0) return done(Fail(kIoError, "broken"));
    done(left_ == 0 ? std::string() : std::to_string(left_--));
  }

 private:
  int left_;
};

// Bodies of unknown length are chunked for HTTP/1.1, and end with the connection for HTTP/1.0.
TEST(Server, StreamsChunkedOrUntilClose) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{200, {}, StreamBody{std::make_shared<Countdown>(11)}});
  });
  RawClient client(server.server->port());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadHead(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  const std::string chunks =
      "2\r\n11\r\n2\r\n10\r\n1\r\n9\r\n1\r\n8\r\n1\r\n7\r\n1\r\n6\r\n1\r\n5\r\n1\r\n4\r\n1\r\n3\r\n1\r\n2\r\n1\r\n1\r\n"
      "0\r\n\r\n";
  EXPECT_EQ(client.ReadBytes(chunks.size()), chunks);

  RawClient old(server.server->port());
  old.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(old.ReadHead(), HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(old.ReadAll(), "1110987654321");
}

// Gives pieces of one file, and of memory between them.
class Patchwork final : public BodySource {
 public:
  void Next(std::function<void(Result<BodyPiece>)> done) override {
    switch (step_++) {
      case 0: return done(FileBody{file_, 6, 4});
      case 1: return done(std::string("--"));
      case 2: return done(FileBody{file_, 0, 3});
      case 3: return done(FileBody{file_, 3, 3});
      default: return done(FileBody{});
    }
  }

 private:
  std::shared_ptr<const int> file_ = OpenFileWith("0123456789");
  int step_ = 0;
};

// An object of several files goes out as one body, each file by the kernel, whatever their order.
TEST(Server, StreamsPiecesOfFiles) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    const std::int64_t length = exchange->head().target == "/known" ? 12 : -1;
    exchange->Reply(Response{200, {}, StreamBody{std::make_shared<Patchwork>(), length}});
  });
  RawClient client(server.server->port());
  EXPECT_EQ(client.Ask("GET /known HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
  EXPECT_EQ(client.last_body, "6789--012345");
  client.Send("GET /chunked HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadHead(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  const std::string chunks = "4\r\n6789\r\n2\r\n--\r\n3\r\n012\r\n3\r\n345\r\n0\r\n\r\n";
  EXPECT_EQ(client.ReadBytes(chunks.size()), chunks);
}

// A stream that breaks, ends early or runs over never looks whole.
TEST(Server, BrokenStreamBreaksConnection) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    const std::string& target = exchange->head().target;
    const int from = target == "/broken" ? -1 : 3;
    exchange->Reply(Response{200, {}, StreamBody{std::make_shared<Countdown>(from), target == "/over" ? 2 : 9}});
  });
  for (const std::string target : {"/broken", "/short", "/over"}) {
    RawClient client(server.server->port());
    client.Send("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    client.ReadHead();
    EXPECT_LT(client.ReadAll().size(), 9u) << target;
  }
}

// Old clients say how long they want to stay.
TEST(Server, SpeaksHttp10) {
  TestServer server(Echo);
  RawClient client(server.server->port());
  EXPECT_EQ(client.Ask("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "200");
  EXPECT_THAT(client.last_head, HasSubstr("Connection: keep-alive"));
  EXPECT_EQ(client.Ask("GET /b HTTP/1.0\r\n\r\n"), "200");
  EXPECT_EQ(client.last_body, "GET /b ");
  EXPECT_TRUE(client.AtEnd());
}

// Workers are reached through sockets in the file system; a server that was killed leaves its file behind.
TEST(Server, ListensOnUnixSocket) {
  const std::string path = "/tmp/aloft-http-test-" + std::to_string(::getpid()) + ".sock";
  ServerOptions options;
  options.address = path;
  options.threads = 2;
  for (int start = 0; start < 2; ++start) {
    if (start == 1) {
      // What a killed server leaves: a bound file, and nobody behind it.
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
      const os::Fd stale(::socket(AF_UNIX, SOCK_STREAM, 0));
      ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    TestServer server(Echo, options);
    for (int i = 0; i < 4; ++i) {
      RawClient client(path);
      EXPECT_EQ(client.Ask("GET /u HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
    }
    Metrics metrics;
    EXPECT_EQ(Server::Start(options, nullptr, server.handler, Log::Discard(), metrics).error().kind(),
              ErrorKind::kUnavailable);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

// Headers that a handler makes from its client's text must not open a second response.
TEST(Server, RefusesToSendInjectedHeaders) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{200, {{"X-Note", "a\r\nSet-Cookie: b"}}, std::string("body")});
  });
  RawClient client(server.server->port());
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "500");
  EXPECT_THAT(client.last_head, Not(HasSubstr("Set-Cookie")));
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "500");
}

// Operators see requests, bytes and durations.
TEST(Server, CountsWhatItDoes) {
  TestServer server(Echo);
  {
    RawClient client(server.server->port());
    client.Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    client.Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n");
  }
  server.server->Stop();
  const std::string exposed = server.metrics.Expose();
  EXPECT_THAT(exposed, HasSubstr("aloft_http_requests_total{status=\"2xx\"} 1"));
  EXPECT_THAT(exposed, HasSubstr("aloft_http_requests_total{status=\"4xx\"} 1"));
  EXPECT_THAT(exposed, HasSubstr("aloft_http_requests_in_flight 0"));
  EXPECT_THAT(exposed, HasSubstr("aloft_http_connections 0"));
  EXPECT_THAT(exposed, HasSubstr("aloft_http_request_seconds_count 2"));
}

}  // namespace
}  // namespace aloft::http
