#include "services/serving/routing/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "services/serving/endpoints/errors.h"
#include "services/serving/routing/testing_puppets.h"

namespace aloft::serving {
namespace {

const Scope kScope{AccountId("123456789012"), Region("us-east-1")};

std::shared_ptr<Version> MakeVersion(int generation, std::vector<std::pair<double, int>> variants) {
  auto version = std::make_shared<Version>();
  for (std::size_t i = 0; i < variants.size(); ++i) {
    RoutedVariant& variant = version->variants.emplace_back();
    variant.name = "v" + std::to_string(i);
    variant.weight = variants[i].first;
    for (int k = 0; k < variants[i].second; ++k) {
      RoutedWorker& worker = variant.workers.emplace_back();
      worker.socket = "/" + std::to_string(generation) + "/" + variant.name + "/" + std::to_string(k);
      worker.task = compute::TaskId(worker.socket);
    }
  }
  return version;
}

Invocation Ask(std::string variant = {}) {
  Invocation invocation;
  invocation.endpoint = "e";
  invocation.body = "0123456789";
  invocation.target_variant = std::move(variant);
  return invocation;
}

class RouterTest : public testing::Test {
 protected:
  ManualClock clock_;
  PuppetWorkers workers_;
  std::shared_ptr<Meter> meter_ = std::make_shared<Meter>();
  int suspected_ = 0, waiting_ = 0;
  Router router_{{.max_invocations_per_endpoint = 100, .max_bytes_in_flight = 2000},
                 workers_,
                 meter_,
                 clock_,
                 {.suspect = [this](const compute::TaskId&) { ++suspected_; },
                  .answered = {},
                  .waiting = [this](const Scope&, const std::string&) { ++waiting_; }}};
};

// Weights divide the traffic; a variant of weight 0 gets none, but can be asked for by name.
TEST_F(RouterTest, Weights) {
  router_.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{3, 1}, {1, 1}, {0, 1}}));
  std::map<std::string, int> got;
  for (int i = 0; i < 4000; ++i) {
    router_.Invoke(kScope, Ask(), [&](Result<Answer> answer) { ++got[answer->variant]; });
    workers_.Answer(200, "");
  }
  EXPECT_NEAR(got["v0"], 3000, 150);
  EXPECT_EQ(got["v2"], 0);
  router_.Invoke(kScope, Ask("v2"), [&](Result<Answer> answer) { EXPECT_EQ(answer->variant, "v2"); });
  workers_.Answer(200, "");
  router_.Invoke(kScope, Ask("v9"), [&](Result<Answer> answer) { EXPECT_EQ(answer.error().reason, kNoSuchVariant); });
}

// Work goes to the worker with the least of it.
TEST_F(RouterTest, LeastBusy) {
  router_.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{1, 3}}));
  for (int i = 0; i < 6; ++i) router_.Invoke(kScope, Ask(), [](Result<Answer>) {});
  std::map<std::string, int> load;
  for (const auto& request : workers_.pending) ++load[request.socket];
  EXPECT_THAT(load, testing::SizeIs(3));
  for (const auto& [socket, requests] : load) EXPECT_EQ(requests, 2) << socket;
}

// Bodies in flight are bounded in bytes, over all endpoints, and give their room back; one that fills the room leaves
// some to others.
TEST_F(RouterTest, BytesAreBounded) {
  router_.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{1, 1}}));
  router_.Publish(kScope, "other", EndpointStatus::kInService, MakeVersion(1, {{1, 1}}));
  Invocation large = Ask();
  large.body.assign(1200, 'x');
  router_.Invoke(kScope, large, [](Result<Answer>) {});
  Reason refused{};
  router_.Invoke(kScope, Ask(), [&](Result<Answer> answer) { refused = answer.error().reason; });
  EXPECT_EQ(refused, kTooManyInvocations);
  Invocation others = Ask();
  others.endpoint = "other";
  router_.Invoke(kScope, others, [](Result<Answer>) {});
  router_.Invoke(kScope, others, [](Result<Answer>) {});
  EXPECT_THAT(workers_.pending, testing::SizeIs(3));
  workers_.Answer(200, "");
  router_.Invoke(kScope, Ask(), [](Result<Answer> answer) { EXPECT_TRUE(answer.ok()); });
  EXPECT_THAT(workers_.pending, testing::SizeIs(3));
}

// As many clients as there is room for are never refused, however soon each asks again.
TEST_F(RouterTest, WhoHasItsAnswerHasGivenItsRoomBack) {
  Router router({.max_invocations_per_endpoint = 1}, workers_, meter_, clock_,
                {.suspect = {}, .answered = {}, .waiting = [](const Scope&, const std::string&) {}});
  router.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{1, 1}}));
  int answered = 0;
  router.Invoke(kScope, Ask(), [&](Result<Answer> first) {
    answered += first.ok() ? 1 : 0;
    router.Invoke(kScope, Ask(), [&](Result<Answer> second) { answered += second.ok() ? 1 : 0; });
  });
  workers_.Answer(200, "");
  ASSERT_THAT(workers_.pending, testing::SizeIs(1));
  workers_.Answer(200, "");
  EXPECT_EQ(answered, 2);
}

// An endpoint whose worker answers nothing takes a part of the room for requests, and never the last of it.
TEST_F(RouterTest, SlowEndpointsLeaveRoomForOthers) {
  Router router({.max_invocations_per_endpoint = 100, .max_invocations = 60}, workers_, meter_, clock_,
                {.suspect = {}, .answered = {}, .waiting = [](const Scope&, const std::string&) {}});
  std::map<std::string, int> refused;
  for (const char* endpoint : {"a", "b", "c", "d"}) {
    router.Publish(kScope, endpoint, EndpointStatus::kInService, MakeVersion(1, {{1, 1}}));
    for (int i = 0; i < 60; ++i) {
      Invocation invocation = Ask();
      invocation.endpoint = endpoint;
      router.Invoke(kScope, invocation, [&, endpoint](Result<Answer> answer) {
        if (!answer.ok() && answer.error().reason == kTooManyInvocations) ++refused[endpoint];
      });
    }
  }
  EXPECT_EQ(60 - refused["a"], 30);
  EXPECT_EQ(60 - refused["b"], 15);
  EXPECT_GE(60 - refused["d"], 3);
  while (!workers_.pending.empty()) workers_.Answer(200, "");
}

// All workers away: each is asked once and the keeper is told; the request waits, tries again, and is refused when its
// time is over.
TEST_F(RouterTest, AllAway) {
  router_.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{1, 2}}));
  workers_.away["/1/v0/0"] = workers_.away["/1/v0/1"] = true;
  std::optional<Result<Answer>> first, second;
  router_.Invoke(kScope, Ask(), [&](Result<Answer> answer) { first.emplace(std::move(answer)); });
  router_.Invoke(kScope, Ask(), [&](Result<Answer> answer) { second.emplace(std::move(answer)); });
  EXPECT_EQ(suspected_, 4);
  EXPECT_EQ(waiting_, 2);
  EXPECT_EQ(router_.Tick(), 2u);
  EXPECT_FALSE(first);
  EXPECT_EQ(router_.InFlight(kScope, "e"), 2);
  clock_.Advance(std::chrono::seconds(30));
  EXPECT_EQ(router_.Tick(), 0u);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->error().reason, kEndpointNotReady);
  EXPECT_EQ(router_.InFlight(kScope, "e"), 0);
}

// A request that found nobody goes to the worker that comes back, and to the next version where there is another one.
TEST_F(RouterTest, WaitsForAWorker) {
  router_.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{1, 1}}));
  workers_.away["/1/v0/0"] = true;
  std::optional<Result<Answer>> first, second;
  router_.Invoke(kScope, Ask(), [&](Result<Answer> answer) { first.emplace(std::move(answer)); });
  workers_.away.clear();
  EXPECT_EQ(router_.Tick(), 0u);
  workers_.Answer(200, "back");
  EXPECT_EQ((*first)->body, "back");
  router_.Publish(kScope, "e", EndpointStatus::kInService, nullptr);
  router_.Invoke(kScope, Ask(), [&](Result<Answer> answer) { second.emplace(std::move(answer)); });
  EXPECT_THAT(workers_.pending, testing::IsEmpty());
  router_.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(2, {{1, 1}}));
  ASSERT_THAT(workers_.pending, testing::SizeIs(1));
  workers_.Answer(200, "new");
  EXPECT_EQ((*second)->body, "new");
}

// What waits is told when the endpoint goes, or the server.
TEST_F(RouterTest, WaitingEndsWithTheEndpoint) {
  std::vector<Reason> refused;
  auto note = [&](Result<Answer> answer) { refused.push_back(answer.error().reason); };
  router_.Publish(kScope, "e", EndpointStatus::kInService, nullptr);
  router_.Invoke(kScope, Ask(), note);
  router_.Publish(kScope, "e", EndpointStatus::kFailed, nullptr);
  router_.Publish(kScope, "e", EndpointStatus::kInService, nullptr);
  router_.Invoke(kScope, Ask(), note);
  router_.Stop();
  EXPECT_THAT(refused, testing::ElementsAre(kEndpointNotInService, kEndpointNotReady));
}

// A worker that died under a request: another one is asked, once. A request that kills workers kills two.
TEST_F(RouterTest, AskedOnceMoreAfterADeath) {
  router_.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{1, 3}}));
  std::optional<Result<Answer>> answer;
  router_.Invoke(kScope, Ask(), [&](Result<Answer> got) { answer.emplace(std::move(got)); });
  std::string first = workers_.pending[0].socket;
  workers_.Break(Fail(kIoError, "broken"));
  ASSERT_THAT(workers_.pending, testing::SizeIs(1));
  EXPECT_NE(workers_.pending[0].socket, first);
  workers_.Break(Fail(kIoError, "broken"));
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)->status, 500);
}

// A gradual update: two variants of one name, each with its part of the traffic, also when it is asked for by name.
TEST_F(RouterTest, TwoOfOneName) {
  auto version = MakeVersion(1, {{0.9, 1}, {0.1, 1}});
  version->variants[1].name = "v0";
  version->variants[1].next = true;
  router_.Publish(kScope, "e", EndpointStatus::kUpdating, std::move(version));
  std::map<std::string, int> got;
  for (int i = 0; i < 4000; ++i) {
    router_.Invoke(kScope, Ask(i % 2 == 0 ? "v0" : ""), [](Result<Answer>) {});
    ++got[workers_.pending[0].socket];
    workers_.Answer(200, "");
  }
  EXPECT_NEAR(got["/1/v1/0"], 400, 100);
}

// A shadow gets its part of the requests as copies; its answers, and that it is slow, reach nobody.
TEST_F(RouterTest, Shadows) {
  auto version = MakeVersion(1, {{1, 1}, {0.5, 1}});
  version->variants[1].shadow = true;
  router_.Publish(kScope, "e", EndpointStatus::kInService, std::move(version));
  int answered = 0, copies = 0;
  for (int i = 0; i < 1000; ++i) {
    router_.Invoke(kScope, Ask(), [&](Result<Answer> answer) {
      EXPECT_EQ(answer->variant, "v0");
      ++answered;
    });
    for (auto& request : std::vector(std::move(workers_.pending))) {
      copies += request.socket == "/1/v1/0" ? 1 : 0;
      WorkerAnswer answer;
      answer.status = 200;
      request.done(std::move(answer));
    }
    workers_.pending.clear();
  }
  EXPECT_EQ(answered, 1000);
  EXPECT_NEAR(copies, 500, 80);
  for (int i = 0; i < 90; ++i) router_.Invoke(kScope, Ask(), [](Result<Answer>) {});
  EXPECT_LE(workers_.pending.size(), 90u + 32u);
  Reason refused{};
  router_.Invoke(kScope, Ask("v1"), [&](Result<Answer> answer) { refused = answer.error().reason; });
  EXPECT_EQ(refused, kNoSuchVariant);
}

// A worker that answers on threads of its own, some requests at once and some later.
class ThreadedWorkers final : public WorkerClient {
 public:
  ~ThreadedWorkers() override {
    for (std::thread& thread : threads_) thread.join();
  }
  void Ping(const std::string&, std::function<void(Pong)> done) override { done({true}); }
  void Invoke(const std::string& socket, const Invocation&, std::chrono::milliseconds,
              std::function<void(Result<WorkerAnswer>)> done) override {
    WorkerAnswer answer;
    answer.status = 200;
    answer.body = socket;
    std::lock_guard lock(mutex_);
    if (threads_.size() >= 64) return done(std::move(answer));
    threads_.emplace_back([done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

// Under threads that ask while versions change, and with times when nobody answers: each request is answered once, and
// nothing stays counted. Meant for the thread sanitizer.
TEST(RouterStress, EveryRequestIsAnsweredOnce) {
  SystemClock clock;
  auto meter = std::make_shared<Meter>();
  std::atomic<int> answered{0}, refused{0};
  {
    ThreadedWorkers workers;
    Router router(
        {.max_invocations_per_endpoint = 10'000, .max_invocations = 100'000}, workers, meter, clock,
        {.suspect = [](const compute::TaskId&) {}, .answered = {}, .waiting = [](const Scope&, const std::string&) {}});
    router.Publish(kScope, "e", EndpointStatus::kInService, MakeVersion(1, {{1, 2}}));
    std::vector<std::thread> askers;
    for (int t = 0; t < 4; ++t) {
      askers.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          router.Invoke(kScope, Ask(), [&](Result<Answer> answer) { ++(answer.ok() ? answered : refused); });
        }
      });
    }
    for (int generation = 2; generation < 200; ++generation) {
      router.Publish(kScope, "e", EndpointStatus::kInService,
                     generation % 17 == 0 ? nullptr : MakeVersion(generation, {{1, 2}}));
      std::this_thread::yield();
    }
    for (std::thread& asker : askers) asker.join();
    EXPECT_EQ(router.Tick(), 0u);
  }
  EXPECT_EQ(answered + refused, 2000);
}

}  // namespace
}  // namespace aloft::serving
