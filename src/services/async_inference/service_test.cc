// The room over a real serving::Service whose backend, workers and S3 a test moves by hand; frozen clock, restarts.
#include "services/async_inference/service.h"

#include "services/async_inference/errors.h"
#include "services/async_inference/records.h"
#include "services/serving/testing_service.h"

namespace aloft::async_inference {
namespace {

using testing::HasSubstr;

class AsyncTest : public serving::ServingTest {
 protected:
  AsyncTest() {
    std::vector<sql::Migration> migrations;
    for (auto part : {work::Migrations(), Migrations()}) migrations.insert(migrations.end(), part.begin(), part.end());
    sql::Options options;
    options.path = directory_ + "/async.db";
    own_ = sql::Database::Open(options, migrations, Log::Discard()).value();
    auto request = ConfigRequest("c");
    auto& output = request.async_inference_config.emplace().output_config.emplace();
    output.s3_output_path = "s3://bucket/out/";
    output.s3_failure_path = "s3://bucket/failed";
    EXPECT_TRUE(service_->CreateEndpointConfig(scope_, request).ok());
    EXPECT_TRUE(MakeEndpoint().ok());
    Settle();
    BringUp(Newest());
    Begin();
  }
  ~AsyncTest() override { async_.reset(); }

  // A server that starts; the old one is gone with what it remembered.
  void Begin(int most = 10) {
    async_.reset();
    Options options;
    options.max_waiting_per_endpoint = most;
    Dependencies needs{
        *own_,
        *service_,
        *metrics_,
        clock_,
        random_,
        [this](const AccountId&, const std::string&, const std::string& uri, std::size_t) -> Result<std::string> {
          if (!inputs_.contains(uri)) return Fail(kBadRequest, "no such object " + uri);
          return inputs_[uri];
        },
        [this](const AccountId&, const std::string&, const std::string& uri, const std::string&,
               const std::string& body) -> Status {
          if (trouble_) return Fail(Reason{ErrorKind::kUnavailable, "Trouble"}, "no S3 now");
          stored_[uri] = body;
          ++stores_;
          return {};
        }};
    async_.emplace(std::move(needs), options, Log::Discard());
    async_->Start();
    async_->Stop();
    Step();
  }
  // What is due now, and in the next seconds.
  void Step(std::chrono::seconds time = std::chrono::seconds(6)) {
    Wakened();
    clock_.Advance(time);
    Wakened();
  }
  void Wakened() {
    for (int i = 0; i < 20 && async_->RunDue() + service_->RunDue() > 0; ++i) {
    }
  }
  Result<Service::Accepted> Ask(std::string body, std::string file) {
    Request request;
    request.scope = scope_;
    request.endpoint = "e";
    (body.starts_with("s3://") ? request.input : request.body) = std::move(body);
    Result<Service::Accepted> accepted = async_->Invoke(std::move(request), "", file);
    Wakened();
    return accepted;
  }
  std::int64_t Kept() {
    return own_->Read([&](sql::Reader& reader) { return CountRequests(reader, scope_, "e"); }).value();
  }

  std::unique_ptr<sql::Database> own_;
  std::map<std::string, std::string> inputs_, stored_;
  bool trouble_ = false;
  int stores_ = 0;
  std::optional<Service> async_;
};

// The way of a request: kept, asked, its answer stored where Invoke said, and forgotten.
TEST_F(AsyncTest, AnswersAreStored) {
  inputs_["s3://bucket/in"] = "[7]";
  Result<Service::Accepted> accepted = Ask("s3://bucket/in", "a.out");
  ASSERT_TRUE(accepted.ok()) << Describe(accepted.error());
  EXPECT_EQ(accepted->output, "s3://bucket/out/a.out");
  ASSERT_EQ(workers_.pending.size(), 1u);
  EXPECT_EQ(workers_.pending[0].invocation.body, "[7]");
  EXPECT_EQ(Kept(), 1);
  workers_.Answer(200, "[14]");
  Wakened();
  EXPECT_EQ(stored_["s3://bucket/out/a.out"], "[14]");
  EXPECT_EQ(Kept(), 0);
}

// What the model refuses, and an input that cannot be read, is told in the failure object.
TEST_F(AsyncTest, FailuresAreStored) {
  Result<Service::Accepted> accepted = Ask("[1]", "");
  workers_.Answer(500, "broken");
  Wakened();
  EXPECT_THAT(stored_[accepted->failure],
              HasSubstr("Received server error (500) from primary with message \"broken\""));
  accepted = Ask("s3://bucket/absent", "");
  Wakened();
  EXPECT_THAT(stored_[accepted->failure], HasSubstr("The input could not be read: no such object"));
  EXPECT_EQ(Kept(), 0);
}

// S3 that answers nothing now loses no answer: it is asked for and stored once it can be, each exactly once.
TEST_F(AsyncTest, StoringIsTriedAgain) {
  ASSERT_TRUE(Ask("[1]", "a").ok());
  ASSERT_TRUE(Ask("[2]", "b").ok());
  trouble_ = true;
  while (!workers_.pending.empty()) workers_.Answer(200, workers_.pending[0].invocation.body);
  Wakened();
  EXPECT_EQ(Kept(), 2);
  trouble_ = false;
  for (int i = 0; i < 4; ++i) {
    Step(std::chrono::seconds(2));
    while (!workers_.pending.empty()) workers_.Answer(200, workers_.pending[0].invocation.body);
  }
  Wakened();
  EXPECT_EQ(stored_["s3://bucket/out/a"], "[1]");
  EXPECT_EQ(stored_["s3://bucket/out/b"], "[2]");
  EXPECT_EQ(stores_, 2);
  EXPECT_EQ(Kept(), 0);
}

// A server that dies with requests asked and waiting: the next one asks them again.
TEST_F(AsyncTest, ANewServerGoesOn) {
  ASSERT_TRUE(Ask("[1]", "a").ok());
  ASSERT_TRUE(Ask("[2]", "b").ok());
  workers_.pending.clear();
  Begin();
  ASSERT_EQ(workers_.pending.size(), 2u);
  while (!workers_.pending.empty()) workers_.Answer(200, workers_.pending[0].invocation.body);
  Wakened();
  EXPECT_EQ(stored_["s3://bucket/out/a"], "[1]");
  EXPECT_EQ(stored_["s3://bucket/out/b"], "[2]");
  EXPECT_EQ(Kept(), 0);
}

// Bounds: as many may wait as may wait, and none longer than it wants.
TEST_F(AsyncTest, BoundsAndDeadlines) {
  Begin(2);
  ASSERT_TRUE(Ask("[1]", "a").ok());
  ASSERT_TRUE(Ask("[2]", "b").ok());
  Result<Service::Accepted> third = Ask("[3]", "c");
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().reason, kQueueFull);
  EXPECT_FALSE(Ask("", "").ok());
  workers_.pending.clear();
  Begin(2);
  EXPECT_EQ(workers_.pending.size(), 2u);
  workers_.pending.clear();
  clock_.Advance(std::chrono::hours(7));
  Begin(2);
  EXPECT_TRUE(workers_.pending.empty());
  Wakened();
  EXPECT_EQ(Kept(), 0);
  EXPECT_EQ(stored_.size(), 2u);
  for (const auto& [uri, text] : stored_) EXPECT_THAT(text, HasSubstr("RequestTTLSeconds"));
}

}  // namespace
}  // namespace aloft::async_inference
