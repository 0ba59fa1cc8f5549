#include "platform/telemetry/log_store.h"

#include <fmt/format.h>

#include "foundation/kv/testing_engines.h"
#include "platform/telemetry/errors.h"
#include "platform/telemetry/records.h"

namespace aloft::telemetry {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LogStoreTest : public kv::EngineTest {
 protected:
  void SetUp() override {
    kv::EngineTest::SetUp();
    logs_ = std::make_unique<LogStore>(*store_, clock_, random_);
  }
  void MakeStream(const std::string& stream) {
    Status group = logs_->CreateGroup(scope_, "g");
    ASSERT_TRUE(group.ok() || group.error().reason == kLogGroupExists);
    ASSERT_TRUE(logs_->CreateStream(scope_, "g", stream).ok());
  }
  // An event per message, one second apart, the last one now.
  void Put(const std::string& stream, const std::vector<std::string>& messages) {
    std::vector<LogEvent> events;
    Time at = clock_.Now() - seconds(messages.size() - 1);
    for (const std::string& message : messages) {
      events.push_back({at, message});
      at += seconds(1);
    }
    auto put = logs_->PutEvents(scope_, "g", stream, events);
    ASSERT_TRUE(put.ok()) << Describe(put.error());
  }
  LogPage Get(const std::string& stream, const EventQuery& query) {
    auto page = logs_->GetEvents(scope_, "g", stream, query);
    EXPECT_TRUE(page.ok()) << Describe(page.error());
    return page.ok() ? *page : LogPage{};
  }
  template <class Events>
  static std::string Messages(const Events& events) {
    std::string all;
    for (const auto& event : events) all += event.message;
    return all;
  }
  FilterPage Filter(const FilterQuery& query) {
    auto page = logs_->FilterEvents(scope_, "g", query);
    EXPECT_TRUE(page.ok()) << Describe(page.error());
    return page.ok() ? *page : FilterPage{};
  }
  std::size_t Keys(const char* space) { return store_->Scan(space, {.limit = 100'000})->entries.size(); }

  Scope scope_{AccountId("123456789012"), Region("us-east-1")};
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<LogStore> logs_;
};
INSTANTIATE_TEST_SUITE_P(Engines, LogStoreTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// The SDK's log follower loops until a page is empty, following nextForwardToken: the token is always there, and the
// page after the last is empty with the same token.
TEST_P(LogStoreTest, FollowingForwardEndsWithAnEmptyPageAndTheSameToken) {
  MakeStream("s");
  LogPage page = Get("s", {.from_head = true});
  EXPECT_TRUE(page.events.empty());
  EXPECT_FALSE(page.next_forward_token.empty());

  Put("s", {"a", "b", "c"});
  page = Get("s", {.from_head = true, .limit = 2});
  EXPECT_EQ(Messages(page.events), "ab");
  page = Get("s", {.limit = 2, .token = page.next_forward_token});
  EXPECT_EQ(Messages(page.events), "c");
  std::string token = page.next_forward_token;
  page = Get("s", {.token = token});
  EXPECT_TRUE(page.events.empty());
  EXPECT_EQ(page.next_forward_token, token);

  Put("s", {"d"});
  EXPECT_EQ(Messages(Get("s", {.token = token}).events), "d");
}

// Without a token and from_head the newest page comes first, and going back ends like going forward.
TEST_P(LogStoreTest, GoingBack) {
  MakeStream("s");
  Put("s", {"a", "b", "c", "d", "e"});
  LogPage page = Get("s", {.limit = 2});
  EXPECT_EQ(Messages(page.events), "de");
  LogPage newest = page;
  page = Get("s", {.limit = 2, .token = page.next_backward_token});
  EXPECT_EQ(Messages(page.events), "bc");
  page = Get("s", {.limit = 2, .token = page.next_backward_token});
  EXPECT_EQ(Messages(page.events), "a");
  std::string token = page.next_backward_token;
  page = Get("s", {.limit = 2, .token = token});
  EXPECT_TRUE(page.events.empty());
  EXPECT_EQ(page.next_backward_token, token);
  EXPECT_TRUE(Get("s", {.token = newest.next_forward_token}).events.empty());
}

// The window is [start, end) and holds together with tokens.
TEST_P(LogStoreTest, TimeWindow) {
  MakeStream("s");
  Put("s", {"a", "b", "c", "d"});
  Time last = clock_.Now();
  EXPECT_EQ(Messages(Get("s", {.start = last - seconds(2), .end = last, .from_head = true}).events), "bc");
  LogPage page = Get("s", {.start = last - seconds(2), .end = last, .from_head = true, .limit = 1});
  page = Get("s", {.start = last - seconds(2), .end = last, .token = page.next_forward_token});
  EXPECT_EQ(Messages(page.events), "c");
}

// A token that we did not make is refused, not read as the beginning.
TEST_P(LogStoreTest, BadTokens) {
  MakeStream("s");
  for (const char* token : {"x", "f/1/s", "f/00000000000000000000000000000000000000xx/s"})
    EXPECT_EQ(logs_->GetEvents(scope_, "g", "s", {.token = token}).error().reason, kInvalidParameter) << token;
  EXPECT_EQ(logs_->FilterEvents(scope_, "g", {.token = "zz"}).error().reason, kInvalidParameter);
  EXPECT_FALSE(logs_->DescribeGroups(scope_, {.token = "zz"}).ok());
}

// Absent things have their own reasons: the SDK waits for a group that is not there yet.
TEST_P(LogStoreTest, AbsentAndDouble) {
  EXPECT_EQ(logs_->DescribeStreams(scope_, "g", {}).error().reason, kNoSuchLogGroup);
  MakeStream("s");
  EXPECT_EQ(logs_->CreateGroup(scope_, "g").error().reason, kLogGroupExists);
  EXPECT_EQ(logs_->CreateStream(scope_, "g", "s").error().reason, kLogStreamExists);
  EXPECT_EQ(logs_->GetEvents(scope_, "g", "t", {}).error().reason, kNoSuchLogStream);
  Scope other{AccountId("999999999999"), scope_.region};
  EXPECT_EQ(logs_->GetEvents(other, "g", "s", {}).error().reason, kNoSuchLogGroup);
}

// The documented limits of PutLogEvents.
TEST_P(LogStoreTest, PutLimits) {
  MakeStream("s");
  Time now = clock_.Now();
  auto put = [&](std::vector<LogEvent> events) { return logs_->PutEvents(scope_, "g", "s", events); };
  EXPECT_EQ(put({{now, "a"}, {now - seconds(1), "b"}}).error().reason, kInvalidParameter);
  EXPECT_EQ(put({{now - hours(25), "a"}, {now, "b"}}).error().reason, kInvalidParameter);
  EXPECT_EQ(put(std::vector<LogEvent>(10'001, LogEvent{now, "a"})).error().reason, kInvalidParameter);
  EXPECT_EQ(put({{now, std::string(1 << 20, 'a')}}).error().reason, kInvalidParameter);

  auto ahead = put({{now, "a"}, {now + hours(3), "b"}});
  ASSERT_TRUE(ahead.ok());
  EXPECT_EQ(ahead->too_new_start, 1);
  EXPECT_EQ(Messages(Get("s", {}).events), "a");
  auto old = put({{now - hours(24 * 15), "x"}, {now - hours(24 * 15) + seconds(1), "y"}});
  ASSERT_TRUE(old.ok());
  EXPECT_EQ(old->too_old_end, 2);
  ASSERT_TRUE(logs_->SetRetention(scope_, "g", 1).ok());
  EXPECT_EQ(put({{now - hours(30), "x"}, {now - hours(20), "y"}})->expired_end, 1);
}

// A task's log is stored once, whatever is repeated: after a crash between storing and remembering, from an old
// position.
TEST_P(LogStoreTest, AppendIsIdempotentByPosition) {
  auto append = [&](std::uint64_t from, std::uint64_t to, std::vector<LogEvent> events) {
    auto position = logs_->AppendAt(scope_, "g", "job/algo-1", from, to, events);
    EXPECT_TRUE(position.ok());
    return position.ok() ? *position : 0;
  };
  Time now = clock_.Now();
  EXPECT_EQ(append(0, 10, {{now, "a"}, {now, "b"}}), 10u);
  EXPECT_EQ(append(0, 10, {{now, "a"}, {now, "b"}}), 10u);
  EXPECT_EQ(append(5, 12, {{now, "x"}}), 10u);
  EXPECT_EQ(append(20, 30, {{now, "x"}}), 10u);
  EXPECT_EQ(append(10, 12, {{now - seconds(5), "c"}}), 12u);
  LogPage page = Get("job/algo-1", {.from_head = true});
  EXPECT_EQ(Messages(page.events), "abc");
  EXPECT_EQ(page.events[2].timestamp, page.events[1].timestamp) << "a follower of the stream misses nothing";
}

// Names order, prefixes and pages; no token on the last page, or the SDK asks for ever.
TEST_P(LogStoreTest, DescribeStreams) {
  for (const char* name : {"job/algo-1", "job/algo-2", "job2/algo-1", "other"}) MakeStream(name);
  auto names = [&](StreamQuery query) {
    auto page = logs_->DescribeStreams(scope_, "g", query);
    EXPECT_TRUE(page.ok()) << Describe(page.error());
    std::string all;
    for (const LogStream& stream : page->streams) all += stream.name + " ";
    return std::pair(all, page->next_token);
  };
  EXPECT_EQ(names({.prefix = "job/", .limit = 2}), std::pair(std::string("job/algo-1 job/algo-2 "), std::string()));
  auto [first, token] = names({.limit = 3});
  EXPECT_EQ(first, "job/algo-1 job/algo-2 job2/algo-1 ");
  EXPECT_EQ(names({.limit = 3, .token = token}), std::pair(std::string("other "), std::string()));
  EXPECT_EQ(names({.descending = true, .limit = 2}).first, "other job2/algo-1 ");

  Put("other", {"x"});
  clock_.Advance(seconds(1));
  Put("job/algo-2", {"x"});
  auto [newest, more] = names({.by_last_event = true, .descending = true, .limit = 1});
  EXPECT_EQ(newest, "job/algo-2 ");
  EXPECT_EQ(names({.by_last_event = true, .descending = true, .limit = 1, .token = more}).first, "other ");
  EXPECT_EQ(logs_->DescribeStreams(scope_, "g", {.prefix = "j", .by_last_event = true}).error().reason,
            kInvalidParameter);
}

// Groups by prefix and by substring.
TEST_P(LogStoreTest, DescribeGroups) {
  for (const char* name : {"/aws/a", "/aws/b", "/own/Abc"}) ASSERT_TRUE(logs_->CreateGroup(scope_, name).ok());
  EXPECT_EQ(logs_->DescribeGroups(scope_, {.prefix = "/aws/"})->groups.size(), 2u);
  EXPECT_EQ(logs_->DescribeGroups(scope_, {.pattern = "aBC"})->groups.size(), 1u);
  auto page = logs_->DescribeGroups(scope_, {.limit = 2});
  ASSERT_EQ(page->groups.size(), 2u);
  page = logs_->DescribeGroups(scope_, {.limit = 2, .token = page->next_token});
  EXPECT_EQ(page->groups.size(), 1u);
  EXPECT_EQ(page->next_token, "");
}

// Streams are merged by time, page after page, and nothing comes twice or never.
TEST_P(LogStoreTest, FilterMergesStreams) {
  std::string expected;
  for (const char* name : {"a", "b", "c"}) MakeStream(name);
  for (int i = 0; i < 60; ++i) {
    clock_.Advance(milliseconds(i % 4 == 0 ? 0 : 1));
    std::string message = fmt::format("{:02} ", i);
    ASSERT_TRUE(logs_->PutEvents(scope_, "g",
                                 i % 4 == 0   ? "c"
                                 : i % 3 == 0 ? "a"
                                              : "b",
                                 {{{clock_.Now(), message}}})
                    .ok());
  }
  std::string all = Messages(Filter({}).events);
  EXPECT_EQ(all.size(), 180u);
  for (std::size_t limit : {1u, 7u, 59u}) {
    std::string paged, token;
    int pages = 0;
    do {
      FilterPage page = Filter({.limit = limit, .token = token});
      paged += Messages(page.events);
      token = page.next_token;
    } while (!token.empty() && ++pages < 100);
    EXPECT_EQ(paged, all) << limit;
  }
  EXPECT_EQ(Messages(Filter({.pattern = "07"}).events), "07 ");
  EXPECT_EQ(Messages(Filter({.streams = {"a"}, .limit = 1}).events), "03 ");
  EXPECT_EQ(Filter({.stream_prefix = "z"}).events.size(), 0u);
  EXPECT_EQ(logs_->FilterEvents(scope_, "g", {.streams = {"nope"}}).error().reason, kNoSuchLogStream);
  Time now = clock_.Now();
  EXPECT_EQ(Messages(Filter({.start = now, .end = now}).events), "59 ") << "the end is inclusive here";
}

// A deleted group's events are gone at once, do not come back with a new group of the same name, and are reclaimed.
TEST_P(LogStoreTest, DeletedContentsAreReclaimed) {
  MakeStream("s");
  Put("s", {"a", "b", "c"});
  ASSERT_TRUE(logs_->DeleteStream(scope_, "g", "s").ok());
  MakeStream("s");
  EXPECT_TRUE(Get("s", {}).events.empty());
  Put("s", {"d"});
  ASSERT_TRUE(logs_->DeleteGroup(scope_, "g").ok());
  EXPECT_EQ(logs_->FindGroup(scope_, "g").error().reason, kNoSuchLogGroup);
  MakeStream("s");
  EXPECT_TRUE(Get("s", {}).events.empty());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(logs_->Sweep(1).ok());
  EXPECT_EQ(Keys(kEventSpace), 0u);
  EXPECT_EQ(Keys(kStreamSpace), 1u);
  EXPECT_EQ(Keys(kGarbageSpace), 0u);
}

// Retention hides events at once and the sweep removes them; the others stay.
TEST_P(LogStoreTest, Retention) {
  MakeStream("s");
  MakeStream("t");
  Put("s", {"a"});
  Put("t", {"b"});
  clock_.Advance(hours(30));
  Put("s", {"c"});
  ASSERT_TRUE(logs_->SetRetention(scope_, "g", 1).ok());
  EXPECT_EQ(Messages(Get("s", {.from_head = true}).events), "c");
  EXPECT_EQ(Messages(Filter({}).events), "c");
  EXPECT_EQ(*logs_->Sweep(100), 2u);
  EXPECT_EQ(Keys(kEventSpace), 1u);
  EXPECT_EQ(logs_->FindStream(scope_, "g", "s")->first_event, logs_->FindStream(scope_, "g", "s")->last_event);
  EXPECT_FALSE(logs_->FindStream(scope_, "g", "t")->last_event.has_value());
  ASSERT_TRUE(logs_->SetRetention(scope_, "g", std::nullopt).ok());
  EXPECT_FALSE(logs_->FindGroup(scope_, "g")->retention_days.has_value());
}

// What was stored is there after the engine was closed and opened.
TEST_P(LogStoreTest, SurvivesReopening) {
  MakeStream("s");
  Put("s", {"a"});
  logs_.reset();
  Reopen();
  logs_ = std::make_unique<LogStore>(*store_, clock_, random_);
  EXPECT_EQ(Messages(Get("s", {}).events), "a");
}

}  // namespace
}  // namespace aloft::telemetry
