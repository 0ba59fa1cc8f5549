// Many connections, too many connections, and the end of a server.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <thread>

#include "foundation/http/test_support.h"

namespace aloft::http {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

void Hello(const std::shared_ptr<Exchange>& exchange) {
  exchange->Reply(Text("hello"));
}

// Keeps every exchange until the test answers.
struct Desk {
  void Take(std::shared_ptr<Exchange> exchange) {
    const std::lock_guard lock(mutex);
    exchanges.push_back(std::move(exchange));
    changed.notify_all();
  }
  std::shared_ptr<Exchange> Next() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return !exchanges.empty(); });
    auto exchange = std::move(exchanges.front());
    exchanges.erase(exchanges.begin());
    return exchange;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<Exchange>> exchanges;
};

// A thousand idle connections stay, and each of them still works.
TEST(ServerLife, ManyIdleConnections) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t count = files.rlim_cur > 4096 ? 1000 : 200;
  TestServer server(Hello, {.threads = 2});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < count; ++i) clients.push_back(std::make_unique<RawClient>(server.server->port()));
  for (int round = 0; round < 2; ++round) {
    for (const auto& client : clients) client->Send(kGet);
    for (const auto& client : clients) ASSERT_EQ(client->ReadResponse(), "hello");
  }
  EXPECT_THAT(server.metrics.Expose(), HasSubstr("aloft_http_connections " + std::to_string(count)));
}

// Above the limit the longest idle connection makes room; where all are busy the newcomer is told to come back.
TEST(ServerLife, LimitsConnections) {
  Desk desk;
  ServerOptions options;
  options.max_connections = 2;
  TestServer server([&](std::shared_ptr<Exchange> exchange) { desk.Take(std::move(exchange)); }, options);
  RawClient first(server.server->port());
  first.Send(kGet);
  desk.Next()->Reply(Text("1"));
  EXPECT_EQ(first.ReadResponse(), "1");
  RawClient second(server.server->port());
  second.Send(kGet);
  const auto busy_second = desk.Next();
  RawClient third(server.server->port());
  third.Send(kGet);
  const auto busy_third = desk.Next();
  EXPECT_TRUE(first.AtEnd());
  RawClient fourth(server.server->port());
  fourth.ReadResponse();
  EXPECT_THAT(fourth.last_head, HasSubstr("503"));
  busy_second->Reply(Text("2"));
  EXPECT_EQ(second.ReadResponse(), "2");
  busy_third->Reply(Text("3"));
  EXPECT_EQ(third.ReadResponse(), "3");
}

// A stop lets running requests finish, closes idle connections and takes no new ones.
TEST(ServerLife, DrainsGracefully) {
  Desk desk;
  TestServer server([&](std::shared_ptr<Exchange> exchange) { desk.Take(std::move(exchange)); }, {.threads = 2});
  RawClient idle(server.server->port());
  RawClient busy(server.server->port());
  busy.Send(kGet);
  const auto exchange = desk.Next();
  std::thread stopping([&] { server.server->Stop(); });
  EXPECT_TRUE(idle.AtEnd());  // the stop has begun
  exchange->Reply(Text("finished"));
  EXPECT_EQ(busy.ReadResponse(), "finished");
  EXPECT_THAT(busy.last_head, HasSubstr("Connection: close"));
  EXPECT_TRUE(busy.AtEnd());
  stopping.join();
  server.server->Stop();
}

// A handler that does not finish cannot stop the stop: it is told, and its late answer is harmless.
TEST(ServerLife, DrainHasADeadline) {
  Desk desk;
  ServerOptions options;
  options.drain_timeout = milliseconds(1);
  std::promise<void> aborted;
  std::shared_ptr<Exchange> late;
  {
    TestServer server([&](std::shared_ptr<Exchange> exchange) { desk.Take(std::move(exchange)); }, options);
    RawClient client(server.server->port());
    client.Send(kGet);
    late = desk.Next();
    late->OnAbort([&] { aborted.set_value(); });
    server.server->Stop();
    aborted.get_future().wait();
    EXPECT_TRUE(client.AtEnd());
  }
  late->ReadBody(10, [](const Result<std::string>&) {});
  late->Reply(Text("nobody"));
}

// Requests that come while the server goes down are answered or cleanly refused, never half answered.
TEST(ServerLife, StopUnderLoad) {
  TestServer server(Hello, {.threads = 2});
  std::atomic<bool> wrong{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      RawClient client(server.server->port());
      while (client.Send(kGet)) {
        const std::string body = client.ReadResponse();
        if (client.last_head.empty()) return;
        if (body != "hello") wrong = true;
        ++answered;
      }
    });
  }
  while (answered < 200) std::this_thread::yield();
  server.server->Stop();
  for (auto& client : clients) client.join();
  EXPECT_FALSE(wrong);
}

// Addresses that cannot work are refused with a reason.
TEST(ServerLife, RefusesBadAddresses) {
  FunctionHandler handler(Hello);
  Metrics metrics;
  EXPECT_EQ(Server::Start({.address = "not-an-address"}, nullptr, handler, Log::Discard(), metrics).error().reason,
            kInvalidArgument);
  EXPECT_EQ(
      Server::Start({.address = "/" + std::string(200, 'x')}, nullptr, handler, Log::Discard(), metrics).error().reason,
      kInvalidArgument);
  EXPECT_EQ(Server::Start({.address = "/etc/passwd"}, nullptr, handler, Log::Discard(), metrics).error().reason,
            kInvalidArgument);
}

}  // namespace
}  // namespace aloft::http
