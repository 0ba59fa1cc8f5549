#include <gtest/gtest.h>

#include "foundation/base/bytes.h"
#include "foundation/base/clock.h"
#include "foundation/base/fault_point.h"
#include "foundation/base/metrics.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"

namespace aloft {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return Fail(kInvalidArgument, "odd");
  return value / 2;
}

Result<std::string> Quarter(int value) {
  ALOFT_ASSIGN(int half, Half(value));
  ALOFT_ASSIGN(int quarter, Half(half));
  return std::to_string(quarter);
}

// ALOFT_ASSIGN hands the first failure up unchanged and otherwise is an assignment.
TEST(ResultTest, AssignPropagates) {
  EXPECT_EQ(Quarter(12).value(), "3");
  auto failed = Quarter(6);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().reason, kInvalidArgument);
  EXPECT_EQ(failed.error().message, "odd");
}

// A full disk must be told from a broken one, because only the first goes away by itself.
TEST(ErrorTest, FullDiskIsItsOwnReason) {
  EXPECT_EQ(SystemError("write", ENOSPC).reason, kDiskFull);
  EXPECT_EQ(SystemError("write", EIO).reason, kIoError);
}

// Hexadecimal is used in signatures: both cases decode, anything else is refused.
TEST(BytesTest, HexRoundTrip) {
  std::string bytes("\x00\xff\x10", 3);
  EXPECT_EQ(HexEncode(AsBytes(bytes)), "00ff10");
  EXPECT_EQ(HexDecode("00FF10"), bytes);
  EXPECT_FALSE(HexDecode("0").has_value());
  EXPECT_FALSE(HexDecode("zz").has_value());
}

// Splitting keeps empty parts, which parsers of paths and lists rely on.
TEST(BytesTest, SplitKeepsEmptyParts) {
  EXPECT_EQ(Split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string_view>{""}));
}

// Text draws from the whole alphabet and nothing else, also where 256 is no multiple of its size.
TEST(RandomTest, TextStaysInAlphabet) {
  SeededRandom random(1);
  std::string text = random.Text(3000, "abc");
  EXPECT_EQ(text.size(), 3000u);
  EXPECT_EQ(text.find_first_not_of("abc"), std::string::npos);
  for (char c : {'a', 'b', 'c'}) EXPECT_GT(std::count(text.begin(), text.end(), c), 850);
}

// A frozen clock moves only when told.
TEST(ClockTest, ManualClockStandsStill) {
  ManualClock clock;
  Time before = clock.Now();
  EXPECT_EQ(clock.Now(), before);
  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(clock.Now() - before, std::chrono::seconds(2));
}

// A fault strikes at the numbered pass only, and an unreadable specification is refused.
TEST(FaultPointTest, StrikesOnce) {
  ASSERT_TRUE(ArmFaultPoints("x=error@2"));
  EXPECT_FALSE(FaultError("x"));
  EXPECT_TRUE(FaultError("x"));
  EXPECT_FALSE(FaultError("x"));
  EXPECT_FALSE(FaultError("y"));
  EXPECT_FALSE(ArmFaultPoints("x=explode@2"));
  EXPECT_FALSE(ArmFaultPoints("x=kill@0"));
}

// Prometheus needs cumulative buckets that end in +Inf and escaped label values.
TEST(MetricsTest, ExposesPrometheusText) {
  Metrics metrics;
  metrics.AddCounter("requests_total", "Requests", {{"path", "a\"b"}}).Increment(3);
  metrics.AddHistogram("latency_seconds", "Latency").Observe(0.0001);
  std::string text = metrics.Expose();
  EXPECT_NE(text.find("requests_total{path=\"a\\\"b\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("latency_seconds_bucket{le=\"5e-05\"} 0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("latency_seconds_bucket{le=\"+Inf\"} 1\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace aloft
