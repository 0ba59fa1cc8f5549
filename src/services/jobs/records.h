// What is stored of jobs: docs/formats/jobs.md. A table for each kind.
#pragma once

#include <optional>
#include <string>

#include "foundation/sql/database.h"
#include "services/jobs/kind.h"
#include "services/jobs/types.h"

namespace aloft::jobs {

// What lists call a deleted job.
inline constexpr std::string_view kDeletedStatus = "Deleted";

// The table of a kind, for sql::Database::Open.
sql::Migration TableOf(const std::string& kind);

// kJobExists.
Status InsertJob(sql::Transaction& transaction, const KindNames& names, const Job& job);
// Writes state and revision + 1 where the stored revision is the job's, else kChangedMeanwhile. Announces the change.
Status UpdateJob(sql::Transaction& transaction, const KindNames& names, const Job& job, Time now);
// kNoSuchJob.
Result<Job> LoadJob(sql::Reader& reader, const KindNames& names, const Scope& scope, const std::string& name);
// The same, and kNoSuchJob where it was deleted.
Result<Job> LoadVisibleJob(sql::Reader& reader, const KindNames& names, const Scope& scope, const std::string& name);
// Jobs of that server that still need somebody: not cleaned.
Result<std::vector<JobKey>> LiveJobs(sql::Reader& reader, const KindNames& names, const std::string& host);
// Other servers that have live jobs.
Result<std::vector<std::string>> OtherHosts(sql::Reader& reader, const KindNames& names, const std::string& host);
// Makes the live jobs of one server another's.
Status MoveJobs(sql::Transaction& transaction, const KindNames& names, const std::string& from, const std::string& to);

std::string EncodeState(const JobState& state);
Result<JobState> DecodeState(std::string_view text);

}  // namespace aloft::jobs
