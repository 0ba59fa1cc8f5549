#include "services/lifecycle/policy.h"

#include <algorithm>
#include <array>

namespace aloft::lifecycle {
namespace {

constexpr std::uint64_t kSmallestMoved = 128 * 1024;

// The order in which objects cool; absent: no class to move to.
std::optional<std::size_t> Coldness(std::string_view storage_class) {
  static constexpr std::array<std::string_view, 7> kClasses = {
      "STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"};
  if (storage_class.empty()) return 0;
  const auto* found = std::find(kClasses.begin(), kClasses.end(), storage_class);
  if (found == kClasses.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kClasses.begin());
}

bool Matches(const Filter& filter, const objects::ObjectInfo& info) {
  if (!info.key.starts_with(filter.prefix)) return false;
  if (filter.larger_than && info.size <= *filter.larger_than) return false;
  if (filter.smaller_than && info.size >= *filter.smaller_than) return false;
  const auto& tags = info.attributes.tags;
  return std::all_of(filter.tags.begin(), filter.tags.end(),
                     [&](const auto& tag) { return std::find(tags.begin(), tags.end(), tag) != tags.end(); });
}

// A filter that a delete marker, which has neither size nor tags, can match.
bool MatchesMarker(const Filter& filter, const objects::ObjectInfo& info) {
  return filter.tags.empty() && !filter.larger_than && !filter.smaller_than && info.key.starts_with(filter.prefix);
}

Time Due(const Moment& moment, Time from) {
  return moment.date ? *moment.date : DaysAfter(from, moment.days.value_or(0));
}

bool MayMove(const Filter& filter, const objects::ObjectInfo& info) {
  return info.size >= kSmallestMoved || filter.larger_than || filter.smaller_than;
}

// Remembers the coldest move that is due.
void Consider(Action& best, const Rule& rule, const objects::ObjectInfo& info, const std::string& storage_class) {
  auto target = Coldness(storage_class);
  auto now = Coldness(best.act == Act::kTransition ? best.storage_class : info.attributes.storage_class);
  if (!target || !now || *target <= *now || !MayMove(rule.filter, info)) return;
  best = {Act::kTransition, storage_class, rule.id};
}

Action DecideLatest(const Configuration& configuration, const View& view, Time now) {
  const auto& info = *view.info;
  Action action;
  for (const Rule& rule : configuration.rules) {
    if (!rule.enabled) continue;
    if (info.is_delete_marker) {
      if (!view.lone || !MatchesMarker(rule.filter, info)) continue;
      // A rule that expires objects by age takes the markers that it leaves too.
      bool aged = rule.expiration && rule.expiration->days && Due(*rule.expiration, info.modified) <= now;
      if (rule.remove_lone_markers || aged) return {Act::kRemoveVersion, {}, rule.id};
      continue;
    }
    if (!Matches(rule.filter, info)) continue;
    if (rule.expiration && Due(*rule.expiration, info.modified) <= now) return {Act::kExpire, {}, rule.id};
    for (const Move& move : rule.transitions)
      if (Due(move.when, info.modified) <= now) Consider(action, rule, info, move.storage_class);
  }
  return action;
}

Action DecideOlder(const Configuration& configuration, const View& view, Time now) {
  const auto& info = *view.info;
  Action action;
  for (const Rule& rule : configuration.rules) {
    if (!rule.enabled) continue;
    if (info.is_delete_marker ? !MatchesMarker(rule.filter, info) : !Matches(rule.filter, info)) continue;
    for (const OlderMove& move : rule.older) {
      if (DaysAfter(view.superseded, move.days) > now || view.newer_noncurrent < move.keep) continue;
      if (move.storage_class.empty()) return {Act::kRemoveVersion, {}, rule.id};
      if (!info.is_delete_marker) Consider(action, rule, info, move.storage_class);
    }
  }
  return action;
}

}  // namespace

Time DaysAfter(Time from, int days) {
  auto midnight = std::chrono::ceil<std::chrono::days>(from + std::chrono::days(days));
  return Time(midnight.time_since_epoch());
}

bool NeedsTags(const Configuration& configuration) {
  return std::any_of(configuration.rules.begin(), configuration.rules.end(),
                     [](const Rule& rule) { return rule.enabled && !rule.filter.tags.empty(); });
}

Action Decide(const Configuration& configuration, const View& view, Time now) {
  return view.info->is_latest ? DecideLatest(configuration, view, now) : DecideOlder(configuration, view, now);
}

std::optional<Expiry> ExpiryOf(const Configuration& configuration, const objects::ObjectInfo& info) {
  std::optional<Expiry> first;
  for (const Rule& rule : configuration.rules) {
    if (!rule.enabled || !rule.expiration || !Matches(rule.filter, info)) continue;
    Time due = Due(*rule.expiration, info.modified);
    if (!first || due < first->when) first = Expiry{due, rule.id};
  }
  return first;
}

bool IsStale(const Configuration& configuration, std::string_view key, Time initiated, Time now) {
  return std::any_of(configuration.rules.begin(), configuration.rules.end(), [&](const Rule& rule) {
    return rule.enabled && rule.abort_uploads_after_days && key.starts_with(rule.filter.prefix) &&
           DaysAfter(initiated, *rule.abort_uploads_after_days) <= now;
  });
}

}  // namespace aloft::lifecycle
