// Lists of training jobs.
#pragma once

#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/training.h"
#include "services/training/types.h"

namespace aloft::training {

// ListTrainingJobs: one page of the table. kBadPageToken where the token is not one of ours for this order.
Result<shapes::sagemaker::ListTrainingJobsResponse> ListJobs(sql::Reader& reader, const Scope& scope,
                                                             const shapes::sagemaker::ListTrainingJobsRequest& request);

// The names of those whose warm pool waits for a job; at most about 1,000.
Result<std::vector<std::string>> JobsWithWarmPools(sql::Reader& reader, const Scope& scope);

}  // namespace aloft::training
