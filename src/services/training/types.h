// A training job as training knows it: the request as it came, and what was observed since.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "generated/shapes/sagemaker/training.h"
#include "platform/telemetry/types.h"
#include "services/training/status.h"

namespace aloft::training {

using telemetry::Scope;

inline constexpr char kLogGroup[] = "/aws/sagemaker/TrainingJobs";
inline constexpr char kMetricNamespace[] = "/aws/sagemaker/TrainingJobs";
inline constexpr char kServicePrincipal[] = "sagemaker.amazonaws.com";

// One entry of SecondaryStatusTransitions.
struct Step {
  Secondary status = Secondary::kStarting;
  Time start{};
  std::optional<Time> end{};
  std::string message{};
};

struct FinalMetric {
  double value = 0;
  Time at{};
};

// What was wished after creation, and what was observed.
struct JobState {
  Secondary secondary = Secondary::kStarting;
  std::vector<Step> steps{};
  bool stop_wished = false;
  bool stop_sent = false;      // to the task of this attempt
  int attempt = 1;             // each has its own task
  bool task_seen = false;      // of this attempt: that it is gone afterwards means that it was lost
  std::size_t task_moves = 0;  // how many transitions of the task became steps
  std::optional<Time> started{}, ended{};
  std::string failure_reason{};
  std::string artifacts{};
  std::string environment{};            // of runtime/environments
  std::vector<std::string> versions{};  // what it really holds
  std::map<std::string, FinalMetric> metrics{};
  bool cleaned = false;  // the task is removed: nothing is left to do
};

struct Job {
  Scope scope;
  std::string name;
  Time created{}, modified{};
  std::int64_t revision = 1;  // grows with every write
  std::string host{};         // the server whose tasks are the job's: it carries the job out
  shapes::sagemaker::CreateTrainingJobRequest request;
  JobState state;
};

std::string JobArn(const Scope& scope, const std::string& name);
// "<job>/algo-1-<epoch>"; an attempt after the first has its own.
std::string LogStreamName(const Job& job);
// "training.123456789012.us-east-1.my-job.1"
std::string TaskIdOf(const Job& job);
struct JobKey {
  Scope scope;
  std::string name;
};
// The job of a task id; absent where it is not training's.
std::optional<JobKey> JobOfTask(const std::string& task_id);

}  // namespace aloft::training
