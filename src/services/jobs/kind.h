// What differs between the kinds of jobs (training, processing): names, and how a request becomes tasks.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "platform/compute/task.h"
#include "services/jobs/outcome.h"
#include "services/jobs/types.h"

namespace aloft::jobs {

struct KindNames {
  std::string kind;       // "training": of task ids, leases, fault points; the table is "<kind>_jobs"
  std::string noun;       // "training job"
  std::string member;     // "Training": of "TrainingJobArn"
  std::string arn_kind;   // "training-job"
  std::string log_group;  // "/aws/sagemaker/TrainingJobs"
  std::string topic;      // "training.jobs": what is announced, see events.h
  std::string running;    // StatusMessage of the running step
  std::string uploading;  // and of the uploading one
};

// What of the request the engine must know. Read once per attempt.
struct Terms {
  int hosts = 1;
  int retries = 0;                                    // attempts allowed after the first
  std::optional<std::chrono::seconds> max_pending{};  // for room, before it fails
  std::optional<std::chrono::seconds> max_wait{};     // of a job that may be interrupted: from creation to its end
};

// Looks at the lines of one attempt as they come.
class LogObserver {
 public:
  virtual ~LogObserver() = default;
  // True where it changed the job's state. Called again with the same lines after a crash.
  virtual Result<bool> Observe(Job& job, int host, const std::vector<compute::LogLine>& lines) = 0;
};

// Thread-safe; outlives the engine.
class Kind {
 public:
  virtual ~Kind() = default;
  virtual const KindNames& names() const = 0;
  virtual Result<Terms> TermsOf(const Job& job) const = 0;
  // One task for each host, the first host's first. kInvalid errors fail the job; others are tried again.
  virtual Result<std::vector<compute::TaskSpec>> Plan(const Job& job) const = 0;
  // The machine is not for this job before then: it does not start, and what runs is interrupted. Absent: it may run
  // now.
  virtual std::optional<Time> ClosedUntil(const Job&, Time) const { return std::nullopt; }
  // Absent: the lines are only stored.
  virtual std::unique_ptr<LogObserver> Observer(const Job& job) const = 0;
  // The attempt has ended the job: results go into its state.
  virtual void Ended(Job& job, const Ending& ending, const std::vector<compute::TaskStatus>& hosts) const = 0;
};

}  // namespace aloft::jobs
