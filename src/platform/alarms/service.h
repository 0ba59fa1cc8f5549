// CloudWatch alarms on one metric: kept, and evaluated every few seconds. The only door of the room.
//
// Nothing is called when a state changes: who acts on alarms asks for those that fire (FiringWith), or subscribes to
// "alarms.changed". Of several servers over one database the holder of a lease evaluates. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "platform/alarms/errors.h"
#include "platform/alarms/types.h"
#include "platform/telemetry/metric_store.h"
#include "platform/work/lease.h"
#include "platform/work/loop.h"

namespace aloft::alarms {

// An alarm in state ALARM, as its actions see it.
struct Firing {
  std::string name;
  double value = 0, threshold = 0;
  std::chrono::seconds period{60};
};

std::string ArnOf(const Scope& scope, const std::string& name);

class Service {
 public:
  // `interval`: between two looks at all alarms.
  Service(sql::Database& database, telemetry::MetricStore& metrics, const Clock& clock, Random& random,
          std::string holder, Log log, std::chrono::seconds interval = std::chrono::seconds(5));
  ~Service();  // Stop()

  void Start();
  void Stop();

  Status PutMetricAlarm(const Scope& scope, const shapes::cloudwatch::PutMetricAlarmInput& request);
  Result<shapes::cloudwatch::DescribeAlarmsOutput> DescribeAlarms(
      const Scope& scope, const shapes::cloudwatch::DescribeAlarmsInput& request) const;
  // Until the next evaluation that finds another state.
  Status SetAlarmState(const Scope& scope, const shapes::cloudwatch::SetAlarmStateInput& request);
  // All or none.
  Status DeleteAlarms(const Scope& scope, const std::vector<std::string>& names);
  Status EnableActions(const Scope& scope, const std::vector<std::string>& names, bool enabled);

  // kNoSuchAlarm.
  Result<State> StateOf(const Scope& scope, const std::string& name) const;
  // Alarms in state ALARM whose actions are enabled and name `action`.
  Result<std::vector<Firing>> FiringWith(const Scope& scope, const std::string& action) const;
  // Alarms in any state that name it.
  Result<std::vector<std::string>> NamesWith(const Scope& scope, const std::string& action) const;

  // For tests, instead of Start: evaluates everything once.
  Status Evaluate();

 private:
  Result<work::Again> Step();
  Status EvaluateOne(const Alarm& alarm);

  sql::Database& database_;
  telemetry::MetricStore& metrics_;
  const Clock& clock_;
  const std::string holder_;
  const Log log_;
  const std::chrono::seconds interval_;
  work::Leases leases_;
  std::optional<work::Lease> lease_;
  work::Loop loop_;
};

}  // namespace aloft::alarms
