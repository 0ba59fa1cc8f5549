#include "platform/alarms/service.h"

#include <algorithm>
#include <charconv>

#include "platform/alarms/policy.h"
#include "platform/alarms/records.h"

namespace aloft::alarms {

namespace wire = shapes::cloudwatch;

namespace {

constexpr char kLeaseName[] = "alarms.loop";
constexpr std::chrono::seconds kLease{15};
constexpr std::size_t kMaxAlarms = 5000;  // of one account and region
// A period counts once what was measured in it has been stored: metrics of endpoints come every five seconds.
constexpr std::chrono::seconds kSettled{6};
// What SetAlarmState sets stays at least this long, so that whoever looks every few seconds sees it.
constexpr std::chrono::seconds kHold{60};

wire::MetricAlarm Show(const Alarm& alarm) {
  const wire::PutMetricAlarmInput& wish = alarm.wish;
  wire::MetricAlarm shown;
  shown.alarm_name = wish.alarm_name;
  shown.alarm_arn = ArnOf(alarm.scope, alarm.name());
  shown.alarm_description = wish.alarm_description;
  shown.alarm_configuration_updated_timestamp = alarm.configured;
  shown.actions_enabled = wish.actions_enabled.value_or(true);
  shown.ok_actions = wish.ok_actions.value_or(std::vector<std::string>());
  shown.alarm_actions = wish.alarm_actions.value_or(std::vector<std::string>());
  shown.insufficient_data_actions = wish.insufficient_data_actions.value_or(std::vector<std::string>());
  shown.state_value = std::string(ToString(alarm.state));
  shown.state_reason = alarm.reason;
  if (!alarm.reason_data.empty()) shown.state_reason_data = alarm.reason_data;
  shown.state_updated_timestamp = alarm.updated;
  shown.state_transitioned_timestamp = alarm.transitioned;
  shown.metric_name = wish.metric_name;
  shown.namespace_ = wish.namespace_;
  shown.statistic = wish.statistic;
  shown.extended_statistic = wish.extended_statistic;
  shown.dimensions = wish.dimensions.value_or(std::vector<wire::Dimension>());
  shown.period = wish.period;
  shown.unit = wish.unit;
  shown.evaluation_periods = wish.evaluation_periods;
  shown.datapoints_to_alarm = wish.datapoints_to_alarm;
  shown.threshold = wish.threshold;
  shown.comparison_operator = wish.comparison_operator;
  shown.treat_missing_data = wish.treat_missing_data;
  return shown;
}

bool HasAction(const Alarm& alarm, const std::string& action) {
  const auto& actions = alarm.wish.alarm_actions;
  return actions && std::find(actions->begin(), actions->end(), action) != actions->end();
}

bool IsWanted(const Alarm& alarm, const wire::DescribeAlarmsInput& request) {
  if (request.alarm_names && !request.alarm_names->empty() &&
      std::find(request.alarm_names->begin(), request.alarm_names->end(), alarm.name()) == request.alarm_names->end()) {
    return false;
  }
  if (request.alarm_name_prefix && !alarm.name().starts_with(*request.alarm_name_prefix)) return false;
  if (request.state_value && *request.state_value != ToString(alarm.state)) return false;
  if (!request.action_prefix) return true;
  for (const auto* actions :
       {&alarm.wish.ok_actions, &alarm.wish.alarm_actions, &alarm.wish.insufficient_data_actions}) {
    if (!*actions) continue;
    for (const std::string& action : **actions) {
      if (action.starts_with(*request.action_prefix)) return true;
    }
  }
  return false;
}

void Transition(Alarm& alarm, State state, std::string reason, Time now) {
  if (alarm.state != state) alarm.transitioned = now;
  alarm.state = state;
  alarm.reason = std::move(reason);
  alarm.updated = now;
}

}  // namespace

std::string ArnOf(const Scope& scope, const std::string& name) {
  std::string arn = "arn:aws:cloudwatch:";
  return arn.append(scope.region.value()).append(":").append(scope.account.value()).append(":alarm:").append(name);
}

Service::Service(sql::Database& database, telemetry::MetricStore& metrics, const Clock& clock, Random& random,
                 std::string holder, Log log, std::chrono::seconds interval)
    : database_(database),
      metrics_(metrics),
      clock_(clock),
      holder_(std::move(holder)),
      log_(log),
      interval_(interval),
      leases_(database, clock),
      loop_(
          {.name = "alarms", .threads = 1}, [this](const std::string&) { return Step(); }, clock, random, log) {}

Service::~Service() {
  Stop();
}

void Service::Start() {
  loop_.Wake("all");
  loop_.Start();
}

void Service::Stop() {
  loop_.Stop();
  if (!lease_) return;
  if (Status released = leases_.Release(*lease_); !released.ok()) {
    log_.Warn("the lease of alarms was not released", {{"error", Describe(released.error())}});
  }
  lease_.reset();
}

Result<work::Again> Service::Step() {
  if (lease_) {
    Result<work::Lease> renewed = leases_.Renew(*lease_, kLease);
    if (!renewed.ok() && renewed.error().reason != work::kLeaseLost) return std::move(renewed).error();
    lease_ = renewed.ok() ? std::optional(*std::move(renewed)) : std::nullopt;
  } else {
    ALOFT_ASSIGN(lease_, leases_.Acquire(kLeaseName, holder_, kLease));
  }
  if (lease_) ALOFT_TRY(Evaluate());
  return work::Again{interval_};
}

Status Service::Evaluate() {
  ALOFT_ASSIGN(std::vector<Alarm> alarms, database_.Read([](sql::Reader& reader) { return AllAlarms(reader); }));
  for (const Alarm& alarm : alarms) {
    if (Status evaluated = EvaluateOne(alarm); !evaluated.ok()) {
      log_.Warn("an alarm could not be evaluated", {{"alarm", alarm.name()}, {"error", Describe(evaluated.error())}});
    }
  }
  return {};
}

Status Service::EvaluateOne(const Alarm& alarm) {
  const wire::PutMetricAlarmInput& wish = alarm.wish;
  const Time now = clock_.Now();
  if (alarm.held && now < *alarm.held) return {};
  const std::chrono::seconds period(wish.period.value_or(60));
  const std::int64_t whole = period.count() * 1'000'000;
  const Time end = FromMicros((ToMicros(now - kSettled) / whole) * whole);
  const int periods = wish.evaluation_periods.value_or(1) + kExtraPeriods;
  telemetry::DataQuery query;
  query.window.metric.metric_namespace = wish.namespace_.value_or("");
  query.window.metric.name = wish.metric_name.value_or("");
  if (wish.dimensions) {
    for (const wire::Dimension& dimension : *wish.dimensions) {
      query.window.metric.dimensions.emplace(dimension.name.value_or(""), dimension.value.value_or(""));
    }
  }
  query.window.start = end - period * periods;
  query.window.end = end;
  query.window.period = period;
  query.window.unit = wish.unit.value_or("");
  query.window.max_datapoints = 100'800;
  query.statistic = wish.statistic.value_or(wish.extended_statistic.value_or("Average"));
  ALOFT_ASSIGN(telemetry::DataSeries series, metrics_.Data(alarm.scope, query));
  std::vector<std::optional<double>> values(static_cast<std::size_t>(periods));
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    std::int64_t place = (ToMicros(series.timestamps[i]) - ToMicros(query.window.start)) / whole;
    if (place >= 0 && place < periods) values[static_cast<std::size_t>(place)] = series.values[i];
  }
  Verdict verdict = alarms::Evaluate(alarm, values);
  if (verdict.state == alarm.state && verdict.value == alarm.value && !alarm.held) return {};
  if (verdict.state != alarm.state) {
    log_.Info("an alarm changed", {{"alarm", alarm.name()}, {"state", std::string(ToString(verdict.state))}});
  }
  return database_.Write([&](sql::Transaction& transaction) -> Status {
    Result<Alarm> stored = LoadAlarm(transaction, alarm.scope, alarm.name());
    // Deleted, configured anew or set by hand meanwhile: the next look has it.
    if (!stored.ok() || stored->configured != alarm.configured || stored->held != alarm.held) return {};
    Transition(*stored, verdict.state, verdict.reason, now);
    stored->value = verdict.value;
    stored->held.reset();
    return SaveAlarm(transaction, *stored);
  });
}

Status Service::PutMetricAlarm(const Scope& scope, const wire::PutMetricAlarmInput& request) {
  ALOFT_TRY(Check(request));
  const Time now = clock_.Now();
  return database_.Write([&](sql::Transaction& transaction) -> Status {
    Result<Alarm> found = LoadAlarm(transaction, scope, request.alarm_name.value_or(""));
    if (!found.ok() && found.error().reason != kNoSuchAlarm) return std::move(found).error();
    Alarm alarm;
    if (found.ok()) {
      alarm = *std::move(found);  // its state stays until it is evaluated
    } else {
      ALOFT_ASSIGN(std::vector<Alarm> all, ListAlarms(transaction, scope));
      if (all.size() >= kMaxAlarms) return Fail(kTooManyAlarms, "An account may have at most 5000 alarms.");
      alarm.scope = scope;
      alarm.reason = "Unchecked: Initial alarm creation";
      alarm.updated = alarm.transitioned = now;
    }
    alarm.wish = request;
    alarm.configured = now;
    return SaveAlarm(transaction, alarm);
  });
}

Result<wire::DescribeAlarmsOutput> Service::DescribeAlarms(const Scope& scope,
                                                           const wire::DescribeAlarmsInput& request) const {
  if (request.children_of_alarm_name || request.parents_of_alarm_name) {
    return Fail(kNotBuilt, "NotImplemented: composite alarms are not built in this Aloft.");
  }
  std::size_t from = 0;
  if (request.next_token) {
    const std::string& token = *request.next_token;
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), from);
    if (error != std::errc() || end != token.data() + token.size()) {
      return Fail(kBadToken, "The NextToken is not one of ours.");
    }
  }
  std::size_t limit = static_cast<std::size_t>(std::clamp(request.max_records.value_or(50), 1, 100));
  ALOFT_ASSIGN(std::vector<Alarm> alarms,
               database_.Read([&](sql::Reader& reader) { return ListAlarms(reader, scope); }));
  std::erase_if(alarms, [&](const Alarm& alarm) { return !IsWanted(alarm, request); });
  wire::DescribeAlarmsOutput response;
  response.metric_alarms.emplace();
  response.composite_alarms.emplace();
  bool metric_alarms =
      !request.alarm_types || request.alarm_types->empty() ||
      std::find(request.alarm_types->begin(), request.alarm_types->end(), "MetricAlarm") != request.alarm_types->end();
  if (!metric_alarms) return response;
  for (std::size_t i = from; i < alarms.size(); ++i) {
    if (i == from + limit) {
      response.next_token = std::to_string(i);
      break;
    }
    response.metric_alarms->push_back(Show(alarms[i]));
  }
  return response;
}

Status Service::SetAlarmState(const Scope& scope, const wire::SetAlarmStateInput& request) {
  std::optional<State> state = ParseState(request.state_value.value_or(""));
  if (!state) return Fail(kBadAlarm, "StateValue must be OK, ALARM or INSUFFICIENT_DATA.");
  const Time now = clock_.Now();
  return database_.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(Alarm alarm, LoadAlarm(transaction, scope, request.alarm_name.value_or("")));
    Transition(alarm, *state, request.state_reason.value_or(""), now);
    alarm.reason_data = request.state_reason_data.value_or("");
    alarm.held = now + kHold;
    return SaveAlarm(transaction, alarm);
  });
}

Status Service::DeleteAlarms(const Scope& scope, const std::vector<std::string>& names) {
  return database_.Write([&](sql::Transaction& transaction) -> Status {
    for (const std::string& name : names) ALOFT_TRY(RemoveAlarm(transaction, scope, name));
    return {};
  });
}

Status Service::EnableActions(const Scope& scope, const std::vector<std::string>& names, bool enabled) {
  return database_.Write([&](sql::Transaction& transaction) -> Status {
    for (const std::string& name : names) {
      Result<Alarm> alarm = LoadAlarm(transaction, scope, name);
      if (!alarm.ok()) continue;  // as AWS does
      alarm->wish.actions_enabled = enabled;
      ALOFT_TRY(SaveAlarm(transaction, *alarm));
    }
    return {};
  });
}

Result<State> Service::StateOf(const Scope& scope, const std::string& name) const {
  ALOFT_ASSIGN(Alarm alarm, database_.Read([&](sql::Reader& reader) { return LoadAlarm(reader, scope, name); }));
  return alarm.state;
}

Result<std::vector<Firing>> Service::FiringWith(const Scope& scope, const std::string& action) const {
  ALOFT_ASSIGN(std::vector<Alarm> alarms,
               database_.Read([&](sql::Reader& reader) { return ListAlarms(reader, scope); }));
  std::vector<Firing> firing;
  for (const Alarm& alarm : alarms) {
    if (alarm.state != State::kAlarm || !alarm.wish.actions_enabled.value_or(true) || !HasAction(alarm, action)) {
      continue;
    }
    double threshold = alarm.wish.threshold.value_or(0);
    firing.push_back({alarm.name(), alarm.value.value_or(threshold), threshold,
                      std::chrono::seconds(alarm.wish.period.value_or(60))});
  }
  return firing;
}

Result<std::vector<std::string>> Service::NamesWith(const Scope& scope, const std::string& action) const {
  ALOFT_ASSIGN(std::vector<Alarm> alarms,
               database_.Read([&](sql::Reader& reader) { return ListAlarms(reader, scope); }));
  std::vector<std::string> names;
  for (const Alarm& alarm : alarms) {
    if (HasAction(alarm, action)) names.push_back(alarm.name());
  }
  return names;
}

}  // namespace aloft::alarms
