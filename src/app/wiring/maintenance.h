// Chores that nobody asks for: bytes that nobody holds any more, events past their retention.
#pragma once

#include <memory>
#include <string>

#include "app/wiring/platform.h"
#include "platform/work/loop.h"
#include "services/objects/service.h"

namespace aloft::app {

class Maintenance {
 public:
  Maintenance(World& world, Platform& platform, objects::Service& objects);

  void Start() { loop_.Start(); }
  void Stop() { loop_.Stop(); }

 private:
  Result<work::Again> Do(const std::string& chore);

  World& world_;
  Platform& platform_;
  objects::Service& objects_;
  work::Loop loop_;
};

}  // namespace aloft::app
