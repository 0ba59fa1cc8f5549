// The background check: its place outlives the server, and it rests between rounds.
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

using std::chrono::hours;

class ScrubTest : public ObjectsTest {
 protected:
  ScrubStep Scrub(int records) {
    CheckOptions options{.verify = true};
    options.stop = [left = records]() mutable { return left-- <= 0; };
    auto step =
        objects_->Scrub(options, hours(24 * 7), [&](const Problem& problem) { problems_.push_back(problem.what); });
    EXPECT_TRUE(step.ok()) << Describe(step.error());
    return step.ok() ? *step : ScrubStep{};
  }
  std::vector<std::string> problems_;
};
INSTANTIATE_TEST_SUITE_P(Engines, ScrubTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// A server that restarts every hour would never reach the end of a large store if each began anew.
TEST_P(ScrubTest, GoesOnAfterRestarts) {
  for (int n = 0; n < 10; ++n) MustPut("key" + std::to_string(n), Bytes(n < 2 ? 100 : 10));
  int pieces = 1;
  ScrubStep step = Scrub(5);
  for (; !step.finished && pieces < 20; ++pieces) {
    EXPECT_EQ(step.wait.count(), 0);
    Restart();
    step = Scrub(5);
  }
  EXPECT_TRUE(step.finished);
  EXPECT_GT(pieces, 3);
  EXPECT_EQ(step.total.entries, 10u) << "each once";
  EXPECT_EQ(step.total.verified_bytes, 200u);
  EXPECT_TRUE(problems_.empty());
  // The next round waits, also after a restart.
  clock_.Advance(hours(24));
  Restart();
  step = Scrub(1000);
  EXPECT_FALSE(step.finished);
  EXPECT_EQ(step.wait, hours(24 * 6));
  clock_.Advance(step.wait);
  step = Scrub(1000);
  EXPECT_TRUE(step.finished);
  EXPECT_EQ(step.total.entries, 10u);
}

}  // namespace
}  // namespace aloft::objects
