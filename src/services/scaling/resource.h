// What can be scaled: something with a wished number of instances, of another room. app/ brings the two together.
#pragma once

#include <string>

#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "platform/telemetry/types.h"

namespace aloft::scaling {

using telemetry::Scope;

struct Capacity {
  int wished = 0;     // instances that somebody wants now
  bool busy = false;  // an update is running: not now
};

// Thread-safe; reads and writes what is local.
class Resource {
 public:
  virtual ~Resource() = default;
  // Fails with what the caller may read where there is no such resource.
  virtual Result<Capacity> Look(const Scope& scope, const std::string& id) = 0;
  virtual Status Set(const Scope& scope, const std::string& id, int wished) = 0;
  // Whose sum over a minute is the load that SageMakerVariantInvocationsPerInstance, or
  // SageMakerInferenceComponentInvocationsPerCopy, divides by the instances.
  virtual telemetry::MetricName Invocations(const std::string& id) = 0;
};

}  // namespace aloft::scaling
