#include "services/serving/endpoints/policy.h"

#include <algorithm>

namespace aloft::serving {
namespace {

constexpr std::size_t kMaxReason = 1024;  // of FailureReason in the API

// AWS's sentence first, because people search for it; then what the model said, of whose text the end says most.
std::string NotStarted(const SlotView& slot, const std::string& why) {
  std::string reason = "The primary container for production variant " + slot.variant +
                       " did not pass the ping health check. Please check CloudWatch logs for this endpoint.";
  if (why.empty()) return reason;
  std::size_t room = kMaxReason - reason.size() - 1;
  return reason + " " + (why.size() > room ? why.substr(why.size() - room) : why);
}

// SageMaker's words first; then what is missing, and what helps.
std::string NoRoom(const SlotView& slot) {
  return "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error: a worker of "
         "production variant " +
         slot.variant + " " + slot.waits_for + ". Delete endpoints or stop jobs, or take a smaller instance type.";
}

// Whether the same attempt would fail again, because the caller has something to mend.
bool IsFinal(compute::Outcome outcome) {
  return outcome == compute::Outcome::kInputRefused || outcome == compute::Outcome::kCannotRun;
}

class Decider {
 public:
  explicit Decider(const View& view) : view_(view) {}

  Decision Run() {
    if (view_.status == EndpointStatus::kDeleting) {
      if (view_.drained || view_.drain_over) Add(Action::Kind::kForget);
      return std::move(decision_);
    }
    if (view_.status == EndpointStatus::kFailed) return std::move(decision_);
    if (view_.next && view_.current && !view_.alarm.empty()) {
      GiveUp("The alarm " + view_.alarm + " is in state ALARM; the update was rolled back.");
    } else if (view_.next) {
      Raise(*view_.next);
    }
    if (view_.current && !over_) Keep(*view_.current);
    return std::move(decision_);
  }

 private:
  Action& Add(Action::Kind kind, std::string reason = {}) {
    Action& action = decision_.actions.emplace_back();
    action.kind = kind;
    action.reason = std::move(reason);
    return action;
  }

  void LookAt(Time time) { decision_.look_again = std::min(decision_.look_again.value_or(time), time); }

  // Why this attempt has failed; absent while it has not. Sets a time to look again where one can come.
  std::optional<std::string> FailureOf(const SlotView& slot) {
    if (slot.task == SlotView::Task::kEnded) return slot.failure;
    if (slot.waiting_since) {
      Time patience_ends = *slot.waiting_since + kRoomPatience;
      if (view_.now >= patience_ends) return NoRoom(slot);
      LookAt(patience_ends);
    }
    if (slot.task != SlotView::Task::kRunning) return std::nullopt;
    if (slot.silent) return "The worker no longer answers its health check.";
    if (slot.ready || slot.ready_since || !slot.running_since) return std::nullopt;
    Time deadline = *slot.running_since + slot.startup_timeout;
    if (view_.now >= deadline) {
      return "The worker did not answer within " + std::to_string(slot.startup_timeout.count()) + " seconds.";
    }
    LookAt(deadline);
    return std::nullopt;
  }

  void StartIfDue(const SlotView& slot, std::size_t index, bool of_next) {
    if (slot.slot.retry_at && view_.now < *slot.slot.retry_at) return LookAt(*slot.slot.retry_at);
    Action& action = Add(Action::Kind::kStart);
    action.of_next = of_next;
    action.slot = index;
  }

  void Retry(std::size_t index, bool of_next, int failures, const std::string& why) {
    Action& action = Add(Action::Kind::kRetry, why);
    action.of_next = of_next;
    action.slot = index;
    action.failures = failures;
    action.retry_at = view_.now + RetryDelay(failures);
    LookAt(action.retry_at);
  }

  // A deployment that does not answer yet: all of its workers, or none.
  void Raise(const std::vector<SlotView>& slots) {
    bool all_ready = true;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const SlotView& slot = slots[i];
      all_ready = all_ready && slot.ready;
      if (slot.task == SlotView::Task::kAbsent) {
        StartIfDue(slot, i, true);
        continue;
      }
      std::optional<std::string> why = FailureOf(slot);
      if (!why) continue;
      if (slot.waiting_since) return GiveUp(*why);
      int failures = slot.slot.failures + 1;
      // One that fails under traffic is what the gradual shift is there to find.
      if (IsFinal(slot.outcome) || failures >= kStartTries || view_.rollout.share > 0) {
        return GiveUp(NotStarted(slot, *why));
      }
      Retry(i, true, failures, *why);
    }
    if (all_ready) return Shift();
    // An update has a time for all of it; what is created has the one of its workers.
    if (view_.current && view_.rollout.limit.count() > 0) {
      Time end = view_.next_started + view_.rollout.limit;
      if (view_.now >= end) return GiveUp("The update took longer than its MaximumExecutionTimeoutInSeconds.");
      LookAt(end);
    }
  }

  void GiveUp(std::string reason) {
    decision_ = {};
    Add(view_.current ? Action::Kind::kAbandon : Action::Kind::kFail, std::move(reason));
    over_ = !view_.current;
  }

  // All workers of `next` answer: the next step of the traffic, or the end of the update.
  void Shift() {
    const Rollout& rollout = view_.rollout;
    if (view_.current && rollout.stepped && view_.now < *rollout.stepped + rollout.wait) {
      return LookAt(*rollout.stepped + rollout.wait);
    }
    double share = 1;
    if (rollout.kind == Rollout::Kind::kLinear) share = rollout.share + rollout.step;
    if (rollout.kind == Rollout::Kind::kCanary && !rollout.stepped) share = rollout.step;
    if (share > 0.999) share = 1;
    bool last = !view_.current || rollout.share >= 1 || (share >= 1 && rollout.wait.count() == 0);
    decision_ = {};
    over_ = last;
    if (last) {
      Add(Action::Kind::kPromote);
    } else {
      Add(Action::Kind::kShift).share = share;
    }
  }

  // The deployment that answers: every worker for itself.
  void Keep(const std::vector<SlotView>& slots) {
    bool growing = view_.status == EndpointStatus::kUpdating && !view_.next, all_ready = true;
    bool some_ready = std::any_of(slots.begin(), slots.end(), [](const SlotView& slot) { return slot.ready; });
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const SlotView& slot = slots[i];
      all_ready = all_ready && slot.ready;
      if (slot.task == SlotView::Task::kAbsent) {
        StartIfDue(slot, i, false);
        continue;
      }
      std::optional<std::string> why = FailureOf(slot);
      if (!why) continue;
      if (slot.waiting_since) {
        // What was asked to grow stops to hope; what has to run waits on.
        if (!growing) continue;
        Retry(i, false, slot.slot.failures + 1, *why);
        decision_.actions.back().settle = true;
        continue;
      }
      bool proven = slot.ready_since && view_.now - *slot.ready_since >= kProvenAfter;
      int failures = proven ? 1 : slot.slot.failures + 1;
      // While others answer, one that does not come up is no reason to end them; a shadow never is.
      if (failures >= kRestartTries && !some_ready && !slot.shadow) {
        decision_ = {};
        Add(Action::Kind::kFail, NotStarted(slot, *why));
        return;
      }
      Retry(i, false, failures, *why);
      if (growing && failures >= kStartTries) {
        decision_.actions.back().settle = true;
        decision_.actions.back().reason = NotStarted(slot, *why);
      }
    }
    if (growing && all_ready) Add(Action::Kind::kSettle);
  }

  const View& view_;
  Decision decision_;
  bool over_ = false;  // what was decided leaves nothing to do for `current`
};

}  // namespace

Decision Decide(const View& view) {
  return Decider(view).Run();
}

std::chrono::milliseconds RetryDelay(int failures) {
  std::chrono::milliseconds delay = kFirstRetry;
  for (int i = 1; i < failures && delay < kLastRetry; ++i) delay *= 2;
  return std::min<std::chrono::milliseconds>(delay, kLastRetry);
}

}  // namespace aloft::serving
