#include "app/gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "foundation/crypto/hash.h"
#include "foundation/os/must_not_block.h"
#include "platform/identity/records.h"
#include "platform/identity/sessions.h"
#include "platform/policy/policy.h"

namespace aloft::gateway {
namespace {

// An exchange that a test feeds and reads.
class FakeExchange final : public http::Exchange {
 public:
  http::RequestHead request;
  std::string body;
  std::optional<http::Response> answer;
  int answers = 0;

  std::optional<http::PeerCertificate> certificate;

  const http::RequestHead& head() const override { return request; }
  const http::PeerCertificate* peer() const override { return certificate ? &*certificate : nullptr; }
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

// A resource with a policy.
class FakeFacts final : public api::FactSource {
 public:
  std::optional<Error> error;
  identity::ResourceFacts facts;
  mutable std::vector<std::string> asked;

  Result<identity::ResourceFacts> FactsOf(const api::Permission& permission,
                                          const identity::Session& caller) const override {
    asked.push_back(permission.resource + " for " + (caller.arn.empty() ? "nobody" : caller.arn));
    if (error) return *error;
    return facts;
  }
};

// What the fake operation saw, for tests of which stages ran.
// What operations saw, on whichever thread they ran.
struct Seen {
  std::atomic<int> prepared = 0, ran = 0;
  std::mutex mutex;  // of the two texts
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
    {
      const std::lock_guard lock(seen_.mutex);
      seen_.principal = call->session.arn;
      seen_.body = call->body;
    }
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
    rows_.push_back({"fake", "Open", api::kAnonymous, api::BodyMode::kBuffered, 100, prepare, {}, "a test"});
    rows_.push_back({"fake", "Public", api::kAnonymous | api::kSigV4, api::BodyMode::kBuffered, 100, prepare});
    rows_.push_back({"fake", "Resident", api::kSigV4, api::BodyMode::kBuffered, 100'000, prepare});
  }
  std::string_view name() const override { return "fake"; }
  std::optional<Claim> Claims(const http::RequestHead& head) const override {
    if (head.path() == "/elsewhere") return std::nullopt;
    if (head.path() == "/resident") return Claim{api::BodyMode::kBuffered, 100'000};
    return Claim{api::BodyMode::kBuffered, 100};
  }
  Result<const api::Row*> Match(const http::RequestHead& head, std::string_view) const override {
    return &rows_[head.path() == "/open" ? 1 : head.path() == "/public" ? 2 : head.path() == "/resident" ? 3 : 0];
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
    GatewayOptions chosen{Region("us-east-1"), limit_, {}};
    chosen.resident = {{"fake", "Resident"}};
    gateway_ = std::make_unique<Gateway>(std::move(chosen), std::vector<const api::Front*>{&front_}, *identity_, pool_,
                                         clock_, random_, Log::Discard(), metrics_);
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
  // Signed by a session of the administrator that is bound to a key, as an agent's is; `shown` is the connection's.
  std::shared_ptr<FakeExchange> Bound(std::optional<http::PeerCertificate> shown) {
    const auto own = identity_->FindCredential(administrator_.access_key_id, "");
    EXPECT_TRUE(own.ok());
    const auto issued = identity::Issue(identity_->state(), own->session, std::chrono::hours(1), {}, "the-key");
    auto exchange = Request("/");
    exchange->certificate = std::move(shown);
    crypto::SignedRequest request{"POST", "/", "", exchange->request.headers.fields()};
    crypto::Sign(request, {issued.access_key_id, issued.secret, issued.session_token}, "us-east-1", "fake",
                 crypto::Sha256Hex(exchange->body), clock_.Now());
    exchange->request.headers = {};
    for (auto& [name, value] : request.headers) exchange->request.headers.Add(name, value);
    return exchange;
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

// An agent's session holds over the agent's own connections: whose certificate is for the key that it is bound to.
TEST_F(GatewayTest, ABoundSessionRunsBesideItsKey) {
  seen_.permissions = {{"fake:Signed", "*", {}}};
  auto exchange = Bound(http::PeerCertificate{"a task", "the-key", clock_.Now() + std::chrono::hours(1)});
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 200);
  EXPECT_EQ(seen_.ran, 1);
}

// Whoever got hold of token and secret, and not of the key, is nobody here; nothing of the request is even read.
TEST_F(GatewayTest, AStolenSessionWithoutItsKeyIsRefused) {
  auto exchange = Bound(std::nullopt);
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 403);
  EXPECT_EQ(exchange->answer->headers.Get("reason"), identity::kAccessDenied.name);
  EXPECT_EQ(seen_.prepared, 0);
}

// Nor does another agent's certificate, however good, vouch for a session that is not its own.
TEST_F(GatewayTest, ASessionBesideTheKeyOfAnotherTaskIsRefused) {
  auto exchange = Bound(http::PeerCertificate{"another task", "another-key", clock_.Now() + std::chrono::hours(1)});
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 403);
  EXPECT_EQ(seen_.prepared, 0);
}

// A connection can outlive the certificate that opened it.
TEST_F(GatewayTest, ACertificateThatEndedUnderItsConnectionIsNone) {
  auto exchange = Bound(http::PeerCertificate{"a task", "the-key", clock_.Now()});
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 403);
  EXPECT_EQ(seen_.prepared, 0);
}

// Doors that know nothing of connections take no bound sessions: a form's fields, a sign-in.
TEST_F(GatewayTest, ABoundSessionOpensNoOtherDoor) {
  const auto own = identity_->FindCredential(administrator_.access_key_id, "");
  const auto issued = identity::Issue(identity_->state(), own->session, std::chrono::hours(1), {}, "the-key");
  EXPECT_EQ(identity_->FindCredential(issued.access_key_id, issued.session_token).error().reason,
            identity::kAccessDenied);
  EXPECT_EQ(identity_->FindBoundCredential(issued.access_key_id, issued.session_token)->bound_to, "the-key");
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

// Nobody comes in by a policy of the resource that is for everyone.
TEST_F(GatewayTest, NobodyComesInByTheResourcesPolicy) {
  FakeFacts facts;
  facts.facts.owner = administrator_.account;
  facts.facts.policy = *policy::Policy::Parse(
      R"({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "fake:Public", "Resource": "*"}})",
      policy::PolicyUse::kResource);
  seen_.permissions = {{"fake:Public", "arn:aws:fake:::thing", {}, &facts}};
  auto exchange = Request("/public");
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 200);
  EXPECT_EQ(facts.asked, std::vector<std::string>{"arn:aws:fake:::thing for nobody"});
}

// What the resource's service says of a resource that is not there is the answer.
TEST_F(GatewayTest, TheErrorOfTheFactsIsTheAnswer) {
  FakeFacts facts;
  facts.error = Fail(Reason{ErrorKind::kNotFound, "NoSuchThing"}, "there is no such thing");
  seen_.permissions = {{"fake:Signed", "arn:aws:fake:::thing", {}, &facts}};
  auto exchange = Request("/");
  Sign(*exchange, administrator_.secret);
  Serve(exchange);
  EXPECT_EQ(exchange->answer->status, 404);
  EXPECT_EQ(exchange->answer->headers.Get("reason"), "NoSuchThing");
  EXPECT_EQ(seen_.ran, 0);
}

// An operation that asks for no permission, and does not say why it may, answers nothing but 500: not even to one who
// may do everything.
TEST_F(GatewayTest, AnAnswerWithoutADecisionIsAnError) {
  auto exchange = Request("/");
  Sign(*exchange, administrator_.secret);
  Serve(exchange);
  EXPECT_EQ(seen_.ran, 1);
  EXPECT_EQ(exchange->answer->status, 500);
  EXPECT_EQ(std::get<std::string>(exchange->answer->body), "The request could not be authorized.");
}

// The same where the handler streams its answer later, from another thread, and where it asks by itself: a question to
// Authorized is a decision.
TEST_F(GatewayTest, ALateAnswerWithoutADecisionIsAnErrorToo) {
  std::vector<api::Responder> late;
  seen_.run = [&](api::Responder respond) { late.push_back(std::move(respond)); };
  auto exchange = Request("/public");
  Serve(exchange);
  ASSERT_EQ(late.size(), 1u);
  late.front()(http::Response{200, {}, std::string("secret")});
  EXPECT_EQ(exchange->answer->status, 500);
}

// A caller who asks too fast is told so in time, by a code that clients retry; others are served.
TEST_F(GatewayTest, ACallersRateIsLimited) {
  gateway_ = std::make_unique<Gateway>(
      GatewayOptions{Region("us-east-1"), 100, {}, {.control = 1, .data = 1, .anonymous = 2}},
      std::vector<const api::Front*>{&front_}, *identity_, pool_, clock_, random_, Log::Discard(), metrics_);
  std::vector<std::shared_ptr<FakeExchange>> exchanges;
  for (int i = 0; i < 5; ++i) {
    exchanges.push_back(Request("/open"));
    gateway_->OnRequest(exchanges.back());
  }
  while (seen_.ran < 4) std::this_thread::yield();  // before what they read is changed
  auto signed_one = Request("/");
  seen_.permissions = {{"fake:Signed", "*", {}}};
  Sign(*signed_one, administrator_.secret);
  gateway_->OnRequest(signed_one);
  pool_.Stop();
  int throttled = 0;
  for (const auto& exchange : exchanges) throttled += exchange->answer->status == 429 ? 1 : 0;
  EXPECT_EQ(throttled, 1);
  EXPECT_EQ(exchanges.back()->answer->headers.Get("retry-after"), "1");
  EXPECT_EQ(signed_one->answer->status, 200);
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

// What is asked for the first time must be read, which no socket's thread may: the pool does all of it. From then on
// the same call needs nobody else.
TEST_F(GatewayTest, ResidentCallIsAnsweredWhereItCame) {
  seen_.permissions = {{"fake:Resident", "*", {}}};
  auto first = Request("/resident");
  Sign(*first, administrator_.secret);
  gateway_->OnRequest(first);
  pool_.Stop();
  ASSERT_TRUE(first->answer);
  EXPECT_EQ(first->answer->status, 200);
  auto second = Request("/resident");
  Sign(*second, administrator_.secret);
  gateway_->OnRequest(second);
  ASSERT_TRUE(second->answer) << "the pool has stopped, so nobody else can have answered";
  EXPECT_EQ(second->answer->status, 200);
  EXPECT_EQ(seen_.ran, 2);
}

// An operation that has to wait after all begins again on the pool, and what it said before is heard by nobody.
TEST_F(GatewayTest, ResidentCallThatMustWaitGoesToThePool) {
  seen_.permissions = {{"fake:Resident", "*", {}}};
  std::atomic<int> waited = 0;
  seen_.run = [&](api::Responder respond) {
    const bool may = os::MayBlock().ok();
    waited += may ? 1 : 0;
    respond(http::Response{may ? 200 : 404, {}, std::string()});
  };
  auto warm = Request("/resident"), exchange = Request("/resident");
  Sign(*warm, administrator_.secret);
  Sign(*exchange, administrator_.secret);
  ASSERT_TRUE(identity_->FindCredential(administrator_.access_key_id, "").ok());
  gateway_->OnRequest(warm);
  gateway_->OnRequest(exchange);
  pool_.Stop();
  for (const auto& each : {warm, exchange}) {
    ASSERT_TRUE(each->answer);
    EXPECT_EQ(each->answer->status, 200);
    EXPECT_EQ(each->answers, 1);
  }
  EXPECT_EQ(waited, 2) << "each ran once where it may wait";
}

// A refusal is an answer too: one that is certain needs no pool.
TEST_F(GatewayTest, ResidentCallIsRefusedWhereItCame) {
  ASSERT_TRUE(identity_->FindCredential(administrator_.access_key_id, "").ok());
  pool_.Stop();
  auto exchange = Request("/resident");
  Sign(*exchange, administrator_.secret + "x");
  gateway_->OnRequest(exchange);
  ASSERT_TRUE(exchange->answer);
  EXPECT_EQ(exchange->answer->status, 403);
}

// A large body is not digested on a thread that others wait for.
TEST_F(GatewayTest, ResidentCallWithALargeBodyGoesToThePool) {
  ASSERT_TRUE(identity_->FindCredential(administrator_.access_key_id, "").ok());
  auto exchange = Request("/resident");
  exchange->body.assign(80'000, 'x');
  Sign(*exchange, administrator_.secret + "x");
  pool_.Stop();
  gateway_->OnRequest(exchange);
  EXPECT_EQ(exchange->answer->status, 503) << "there is no pool any more";
}

}  // namespace
}  // namespace aloft::gateway
