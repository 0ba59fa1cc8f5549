#include "app/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "foundation/crypto/hash.h"
#include "platform/identity/records.h"

namespace aloft::app {
namespace {

// An exchange that a test feeds and reads.
class FakeExchange final : public http::Exchange {
 public:
  http::RequestHead request;
  std::string body;
  std::optional<http::Response> answer;
  int answers = 0;

  const http::RequestHead& head() const override { return request; }
  void ReadBody(std::uint64_t limit, std::function<void(Result<std::string>)> done) override {
    if (body.size() > limit) return done(Fail(kInvalidArgument, "too large"));
    done(body);
  }
  void StreamBody(std::shared_ptr<http::BodySink>) override {}
  void Reply(http::Response response) override {
    ++answers;
    answer = std::move(response);
  }
  void OnAbort(std::function<void()>) override {}
};

// What the fake operation saw, for tests of which stages ran.
struct Seen {
  int prepared = 0, ran = 0;
  std::string principal, body;
  std::vector<api::Permission> permissions;
  std::function<void(api::Responder)> run;
};

class FakePrepared final : public api::Prepared {
 public:
  explicit FakePrepared(Seen& seen) : seen_(seen) {}
  std::vector<api::Permission> permissions() const override { return seen_.permissions; }
  void Run(const std::shared_ptr<const api::Call>& call, api::Authorized, api::Responder respond) override {
    ++seen_.ran;
    seen_.principal = call->session.arn;
    seen_.body = call->body;
    if (seen_.run) return seen_.run(std::move(respond));
    respond(http::Response{200, {}, std::string("done")});
  }

 private:
  Seen& seen_;
};

class FakeFront final : public api::Front {
 public:
  explicit FakeFront(Seen& seen) {
    auto prepare = [&seen](const api::Call&) -> Result<std::unique_ptr<api::Prepared>> {
      ++seen.prepared;
      return std::unique_ptr<api::Prepared>(new FakePrepared(seen));
    };
    rows_.push_back({"fake", "Signed", api::kSigV4, api::BodyMode::kBuffered, 100, prepare});
    rows_.push_back({"fake", "Open", api::kAnonymous, api::BodyMode::kBuffered, 100, prepare});
  }
  std::string_view name() const override { return "fake"; }
  std::optional<Claim> Claims(const http::RequestHead& head) const override {
    if (head.path() == "/elsewhere") return std::nullopt;
    return Claim{api::BodyMode::kBuffered, 100};
  }
  Result<const api::Row*> Match(const http::RequestHead& head, std::string_view) const override {
    return head.path() == "/open" ? &rows_[1] : &rows_[0];
  }
  http::Response RenderError(const Error& error, const http::RequestHead&, const RequestId&) const override {
    return {HttpStatus(error.kind()), {{"reason", std::string(error.reason.name)}}, error.message};
  }
  std::span<const api::Row> rows() const override { return rows_; }

 private:
  std::vector<api::Row> rows_;
};

class GatewayTest : public ::testing::Test {
 protected:
  GatewayTest() {
    directory_ = std::filesystem::temp_directory_path() / ("gateway-" + SystemRandom().Uuid());
    std::filesystem::create_directories(directory_);
    sql::Options options;
    options.path = (directory_ / "db").string();
    database_ = *sql::Database::Open(options, identity::Migrations(), Log::Discard());
    keyring_ = keys::Keyring::Ephemeral(random_);
    identity_ = std::make_unique<identity::Service>(*database_, *keyring_, clock_, random_, Log::Discard());
    administrator_ = *identity_->EnsureAccount({});
    gateway_ = std::make_unique<Gateway>(GatewayOptions{Region("us-east-1"), limit_, {}},
                                         std::vector<const api::Front*>{&front_}, *identity_, pool_, clock_, random_,
                                         Log::Discard(), metrics_);
  }
  ~GatewayTest() override {
    pool_.Stop();
    gateway_.reset();
    identity_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<FakeExchange> Request(const std::string& target) {
    auto exchange = std::make_shared<FakeExchange>();
    exchange->request.method = "POST";
    exchange->request.target = target;
    exchange->request.headers.Add("Host", "localhost");
    return exchange;
  }
  void Sign(FakeExchange& exchange, const std::string& secret) {
    crypto::SignedRequest request{"POST", std::string(exchange.request.path()), "", exchange.request.headers.fields()};
    crypto::Sign(request, {administrator_.access_key_id, secret, ""}, "us-east-1", "fake",
                 crypto::Sha256Hex(exchange.body), clock_.Now());
    exchange.request.headers = {};
    for (auto& [name, value] : request.headers) exchange.request.headers.Add(name, value);
  }
  // Runs the request to its end.
  void Serve(const std::shared_ptr<FakeExchange>& exchange) {
    gateway_->OnRequest(exchange);
    pool_.Stop();
  }

  Seen seen_;
  FakeFront front_{seen_};
  ManualClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  std::size_t limit_ = 8;
  std::filesystem::path directory_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::unique_ptr<identity::Service> identity_;
  identity::Bootstrap administrator_;
  os::ThreadPool pool_{"test", 1, 8};
  std::unique_ptr<Gateway> gateway_;
};

// A signed call of somebody who may reaches the handler, with the body and the principal that were proven.
TEST_F(GatewayTest, SignedCallRuns) {
  auto exchange = Request("/");
  exchange->body = "hello";
  seen_.permissions = {{"fake:Signed", "*", {}}};
  Sign(*exchange, administrator_.secret);
  Serve(exchange);
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 200);
  EXPECT_EQ(seen_.body, "hello");
  EXPECT_THAT(seen_.principal, ::testing::HasSubstr("user/administrator"));
}

// Nothing is decoded for a caller whom nobody vouches for.
TEST_F(GatewayTest, UnsignedCallIsRefusedBeforePrepare) {
  auto exchange = Request("/");
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 401);
  EXPECT_EQ(seen_.prepared, 0);
}

// A signature over another body must not carry this one.
TEST_F(GatewayTest, ChangedBodyIsRefused) {
  auto exchange = Request("/");
  exchange->body = "hello";
  Sign(*exchange, administrator_.secret);
  exchange->body = "other";
  Serve(exchange);
  EXPECT_NE(exchange->answer->status, 200);
  EXPECT_EQ(seen_.ran, 0);
}

// A wrong secret is a wrong secret, whatever else is right.
TEST_F(GatewayTest, WrongSecretIsRefused) {
  auto exchange = Request("/");
  Sign(*exchange, administrator_.secret + "x");
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 403);
  EXPECT_EQ(seen_.ran, 0);
}

// Default deny: nobody passes authentication of an anonymous row and still may do nothing that needs a permission.
TEST_F(GatewayTest, NobodyIsDeniedEveryPermission) {
  auto exchange = Request("/open");
  seen_.permissions = {{"fake:Open", "*", {}}};
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 403);
  EXPECT_EQ(seen_.prepared, 1);
  EXPECT_EQ(seen_.ran, 0);
}

// A handler that forgets its responder answers 500 rather than leaving the client waiting for ever.
TEST_F(GatewayTest, ForgottenAnswerIsAnError) {
  auto exchange = Request("/open");
  seen_.run = [](api::Responder) {};
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 500);
}

// Two answers are one: the first.
TEST_F(GatewayTest, SecondAnswerIsIgnored) {
  auto exchange = Request("/open");
  seen_.run = [](api::Responder respond) {
    respond(http::Response{204, {}, std::string()});
    respond(Fail(kInternal, "late"));
  };
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 204);
  EXPECT_EQ(exchange->answers, 1);
}

// More requests than the limit are refused at once, with a hint, and room comes back when one ends.
TEST_F(GatewayTest, RefusesEarlyWhenFull) {
  std::vector<api::Responder> waiting;
  seen_.run = [&](api::Responder respond) { waiting.push_back(std::move(respond)); };
  std::vector<std::shared_ptr<FakeExchange>> exchanges;
  for (std::size_t i = 0; i < limit_; ++i) {
    exchanges.push_back(Request("/open"));
    gateway_->OnRequest(exchanges.back());
  }
  auto refused = Request("/open");
  gateway_->OnRequest(refused);
  ASSERT_TRUE(refused->answer);
  EXPECT_EQ(refused->answer->status, 503);
  EXPECT_EQ(refused->answer->headers.Get("retry-after"), "1");
  pool_.Stop();
  EXPECT_EQ(waiting.size(), limit_);
  for (auto& respond : waiting) respond(http::Response{200, {}, std::string()});
}

// A request that no API claims gets a plain 404 instead of a hang.
TEST_F(GatewayTest, UnclaimedIsNotFound) {
  auto exchange = Request("/elsewhere");
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 404);
}

}  // namespace
}  // namespace aloft::app
