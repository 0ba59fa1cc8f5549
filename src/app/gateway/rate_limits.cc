#include "app/gateway/rate_limits.h"

#include <algorithm>
#include <functional>

#include "platform/audit/classify.h"

namespace aloft::gateway {
namespace {

constexpr double kBurstSeconds = 2;

bool IsData(const api::Row& row) {
  if (row.service == "s3" || row.service == "kms") return true;
  return audit::Classify(row.service, row.operation).category == audit::Category::kData;
}

// The first half of an IPv6 address: whoever has one address of a network has them all.
std::string Network(const std::string& address) {
  std::size_t colons = 0;
  for (std::size_t i = 0; i < address.size(); ++i)
    if (address[i] == ':' && ++colons == 4) return address.substr(0, i);
  return address;
}

std::string CallerKey(const identity::Session& session, const std::string& peer_address) {
  if (session.kind == identity::PrincipalKind::kNobody) return "-" + Network(peer_address);
  return session.account.value() + "/" + session.principal_id.substr(0, session.principal_id.find(':'));
}

}  // namespace

Status RateLimits::Admit(const identity::Session& session, const std::string& peer_address, const api::Row& row) {
  const bool nobody = session.kind == identity::PrincipalKind::kNobody;
  const bool data = IsData(row);
  const double rate = nobody ? options_.anonymous : data ? options_.data : options_.control;
  if (rate <= 0) return {};
  std::string key = CallerKey(session, peer_address);
  key.push_back(data ? 'd' : 'c');
  const MonotonicTime now = clock_.Monotonic();
  Shard& shard = shards_[std::hash<std::string>()(key) % kShards];
  const std::lock_guard lock(shard.mutex);
  if (shard.buckets.size() >= kPerShard && !shard.buckets.contains(key)) MakeRoom(shard, now);
  const auto [entry, added] = shard.buckets.try_emplace(std::move(key), Bucket{rate * kBurstSeconds, now});
  Bucket& bucket = entry->second;
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(rate * kBurstSeconds, bucket.tokens + std::max(passed, 0.0) * rate);
  bucket.at = now;
  if (bucket.tokens < 1) return Fail(kTooManyRequests, "Rate exceeded");
  bucket.tokens -= 1;
  return {};
}

// Whoever has been idle for a burst has a full bucket, and loses nothing with it. A flood of callers within that time
// costs one of them its bucket each, not a search.
void RateLimits::MakeRoom(Shard& shard, MonotonicTime now) {
  const auto long_since = [&](MonotonicTime at) {
    return std::chrono::duration<double>(now - at).count() >= kBurstSeconds;
  };
  if (long_since(shard.swept)) {
    shard.swept = now;
    std::erase_if(shard.buckets, [&](const auto& entry) { return long_since(entry.second.at); });
  }
  if (shard.buckets.size() >= kPerShard) shard.buckets.erase(shard.buckets.begin());
}

std::size_t RateLimits::size() const {
  std::size_t out = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    out += shard.buckets.size();
  }
  return out;
}

}  // namespace aloft::gateway
