// Batches that nobody waits for.
//
//   kv::ApplySoon(store, std::move(batch), [](Result<kv::Version> applied) { ... });
#pragma once

#include <functional>

#include "foundation/kv/store.h"

namespace aloft::kv {

// What a store offers beside Store where it can commit without a thread that waits. For ApplySoon() and for stores that
// wrap another one.
class SoonApplier {
 public:
  virtual ~SoonApplier() = default;
  virtual void ApplySoon(Batch batch, std::function<void(Result<Version>)> done) = 0;
};

// Store::Apply that tells its outcome instead of waiting for it: once, on this thread before it returns or on another
// one later, which `done` must not hold up. Stores without a way to do so wait, and where os::MustNotBlock forbids that
// they refuse. Whatever the store, all is refused and nothing written where anything refused before in the same scope:
// the batch may rest on a refusal that somebody swallowed. What was not told when the store is destroyed is told first.
void ApplySoon(Store& store, Batch batch, std::function<void(Result<Version>)> done);

}  // namespace aloft::kv
