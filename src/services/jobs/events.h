// What training announces: topic "training.jobs", key the job's ARN, in the commit that changes it:
//   {"TrainingJobArn": "...", "TrainingJobName": "...", "TrainingJobStatus": "InProgress", "SecondaryStatus":
//   "Training",
//    "FailureReason": "..."}
// At least once, in order per job.
#pragma once

#include "foundation/sql/database.h"
#include "services/training/types.h"

namespace aloft::training {

inline constexpr char kJobsTopic[] = "training.jobs";

void AnnounceJob(sql::Transaction& transaction, const Job& job);

}  // namespace aloft::training
