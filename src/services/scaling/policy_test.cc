#include "services/scaling/policy.h"

#include <gtest/gtest.h>

namespace aloft::scaling {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kStart{seconds(1'700'000'000)};

// One policy on a virtual clock: what a loop around Track does.
class Simulation {
 public:
  explicit Simulation(Tracking policy, int least = 1, int most = 20) : policy_(std::move(policy)) {
    view_.least = least;
    view_.most = most;
    view_.wished = least;
    view_.now = kStart;
  }

  // The metric's value now; time passes by `step` afterwards.
  void Step(std::optional<double> value, seconds step = seconds(10)) {
    policy_.value = value;
    std::optional<Wish> wish = Track(view_, {policy_}, {&history_});
    if (wish) {
      if (wish->instances > view_.wished) {
        view_.scaled_out = view_.now;
        view_.before_out = view_.wished;
        ++outs;
      } else {
        ++ins;
      }
      view_.wished = wish->instances;
      history_ = {};
    }
    view_.now += step;
  }
  void Hold(std::optional<double> value, seconds time) {
    for (Time end = view_.now + time; view_.now < end;) Step(value);
  }
  int wished() const { return view_.wished; }
  // Somebody else changed it: a request woke it.
  void Become(int instances) {
    view_.wished = instances;
    history_ = {};
  }

  int outs = 0, ins = 0;

 private:
  Tracking policy_;
  TargetView view_;
  History history_;
};

Tracking Load(double target) {
  return {.policy = "p", .target = target, .value = {}, .is_load = true};
}
Tracking Busy(double target) {
  return {.policy = "p", .target = target, .value = {}};
}

// A load that rises is followed at once, and one that falls only after the whole cooldown, with slack.
TEST(TrackTest, FollowsLoad) {
  Simulation simulation(Load(100));
  simulation.Step(90);
  EXPECT_EQ(simulation.wished(), 1);
  simulation.Step(101);
  EXPECT_EQ(simulation.wished(), 2);
  simulation.Step(950);
  EXPECT_EQ(simulation.wished(), 10) << "an absolute load needs no rest after the last step";
  simulation.Hold(300, seconds(290));
  EXPECT_EQ(simulation.wished(), 10);
  simulation.Hold(300, seconds(30));
  EXPECT_EQ(simulation.wished(), 4) << "300 / (100 * 0.9), so that a little more does not scale out again";
  EXPECT_EQ(simulation.outs, 2);
  EXPECT_EQ(simulation.ins, 1);
}

// One busy minute within the cooldown keeps what it needed.
TEST(TrackTest, OneQuietMinuteEndsNothing) {
  Simulation simulation(Load(100));
  simulation.Step(500);
  for (int i = 0; i < 10; ++i) {
    simulation.Hold(10, seconds(200));
    simulation.Step(480);
  }
  EXPECT_EQ(simulation.wished(), 5);
  EXPECT_EQ(simulation.ins, 0);
}

// A utilization shows the old instances while new ones come up: the same reading does not scale out twice.
TEST(TrackTest, UtilizationCountsWhatWasAdded) {
  Simulation simulation(Busy(50));
  simulation.Step(100);
  EXPECT_EQ(simulation.wished(), 2);
  simulation.Hold(100, seconds(60));
  EXPECT_EQ(simulation.wished(), 2) << "one instance at 100% asks for two, and two are wished";
  simulation.Step(190);
  EXPECT_EQ(simulation.wished(), 4) << "more than was asked for then";
}

// No measurement is no wish: a metric that breaks off must not end instances.
TEST(TrackTest, NothingMeasured) {
  Simulation simulation(Busy(50), 1, 10);
  simulation.Step(150);
  EXPECT_EQ(simulation.wished(), 3);
  simulation.Hold(std::nullopt, minutes(60));
  EXPECT_EQ(simulation.wished(), 3);
}

// To zero when nobody asks for a whole cooldown, and back with the first request, which is no reason to leave at once.
TEST(TrackTest, ToZeroAndBack) {
  Simulation simulation(Load(100), 0, 4);
  simulation.Become(1);
  simulation.Hold(0, seconds(290));
  EXPECT_EQ(simulation.wished(), 1);
  simulation.Hold(0, seconds(20));
  EXPECT_EQ(simulation.wished(), 0);
  simulation.Hold(0, minutes(60));
  simulation.Become(1);  // the request itself woke it
  simulation.Hold(1, seconds(60));
  simulation.Hold(0, seconds(280));
  EXPECT_EQ(simulation.wished(), 1);
  simulation.Hold(0, seconds(40));
  EXPECT_EQ(simulation.wished(), 0);
}

// Of several policies the hungriest scales out, and one that disagrees keeps instances; bounds hold.
TEST(TrackTest, SeveralPolicies) {
  Tracking load = Load(100), busy = Busy(50);
  load.policy = "load";
  busy.policy = "busy";
  load.value = 350;
  busy.value = 75;
  History first, second;
  TargetView view{.least = 1, .most = 6, .wished = 2, .scaled_out = {}, .before_out = 0, .now = kStart};
  auto wish = Track(view, {load, busy}, {&first, &second});
  ASSERT_TRUE(wish);
  EXPECT_EQ(wish->instances, 4);
  EXPECT_EQ(wish->policy, "load");
  load.value = 10'000;
  EXPECT_EQ(Track(view, {load, busy}, {&first, &second})->instances, 6);
  view.wished = 6;
  first = second = {};
  load.value = 0;
  busy.value = 49;
  for (int i = 0; i < 60; ++i, view.now += seconds(10)) {
    EXPECT_FALSE(Track(view, {load, busy}, {&first, &second})) << "busy needs all six";
  }
  busy.value = 10;
  std::optional<Wish> in;
  for (int i = 0; i < 60 && !in; ++i, view.now += seconds(10)) in = Track(view, {load, busy}, {&first, &second});
  ASSERT_TRUE(in);
  EXPECT_EQ(in->instances, 2);
  load.scale_in = false;
  view.wished = 6;
  for (int i = 0; i < 60; ++i, view.now += seconds(10)) {
    EXPECT_FALSE(Track(view, {load, busy}, {&first, &second})) << "DisableScaleIn";
  }
}

// Requests a minute of one day, by the quarter of an hour, drawn by hand after such days: a quiet night, a working day
// with a dip at noon, and two bursts.
constexpr int kDay[] = {12,  9,   7,   4,   3,   3,   2,   1,   0,   0,    0,   0,   0,   1,   0,   2,
                        3,   4,   8,   14,  22,  31,  55,  71,  118, 160,  197, 240, 288, 310, 342, 365,
                        390, 402, 415, 431, 428, 440, 452, 447, 466, 1250, 980, 470, 442, 415, 390, 352,
                        301, 288, 275, 290, 330, 362, 398, 421, 437, 455,  470, 482, 476, 460, 441, 430,
                        402, 377, 350, 310, 284, 251, 230, 204, 188, 160,  141, 122, 109, 101, 95,  88,
                        700, 84,  77,  70,  62,  55,  49,  44,  40,  35,   31,  28,  24,  20,  17,  14};

// The day on a virtual clock: never short of instances for longer than a measurement takes, no flapping, and
// far fewer instance hours than the peak would need all day.
TEST(TrackTest, OneDay) {
  Simulation simulation(Load(60), 0, 40);
  simulation.Become(1);
  double instance_minutes = 0, short_minutes = 0;
  for (int quarter : kDay) {
    for (int minute = 0; minute < 15; ++minute) {
      // A minute's load is measured only after it came; a request to a sleeping variant wakes it.
      if (simulation.wished() == 0 && quarter > 0) simulation.Become(1);
      if (simulation.wished() * 60 < quarter) ++short_minutes;
      instance_minutes += simulation.wished();
      simulation.Hold(quarter, seconds(60));
    }
  }
  EXPECT_LT(short_minutes, 40) << "of 1440: one after each rise of the load";
  EXPECT_LT(instance_minutes / (24 * 60), 7) << "the peak needs 21";
  EXPECT_LT(simulation.outs + simulation.ins, 80);
}

// AWS's rules for steps: the bound belongs to the step nearer to the threshold; percentages round away from nothing.
TEST(StepsTest, AppliesTheStepItLiesIn) {
  std::vector<Step> out = {{0, 10, 1}, {10, 20, 2}, {20, std::nullopt, 4}};
  auto change = [&](double difference) { return ApplySteps(out, Adjustment::kChange, 0, difference, 5); };
  EXPECT_EQ(change(-1), 5);
  EXPECT_EQ(change(0), 6);
  EXPECT_EQ(change(10), 7);
  EXPECT_EQ(change(500), 9);
  std::vector<Step> in = {{-10, 0, -1}, {std::nullopt, -10, -3}};
  EXPECT_EQ(ApplySteps(in, Adjustment::kChange, 0, -10, 5), 2);
  EXPECT_EQ(ApplySteps(in, Adjustment::kChange, 0, -9.5, 5), 4);
  EXPECT_EQ(ApplySteps(in, Adjustment::kChange, 0, -20, 2), 0);
  std::vector<Step> percent = {{0, std::nullopt, 10}};
  EXPECT_EQ(ApplySteps(percent, Adjustment::kPercent, 0, 1, 5), 6) << "half an instance is one";
  EXPECT_EQ(ApplySteps(percent, Adjustment::kPercent, 3, 1, 5), 8);
  EXPECT_EQ(ApplySteps(percent, Adjustment::kPercent, 0, 1, 25), 27);
  std::vector<Step> exact = {{0, std::nullopt, 8}};
  EXPECT_EQ(ApplySteps(exact, Adjustment::kExact, 0, 1, 5), 8);
}

}  // namespace
}  // namespace aloft::scaling
