#include "services/scaling/records.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/scaling/errors.h"

namespace aloft::scaling {
namespace {

namespace wire = shapes::application_autoscaling;

constexpr int kVersion = 1;
constexpr char kTarget[] = "target", kPolicy[] = "policy", kAction[] = "action";

sql::Values KeyValues(const TargetKey& key) {
  return {key.scope.account.value(), key.scope.region.value(), key.service, key.resource, key.dimension};
}

Status Save(sql::Transaction& transaction, const TargetKey& key, const char* kind, const std::string& name,
            Time created, std::string document) {
  sql::Values values = KeyValues(key);
  values.insert(values.end(), {std::string(kind), name, ToMicros(created), std::move(document)});
  ALOFT_TRY(transaction.Execute(
      "INSERT INTO scaling_records (account, region, service, resource, dimension, kind, name, created, document) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
      "ON CONFLICT (account, region, service, resource, dimension, kind, name) DO UPDATE SET document = $9",
      values));
  return {};
}

// A record of any kind: the wish, and times under names of their own.
template <class Record>
std::string Document(const Record& record, std::initializer_list<std::pair<const char*, std::optional<Time>>> times,
                     int before_out = 0) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("version").Int(kVersion);
  json.Key("wish").Raw(shapes::ToJsonText(record.wish));
  for (const auto& [name, time] : times) {
    if (time) json.Key(name).Int(ToMicros(*time));
  }
  if (before_out > 0) json.Key("before_out").Int(before_out);
  json.EndObject();
  return out;
}

template <class Record>
Result<Record> Read(const sql::Row& row) {
  Record record;
  record.key = {Scope{AccountId(row.Text(0)), Region(row.Text(1))}, row.Text(2), row.Text(3), row.Text(4)};
  record.created = FromMicros(row.Int(5));
  ALOFT_ASSIGN(boost::json::value value, codec::ParseJson(row.Text(6)));
  try {
    const boost::json::object& json = value.as_object();
    if (json.at("version").as_int64() > kVersion) {
      return Fail(kCorrupt, "A scaling record was written by a newer version", record.key.resource);
    }
    ALOFT_ASSIGN(record.wish, shapes::FromJson<decltype(record.wish)>(json.at("wish")));
    auto time = [&](const char* name) -> std::optional<Time> {
      const auto* found = json.if_contains(name);
      return found ? std::optional(FromMicros(found->as_int64())) : std::nullopt;
    };
    if constexpr (requires { record.scaled_out; }) {
      record.scaled_out = time("scaled_out");
      record.scaled_in = time("scaled_in");
      if (const auto* before = json.if_contains("before_out")) record.before_out = static_cast<int>(before->as_int64());
    }
    if constexpr (requires { record.acted; }) record.acted = time("acted");
    if constexpr (requires { record.ran; }) record.ran = time("ran");
    return record;
  } catch (const std::exception& error) {  // at() and as_...() of a document that we did not write
    return Fail(kCorrupt, "A scaling record cannot be read", record.key.resource + ": " + error.what());
  }
}

constexpr char kColumns[] = "SELECT account, region, service, resource, dimension, created, document ";

template <class Record>
Result<std::vector<Record>> ReadAll(const sql::Rows& rows) {
  std::vector<Record> records;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Record record, Read<Record>(row));
    records.push_back(std::move(record));
  }
  return records;
}

template <class Record>
Result<std::vector<Record>> List(sql::Reader& reader, const TargetKey& key, const char* kind) {
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query(std::string(kColumns) +
                                "FROM scaling_records WHERE account = $1 AND region = $2 AND service = $3 AND "
                                "($4 = '' OR resource = $4) AND ($5 = '' OR dimension = $5) AND kind = $6 "
                                "ORDER BY resource, dimension, name",
                            [&] {
                              sql::Values values = KeyValues(key);
                              values.emplace_back(std::string(kind));
                              return values;
                            }()));
  return ReadAll<Record>(rows);
}

Status Remove(sql::Transaction& transaction, const TargetKey& key, const char* kind, const std::string& name,
              Reason absent, const std::string& message) {
  sql::Values values = KeyValues(key);
  values.insert(values.end(), {std::string(kind), name});
  ALOFT_ASSIGN(
      std::int64_t removed,
      transaction.Execute("DELETE FROM scaling_records WHERE account = $1 AND region = $2 AND service = $3 AND "
                          "resource = $4 AND dimension = $5 AND kind = $6 AND name = $7",
                          values));
  if (removed == 0) return Fail(absent, message);
  return {};
}

std::string NoTarget(const TargetKey& key) {
  return "No scalable target found for service namespace: " + key.service + ", resource ID: " + key.resource +
         ", scalable dimension: " + key.dimension;
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"scaling",
       1,
       {"CREATE TABLE scaling_records (account TEXT NOT NULL, region TEXT NOT NULL, service TEXT NOT NULL, "
        "resource TEXT NOT NULL, dimension TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, "
        "created INTEGER NOT NULL, document TEXT NOT NULL, "
        "PRIMARY KEY (account, region, service, resource, dimension, kind, name))",
        "CREATE TABLE scaling_activities (account TEXT NOT NULL, region TEXT NOT NULL, service TEXT NOT NULL, "
        "resource TEXT NOT NULL, dimension TEXT NOT NULL, started INTEGER NOT NULL, id TEXT NOT NULL, "
        "document TEXT NOT NULL, PRIMARY KEY (account, region, service, resource, dimension, started, id))"}}};
  return migrations;
}

Status SaveTarget(sql::Transaction& transaction, const Target& target) {
  return Save(
      transaction, target.key, kTarget, "", target.created,
      Document(target, {{"scaled_out", target.scaled_out}, {"scaled_in", target.scaled_in}}, target.before_out));
}

Status SavePolicy(sql::Transaction& transaction, const Policy& policy) {
  return Save(transaction, policy.key, kPolicy, policy.name(), policy.created,
              Document(policy, {{"acted", policy.acted}}));
}

Status SaveAction(sql::Transaction& transaction, const ScheduledAction& action) {
  return Save(transaction, action.key, kAction, action.name(), action.created, Document(action, {{"ran", action.ran}}));
}

Result<Target> LoadTarget(sql::Reader& reader, const TargetKey& key) {
  ALOFT_ASSIGN(std::vector<Target> targets, ListTargets(reader, key));
  if (targets.empty()) return Fail(kNoSuchTarget, NoTarget(key));
  return std::move(targets.front());
}

Result<std::vector<Target>> ListTargets(sql::Reader& reader, const TargetKey& key) {
  return List<Target>(reader, key, kTarget);
}

Result<std::vector<Policy>> ListPolicies(sql::Reader& reader, const TargetKey& key) {
  return List<Policy>(reader, key, kPolicy);
}

Result<std::vector<ScheduledAction>> ListActions(sql::Reader& reader, const TargetKey& key) {
  return List<ScheduledAction>(reader, key, kAction);
}

Result<std::vector<Target>> AllTargets(sql::Reader& reader) {
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query(std::string(kColumns) + "FROM scaling_records WHERE kind = $1", {std::string(kTarget)}));
  return ReadAll<Target>(rows);
}

Status RemoveTarget(sql::Transaction& transaction, const TargetKey& key) {
  ALOFT_TRY(Remove(transaction, key, kTarget, "", kNoSuchTarget, NoTarget(key)));
  for (const char* table : {"scaling_records", "scaling_activities"}) {
    std::string statement = "DELETE FROM ";
    statement.append(table).append(
        " WHERE account = $1 AND region = $2 AND service = $3 AND resource = $4 AND dimension = $5");
    ALOFT_TRY(transaction.Execute(statement, KeyValues(key)));
  }
  return {};
}

Status RemovePolicy(sql::Transaction& transaction, const TargetKey& key, const std::string& name) {
  return Remove(transaction, key, kPolicy, name, kNoSuchPolicy, "No scaling policy named " + name + " was found.");
}

Status RemoveAction(sql::Transaction& transaction, const TargetKey& key, const std::string& name) {
  return Remove(transaction, key, kAction, name, kNoSuchAction, "No scheduled action named " + name + " was found.");
}

Status AddActivity(sql::Transaction& transaction, const TargetKey& key, const Activity& activity) {
  sql::Values values = KeyValues(key);
  values.insert(values.end(), {ToMicros(activity.start_time.value_or(Time{})), activity.activity_id.value_or(""),
                               shapes::ToJsonText(activity)});
  ALOFT_TRY(
      transaction.Execute("INSERT INTO scaling_activities (account, region, service, resource, dimension, started, id, "
                          "document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                          values));
  values = KeyValues(key);
  values.emplace_back(std::int64_t{kActivities});
  ALOFT_TRY(transaction.Execute(
      "DELETE FROM scaling_activities WHERE account = $1 AND region = $2 AND service = $3 AND resource = $4 AND "
      "dimension = $5 AND started < (SELECT MIN(started) FROM (SELECT started FROM scaling_activities WHERE "
      "account = $1 AND region = $2 AND service = $3 AND resource = $4 AND dimension = $5 ORDER BY started DESC "
      "LIMIT $6) AS newest)",
      values));
  return {};
}

Result<std::vector<Activity>> ListActivities(sql::Reader& reader, const TargetKey& key) {
  ALOFT_ASSIGN(sql::Rows rows,
               reader.Query("SELECT document FROM scaling_activities WHERE account = $1 AND region = $2 AND "
                            "service = $3 AND ($4 = '' OR resource = $4) AND ($5 = '' OR dimension = $5) "
                            "ORDER BY started DESC, id LIMIT 1000",
                            KeyValues(key)));
  std::vector<Activity> activities;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Activity activity, shapes::FromJsonText<wire::ScalingActivity>(row.Text(0)));
    activities.push_back(std::move(activity));
  }
  return activities;
}

}  // namespace aloft::scaling
