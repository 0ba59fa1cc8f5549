#include "services/jobs/policy.h"

#include <algorithm>

#include "services/jobs/outcome.h"

namespace aloft::jobs {
namespace {

using Do = Action::Do;
using compute::Outcome;
using compute::Phase;

// The backend tells when something changes; this is for what it forgot to tell.
constexpr std::chrono::microseconds kLookAgain = std::chrono::seconds(2);
constexpr auto kWaitShown = std::chrono::seconds(60);
// A task that has ended and whose log never completes: its agent is gone.
constexpr auto kLogPatience = std::chrono::seconds(60);

bool MayRetry(const Snapshot& snapshot) {
  const JobState& state = snapshot.state;
  return !state.stop_wished && state.attempt - state.interruptions <= snapshot.terms.retries;
}

bool Expired(const Snapshot& snapshot, Time now) {
  const JobState& state = snapshot.state;
  if (state.stop_wished) return false;
  if (snapshot.terms.max_wait && now >= snapshot.created + *snapshot.terms.max_wait) return true;
  // Waiting for room; what was interrupted is MaxWaitTime's.
  return snapshot.terms.max_pending && !state.attempt_started && state.interruptions == 0 &&
         now >= snapshot.created + *snapshot.terms.max_pending;
}

Action WithMissing(const Snapshot& snapshot, std::size_t missing, Time now) {
  const JobState& state = snapshot.state;
  // The server died after it had removed what it interrupted.
  if (state.task_seen && state.interrupt_sent && !state.stop_wished) return {Do::kResume};
  if (state.task_seen) return {MayRetry(snapshot) ? Do::kRetry : Do::kLose, {}, missing};
  if (state.stop_wished) return {Do::kFinishUnstarted};
  if (Expired(snapshot, now)) return {Do::kExpire};
  if (state.not_before && now < *state.not_before)
    return {Do::kWait, std::min<std::chrono::microseconds>(kLookAgain, *state.not_before - now)};
  return {Do::kStart};
}

Action AllEnded(const Snapshot& snapshot, Time now) {
  const JobState& state = snapshot.state;
  std::vector<compute::TaskStatus> hosts;
  bool log_done = snapshot.log_copied;
  Time ended{};
  for (const auto& host : snapshot.hosts) {
    hosts.push_back(*host);
    log_done = log_done && host->log_complete;
    ended = std::max(ended, host->transitions.empty() ? now : host->transitions.back().at);
  }
  if (state.task_moves < hosts[0].transitions.size()) return {Do::kAdvance};
  if (!log_done && now < ended + kLogPatience) return {Do::kWait, std::chrono::milliseconds(200)};
  Outcome outcome = hosts[DecidingHost(hosts)].outcome;
  if (outcome == Outcome::kLost && MayRetry(snapshot)) return {Do::kRetry};
  if (outcome == Outcome::kStopped && state.interrupt_sent && !state.stop_wished) return {Do::kResume};
  return {Do::kFinish};
}

// The reason for waiting for room is worth a step, and changes of it are worth one a minute.
bool WaitIsNews(const Snapshot& snapshot, Time now) {
  const JobState& state = snapshot.state;
  const compute::TaskStatus& first = *snapshot.hosts[0];
  if (first.phase != Phase::kPending || first.message.empty() || state.stop_wished) return false;
  if (state.secondary != Secondary::kPending || !state.wait_shown) return true;
  return state.steps.back().message != first.message && now >= *state.wait_shown + kWaitShown;
}

// The hosts' tasks stay, because they keep the room.
Action WithPool(const Snapshot& snapshot, Time now) {
  const Time until = snapshot.state.pool.until.value_or(now);
  bool here = true;
  for (const auto& host : snapshot.hosts) here = here && host.has_value();
  if (!here || now >= until) return {Do::kEndPool};
  return {Do::kWait, until - now};
}

}  // namespace

Action Decide(const Snapshot& snapshot, Time now) {
  const JobState& state = snapshot.state;
  if (IsTerminal(state.secondary) && state.pool.status == WarmPool::Status::kAvailable) return WithPool(snapshot, now);
  if (IsTerminal(state.secondary)) return {state.cleaned ? Do::kNothing : Do::kRemove};
  bool all_ended = true, bad = false;
  for (std::size_t i = 0; i < snapshot.hosts.size(); ++i) {
    const auto& host = snapshot.hosts[i];
    if (!host) return WithMissing(snapshot, i, now);
    all_ended = all_ended && host->phase == Phase::kEnded;
    bad = bad || (host->phase == Phase::kEnded && IsBad(host->outcome));
  }
  if (all_ended) return AllEnded(snapshot, now);
  if (bad && !state.abandoned) return {Do::kAbandon};
  if (Expired(snapshot, now)) return {Do::kExpire};
  if (state.stop_wished && !state.stop_sent) return {Do::kStop};
  if (state.interrupt_wished && !state.interrupt_sent && !state.stop_wished) return {Do::kInterrupt};
  if (!state.task_seen || state.task_moves < snapshot.hosts[0]->transitions.size()) return {Do::kAdvance};
  if (WaitIsNews(snapshot, now)) return {Do::kAdvance};
  return {Do::kWait, kLookAgain};
}

}  // namespace aloft::jobs
