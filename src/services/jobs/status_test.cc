#include "services/jobs/status.h"

#include <gtest/gtest.h>

#include "services/jobs/errors.h"
#include "services/jobs/types.h"

namespace aloft::jobs {
namespace {

using S = Secondary;

std::vector<S> All() {
  std::vector<S> all;
  for (int i = 0; i < kSecondaries; ++i) all.push_back(static_cast<S>(i));
  return all;
}

// Every pair, held against the rules in words: nothing leaves an end; every other status may fail or be stopped; phases
// go forward only; what is stopping only ends; only a restart begins again.
TEST(Status, EveryMove) {
  for (S from : All()) {
    for (S to : All()) {
      bool legal = IsLegal(from, to);
      std::string move = std::string(ToString(from)) + " -> " + std::string(ToString(to));
      if (IsTerminal(from))
        EXPECT_FALSE(legal) << move;
      else if (IsTerminal(to))
        EXPECT_TRUE(legal) << move;
      else if (from == S::kStopping)
        EXPECT_FALSE(legal) << move;
      else if (from == S::kRestarting)
        EXPECT_EQ(legal, to == S::kStarting || to == S::kStopping) << move;
      else if (from == S::kInterrupted)
        EXPECT_EQ(legal, to == S::kStarting || to == S::kPending || to == S::kStopping) << move;
      else if (to == S::kStopping || to == S::kRestarting || to == S::kInterrupted)
        EXPECT_TRUE(legal) << move;
      else
        EXPECT_EQ(legal, to > from) << move;
    }
  }
}

// A move is recorded with its times; an illegal one changes nothing.
TEST(Status, MoveRecordsSteps) {
  for (S from : All()) {
    for (S to : All()) {
      JobState state;
      state.secondary = from;
      Time first(std::chrono::seconds(100)), second(std::chrono::seconds(200));
      state.steps.push_back({from, first, std::nullopt, "a"});
      Status moved = Move(state, to, second, "b");
      if (from == to && !IsTerminal(from)) {
        ASSERT_TRUE(moved.ok());
        EXPECT_EQ(state.steps.size(), 1u);
        EXPECT_EQ(state.steps[0].message, "b");
      } else if (IsLegal(from, to)) {
        ASSERT_TRUE(moved.ok());
        EXPECT_EQ(state.secondary, to);
        ASSERT_EQ(state.steps.size(), 2u);
        EXPECT_EQ(state.steps[0].end, second);
        EXPECT_EQ(state.steps[1].end.has_value(), IsTerminal(to));
      } else {
        EXPECT_EQ(moved.error().reason, kIllegalMove);
        EXPECT_EQ(state.secondary, from);
        EXPECT_EQ(state.steps.size(), 1u);
      }
    }
  }
}

// The agent's clock may be behind the server's: a step never begins before the one it follows.
TEST(Status, TimesNeverGoBack) {
  JobState state;
  ASSERT_TRUE(Move(state, S::kStarting, Time(std::chrono::seconds(100)), "").ok());
  ASSERT_TRUE(Move(state, S::kTraining, Time(std::chrono::seconds(90)), "").ok());
  EXPECT_EQ(state.steps[1].start, Time(std::chrono::seconds(100)));
}

// The words of the API.
TEST(Status, Words) {
  EXPECT_EQ(ToString(S::kPreparing), "PreparingTrainingStack");
  EXPECT_EQ(PrimaryOf(S::kMaxRuntimeExceeded), "Stopped");
  EXPECT_EQ(PrimaryOf(S::kStopping), "Stopping");
  EXPECT_EQ(PrimaryOf(S::kUploading), "InProgress");
  for (S status : All()) EXPECT_EQ(ParseSecondary(ToString(status)), status);
  EXPECT_FALSE(ParseSecondary("Nonsense"));
}

}  // namespace
}  // namespace aloft::jobs
