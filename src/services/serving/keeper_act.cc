#include "platform/compute/errors.h"
#include "services/resources/tags.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/keeper_step.h"
#include "services/serving/workers/version.h"

namespace aloft::serving {

Status Keeper::Step::Act(const Action& action, bool* changed) {
  *changed = action.kind != Action::Kind::kStart;
  switch (action.kind) {
    case Action::Kind::kStart: {
      const Deployment& deployment = action.of_next ? *endpoint_.next : *endpoint_.current;
      return StartSlot(deployment, deployment.slots[action.slot]);
    }
    case Action::Kind::kRetry: return Retry(action);
    case Action::Kind::kShift: return Shift(action.share);
    case Action::Kind::kPromote: return Promote();
    case Action::Kind::kSettle: return Settle();
    case Action::Kind::kAbandon: return Abandon(action.reason);
    case Action::Kind::kFail: return FailAll(action.reason);
    case Action::Kind::kForget: return ForgetAll();
  }
  return {};
}

Status Keeper::Step::StartSlot(const Deployment& deployment, const Slot& slot) {
  const Variant& variant = deployment.variants[static_cast<std::size_t>(slot.variant)];
  WorkerName name = NameOf(scope_, endpoint_.name, deployment, slot);
  auto start = [&]() -> Status {
    ALOFT_ASSIGN(compute::TaskSpec spec, SpecOf(name, variant, with_.runtimes));
    return with_.backend.Start(spec);
  };
  Status started = start();
  if (started.ok()) {
    keeper_.log_.Info("a model worker was started", {{"task", TaskIdOf(name).value()}});
    return {};
  }
  ErrorKind kind = started.error().kind();
  if (kind != ErrorKind::kInvalid && kind != ErrorKind::kExhausted && kind != ErrorKind::kUnimplemented) {
    return started;  // not now: the loop tries again
  }
  memory_.cannot_start[TaskIdOf(name)] = started.error().message;
  LookAt(now_);
  return {};
}

Status Keeper::Step::Retry(const Action& action) {
  std::optional<Deployment>& deployment = action.of_next ? endpoint_.next : endpoint_.current;
  Slot& slot = deployment->slots[action.slot];
  WorkerName old = NameOf(scope_, endpoint_.name, *deployment, slot);
  slot.attempt += 1;
  slot.failures = action.failures;
  slot.retry_at = action.retry_at;
  slot.socket.clear();
  if (action.settle) {
    endpoint_.status = EndpointStatus::kInService;
    endpoint_.failure = action.reason;
  }
  ALOFT_TRY(Save());
  keeper_.log_.Warn("a model worker failed and is started again",
                    {{"task", TaskIdOf(old).value()},
                     {"failures", std::to_string(action.failures)},
                     {"why", action.reason.substr(action.reason.size() > 200 ? action.reason.size() - 200 : 0)}});
  memory_.cannot_start.erase(TaskIdOf(old));
  End(std::move(old));
  return {};
}

Status Keeper::Step::Shift(double share) {
  endpoint_.rollout.share = share;
  endpoint_.rollout.stepped = now_;
  ALOFT_TRY(Write());
  keeper_.log_.Info("an update of an endpoint moves traffic",
                    {{"endpoint", endpoint_.name}, {"share", std::to_string(share)}});
  return {};
}

Status Keeper::Step::Settle() {
  endpoint_.status = EndpointStatus::kInService;
  endpoint_.failure.clear();
  return Save();
}

Status Keeper::Step::Promote() {
  std::optional<Deployment> old = std::move(endpoint_.current);
  endpoint_.current = std::move(endpoint_.next);
  endpoint_.next.reset();
  for (Slot& slot : endpoint_.current->slots) {
    slot.failures = 0;
    slot.retry_at.reset();
  }
  endpoint_.status = EndpointStatus::kInService;
  endpoint_.config = endpoint_.current->config;
  endpoint_.failure.clear();
  ALOFT_TRY(Save());
  keeper_.log_.Info("an endpoint is in service", {{"endpoint", endpoint_.name}, {"config", endpoint_.config}});
  if (!old) return {};
  for (const Slot& slot : old->slots) {
    Retire(NameOf(scope_, endpoint_.name, *old, slot), endpoint_.rollout.termination_wait);
  }
  return {};
}

Status Keeper::Step::Abandon(const std::string& reason) {
  std::optional<Deployment> given_up = std::move(endpoint_.next);
  bool had_traffic = endpoint_.rollout.share > 0;
  endpoint_.next.reset();
  endpoint_.rollout = {};
  endpoint_.status = EndpointStatus::kInService;
  endpoint_.failure = reason;
  ALOFT_TRY(Save());
  keeper_.log_.Warn("an update of an endpoint was given up", {{"endpoint", endpoint_.name}});
  if (!had_traffic) {
    End(given_up);
    return {};
  }
  for (const Slot& slot : given_up->slots) {
    Retire(NameOf(scope_, endpoint_.name, *given_up, slot), std::chrono::seconds(0));
  }
  return {};
}

Status Keeper::Step::FailAll(const std::string& reason) {
  std::optional<Deployment> current = std::move(endpoint_.current), next = std::move(endpoint_.next);
  endpoint_.current.reset();
  endpoint_.next.reset();
  endpoint_.status = EndpointStatus::kFailed;
  endpoint_.failure = reason;
  ALOFT_TRY(Save());
  keeper_.log_.Warn("an endpoint failed", {{"endpoint", endpoint_.name}});
  End(current);
  End(next);
  return {};
}

Status Keeper::Step::ForgetAll() {
  // The workers first: were the record gone before them, nobody would know whose they are until the next start.
  End(endpoint_.current);
  End(endpoint_.next);
  std::string arn = EndpointArn(scope_, endpoint_.name);
  return with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(work::CheckLease(transaction, *lease_));
    ALOFT_TRY(RemoveEndpoint(transaction, scope_, endpoint_));
    return resources::RemoveAllTags(transaction, arn);
  });
}

Status Keeper::Step::Save() {
  endpoint_.modified = now_;
  return Write();
}

Status Keeper::Step::Write() {
  return with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_TRY(work::CheckLease(transaction, *lease_));
    return UpdateEndpoint(transaction, scope_, endpoint_);
  });
}

void Keeper::Step::End(const std::optional<Deployment>& deployment) {
  if (!deployment) return;
  for (const Slot& slot : deployment->slots) {
    WorkerName worker = NameOf(scope_, endpoint_.name, *deployment, slot);
    memory_.cannot_start.erase(TaskIdOf(worker));
    End(std::move(worker));
  }
}

void Keeper::Step::End(WorkerName worker) {
  if (keeper_.EndWorker(worker)) return;
  memory_.retired.push_back({std::move(worker), now_ + kEndAgain, now_ + kEndAgain});
  LookAt(now_ + kEndAgain);
}

}  // namespace aloft::serving
