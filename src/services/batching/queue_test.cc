#include "services/batching/queue.h"

#include <gtest/gtest.h>

#include "services/batching/settings.h"

namespace aloft::batching {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<Item> Make(std::string form, int rows = 1, bool waited = false) {
  auto item = std::make_shared<Item>();
  item->form = std::move(form);
  item->rows = rows;
  item->waited = waited;
  return item;
}

std::vector<int> RowsOf(const Queue::Taken& taken) {
  std::vector<int> rows;
  for (const auto& item : taken.items) rows.push_back(item->rows);
  return rows;
}

// Requests of several forms share a queue, not a call; and nobody passes one of its own form.
TEST(QueueTest, JoinsTheOldestWithItsLikeInTheirOrder) {
  Queue queue;
  Plan plan;
  plan.rows = 8;
  std::optional<MonotonicTime> until;
  for (auto& item : {Make("a", 1), Make("b", 2), Make("a", 3), Make("a", 5), Make("a", 1)}) queue.Push(item);
  Queue::Taken first = queue.Take({}, plan, &until);
  EXPECT_EQ(RowsOf(first), (std::vector<int>{1, 3}));
  EXPECT_TRUE(first.more);
  EXPECT_EQ(RowsOf(queue.Take({}, plan, &until)), (std::vector<int>{2}));
  EXPECT_EQ(RowsOf(queue.Take({}, plan, &until)), (std::vector<int>{5, 1}));
  EXPECT_TRUE(queue.Take({}, plan, &until).items.empty());
  EXPECT_EQ(queue.size(), 0u);
}

// What cannot be joined, and what is larger than a call, goes alone.
TEST(QueueTest, WhatHasNoFormOrIsTooLargeGoesAlone) {
  Queue queue;
  Plan plan;
  plan.rows = 4;
  std::optional<MonotonicTime> until;
  for (auto& item : {Make("", 1), Make("", 2), Make("a", 9), Make("a", 1)}) queue.Push(item);
  for (int rows : {1, 2, 9, 1}) EXPECT_EQ(RowsOf(queue.Take({}, plan, &until)), (std::vector<int>{rows}));
}

// The delay is for those that an instance kept waiting; a request that finds one free is never kept.
TEST(QueueTest, OnlyWhatHadToWaitIsKeptForOthers) {
  Queue queue;
  Plan plan;
  plan.rows = 4;
  plan.delay = milliseconds(5);
  std::optional<MonotonicTime> until;
  queue.Push(Make("a", 1));
  EXPECT_EQ(queue.Take({}, plan, &until).items.size(), 1u);
  queue.Push(Make("a", 1, true));
  EXPECT_TRUE(queue.Take({}, plan, &until).items.empty());
  ASSERT_TRUE(until);
  EXPECT_EQ(*until, MonotonicTime() + milliseconds(5));
  EXPECT_EQ(queue.Take(*until, plan, &until).items.size(), 1u);
  for (int i = 0; i < 4; ++i) queue.Push(Make("a", 1, true));
  EXPECT_EQ(queue.Take({}, plan, &until).items.size(), 4u);  // full: nothing to wait for
}

// A wrong wish is refused by its name when the model is made, not guessed when it runs.
TEST(SettingsTest, SaysWhatASettingMayBe) {
  EXPECT_TRUE(SettingsOf({})->on);
  Result<Settings> good = SettingsOf({{"ALOFT_BATCH_P99_MS", "2.5"}, {"ALOFT_BATCH_MAX", "32"}});
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->goal, std::chrono::microseconds(2500));
  EXPECT_EQ(good->most, 32);
  EXPECT_TRUE(good->divides);
  EXPECT_FALSE(SettingsOf({{"ALOFT_BATCH", "off"}})->on);
  for (auto [variable, text] : {std::pair{"ALOFT_BATCH", "yes"},
                                {"ALOFT_BATCH_P99_MS", "fast"},
                                {"ALOFT_BATCH_P99_MS", "nan"},
                                {"ALOFT_BATCH_MAX", "0"},
                                {"ALOFT_BATCH_MAX", "4k"}}) {
    Result<Settings> bad = SettingsOf({{variable, text}});
    ASSERT_FALSE(bad.ok()) << text;
    EXPECT_EQ(bad.error().reason, kBadSetting);
    EXPECT_NE(bad.error().message.find(variable), std::string::npos);
  }
}

}  // namespace
}  // namespace aloft::batching
