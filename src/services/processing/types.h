// A processing job: what the engine knows, and its request.
#pragma once

#include <string>

#include "generated/shapes/sagemaker/processing.h"
#include "services/jobs/types.h"

namespace aloft::processing {

using jobs::Scope;
using CreateRequest = shapes::sagemaker::CreateProcessingJobRequest;

inline constexpr char kLogGroup[] = "/aws/sagemaker/ProcessingJobs";
// Where inputs and outputs may lie inside.
inline constexpr char kRoot[] = "/opt/ml/processing";

// The same record with its document read: everything that reads the one may read the other.
struct Job : jobs::Job {
  CreateRequest request{};
};
// kCorrupt where the document is no request.
Result<Job> JobOf(jobs::Job record);

std::string JobArn(const Scope& scope, const std::string& name);

}  // namespace aloft::processing
