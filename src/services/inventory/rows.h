// The columns of an inventory and its rows. Pure.
#pragma once

#include <string>

#include "services/inventory/types.h"
#include "services/lifecycle/policy.h"
#include "services/objects/contract/types.h"

namespace aloft::inventory {

// What rows show beside the object itself.
struct RowFacts {
  std::string bucket{};
  std::string owner{};                   // the canonical id of who owns the objects
  bool versioned = false;                // the bucket has or had versioning
  lifecycle::Configuration lifecycle{};  // for LifecycleExpirationDate
};

// "Bucket, Key, VersionId, IsLatest, ..."
std::string Schema(const Configuration& configuration);
// Appends a line: every value in quotes, the key percent-encoded. A delete marker has no value but its date.
void AppendRow(const Configuration& configuration, const RowFacts& facts, const objects::ObjectInfo& info,
               std::string& out);
// Whether a listing's summary of an object says too little.
bool NeedsWhole(const Configuration& configuration);

}  // namespace aloft::inventory
