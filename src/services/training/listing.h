// ListTrainingJobs: one page of the table.
#pragma once

#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/training.h"
#include "services/training/types.h"

namespace aloft::training {

// kBadPageToken where the token is not one of ours for this order.
Result<shapes::sagemaker::ListTrainingJobsResponse> ListJobs(sql::Reader& reader, const Scope& scope,
                                                             const shapes::sagemaker::ListTrainingJobsRequest& request);

}  // namespace aloft::training
