// Trails: made, changed, started, stopped; and the loop that delivers what was sealed to their buckets.
//
// Thread-safe; every call blocks for the stores.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/kv/store.h"
#include "platform/audit/service.h"
#include "services/objects/service.h"
#include "services/trails/trail.h"

namespace aloft::trails {

inline constexpr std::size_t kMaxTrailsPerRegion = 5;

class Service {
 public:
  Service(kv::Store& store, objects::Service& objects, audit::Service& audit, const Clock& clock, Log log)
      : store_(store), objects_(objects), audit_(audit), clock_(clock), log_(std::move(log)) {}

  // `trail.name` and `trail.bucket` are given; it does not log yet. Errors: kTrailExists, kNoBucket, kTooManyTrails,
  // and those of CheckName and CheckPrefix.
  Result<Trail> Create(Trail trail);
  // `change` sees the trail and may refuse. `name` is a name or an ARN.
  Result<Trail> Update(const AccountId& account, std::string_view name, const std::function<Status(Trail&)>& change);
  Status Delete(const AccountId& account, std::string_view name);
  Result<Trail> Find(const AccountId& account, std::string_view name);
  Result<std::vector<Trail>> List(const AccountId& account);
  Status SetLogging(const AccountId& account, std::string_view name, bool logging);
  Status CheckBucket(const AccountId& account, const std::string& bucket);

  // Tells the audit log which data events are wanted now. By every replica, once a second and after each change here.
  Status PublishSelectors();
  // One turn of delivery for all trails; returns how many files were written. By one replica at a time.
  Result<std::size_t> Deliver();

 private:
  Result<std::vector<Trail>> All();
  Result<std::size_t> DeliverTrail(Trail trail);
  Result<std::size_t> DeliverChain(Trail& trail, const audit::ChainState& chain);
  Status Save(const Trail& trail, kv::Version expected);

  kv::Store& store_;
  objects::Service& objects_;
  audit::Service& audit_;
  const Clock& clock_;
  Log log_;
};

}  // namespace aloft::trails
