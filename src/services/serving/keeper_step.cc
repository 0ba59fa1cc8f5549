#include "services/serving/keeper_step.h"

#include <algorithm>

#include "platform/compute/errors.h"
#include "services/models/service.h"
#include "services/resources/arn.h"
#include "services/resources/tags.h"

namespace aloft::serving {
namespace {

constexpr int kPagesPerStep = 4;
constexpr std::chrono::milliseconds kDrainLook{100};
// Old workers stay a little, because other servers may still send them requests until they have looked.
constexpr std::chrono::seconds kLinger{3};

SlotView::Task TaskOf(compute::Phase phase) {
  switch (phase) {
    case compute::Phase::kRunning:
    case compute::Phase::kUploading: return SlotView::Task::kRunning;
    case compute::Phase::kEnded: return SlotView::Task::kEnded;
    default: return SlotView::Task::kStarting;
  }
}

// A server of models ends when it is told to; whatever ended it otherwise is a failure, and has a text.
std::string FailureText(const compute::TaskStatus& status) {
  if (!status.failure.empty()) return status.failure;
  if (status.outcome == compute::Outcome::kSucceeded) return "The worker ended by itself with status 0.";
  return "The worker ended: " + std::string(ToString(status.outcome)) + ".";
}

}  // namespace

WorkerName NameOf(const Scope& scope, const std::string& endpoint, const Deployment& deployment, const Slot& slot) {
  const Variant& variant = deployment.variants[static_cast<std::size_t>(slot.variant)];
  return {scope, endpoint, deployment.generation, variant.name(), slot.instance, slot.attempt};
}

Result<work::Again> Keeper::Step::Run() {
  bool first = !memory_.adopted;
  View view;
  view.status = endpoint_.status;
  view.now = now_;
  if (endpoint_.current) {
    ALOFT_ASSIGN(view.current, See(*endpoint_.current, first));
  }
  if (endpoint_.next) {
    ALOFT_ASSIGN(view.next, See(*endpoint_.next, false));
  }
  memory_.adopted = true;
  if (!lease_) {
    Publish(view.current);
    return AgainAt();
  }
  ALOFT_ASSIGN(bool noted, NoteSockets());
  if (noted) return work::Again{std::chrono::microseconds(0)};
  view.drained = with_.router.InFlight(scope_, endpoint_.name) == 0;
  view.drain_over = now_ - endpoint_.modified >= keeper_.options_.drain;
  Publish(view.current);

  Decision decision = Decide(view);
  if (decision.look_again) LookAt(*decision.look_again);
  if (endpoint_.status == EndpointStatus::kDeleting) LookAt(now_ + kDrainLook);
  for (const Action& action : decision.actions) {
    bool changed = false;
    ALOFT_TRY(Act(action, &changed));
    if (changed) return work::Again{std::chrono::microseconds(0)};
  }
  EndRetired();
  return AgainAt();
}

work::Again Keeper::Step::AgainAt() const {
  work::Again again;
  if (again_) again.after = std::max(*again_ - now_, std::chrono::microseconds(0));
  return again;
}

void Keeper::Step::LookAt(Time time) {
  again_ = std::min(again_.value_or(time), time);
}

Result<std::vector<SlotView>> Keeper::Step::See(const Deployment& deployment, bool trusted) {
  std::vector<SlotView> views;
  for (const Slot& slot : deployment.slots) {
    ALOFT_ASSIGN(SlotView view, SeeSlot(deployment, slot, trusted));
    views.push_back(std::move(view));
  }
  return views;
}

Result<SlotView> Keeper::Step::SeeSlot(const Deployment& deployment, const Slot& slot, bool trusted) {
  const Variant& variant = deployment.variants[static_cast<std::size_t>(slot.variant)];
  WorkerName name = NameOf(scope_, endpoint_.name, deployment, slot);
  compute::TaskId id = TaskIdOf(name);
  SlotView view;
  view.slot = slot;
  view.variant = variant.name();
  view.startup_timeout = variant.startup_timeout();
  if (!lease_) return SeeFromOutside(name, slot);
  if (auto why = memory_.cannot_start.find(id); why != memory_.cannot_start.end()) {
    view.task = SlotView::Task::kEnded;
    view.outcome = compute::Outcome::kCannotRun;
    view.failure = why->second;
    return view;
  }
  Result<compute::TaskStatus> status = with_.backend.Observe(id);
  if (!status.ok() && status.error().reason == compute::kNoSuchTask) return view;
  if (!status.ok()) return std::move(status).error();

  ALOFT_ASSIGN(bool more, keeper_.shipper_.Ship(name, kPagesPerStep));
  if (more) LookAt(now_);
  view.task = TaskOf(status->phase);
  view.running_since = status->command_started;
  view.outcome = status->outcome;
  if (view.task == SlotView::Task::kEnded) view.failure = FailureText(*status);
  if (view.task != SlotView::Task::kRunning) {
    // Whether an ended worker had served still counts.
    view.ready_since = keeper_.health_.Known(id).ready_since;
    return view;
  }
  SeeHealth(id, status->socket_path, trusted, view);
  return view;
}

SlotView Keeper::Step::SeeFromOutside(const WorkerName& name, const Slot& slot) {
  SlotView view;
  view.slot = slot;
  view.variant = name.variant;
  if (slot.socket.empty()) return view;
  view.task = SlotView::Task::kRunning;
  SeeHealth(TaskIdOf(name), slot.socket, true, view);
  return view;
}

void Keeper::Step::SeeHealth(const compute::TaskId& id, const std::string& socket, bool trusted, SlotView& view) {
  Time next{};
  HealthView health = keeper_.health_.Look(id, socket, trusted, &next);
  view.ready = health.ready;
  view.ready_since = health.ready_since;
  view.silent = health.silent;
  sockets_[id] = socket;
  if (health.ready) answering_.insert(id);
  LookAt(next);
}

Result<bool> Keeper::Step::NoteSockets() {
  bool noted = false;
  for (std::optional<Deployment>* deployment : {&endpoint_.current, &endpoint_.next}) {
    if (!*deployment) continue;
    for (Slot& slot : (*deployment)->slots) {
      compute::TaskId id = TaskIdOf(NameOf(scope_, endpoint_.name, **deployment, slot));
      if (!answering_.contains(id) || slot.socket == sockets_[id]) continue;
      slot.socket = sockets_[id];
      noted = true;
    }
  }
  // Beside the bookkeeping nothing changed: "last modified" stays.
  if (noted) ALOFT_TRY(Write());
  return noted;
}

Status Keeper::Step::Act(const Action& action, bool* changed) {
  *changed = action.kind != Action::Kind::kStart;
  switch (action.kind) {
    case Action::Kind::kStart: {
      const Deployment& deployment = action.of_next ? *endpoint_.next : *endpoint_.current;
      return StartSlot(deployment, deployment.slots[action.slot]);
    }
    case Action::Kind::kRetry: return Retry(action);
    case Action::Kind::kPromote: return Promote();
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
    ALOFT_ASSIGN(auto container, models::ServedContainer(variant.model));
    ALOFT_ASSIGN(compute::Runtime runtime, with_.runtimes.Resolve(*container.image));
    ALOFT_ASSIGN(compute::TaskSpec spec, SpecOf(name, variant, runtime));
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
  ALOFT_TRY(Save());
  keeper_.log_.Warn("a model worker failed and is started again",
                    {{"task", TaskIdOf(old).value()},
                     {"failures", std::to_string(action.failures)},
                     {"why", action.reason.substr(action.reason.size() > 200 ? action.reason.size() - 200 : 0)}});
  keeper_.EndWorker(old);
  memory_.cannot_start.erase(TaskIdOf(old));
  return {};
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
  Retired& retired = memory_.retired.emplace_back();
  retired.generation = old->generation;
  retired.from = now_ + kLinger;
  retired.until = now_ + keeper_.options_.drain;
  for (const Slot& slot : old->slots) retired.workers.push_back(NameOf(scope_, endpoint_.name, *old, slot));
  return {};
}

Status Keeper::Step::Abandon(const std::string& reason) {
  std::optional<Deployment> given_up = std::move(endpoint_.next);
  endpoint_.next.reset();
  endpoint_.status = EndpointStatus::kInService;
  endpoint_.failure = reason;
  ALOFT_TRY(Save());
  keeper_.log_.Warn("an update of an endpoint was given up", {{"endpoint", endpoint_.name}});
  End(given_up);
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
  std::string arn = resources::SageMakerArn(scope_.account, scope_.region, "endpoint", endpoint_.name);
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
    keeper_.EndWorker(worker);
    memory_.cannot_start.erase(TaskIdOf(worker));
  }
}

void Keeper::Step::Publish(const std::optional<std::vector<SlotView>>& current) {
  auto version = std::make_shared<Version>();
  std::string shown = std::string(ToString(endpoint_.status));
  if (endpoint_.current && current && endpoint_.status != EndpointStatus::kDeleting) {
    version->generation = endpoint_.current->generation;
    for (const Variant& variant : endpoint_.current->variants) {
      version->variants.push_back({variant.name(), variant.weight(), {}});
    }
    for (const SlotView& slot : *current) {
      if (!slot.ready) continue;
      RoutedWorker worker;
      WorkerName name = NameOf(scope_, endpoint_.name, *endpoint_.current, slot.slot);
      worker.task = TaskIdOf(name);
      worker.socket = sockets_[worker.task];
      worker.log_stream_arn = LogStreamArn(name);
      shown += "\n" + worker.task.value();
      version->variants[static_cast<std::size_t>(slot.slot.variant)].workers.push_back(std::move(worker));
    }
  }
  if (shown == memory_.published) return;
  memory_.published = shown;
  bool answers = std::any_of(version->variants.begin(), version->variants.end(),
                             [](const RoutedVariant& variant) { return !variant.workers.empty(); });
  with_.router.Publish(scope_, endpoint_.name, endpoint_.status, answers ? std::move(version) : nullptr);
}

void Keeper::Step::EndRetired() {
  std::erase_if(memory_.retired, [&](const Retired& retired) {
    if (now_ < retired.from) {
      LookAt(retired.from);
      return false;
    }
    if (now_ < retired.until && with_.router.InUse(scope_, endpoint_.name, retired.generation)) {
      LookAt(now_ + kDrainLook);
      return false;
    }
    for (const WorkerName& worker : retired.workers) keeper_.EndWorker(worker);
    return true;
  });
}

}  // namespace aloft::serving
