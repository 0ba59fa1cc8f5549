#include "platform/alarms/policy.h"

#include <algorithm>
#include <cmath>

#include "foundation/codec/json.h"
#include "platform/alarms/errors.h"
#include "platform/telemetry/metric_store.h"

namespace aloft::alarms {
namespace {

using shapes::cloudwatch::PutMetricAlarmInput;

Error NotBuilt(std::string_view what) {
  std::string message = "NotImplemented: ";
  message.append(what).append(" of PutMetricAlarm is not built in this Aloft.");
  return Fail(kNotBuilt, std::move(message));
}

// Absent: not one of the four.
std::optional<bool> Breaches(std::string_view operation, double value, double threshold) {
  if (operation == "GreaterThanOrEqualToThreshold") return value >= threshold;
  if (operation == "GreaterThanThreshold") return value > threshold;
  if (operation == "LessThanThreshold") return value < threshold;
  if (operation == "LessThanOrEqualToThreshold") return value <= threshold;
  return std::nullopt;
}

std::string Text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return std::to_string(static_cast<std::int64_t>(value));
  std::string text;
  codec::WriteNumber(value, text);
  return text;
}

// An action that something here carries out.
bool IsScalingPolicy(std::string_view arn) {
  return arn.starts_with("arn:aws:autoscaling:") && arn.find(":scalingPolicy:") != std::string_view::npos;
}

Status CheckMetric(const PutMetricAlarmInput& request) {
  if (!request.metric_name || !request.namespace_ || !request.period || !request.threshold) {
    return Fail(kBadCombination, "An alarm on a metric needs Namespace, MetricName, Period and Threshold.");
  }
  if (request.statistic.has_value() == request.extended_statistic.has_value()) {
    return Fail(kBadCombination, "Exactly one of Statistic and ExtendedStatistic must be given.");
  }
  std::string statistic = request.statistic.value_or(request.extended_statistic.value_or(""));
  if (!telemetry::IsStatistic(statistic)) return Fail(kBadAlarm, "The statistic " + statistic + " is not known.");
  int period = *request.period;
  if (period != 10 && period != 20 && period != 30 && (period < 60 || period % 60 != 0)) {
    return Fail(kBadAlarm, "Period must be 10, 20, 30 or a multiple of 60.");
  }
  int periods = request.evaluation_periods.value_or(0);
  if (periods < 1) return Fail(kBadAlarm, "EvaluationPeriods must be at least 1.");
  int most = period < 3600 ? 86'400 : 7 * 86'400;
  if (static_cast<std::int64_t>(period) * periods > most) {
    return Fail(kBadCombination,
                "Metrics cannot be checked across more than a day (or, in periods of an hour or more, "
                "a week): EvaluationPeriods * Period is too long.");
  }
  if (request.datapoints_to_alarm && (*request.datapoints_to_alarm < 1 || *request.datapoints_to_alarm > periods)) {
    return Fail(kBadAlarm, "DatapointsToAlarm must be between 1 and EvaluationPeriods.");
  }
  return {};
}

}  // namespace

std::string_view ToString(State state) {
  return state == State::kOk ? "OK" : state == State::kAlarm ? "ALARM" : "INSUFFICIENT_DATA";
}

std::optional<State> ParseState(std::string_view text) {
  for (State state : {State::kInsufficientData, State::kOk, State::kAlarm}) {
    if (text == ToString(state)) return state;
  }
  return std::nullopt;
}

Status Check(const PutMetricAlarmInput& request) {
  if (request.metrics) return NotBuilt("Metrics (metric math)");
  if (request.threshold_metric_id) return NotBuilt("ThresholdMetricId (anomaly detection)");
  if (request.evaluate_low_sample_count_percentile) return NotBuilt("EvaluateLowSampleCountPercentile");
  if (request.tags && !request.tags->empty()) return NotBuilt("Tags");
  std::string operation = request.comparison_operator.value_or("");
  if (!Breaches(operation, 0, 0)) return NotBuilt("the comparison operator " + operation);
  for (const auto* actions : {&request.ok_actions, &request.alarm_actions, &request.insufficient_data_actions}) {
    if (!*actions) continue;
    for (const std::string& action : **actions) {
      if (!IsScalingPolicy(action)) return NotBuilt("the action " + action);
    }
  }
  std::string missing = request.treat_missing_data.value_or("missing");
  if (missing != "missing" && missing != "ignore" && missing != "breaching" && missing != "notBreaching") {
    return Fail(kBadAlarm, "TreatMissingData must be breaching, notBreaching, ignore or missing.");
  }
  return CheckMetric(request);
}

Verdict Evaluate(const Alarm& alarm, const std::vector<std::optional<double>>& values) {
  const PutMetricAlarmInput& wish = alarm.wish;
  std::size_t periods = static_cast<std::size_t>(wish.evaluation_periods.value_or(1));
  std::size_t needed = static_cast<std::size_t>(wish.datapoints_to_alarm.value_or(static_cast<int>(periods)));
  std::string missing = wish.treat_missing_data.value_or("missing");
  std::string operation = wish.comparison_operator.value_or("");
  double threshold = wish.threshold.value_or(0);
  // The newest that are there, as many as are wanted.
  std::size_t there = 0, breaching = 0;
  Verdict verdict;
  std::size_t looked = std::min(values.size(), periods + kExtraPeriods);
  for (std::size_t i = 0; i < looked && there < periods; ++i) {
    const std::optional<double>& value = values[values.size() - 1 - i];
    if (!value) continue;
    if (!verdict.value) verdict.value = value;
    ++there;
    breaching += Breaches(operation, *value, threshold).value_or(false) ? 1 : 0;
  }
  std::size_t absent = periods - there;
  if (absent > 0 && missing == "ignore") {
    verdict.state = alarm.state;
    verdict.reason = alarm.reason;
    return verdict;
  }
  if (there == 0 && missing == "missing") {
    verdict.reason = "Insufficient Data: nothing was measured in the last " + std::to_string(looked) + " periods.";
    return verdict;
  }
  if (missing == "breaching") breaching += absent;
  // Of few data points that are all there is, all must breach.
  if (missing == "missing") needed = std::min(needed, there);
  verdict.state = breaching >= needed ? State::kAlarm : State::kOk;
  verdict.reason = "Threshold Crossed: ";
  verdict.reason.append(std::to_string(breaching)).append(" out of the last ").append(std::to_string(periods));
  verdict.reason.append(" datapoints ").append(verdict.state == State::kAlarm ? "were" : "were only");
  verdict.reason.append(" breaching the threshold (").append(Text(threshold)).append("), ").append(operation);
  if (verdict.value) verdict.reason.append("; the newest is ").append(Text(*verdict.value));
  verdict.reason.append(".");
  return verdict;
}

}  // namespace aloft::alarms
