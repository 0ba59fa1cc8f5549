#include "api/aws/kms/rows.h"

namespace aloft::api {

using namespace shapes::kms;  // NOLINT(google-build-using-namespace): the vocabulary of the API

namespace {
using Service = kms::Service;
using Caller = kms::Caller;
}  // namespace

// Both the alias and each key that it points to, or will, must be allowed.
void AddAliasRows(KmsRows rows) {
  rows.Add<CreateAliasRequest, CreateAliasResponse>(
      "CreateAlias",
      [rows](const Call& call, const CreateAliasRequest& in) {
        return std::vector<Permission>{rows.OnAlias(call, "kms:CreateAlias", in.alias_name.value_or("")),
                                       rows.OnKey(call, "kms:CreateAlias", in.target_key_id.value_or(""))};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.CreateAlias(caller, in); });
  rows.Add<UpdateAliasRequest, UpdateAliasResponse>(
      "UpdateAlias",
      [rows](const Call& call, const UpdateAliasRequest& in) {
        std::vector<Permission> out{rows.OnAlias(call, "kms:UpdateAlias", in.alias_name.value_or("")),
                                    rows.OnKey(call, "kms:UpdateAlias", in.target_key_id.value_or(""))};
        const auto old = rows.kms.Find({call.session.account, call.region}, in.alias_name.value_or(""));
        if (old.ok()) out.push_back(rows.OnKey(call, "kms:UpdateAlias", old->Arn()));
        return out;
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.UpdateAlias(caller, in); });
  rows.Add<DeleteAliasRequest, DeleteAliasResponse>(
      "DeleteAlias",
      [rows](const Call& call, const DeleteAliasRequest& in) {
        std::vector<Permission> out{rows.OnAlias(call, "kms:DeleteAlias", in.alias_name.value_or(""))};
        const auto old = rows.kms.Find({call.session.account, call.region}, in.alias_name.value_or(""));
        if (old.ok()) out.push_back(rows.OnKey(call, "kms:DeleteAlias", old->Arn()));
        return out;
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.DeleteAlias(caller, in); });
  rows.Add<ListAliasesRequest, ListAliasesResponse>(
      "ListAliases",
      [](const Call&, const ListAliasesRequest&) {
        return std::vector<Permission>{{"kms:ListAliases", "*", {}, nullptr}};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ListAliases(caller, in); });
}

}  // namespace aloft::api
