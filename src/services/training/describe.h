// A job -> what DescribeTrainingJob says about it.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/training.h"
#include "services/training/types.h"

namespace aloft::training {

// Echoes the request, also members that the API's model does not know, and adds what the SDK expects and the caller
// never sent (OutputDataConfig.KmsKeyId), what was observed, and one member of our own:
//   "AloftRuntime": {"Environment": "scikit-learn", "Versions": ["scikit-learn 1.9.1", "python 3.11"], "Attempt": 1}
// `now`: for how long an available warm pool has been kept; absent: that is not said.
Result<shapes::sagemaker::DescribeTrainingJobResponse> DescribeJob(const Job& job, std::optional<Time> now = {});
std::optional<shapes::sagemaker::WarmPoolStatus> WarmPoolOf(const jobs::WarmPool& pool, std::optional<Time> now);

}  // namespace aloft::training
