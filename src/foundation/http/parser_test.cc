// The pure parts alone: heads, chunks, timers. The refusals stand in server_refusal_test.cc, at the socket.
#include "foundation/http/parser.h"

#include <gtest/gtest.h>

#include "foundation/http/chunked.h"
#include "foundation/http/encode.h"
#include "foundation/http/timer_wheel.h"

namespace aloft::http {
namespace {

using std::chrono::milliseconds;

// The values that everything above relies on.
TEST(Parser, ReadsARequest) {
  ParsedRequest request;
  const auto error = ParseRequestHead(
      "PUT /b/k%20?uploads&a=b HTTP/1.1\r\nHOST: s3.local:9000\r\nContent-Length:\t42 \r\nexpect: 100-Continue\r\n"
      "X-Amz-Meta-A:  caf\xc3\xa9\r\nConnection: foo , Close\r\nEmpty:\r\n\r\n",
      request);
  ASSERT_FALSE(error.has_value()) << error->why;
  EXPECT_EQ(request.head.method, "PUT");
  EXPECT_EQ(request.head.target, "/b/k%20?uploads&a=b");
  EXPECT_EQ(request.head.path(), "/b/k%20");
  EXPECT_EQ(request.head.query(), "uploads&a=b");
  EXPECT_EQ(request.head.content_length, 42);
  EXPECT_EQ(request.head.headers.Get("x-amz-meta-a"), "caf\xc3\xa9");
  EXPECT_EQ(request.head.headers.fields().front().first, "HOST");  // as sent: signatures look at it
  EXPECT_TRUE(request.head.headers.Has("empty"));
  EXPECT_TRUE(request.expect_continue);
  EXPECT_FALSE(request.keep_alive);
}

// Proxies send whole URLs; they mean the same.
TEST(Parser, ReadsAbsoluteTargets) {
  ParsedRequest request;
  EXPECT_FALSE(ParseRequestHead("GET http://X:80/a?b HTTP/1.1\r\nHost: x:80\r\n\r\n", request));
  EXPECT_EQ(request.head.target, "/a?b");
  ParsedRequest bare;
  EXPECT_FALSE(ParseRequestHead("GET http://x?b HTTP/1.1\r\nHost: x\r\n\r\n", bare));
  EXPECT_EQ(bare.head.target, "/?b");
  ParsedRequest star;
  EXPECT_FALSE(ParseRequestHead("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", star));
}

// However the bytes are cut, the end of a head is found at the same place.
TEST(Parser, ScannerFindsTheEndInAnyCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string bytes = head + "body";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    HeadScanner scanner;
    auto verdict = scanner.Scan(std::string_view(bytes).substr(0, cut));
    EXPECT_EQ(verdict == HeadScanner::Verdict::kComplete, cut >= head.size());
    if (verdict == HeadScanner::Verdict::kMore) verdict = scanner.Scan(bytes);
    EXPECT_EQ(verdict, HeadScanner::Verdict::kComplete);
    EXPECT_EQ(scanner.head_size(), head.size());
  }
}

// The same for chunks: any cut gives the same body and leaves what follows alone.
TEST(Chunked, DecodesInAnyCut) {
  const std::string coded = "5;x=\"y\"\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n000\r\nA: b\r\nC: d\r\n\r\n";
  const std::string bytes = coded + "GET";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ChunkedDecoder decoder;
    std::string body;
    const std::size_t first = decoder.Decode(std::string_view(bytes).substr(0, cut), body);
    const std::size_t second = decoder.Decode(std::string_view(bytes).substr(first), body);
    EXPECT_TRUE(decoder.done());
    EXPECT_EQ(first + second, coded.size());
    EXPECT_EQ(body, "helloabcdefghijklmnopqrstuvwxyz");
  }
}

// Nothing that could make a second line gets out.
TEST(Encode, RefusesLineBreaks) {
  std::string out = "before";
  EXPECT_FALSE(AppendResponseHead(200, {{"A", "b\nc"}}, {}, out));
  EXPECT_FALSE(AppendResponseHead(200, {{"A\r\nB", "c"}}, {}, out));
  EXPECT_FALSE(AppendRequestHead("GET", "/a b", {}, {}, out));
  EXPECT_FALSE(AppendRequestHead("GET", "/", {}, {.host = "a\r\nb"}, out));
  EXPECT_EQ(out, "before");
}

// The connection's own fields come from the connection, whatever a handler says.
TEST(Encode, OwnsTheFraming) {
  std::string out;
  ASSERT_TRUE(AppendResponseHead(
      200, {{"content-length", "1"}, {"Transfer-Encoding", "chunked"}, {"Connection", "x"}, {"Date", "y"}, {"A", "b"}},
      {.content_length = 7, .date = "now"}, out));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nA: b\r\nDate: now\r\nContent-Length: 7\r\n\r\n");
}

struct TestTimer final : Timer {
  void OnTimer() override { ++fired; }
  int fired = 0;
};

// Never early, at most a tick late, also far beyond one turn of the wheel.
TEST(TimerWheel, FiresOnTime) {
  const MonotonicTime start{};
  for (const milliseconds wait : {milliseconds(0), milliseconds(1), milliseconds(100), milliseconds(101),
                                  milliseconds(25'600), milliseconds(60'000), milliseconds(3'600'000)}) {
    TimerWheel wheel(start);
    TestTimer timer;
    wheel.Arm(timer, start + wait);
    MonotonicTime now = start;
    while (timer.fired == 0) {
      now += milliseconds(50);
      wheel.Advance(now);
      ASSERT_LE(now - start, wait + 2 * TimerWheel::kTick);
    }
    EXPECT_GE(now - start, wait);
    EXPECT_TRUE(wheel.empty());
  }
}

// Deadlines move with every byte: later is free, earlier works too, none is none.
TEST(TimerWheel, MovesDeadlines) {
  const MonotonicTime start{};
  TimerWheel wheel(start);
  TestTimer timer;
  wheel.Arm(timer, start + milliseconds(300));
  wheel.Arm(timer, start + milliseconds(1000));
  wheel.Advance(start + milliseconds(900));
  EXPECT_EQ(timer.fired, 0);
  wheel.Advance(start + milliseconds(1200));
  EXPECT_EQ(timer.fired, 1);
  wheel.Arm(timer, start + milliseconds(9000));
  wheel.Arm(timer, start + milliseconds(1400));
  wheel.Advance(start + milliseconds(1500));
  EXPECT_EQ(timer.fired, 2);
  wheel.Arm(timer, start + milliseconds(1600));
  wheel.Disarm(timer);
  wheel.Advance(start + milliseconds(9000));
  EXPECT_EQ(timer.fired, 2);
}

// A process that slept (a laptop lid) finds everything due at once, and no endless catching up.
TEST(TimerWheel, SurvivesALongPause) {
  const MonotonicTime start{};
  TimerWheel wheel(start);
  TestTimer timers[300];
  for (int i = 0; i < 300; ++i) wheel.Arm(timers[i], start + milliseconds(100 * i));
  wheel.Advance(start + std::chrono::hours(24 * 365));
  for (const TestTimer& timer : timers) EXPECT_EQ(timer.fired, 1);
}

}  // namespace
}  // namespace aloft::http
