#include "services/serving/keeper_step.h"

#include <algorithm>

#include "platform/compute/errors.h"
#include "services/models/serving_plan.h"
#include "services/serving/component.h"
#include "services/serving/deployment.h"
#include "services/serving/endpoints/rollout.h"
#include "services/serving/workers/version.h"

namespace aloft::serving {
namespace {

constexpr int kPagesPerStep = 4;
constexpr std::chrono::milliseconds kDrainLook{100};
constexpr std::chrono::seconds kAlarmLook{1};
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

Result<work::Again> Keeper::Step::Run() {
  bool first = !memory_.adopted;
  ALOFT_ASSIGN(bool woken, WakeOrSleep());
  if (woken) return work::Again{std::chrono::microseconds(0)};
  if (lease_) {
    ALOFT_ASSIGN(bool fitted, Fit());
    if (fitted) return work::Again{std::chrono::microseconds(0)};
  }
  View view;
  view.status = endpoint_.status;
  view.now = now_;
  view.rollout = endpoint_.rollout;
  if (endpoint_.current) {
    ALOFT_ASSIGN(view.current, See(*endpoint_.current, first));
  }
  if (endpoint_.next) {
    ALOFT_ASSIGN(view.next, See(*endpoint_.next, first && endpoint_.rollout.share > 0));
    view.next_started = endpoint_.next->started;
    if (lease_ && with_.alarm_fires) view.alarm = FiringAlarm();
  }
  memory_.adopted = true;
  if (!lease_) {
    Publish();
    return AgainAt();
  }
  ALOFT_ASSIGN(bool noted, NoteSockets());
  if (noted) return work::Again{std::chrono::microseconds(0)};
  view.drained = with_.router.InFlight(scope_, endpoint_.name) == 0;
  view.drain_over = now_ - endpoint_.modified >= keeper_.options_.drain;
  Publish();

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
  view.shadow = variant.shadow;
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
  if (status->phase == compute::Phase::kPending && !status->message.empty()) {
    view.waiting_since = status->transitions.front().at;
    view.waits_for = status->message;
  }
  view.running_since = status->command_started;
  view.outcome = status->outcome;
  if (view.task == SlotView::Task::kEnded) view.failure = FailureText(*status);
  if (view.task != SlotView::Task::kRunning) {
    // Whether an ended worker had served still counts.
    view.ready_since = keeper_.health_.Known(id).ready_since;
    return view;
  }
  if (Status copied = keeper_.usage_.Copy(name); !copied.ok()) {
    keeper_.log_.Warn("what a model worker uses could not be stored",
                      {{"task", id.value()}, {"error", Describe(copied.error())}});
  }
  WorkerAddress address;
  address.socket = status->socket_path;
  models::ContainerPaths paths = models::PathsOf(variant.model);
  if (!paths.ping.empty()) address.ping = std::move(paths.ping);
  if (!paths.invocations.empty()) address.invocations = std::move(paths.invocations);
  SeeHealth(id, address.Text(), trusted, view);
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
  // A worker that an earlier server left in service has served since it runs, as far as anybody can tell: counted from
  // this server's start, one that outlives many servers would never have proven itself.
  const std::optional<Time> since = trusted ? std::optional(view.running_since.value_or(now_)) : std::nullopt;
  HealthView health = keeper_.health_.Look(id, socket, since, &next);
  view.ready = health.ready;
  view.ready_since = health.ready_since;
  view.silent = health.silent;
  sockets_[id] = socket;
  engines_[id] = health.engine;
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

void Keeper::Step::Publish() {
  std::map<compute::TaskId, std::string> sockets;
  for (const compute::TaskId& id : answering_) sockets[id] = sockets_[id];
  std::shared_ptr<Version> version = VersionOf(scope_, endpoint_, sockets);
  const int most = endpoint_.current ? MaxConcurrencyOf(*endpoint_.current) : 0;
  const bool hosts = endpoint_.current && IsHost(*endpoint_.current);
  std::string shown = std::string(ToString(endpoint_.status)) + " " + std::to_string(most) + (hosts ? " hosts" : "");
  if (version) {
    for (RoutedVariant& variant : version->variants) {
      shown += "\n" + variant.name + " " + std::to_string(variant.weight);
      for (RoutedWorker& worker : variant.workers) {
        worker.engine = engines_[worker.task];
        shown += " " + worker.task.value() + " " + worker.engine;
      }
    }
  }
  if (shown == memory_.published) return;
  memory_.published = shown;
  with_.router.SetHosting(scope_, endpoint_.name, endpoint_.host, hosts);
  with_.router.Publish(scope_, endpoint_.name, endpoint_.status, std::move(version), most);
}

std::string Keeper::Step::FiringAlarm() {
  const std::vector<std::string> guards = AlarmsOf(endpoint_.deployment_config);
  if (!guards.empty()) LookAt(now_ + kAlarmLook);
  for (const std::string& alarm : guards) {
    // One that was deleted meanwhile guards nothing.
    Result<bool> fires = with_.alarm_fires(scope_, alarm);
    if (fires.ok() && *fires) return alarm;
  }
  return "";
}

Result<bool> Keeper::Step::WakeOrSleep() {
  if (!endpoint_.current || endpoint_.status == EndpointStatus::kDeleting) return false;
  const bool wanted = with_.router.Waiting(scope_, endpoint_.name) > 0;
  const std::uint64_t admitted = with_.router.Admitted(scope_, endpoint_.name);
  if (wanted || admitted != memory_.admitted || memory_.idle_since == Time{} ||
      with_.router.InFlight(scope_, endpoint_.name) > 0) {
    memory_.admitted = admitted;
    memory_.idle_since = now_;
  }
  const Time bedtime = memory_.idle_since + keeper_.options_.serverless_idle;
  bool changed = false;
  for (Variant& variant : endpoint_.current->variants) {
    const bool sleeps = variant.instances() == 0;
    if (sleeps && wanted && !variant.shadow) {
      variant.plan.initial_instance_count = 1;
      changed = true;
      keeper_.log_.Info("a request wakes a variant", {{"endpoint", endpoint_.name}, {"variant", variant.name()}});
    }
    // Of several servers each sees only its own requests: the one that keeps the endpoints decides.
    if (sleeps || !lease_ || !SleepsWhenIdle(variant) || endpoint_.status != EndpointStatus::kInService) continue;
    if (now_ < bedtime) {
      LookAt(bedtime);
    } else {
      variant.plan.initial_instance_count = 0;
      changed = true;
    }
  }
  if (!changed) return false;
  if (lease_) {
    // The slots in the same write: a request waits.
    std::vector<Slot> taken = FitSlots(*endpoint_.current);
    ALOFT_TRY(Write());
    for (const Slot& slot : taken) {
      Retire(NameOf(scope_, endpoint_.name, *endpoint_.current, slot), std::chrono::seconds(0));
    }
    return true;
  }
  // A wish, as the API writes it: who holds the lease carries it out.
  ALOFT_TRY(with_.database.Write(
      [&](sql::Transaction& transaction) { return UpdateEndpoint(transaction, scope_, endpoint_); }));
  return true;
}

// As many slots as are wished. What is too many gets no request from the next look on, and ends when it has answered.
Result<bool> Keeper::Step::Fit() {
  bool fitted = false;
  std::vector<WorkerName> leaving;
  for (std::optional<Deployment>* deployment : {&endpoint_.current, &endpoint_.next}) {
    if (!*deployment) continue;
    std::size_t before = (*deployment)->slots.size();
    std::vector<Slot> taken = FitSlots(**deployment);
    fitted = fitted || !taken.empty() || (*deployment)->slots.size() != before;
    for (const Slot& slot : taken) leaving.push_back(NameOf(scope_, endpoint_.name, **deployment, slot));
  }
  if (fitted) ALOFT_TRY(Write());
  for (WorkerName& worker : leaving) Retire(std::move(worker), std::chrono::seconds(0));
  return fitted;
}

void Keeper::Step::Retire(WorkerName worker, std::chrono::seconds stay) {
  Retired& retired = memory_.retired.emplace_back();
  retired.worker = std::move(worker);
  retired.from = now_ + std::max(stay, kLinger);
  retired.until = retired.from + keeper_.options_.drain;
}

void Keeper::Step::EndRetired() {
  std::erase_if(memory_.retired, [&](const Retired& retired) {
    if (now_ < retired.from) {
      LookAt(retired.from);
      return false;
    }
    if (now_ < retired.until && with_.router.InUse(scope_, endpoint_.name, TaskIdOf(retired.worker))) {
      LookAt(now_ + kDrainLook);
      return false;
    }
    if (keeper_.EndWorker(retired.worker)) return true;
    LookAt(now_ + kEndAgain);
    return false;
  });
}

}  // namespace aloft::serving
