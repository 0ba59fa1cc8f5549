// What an operator does with jobs beyond AWS's operations; for `aloft jobs` and `aloft queue`.
//
//   POST /aloft/v1/InterruptTrainingJob   {"TrainingJobName", "PauseSeconds"}: takes the machine away from a managed
//                                         spot job, as AWS may at any time. Needs aloft:InterruptTrainingJob on the
//                                         job.
//   POST /aloft/v1/GetQueue               the caller's jobs that wait for room on this server, the longest waiting
//                                         first, and why; the warm pools that wait for a job. Needs aloft:GetQueue.
#pragma once

#include <vector>

#include "api/common/operation.h"
#include "platform/compute/backend.h"
#include "services/training/service.h"

namespace aloft::api::admin {

// What is referred to outlives the rows.
std::vector<api::Row> MakeJobRows(training::Service& training, compute::Backend& backend);

}  // namespace aloft::api::admin
