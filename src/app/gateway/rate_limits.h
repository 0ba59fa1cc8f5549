// How fast one caller may go: a bucket of tokens per principal and kind of service, refilled as time passes.
//
// Bounded memory and bounded work: buckets that are full again are swept out at most once in a burst's time. A role's
// sessions share their role's bucket, so that making sessions buys no speed; nobody's requests count by address (an
// IPv6 address by its /64).
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <unordered_map>

#include "api/common/operation.h"
#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "platform/identity/session.h"

namespace aloft::gateway {

// Each API has its own word for it: SlowDown, ThrottlingException, Throttling.
inline constexpr Reason kTooManyRequests{ErrorKind::kThrottled, "TooManyRequests"};

// Requests per second of one principal; zero: without limit. A burst of two seconds' worth passes at once.
struct RateLimitOptions {
  double control = 2'000;    // operations that describe and change things
  double data = 100'000;     // objects, predictions, log lines, metric points, keys' uses
  double anonymous = 2'000;  // without credentials, of one address
};

class RateLimits {
 public:
  RateLimits(RateLimitOptions options, const Clock& clock) : options_(options), clock_(clock) {}

  // kTooManyRequests. Thread-safe.
  Status Admit(const identity::Session& session, const std::string& peer_address, const api::Row& row);

  std::size_t size() const;

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime at{};
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Bucket> buckets;
    MonotonicTime swept{};
  };
  static constexpr std::size_t kShards = 16, kPerShard = 4'096;

  static void MakeRoom(Shard& shard, MonotonicTime now);

  const RateLimitOptions options_;
  const Clock& clock_;
  std::array<Shard, kShards> shards_;
};

}  // namespace aloft::gateway
