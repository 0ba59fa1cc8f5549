// A closed loop over many connections on one thread: each sends its next request when it has read its last response.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "load_requests.h"

namespace aloft::bench {

struct LoadReport {
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;  // connections that broke
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  double seconds = 0;
  double cpu_seconds = 0;  // of this process
  std::map<int, std::uint64_t> statuses;
  std::vector<float> latencies_us;  // unsorted
};

Result<LoadReport> RunLoad(const LoadOptions& options, const std::vector<PreparedRequest>& requests);

}  // namespace aloft::bench
