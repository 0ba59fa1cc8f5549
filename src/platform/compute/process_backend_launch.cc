// Which of the waiting tasks the process backend starts: what it knows, put to the decision (schedule.h), and carried
// out.
#include "foundation/base/fault_point.h"
#include "platform/compute/process_backend_impl.h"

namespace aloft::compute::internal {
namespace {

TaskId GroupOf(const TaskSpec& spec) {
  return spec.gang.members.empty() ? spec.id : spec.gang.members.front();
}

}  // namespace

std::vector<Candidate> ProcessBackend::Candidates() const {
  std::vector<Candidate> candidates;
  std::lock_guard lock(mutex_);
  for (const auto& [id, task] : tasks_) {
    if (task.state != State::kWaiting) continue;
    const TaskSpec& spec = task.stored.spec;
    Candidate candidate{.accepted = task.stored.accepted,
                        .priority = spec.priority,
                        .queue = spec.queue,
                        .owner = spec.owner,
                        .max_runtime = spec.max_runtime,
                        .pool = spec.pool};
    for (const TaskId& member : spec.gang.members.empty() ? std::vector<TaskId>{id} : spec.gang.members) {
      auto found = tasks_.find(member);
      // The server died between two launches: the rest follows.
      if (found != tasks_.end() && found->second.state == State::kRunning) continue;
      // It died between two Starts: the others come, or this one is removed.
      if (found == tasks_.end() || found->second.state != State::kWaiting) {
        candidate.missing = "waits for the other instances of its job";
        continue;
      }
      candidate.members.push_back(member);
      candidate.wanted.push_back(found->second.stored.spec.limits);
    }
    if (candidate.members.front() == id) candidates.push_back(std::move(candidate));
  }
  return candidates;
}

std::vector<Holder> ProcessBackend::Holders() const {
  std::vector<Holder> holders;
  std::lock_guard lock(mutex_);
  for (const auto& [id, task] : tasks_) {
    const bool kept = KeepsRoom(task);
    if (task.state != State::kRunning && !kept) continue;
    const TaskSpec& spec = task.stored.spec;
    std::optional<Time> ends_by;
    if (kept)
      ends_by = task.ended + spec.keep_room;
    else if (spec.max_runtime.count() > 0)
      ends_by = task.launched + spec.max_runtime + spec.stop_grace;
    holders.push_back({.group = GroupOf(spec),
                       .granted = task.granted,
                       .priority = spec.priority,
                       .queue = spec.queue,
                       .owner = spec.owner,
                       .started = task.launched,
                       .ends_by = ends_by,
                       .interruptible = spec.interruptible && !kept,
                       .leaving = task.leaving && !kept,
                       .kept_for = kept ? spec.pool : std::string()});
  }
  return holders;
}

// Thousands may be queued at once: where the machine is full and nobody could be asked to leave, the order of those who
// wait does not matter yet.
bool ProcessBackend::MustWait(const TaskSpec& spec) {
  if (!spec.gang.members.empty()) return false;
  InUse in_use;
  const std::vector<Holder> holders = Holders();
  for (const Holder& holder : holders) {
    if (holder.interruptible && holder.priority < spec.priority) return false;
    if (!spec.pool.empty() && holder.kept_for == spec.pool) return false;
    in_use.Add(holder.granted);
  }
  Placement placement = PlaceBeside(options_.capacity, in_use, spec.limits);
  if (placement.verdict == Placement::Verdict::kStart) return false;
  placement.reason += SaysWhatPoolsKeep(holders, {});
  Update(spec.id, [&](Task& task) { task.why_waiting = std::move(placement.reason); });
  return true;
}

void ProcessBackend::GiveRoom(const std::string& group) {
  std::lock_guard lock(mutex_);
  for (auto& [id, task] : tasks_)
    if (GroupOf(task.stored.spec).value() == group) task.room_given = true;
}

void ProcessBackend::LaunchWaiting() {
  std::vector<Candidate> candidates = Candidates();
  if (candidates.empty()) return;
  std::shared_ptr<const Quotas> quotas = options_.quotas ? options_.quotas->Get() : std::make_shared<const Quotas>();
  Decision decision = Decide(options_.capacity, *quotas, candidates, Holders(), clock_.Now());
  for (const Candidate& candidate : candidates) {
    auto why = decision.waits.find(candidate.members.front());
    if (why == decision.waits.end()) continue;
    for (const TaskId& member : candidate.members) Update(member, [&](Task& task) { task.why_waiting = why->second; });
  }
  for (const auto& together : decision.starts) {
    auto room = decision.rooms.find(together.front().first);
    const std::string room_of = room == decision.rooms.end() ? "" : room->second.value();
    for (const auto& [member, limits] : together) {
      auto launched = Launch(member, limits, room_of);
      if (!room_of.empty()) GiveRoom(room_of);
      ALOFT_FAULT_POINT("compute.after_launch");
      if (launched.ok()) continue;
      if (options_.host && launched.error().kind() == ErrorKind::kUnavailable) {  // asked again at the next tick
        Update(member, [&](Task& task) {
          task.state = State::kWaiting;
          task.why_waiting = launched.error().message;
        });
        continue;
      }
      log_.Error("a task's agent could not be started",
                 {{"task", member.value()}, {"error", Describe(launched.error())}});
      static_cast<void>(EndWithoutAgent(member, Outcome::kCannotRun, launched.error().message));
    }
  }
  for (const TaskId& group : decision.interrupt) {
    if (!options_.on_interrupt) continue;
    log_.Info("a task is asked to leave for one of higher priority", {{"task", group.value()}});
    {
      std::lock_guard lock(mutex_);
      for (auto& [id, task] : tasks_)
        if (GroupOf(task.stored.spec) == group) task.leaving = true;
    }
    options_.on_interrupt(group);
  }
}

}  // namespace aloft::compute::internal
