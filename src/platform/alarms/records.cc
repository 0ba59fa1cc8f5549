#include "platform/alarms/records.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "platform/alarms/errors.h"
#include "platform/alarms/service.h"

namespace aloft::alarms {
namespace {

constexpr int kVersion = 1;
constexpr char kColumns[] = "SELECT account, region, state, document FROM alarms ";

std::string Document(const Alarm& alarm) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("version").Int(kVersion);
  json.Key("wish").Raw(shapes::ToJsonText(alarm.wish));
  json.Key("configured").Int(ToMicros(alarm.configured));
  json.Key("reason").String(alarm.reason);
  if (!alarm.reason_data.empty()) json.Key("reason_data").String(alarm.reason_data);
  json.Key("updated").Int(ToMicros(alarm.updated));
  json.Key("transitioned").Int(ToMicros(alarm.transitioned));
  if (alarm.value) json.Key("value").Double(*alarm.value);
  if (alarm.held) json.Key("held").Int(ToMicros(*alarm.held));
  json.EndObject();
  return out;
}

Result<Alarm> Read(const sql::Row& row) {
  Alarm alarm;
  alarm.scope = {AccountId(row.Text(0)), Region(row.Text(1))};
  std::optional<State> state = ParseState(row.Text(2));
  if (!state) return Fail(kCorrupt, "An alarm's record cannot be read", "state " + row.Text(2));
  alarm.state = *state;
  ALOFT_ASSIGN(boost::json::value value, codec::ParseJson(row.Text(3)));
  try {
    const boost::json::object& json = value.as_object();
    if (json.at("version").as_int64() > kVersion) {
      return Fail(kCorrupt, "An alarm's record was written by a newer version");
    }
    ALOFT_ASSIGN(alarm.wish, shapes::FromJson<shapes::cloudwatch::PutMetricAlarmInput>(json.at("wish")));
    alarm.configured = FromMicros(json.at("configured").as_int64());
    alarm.reason = std::string(json.at("reason").as_string());
    if (const auto* data = json.if_contains("reason_data")) alarm.reason_data = std::string(data->as_string());
    alarm.updated = FromMicros(json.at("updated").as_int64());
    alarm.transitioned = FromMicros(json.at("transitioned").as_int64());
    if (const auto* number = json.if_contains("value")) alarm.value = number->to_number<double>();
    if (const auto* held = json.if_contains("held")) alarm.held = FromMicros(held->as_int64());
    return alarm;
  } catch (const std::exception& error) {  // at() and as_...() of a document that we did not write
    return Fail(kCorrupt, "An alarm's record cannot be read", error.what());
  }
}

Result<std::vector<Alarm>> ReadAll(const sql::Rows& rows) {
  std::vector<Alarm> alarms;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Alarm alarm, Read(row));
    alarms.push_back(std::move(alarm));
  }
  return alarms;
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"alarms",
       1,
       {"CREATE TABLE alarms (account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, "
        "document TEXT NOT NULL, PRIMARY KEY (account, region, name))"}}};
  return migrations;
}

Status SaveAlarm(sql::Transaction& transaction, const Alarm& alarm) {
  ALOFT_TRY(
      transaction.Execute("INSERT INTO alarms (account, region, name, state, document) VALUES ($1, $2, $3, $4, $5) "
                          "ON CONFLICT (account, region, name) DO UPDATE SET state = $4, document = $5",
                          {alarm.scope.account.value(), alarm.scope.region.value(), alarm.name(),
                           std::string(ToString(alarm.state)), Document(alarm)}));
  transaction.Announce("alarms.changed", ArnOf(alarm.scope, alarm.name()), ToString(alarm.state));
  return {};
}

Result<Alarm> LoadAlarm(sql::Reader& reader, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query(std::string(kColumns) + "WHERE account = $1 AND region = $2 AND name = $3",
                                            {scope.account.value(), scope.region.value(), name}));
  if (rows.empty()) return Fail(kNoSuchAlarm, "There is no alarm named " + name + ".");
  return Read(rows[0]);
}

Status RemoveAlarm(sql::Transaction& transaction, const Scope& scope, const std::string& name) {
  ALOFT_ASSIGN(std::int64_t removed,
               transaction.Execute("DELETE FROM alarms WHERE account = $1 AND region = $2 AND name = $3",
                                   {scope.account.value(), scope.region.value(), name}));
  if (removed == 0) return Fail(kNoSuchAlarm, "There is no alarm named " + name + ".");
  transaction.Announce("alarms.changed", ArnOf(scope, name), "");
  return {};
}

Result<std::vector<Alarm>> ListAlarms(sql::Reader& reader, const Scope& scope) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query(std::string(kColumns) + "WHERE account = $1 AND region = $2 ORDER BY name",
                                            {scope.account.value(), scope.region.value()}));
  return ReadAll(rows);
}

Result<std::vector<Alarm>> AllAlarms(sql::Reader& reader) {
  ALOFT_ASSIGN(sql::Rows rows, reader.Query(kColumns));
  return ReadAll(rows);
}

}  // namespace aloft::alarms
