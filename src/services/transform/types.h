// A transform job as it is stored.
#pragma once

#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "generated/shapes/sagemaker/model.h"
#include "generated/shapes/sagemaker/transform.h"
#include "services/models/types.h"

namespace aloft::transform {

using models::Scope;

enum class JobStatus { kInProgress, kCompleted, kFailed, kStopping, kStopped };
// "InProgress", ...
std::string_view ToString(JobStatus status);
std::optional<JobStatus> ParseStatus(std::string_view text);
inline bool HasEnded(JobStatus status) {
  return status != JobStatus::kInProgress && status != JobStatus::kStopping;
}

struct Job {
  std::string name;
  Time created, modified;
  JobStatus status = JobStatus::kInProgress;
  shapes::sagemaker::CreateTransformJobRequest request;
  shapes::sagemaker::CreateModelRequest model;  // deleting it later takes nothing away
  std::string failure;
  std::optional<Time> started, ended;
  int attempt = 1;            // of all instances together
  bool cleaned = false;       // its tasks are gone
  std::int64_t revision = 0;  // grows with each write

  int instances() const { return request.transform_resources->instance_count.value_or(1); }
};

}  // namespace aloft::transform
