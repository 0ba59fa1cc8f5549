// Making keys, and what they go through.
#include <boost/json/value.hpp>

#include "foundation/codec/json.h"
#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

using std::chrono::hours;

constexpr std::size_t kMaxPolicyBytes = 32u << 10;
constexpr std::size_t kMaxTags = 50;
constexpr std::int64_t kMinWindow = 7, kMaxWindow = 30;  // days

// What CreateKey may ask for and this service does not do: refused by name, never ignored.
Status RefuseWhatIsNotBuilt(const api::CreateKeyRequest& in) {
  if (in.origin && *in.origin != "AWS_KMS")
    return Fail(kUnimplemented, "Keys with Origin " + *in.origin + " are not built.");
  if (in.custom_key_store_id) return Fail(kUnimplemented, "Keys in a custom key store are not built.");
  if (in.xks_key_id) return Fail(kUnimplemented, "Keys in an external key store are not built.");
  if (in.multi_region.value_or(false))
    return Fail(kUnimplemented, "Keys of several regions (MultiRegion) are not built.");
  return {};
}

}  // namespace

std::string DefaultPolicy(const AccountId& account) {
  return R"({
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::)" +
         account.value() + R"(:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
})";
}

std::string ManagedPolicy(const AccountId& account, const Region& region, std::string_view service) {
  const std::string name(service), host = name + "." + region.value() + ".amazonaws.com";
  return R"({"Version":"2012-10-17","Id":"auto-)" + name + R"(-1","Statement":[{"Sid":"Allow access through )" + name +
         R"( for all principals in the account that are authorized to use it","Effect":"Allow","Principal":{"AWS":"*"},)"
         R"("Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],)"
         R"("Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":")" +
         account.value() + R"(","kms:ViaService":")" + host +
         R"("}}},{"Sid":"Allow direct access to key metadata to the account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::)" +
         account.value() +
         R"(:root"},"Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]})";
}

Status CheckPolicyText(std::string_view policy) {
  if (policy.size() > kMaxPolicyBytes)
    return Fail(kMalformedPolicy, "The key policy is longer than " + std::to_string(kMaxPolicyBytes) + " bytes.");
  const auto json = codec::ParseJson(policy);
  if (!json.ok() || !json->is_object()) return Fail(kMalformedPolicy, "The policy is not valid JSON.");
  return {};
}

Result<std::map<std::string, std::string>> ReadTags(const std::optional<std::vector<api::Tag>>& tags) {
  std::map<std::string, std::string> out;
  if (!tags) return out;
  for (const api::Tag& tag : *tags) {
    const std::string name = tag.tag_key.value_or("");
    if (name.starts_with("aws:")) return Fail(kTagInvalid, "Tags starting with aws: are reserved for internal use");
    if (!out.emplace(name, tag.tag_value.value_or("")).second) return Fail(kTagInvalid, "Duplicate tag keys");
  }
  if (out.size() > kMaxTags) return Fail(kTagInvalid, "Too many tags");
  return out;
}

api::KeyMetadata Describe(const Key& key, const std::string& material_id) {
  const Spec* spec = FindSpec(key.spec);
  api::KeyMetadata out;
  out.aws_account_id = key.account.value();
  out.key_id = key.id;
  out.arn = key.Arn();
  out.creation_date = key.created;
  out.enabled = key.state == "Enabled";
  out.description = key.description;
  out.key_usage = key.usage;
  out.key_state = key.state;
  out.origin = "AWS_KMS";
  out.key_manager = key.managed ? "AWS" : "CUSTOMER";
  out.customer_master_key_spec = key.spec;
  out.key_spec = key.spec;
  out.multi_region = false;
  if (key.state == "PendingDeletion") out.deletion_date = key.deletion;
  if (spec == nullptr) return out;
  const auto some = [](std::vector<std::string> list) {
    return list.empty() ? std::nullopt : std::optional<std::vector<std::string>>(std::move(list));
  };
  out.encryption_algorithms = some(EncryptionAlgorithms(*spec, key.usage));
  out.signing_algorithms = some(SigningAlgorithms(*spec, key.usage));
  out.mac_algorithms = some(MacAlgorithms(*spec, key.usage));
  if (spec->material == Material::kSymmetric && !material_id.empty()) out.current_key_material_id = material_id;
  return out;
}

Result<api::CreateKeyResponse> Service::CreateKey(const Caller& caller, const api::CreateKeyRequest& in) {
  ALOFT_TRY(RefuseWhatIsNotBuilt(in));
  if (in.key_spec && in.customer_master_key_spec)
    return Fail(kValidation,
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
                "CustomerMasterKeySpec is deprecated.");
  Key key;
  key.spec = in.key_spec.value_or(in.customer_master_key_spec.value_or("SYMMETRIC_DEFAULT"));
  const Spec* spec = FindSpec(key.spec);
  if (spec == nullptr) return Fail(kUnimplemented, "Keys with KeySpec " + key.spec + " are not built.");
  const auto usage = UsageOf(*spec, in.key_usage.value_or(""));
  if (!usage && !in.key_usage)
    return Fail(kValidation,
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
  if (!usage)
    return Fail(kValidation, "The operation failed because the KeyUsage value of the KMS key is " + *in.key_usage +
                                 ". To perform this operation with KeySpec " + key.spec + " choose another.");
  key.usage = *usage;
  key.id = state_->random.Uuid();
  key.account = caller.account;
  key.region = caller.region;
  key.created = state_->clock.Now();
  key.description = in.description.value_or("");
  key.policy = in.policy.value_or(DefaultPolicy(caller.account));
  ALOFT_TRY(CheckPolicyText(key.policy));
  ALOFT_ASSIGN(key.tags, ReadTags(in.tags));
  ALOFT_ASSIGN(const MaterialRecord material, state_->MakeMaterial(key, 1, "CREATED"));
  ALOFT_TRY(state_->database.Write([&](sql::Transaction& t) -> Status { return state_->Insert(t, key, material); }));
  return api::CreateKeyResponse{.key_metadata = Describe(key, material.id)};
}

Result<api::DescribeKeyResponse> Service::DescribeKey(const Caller& caller, const api::DescribeKeyRequest& in) const {
  ALOFT_ASSIGN(const Key key, Find(caller, in.key_id.value_or("")));
  ALOFT_ASSIGN(const auto material,
               state_->database.Read([&](sql::Reader& reader) { return records::FindMaterial(reader, key.id, 0); }));
  return api::DescribeKeyResponse{.key_metadata = Describe(key, material ? material->id : "")};
}

Result<api::ListKeysResponse> Service::ListKeys(const Caller& caller, const api::ListKeysRequest& in) const {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.limit, in.marker));
  ALOFT_ASSIGN(auto keys, state_->database.Read([&](sql::Reader& reader) {
    return records::ListKeys(reader, caller.account, caller.region, paging.after, paging.limit + 1);
  }));
  api::ListKeysResponse out;
  CutPage(paging, keys, out, [](const Key& key) { return key.id; });
  out.keys.emplace();
  for (const Key& key : keys) out.keys->push_back({.key_id = key.id, .key_arn = key.Arn()});
  return out;
}

Status Service::EnableKey(const Caller& caller, const api::EnableKeyRequest& in) {
  return state_->Change(caller, in.key_id, [](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireNotPending(key));
    key.state = "Enabled";
    return {};
  });
}

Status Service::DisableKey(const Caller& caller, const api::DisableKeyRequest& in) {
  return state_->Change(caller, in.key_id, [](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireNotPending(key));
    key.state = "Disabled";
    return {};
  });
}

Result<api::ScheduleKeyDeletionResponse> Service::ScheduleKeyDeletion(const Caller& caller,
                                                                      const api::ScheduleKeyDeletionRequest& in) {
  const std::int64_t days = in.pending_window_in_days.value_or(static_cast<std::int32_t>(kMaxWindow));
  if (days < kMinWindow || days > kMaxWindow)
    return Fail(kValidation, "PendingWindowInDays must be between 7 and 30 days, inclusive.");
  api::ScheduleKeyDeletionResponse out;
  ALOFT_TRY(state_->Change(caller, in.key_id, [&](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireNotPending(key));
    if (key.managed) return Fail(kUnsupported, key.Arn() + " is managed by a service and cannot be deleted.");
    key.state = "PendingDeletion";
    key.window_days = days;
    key.deletion = state_->clock.Now() + hours(24 * days);
    out = {.key_id = key.Arn(),
           .deletion_date = key.deletion,
           .key_state = key.state,
           .pending_window_in_days = static_cast<std::int32_t>(days)};
    return {};
  }));
  state_->log.Warn("kms: a key will be destroyed", {{"key", *out.key_id}, {"days", std::to_string(days)}});
  return out;
}

Result<api::CancelKeyDeletionResponse> Service::CancelKeyDeletion(const Caller& caller,
                                                                  const api::CancelKeyDeletionRequest& in) {
  api::CancelKeyDeletionResponse out;
  ALOFT_TRY(state_->Change(caller, in.key_id, [&](sql::Transaction&, Key& key) -> Status {
    if (key.state != "PendingDeletion") return Fail(kInvalidState, key.Arn() + " is not pending deletion.");
    key.state = "Disabled";
    key.deletion = Time{};
    out.key_id = key.Arn();
    return {};
  }));
  return out;
}

Status Service::UpdateKeyDescription(const Caller& caller, const api::UpdateKeyDescriptionRequest& in) {
  return state_->Change(caller, in.key_id, [&](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireNotPending(key));
    key.description = in.description.value_or("");
    return {};
  });
}

}  // namespace aloft::kms
