// What every room is handed: what the operator chose, time, chance, and where to report.
#pragma once

#include "app/config.h"
#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/metrics.h"
#include "foundation/base/random.h"

namespace aloft::app {

struct World {
  const Config config;
  const Log log;
  SystemClock clock{};
  SystemRandom random{};
  Metrics metrics{};
};

}  // namespace aloft::app
