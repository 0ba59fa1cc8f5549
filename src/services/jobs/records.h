// What training stores: docs/formats/training.md.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "foundation/sql/database.h"
#include "services/training/types.h"

namespace aloft::training {

// The room's schema, for sql::Database::Open.
std::span<const sql::Migration> Migrations();

// kJobExists.
Status InsertJob(sql::Transaction& transaction, const Job& job);
// Writes state and revision + 1 where the stored revision is the job's, else kChangedMeanwhile. Announces the change.
Status UpdateJob(sql::Transaction& transaction, const Job& job, Time now);
// kNoSuchJob.
Result<Job> LoadJob(sql::Reader& reader, const Scope& scope, const std::string& name);
// Jobs of that server that still need somebody: not cleaned.
Result<std::vector<JobKey>> LiveJobs(sql::Reader& reader, const std::string& host);
// Other servers that have live jobs.
Result<std::vector<std::string>> OtherHosts(sql::Reader& reader, const std::string& host);
// Makes the live jobs of one server another's.
Status MoveJobs(sql::Transaction& transaction, const std::string& from, const std::string& to);

std::string EncodeState(const JobState& state);
Result<JobState> DecodeState(std::string_view text);

}  // namespace aloft::training
