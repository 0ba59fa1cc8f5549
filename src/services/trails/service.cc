#include "services/trails/service.h"

namespace aloft::trails {
namespace {

constexpr const char* kSpace = "audit.trail";
constexpr std::size_t kMaxTrails = 10'000;

std::string KeyOf(const AccountId& account, std::string_view name) {
  return account.value() + "/" + std::string(name);
}

// "arn:aws:cloudtrail:us-east-1:123456789012:trail/name" -> "name"; of another account: nothing that exists.
std::string NameOf(const AccountId& account, std::string_view name_or_arn) {
  if (!name_or_arn.starts_with("arn:")) return std::string(name_or_arn);
  auto slash = name_or_arn.find(":trail/");
  if (slash == std::string_view::npos || name_or_arn.find(":" + account.value() + ":trail/") == std::string_view::npos)
    return {};
  return std::string(name_or_arn.substr(slash + 7));
}

Error NotFound(const AccountId& account, std::string_view name) {
  return Fail(kTrailNotFound, "Unknown trail: " + std::string(name) + " for the user: " + account.value());
}

}  // namespace

Status Service::Save(const Trail& trail, kv::Version expected) {
  kv::Batch batch;
  batch.Expect(kSpace, KeyOf(trail.account, trail.name), expected);
  batch.Put(kSpace, KeyOf(trail.account, trail.name), trail.Encode());
  auto applied = store_.Apply(std::move(batch));
  if (!applied.ok()) return std::move(applied).error();
  return {};
}

Status Service::CheckBucket(const AccountId& account, const std::string& bucket) {
  auto found = objects_.HeadBucket(account, bucket);
  if (found.ok()) return {};
  if (found.error().kind() != ErrorKind::kNotFound && found.error().kind() != ErrorKind::kDenied &&
      found.error().kind() != ErrorKind::kInvalid)
    return std::move(found).error();
  return Fail(kNoBucket, "S3 bucket " + bucket + " does not exist!");
}

Result<Trail> Service::Create(Trail trail) {
  ALOFT_TRY(CheckName(trail.name));
  ALOFT_TRY(CheckPrefix(trail.prefix));
  ALOFT_TRY(CheckBucket(trail.account, trail.bucket));
  ALOFT_ASSIGN(std::vector<Trail> others, List(trail.account));
  std::size_t here = 0;
  for (const Trail& other : others) here += other.region == trail.region ? 1 : 0;
  auto exists = [&] {
    return Fail(kTrailExists, "Trail " + trail.name + " already exists for customer: " + trail.account.value());
  };
  for (const Trail& other : others)
    if (other.name == trail.name) return exists();
  if (here >= kMaxTrailsPerRegion)
    return Fail(kTooManyTrails, "User: " + trail.account.value() + " already has " +
                                    std::to_string(kMaxTrailsPerRegion) + " trails in " + trail.region.value() + ".");
  Status saved = Save(trail, kv::kAbsent);
  if (!saved.ok() && saved.error().reason == kv::kVersionMismatch) return exists();
  ALOFT_TRY(std::move(saved));
  return trail;
}

Result<Trail> Service::Update(const AccountId& account, std::string_view name_or_arn,
                              const std::function<Status(Trail&)>& change) {
  const std::string name = NameOf(account, name_or_arn);
  for (int attempt = 0; attempt < 10; ++attempt) {
    ALOFT_ASSIGN(std::optional<kv::Entry> stored, store_.Get(kSpace, KeyOf(account, name)));
    if (!stored) return NotFound(account, name_or_arn);
    ALOFT_ASSIGN(Trail trail, Trail::Decode(stored->value));
    ALOFT_TRY(change(trail));
    Status saved = Save(trail, stored->version);
    if (!saved.ok() && saved.error().reason == kv::kVersionMismatch) continue;
    ALOFT_TRY(std::move(saved));
    ALOFT_TRY(PublishSelectors());
    return trail;
  }
  return Fail(kUnavailable, "The trail is being changed by others. Please try again.");
}

Status Service::Delete(const AccountId& account, std::string_view name_or_arn) {
  const std::string key = KeyOf(account, NameOf(account, name_or_arn));
  ALOFT_ASSIGN(std::optional<kv::Entry> stored, store_.Get(kSpace, key));
  if (!stored) return NotFound(account, name_or_arn);
  kv::Batch batch;
  batch.Delete(kSpace, key);
  ALOFT_TRY(store_.Apply(std::move(batch)));
  return PublishSelectors();
}

Result<Trail> Service::Find(const AccountId& account, std::string_view name_or_arn) {
  ALOFT_ASSIGN(std::optional<kv::Entry> stored, store_.Get(kSpace, KeyOf(account, NameOf(account, name_or_arn))));
  if (!stored) return NotFound(account, name_or_arn);
  return Trail::Decode(stored->value);
}

Result<std::vector<Trail>> Service::List(const AccountId& account) {
  kv::ScanRange range{.from = KeyOf(account, ""), .to = account.value() + "0"};  // '0' follows '/'
  ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kSpace, range));
  std::vector<Trail> out;
  for (const kv::Entry& entry : page.entries) {
    ALOFT_ASSIGN(Trail trail, Trail::Decode(entry.value));
    out.push_back(std::move(trail));
  }
  return out;
}

Result<std::vector<Trail>> Service::All() {
  ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kSpace, {.limit = kMaxTrails}));
  std::vector<Trail> out;
  for (const kv::Entry& entry : page.entries) {
    ALOFT_ASSIGN(Trail trail, Trail::Decode(entry.value));
    out.push_back(std::move(trail));
  }
  return out;
}

Status Service::SetLogging(const AccountId& account, std::string_view name, bool logging) {
  // A trail delivers what is sealed from now on, not what was before.
  ALOFT_ASSIGN(std::vector<audit::ChainState> chains, audit_.Chains());
  auto changed = Update(account, name, [&](Trail& trail) -> Status {
    if (logging && !trail.logging) {
      trail.started = clock_.Now();
      for (const auto& chain : chains) trail.cursors[chain.chain] = chain.sequence;
    }
    if (!logging && trail.logging) trail.stopped = clock_.Now();
    trail.logging = logging;
    return {};
  });
  if (!changed.ok()) return std::move(changed).error();
  return {};
}

Status Service::PublishSelectors() {
  ALOFT_ASSIGN(std::vector<Trail> trails, All());
  auto selectors = std::make_shared<audit::Selectors>();
  for (const Trail& trail : trails) {
    if (!trail.logging) continue;
    auto wanted = DataSelectorsOf(trail);
    if (wanted.empty()) continue;
    auto& all = (*selectors)[trail.account];
    all.insert(all.end(), wanted.begin(), wanted.end());
  }
  audit_.SetSelectors(std::move(selectors));
  return {};
}

}  // namespace aloft::trails
