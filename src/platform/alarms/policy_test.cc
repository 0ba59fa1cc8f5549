#include "platform/alarms/policy.h"

#include <gtest/gtest.h>

#include "platform/alarms/errors.h"

namespace aloft::alarms {
namespace {

shapes::cloudwatch::PutMetricAlarmInput Wish() {
  shapes::cloudwatch::PutMetricAlarmInput wish;
  wish.alarm_name = "a";
  wish.namespace_ = "N";
  wish.metric_name = "M";
  wish.statistic = "Average";
  wish.period = 60;
  wish.evaluation_periods = 3;
  wish.threshold = 10;
  wish.comparison_operator = "GreaterThanThreshold";
  return wish;
}

// "0" below the threshold, "X" above, "-" nothing; oldest first, as AWS's documentation draws them.
std::string StateFor(std::string_view drawn, const char* missing, int needed = 3) {
  Alarm alarm;
  alarm.wish = Wish();
  alarm.wish.treat_missing_data = missing;
  alarm.wish.datapoints_to_alarm = needed;
  alarm.state = State::kOk;
  std::vector<std::optional<double>> values;
  for (char c : drawn) values.push_back(c == '-' ? std::nullopt : std::optional(c == 'X' ? 11.0 : 9.0));
  return std::string(ToString(Evaluate(alarm, values).state));
}

// The tables of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
TEST(AlarmPolicyTest, MissingData) {
  for (const char* missing : {"missing", "ignore", "breaching", "notBreaching"}) {
    EXPECT_EQ(StateFor("0-X-X", missing), "OK") << missing;
    EXPECT_EQ(StateFor("0XXXX", missing), "ALARM") << missing;
    EXPECT_EQ(StateFor("XXX-0", missing), "OK") << missing;
  }
  EXPECT_EQ(StateFor("-----", "missing"), "INSUFFICIENT_DATA");
  EXPECT_EQ(StateFor("-----", "ignore"), "OK");
  EXPECT_EQ(StateFor("-----", "breaching"), "ALARM");
  EXPECT_EQ(StateFor("-----", "notBreaching"), "OK");
  EXPECT_EQ(StateFor("----X", "missing"), "ALARM");
  EXPECT_EQ(StateFor("----X", "ignore"), "OK");
  EXPECT_EQ(StateFor("----X", "breaching"), "ALARM");
  EXPECT_EQ(StateFor("----X", "notBreaching"), "OK");
  // Two of three are enough.
  EXPECT_EQ(StateFor("00X0X", "missing", 2), "ALARM");
  EXPECT_EQ(StateFor("0X00X", "missing", 2), "OK");
}

// What cannot be evaluated, or would act on nothing, is refused when the alarm is made, not when it fires.
TEST(AlarmPolicyTest, Refusals) {
  EXPECT_TRUE(Check(Wish()).ok());
  auto reason = [](auto change) {
    auto wish = Wish();
    change(wish);
    Status checked = Check(wish);
    return checked.ok() ? std::string("fine") : std::string(checked.error().reason.name);
  };
  EXPECT_EQ(reason([](auto& wish) { wish.metrics.emplace(); }), kNotBuilt.name);
  EXPECT_EQ(reason([](auto& wish) { wish.alarm_actions = {"arn:aws:sns:us-east-1:1:topic"}; }), kNotBuilt.name);
  EXPECT_EQ(reason([](auto& wish) { wish.comparison_operator = "GreaterThanUpperThreshold"; }), kNotBuilt.name);
  EXPECT_EQ(reason([](auto& wish) { wish.statistic.reset(); }), kBadCombination.name);
  EXPECT_EQ(reason([](auto& wish) { wish.extended_statistic = "p99"; }), kBadCombination.name);
  EXPECT_EQ(reason([](auto& wish) { wish.evaluation_periods = 2000; }), kBadCombination.name);
  EXPECT_EQ(reason([](auto& wish) { wish.period = 45; }), kBadAlarm.name);
  EXPECT_EQ(reason([](auto& wish) { wish.datapoints_to_alarm = 4; }), kBadAlarm.name);
  EXPECT_EQ(reason([](auto& wish) { wish.alarm_actions = {"arn:aws:autoscaling:r:1:scalingPolicy:u:policyName/p"}; }),
            "fine");
}

}  // namespace
}  // namespace aloft::alarms
