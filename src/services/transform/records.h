// What transform stores; docs/formats/serving.md is the definition.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "foundation/sql/database.h"
#include "services/transform/types.h"

namespace aloft::transform {

inline constexpr const char* kTable = "transform_jobs";

// Somebody wrote the job since it was loaded: load it and decide again.
inline constexpr Reason kRevisionMismatch{ErrorKind::kConflict, "TransformJobRevisionMismatch"};

std::span<const sql::Migration> Migrations();

// Announced as "transform.jobs.changed" with the ARN as key and the status as record. kJobExists.
Status InsertJob(sql::Transaction& transaction, const Scope& scope, const Job& job);
// Of the revision that was loaded; else kRevisionMismatch.
Status UpdateJob(sql::Transaction& transaction, const Scope& scope, const Job& job);
// kNoSuchJob.
Result<Job> LoadJob(sql::Reader& reader, const Scope& scope, const std::string& name);

struct JobKey {
  Scope scope;
  std::string name;
};
// Those that still need somebody: every account's that have not ended, or have tasks.
Result<std::vector<JobKey>> LiveJobs(sql::Reader& reader);

}  // namespace aloft::transform
