// What alarms store; docs/formats/scaling.md is the definition.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "platform/alarms/types.h"

namespace aloft::alarms {

std::span<const sql::Migration> Migrations();

// Inserts or replaces; announced as "alarms.changed" with the ARN as key and the state as record.
Status SaveAlarm(sql::Transaction& transaction, const Alarm& alarm);
// kNoSuchAlarm.
Result<Alarm> LoadAlarm(sql::Reader& reader, const Scope& scope, const std::string& name);
Status RemoveAlarm(sql::Transaction& transaction, const Scope& scope, const std::string& name);
// By name.
Result<std::vector<Alarm>> ListAlarms(sql::Reader& reader, const Scope& scope);
// Every account's.
Result<std::vector<Alarm>> AllAlarms(sql::Reader& reader);

}  // namespace aloft::alarms
