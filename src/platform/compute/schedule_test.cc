#include "platform/compute/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloft::compute {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kGiB = 1ull << 30;
const Time kNow = FromMicros(1'700'000'000'000'000);

Limits Gib(std::uint64_t gib) {
  return {.vcpus = 1, .memory_bytes = gib * kGiB};
}
Capacity Machine(std::uint64_t gib) {
  return {.vcpus = 100, .memory_bytes = gib * kGiB, .memory_share = 1.0};
}
Candidate Wants(const char* name, std::uint64_t gib, int priority = 0, minutes runtime = minutes(60), int hosts = 1) {
  Candidate candidate{.accepted = kNow, .priority = priority, .queue = "a", .max_runtime = runtime};
  for (int i = 0; i < hosts; ++i) {
    candidate.members.emplace_back(std::string(name) + (i == 0 ? "" : "." + std::to_string(i + 1)));
    candidate.wanted.push_back(Gib(gib));
  }
  return candidate;
}
Holder Holds(const char* name, std::uint64_t gib, minutes left, int priority = 0, bool interruptible = false) {
  return {.group = TaskId(name),
          .granted = Gib(gib),
          .priority = priority,
          .queue = "a",
          .started = kNow - minutes(5),
          .ends_by = kNow + left,
          .interruptible = interruptible};
}
std::vector<std::string> Started(const Decision& decision) {
  std::vector<std::string> names;
  for (const auto& together : decision.starts)
    for (const auto& [id, limits] : together) names.push_back(id.value());
  return names;
}
std::string WaitOf(const Decision& decision, const char* name) {
  auto found = decision.waits.find(TaskId(name));
  return found == decision.waits.end() ? "" : found->second;
}
Candidate Later(Candidate candidate, int seconds) {
  candidate.accepted = kNow + std::chrono::seconds(seconds);
  return candidate;
}

// A large job must not wait for ever because small ones keep coming; but what ends in time may use the room meanwhile.
TEST(ScheduleTest, SmallOnesPassOnlyWhereTheyDelayNobody) {
  std::vector<Holder> holders{Holds("running", 6, minutes(60))};
  auto decision = Decide(
      Machine(10), {},
      {Wants("large", 8), Later(Wants("long", 4, 0, minutes(600)), 1), Later(Wants("short", 4, 0, minutes(30)), 2)},
      holders, kNow);
  EXPECT_THAT(Started(decision), ElementsAre("short"));
  EXPECT_EQ(WaitOf(decision, "large"), "needs 8.0 GiB of memory, 4.0 GiB are free");
  EXPECT_EQ(WaitOf(decision, "long"), "there is room, but what waits longer would start later");
  // What fits beside it when it starts, may run as long as it likes.
  decision = Decide(Machine(10), {}, {Wants("large", 8), Later(Wants("long", 2, 0, minutes(600)), 1)}, holders, kNow);
  EXPECT_THAT(Started(decision), ElementsAre("long"));
}

// Hosts of one job start together or not at all, and hold nothing while they wait.
TEST(ScheduleTest, GangsStartTogether) {
  auto decision = Decide(Machine(10), {}, {Wants("gang", 4, 0, minutes(60), 3)}, {}, kNow);
  EXPECT_THAT(Started(decision), IsEmpty());
  EXPECT_THAT(WaitOf(decision, "gang"), HasSubstr("(for 3 instances that start together)"));
  EXPECT_THAT(Started(Decide(Machine(12), {}, {Wants("gang", 4, 0, minutes(60), 3)}, {}, kNow)),
              ElementsAre("gang", "gang.2", "gang.3"));
}

// Quotas hold back whom they concern, say so, and nobody else.
TEST(ScheduleTest, QuotasHoldBackTheirOwn) {
  Quotas quotas;
  quotas[{"a", ""}].instances = 2;
  quotas[{"a", "user/eve"}].memory_bytes = 4 * kGiB;
  Candidate eve = Wants("eve", 8), other = Later(Wants("other", 1), 1), third = Later(Wants("third", 1), 2);
  eve.owner = "user/eve";
  third.queue = "b";
  Candidate fourth = Later(Wants("fourth", 1), 3);
  auto decision = Decide(Machine(100), quotas, {eve, other, third, fourth}, {Holds("h", 1, minutes(1))}, kNow);
  EXPECT_THAT(Started(decision), testing::UnorderedElementsAre("other", "third"));
  EXPECT_EQ(WaitOf(decision, "eve"), "waits for the quota of user/eve: 0 of 4 GiB of memory are in use and it needs 8");
  EXPECT_EQ(WaitOf(decision, "fourth"), "waits for the quota of account a: 2 of 2 instances are in use and it needs 1");
  EXPECT_EQ(NeverWithin(quotas, "a", "user/eve", {Gib(8)}), "it is more than the quota of user/eve allows");
  EXPECT_EQ(NeverWithin(quotas, "a", "user/adam", {Gib(8)}), "");
}

// A higher priority takes the place of jobs that allow it: as few as will do, the least important and youngest first,
// and whoever was asked is not asked again, nor is another while he leaves.
TEST(ScheduleTest, HigherPriorityInterruptsWhatAllowsIt) {
  std::vector<Holder> holders{Holds("firm", 2, minutes(600), -50), Holds("small", 2, minutes(600), -20, true),
                              Holds("spot", 4, minutes(600), -10, true), Holds("equal", 2, minutes(600), 5, true)};
  auto decision = Decide(Machine(10), {}, {Wants("urgent", 4, 5)}, holders, kNow);
  EXPECT_THAT(decision.interrupt, ElementsAre(TaskId("spot")));  // "small" alone would not do, and is not needed
  EXPECT_THAT(WaitOf(decision, "urgent"), HasSubstr("interrupts jobs of lower priority"));
  holders[2].leaving = true;
  EXPECT_THAT(Decide(Machine(10), {}, {Wants("urgent", 4, 5)}, holders, kNow).interrupt, IsEmpty());
  // In vain: nobody is interrupted.
  holders[2].leaving = false;
  EXPECT_THAT(Decide(Machine(10), {}, {Wants("urgent", 9, 5)}, holders, kNow).interrupt, IsEmpty());
  EXPECT_THAT(Decide(Machine(10), {}, {Wants("equals", 4, -20)}, holders, kNow).interrupt, IsEmpty());
}

// Services have no time limit and people wait for them: a reservation does not hold them back.
TEST(ScheduleTest, ServicesPassReservations) {
  auto decision = Decide(Machine(10), {}, {Wants("large", 8), Later(Wants("service", 4, 0, minutes(0)), 1)},
                         {Holds("running", 6, minutes(60))}, kNow);
  EXPECT_THAT(Started(decision), ElementsAre("service"));
}

// Accounts take turns, whatever one of them asks for first.
TEST(ScheduleTest, AccountsTakeTurns) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 4; ++i) candidates.push_back(Later(Wants(("a" + std::to_string(i)).c_str(), 4), i));
  candidates.push_back(Later(Wants("b", 4), 10));
  candidates.back().queue = "b";
  EXPECT_THAT(Started(Decide(Machine(8), {}, candidates, {}, kNow)), ElementsAre("a0", "b"));
}

Candidate OfPool(Candidate candidate, const char* pool) {
  candidate.pool = pool;
  return candidate;
}
Holder KeptFor(Holder holder, const char* pool) {
  holder.kept_for = pool;
  return holder;
}

// The room of a warm pool is for who matches, at once and whoever waits longer; the others are told where it is.
TEST(ScheduleTest, KeptRoomIsForWhoMatches) {
  std::vector<Holder> holders{KeptFor(Holds("ended", 6, minutes(30)), "p")};
  auto decision =
      Decide(Machine(10), {}, {Wants("other", 6, 50), OfPool(Later(Wants("mine", 6), 9), "p")}, holders, kNow);
  EXPECT_THAT(Started(decision), ElementsAre("mine"));
  EXPECT_EQ(decision.rooms, (std::map<TaskId, TaskId>{{TaskId("mine"), TaskId("ended")}}));
  // Taken, it is nobody's to keep any more; what it runs until is not known before it runs.
  EXPECT_EQ(WaitOf(decision, "other"), "needs 6.0 GiB of memory, 4.0 GiB are free");
  decision = Decide(Machine(10), {}, {Wants("other", 6)}, holders, kNow);
  EXPECT_EQ(WaitOf(decision, "other"),
            "needs 6.0 GiB of memory, 4.0 GiB are free; warm pools keep 6.0 GiB for jobs that match them");
  // One room is one job's; the next one starts as any other.
  decision = Decide(Machine(10), {}, {OfPool(Wants("a", 6), "p"), OfPool(Later(Wants("b", 6), 1), "p")}, holders, kNow);
  EXPECT_THAT(Started(decision), ElementsAre("a"));
  EXPECT_EQ(WaitOf(decision, "b"), "needs 6.0 GiB of memory, 4.0 GiB are free");
  // And no pool is asked to leave for a priority.
  decision = Decide(Machine(10), {}, {Wants("other", 6, 100)}, holders, kNow);
  EXPECT_THAT(decision.interrupt, IsEmpty());
}

// What is kept counts for its quota, and who takes it counts in its place, not beside it.
TEST(ScheduleTest, KeptRoomCountsForQuotas) {
  Quotas quotas{{{"a", ""}, {.instances = 2}}};
  Holder first = KeptFor(Holds("ended", 1, minutes(30)), "p"), second = KeptFor(Holds("ended", 1, minutes(30)), "p");
  auto decision = Decide(Machine(100), quotas, {Wants("other", 1)}, {first, second}, kNow);
  EXPECT_THAT(WaitOf(decision, "other"), HasSubstr("2 of 2 instances are in use"));
  decision = Decide(Machine(100), quotas, {OfPool(Wants("gang", 1, 0, minutes(60), 2), "p")}, {first, second}, kNow);
  EXPECT_THAT(Started(decision), ElementsAre("gang", "gang.2"));
  // A gang that has not wholly ended keeps nothing for another.
  decision = Decide(Machine(100), quotas, {OfPool(Wants("gang", 1, 0, minutes(60), 2), "p")}, {first}, kNow);
  EXPECT_THAT(Started(decision), IsEmpty());
}

}  // namespace
}  // namespace aloft::compute
