// A training job as training knows it: what the engine knows, and its request.
#pragma once

#include <string>

#include "generated/shapes/sagemaker/training.h"
#include "services/jobs/types.h"

namespace aloft::training {

using jobs::FinalMetric;
using jobs::JobState;
using jobs::Scope;
using jobs::Secondary;
using jobs::Step;

inline constexpr char kLogGroup[] = "/aws/sagemaker/TrainingJobs";
inline constexpr char kMetricNamespace[] = "/aws/sagemaker/TrainingJobs";
inline constexpr char kServicePrincipal[] = "sagemaker.amazonaws.com";

// The same record with its document read: everything that reads the one may read the other.
struct Job : jobs::Job {
  shapes::sagemaker::CreateTrainingJobRequest request{};
};
// The room of an ended job, kept for the next that matches it (ResourceConfig.KeepAlivePeriodInSeconds).
struct KeptRoom {
  std::string job, role_arn, instance_type;
  int instances = 1;
  Time until{};
};

// kCorrupt where the document is no request.
Result<Job> JobOf(jobs::Job record);

std::string JobArn(const Scope& scope, const std::string& name);

}  // namespace aloft::training
