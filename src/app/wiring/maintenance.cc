#include "app/wiring/maintenance.h"

#include <chrono>

#include "app/check_objects.h"

namespace aloft::app {
namespace {

// A tenth of a slow disk.
constexpr std::uint64_t kScrubBytesPerSecond = 10u << 20;

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
  scrub_.WakeAt("scrub", now + hours(24));
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
  if (chore == "audit") {
    ALOFT_ASSIGN(std::size_t pruned, platform_.audit().Prune());
    return work::Again{pruned > 0 ? std::chrono::microseconds(seconds(1)) : std::chrono::microseconds(minutes(10))};
  }
  ALOFT_ASSIGN(std::size_t removed,
               chore == "logs" ? platform_.logs().Sweep(10'000) : platform_.points().Sweep(10'000));
  return work::Again{removed > 0 ? seconds(1) : seconds(60)};
}

Result<work::Again> Maintenance::Scrub() {
  objects::CheckOptions options;
  options.verify = true;
  options.bytes_per_second = kScrubBytesPerSecond;
  options.stop = [this] { return stopping_.load(); };
  ALOFT_ASSIGN(auto report, objects_.Check(options, [this](const objects::Problem& problem) {
    world_.log.Error("the object store is damaged",
                     {{"problem", std::string(ProblemName(problem.kind))}, {"what", problem.what}});
  }));
  if (report.complete())
    world_.log.Info("the object store was read and checked",
                    {{"entries", std::to_string(report.entries)}, {"problems", std::to_string(report.problems)}});
  return work::Again{hours(24 * 7)};
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
