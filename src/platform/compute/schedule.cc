#include "platform/compute/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace aloft::compute {
namespace {

constexpr auto kStopGrace = std::chrono::seconds(120);  // until one that was asked to leave is gone

using Granted = std::vector<std::pair<TaskId, Limits>>;

struct Counted {
  InUse in_use;
  int instances = 0;
};

using Held = std::map<std::pair<std::string, std::string>, Counted>;

// Adds one task's limits to what its queue and its owner hold.
void Count(Held& held, const std::string& queue, const std::string& owner, const Limits& limits) {
  for (const std::string& who : {std::string(), owner}) {
    Counted& counted = held[{queue, who}];
    counted.in_use.Add(limits);
    ++counted.instances;
    if (owner.empty()) break;
  }
}

void Uncount(Held& held, const std::string& queue, const std::string& owner, const Limits& limits) {
  for (const std::string& who : {std::string(), owner}) {
    Counted& counted = held[{queue, who}];
    counted.in_use.Remove(limits);
    --counted.instances;
    if (owner.empty()) break;
  }
}

// What a quota holds back, "" where nothing.
std::string Beyond(const Quota& quota, const std::string& whose, const Counted& held, const Counted& wanted) {
  auto over = [&](const char* what, double limit, double has, double wants) {
    return fmt::format("waits for {}: {:g} of {:g} {} are in use and it needs {:g}", whose, has, limit, what, wants);
  };
  constexpr double kGiB = 1u << 30;
  if (quota.instances && held.instances + wanted.instances > *quota.instances)
    return over("instances", *quota.instances, held.instances, wanted.instances);
  if (quota.gpus && held.in_use.gpus + wanted.in_use.gpus > *quota.gpus)
    return over("GPUs", *quota.gpus, held.in_use.gpus, wanted.in_use.gpus);
  if (quota.vcpus && held.in_use.vcpus + wanted.in_use.vcpus > *quota.vcpus)
    return over("vCPUs", *quota.vcpus, held.in_use.vcpus, wanted.in_use.vcpus);
  if (quota.memory_bytes && held.in_use.memory + wanted.in_use.memory > static_cast<double>(*quota.memory_bytes))
    return over("GiB of memory", static_cast<double>(*quota.memory_bytes) / kGiB, held.in_use.memory / kGiB,
                wanted.in_use.memory / kGiB);
  return {};
}

std::string NameOf(const std::string& queue, const std::string& owner) {
  return owner.empty() ? "the quota of account " + queue : "the quota of " + owner;
}

Counted SumOf(const std::vector<Limits>& wanted) {
  Counted sum;
  for (const Limits& limits : wanted) {
    sum.in_use.Add(limits);
    ++sum.instances;
  }
  return sum;
}

// All members, one after the other; the reason of the first that does not fit.
std::optional<Granted> Fit(const Capacity& capacity, InUse in_use, const Candidate& candidate, std::string* why) {
  Granted granted;
  for (std::size_t i = 0; i < candidate.members.size(); ++i) {
    Placement placement = PlaceBeside(capacity, in_use, candidate.wanted[i]);
    if (placement.verdict != Placement::Verdict::kStart) {
      if (why) *why = std::move(placement.reason);
      return std::nullopt;
    }
    in_use.Add(placement.granted);
    granted.emplace_back(candidate.members[i], placement.granted);
  }
  return granted;
}

// When the first who waits gets its room, and what is in use from then on, it included.
struct Reservation {
  Time at{};
  InUse then{};
  TaskId whose{};
};

class Decider {
 public:
  Decider(const Capacity& capacity, const Quotas& quotas, const std::vector<Holder>& holders, Time now)
      : capacity_(capacity), quotas_(quotas), holders_(holders), now_(now) {
    for (const Holder& holder : holders) {
      in_use_.Add(holder.granted);
      Count(held_, holder.queue, holder.owner, holder.granted);
    }
  }

  std::map<std::string, double> HeldByQueue() const {
    std::map<std::string, double> held;
    for (const auto& [who, counted] : held_)
      if (who.second.empty()) held[who.first] = counted.in_use.vcpus;
    return held;
  }

  void Consider(const Candidate& candidate) {
    std::string why = candidate.missing;
    if (why.empty()) why = BeyondQuotas(candidate);
    if (why.empty()) {
      auto granted = Fit(capacity_, in_use_, candidate, &why);
      if (granted && MayPass(candidate, *granted)) return Start(candidate, std::move(*granted));
      if (granted)
        why = "there is room, but what waits longer would start later";
      else
        why = Wait(candidate, std::move(why));
    }
    decision.waits.emplace(candidate.members.front(), std::move(why));
  }

  // Of the rooms that are kept for its pool the one that would be kept least long.
  bool StartInKeptRoom(const Candidate& candidate) {
    if (candidate.pool.empty() || !candidate.missing.empty()) return false;
    const Holder* found = nullptr;
    std::map<TaskId, std::size_t> hosts;
    for (const Holder& holder : holders_)
      if (holder.kept_for == candidate.pool) ++hosts[holder.group];
    for (const Holder& holder : holders_) {
      if (holder.kept_for != candidate.pool || taken_.contains(holder.group)) continue;
      if (hosts[holder.group] != candidate.members.size()) continue;
      if (!found || holder.ends_by.value_or(Time::max()) < found->ends_by.value_or(Time::max())) found = &holder;
    }
    if (!found) return false;
    const InUse in_use = in_use_;
    const Held held = held_;
    for (const Holder& holder : holders_) {
      if (holder.group != found->group) continue;
      in_use_.Remove(holder.granted);
      Uncount(held_, holder.queue, holder.owner, holder.granted);
    }
    std::optional<Granted> granted;
    if (BeyondQuotas(candidate).empty()) granted = Fit(capacity_, in_use_, candidate, nullptr);
    if (!granted) {
      in_use_ = in_use;
      held_ = held;
      return false;
    }
    taken_.insert(found->group);
    decision.rooms.emplace(candidate.members.front(), found->group);
    Start(candidate, std::move(*granted));
    return true;
  }

  Decision decision;

 private:
  std::string BeyondQuotas(const Candidate& candidate) const {
    if (quotas_.empty()) return {};
    Counted wanted = SumOf(candidate.wanted);
    for (const std::string& owner : {std::string(), candidate.owner}) {
      auto quota = quotas_.find({candidate.queue, owner});
      if (quota == quotas_.end()) continue;
      auto held = held_.find({candidate.queue, owner});
      std::string why =
          Beyond(quota->second, NameOf(candidate.queue, owner), held == held_.end() ? Counted{} : held->second, wanted);
      if (!why.empty()) return why;
    }
    return {};
  }

  // What has no time limit is a service that people wait for: it passes.
  bool MayPass(const Candidate& candidate, const Granted& granted) {
    if (!reserved_ || candidate.max_runtime.count() == 0) return true;
    if (now_ + candidate.max_runtime + kStopGrace <= reserved_->at) return true;
    InUse then = reserved_->then;
    for (const auto& [member, limits] : granted) {
      if (PlaceBeside(capacity_, then, limits).verdict != Placement::Verdict::kStart) return false;
      then.Add(limits);
    }
    reserved_->then = then;
    return true;
  }

  void Start(const Candidate& candidate, Granted granted) {
    for (const auto& [member, limits] : granted) {
      in_use_.Add(limits);
      Count(held_, candidate.queue, candidate.owner, limits);
    }
    decision.starts.push_back(std::move(granted));
  }

  // The first who does not fit: a reservation, and maybe somebody's place.
  std::string Wait(const Candidate& candidate, std::string why) {
    if (candidate.members.size() > 1)
      why += fmt::format(" (for {} instances that start together)", candidate.members.size());
    why += SaysWhatPoolsKeep(holders_, taken_);
    if (reserved_ || looked_) return why;
    looked_ = true;
    if (Interrupt(candidate)) why += "; interrupts jobs of lower priority that allow it";
    Reserve(candidate);
    return why;
  }

  void Reserve(const Candidate& candidate) {
    std::vector<std::pair<Time, const Holder*>> ends;
    for (const Holder& holder : holders_) {
      if (taken_.contains(holder.group)) continue;
      if (Leaves(holder))
        ends.emplace_back(std::min(holder.ends_by.value_or(Time::max()), now_ + kStopGrace), &holder);
      else if (holder.ends_by)
        ends.emplace_back(*holder.ends_by, &holder);
    }
    std::sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    // What starts in this decision is not counted as ending: a little too careful, never too bold.
    InUse then = in_use_;
    for (const auto& [at, holder] : ends) {
      then.Remove(holder->granted);
      auto granted = Fit(capacity_, then, candidate, nullptr);
      if (!granted) continue;
      for (const auto& [member, limits] : *granted) then.Add(limits);
      reserved_ = Reservation{std::max(at, now_), then, candidate.members.front()};
      return;
    }
  }

  bool Leaves(const Holder& holder) const { return holder.leaving || asked_.contains(holder.group); }

  // Asks the cheapest who can be asked; true where room comes of it, or is coming already.
  bool Interrupt(const Candidate& candidate) {
    InUse then = in_use_;
    bool any = false;
    for (const Holder& holder : holders_) {
      if (!holder.leaving) continue;
      then.Remove(holder.granted);
      any = true;
    }
    if (any && Fit(capacity_, then, candidate, nullptr)) return true;
    struct Group {
      TaskId id;
      int priority = 0;
      Time started{};
      std::vector<const Holder*> holders;
    };
    std::map<TaskId, Group> groups;
    for (const Holder& holder : holders_) {
      if (!holder.interruptible || holder.leaving || holder.priority >= candidate.priority) continue;
      Group& group = groups[holder.group];
      group.id = holder.group;
      group.priority = holder.priority;
      group.started = std::max(group.started, holder.started);
      group.holders.push_back(&holder);
    }
    std::vector<Group> order;
    for (auto& [id, group] : groups) order.push_back(std::move(group));
    // The least important first; of these the youngest: least is lost.
    std::sort(order.begin(), order.end(), [](const Group& a, const Group& b) {
      return std::tuple(a.priority, -ToMicros(a.started)) < std::tuple(b.priority, -ToMicros(b.started));
    });
    std::vector<Group> chosen;
    bool fits = false;
    for (Group& group : order) {
      for (const Holder* holder : group.holders) then.Remove(holder->granted);
      chosen.push_back(std::move(group));
      if ((fits = Fit(capacity_, then, candidate, nullptr).has_value())) break;
    }
    if (!fits) return false;
    for (std::size_t i = chosen.size(); i-- > 0;) {  // one that was taken in vain keeps its place
      InUse with = then;
      for (const Holder* holder : chosen[i].holders) with.Add(holder->granted);
      if (chosen.size() == 1 || !Fit(capacity_, with, candidate, nullptr)) continue;
      then = with;
      chosen.erase(chosen.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (const Group& group : chosen) {
      asked_.insert(group.id);
      decision.interrupt.push_back(group.id);
    }
    return true;
  }

  const Capacity& capacity_;
  const Quotas& quotas_;
  const std::vector<Holder>& holders_;
  const Time now_;
  InUse in_use_;
  Held held_;
  std::set<TaskId> taken_;  // groups whose kept room somebody has now
  std::optional<Reservation> reserved_;
  bool looked_ = false;
  std::set<TaskId> asked_;
};

}  // namespace

std::string SaysWhatPoolsKeep(const std::vector<Holder>& holders, const std::set<TaskId>& but) {
  double kept = 0;
  for (const Holder& holder : holders)
    if (!holder.kept_for.empty() && !but.contains(holder.group))
      kept += static_cast<double>(holder.granted.memory_bytes);
  if (kept == 0) return {};
  return fmt::format("; warm pools keep {:.1f} GiB for jobs that match them", kept / (1u << 30));
}

std::string NeverWithin(const Quotas& quotas, const std::string& queue, const std::string& owner,
                        const std::vector<Limits>& wanted) {
  for (const std::string& who : {std::string(), owner}) {
    auto quota = quotas.find({queue, who});
    if (quota == quotas.end()) continue;
    if (!Beyond(quota->second, "", {}, SumOf(wanted)).empty())
      return "it is more than " + NameOf(queue, who) + " allows";
  }
  return {};
}

Decision Decide(const Capacity& capacity, const Quotas& quotas, const std::vector<Candidate>& candidates,
                const std::vector<Holder>& holders, Time now) {
  Decider decider(capacity, quotas, holders, now);
  std::map<std::string, double> held = decider.HeldByQueue();
  std::vector<Waiting> waiting;
  std::map<TaskId, const Candidate*> by_id;
  for (const Candidate& candidate : candidates) {
    double vcpus = 0;
    for (const Limits& limits : candidate.wanted) vcpus += limits.vcpus;
    auto queue = held.find(candidate.queue);
    waiting.push_back({candidate.members.front(), candidate.accepted, candidate.priority, candidate.queue,
                       queue == held.end() ? 0 : queue->second, vcpus});
    by_id[candidate.members.front()] = &candidate;
  }
  std::vector<const Candidate*> others;
  for (const TaskId& id : StartOrder(std::move(waiting)))
    if (const Candidate* candidate = by_id[id]; !decider.StartInKeptRoom(*candidate)) others.push_back(candidate);
  for (const Candidate* candidate : others) decider.Consider(*candidate);
  return std::move(decider.decision);
}

}  // namespace aloft::compute
