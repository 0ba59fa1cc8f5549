#include "services/objects/buckets/settings.h"

#include "foundation/base/fault_point.h"
#include "services/objects/contract/settings.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kMaxNameBytes = 256;

Status CheckSetting(std::string_view name, std::string_view document) {
  if (name.empty() || name.size() > kMaxNameBytes || name.find('\0') != std::string_view::npos)
    return Fail(kInvalidArgument, "The name of the configuration is not valid");
  if (document.size() > kMaxSettingBytes)
    return Fail(kSettingTooLarge, "The configuration is larger than " + std::to_string(kMaxSettingBytes) + " bytes");
  return {};
}

Status ChangeSetting(Core& core, const AccountId& account, std::string_view bucket, std::string_view name,
                     std::optional<std::string> document) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found, core.FindBucketForWrite(account, bucket));
    kv::Batch batch;
    batch.Expect(kBucketSpace, std::string(bucket), found.version);
    // The record is the same; its version is what readers of the settings compare.
    batch.Put(kBucketSpace, std::string(bucket), Encode(found.record));
    std::string key = SettingKey(found.record.bucket, name);
    if (document)
      batch.Put(kSettingSpace, std::move(key), *document);
    else
      batch.Delete(kSettingSpace, std::move(key));
    ALOFT_FAULT_POINT("objects.setting.apply");
    auto applied = core.store.Apply(std::move(batch));
    if (applied.ok()) return {};
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

}  // namespace

Result<BucketLocation> Locate(Core& core, std::string_view bucket) {
  ALOFT_ASSIGN(auto found, core.store.Get(kBucketSpace, bucket));
  if (!found) return Fail(kNoSuchBucket, "The specified bucket does not exist");
  ALOFT_ASSIGN(BucketRecord record, DecodeBucket(found->value));
  return BucketLocation{std::move(record.bucket), found->version};
}

Result<std::optional<std::string>> GetSetting(Core& core, const AccountId& account, std::string_view bucket,
                                              std::string_view name) {
  ALOFT_ASSIGN(auto found, core.FindBucket(account, bucket));
  ALOFT_ASSIGN(auto stored, core.store.Get(kSettingSpace, SettingKey(found.record.bucket, name)));
  if (!stored) return std::optional<std::string>();
  return std::optional<std::string>(std::move(stored->value));
}

Result<Pairs> ListSettings(Core& core, const AccountId& account, std::string_view bucket, std::string_view prefix) {
  ALOFT_ASSIGN(auto found, core.FindBucket(account, bucket));
  std::string from = SettingKey(found.record.bucket, prefix);
  std::size_t named = SettingKey(found.record.bucket, "").size();
  kv::ScanRange range{.from = from, .to = After(from)};
  Pairs settings;
  while (true) {
    ALOFT_ASSIGN(auto page, core.store.Scan(kSettingSpace, range));
    for (auto& entry : page.entries) settings.emplace_back(entry.key.substr(named), std::move(entry.value));
    if (!page.more) return settings;
    range.from = page.entries.back().key + '\0';
  }
}

Status PutSetting(Core& core, const AccountId& account, std::string_view bucket, std::string_view name,
                  std::string_view document) {
  ALOFT_TRY(CheckSetting(name, document));
  return ChangeSetting(core, account, bucket, name, std::string(document));
}

Status DeleteSetting(Core& core, const AccountId& account, std::string_view bucket, std::string_view name) {
  ALOFT_TRY(CheckSetting(name, {}));
  return ChangeSetting(core, account, bucket, name, std::nullopt);
}

Status RemoveSettings(Core& core, kv::Batch& batch, const Bucket& bucket) {
  std::string from = SettingKey(bucket, "");
  kv::ScanRange range{.from = from, .to = After(from), .keys_only = true};
  while (true) {
    ALOFT_ASSIGN(auto page, core.store.Scan(kSettingSpace, range));
    for (auto& entry : page.entries) batch.Delete(kSettingSpace, entry.key);
    if (!page.more) return {};
    range.from = page.entries.back().key + '\0';
  }
}

}  // namespace aloft::objects
