#include "api/aws/organizations/api.h"

#include "api/aws_common/row.h"
#include "foundation/base/bytes.h"
#include "generated/shapes/organizations/service_model.h"
#include "platform/organizations/accounts.h"
#include "platform/organizations/errors.h"
#include "platform/organizations/guardrails.h"
#include "platform/organizations/units.h"

namespace aloft::api {
namespace {

using namespace shapes::organizations;  // NOLINT(google-build-using-namespace): the vocabulary of the API

// What the request is about, as far as it says: the condition keys that AWS documents for it.
template <class In>
identity::Context ContextOf(const In& in) {
  identity::Context out;
  if constexpr (requires { in.policy_type; })
    if (in.policy_type) out["organizations:policytype"] = {*in.policy_type};
  if constexpr (requires { in.filter; })
    if (in.filter) out["organizations:policytype"] = {*in.filter};
  if constexpr (requires { in.tags->front().key; }) {
    for (const Tag& tag : in.tags.value_or(std::vector<Tag>())) {
      out["aws:requesttag/" + ToLower(tag.key.value_or(""))] = {tag.value.value_or("")};
      out["aws:tagkeys"].push_back(tag.key.value_or(""));
    }
  }
  return out;
}

template <class In, class Out, class Handler>
Row Make(std::string_view operation, Handler handler) {
  return MakeRow<In, Out>(
      kModel, operation,
      [operation](const Call&, const In& in) -> std::vector<Permission> {
        return {{"organizations:" + std::string(operation), "*", ContextOf(in)}};
      },
      [handler](const Call& call, const Authorized&, const In& in) { return handler(call.session, in); });
}

void AddAccountRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto accounts = std::make_shared<organizations::Accounts>(identity);
  rows.push_back(Make<DescribeOrganizationRequest, DescribeOrganizationResponse>(
      "DescribeOrganization",
      [accounts](const auto& session, const auto&) { return accounts->DescribeOrganization(session); }));
  rows.push_back(Make<DeleteOrganizationRequest, DeleteOrganizationResponse>(
      "DeleteOrganization",
      [accounts](const auto& session, const auto&) { return accounts->DeleteOrganization(session); }));
  rows.push_back(Make<CreateOrganizationRequest, CreateOrganizationResponse>(
      "CreateOrganization",
      [accounts](const auto& session, const auto& in) { return accounts->CreateOrganization(session, in); }));
  rows.push_back(Make<ListRootsRequest, ListRootsResponse>(
      "ListRoots", [accounts](const auto& session, const auto& in) { return accounts->ListRoots(session, in); }));
  rows.push_back(Make<CreateAccountRequest, CreateAccountResponse>(
      "CreateAccount",
      [accounts](const auto& session, const auto& in) { return accounts->CreateAccount(session, in); }));
  rows.push_back(Make<DescribeCreateAccountStatusRequest, DescribeCreateAccountStatusResponse>(
      "DescribeCreateAccountStatus",
      [accounts](const auto& session, const auto& in) { return accounts->DescribeCreateAccountStatus(session, in); }));
  rows.push_back(Make<ListCreateAccountStatusRequest, ListCreateAccountStatusResponse>(
      "ListCreateAccountStatus",
      [accounts](const auto& session, const auto& in) { return accounts->ListCreateAccountStatus(session, in); }));
  rows.push_back(Make<ListAccountsRequest, ListAccountsResponse>(
      "ListAccounts", [accounts](const auto& session, const auto& in) { return accounts->ListAccounts(session, in); }));
  rows.push_back(Make<DescribeAccountRequest, DescribeAccountResponse>(
      "DescribeAccount",
      [accounts](const auto& session, const auto& in) { return accounts->DescribeAccount(session, in); }));
  rows.push_back(Make<CloseAccountRequest, CloseAccountResponse>(
      "CloseAccount", [accounts](const auto& session, const auto& in) { return accounts->CloseAccount(session, in); }));
}

void AddUnitRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto units = std::make_shared<organizations::Units>(identity);
  rows.push_back(Make<CreateOrganizationalUnitRequest, CreateOrganizationalUnitResponse>(
      "CreateOrganizationalUnit",
      [units](const auto& session, const auto& in) { return units->CreateOrganizationalUnit(session, in); }));
  rows.push_back(Make<UpdateOrganizationalUnitRequest, UpdateOrganizationalUnitResponse>(
      "UpdateOrganizationalUnit",
      [units](const auto& session, const auto& in) { return units->UpdateOrganizationalUnit(session, in); }));
  rows.push_back(Make<DeleteOrganizationalUnitRequest, DeleteOrganizationalUnitResponse>(
      "DeleteOrganizationalUnit",
      [units](const auto& session, const auto& in) { return units->DeleteOrganizationalUnit(session, in); }));
  rows.push_back(Make<DescribeOrganizationalUnitRequest, DescribeOrganizationalUnitResponse>(
      "DescribeOrganizationalUnit",
      [units](const auto& session, const auto& in) { return units->DescribeOrganizationalUnit(session, in); }));
  rows.push_back(Make<ListOrganizationalUnitsForParentRequest, ListOrganizationalUnitsForParentResponse>(
      "ListOrganizationalUnitsForParent",
      [units](const auto& session, const auto& in) { return units->ListOrganizationalUnitsForParent(session, in); }));
  rows.push_back(Make<MoveAccountRequest, MoveAccountResponse>(
      "MoveAccount", [units](const auto& session, const auto& in) { return units->MoveAccount(session, in); }));
  rows.push_back(Make<ListAccountsForParentRequest, ListAccountsForParentResponse>(
      "ListAccountsForParent",
      [units](const auto& session, const auto& in) { return units->ListAccountsForParent(session, in); }));
  rows.push_back(Make<ListParentsRequest, ListParentsResponse>(
      "ListParents", [units](const auto& session, const auto& in) { return units->ListParents(session, in); }));
  rows.push_back(Make<ListChildrenRequest, ListChildrenResponse>(
      "ListChildren", [units](const auto& session, const auto& in) { return units->ListChildren(session, in); }));
}

void AddGuardrailRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto guardrails = std::make_shared<organizations::Guardrails>(identity);
  rows.push_back(Make<EnablePolicyTypeRequest, EnablePolicyTypeResponse>(
      "EnablePolicyType",
      [guardrails](const auto& session, const auto& in) { return guardrails->EnablePolicyType(session, in); }));
  rows.push_back(Make<DisablePolicyTypeRequest, DisablePolicyTypeResponse>(
      "DisablePolicyType",
      [guardrails](const auto& session, const auto& in) { return guardrails->DisablePolicyType(session, in); }));
  rows.push_back(Make<CreatePolicyRequest, CreatePolicyResponse>(
      "CreatePolicy",
      [guardrails](const auto& session, const auto& in) { return guardrails->CreatePolicy(session, in); }));
  rows.push_back(Make<UpdatePolicyRequest, UpdatePolicyResponse>(
      "UpdatePolicy",
      [guardrails](const auto& session, const auto& in) { return guardrails->UpdatePolicy(session, in); }));
  rows.push_back(Make<DeletePolicyRequest, DeletePolicyResponse>(
      "DeletePolicy",
      [guardrails](const auto& session, const auto& in) { return guardrails->DeletePolicy(session, in); }));
  rows.push_back(Make<DescribePolicyRequest, DescribePolicyResponse>(
      "DescribePolicy",
      [guardrails](const auto& session, const auto& in) { return guardrails->DescribePolicy(session, in); }));
  rows.push_back(Make<ListPoliciesRequest, ListPoliciesResponse>(
      "ListPolicies",
      [guardrails](const auto& session, const auto& in) { return guardrails->ListPolicies(session, in); }));
  rows.push_back(Make<AttachPolicyRequest, AttachPolicyResponse>(
      "AttachPolicy",
      [guardrails](const auto& session, const auto& in) { return guardrails->AttachPolicy(session, in); }));
  rows.push_back(Make<DetachPolicyRequest, DetachPolicyResponse>(
      "DetachPolicy",
      [guardrails](const auto& session, const auto& in) { return guardrails->DetachPolicy(session, in); }));
  rows.push_back(Make<ListPoliciesForTargetRequest, ListPoliciesForTargetResponse>(
      "ListPoliciesForTarget",
      [guardrails](const auto& session, const auto& in) { return guardrails->ListPoliciesForTarget(session, in); }));
  rows.push_back(Make<ListTargetsForPolicyRequest, ListTargetsForPolicyResponse>(
      "ListTargetsForPolicy",
      [guardrails](const auto& session, const auto& in) { return guardrails->ListTargetsForPolicy(session, in); }));
  rows.push_back(Make<TagResourceRequest, TagResourceResponse>(
      "TagResource",
      [guardrails](const auto& session, const auto& in) { return guardrails->TagResource(session, in); }));
  rows.push_back(Make<UntagResourceRequest, UntagResourceResponse>(
      "UntagResource",
      [guardrails](const auto& session, const auto& in) { return guardrails->UntagResource(session, in); }));
  rows.push_back(Make<ListTagsForResourceRequest, ListTagsForResourceResponse>(
      "ListTagsForResource",
      [guardrails](const auto& session, const auto& in) { return guardrails->ListTagsForResource(session, in); }));
}

}  // namespace

ServiceApi MakeOrganizationsApi(identity::Service& identity) {
  ServiceApi api;
  api.model = &kModel;
  AddAccountRows(identity, api.rows);
  AddUnitRows(identity, api.rows);
  AddGuardrailRows(identity, api.rows);
  api.errors = {
      {organizations::kNotInUse, "AWSOrganizationsNotInUseException", 400},
      {organizations::kAlreadyIn, "AlreadyInOrganizationException", 400},
      {organizations::kNotEmpty, "OrganizationNotEmptyException", 400},
      {organizations::kNotManagement, "AccessDeniedException", 400},
      {organizations::kAccountNotFound, "AccountNotFoundException", 400},
      {organizations::kAccountClosed, "AccountAlreadyClosedException", 400},
      {organizations::kCreationNotFound, "CreateAccountStatusNotFoundException", 400},
      {organizations::kRootNotFound, "RootNotFoundException", 400},
      {organizations::kParentNotFound, "ParentNotFoundException", 400},
      {organizations::kChildNotFound, "ChildNotFoundException", 400},
      {organizations::kUnitNotFound, "OrganizationalUnitNotFoundException", 400},
      {organizations::kUnitNotEmpty, "OrganizationalUnitNotEmptyException", 400},
      {organizations::kDuplicateUnit, "DuplicateOrganizationalUnitException", 400},
      {organizations::kSourceNotFound, "SourceParentNotFoundException", 400},
      {organizations::kDestinationNotFound, "DestinationParentNotFoundException", 400},
      {organizations::kDuplicateAccount, "DuplicateAccountException", 400},
      {organizations::kTargetNotFound, "TargetNotFoundException", 400},
      {organizations::kPolicyNotFound, "PolicyNotFoundException", 400},
      {organizations::kDuplicatePolicy, "DuplicatePolicyException", 400},
      {organizations::kDuplicateAttachment, "DuplicatePolicyAttachmentException", 400},
      {organizations::kNotAttached, "PolicyNotAttachedException", 400},
      {organizations::kPolicyInUse, "PolicyInUseException", 400},
      {organizations::kTypeEnabled, "PolicyTypeAlreadyEnabledException", 400},
      {organizations::kTypeNotEnabled, "PolicyTypeNotEnabledException", 400},
      {organizations::kMalformedPolicy, "MalformedPolicyDocumentException", 400},
      {organizations::kConstraint, "ConstraintViolationException", 400},
      {organizations::kInvalidInput, "InvalidInputException", 400},
  };
  return api;
}

}  // namespace aloft::api
