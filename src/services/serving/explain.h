// How the workers of an endpoint join requests, in their own words: for `aloft endpoints explain`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

class Router;
class WorkerClient;

struct Explanation {
  std::string variant;
  std::string worker;  // the stream of its log; empty: the variant has no worker now
  std::vector<std::string> lines;
};

// Asks all workers that answer now, side by side. `done` runs once, on this thread or on one of the client's; nothing
// is published: an empty list.
void ExplainBatching(const Router& router, WorkerClient& workers, const Scope& scope, const std::string& endpoint,
                     std::function<void(std::vector<Explanation>)> done);

}  // namespace aloft::serving
