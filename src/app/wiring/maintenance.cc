#include "app/wiring/maintenance.h"

#include <chrono>

namespace aloft::app {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Maintenance::Maintenance(World& world, Platform& platform, objects::Service& objects)
    : world_(world),
      platform_(platform),
      objects_(objects),
      loop_(
          work::LoopOptions{.name = "maintenance"}, [this](const std::string& chore) { return Do(chore); }, world.clock,
          world.random, world.log) {
  const auto now = world.clock.Monotonic();
  loop_.WakeAt("reclaim", now + seconds(10));
  loop_.WakeAt("orphans", now + minutes(5));
  loop_.WakeAt("logs", now + seconds(20));
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
  ALOFT_ASSIGN(std::size_t removed,
               chore == "logs" ? platform_.logs().Sweep(10'000) : platform_.points().Sweep(10'000));
  return work::Again{removed > 0 ? seconds(1) : seconds(60)};
}

}  // namespace aloft::app
