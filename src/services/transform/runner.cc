#include "services/transform/runner.h"

#include "foundation/base/bytes.h"
#include "foundation/base/fault_point.h"
#include "platform/compute/errors.h"
#include "services/transform/plan.h"
#include "services/transform/records.h"

namespace aloft::transform {
namespace {

constexpr char kLeaseKey[] = "#lease";  // names no job
constexpr char kLeaseName[] = "transform.loop";
constexpr std::chrono::seconds kLease{15};
constexpr std::chrono::seconds kLook{2};  // at a job that runs, even if nothing wakes
constexpr std::size_t kLogPage = 256 * 1024;
constexpr int kMaxPages = 256;  // of a log at once: 64 MiB

std::string KeyOf(const Scope& scope, const std::string& job) {
  return scope.account.value() + "/" + scope.region.value() + "/" + job;
}

}  // namespace

Runner::Runner(const Dependencies& with, std::string holder, Log log)
    : with_(with),
      holder_(std::move(holder)),
      log_(std::move(log)),
      leases_(with_.database, with_.clock),
      loop_(
          {.name = "transform", .threads = 1}, [this](const std::string& key) { return Look(key); }, with_.clock,
          with_.random, log_) {}

void Runner::Start() {
  loop_.Wake(kLeaseKey);
  loop_.Start();
}

void Runner::Stop() {
  loop_.Stop();
  std::optional<work::Lease> lease = HeldLease();
  if (!lease) return;
  if (Status released = leases_.Release(*lease); !released.ok()) {
    log_.Warn("the transform lease was not released", {{"error", Describe(released.error())}});
  }
  std::lock_guard lock(mutex_);
  lease_.reset();
}

void Runner::Wake(const Scope& scope, const std::string& job) {
  loop_.Wake(KeyOf(scope, job));
}

void Runner::OnTaskChange(const compute::TaskId& task) {
  if (std::optional<TaskName> name = ParseTaskId(task)) Wake(name->scope, name->job);
}

std::optional<work::Lease> Runner::HeldLease() {
  std::lock_guard lock(mutex_);
  return lease_;
}

Result<work::Again> Runner::StepLease() {
  std::optional<work::Lease> held = HeldLease(), next;
  if (held) {
    Result<work::Lease> renewed = leases_.Renew(*held, kLease);
    if (!renewed.ok() && renewed.error().reason != work::kLeaseLost) return std::move(renewed).error();
    if (renewed.ok()) next = *std::move(renewed);
  } else {
    ALOFT_ASSIGN(next, leases_.Acquire(kLeaseName, holder_, kLease));
  }
  {
    std::lock_guard lock(mutex_);
    lease_ = next;
  }
  if (next) {
    if (!held) ALOFT_TRY(EndOrphans());
    // Also those that another server was asked for.
    ALOFT_ASSIGN(std::vector<JobKey> jobs, with_.database.Read([](sql::Reader& reader) { return LiveJobs(reader); }));
    for (const JobKey& job : jobs) Wake(job.scope, job.name);
  }
  return work::Again{kLook};
}

Status Runner::EndOrphans() {
  ALOFT_ASSIGN(std::vector<compute::TaskId> tasks, with_.backend.List());
  for (const compute::TaskId& task : tasks) {
    std::optional<TaskName> name = ParseTaskId(task);
    if (!name) continue;
    auto job = with_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, name->scope, name->job); });
    if (!job.ok() && job.error().reason != kNoSuchJob) return std::move(job).error();
    if (!job.ok() || job->cleaned || job->attempt != name->attempt) ALOFT_TRY(with_.backend.Remove(task));
  }
  return {};
}

Result<work::Again> Runner::Look(const std::string& key) {
  if (key == kLeaseKey) return StepLease();
  if (!HeldLease()) return work::Again{};
  std::vector<std::string_view> parts = Split(key, '/');
  Scope scope{AccountId(parts[0]), Region(parts[1])};
  auto job = with_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, scope, std::string(parts[2])); });
  if (!job.ok() && job.error().reason == kNoSuchJob) return work::Again{};
  if (!job.ok()) return std::move(job).error();
  if (job->cleaned) return work::Again{};
  auto again = StepJob(scope, *std::move(job));
  if (again.ok()) return again;
  // A wish came in between: look again. The lease is another server's: see whose.
  if (again.error().reason == kRevisionMismatch) return work::Again{std::chrono::microseconds(0)};
  if (again.error().reason != work::kLeaseLost) return again;
  loop_.Wake(kLeaseKey);
  return work::Again{};
}

Result<work::Again> Runner::StepJob(const Scope& scope, Job job) {
  ALOFT_ASSIGN(View view, See(scope, job));
  Action action = Decide(view);
  if (action.kind == Action::Kind::kWait) return work::Again{kLook};
  ALOFT_TRY(Act(scope, job, action));
  bool waits = action.kind == Action::Kind::kStop || action.kind == Action::Kind::kStart;
  return work::Again{waits ? std::chrono::microseconds(kLook) : std::chrono::microseconds(0)};
}

Result<View> Runner::See(const Scope& scope, const Job& job) {
  View view;
  view.status = job.status;
  view.attempt = job.attempt;
  view.started = job.started.has_value();
  {
    std::lock_guard lock(mutex_);
    auto why = cannot_start_.find(KeyOf(scope, job.name));
    if (why != cannot_start_.end()) view.cannot_start = why->second;
  }
  for (int i = 0; i < job.instances(); ++i) {
    compute::TaskId id = TaskIdOf(scope, job, i, job.attempt);
    auto status = with_.backend.Observe(id);
    if (!status.ok() && status.error().reason != compute::kNoSuchTask) return std::move(status).error();
    if (!status.ok()) {
      view.tasks.emplace_back();
      continue;
    }
    // Before the end is recorded: clients stop reading logs when they see it.
    ALOFT_TRY(CopyLog(scope, job.name, id));
    view.tasks.emplace_back(*std::move(status));
  }
  return view;
}

Status Runner::Act(const Scope& scope, Job& job, const Action& action) {
  using Kind = Action::Kind;
  auto end = [&](JobStatus status) -> Status {
    job.status = status;
    job.failure = action.reason;
    job.ended = with_.clock.Now();
    ALOFT_TRY(Save(scope, job));
    ALOFT_FAULT_POINT("transform.after_end_recorded");
    log_.Info("a transform job has ended", {{"job", job.name}, {"status", std::string(ToString(status))}});
    return {};
  };
  switch (action.kind) {
    case Kind::kWait: return {};
    case Kind::kStart: return StartTasks(scope, job);
    case Kind::kBegin: job.started = with_.clock.Now(); return Save(scope, job);
    case Kind::kStop:
      for (int i = 0; i < job.instances(); ++i) {
        Status stopped = with_.backend.Stop(TaskIdOf(scope, job, i, job.attempt));
        if (!stopped.ok() && stopped.error().reason != compute::kNoSuchTask) return stopped;
      }
      return {};
    case Kind::kAgain: {
      Job before = job;
      job.attempt += 1;
      ALOFT_TRY(Save(scope, job));
      ALOFT_FAULT_POINT("transform.after_attempt_recorded");
      return RemoveTasks(scope, before);
    }
    case Kind::kComplete: return end(JobStatus::kCompleted);
    case Kind::kFail: return end(JobStatus::kFailed);
    case Kind::kEndStopped: return end(JobStatus::kStopped);
    case Kind::kClean:
      ALOFT_TRY(RemoveTasks(scope, job));
      job.cleaned = true;
      return Save(scope, job);
  }
  return {};
}

Status Runner::StartTasks(const Scope& scope, const Job& job) {
  for (int i = 0; i < job.instances(); ++i) {
    auto start = [&]() -> Status {
      ALOFT_ASSIGN(compute::TaskSpec spec, SpecOf(scope, job, i, with_.runtimes));
      return with_.backend.Start(spec);
    };
    Status started = start();
    if (started.ok()) continue;
    ErrorKind kind = started.error().kind();
    if (kind != ErrorKind::kInvalid && kind != ErrorKind::kExhausted && kind != ErrorKind::kUnimplemented) {
      return started;  // not now: the loop tries again
    }
    std::lock_guard lock(mutex_);
    cannot_start_[KeyOf(scope, job.name)] = started.error().message;
    break;
  }
  loop_.Wake(KeyOf(scope, job.name));
  return {};
}

Status Runner::RemoveTasks(const Scope& scope, const Job& job) {
  for (int i = 0; i < job.instances(); ++i) {
    compute::TaskId id = TaskIdOf(scope, job, i, job.attempt);
    ALOFT_TRY(CopyLog(scope, job.name, id));
    ALOFT_TRY(with_.backend.Remove(id));
  }
  std::lock_guard lock(mutex_);
  cannot_start_.erase(KeyOf(scope, job.name));
  return {};
}

Status Runner::Save(const Scope& scope, Job& job) {
  std::optional<work::Lease> lease = HeldLease();
  if (!lease) return Fail(work::kLeaseLost, "another server carries transform jobs out");
  job.modified = with_.clock.Now();
  return with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(work::CheckLease(transaction, *lease));
    return UpdateJob(transaction, scope, job);
  });
}

Status Runner::CopyLog(const Scope& scope, const std::string& job, const compute::TaskId& task) {
  telemetry::Scope place{scope.account, scope.region};
  std::string stream = LogStreamOf(job, task);
  std::uint64_t position = 0;
  auto known = with_.logs.FindStream(place, kLogGroup, stream);
  if (known.ok()) position = known->acknowledged;
  if (!known.ok() && known.error().kind() != ErrorKind::kNotFound) return std::move(known).error();
  for (int page = 0; page < kMaxPages; ++page) {
    auto chunk = with_.backend.ReadLog(task, position, kLogPage);
    if (!chunk.ok() && chunk.error().kind() == ErrorKind::kNotFound) return {};
    if (!chunk.ok()) return std::move(chunk).error();
    if (chunk->lines.empty()) return {};
    std::vector<telemetry::LogEvent> events;
    events.reserve(chunk->lines.size());
    for (compute::LogLine& line : chunk->lines) events.push_back({line.at, std::move(line.text)});
    ALOFT_ASSIGN(position, with_.logs.AppendAt(place, kLogGroup, stream, position, chunk->next_offset, events));
  }
  return {};
}

}  // namespace aloft::transform
