// What scaling stores; docs/formats/scaling.md is the definition.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "services/scaling/types.h"

namespace aloft::scaling {

std::span<const sql::Migration> Migrations();

// Each Save inserts or replaces.
Status SaveTarget(sql::Transaction& transaction, const Target& target);
Status SavePolicy(sql::Transaction& transaction, const Policy& policy);
Status SaveAction(sql::Transaction& transaction, const ScheduledAction& action);

// kNoSuchTarget.
Result<Target> LoadTarget(sql::Reader& reader, const TargetKey& key);
// Of one service and account, by resource, dimension and name; with `key.resource` only its own.
Result<std::vector<Target>> ListTargets(sql::Reader& reader, const TargetKey& key);
Result<std::vector<Policy>> ListPolicies(sql::Reader& reader, const TargetKey& key);
Result<std::vector<ScheduledAction>> ListActions(sql::Reader& reader, const TargetKey& key);
// Every account's.
Result<std::vector<Target>> AllTargets(sql::Reader& reader);

// With its policies and scheduled actions. kNoSuchTarget.
Status RemoveTarget(sql::Transaction& transaction, const TargetKey& key);
// kNoSuchPolicy, kNoSuchAction.
Status RemovePolicy(sql::Transaction& transaction, const TargetKey& key, const std::string& name);
Status RemoveAction(sql::Transaction& transaction, const TargetKey& key, const std::string& name);

// The newest kActivities of each target are kept.
inline constexpr int kActivities = 200;
Status AddActivity(sql::Transaction& transaction, const TargetKey& key, const Activity& activity);
// Newest first; of one resource where `key.resource` is given.
Result<std::vector<Activity>> ListActivities(sql::Reader& reader, const TargetKey& key);

}  // namespace aloft::scaling
