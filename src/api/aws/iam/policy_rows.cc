#include "api/aws/iam/rows.h"
#include "platform/directory/managed_policies.h"

namespace aloft::api::iam_rows {

using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::EntityKind;

void AddPolicyRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto policies = std::make_shared<directory::ManagedPolicies>(identity);
  const auto named = [](const Call&, const auto& in) { return in.policy_arn.value_or(""); };
  const auto created = [](const Call& call, const CreatePolicyRequest& in) {
    return ArnOfAll(call, EntityKind::kPolicy, in.path.value_or("/") + in.policy_name.value_or(""));
  };
  const auto all = [](const Call& call, const ListPoliciesRequest& in) {
    return ArnOfAll(call, EntityKind::kPolicy, in.path_prefix.value_or("/"));
  };
  rows.push_back(MakeIamRow<CreatePolicyRequest, CreatePolicyResponse>(
      "CreatePolicy", created,
      [policies](const auto& session, const auto& in) { return policies->CreatePolicy(session, in); }));
  rows.push_back(MakeIamRow<ListPoliciesRequest, ListPoliciesResponse>(
      "ListPolicies", all,
      [policies](const auto& session, const auto& in) { return policies->ListPolicies(session, in); }));
  rows.push_back(MakeIamRow<GetPolicyRequest, GetPolicyResponse>(
      "GetPolicy", named,
      [policies](const auto& session, const auto& in) { return policies->GetPolicy(session, in); }));
  rows.push_back(MakeIamRow<DeletePolicyRequest, DeletePolicyResponse>(
      "DeletePolicy", named,
      [policies](const auto& session, const auto& in) { return policies->DeletePolicy(session, in); }));
  rows.push_back(MakeIamRow<ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse>(
      "ListEntitiesForPolicy", named,
      [policies](const auto& session, const auto& in) { return policies->ListEntitiesForPolicy(session, in); }));
  rows.push_back(MakeIamRow<CreatePolicyVersionRequest, CreatePolicyVersionResponse>(
      "CreatePolicyVersion", named,
      [policies](const auto& session, const auto& in) { return policies->CreatePolicyVersion(session, in); }));
  rows.push_back(MakeIamRow<GetPolicyVersionRequest, GetPolicyVersionResponse>(
      "GetPolicyVersion", named,
      [policies](const auto& session, const auto& in) { return policies->GetPolicyVersion(session, in); }));
  rows.push_back(MakeIamRow<DeletePolicyVersionRequest, DeletePolicyVersionResponse>(
      "DeletePolicyVersion", named,
      [policies](const auto& session, const auto& in) { return policies->DeletePolicyVersion(session, in); }));
  rows.push_back(MakeIamRow<SetDefaultPolicyVersionRequest, SetDefaultPolicyVersionResponse>(
      "SetDefaultPolicyVersion", named,
      [policies](const auto& session, const auto& in) { return policies->SetDefaultPolicyVersion(session, in); }));
  rows.push_back(MakeIamRow<ListPolicyVersionsRequest, ListPolicyVersionsResponse>(
      "ListPolicyVersions", named,
      [policies](const auto& session, const auto& in) { return policies->ListPolicyVersions(session, in); }));
  rows.push_back(MakeIamRow<TagPolicyRequest, TagPolicyResponse>(
      "TagPolicy", named,
      [policies](const auto& session, const auto& in) { return policies->TagPolicy(session, in); }));
  rows.push_back(MakeIamRow<UntagPolicyRequest, UntagPolicyResponse>(
      "UntagPolicy", named,
      [policies](const auto& session, const auto& in) { return policies->UntagPolicy(session, in); }));
  rows.push_back(MakeIamRow<ListPolicyTagsRequest, ListPolicyTagsResponse>(
      "ListPolicyTags", named,
      [policies](const auto& session, const auto& in) { return policies->ListPolicyTags(session, in); }));
}

}  // namespace aloft::api::iam_rows
