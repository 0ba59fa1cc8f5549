#include "api/aws/kms/rows.h"

namespace aloft::api {

using namespace shapes::kms;  // NOLINT(google-build-using-namespace): the vocabulary of the API

namespace {

using Service = kms::Service;
using Caller = kms::Caller;

// What a policy may say of grants that somebody makes.
std::vector<Permission> ToCreateGrant(const KmsRows& rows, const Call& call, const CreateGrantRequest& in) {
  Permission out = rows.OnKey(call, "kms:CreateGrant", in.key_id.value_or(""));
  out.context["kms:granteeprincipal"] = {in.grantee_principal.value_or("")};
  if (in.retiring_principal) out.context["kms:retiringprincipal"] = {*in.retiring_principal};
  out.context["kms:grantoperations"] = in.operations.value_or(std::vector<std::string>());
  out.context["kms:grantisforawsresource"] = {"false"};  // "true" is what services say that make grants for themselves
  if (in.constraints && in.constraints->encryption_context_equals)
    out.context["kms:grantconstrainttype"] = {"EncryptionContextEquals"};
  if (in.constraints && in.constraints->encryption_context_subset)
    out.context["kms:grantconstrainttype"].push_back("EncryptionContextSubset");
  return {std::move(out)};
}

std::vector<Permission> ToRetireGrant(const KmsRows& rows, const Call& call, const RetireGrantRequest& in) {
  const auto grant = rows.kms.FindGrant(in.grant_token ? *in.grant_token : in.grant_id.value_or(""));
  const bool found = grant.ok() && grant->has_value();
  Permission out = rows.OnKey(call, "kms:RetireGrant",
                              in.key_id ? *in.key_id
                              : found   ? (*grant)->key_id
                                        : std::string("unknown"));
  if (!found && !in.key_id) return {{"kms:RetireGrant", "*", {}, nullptr}};
  // One who holds an ARN of another account's key may retire too: the id alone would mean the caller's own account.
  if (found) out.context["kms:aloft:retiringprincipal"] = {(*grant)->retiring};
  return {std::move(out)};
}

}  // namespace

void AddGrantRows(KmsRows rows) {
  rows.Add<CreateGrantRequest, CreateGrantResponse>(
      "CreateGrant", [rows](const Call& call, const CreateGrantRequest& in) { return ToCreateGrant(rows, call, in); },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.CreateGrant(caller, in); });
  rows.AddOnKey<ListGrantsRequest, ListGrantsResponse>(
      "ListGrants", [](Service& kms, const Caller& caller, const auto& in) { return kms.ListGrants(caller, in); });
  rows.Add<ListRetirableGrantsRequest, ListRetirableGrantsResponse>(
      "ListRetirableGrants",
      [](const Call&, const ListRetirableGrantsRequest&) {
        return std::vector<Permission>{{"kms:ListRetirableGrants", "*", {}, nullptr}};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ListRetirableGrants(caller, in); });
  rows.AddOnKey<RevokeGrantRequest, RevokeGrantResponse>(
      "RevokeGrant", [](Service& kms, const Caller& caller, const auto& in) { return kms.RevokeGrant(caller, in); });
  rows.Add<RetireGrantRequest, RetireGrantResponse>(
      "RetireGrant", [rows](const Call& call, const RetireGrantRequest& in) { return ToRetireGrant(rows, call, in); },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.RetireGrant(caller, in); });
}

}  // namespace aloft::api
