// Search over training jobs: every job of the scope, as DescribeTrainingJob and its tags show it, held against the
// expression. Looks at the newest 10,000 jobs at most.
#pragma once

#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "services/training/types.h"

namespace aloft::training {

Result<shapes::sagemaker::SearchResponse> SearchJobs(sql::Reader& reader, const Scope& scope,
                                                     const shapes::sagemaker::SearchRequest& request);

}  // namespace aloft::training
