#include "services/jobs/records.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "services/jobs/errors.h"
#include "services/jobs/events.h"
#include "services/jobs/messages.h"

namespace aloft::jobs {
namespace {

namespace json = boost::json;

constexpr std::int64_t kVersion = 1;

json::value Micros(const std::optional<Time>& time) {
  return time ? json::value(ToMicros(*time)) : json::value(nullptr);
}

// Reads members of a stored object; one that has another type or is absent reads as nothing.
class StoredObject {
 public:
  explicit StoredObject(const json::object& object) : object_(object) {}
  std::string Text(const char* name) const {
    const json::value* value = object_.if_contains(name);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
  }
  std::int64_t Int(const char* name) const {
    const json::value* value = object_.if_contains(name);
    return value && value->is_int64() ? value->as_int64() : 0;
  }
  double Real(const char* name) const {
    const json::value* value = object_.if_contains(name);
    return value && value->is_number() ? value->to_number<double>() : 0;
  }
  bool Bool(const char* name) const {
    const json::value* value = object_.if_contains(name);
    return value && value->is_bool() && value->as_bool();
  }
  std::optional<Time> When(const char* name) const {
    const json::value* value = object_.if_contains(name);
    if (!value || !value->is_int64()) return std::nullopt;
    return FromMicros(value->as_int64());
  }
  const json::array& List(const char* name) const {
    static const json::array kNone;
    const json::value* value = object_.if_contains(name);
    return value && value->is_array() ? value->as_array() : kNone;
  }

 private:
  const json::object& object_;
};

sql::Value MaybeMicros(const std::optional<Time>& time) {
  return time ? sql::Value(ToMicros(*time)) : sql::Value(nullptr);
}

std::string TableName(const KindNames& names) {
  return names.kind + "_jobs";
}

}  // namespace

sql::Migration TableOf(const std::string& kind) {
  const std::string table = kind + "_jobs";
  return {kind,
          1,
          {"CREATE TABLE " + table +
               " (account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, "
               "created INTEGER NOT NULL, modified INTEGER NOT NULL, ended INTEGER, revision INTEGER NOT NULL, "
               "status TEXT NOT NULL, secondary TEXT NOT NULL, live INTEGER NOT NULL, request TEXT NOT NULL, "
               "state TEXT NOT NULL, host TEXT NOT NULL, PRIMARY KEY (account, region, name))",
           "CREATE INDEX " + table + "_by_creation ON " + table + " (account, region, created)",
           "CREATE INDEX " + table + "_live ON " + table + " (host) WHERE live = 1"}};
}

std::string EncodeState(const JobState& state) {
  json::array steps;
  for (const Step& step : state.steps)
    steps.push_back(json::object{{"status", ToString(step.status)},
                                 {"start", ToMicros(step.start)},
                                 {"end", Micros(step.end)},
                                 {"message", step.message}});
  json::array metrics;
  for (const auto& [name, metric] : state.metrics)
    metrics.push_back(json::object{{"name", name}, {"value", metric.value}, {"at", ToMicros(metric.at)}});
  json::array inputs;
  for (const compute::InputRead& input : state.inputs)
    inputs.push_back(json::object{{"channel", input.channel},
                                  {"mode", input.mode},
                                  {"objects", static_cast<std::int64_t>(input.objects)},
                                  {"objects_read", static_cast<std::int64_t>(input.objects_read)},
                                  {"bytes", static_cast<std::int64_t>(input.bytes)},
                                  {"bytes_read", static_cast<std::int64_t>(input.bytes_read)}});
  json::array versions(state.versions.begin(), state.versions.end());
  json::object object{{"version", kVersion},
                      {"secondary", ToString(state.secondary)},
                      {"steps", std::move(steps)},
                      {"stop_wished", state.stop_wished},
                      {"stop_sent", state.stop_sent},
                      {"abandoned", state.abandoned},
                      {"interrupt_wished", state.interrupt_wished},
                      {"interrupt_sent", state.interrupt_sent},
                      {"priority", state.priority},
                      {"owner", state.owner},
                      {"not_before", Micros(state.not_before)},
                      {"wait_shown", Micros(state.wait_shown)},
                      {"wait_exceeded", state.wait_exceeded},
                      {"interruptions", state.interruptions},
                      {"attempt", state.attempt},
                      {"task_seen", state.task_seen},
                      {"task_moves", static_cast<std::int64_t>(state.task_moves)},
                      {"ran_before", static_cast<std::int64_t>(state.ran_before.count())},
                      {"attempt_started", Micros(state.attempt_started)},
                      {"started", Micros(state.started)},
                      {"ended", Micros(state.ended)},
                      {"failure_reason", state.failure_reason},
                      {"exit_message", state.exit_message},
                      {"artifacts", state.artifacts},
                      {"environment", state.environment},
                      {"versions", std::move(versions)},
                      {"metrics", std::move(metrics)},
                      {"inputs", std::move(inputs)},
                      {"cleaned", state.cleaned},
                      {"deleted", state.deleted}};
  if (!state.room_of.empty()) object["room_of"] = state.room_of;
  if (const WarmPool& pool = state.pool; pool.status != WarmPool::Status::kNone)
    object["pool"] = json::object{{"pool_status", ToString(pool.status)},
                                  {"keep_alive_seconds", static_cast<std::int64_t>(pool.keep_alive.count())},
                                  {"first", Micros(pool.first)},
                                  {"since", Micros(pool.since)},
                                  {"until", Micros(pool.until)},
                                  {"ended", Micros(pool.ended)},
                                  {"reused_by", pool.reused_by}};
  return codec::WriteJson(object);
}

Result<JobState> DecodeState(std::string_view text) {
  ALOFT_ASSIGN(json::value value, codec::ParseJson(text));
  if (!value.is_object()) return Fail(kCorrupt, "A stored job cannot be read");
  StoredObject stored(value.as_object());
  auto secondary = ParseSecondary(stored.Text("secondary"));
  if (stored.Int("version") != kVersion || !secondary)
    return Fail(kCorrupt, "A stored job has a version or status that this server does not know");
  JobState state;
  state.secondary = *secondary;
  for (const json::value& element : stored.List("steps")) {
    if (!element.is_object()) continue;
    StoredObject step(element.as_object());
    state.steps.push_back({ParseSecondary(step.Text("status")).value_or(Secondary::kStarting),
                           FromMicros(step.Int("start")), step.When("end"), step.Text("message")});
  }
  for (const json::value& element : stored.List("metrics")) {
    if (!element.is_object()) continue;
    StoredObject metric(element.as_object());
    state.metrics[metric.Text("name")] = {metric.Real("value"), FromMicros(metric.Int("at"))};
  }
  for (const json::value& element : stored.List("inputs")) {
    if (!element.is_object()) continue;
    StoredObject input(element.as_object());
    auto count = [&](const char* name) { return static_cast<std::uint64_t>(input.Int(name)); };
    state.inputs.push_back({input.Text("channel"), input.Text("mode"), count("objects"), count("objects_read"),
                            count("bytes"), count("bytes_read")});
  }
  for (const json::value& element : stored.List("versions"))
    if (element.is_string()) state.versions.emplace_back(element.as_string());
  state.stop_wished = stored.Bool("stop_wished");
  state.stop_sent = stored.Bool("stop_sent");
  state.abandoned = stored.Bool("abandoned");
  state.interrupt_wished = stored.Bool("interrupt_wished");
  state.interrupt_sent = stored.Bool("interrupt_sent");
  state.owner = stored.Text("owner");
  state.priority = static_cast<int>(stored.Int("priority"));
  state.not_before = stored.When("not_before");
  state.wait_shown = stored.When("wait_shown");
  state.wait_exceeded = stored.Bool("wait_exceeded");
  state.interruptions = static_cast<int>(stored.Int("interruptions"));
  state.ran_before = std::chrono::microseconds(stored.Int("ran_before"));
  state.attempt_started = stored.When("attempt_started");
  state.exit_message = stored.Text("exit_message");
  state.deleted = stored.Bool("deleted");
  state.attempt = static_cast<int>(stored.Int("attempt"));
  state.task_seen = stored.Bool("task_seen");
  state.task_moves = static_cast<std::size_t>(stored.Int("task_moves"));
  state.started = stored.When("started");
  state.ended = stored.When("ended");
  state.failure_reason = stored.Text("failure_reason");
  state.artifacts = stored.Text("artifacts");
  state.environment = stored.Text("environment");
  state.cleaned = stored.Bool("cleaned");
  state.room_of = stored.Text("room_of");
  if (const json::value* pool = value.as_object().if_contains("pool"); pool && pool->is_object()) {
    StoredObject of_pool(pool->as_object());
    state.pool = {ParseWarmPoolStatus(of_pool.Text("pool_status")).value_or(WarmPool::Status::kNone),
                  std::chrono::seconds(of_pool.Int("keep_alive_seconds")),
                  of_pool.When("first"),
                  of_pool.When("since"),
                  of_pool.When("until"),
                  of_pool.When("ended"),
                  of_pool.Text("reused_by")};
  }
  return state;
}

Status InsertJob(sql::Transaction& transaction, const KindNames& names, const Job& job) {
  auto inserted = transaction.Execute(
      "INSERT INTO " + TableName(names) +
          " (account, region, name, created, modified, ended, revision, status, secondary, live, request, state, host) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {job.scope.account.value(), job.scope.region.value(), job.name, ToMicros(job.created), ToMicros(job.modified),
       MaybeMicros(job.state.ended), job.revision, std::string(PrimaryOf(job.state.secondary)),
       std::string(ToString(job.state.secondary)), std::int64_t{1}, job.document, EncodeState(job.state), job.host});
  if (!inserted.ok() && inserted.error().reason == sql::kAlreadyExistsRow)
    return Fail(kJobExists, messages::Exists(names.noun, job.name, ArnOf(names, job.scope, job.name)));
  ALOFT_TRY(std::move(inserted));
  AnnounceJob(transaction, names, job);
  return {};
}

Status UpdateJob(sql::Transaction& transaction, const KindNames& names, const Job& job, Time now) {
  // A deleted job keeps its row, for its name; lists do not see it.
  const std::string status(job.state.deleted ? kDeletedStatus : PrimaryOf(job.state.secondary));
  ALOFT_ASSIGN(std::int64_t changed,
               transaction.Execute("UPDATE " + TableName(names) +
                                       " SET modified = $4, ended = $5, revision = revision + 1, status = $6, "
                                       "secondary = $7, live = $8, state = $9 "
                                       "WHERE account = $1 AND region = $2 AND name = $3 AND revision = $10",
                                   {job.scope.account.value(), job.scope.region.value(), job.name, ToMicros(now),
                                    MaybeMicros(job.state.ended), status, std::string(ToString(job.state.secondary)),
                                    std::int64_t{job.state.cleaned ? 0 : 1}, EncodeState(job.state), job.revision}));
  if (changed != 1) return Fail(kChangedMeanwhile, "The " + names.noun + " changed meanwhile", job.name);
  AnnounceJob(transaction, names, job);
  return {};
}

Result<Job> LoadJob(sql::Reader& reader, const KindNames& names, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query("SELECT created, modified, revision, request, state, host FROM " +
                                                TableName(names) + " WHERE account = $1 AND region = $2 AND name = $3",
                                            {scope.account.value(), scope.region.value(), name}));
  if (rows.empty()) return Fail(kNoSuchJob, messages::kNotFound);
  Job job{
      scope,           name, FromMicros(rows[0].Int(0)), FromMicros(rows[0].Int(1)), rows[0].Int(2), rows[0].Text(5),
      rows[0].Text(3), {}};
  ALOFT_ASSIGN(job.state, DecodeState(rows[0].Text(4)));
  return job;
}

Result<Job> LoadVisibleJob(sql::Reader& reader, const KindNames& names, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(Job job, LoadJob(reader, names, scope, name));
  if (job.state.deleted) return Fail(kNoSuchJob, messages::kNotFound);
  return job;
}

Result<std::vector<JobKey>> LiveJobs(sql::Reader& reader, const KindNames& names, const std::string& host) {
  ALOFT_ASSIGN(
      sql::Rows rows,
      reader.Query("SELECT account, region, name FROM " + TableName(names) + " WHERE live = 1 AND host = $1", {host}));
  std::vector<JobKey> keys;
  for (const sql::Row& row : rows) keys.push_back({{AccountId(row.Text(0)), Region(row.Text(1))}, row.Text(2)});
  return keys;
}

Result<std::vector<std::string>> OtherHosts(sql::Reader& reader, const KindNames& names, const std::string& host) {
  ALOFT_ASSIGN(
      sql::Rows rows,
      reader.Query("SELECT DISTINCT host FROM " + TableName(names) + " WHERE live = 1 AND host <> $1", {host}));
  std::vector<std::string> hosts;
  for (const sql::Row& row : rows) hosts.push_back(row.Text(0));
  return hosts;
}

Status MoveJobs(sql::Transaction& transaction, const KindNames& names, const std::string& from, const std::string& to) {
  ALOFT_TRY(transaction.Execute(
      "UPDATE " + TableName(names) + " SET host = $2, revision = revision + 1 WHERE live = 1 AND host = $1",
      {from, to}));
  return {};
}

}  // namespace aloft::jobs
