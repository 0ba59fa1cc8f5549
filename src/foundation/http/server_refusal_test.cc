// What the server refuses, byte for byte: requests that two parsers could read differently, and requests too large.
#include <gmock/gmock.h>

#include <atomic>

#include "foundation/http/test_support.h"

namespace aloft::http {
namespace {

using testing::HasSubstr;

struct Case {
  const char* name;
  std::string request;
  const char* status;
};

std::string Get(const std::string& headers) {
  return "GET / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"both lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"two lengths", Get("Content-Length: 3\r\nContent-Length: 4\r\n"), "400"},
      {"the same length twice", Get("Content-Length: 3\r\nContent-Length: 3\r\n"), "400"},
      {"a list of lengths", Get("Content-Length: 3, 3\r\n"), "400"},
      {"a signed length", Get("Content-Length: +3\r\n"), "400"},
      {"a negative length", Get("Content-Length: -1\r\n"), "400"},
      {"a hexadecimal length", Get("Content-Length: 0x3\r\n"), "400"},
      {"an empty length", Get("Content-Length: \r\n"), "400"},
      {"an endless length", Get("Content-Length: 99999999999999999999\r\n"), "400"},
      {"an unknown coding", Get("Transfer-Encoding: gzip\r\n"), "501"},
      {"two codings", Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "501"},
      {"a list of codings", Get("Transfer-Encoding: gzip, chunked\r\n"), "501"},
      {"a hidden coding",
       Get("Transfer-Encoding: \x0b"
           "chunked\r\n"),
       "400"},
      {"a coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"a space before the colon", Get("Content-Length : 3\r\n"), "400"},
      {"a folded line", Get("A: b\r\n c\r\n"), "400"},
      {"a folded first line", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400"},
      {"a line without a colon", Get("abc\r\n"), "400"},
      {"an empty name", Get(": abc\r\n"), "400"},
      {"a bare line feed", "GET / HTTP/1.1\nHost: x\n\n", "400"},
      {"a bare line feed at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n", "400"},
      {"a bare carriage return", Get("A: b\rC: d\r\n"), "400"},
      {"a zero byte", Get(std::string("A: b\0c\r\n", 8)), "400"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
      {"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
      {"a host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", "400"},
      {"a host with a user", "GET / HTTP/1.1\r\nHost: a@x\r\n\r\n", "400"},
      {"another host in the target", "GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"a tab for a space", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"a fragment", "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"raw bytes in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"a relative target", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"CONNECT", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"a bad method", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"a long method", std::string(33, 'A') + " / HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"HTTP/0.9", "GET /\r\n\r\n", "400"},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"a bad version", "GET / HTTP/1.1x\r\nHost: x\r\n\r\n", "400"},
      {"TLS on a plain port", "\x16\x03\x01\x02", "400"},
      {"an unknown expectation", Get("Expect: tea\r\n"), "417"},
      {"a head without end", "GET / HTTP/1.1\r\nA: " + std::string(70'000, 'a'), "431"},
      {"too many lines",
       [] {
         std::string lines;
         for (int i = 0; i < 300; ++i) lines += "A: b\r\n";
         return Get(lines);
       }(),
       "431"},
  };
  return cases;
}

// Each is answered with its status, never reaches the handler, and ends the connection: what follows cannot be trusted.
TEST(ServerRefusal, AmbiguousAndMalformedHeads) {
  std::atomic<int> handled{0};
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    ++handled;
    exchange->Reply(Text("handled"));
  });
  for (const Case& c : Cases()) {
    RawClient client(server.server->port());
    client.Send(c.request);
    client.FinishSending();
    client.ReadResponse();
    EXPECT_THAT(client.last_head, HasSubstr(std::string("HTTP/1.1 ") + c.status)) << c.name;
    EXPECT_THAT(client.last_head, HasSubstr("Connection: close")) << c.name;
    EXPECT_TRUE(client.AtEnd()) << c.name;
  }
  EXPECT_EQ(handled.load(), 0);
}

// A broken chunked body fails its request; the bytes after it are never taken for a request.
TEST(ServerRefusal, MalformedChunks) {
  std::atomic<int> handled{0};
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    ++handled;
    exchange->ReadBody(1000, [exchange](const Result<std::string>& body) {
      exchange->Reply(Text("", body.ok() ? 200 : HttpStatus(body.error().kind())));
    });
  });
  int sent = 0;
  const std::vector<std::string> bodies = {
      "3\nabc\r\n0\r\n\r\n",           // a bare line feed
      "3\r\nabcd\r\n0\r\n\r\n",        // longer than its size
      "3\r\nabc0\r\n\r\n",             // no line end after the data
      "-3\r\nabc\r\n0\r\n\r\n",        // no hexadecimal number
      "0x3\r\nabc\r\n0\r\n\r\n",       //
      "3 \r\nabc\r\n0\r\n\r\n",        // spaces
      " 3\r\nabc\r\n0\r\n\r\n",        //
      "\r\n",                          // nothing
      "ffffffffffffffff\r\n",          // sizes that wrap around
      "10000000000000003\r\nabc\r\n",  //
      "3;a\rb\r\nabc\r\n0\r\n\r\n",    // a bare carriage return
      "3\r\nabc\r\n0\r\nT: a\nb: c\r\n\r\n",
      "3\r\nabc\r\n0\r\n folded\r\n\r\n",
      "0\r\nT: " + std::string(20'000, 'x') + "\r\n\r\n",
  };
  for (const std::string& body : bodies) {
    RawClient client(server.server->port());
    client.Send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
                "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    client.ReadResponse();
    EXPECT_THAT(client.last_head, HasSubstr("HTTP/1.1 400")) << body.substr(0, 40);
    EXPECT_TRUE(client.AtEnd()) << body.substr(0, 40);
    ++sent;
  }
  EXPECT_EQ(handled.load(), sent);
}

// A body over the handler's limit is refused as soon as that is known, whichever way it is framed.
TEST(ServerRefusal, BodiesOverTheLimit) {
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->ReadBody(10, [exchange](const Result<std::string>& body) {
      exchange->Reply(Text("", body.ok() ? 200 : HttpStatus(body.error().kind())));
    });
  });
  RawClient exact(server.server->port());
  EXPECT_EQ(exact.Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789"), "200");
  EXPECT_EQ(exact.Ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"),
            "200");
  RawClient announced(server.server->port());
  EXPECT_EQ(announced.Ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n"), "413");
  EXPECT_THAT(announced.last_head, HasSubstr("Connection: close"));
  RawClient chunked(server.server->port());
  EXPECT_EQ(chunked.Ask("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n"), "413");
  EXPECT_THAT(chunked.last_head, HasSubstr("Connection: close"));
}

// A client that sends all of a refused upload before it reads still finds the answer, not a reset.
TEST(ServerRefusal, AnswerSurvivesTheRestOfTheUpload) {
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) { exchange->Reply(Text("no", 403)); });
  RawClient client(server.server->port());
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 8388608\r\n\r\n");
  client.Send(std::string(8 << 20, 'x'));
  EXPECT_EQ(client.ReadResponse(), "no");
  EXPECT_TRUE(client.AtEnd());
}

// A short body that the handler did not want does not cost the connection.
TEST(ServerRefusal, SmallUnreadBodyIsDiscarded) {
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) { exchange->Reply(Text(exchange->head().target)); });
  RawClient client(server.server->port());
  client.Send("PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
  EXPECT_EQ(client.ReadResponse(), "/1");
  client.Send("cdeGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(), "/2");
}

}  // namespace
}  // namespace aloft::http
