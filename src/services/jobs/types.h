// A job as the engine knows it: its request as text, what was wished since, and what was observed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "platform/compute/task.h"
#include "platform/telemetry/types.h"
#include "services/jobs/status.h"

namespace aloft::jobs {

using telemetry::Scope;

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

// The room that a job's hosts keep after its end, for jobs that match it.
struct WarmPool {
  enum class Status { kNone, kInUse, kAvailable, kReused, kTerminated } status = Status::kNone;
  std::chrono::seconds keep_alive{0};
  std::optional<Time> first{};  // since when it has gone from job to job
  std::optional<Time> since{};  // the job's end
  std::optional<Time> until{}, ended{};
  std::string reused_by{};  // a job
};
inline constexpr std::chrono::hours kLongestWarmPool{28 * 24};  // over all jobs that reuse it, as with SageMaker
// "InUse", ...; "" of kNone.
std::string_view ToString(WarmPool::Status status);
std::optional<WarmPool::Status> ParseWarmPoolStatus(std::string_view text);

// What was wished after creation, and what was observed.
struct JobState {
  Secondary secondary = Secondary::kStarting;
  std::vector<Step> steps{};
  bool stop_wished = false;
  bool stop_sent = false;  // to the tasks of this attempt
  bool abandoned = false;  // one host of this attempt has ended badly: the others were told to end at once
  bool interrupt_wished = false;
  bool interrupt_sent = false;              // to the tasks of this attempt
  std::optional<Time> not_before{};         // an interrupted job does not start again earlier
  std::optional<Time> wait_shown{};         // when the reason for waiting was last recorded
  bool wait_exceeded = false;               // stopped because MaxWaitTimeInSeconds passed
  int interruptions = 0;                    // attempts that were interrupted; they do not count as retries
  int attempt = 1;                          // each has its own tasks
  bool task_seen = false;                   // of this attempt: that one is gone afterwards means that it was lost
  std::size_t task_moves = 0;               // how many transitions of the first host's task became steps
  std::chrono::microseconds ran_before{0};  // how long earlier attempts ran
  std::optional<Time> attempt_started{};    // when this attempt took the machine
  std::optional<Time> started{}, ended{};
  std::string failure_reason{};
  int priority = 0;                     // of the job while it waits for room
  std::string owner{};                  // who made it, as quotas name it: "user/eve"
  std::string exit_message{};           // what the code left for whoever asks
  std::string artifacts{};              // S3 address of the result; empty where there is none
  std::string environment{};            // of runtime/environments
  std::vector<std::string> versions{};  // what it really holds
  std::map<std::string, FinalMetric> metrics{};
  std::vector<compute::InputRead> inputs{};  // what was brought or read, all hosts together; once it has ended
  WarmPool pool{};
  std::string room_of{};  // the task in whose kept room this attempt was started
  bool cleaned = false;   // the tasks are removed: nothing is left to do
  bool deleted = false;   // nobody sees it any more; its name stays taken
};

struct Job {
  Scope scope{};
  std::string name{};
  Time created{}, modified{};
  std::int64_t revision = 1;  // grows with every write
  std::string host{};         // the server whose tasks are the job's: it carries the job out
  std::string document{};     // the request, as canonical JSON
  JobState state{};
};

struct JobKey {
  Scope scope;
  std::string name;
};

// "algo-1", "algo-2": `host` counts from 0.
std::string HostName(int host);
// "<job>/algo-1-<epoch>"; an attempt after the first has its own.
std::string LogStreamName(const Job& job, int host);
// "training.123456789012.us-east-1.my-job.1"; the second host's ends with ".2".
std::string TaskIdOf(std::string_view kind, const Job& job, int host);
// The job of a task id; absent where it is not of that kind.
std::optional<JobKey> JobOfTask(std::string_view kind, const std::string& task_id);

}  // namespace aloft::jobs
