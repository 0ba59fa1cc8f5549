// What the engine's loop keeps in memory about one attempt; lost at a restart and made anew. Private to the room.
#pragma once

#include "services/jobs/engine.h"

namespace aloft::jobs {

struct Engine::Live {
  Terms terms;
  std::unique_ptr<LogObserver> observer;
  std::vector<std::optional<std::uint64_t>> offsets;  // of each host, up to where its log is stored; absent: ask
  std::vector<std::uint64_t> usage_offsets;           // of each host, up to where its usage is stored
};

}  // namespace aloft::jobs
