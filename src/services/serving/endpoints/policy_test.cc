#include "services/serving/endpoints/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloft::serving {
namespace {

using std::chrono::seconds;
using Kind = Action::Kind;
using Task = SlotView::Task;

const Time kNow{std::chrono::hours(1)};

SlotView Absent() {
  SlotView slot;
  slot.variant = "AllTraffic";
  return slot;
}
SlotView Waiting(seconds ago) {
  SlotView slot = Absent();
  slot.task = Task::kStarting;
  slot.waiting_since = kNow - ago;
  slot.waits_for = "needs 4.0 GiB of memory, 1.0 GiB are free";
  return slot;
}
SlotView Running(seconds ago = seconds(1)) {
  SlotView slot = Absent();
  slot.task = Task::kRunning;
  slot.running_since = kNow - ago;
  return slot;
}
SlotView Ready(seconds ago = seconds(1)) {
  SlotView slot = Running(ago);
  slot.ready = true;
  slot.ready_since = kNow - ago;
  return slot;
}
SlotView Ended(compute::Outcome outcome, std::string failure, int failures = 0) {
  SlotView slot = Absent();
  slot.task = Task::kEnded;
  slot.outcome = outcome;
  slot.failure = std::move(failure);
  slot.slot.failures = failures;
  return slot;
}

View ViewOf(EndpointStatus status) {
  View view;
  view.status = status;
  view.now = kNow;
  return view;
}

std::vector<Kind> Kinds(const Decision& decision) {
  std::vector<Kind> kinds;
  for (const Action& action : decision.actions) kinds.push_back(action.kind);
  return kinds;
}

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A machine that stays full must not leave a caller before "Creating" for ever.
TEST(Policy, RoomIsWaitedForAndThenGivenUp) {
  View view = ViewOf(EndpointStatus::kCreating);
  view.next = {{Waiting(seconds(60))}};
  Decision decision = Decide(view);
  EXPECT_THAT(decision.actions, IsEmpty());
  EXPECT_EQ(decision.look_again, kNow - seconds(60) + kRoomPatience);
  view.next = {{Waiting(kRoomPatience)}};
  decision = Decide(view);
  ASSERT_THAT(Kinds(decision), ElementsAre(Kind::kFail));
  EXPECT_THAT(decision.actions[0].reason, HasSubstr("InsufficientInstanceCapacity error"));
  EXPECT_THAT(decision.actions[0].reason, HasSubstr("needs 4.0 GiB of memory, 1.0 GiB are free"));
}

// More instances than there is room for: the update ends, those that answer go on; a restart that finds less room
// waits.
TEST(Policy, GrowthWithoutRoomSettles) {
  View view = ViewOf(EndpointStatus::kUpdating);
  view.current = {{Ready(), Waiting(kRoomPatience)}};
  Decision decision = Decide(view);
  ASSERT_THAT(Kinds(decision), ElementsAre(Kind::kRetry));
  EXPECT_TRUE(decision.actions[0].settle);
  view.status = EndpointStatus::kInService;
  EXPECT_THAT(Decide(view).actions, IsEmpty());
}

// A new endpoint: every worker is started, and nothing answers before all are ready.
TEST(Policy, CreationStartsAllAndPromotesTogether) {
  View view = ViewOf(EndpointStatus::kCreating);
  view.next = {Absent(), Absent()};
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kStart, Kind::kStart));
  view.next = {Ready(), Running()};
  EXPECT_THAT(Kinds(Decide(view)), IsEmpty());
  view.next = {Ready(), Ready()};
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kPromote));
}

// A traceback at load is tried once more, then it is the endpoint's reason: AWS's sentence and the text's end.
TEST(Policy, LoadFailureFailsTheEndpointAfterItsTries) {
  View view = ViewOf(EndpointStatus::kCreating);
  view.next = {Ended(compute::Outcome::kFailed, "Traceback...\nKeyError: 'weights'")};
  Decision first = Decide(view);
  ASSERT_THAT(Kinds(first), ElementsAre(Kind::kRetry));
  EXPECT_EQ(first.actions[0].failures, 1);
  EXPECT_EQ(first.actions[0].retry_at, kNow + kFirstRetry);
  view.next = {Ended(compute::Outcome::kFailed, std::string(5000, 'x') + "KeyError: 'weights'", 1)};
  Decision second = Decide(view);
  ASSERT_THAT(Kinds(second), ElementsAre(Kind::kFail));
  EXPECT_THAT(second.actions[0].reason,
              StartsWith("The primary container for production variant AllTraffic did not pass"));
  EXPECT_THAT(second.actions[0].reason, HasSubstr("KeyError: 'weights'"));
  EXPECT_LE(second.actions[0].reason.size(), 1024u);
}

// What only the caller can mend is not tried again.
TEST(Policy, BadArchiveFailsAtOnce) {
  View view = ViewOf(EndpointStatus::kCreating);
  view.next = {Ended(compute::Outcome::kInputRefused, "no such object")};
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kFail));
}

// A retry waits for its time, and the policy says when to look.
TEST(Policy, RetryWaits) {
  View view = ViewOf(EndpointStatus::kCreating);
  SlotView slot = Absent();
  slot.slot.retry_at = kNow + seconds(3);
  view.next = {slot};
  Decision decision = Decide(view);
  EXPECT_THAT(Kinds(decision), IsEmpty());
  EXPECT_EQ(decision.look_again, kNow + seconds(3));
  view.now += seconds(3);
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kStart));
}

// A worker that runs and never answers is given up at its deadline, not for ever waited for.
TEST(Policy, StartupTimeout) {
  View view = ViewOf(EndpointStatus::kCreating);
  view.next = {Running(seconds(599))};
  EXPECT_EQ(Decide(view).look_again, kNow + seconds(1));
  view.next = {Running(seconds(600))};
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kRetry));
}

// A worker in service that dies comes back, each time later, and its neighbours are left alone.
TEST(Policy, RestartsWithBackoff) {
  View view = ViewOf(EndpointStatus::kInService);
  view.current = {Ready(), Ended(compute::Outcome::kFailed, "signal 9", 3)};
  Decision decision = Decide(view);
  ASSERT_THAT(Kinds(decision), ElementsAre(Kind::kRetry));
  EXPECT_EQ(decision.actions[0].slot, 1u);
  EXPECT_EQ(decision.actions[0].failures, 4);
  EXPECT_EQ(decision.actions[0].retry_at, kNow + std::chrono::seconds(4));
  EXPECT_EQ(RetryDelay(100), kLastRetry);
}

// One that served for a while starts counting anew; one that never does ends the endpoint.
TEST(Policy, RestartsAreBounded) {
  View view = ViewOf(EndpointStatus::kInService);
  view.current = {Ended(compute::Outcome::kOutOfMemory, "out of memory", kRestartTries - 1)};
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kFail));
  view.current->front().ready_since = kNow - kProvenAfter;
  Decision decision = Decide(view);
  ASSERT_THAT(Kinds(decision), ElementsAre(Kind::kRetry));
  EXPECT_EQ(decision.actions[0].failures, 1);
}

// A worker that hangs is a dead one.
TEST(Policy, SilentWorkerIsRestarted) {
  View view = ViewOf(EndpointStatus::kInService);
  SlotView slot = Ready();
  slot.ready = false;
  slot.silent = true;
  view.current = {slot};
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kRetry));
}

// An update that fails leaves the old deployment in service, and says why.
TEST(Policy, FailedUpdateKeepsTheOld) {
  View view = ViewOf(EndpointStatus::kUpdating);
  view.current = {Ready()};
  view.next = {Ended(compute::Outcome::kFailed, "boom", 1)};
  Decision decision = Decide(view);
  ASSERT_THAT(Kinds(decision), ElementsAre(Kind::kAbandon));
  EXPECT_THAT(decision.actions[0].reason, HasSubstr("boom"));
}

// While an update is on its way, the old workers are kept alive as before.
TEST(Policy, UpdateKeepsOldWorkersAlive) {
  View view = ViewOf(EndpointStatus::kUpdating);
  view.current = {Ended(compute::Outcome::kLost, "lost")};
  view.next = {Running()};
  Decision decision = Decide(view);
  ASSERT_THAT(Kinds(decision), ElementsAre(Kind::kRetry));
  EXPECT_FALSE(decision.actions[0].of_next);
}

// Deleting waits for the answers that are due, but not for ever.
TEST(Policy, DeleteDrains) {
  View view = ViewOf(EndpointStatus::kDeleting);
  view.current = {Ready()};
  view.drained = false;
  EXPECT_THAT(Kinds(Decide(view)), IsEmpty());
  view.drain_over = true;
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kForget));
  view.drained = true;
  view.drain_over = false;
  EXPECT_THAT(Kinds(Decide(view)), ElementsAre(Kind::kForget));
}

// A failed endpoint stays as it is until it is deleted.
TEST(Policy, FailedIsFinal) {
  View view = ViewOf(EndpointStatus::kFailed);
  view.current = {Absent()};
  EXPECT_THAT(Kinds(Decide(view)), IsEmpty());
}

}  // namespace
}  // namespace aloft::serving
