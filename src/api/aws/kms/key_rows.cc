#include "api/aws/kms/rows.h"
#include "foundation/base/bytes.h"
#include "platform/policy/policy.h"

namespace aloft::api {

using namespace shapes::kms;  // NOLINT(google-build-using-namespace): the vocabulary of the API

namespace {

using Service = kms::Service;
using Caller = kms::Caller;

void AddTagKeys(identity::Context& context, const std::optional<std::vector<Tag>>& tags) {
  for (const Tag& tag : tags.value_or(std::vector<Tag>())) {
    context["aws:requesttag/" + ToLower(tag.tag_key.value_or(""))] = {tag.tag_value.value_or("")};
    context["aws:tagkeys"].push_back(tag.tag_key.value_or(""));
  }
}

std::vector<Permission> ToCreateKey(const Call& call, const CreateKeyRequest& in) {
  Permission create{"kms:CreateKey", "*", {}, nullptr};
  create.context["kms:keyspec"] = {in.key_spec.value_or(in.customer_master_key_spec.value_or("SYMMETRIC_DEFAULT"))};
  create.context["kms:keyusage"] = {in.key_usage.value_or("ENCRYPT_DECRYPT")};
  create.context["kms:keyorigin"] = {in.origin.value_or("AWS_KMS")};
  create.context["kms:multiregion"] = {in.multi_region.value_or(false) ? "true" : "false"};
  create.context["kms:bypasspolicylockoutsafetycheck"] = {
      in.bypass_policy_lockout_safety_check.value_or(false) ? "true" : "false"};
  create.context["kms:calleraccount"] = {call.session.account.value()};
  AddTagKeys(create.context, in.tags);
  std::vector<Permission> out{create};
  if (in.tags && !in.tags->empty()) out.push_back({"kms:TagResource", "*", create.context, nullptr});
  return out;
}

// A policy that does not parse is refused before it is stored, and so is one that locks its author out.
Status CheckPolicy(const Call& call, const std::string& arn, const std::string& text, bool bypass) {
  auto parsed = policy::Policy::Parse(text, policy::PolicyUse::kResource);
  if (!parsed.ok()) return Fail(kms::kMalformedPolicy, parsed.error().message);
  if (bypass) return {};
  identity::Context context{{"kms:calleraccount", {call.session.account.value()}},
                            {"aws:principalarn", {call.session.arn}},
                            {"aws:principalaccount", {call.session.account.value()}}};
  const policy::ContextKeys keys(context);
  policy::Caller caller{};
  caller.account = call.session.account.value();
  caller.arn = call.session.arn;
  caller.role_arn = call.session.role_arn;
  const auto verdict = (*parsed)->Evaluate({"kms:PutKeyPolicy", arn, keys, &caller});
  if (verdict.effect == policy::Verdict::Effect::kAllow) return {};
  return Fail(kms::kMalformedPolicy, "The new key policy will not allow you to update the key policy in the future.");
}

void AddPolicyRows(KmsRows rows) {
  rows.AddOnKey<GetKeyPolicyRequest, GetKeyPolicyResponse>(
      "GetKeyPolicy", [](Service& kms, const Caller& caller, const auto& in) { return kms.GetKeyPolicy(caller, in); });
  rows.AddOnKey<ListKeyPoliciesRequest, ListKeyPoliciesResponse>(
      "ListKeyPolicies",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ListKeyPolicies(caller, in); });
  rows.api.rows.push_back(MakeRow<PutKeyPolicyRequest, PutKeyPolicyResponse>(
      kModel, "PutKeyPolicy",
      [rows](const Call& call, const PutKeyPolicyRequest& in) {
        Permission permission = rows.OnKey(call, "kms:PutKeyPolicy", in.key_id.value_or(""));
        permission.context["kms:bypasspolicylockoutsafetycheck"] = {
            in.bypass_policy_lockout_safety_check.value_or(false) ? "true" : "false"};
        return std::vector<Permission>{std::move(permission)};
      },
      [&kms = rows.kms](const Call& call, const Authorized&, const PutKeyPolicyRequest& in) -> Status {
        const Caller caller{call.session.account, call.region, call.session.arn};
        ALOFT_ASSIGN(const kms::Key key, kms.Find(caller, in.key_id.value_or("")));
        ALOFT_TRY(CheckPolicy(call, key.Arn(), in.policy.value_or(""),
                              in.bypass_policy_lockout_safety_check.value_or(false)));
        return kms.PutKeyPolicy(caller, in);
      }));
}

void AddTagRows(KmsRows rows) {
  rows.Add<TagResourceRequest, TagResourceResponse>(
      "TagResource",
      [rows](const Call& call, const TagResourceRequest& in) {
        Permission permission = rows.OnKey(call, "kms:TagResource", in.key_id.value_or(""));
        AddTagKeys(permission.context, in.tags);
        return std::vector<Permission>{std::move(permission)};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.TagResource(caller, in); });
  rows.Add<UntagResourceRequest, UntagResourceResponse>(
      "UntagResource",
      [rows](const Call& call, const UntagResourceRequest& in) {
        Permission permission = rows.OnKey(call, "kms:UntagResource", in.key_id.value_or(""));
        permission.context["aws:tagkeys"] = in.tag_keys.value_or(std::vector<std::string>());
        return std::vector<Permission>{std::move(permission)};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.UntagResource(caller, in); });
  rows.AddOnKey<ListResourceTagsRequest, ListResourceTagsResponse>(
      "ListResourceTags",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ListResourceTags(caller, in); });
}

void AddRotationRows(KmsRows rows) {
  rows.AddOnKey<EnableKeyRotationRequest, EnableKeyRotationResponse>(
      "EnableKeyRotation",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.EnableKeyRotation(caller, in); });
  rows.AddOnKey<DisableKeyRotationRequest, DisableKeyRotationResponse>(
      "DisableKeyRotation",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.DisableKeyRotation(caller, in); });
  rows.AddOnKey<GetKeyRotationStatusRequest, GetKeyRotationStatusResponse>(
      "GetKeyRotationStatus",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.GetKeyRotationStatus(caller, in); });
  rows.AddOnKey<RotateKeyOnDemandRequest, RotateKeyOnDemandResponse>(
      "RotateKeyOnDemand",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.RotateKeyOnDemand(caller, in); });
  rows.AddOnKey<ListKeyRotationsRequest, ListKeyRotationsResponse>(
      "ListKeyRotations",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ListKeyRotations(caller, in); });
}

}  // namespace

void AddKeyRows(KmsRows rows) {
  rows.api.rows.push_back(MakeRow<CreateKeyRequest, CreateKeyResponse>(
      kModel, "CreateKey", &ToCreateKey,
      [&kms = rows.kms](const Call& call, const Authorized&, const CreateKeyRequest& in) -> Result<CreateKeyResponse> {
        if (in.policy)
          ALOFT_TRY(CheckPolicy(call,
                                "arn:aws:kms:" + call.region.value() + ":" + call.session.account.value() + ":key/new",
                                *in.policy, in.bypass_policy_lockout_safety_check.value_or(false)));
        return kms.CreateKey({call.session.account, call.region, call.session.arn}, in);
      }));
  rows.AddOnKey<DescribeKeyRequest, DescribeKeyResponse>(
      "DescribeKey", [](Service& kms, const Caller& caller, const auto& in) { return kms.DescribeKey(caller, in); });
  rows.Add<ListKeysRequest, ListKeysResponse>(
      "ListKeys",
      [](const Call&, const ListKeysRequest&) {
        return std::vector<Permission>{{"kms:ListKeys", "*", {}, nullptr}};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ListKeys(caller, in); });
  rows.AddOnKey<EnableKeyRequest, EnableKeyResponse>(
      "EnableKey", [](Service& kms, const Caller& caller, const auto& in) { return kms.EnableKey(caller, in); });
  rows.AddOnKey<DisableKeyRequest, DisableKeyResponse>(
      "DisableKey", [](Service& kms, const Caller& caller, const auto& in) { return kms.DisableKey(caller, in); });
  rows.Add<ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse>(
      "ScheduleKeyDeletion",
      [rows](const Call& call, const ScheduleKeyDeletionRequest& in) {
        Permission permission = rows.OnKey(call, "kms:ScheduleKeyDeletion", in.key_id.value_or(""));
        permission.context["kms:schedulekeydeletionpendingwindowindays"] = {
            std::to_string(in.pending_window_in_days.value_or(30))};
        return std::vector<Permission>{std::move(permission)};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ScheduleKeyDeletion(caller, in); });
  rows.AddOnKey<CancelKeyDeletionRequest, CancelKeyDeletionResponse>(
      "CancelKeyDeletion",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.CancelKeyDeletion(caller, in); });
  rows.AddOnKey<UpdateKeyDescriptionRequest, UpdateKeyDescriptionResponse>(
      "UpdateKeyDescription",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.UpdateKeyDescription(caller, in); });
  AddPolicyRows(rows);
  AddTagRows(rows);
  AddRotationRows(rows);
}

}  // namespace aloft::api
