// Bodies in motion: 100-continue, back-pressure both ways, peers that go away or stand still.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "foundation/http/errors.h"
#include "foundation/http/test_support.h"

namespace aloft::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

void ReplyWithSize(const std::shared_ptr<Exchange>& exchange) {
  exchange->ReadBody(64 << 20, [exchange](const Result<std::string>& body) {
    exchange->Reply(body.ok() ? Text(std::to_string(body->size())) : Text("", HttpStatus(body.error().kind())));
  });
}

// boto3 waits up to a second for the word to go on: it must come as soon as the handler wants the body.
TEST(ServerBody, SaysContinueAtOnce) {
  TestServer server(ReplyWithSize);
  RawClient client(server.server->port());
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadHead(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("body");
  EXPECT_EQ(client.ReadResponse(), "4");
  // The connection goes on, and a client that did not wait is not told to.
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody");
  EXPECT_EQ(client.ReadResponse(), "4");
  EXPECT_THAT(client.last_head, HasSubstr("200 OK"));
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(), "0");
}

// A refusal takes the place of the word: the client need not send its body, and nobody guesses whether it will.
TEST(ServerBody, RefusesInsteadOfContinue) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) { exchange->Reply(Text("no", 403)); });
  RawClient client(server.server->port());
  EXPECT_EQ(client.Ask("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"), "403");
  EXPECT_THAT(client.last_head, HasSubstr("Connection: close"));
}

// An upload is taken at the pace of its sink: what the sink has not asked for stays with the client.
TEST(ServerBody, SinkHoldsTheClientBack) {
  constexpr std::size_t kSize = 64u << 20;
  const auto sink = std::make_shared<PuppetSink>();
  std::promise<std::shared_ptr<Exchange>> arrived;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    exchange->StreamBody(sink);
    arrived.set_value(std::move(exchange));
  });
  RawClient client(server.server->port());
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
  const auto exchange = arrived.get_future().get();
  const std::string megabyte(1 << 20, 'x');
  std::size_t sent = 0;
  while (const std::size_t some = client.SendSome(megabyte)) sent += some;
  EXPECT_LT(sent, kSize / 2);
  EXPECT_LE(sink->bytes(), 256u * 1024);
  std::thread rest([&] {
    while (sent < kSize) {
      const std::string_view bytes = std::string_view(megabyte).substr(0, kSize - sent);
      if (!client.Send(bytes)) return;
      sent += bytes.size();
    }
  });
  std::size_t before = 0;
  while (sink->Step()) {
    EXPECT_LE(sink->bytes() - before, 2u * 256 * 1024);
    before = sink->bytes();
  }
  rest.join();
  EXPECT_TRUE(sink->ended());
  EXPECT_EQ(sink->bytes(), kSize);
  exchange->Reply(Text("done"));
  EXPECT_EQ(client.ReadResponse(), "done");
}

// Makes pieces as fast as it is asked.
class FastSource final : public BodySource {
 public:
  explicit FastSource(std::size_t pieces) : left_(pieces) {}
  void Next(std::function<void(Result<BodyPiece>)> done) override {
    if (left_ == 0) return done(std::string());
    --left_;
    made_ += kSize;
    done(std::string(kSize, 'x'));
  }
  std::size_t made() const { return made_; }

  static constexpr std::size_t kSize = 256 * 1024;

 private:
  std::size_t left_;
  std::atomic<std::size_t> made_{0};
};

// A slow reader bounds what is made for it: only what the kernel's buffers take runs ahead.
TEST(ServerBody, SlowReaderHoldsTheSourceBack) {
  const auto source = std::make_shared<FastSource>(512);
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response{200, {}, StreamBody{source, 512 * FastSource::kSize}});
  });
  RawClient client(server.server->port(), 64 * 1024);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadHead();
  std::size_t read = 0;
  while (read < 512 * FastSource::kSize) {
    const std::size_t got = client.ReadBytes(FastSource::kSize).size();
    ASSERT_GT(got, 0u);
    read += got;
    ASSERT_LT(source->made(), read + (24u << 20));
  }
}

// Long work for a client that has gone is waste: the handler hears of it, however the client left.
TEST(ServerBody, TellsTheHandlerThatThePeerWent) {
  for (const bool hard : {false, true}) {
    std::promise<void> aborted;
    std::promise<std::shared_ptr<Exchange>> arrived;
    TestServer server([&](std::shared_ptr<Exchange> exchange) {
      exchange->OnAbort([&] { aborted.set_value(); });
      arrived.set_value(std::move(exchange));
    });
    RawClient client(server.server->port());
    client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto exchange = arrived.get_future().get();
    hard ? client.CloseHard() : client.Close();
    aborted.get_future().wait();
    exchange->Reply(Text("into the void"));
  }
}

// Half a close is what "nc" does when its input ends: it still gets its answer.
TEST(ServerBody, AnswersAHalfClosedPeer) {
  std::promise<std::shared_ptr<Exchange>> arrived;
  std::promise<void> aborted;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    exchange->OnAbort([&] { aborted.set_value(); });
    arrived.set_value(std::move(exchange));
  });
  RawClient client(server.server->port());
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.FinishSending();
  const auto exchange = arrived.get_future().get();
  aborted.get_future().wait();
  exchange->Reply(Text("still here"));
  EXPECT_EQ(client.ReadResponse(), "still here");
  EXPECT_TRUE(client.AtEnd());
}

// An upload that breaks off is told to its sink, so that it can clean up.
TEST(ServerBody, TellsTheSinkThatThePeerWent) {
  const auto sink = std::make_shared<PuppetSink>();
  std::promise<std::shared_ptr<Exchange>> arrived;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    exchange->StreamBody(sink);
    arrived.set_value(std::move(exchange));
  });
  RawClient client(server.server->port());
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
  const auto exchange = arrived.get_future().get();
  EXPECT_TRUE(sink->Step());
  client.Close();
  EXPECT_FALSE(sink->Step());
  EXPECT_TRUE(sink->aborted());
  EXPECT_EQ(sink->reason(), kPeerClosed);
  exchange->Reply(Text("too late"));
}

// A reply before the body's end drops the sink; late wishes of that sink do nothing.
TEST(ServerBody, ReplyInTheMiddleOfTheBody) {
  std::function<void()> late;
  class Impatient final : public BodySink {
   public:
    Impatient(std::shared_ptr<Exchange> exchange, std::function<void()>& next)
        : exchange_(std::move(exchange)), next_(next) {}
    void OnChunk(std::string, std::function<void()> next) override {
      next_ = std::move(next);
      exchange_->Reply(Text("enough", 400));
    }
    void OnEnd() override { ADD_FAILURE(); }
    void OnAbort(Error) override { ADD_FAILURE(); }

   private:
    std::shared_ptr<Exchange> exchange_;
    std::function<void()>& next_;
  };
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->head().method == "GET") return exchange->Reply(Text("next"));
    exchange->StreamBody(std::make_shared<Impatient>(exchange, late));
  });
  RawClient client(server.server->port());
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345");
  EXPECT_EQ(client.ReadResponse(), "enough");
  late();
  client.Send("67890");
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
}

// Deadlines count progress: a head or a body that stands still is given up, and the client is told.
TEST(ServerBody, GivesUpOnPeersThatStandStill) {
  ServerOptions options;
  options.head_timeout = options.body_timeout = options.idle_timeout = milliseconds(1);
  TestServer server(ReplyWithSize, options);
  RawClient idle(server.server->port());
  EXPECT_TRUE(idle.AtEnd());
  RawClient half_head(server.server->port());
  EXPECT_EQ(half_head.Ask("GET / HT"), "408");
  EXPECT_TRUE(half_head.AtEnd());
  RawClient half_body(server.server->port());
  EXPECT_EQ(half_body.Ask("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345"),
            std::to_string(HttpStatus(ErrorKind::kDeadlineExceeded)));
  EXPECT_TRUE(half_body.AtEnd());
}

// A client that does not read its reply must not hold a connection for ever.
TEST(ServerBody, GivesUpOnReadersThatStandStill) {
  ServerOptions options;
  options.body_timeout = milliseconds(1);
  const auto source = std::make_shared<FastSource>(4096);
  TestServer server(
      [&](const std::shared_ptr<Exchange>& exchange) {
        exchange->Reply(Response{200, {}, StreamBody{source}});
      },
      options);
  RawClient client(server.server->port(), 64 * 1024);
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.ReadHead();
  while (server.metrics.Expose().find("aloft_http_connections 0") == std::string::npos) std::this_thread::yield();
  EXPECT_THAT(client.ReadAll(), Not(HasSubstr("0\r\n\r\n")));
}

// A handler may take as long as it needs: no deadline runs while the server itself is slow.
TEST(ServerBody, NoDeadlineWhileTheHandlerThinks) {
  ServerOptions options;
  options.head_timeout = options.body_timeout = options.idle_timeout = milliseconds(1);
  std::promise<std::shared_ptr<Exchange>> arrived;
  TestServer server([&](std::shared_ptr<Exchange> exchange) { arrived.set_value(std::move(exchange)); }, options);
  RawClient thinking(server.server->port());
  thinking.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto exchange = arrived.get_future().get();
  // Idle connections made after it come and go meanwhile.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(RawClient(server.server->port()).AtEnd());
  exchange->Reply(Text("at last"));
  EXPECT_EQ(thinking.ReadResponse(), "at last");
}

}  // namespace
}  // namespace aloft::http
