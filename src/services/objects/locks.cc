// What one version says of itself: tags, access, retention, legal hold.
#include "services/objects/service.h"

#include "services/objects/contract/policy.h"
#include "services/objects/engine/versions.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

// Changes one object version by `change`, where it lies.
template <class Change>
Status ChangeObject(Core& core, const AccountId& account, std::string_view bucket, std::string_view key,
                    std::string_view version, std::string_view event, const Change& change) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found_bucket, core.FindBucket(account, bucket));
    const Bucket& place = found_bucket.record.bucket;
    ALOFT_ASSIGN(Found found, FindObject(core, place, key, version));
    ALOFT_TRY(change(place, found.entry.info));
    kv::Batch batch;
    PutChanged(batch, found);
    if (!event.empty()) core.Announce(batch, event, place, key, found.entry);
    auto applied = core.store.Apply(std::move(batch));
    if (applied.ok()) return {};
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

Status CheckLockable(const Bucket& bucket) {
  if (bucket.lock.enabled) return {};
  return Fail(kNoLockConfiguration, "Bucket is missing Object Lock Configuration");
}

}  // namespace

Status Service::SetTags(const AccountId& account, std::string_view bucket, std::string_view key, Pairs tags,
                        std::string_view version) {
  ALOFT_TRY(CheckTags(tags, core_->limits));
  return ChangeObject(*core_, account, bucket, key, version, tags.empty() ? kUntagged : kTagged,
                      [&](const Bucket&, ObjectInfo& info) -> Status {
                        info.attributes.tags = tags;
                        return {};
                      });
}

Status Service::SetAcl(const AccountId& account, std::string_view bucket, std::string_view key, std::string acl,
                       std::string_view version) {
  if (acl.size() > kMaxAclBytes) return Fail(kSettingTooLarge, "The access control list is too large");
  return ChangeObject(*core_, account, bucket, key, version, {}, [&](const Bucket&, ObjectInfo& info) -> Status {
    info.attributes.acl = acl;
    return {};
  });
}

Status Service::SetRetention(const AccountId& account, std::string_view bucket, std::string_view key,
                             const Retention& retention, bool bypass_governance, std::string_view version) {
  return ChangeObject(*core_, account, bucket, key, version, {}, [&](const Bucket& place, ObjectInfo& info) -> Status {
    ALOFT_TRY(CheckLockable(place));
    ALOFT_TRY(CheckRetentionChange(info.lock.retention, retention, core_->clock.Now(), bypass_governance));
    info.lock.retention = retention;
    return {};
  });
}

Status Service::SetLegalHold(const AccountId& account, std::string_view bucket, std::string_view key, bool hold,
                             std::string_view version) {
  return ChangeObject(*core_, account, bucket, key, version, {}, [&](const Bucket& place, ObjectInfo& info) -> Status {
    ALOFT_TRY(CheckLockable(place));
    info.lock.legal_hold = hold;
    return {};
  });
}

}  // namespace aloft::objects
