// Counts answered requests by operation. What it counts in is found once per operation, not once per request: a family
// has hundreds of series, and finding one costs more than the rest of a short request's bookkeeping.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/common/operation.h"
#include "foundation/base/metrics.h"

namespace aloft::gateway {

// Thread-safe. `fronts` and `metrics` outlive it.
class RequestMeter {
 public:
  RequestMeter(const std::vector<const api::Front*>& fronts, Metrics& metrics);

  // `row` is null where the request matched none.
  void Record(const api::Front& front, const api::Row* row, int status, std::chrono::duration<double> elapsed);

 private:
  // Filled as they are needed, so that operations nobody calls are not shown. Losing a race finds the same instrument
  // again.
  struct Instruments {
    std::string_view service, operation;
    std::array<std::atomic<Counter*>, 6> by_class{};  // 1xx .. 5xx at their digit
    std::atomic<Histogram*> seconds{nullptr};
  };
  Instruments* Find(const void* key);

  Metrics& metrics_;
  std::unordered_map<const void*, std::unique_ptr<Instruments>> instruments_;  // by row, or by front; never changes
};

}  // namespace aloft::gateway
