#include "app/wiring/maintenance.h"

#include <algorithm>
#include <chrono>

#include "api/admin/check_objects.h"
#include "api/aws/s3/operation.h"

namespace aloft::app {
namespace {

// A tenth of a slow disk.
constexpr std::uint64_t kScrubBytesPerSecond = 10u << 20;
// After so long the place is written down.
constexpr std::chrono::seconds kScrubStep{30};
constexpr std::chrono::hours kScrubInterval{24 * 7};
// An inventory of many objects takes minutes: its lease is renewed as it goes.
constexpr std::chrono::minutes kInventoryLease{2};

}  // namespace

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Maintenance::Maintenance(World& world, Stores& stores, Platform& platform, Doors& doors, Services& services)
    : world_(world),
      platform_(platform),
      doors_(doors),
      objects_(services.objects()),
      lifecycle_(services.objects(), world.clock, world.log),
      inventory_(services.objects(), world.clock, world.log, {.canonical_id = api::s3::CanonicalUserId}),
      trails_(services.trails()),
      leases_(stores.database(), world.clock),
      replica_(stores.replica()),
      loop_(
          work::LoopOptions{.name = "maintenance", .threads = 2},
          [this](const std::string& chore) { return Do(chore); }, world.clock, world.random, world.log),
      scrub_(
          work::LoopOptions{.name = "scrub"}, [this](const std::string&) { return Scrub(); }, world.clock, world.random,
          world.log) {
  const auto now = world.clock.Monotonic();
  loop_.WakeAt("reclaim", now + seconds(10));
  loop_.WakeAt("orphans", now + minutes(5));
  loop_.WakeAt("lifecycle", now + minutes(2));
  scrub_.WakeAt("scrub", now + minutes(10));
  loop_.WakeAt("inventory", now + seconds(std::min(world.config.inventory_seconds, 180)));
  loop_.WakeAt("keys", now + seconds(15));
  loop_.WakeAt("logs", now + seconds(20));
  loop_.WakeAt("reseal", now + seconds(3));
  loop_.WakeAt("uses", now + seconds(world.config.last_use_seconds));
  loop_.WakeAt("selectors", now + seconds(1));
  loop_.WakeAt("trails", now + seconds(2));
  loop_.WakeAt("audit", now + minutes(1));
  loop_.WakeAt("points", now + seconds(40));
}

Result<work::Again> Maintenance::Do(const std::string& chore) {
  if (chore == "reclaim") {
    ALOFT_ASSIGN(auto report, objects_.Reclaim(minutes(1)));
    return work::Again{report.released + report.kept >= 1000 ? seconds(0) : seconds(30)};
  }
  if (chore == "orphans") {
    ALOFT_ASSIGN(auto report, objects_.SweepOrphans(hours(1)));
    if (report.orphans > 0) {
      world_.log.Info("blobs without an owner removed", {{"count", std::to_string(report.orphans)}});
    }
    return work::Again{hours(6)};
  }
  if (chore == "lifecycle") {
    ALOFT_ASSIGN(auto report, lifecycle_.Run());
    if (report.expired + report.removed + report.moved + report.aborted > 0)
      world_.log.Info("lifecycle rules carried out", {{"expired", std::to_string(report.expired)},
                                                      {"removed", std::to_string(report.removed)},
                                                      {"moved", std::to_string(report.moved)},
                                                      {"aborted", std::to_string(report.aborted)}});
    return work::Again{hours(1)};
  }
  if (chore == "keys") {
    ALOFT_ASSIGN(const std::size_t done, platform_.kms().DoWhatIsDue());
    return work::Again{done > 0 ? seconds(1) : seconds(60)};
  }
  if (chore == "reseal") {
    ALOFT_ASSIGN(const seconds later, platform_.resealer().Step());
    return work::Again{later};
  }
  if (chore == "uses") {
    ALOFT_TRY(doors_.uses().Flush());
    return work::Again{seconds(world_.config.last_use_seconds)};
  }
  if (chore == "selectors") {
    // Other replicas change them, too.
    ALOFT_TRY(trails_.PublishSelectors());
    return work::Again{seconds(1)};
  }
  if (chore == "trails") return Deliver();
  if (chore == "inventory") return Inventories();
  if (chore == "audit") {
    ALOFT_ASSIGN(std::size_t pruned, platform_.audit().Prune());
    return work::Again{pruned > 0 ? std::chrono::microseconds(seconds(1)) : std::chrono::microseconds(minutes(10))};
  }
  ALOFT_ASSIGN(std::size_t removed,
               chore == "logs" ? platform_.logs().Sweep(10'000) : platform_.points().Sweep(10'000));
  return work::Again{removed > 0 ? seconds(1) : seconds(60)};
}

Result<work::Again> Maintenance::Scrub() {
  ALOFT_ASSIGN(std::optional<work::Lease> lease, leases_.Acquire("objects.scrub", replica_, minutes(5)));
  if (!lease) return work::Again{minutes(10)};
  objects::CheckOptions options;
  options.verify = true;
  options.bytes_per_second = kScrubBytesPerSecond;
  options.budget = kScrubStep;
  options.stop = [this] { return stopping_.load(); };
  ALOFT_ASSIGN(auto step, objects_.Scrub(options, kScrubInterval, [this](const objects::Problem& problem) {
    world_.log.Error("the object store is damaged",
                     {{"problem", std::string(api::admin::ProblemName(problem.kind))}, {"what", problem.what}});
  }));
  if (step.finished)
    world_.log.Info("the object store was read and checked", {{"entries", std::to_string(step.total.entries)},
                                                              {"problems", std::to_string(step.total.problems)}});
  return work::Again{step.wait};
}

// By one replica at a time.
Result<work::Again> Maintenance::Inventories() {
  const work::Again later{seconds(world_.config.inventory_seconds)};
  ALOFT_ASSIGN(std::optional<work::Lease> lease, leases_.Acquire("inventory", replica_, kInventoryLease));
  if (!lease) return later;
  auto renewed = world_.clock.Monotonic();
  auto go_on = [&] {
    if (stopping_.load()) return false;
    if (world_.clock.Monotonic() - renewed < kInventoryLease / 4) return true;
    auto again = leases_.Renew(*lease, kInventoryLease);
    if (!again.ok()) return false;
    *lease = *again;
    renewed = world_.clock.Monotonic();
    return true;
  };
  auto report = inventory_.Run(go_on);
  ALOFT_TRY(leases_.Release(*lease));
  if (!report.ok()) return std::move(report).error();
  if (report->delivered > 0)
    world_.log.Info("inventories delivered",
                    {{"count", std::to_string(report->delivered)}, {"rows", std::to_string(report->rows)}});
  return later;
}

// Trails' files are written by one replica at a time.
Result<work::Again> Maintenance::Deliver() {
  const work::Again later{std::chrono::seconds(world_.config.trail_delivery_seconds)};
  ALOFT_ASSIGN(std::optional<work::Lease> lease, leases_.Acquire("trails.delivery", replica_, minutes(1)));
  if (!lease) return later;
  ALOFT_ASSIGN(std::size_t files, trails_.Deliver());
  ALOFT_TRY(leases_.Release(*lease));
  return files > 0 ? work::Again{seconds(1)} : later;
}

}  // namespace aloft::app
