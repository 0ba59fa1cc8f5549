// Chores that nobody asks for: bytes that nobody holds any more, events past their retention.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "app/wiring/doors.h"
#include "app/wiring/platform.h"
#include "app/wiring/services.h"
#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/inventory/service.h"
#include "services/lifecycle/service.h"
#include "services/objects/service.h"
#include "services/trails/service.h"

namespace aloft::app {

class Maintenance {
 public:
  Maintenance(World& world, Stores& stores, Platform& platform, Doors& doors, Services& services);

  void Start() {
    loop_.Start();
    scrub_.Start();
  }
  void Stop() {
    stopping_.store(true);
    scrub_.Stop();
    loop_.Stop();
  }

 private:
  Result<work::Again> Do(const std::string& chore);
  // Reads all that is stored against its checksums, slowly; a long chore of its own, which goes on where the last
  // server left it.
  Result<work::Again> Scrub();
  Result<work::Again> Deliver();
  Result<work::Again> Inventories();

  World& world_;
  Platform& platform_;
  Doors& doors_;
  objects::Service& objects_;
  lifecycle::Service lifecycle_;
  inventory::Service inventory_;
  std::atomic<bool> stopping_{false};
  trails::Service& trails_;
  work::Leases leases_;
  const std::string replica_;
  work::Loop loop_;
  work::Loop scrub_;
};

}  // namespace aloft::app
