#include "foundation/codec/cron.h"

#include <gtest/gtest.h>

#include "foundation/codec/errors.h"
#include "foundation/codec/time.h"

namespace aloft::codec {
namespace {

std::string Next(std::string_view schedule, std::string_view after) {
  Result<Schedule> parsed = ParseSchedule(schedule);
  if (!parsed.ok()) return parsed.error().message;
  std::optional<Time> next = NextAfter(*parsed, *ParseIso8601(after), *ParseIso8601("2026-01-01T00:00:30Z"));
  return next ? FormatIso8601(*next) : "never";
}

// The forms that AWS documents, with the times that its documentation and a calendar name for them.
TEST(CronTest, NextTimes) {
  EXPECT_EQ(Next("cron(0 9 ? * MON-FRI *)", "2026-11-20T09:00:00Z"), "2026-11-23T09:00:00Z");
  EXPECT_EQ(Next("cron(0/15 8-17 * * ? *)", "2026-11-20T08:14:59Z"), "2026-11-20T08:15:00Z");
  EXPECT_EQ(Next("cron(0/15 8-17 * * ? *)", "2026-11-20T17:45:00Z"), "2026-11-21T08:00:00Z");
  EXPECT_EQ(Next("cron(15,30 10 1 JAN,jul ? *)", "2026-01-01T10:30:00Z"), "2026-07-01T10:15:00Z");
  EXPECT_EQ(Next("cron(0 0 L * ? *)", "2024-02-01T00:00:00Z"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(Next("cron(0 0 29 2 ? *)", "2024-03-01T00:00:00Z"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(Next("cron(0 12 ? * 1 2030)", "2026-01-01T00:00:00Z"), "2030-01-06T12:00:00Z");
  EXPECT_EQ(Next("cron(0 12 1 1 ? 2025)", "2026-01-01T00:00:00Z"), "never");
  EXPECT_EQ(Next("rate(5 minutes)", "2026-01-01T00:05:30Z"), "2026-01-01T00:10:30Z");
  EXPECT_EQ(Next("rate(1 day)", "2026-01-01T00:00:00Z"), "2026-01-02T00:00:30Z");
  EXPECT_EQ(Next("at(2026-05-05T12:00:00)", "2026-01-01T00:00:00Z"), "2026-05-05T12:00:00Z");
  EXPECT_EQ(Next("at(2026-05-05T12:00:00)", "2026-05-05T12:00:00Z"), "never");
}

// A schedule that is misread would scale at the wrong time: what is not understood is refused, with its field.
TEST(CronTest, RefusesWhatItDoesNotRead) {
  for (const char* text :
       {"", "cron", "cron(* * * * *)", "cron(60 * * * ? *)", "cron(* * * * * *)", "cron(* * ? * ? *)",
        "cron(* * ? * MON#2 *)", "cron(* * 15W * ? *)", "cron(* * ? * 5L *)", "cron(5-1 * * * ? *)",
        "cron(*/0 * * * ? *)", "rate(0 minutes)", "rate(5)", "rate(5 weeks)", "at(noon)"}) {
    Result<Schedule> parsed = ParseSchedule(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().reason, kMalformedText) << text;
  }
}

}  // namespace
}  // namespace aloft::codec
