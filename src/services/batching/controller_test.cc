#include "services/batching/controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <queue>
#include <random>

namespace aloft::batching {
namespace {

using std::chrono::microseconds;

MonotonicTime At(double seconds) {
  return MonotonicTime() + std::chrono::hours(1) + microseconds(static_cast<std::int64_t>(seconds * 1e6));
}

struct Load {
  double until = 0, per_second = 0;
};

// Arrivals of a Poisson process, the same in every run.
std::vector<double> Arrivals(const std::vector<Load>& loads) {
  std::mt19937 engine(7);
  std::vector<double> times;
  double now = 0;
  for (const Load& load : loads) {
    std::exponential_distribution<double> pause(load.per_second);
    for (now += pause(engine); now < load.until; now += pause(engine)) times.push_back(now);
    now = load.until;
  }
  return times;
}

// Arrivals, the queue, the controller, and a model whose calls take what a function of their rows says.
class Simulation {
 public:
  // `slowed`: what a call takes, where another one runs beside it.
  Simulation(Settings settings, int threads, std::function<double(int)> millis, double slowed = 1)
      : controller_(settings, threads, At(0)), threads_(threads), millis_(std::move(millis)), slowed_(slowed) {}

  void Run(const std::vector<double>& arrivals) {
    std::size_t next = 0;
    while (next < arrivals.size() || !running_.empty() || queue_.size() > 0) {
      double time = next < arrivals.size() ? arrivals[next] : 1e9;
      if (!running_.empty()) time = std::min(time, running_.top().ends);
      if (wake_) time = std::min(time, *wake_);
      now_ = std::max(now_, time);
      while (!running_.empty() && running_.top().ends <= now_) Finish();
      while (next < arrivals.size() && arrivals[next] <= now_) Push(arrivals[next++]);
      Dispatch();
    }
  }

  // Of the requests that came in [from, to): milliseconds.
  double P99(double from, double to) const {
    std::vector<double> times;
    for (const auto& [came, took] : answered_) {
      if (came >= from && came < to) times.push_back(took * 1000);
    }
    std::sort(times.begin(), times.end());
    return times.empty() ? 0 : times[(times.size() - 1) * 99 / 100];
  }
  const Controller& controller() const { return controller_; }
  int most_rows() const { return most_rows_; }

 private:
  struct Call {
    double ends = 0, began = 0;
    Queue::Taken taken;
    int rows = 0;
    friend bool operator<(const Call& a, const Call& b) { return a.ends > b.ends; }
  };

  void Push(double came) {
    auto item = std::make_shared<Item>();
    item->form = "one";
    item->since = At(came);
    item->waited = static_cast<int>(running_.size()) >= controller_.plan().instances;
    queue_.Push(item);
  }

  void Dispatch() {
    wake_.reset();
    Plan plan = controller_.plan();
    if (plan.direct) plan.rows = 1, plan.instances = threads_, plan.delay = microseconds(0);
    while (static_cast<int>(running_.size()) < plan.instances) {
      std::optional<MonotonicTime> until;
      Call call;
      call.taken = queue_.Take(At(now_), plan, &until);
      if (until) wake_ = now_ + std::chrono::duration<double>(*until - At(now_)).count();
      if (call.taken.items.empty()) return;
      for (const auto& item : call.taken.items) call.rows += item->rows;
      most_rows_ = std::max(most_rows_, call.rows);
      call.began = now_;
      call.ends = now_ + millis_(call.rows) / 1000 * (plan.instances > 1 ? slowed_ : 1);
      running_.push(call);
    }
  }

  void Finish() {
    Call call = running_.top();
    running_.pop();
    controller_.Called(At(call.ends), call.rows, static_cast<int>(call.taken.items.size()), call.taken.more,
                       microseconds(static_cast<std::int64_t>((call.ends - call.began) * 1e6)));
    for (const auto& item : call.taken.items) {
      const double came = std::chrono::duration<double>(item->since - At(0)).count();
      controller_.Answered(microseconds(static_cast<std::int64_t>((call.ends - came) * 1e6)));
      answered_.emplace_back(came, call.ends - came);
    }
    controller_.Review(At(call.ends));
  }

  Controller controller_;
  const int threads_;
  const std::function<double(int)> millis_;
  const double slowed_;
  Queue queue_;
  std::priority_queue<Call> running_;
  std::vector<std::pair<double, double>> answered_;
  std::optional<double> wake_;
  double now_ = 0;
  int most_rows_ = 0;
};

Simulation Simulate(const std::vector<Load>& loads, std::function<double(int)> millis, Settings settings = {}) {
  Simulation simulation(settings, 2, std::move(millis));
  simulation.Run(Arrivals(loads));
  return simulation;
}

Settings Off() {
  Settings settings;
  settings.on = false;
  return settings;
}

Settings Goal(int millis) {
  Settings settings;
  settings.goal = std::chrono::milliseconds(millis);
  return settings;
}

double Constant(int) {
  return 10;
}
double Linear(int rows) {
  return 5.0 * rows;
}
double Superlinear(int rows) {
  return 2 * std::pow(rows, 1.5);
}
double Affine(int rows) {
  return 4 + 0.5 * rows;
}

std::string Text(const Controller& controller) {
  std::string text;
  for (const std::string& line : controller.Explain()) text += line + "\n";
  return text;
}

// The promise to everybody who has little load: never slower than without.
TEST(ControllerTest, AtLowLoadItIsNeverWorse) {
  for (auto model : {Constant, Linear, Superlinear, Affine}) {
    for (const Settings& settings : {Settings{}, Goal(50)}) {
      const std::vector<Load> low{{.until = 20, .per_second = 20}};
      EXPECT_LE(Simulate(low, model, settings).P99(0, 20), Simulate(low, model, Off()).P99(0, 20) + 0.01);
    }
  }
}

// A load of seven times what single calls can do is served, and when it goes nothing of it stays.
TEST(ControllerTest, FollowsAStepOfTheLoadUpAndDown) {
  const std::vector<Load> loads{{5, 20}, {15, 1500}, {25, 20}};
  Simulation with = Simulate(loads, Constant);
  EXPECT_LT(with.P99(8, 15), 40) << Text(with.controller());
  EXPECT_LT(with.P99(16, 25), 25);
  EXPECT_GT(Simulate(loads, Constant, Off()).P99(8, 15), 1000);
}

// Where joining brings nothing it is given up, and says so.
TEST(ControllerTest, LinearModelsAreNotJoined) {
  const std::vector<Load> busy{{20, 360}};
  Simulation with = Simulate(busy, Linear);
  EXPECT_EQ(with.controller().plan().rows, 1);
  EXPECT_LE(with.most_rows(), 2);
  EXPECT_LE(with.P99(5, 20), 1.5 * Simulate(busy, Linear, Off()).P99(5, 20)) << Text(with.controller());
  EXPECT_NE(Text(with.controller()).find("Rejected 2 rows: a row takes 5.0 ms"), std::string::npos)
      << Text(with.controller());
}

TEST(ControllerTest, SuperlinearModelsAreNotJoined) {
  Simulation with = Simulate({{20, 900}}, Superlinear);
  EXPECT_EQ(with.controller().plan().rows, 1);
  EXPECT_LE(with.most_rows(), 2);
}

// A goal bounds the rows: with more of them a row would be cheaper still, but requests too late.
TEST(ControllerTest, KeepsTheGoal) {
  Simulation with = Simulate({{10, 1200}}, Affine, Goal(20));
  EXPECT_LT(with.P99(2, 10), 20) << Text(with.controller());
  EXPECT_LE(with.controller().plan().rows, 16);
  EXPECT_GT(Simulate({{10, 1200}}, Affine, Off()).P99(2, 10), 1000);
}

// Waiting for others is for goals that leave room, and for load; without a goal nobody waits.
TEST(ControllerTest, WaitsForOthersOnlyWhereAGoalLeavesRoom) {
  EXPECT_GT(Simulate({{10, 600}}, Affine, Goal(100)).controller().plan().delay.count(), 0);
  EXPECT_LT(Simulate({{10, 600}}, Affine, Goal(100)).P99(2, 10), 100);
  EXPECT_EQ(Simulate({{10, 600}}, Affine).controller().plan().delay.count(), 0);
}

// Of a model that two calls at once make slow, one at a time is tried and kept; of others it is tried and given up.
TEST(ControllerTest, FindsHowManyCallsRunSideBySide) {
  Simulation free(Settings{}, 2, Linear), contended(Settings{}, 2, Linear, 2.6);
  free.Run(Arrivals({{10, 500}}));
  contended.Run(Arrivals({{10, 500}}));
  EXPECT_EQ(free.controller().plan().instances, 2) << Text(free.controller());
  EXPECT_NE(Text(free.controller()).find("Rejected 1 side by side"), std::string::npos) << Text(free.controller());
  EXPECT_EQ(contended.controller().plan().instances, 1) << Text(contended.controller());
}

// Small and quick models stay where they were read: handing over costs more than it brings.
TEST(ControllerTest, QuickModelsAreComputedAtOnce) {
  Simulation tiny = Simulate({{5, 20'000}}, [](int) { return 0.02; });
  EXPECT_TRUE(tiny.controller().plan().direct);
  EXPECT_NE(Text(tiny.controller()).find("joining would save less"), std::string::npos) << Text(tiny.controller());
  // One of 300 us gains much when it is joined, once there is load.
  Simulation larger = Simulate({{5, 6000}}, [](int) { return 0.3; });
  EXPECT_FALSE(larger.controller().plan().direct) << Text(larger.controller());
  Simulation idle = Simulate({{5, 6000}, {15, 50}}, [](int) { return 0.3; });
  EXPECT_TRUE(idle.controller().plan().direct);
}

// Every fifth call is held up by the machine, tenfold: that says nothing of the model.
TEST(ControllerTest, SlowMomentsDoNotDecide) {
  int calls = 0;
  Simulation with = Simulate({{10, 1500}}, [&](int) { return ++calls % 5 == 0 ? 60.0 : 6.0; });
  EXPECT_GE(with.controller().plan().rows, 16) << Text(with.controller());
  EXPECT_EQ(Text(with.controller()).find("rows: a row takes"), std::string::npos) << Text(with.controller());
}

// A bad second costs two: what was rejected in it is tried again, and then is rejected no more.
TEST(ControllerTest, WhatWasRejectedIsTriedAgainSoon) {
  Controller controller({}, 1, At(0));
  double now = 0;
  auto call = [&](double millis) {
    now += 0.03;
    controller.Called(At(now), controller.plan().rows, controller.plan().rows, true,
                      microseconds(static_cast<std::int64_t>(millis * 1000)));
    controller.Review(At(now));
  };
  while (controller.plan().rows < 2 && now < 10) call(10);
  while (controller.plan().rows == 2 && now < 10) call(90);
  ASSERT_EQ(controller.plan().rows, 1);
  EXPECT_NE(Text(controller).find("Rejected 2 rows: a row takes 45.0 ms"), std::string::npos) << Text(controller);
  const double rejected = now;
  while (controller.plan().rows < 64 && now < 60) call(10);
  EXPECT_LT(now - rejected, 20);
  EXPECT_EQ(Text(controller).find("Rejected"), std::string::npos) << Text(controller);
}

// What is never better is tried ever more seldom.
TEST(ControllerTest, WhatFailsAgainIsTriedMoreSeldom) {
  Controller controller({}, 1, At(0));
  std::vector<double> tries;
  for (double now = 0; now < 900; now += 0.1) {
    const int rows = controller.plan().rows;
    controller.Called(At(now), rows, rows, true, std::chrono::milliseconds(30 * rows));
    controller.Review(At(now));
    if (controller.plan().rows > rows) tries.push_back(now);
  }
  ASSERT_GT(tries.size(), 5u);
  ASSERT_LT(tries.size(), 12u);
  for (std::size_t i = 2; i < tries.size(); ++i)
    EXPECT_GT(tries[i] - tries[i - 1], 1.5 * (tries[i - 1] - tries[i - 2]));
}

// What the model may not do is not done.
TEST(ControllerTest, RowsThatDependOnEachOtherAreNotJoined) {
  Controller controller({}, 2, At(0));
  controller.Forbid("answers differ");
  for (int i = 0; i < 100; ++i) controller.Called(At(i * 0.01), 1, 1, true, std::chrono::milliseconds(10));
  controller.Review(At(1));
  EXPECT_EQ(controller.plan().rows, 1);
  EXPECT_NE(Text(controller).find("answers differ"), std::string::npos);
}

}  // namespace
}  // namespace aloft::batching
