// The loop: observes, decides (policy.h), acts, records. Every step can be repeated: effects outside are looked up or
// idempotent, and a record is written only with the lease's epoch and the revision that was read.
#include <algorithm>

#include "foundation/base/fault_point.h"
#include "platform/compute/errors.h"
#include "platform/compute/instance_types.h"
#include "platform/telemetry/errors.h"
#include "services/training/errors.h"
#include "services/training/keys.h"
#include "services/training/messages.h"
#include "services/training/metric_scraper.h"
#include "services/training/outcome.h"
#include "services/training/policy.h"
#include "services/training/records.h"
#include "services/training/request.h"
#include "services/training/service.h"

namespace aloft::training {
namespace {

constexpr std::size_t kLogChunk = 256 << 10;
constexpr int kChunksPerStep = 16;   // then other jobs have their turn
constexpr int kActionsPerStep = 12;  // of one job before the others
constexpr auto kSoon = std::chrono::milliseconds(1);

}  // namespace

struct Service::Live {
  explicit Live(MetricScraper made) : scraper(std::move(made)) {}
  MetricScraper scraper;
  std::string stream;
  std::optional<std::uint64_t> offset;  // up to where the log is stored; absent: ask
};

Service::Service(Dependencies dependencies, Options options)
    : d_(std::move(dependencies)),
      options_(std::move(options)),
      leases_(d_.database, d_.clock),
      loop_(
          {.name = "training", .threads = options_.threads}, [this](const std::string& key) { return Step(key); },
          d_.clock, d_.random, d_.log) {}

Service::~Service() {
  Stop();
}

void Service::Start() {
  Resume();
  loop_.Start();
}

void Service::Resume() {
  loop_.Wake(kLeaseKey);
}

// The lease is kept: a server that stops comes back, and its tasks run on meanwhile.
void Service::Stop() {
  loop_.Stop();
}

void Service::OnTaskChanged(const compute::TaskId& id) {
  if (std::optional<JobKey> job = JobOfTask(id.value())) loop_.Wake(LoopKey(*job));
}

std::optional<work::Lease> Service::HeldLease() {
  std::lock_guard lock(mutex_);
  return lease_;
}

Result<work::Again> Service::Step(const std::string& key) {
  if (key == kLeaseKey) return StepLease();
  std::optional<JobKey> job = ParseLoopKey(key);
  if (!job || !HeldLease()) return work::Again{};
  auto again = StepJob(*job);
  if (again.ok()) return again;
  // A wish came in between: read it and go on.
  if (again.error().reason == kChangedMeanwhile) return work::Again{kSoon};
  if (again.error().reason == work::kLeaseLost) {
    Resume();
    return work::Again{};
  }
  return again;
}

std::shared_ptr<Service::Live> Service::LiveOf(const Job& job) {
  std::string id = TaskIdOf(job);
  std::lock_guard lock(mutex_);
  std::shared_ptr<Live>& live = live_[id];
  if (!live) {
    live = std::make_shared<Live>(MetricScraper(job.request.algorithm_specification->metric_definitions.value_or(
        std::vector<shapes::sagemaker::MetricDefinition>{})));
    live->stream = LogStreamName(job);
  }
  return live;
}

void Service::Forget(const Job& job) {
  std::lock_guard lock(mutex_);
  live_.erase(TaskIdOf(job));
}

Result<work::Again> Service::StepJob(const JobKey& key) {
  auto loaded = d_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, key.scope, key.name); });
  if (!loaded.ok() && loaded.error().reason == kNoSuchJob) return work::Again{};
  ALOFT_ASSIGN(Job job, std::move(loaded));
  if (job.host != options_.holder) return work::Again{};
  for (int actions = 0; actions < kActionsPerStep; ++actions) {
    std::shared_ptr<Live> live = LiveOf(job);
    bool again = false;
    ALOFT_ASSIGN(work::Again wait, Act(job, *live, again));
    if (!again) return wait;
  }
  return work::Again{kSoon};
}

// One action; `again` where the job can be looked at once more at once.
Result<work::Again> Service::Act(Job& job, Live& live, bool& again) {
  using Do = Action::Do;
  std::optional<compute::TaskStatus> task;
  bool log_copied = true;
  if (!IsTerminal(job.state.secondary)) {
    auto observed = d_.backend.Observe(compute::TaskId(TaskIdOf(job)));
    if (observed.ok()) {
      task = std::move(*observed);
      ALOFT_ASSIGN(log_copied, CopyLog(job, live));
      if (!log_copied) {
        again = true;
        return work::Again{};
      }
    } else if (observed.error().reason != compute::kNoSuchTask) {
      return std::move(observed).error();
    }
  }
  Action action = Decide({job.state, task, log_copied, RetriesOf(job.request)}, d_.clock.Now());
  again = true;
  switch (action.what) {
    case Do::kWait: again = false; return work::Again{action.wait};
    case Do::kNothing:
      again = false;
      Forget(job);
      return work::Again{};
    case Do::kStart: ALOFT_TRY(StartTask(job)); break;
    case Do::kStop:
      ALOFT_TRY(d_.backend.Stop(compute::TaskId(TaskIdOf(job))));
      ALOFT_FAULT_POINT("training.after_stop_sent");
      job.state.stop_sent = true;
      ALOFT_TRY(Save(job));
      break;
    case Do::kAdvance: ALOFT_TRY(Advance(job, *task)); break;
    case Do::kFinish: ALOFT_TRY(Finish(job, *task)); break;
    case Do::kFinishUnstarted: ALOFT_TRY(End(job, Secondary::kStopped, "", messages::kStopped)); break;
    case Do::kLose:
      ALOFT_TRY(End(job, Secondary::kFailed, "InternalServerError: The task of this job is gone.", messages::kFailed));
      break;
    case Do::kRetry: ALOFT_TRY(Retry(job)); break;
    case Do::kRemove:
      ALOFT_TRY(d_.backend.Remove(compute::TaskId(TaskIdOf(job))));
      ALOFT_FAULT_POINT("training.after_remove");
      job.state.cleaned = true;
      ALOFT_TRY(Save(job));
      break;
  }
  return work::Again{};
}

Status Service::StartTask(Job& job) {
  ALOFT_ASSIGN(compute::Runtime runtime, d_.resolve(ImageOf(job.request)));
  const auto& resources = *job.request.resource_config;
  auto volume = static_cast<std::uint64_t>(resources.volume_size_in_gb.value_or(0)) << 30;
  ALOFT_ASSIGN(compute::Limits limits, compute::LimitsOf(resources.instance_type.value_or(""), volume));
  Status started = d_.backend.Start(PlanTask(job, runtime, limits, options_.plan));
  ALOFT_FAULT_POINT("training.after_start");
  if (started.ok()) return {};
  // The machine shrank since the job was taken, or the specification is refused: repeating helps nobody.
  if (started.error().reason == compute::kResourceLimitExceeded)
    return End(job, Secondary::kFailed, "CapacityError: " + started.error().message, messages::kFailed);
  if (started.error().kind() == ErrorKind::kInvalid)
    return End(job, Secondary::kFailed, "ClientError: " + started.error().message, messages::kFailed);
  return started;
}

// Copies what the task has said since; false where there is more than one step's share.
Result<bool> Service::CopyLog(Job& job, Live& live) {
  if (!live.offset) {
    auto stream = d_.logs.FindStream(job.scope, kLogGroup, live.stream);
    if (!stream.ok() && stream.error().kind() != ErrorKind::kNotFound) return std::move(stream).error();
    live.offset = stream.ok() ? stream->acknowledged : 0;
  }
  for (int chunks = 0; chunks < kChunksPerStep; ++chunks) {
    ALOFT_ASSIGN(compute::LogChunk chunk, d_.backend.ReadLog(compute::TaskId(TaskIdOf(job)), *live.offset, kLogChunk));
    if (chunk.lines.empty()) return true;
    // Metrics first: they are idempotent, and once the log is acknowledged its lines are not seen again.
    ALOFT_TRY(ScrapeMetrics(job, live, chunk.lines));
    ALOFT_FAULT_POINT("training.after_metrics");
    std::vector<telemetry::LogEvent> events;
    for (compute::LogLine& line : chunk.lines)
      if (!line.text.empty()) events.push_back({line.at, std::move(line.text)});
    ALOFT_ASSIGN(live.offset,
                 d_.logs.AppendAt(job.scope, kLogGroup, live.stream, *live.offset, chunk.next_offset, events));
    ALOFT_FAULT_POINT("training.after_log");
  }
  return false;
}

Status Service::ScrapeMetrics(Job& job, Live& live, const std::vector<compute::LogLine>& lines) {
  if (live.scraper.empty()) return {};
  std::vector<telemetry::MetricPoint> points;
  for (const compute::LogLine& line : lines) {
    for (const MetricScraper::Found& found : live.scraper.Scrape(line.text)) {
      telemetry::MetricPoint point;
      point.metric = {kMetricNamespace, found.name, {{"TrainingJobName", job.name}}};
      point.timestamp = line.at;
      point.values = {found.value};
      // Unique per attempt, place in the log and definition (at most 40 of them).
      point.identity =
          (line.offset << 12) + (static_cast<std::uint64_t>(job.state.attempt % 64) << 6) + found.definition;
      points.push_back(std::move(point));
      job.state.metrics[found.name] = {found.value, line.at};
    }
  }
  if (points.empty()) return {};
  Status put = d_.metrics.Put(job.scope, points);
  // A clock that is wrong by weeks spoils the points, not the job.
  if (!put.ok() && put.error().kind() == ErrorKind::kInvalid)
    d_.log.Warn("metrics of a training job were refused", {{"job", job.name}, {"error", Describe(put.error())}});
  else
    ALOFT_TRY(std::move(put));
  return Save(job);
}

// Shows the task's new phases as steps of the job. A task that is told to stop goes on to upload; the job stays
// Stopping.
Status Service::Advance(Job& job, const compute::TaskStatus& task) {
  JobState& state = job.state;
  state.task_seen = true;
  for (; state.task_moves < task.transitions.size(); ++state.task_moves) {
    const compute::Transition& transition = task.transitions[state.task_moves];
    std::optional<Secondary> secondary = SecondaryOf(transition.phase);
    bool begins = transition.phase == compute::Phase::kPreparing || transition.phase == compute::Phase::kStaging;
    if (begins && !state.started) state.started = transition.at;
    // Every task waits for its agent for a moment; only a wait for room is worth a step.
    if (transition.phase == compute::Phase::kPending && transition.message.empty()) continue;
    if (!secondary || state.secondary == Secondary::kStopping) continue;
    if (*secondary != state.secondary && !IsLegal(state.secondary, *secondary)) continue;
    ALOFT_TRY(Move(state, *secondary, transition.at, StepMessage(task, transition, state.environment)));
  }
  if (!task.versions.empty()) state.versions = task.versions;
  return Save(job);
}

Status Service::Finish(Job& job, const compute::TaskStatus& task) {
  Ending ending = EndingOf(task);
  if (ending.has_artifacts) job.state.artifacts = ArtifactsUri(job);
  if (!task.versions.empty()) job.state.versions = task.versions;
  if (task.command_started && !job.state.started) job.state.started = task.command_started;
  return End(job, ending.status, std::move(ending.failure_reason), std::move(ending.message));
}

Status Service::End(Job& job, Secondary status, std::string reason, std::string message) {
  Time now = d_.clock.Now();
  ALOFT_TRY(Move(job.state, status, now, std::move(message)));
  job.state.ended = job.state.steps.back().start;
  job.state.failure_reason = std::move(reason);
  ALOFT_FAULT_POINT("training.before_end");
  ALOFT_TRY(Save(job));
  ALOFT_FAULT_POINT("training.after_end");
  d_.log.Info("training job ended", {{"job", job.name},
                                     {"account", job.scope.account.value()},
                                     {"status", std::string(ToString(status))},
                                     {"reason", job.state.failure_reason}});
  return {};
}

// The next attempt has a task and a log stream of its own.
Status Service::Retry(Job& job) {
  ALOFT_TRY(d_.backend.Remove(compute::TaskId(TaskIdOf(job))));
  Forget(job);
  Time now = d_.clock.Now();
  ALOFT_TRY(Move(job.state, Secondary::kRestarting, now, messages::kRestarting));
  ALOFT_TRY(Move(job.state, Secondary::kStarting, now, messages::kStarting));
  ++job.state.attempt;
  job.state.task_seen = job.state.stop_sent = false;
  job.state.task_moves = 0;
  return Save(job);
}

Status Service::Save(Job& job) {
  std::optional<work::Lease> lease = HeldLease();
  if (!lease) return Fail(work::kLeaseLost, "The training loop has lost its lease");
  Time now = d_.clock.Now();
  ALOFT_TRY(d_.database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(work::CheckLease(t, *lease));
    return UpdateJob(t, job, now);
  }));
  ++job.revision;
  job.modified = now;
  return {};
}

}  // namespace aloft::training
