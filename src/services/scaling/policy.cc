#include "services/scaling/policy.h"

#include <algorithm>
#include <cmath>

namespace aloft::scaling {
namespace {

constexpr double kSlack = 0.9;  // of the target: what is used of it before one instance fewer is enough
constexpr std::chrono::seconds kMetricSpan{60};
constexpr double kMost = 1'000'000;  // instances; metrics of users are any numbers

int Instances(double needed) {
  // 3.0000000001 instances are three: what was divided and multiplied before need not be exact.
  return static_cast<int>(std::clamp(std::ceil(needed - 1e-9), 0.0, kMost));
}

// Instances that the metric asks for, where each may carry `target`.
int Asked(const Tracking& policy, double target, int instances) {
  if (policy.is_load) return Instances(*policy.value / target);
  return Instances(instances * (*policy.value / target));
}

void Remember(History& history, Time now, std::chrono::seconds window, int asked) {
  if (!history.since) history.since = now;
  // An older one that asked for no more says nothing that this one does not.
  while (!history.asked.empty() && history.asked.back().second <= asked) history.asked.pop_back();
  history.asked.emplace_back(now, asked);
  while (history.asked.front().first < now - window) history.asked.pop_front();
}

}  // namespace

std::optional<Wish> Track(const TargetView& view, const std::vector<Tracking>& policies,
                          std::vector<History*> histories) {
  std::optional<Wish> out, in;
  bool all_agree = !policies.empty();
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const Tracking& policy = policies[i];
    if (!policy.value) {
      all_agree = false;
      continue;
    }
    // While what was added last comes up, the metric still shows the instances of before.
    bool cooling = view.scaled_out && view.now - *view.scaled_out < policy.out_cooldown;
    int measured = cooling ? std::min(view.before_out, view.wished) : view.wished;
    int more = Asked(policy, policy.target, measured);
    if (more > view.wished && (!out || more > out->instances)) out = Wish{more, policy.policy};
    Remember(*histories[i], view.now, policy.in_cooldown, Asked(policy, policy.target * kSlack, view.wished));
    bool long_enough = view.now - *histories[i]->since >= policy.in_cooldown;
    int fewest = histories[i]->asked.front().second;
    if (fewest >= view.wished || !long_enough) {
      histories[i]->fewer_since.reset();
    } else if (!histories[i]->fewer_since) {
      histories[i]->fewer_since = view.now;
    }
    // While the metric still falls, one step to where it ends is better than several.
    bool settled = fewest == histories[i]->asked.back().second ||
                   (histories[i]->fewer_since && view.now - *histories[i]->fewer_since >= kMetricSpan);
    if (!policy.scale_in || !histories[i]->fewer_since || !settled) {
      all_agree = false;
    } else if (!in || fewest > in->instances) {
      in = Wish{fewest, policy.policy};
    }
  }
  std::optional<Wish> wish = out ? out : all_agree ? in : std::nullopt;
  if (!wish) return std::nullopt;
  wish->instances = std::clamp(wish->instances, view.least, std::max(view.least, view.most));
  // Never the other way round than was asked for.
  if (out ? wish->instances <= view.wished : wish->instances >= view.wished) return std::nullopt;
  return wish;
}

int ApplySteps(const std::vector<Step>& steps, Adjustment kind, int least_change, double difference, int wished) {
  for (const Step& step : steps) {
    // Above the threshold the lower bound belongs to the step, below it the upper one.
    bool above = difference >= 0;
    if (step.lower && (above ? difference < *step.lower : difference <= *step.lower)) continue;
    if (step.upper && (above ? difference >= *step.upper : difference > *step.upper)) continue;
    if (kind == Adjustment::kExact) return std::max(step.adjustment, 0);
    int change = step.adjustment;
    if (kind == Adjustment::kPercent) {
      double exact = wished * (step.adjustment / 100.0);
      // Between 0 and 1 it is one; beyond that what is begun does not count.
      change = std::abs(exact) > 0 && std::abs(exact) < 1 ? (exact > 0 ? 1 : -1) : static_cast<int>(std::trunc(exact));
      if (std::abs(change) < least_change) change = step.adjustment < 0 ? -least_change : least_change;
    }
    return std::max(wished + change, 0);
  }
  return wished;
}

}  // namespace aloft::scaling
