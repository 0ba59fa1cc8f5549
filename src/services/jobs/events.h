// What jobs announce: topic "<kind>.jobs", key the job's ARN, in the commit that changes it:
//   {"TrainingJobArn": "...", "TrainingJobName": "...", "TrainingJobStatus": "InProgress", "SecondaryStatus":
//   "Training", "FailureReason": "..."}
// At least once, in order per job.
#pragma once

#include "foundation/sql/database.h"
#include "services/jobs/kind.h"
#include "services/jobs/types.h"

namespace aloft::jobs {

void AnnounceJob(sql::Transaction& transaction, const KindNames& names, const Job& job);
std::string ArnOf(const KindNames& names, const Scope& scope, const std::string& name);

}  // namespace aloft::jobs
