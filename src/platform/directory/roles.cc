#include "platform/directory/roles.h"

#include "platform/directory/last_use.h"
#include "platform/directory/show_role.h"
#include "platform/directory/trust.h"

namespace aloft::directory {

using namespace identity;     // NOLINT(google-build-using-namespace): the vocabulary of the room below
using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::Session;

namespace {

constexpr std::size_t kMaxTrust = 2048;
constexpr std::string_view kServiceLinkedPath = "/aws-service-role/";

Attachments Of(Service::State& state, const Session& session, const std::optional<std::string>& role) {
  return Attachments(state, session.account, EntityKind::kRole, role.value_or(""));
}

Status CheckTrust(const std::string& document) {
  ALOFT_TRY(identity::Policy::Parse(document, PolicyUse::kTrust));
  if (PolicySize(document) > kMaxTrust) return Fail(kLimitExceeded, "Cannot exceed quota for ACLSizePerRole: 2048");
  return {};
}

Entity NewRole(Service::State& state, const Session& session) {
  Entity role;
  role.account = session.account;
  role.kind = EntityKind::kRole;
  role.id = NewEntityId(state.random, "AROA");
  role.created = state.clock.Now();
  return role;
}

// Roles of services carry AWS's names where they have one.
std::string LinkedName(const std::string& service) {
  if (service == "sagemaker.amazonaws.com") return "AWSServiceRoleForAmazonSageMakerNotebooks";
  if (service == "sagemaker.application-autoscaling.amazonaws.com")
    return "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint";
  std::string name = "AWSServiceRoleFor";
  bool capital = true;
  for (const char c : service.substr(0, service.find(".amazonaws.com"))) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) name.push_back(capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    capital = !letter;
  }
  return name;
}

}  // namespace

Role ShowRole(const Entity& role) {
  Role out;
  out.path = role.path;
  out.role_name = role.name;
  out.role_id = role.id;
  out.arn = role.Arn();
  out.create_date = role.created;
  out.assume_role_policy_document = ShowDocument(role.trust);
  if (!role.description.empty()) out.description = role.description;
  out.max_session_duration = static_cast<std::int32_t>(role.max_session_seconds);
  out.permissions_boundary = ShowBoundary(role);
  out.tags = ShowTags(role.tags);
  out.role_last_used = RoleLastUsed{};
  return out;
}

Result<CreateRoleResponse> Roles::CreateRole(const Session& session, const CreateRoleRequest& in) {
  Entity role = NewRole(state_, session);
  role.name = in.role_name.value_or("");
  role.path = in.path.value_or("/");
  if (role.path.starts_with(kServiceLinkedPath))
    return Fail(kValidation, "The path " + role.path + " is reserved for service-linked roles");
  role.description = in.description.value_or("");
  role.trust = in.assume_role_policy_document.value_or("");
  role.max_session_seconds = in.max_session_duration.value_or(3600);
  role.boundary = in.permissions_boundary.value_or("");
  ALOFT_TRY(CheckTrust(role.trust));
  ALOFT_ASSIGN(role.tags, ReadTags(in.tags));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<CreateRoleResponse> {
    if (!role.boundary.empty()) ALOFT_TRY(RequireManaged(t, session.account, role.boundary));
    ALOFT_ASSIGN(role.trust_ids, ResolveTrust(t, role.trust));
    ALOFT_TRY(InsertNew(t, role));
    Role shown = ShowRole(role);
    shown.role_last_used.reset();
    return CreateRoleResponse{.role = std::move(shown)};
  });
}

Result<CreateServiceLinkedRoleResponse> Roles::CreateServiceLinkedRole(const Session& session,
                                                                       const CreateServiceLinkedRoleRequest& in) {
  const std::string service = in.aws_service_name.value_or("");
  if (!service.ends_with(".amazonaws.com"))
    return Fail(kInvalidInput,
                "Service name " + service + " is not the name of a service, such as sagemaker.amazonaws.com");
  Entity role = NewRole(state_, session);
  role.name = LinkedName(service) + (in.custom_suffix ? "_" + *in.custom_suffix : "");
  role.path = std::string(kServiceLinkedPath) + service + "/";
  role.description = in.description.value_or("");
  role.trust = R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":")" + service +
               R"("},"Action":"sts:AssumeRole"}]})";
  ALOFT_TRY(CheckTrust(role.trust));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<CreateServiceLinkedRoleResponse> {
    ALOFT_ASSIGN(const auto taken, records::Find(t, session.account, EntityKind::kRole, role.name));
    if (taken)
      return Fail(kInvalidInput,
                  "Service role name " + role.name + " has been taken in this account, please try a different suffix.");
    ALOFT_TRY(InsertNew(t, role));
    return CreateServiceLinkedRoleResponse{.role = ShowRole(role)};
  });
}

Result<GetRoleResponse> Roles::GetRole(const Session& session, const GetRoleRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<GetRoleResponse> {
    ALOFT_ASSIGN(const Entity role, Require(reader, session.account, EntityKind::kRole, in.role_name.value_or("")));
    Role shown = ShowRole(role);
    ALOFT_ASSIGN(const auto used, FindLastUse(reader, session.account, role.id));
    if (used) shown.role_last_used = RoleLastUsed{.last_used_date = used->when, .region = used->region};
    return GetRoleResponse{.role = std::move(shown)};
  });
}

Status Roles::UpdateRole(const Session& session, const UpdateRoleRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity role, Require(t, session.account, EntityKind::kRole, in.role_name.value_or("")));
    role.description = in.description.value_or(role.description);
    role.max_session_seconds = in.max_session_duration.value_or(static_cast<std::int32_t>(role.max_session_seconds));
    return records::Update(t, role.name, role);
  });
}

Status Roles::UpdateAssumeRolePolicy(const Session& session, const UpdateAssumeRolePolicyRequest& in) {
  const std::string trust = in.policy_document.value_or("");
  ALOFT_TRY(CheckTrust(trust));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity role, Require(t, session.account, EntityKind::kRole, in.role_name.value_or("")));
    role.trust = trust;
    ALOFT_ASSIGN(role.trust_ids, ResolveTrust(t, trust));
    return records::Update(t, role.name, role);
  });
}

Result<UpdateRoleDescriptionResponse> Roles::UpdateRoleDescription(const Session& session,
                                                                   const UpdateRoleDescriptionRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<UpdateRoleDescriptionResponse> {
    ALOFT_ASSIGN(Entity role, Require(t, session.account, EntityKind::kRole, in.role_name.value_or("")));
    role.description = in.description.value_or("");
    ALOFT_TRY(records::Update(t, role.name, role));
    return UpdateRoleDescriptionResponse{.role = ShowRole(role)};
  });
}

Result<DeleteServiceLinkedRoleResponse> Roles::DeleteServiceLinkedRole(const Session& session,
                                                                       const DeleteServiceLinkedRoleRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<DeleteServiceLinkedRoleResponse> {
    ALOFT_ASSIGN(const Entity role, Require(t, session.account, EntityKind::kRole, in.role_name.value_or("")));
    if (!role.path.starts_with(kServiceLinkedPath))
      return Fail(kNoSuchEntity, "The role with name " + role.name + " is not a service-linked role.");
    ALOFT_TRY(records::Delete(t, session.account, EntityKind::kRole, role.name));
    // It is gone when the call returns, so the task is its own record: its status needs no other.
    return DeleteServiceLinkedRoleResponse{.deletion_task_id =
                                               "task" + role.path + role.name + "/" + state_.random.Uuid()};
  });
}

Result<GetServiceLinkedRoleDeletionStatusResponse> Roles::GetServiceLinkedRoleDeletionStatus(
    const Session&, const GetServiceLinkedRoleDeletionStatusRequest& in) {
  const std::string task = in.deletion_task_id.value_or("");
  if (!task.starts_with("task" + std::string(kServiceLinkedPath)))
    return Fail(kNoSuchEntity, "Could not find deletion task " + task);
  return GetServiceLinkedRoleDeletionStatusResponse{.status = "SUCCEEDED"};
}

Status Roles::DeleteRole(const Session& session, const DeleteRoleRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity role, Require(t, session.account, EntityKind::kRole, in.role_name.value_or("")));
    if (role.path.starts_with(kServiceLinkedPath))
      return Fail(kUnmodifiableEntity, "Cannot perform the operation on the protected role '" + role.name +
                                           "' - this role is only modifiable by AWS");
    const auto must = [](const char* what) {
      return Fail(kDeleteConflict, std::string("Cannot delete entity, must ") + what + " first.");
    };
    ALOFT_ASSIGN(const auto profiles, ProfilesOf(t, role));
    if (!profiles.empty()) return must("remove roles from instance profile");
    ALOFT_ASSIGN(const auto attached, records::ListAttached(t, role));
    if (!attached.empty()) return must("detach all policies");
    ALOFT_ASSIGN(const auto inlined, records::ListInline(t, role));
    if (!inlined.empty()) return must("delete policies");
    return records::Delete(t, session.account, EntityKind::kRole, role.name);
  });
}

Result<ListRolesResponse> Roles::ListRoles(const Session& session, const ListRolesRequest& in) {
  ALOFT_ASSIGN(const auto cut,
               ListPage(state_, session.account, EntityKind::kRole, in.path_prefix, in.marker, in.max_items));
  ListRolesResponse out;
  SetPage(out, cut);
  out.roles.emplace();
  for (const Entity& role : cut.items) {
    Role shown = ShowRole(role);
    // Lists leave these out, as AWS's do.
    shown.tags.reset();
    shown.permissions_boundary.reset();
    shown.role_last_used.reset();
    out.roles->push_back(std::move(shown));
  }
  return out;
}

Status Roles::TagRole(const Session& session, const TagRoleRequest& in) {
  return Of(state_, session, in.role_name).Tag(in.tags);
}
Status Roles::UntagRole(const Session& session, const UntagRoleRequest& in) {
  return Of(state_, session, in.role_name).Untag(in.tag_keys.value_or(std::vector<std::string>()));
}
Result<ListRoleTagsResponse> Roles::ListRoleTags(const Session& session, const ListRoleTagsRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.role_name).ListTags(in.marker, in.max_items));
  ListRoleTagsResponse out;
  SetPage(out, cut);
  out.tags = std::move(cut.items);
  return out;
}

Status Roles::AttachRolePolicy(const Session& session, const AttachRolePolicyRequest& in) {
  return Of(state_, session, in.role_name).Attach(in.policy_arn.value_or(""));
}
Status Roles::DetachRolePolicy(const Session& session, const DetachRolePolicyRequest& in) {
  return Of(state_, session, in.role_name).Detach(in.policy_arn.value_or(""));
}
Result<ListAttachedRolePoliciesResponse> Roles::ListAttachedRolePolicies(const Session& session,
                                                                         const ListAttachedRolePoliciesRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.role_name).ListAttached(in.path_prefix, in.marker, in.max_items));
  ListAttachedRolePoliciesResponse out;
  SetPage(out, cut);
  out.attached_policies = std::move(cut.items);
  return out;
}
Status Roles::PutRolePolicy(const Session& session, const PutRolePolicyRequest& in) {
  return Of(state_, session, in.role_name).PutInline(in.policy_name.value_or(""), in.policy_document.value_or(""));
}
Result<GetRolePolicyResponse> Roles::GetRolePolicy(const Session& session, const GetRolePolicyRequest& in) {
  ALOFT_ASSIGN(const std::string document, Of(state_, session, in.role_name).GetInline(in.policy_name.value_or("")));
  return GetRolePolicyResponse{
      .role_name = in.role_name, .policy_name = in.policy_name, .policy_document = ShowDocument(document)};
}
Status Roles::DeleteRolePolicy(const Session& session, const DeleteRolePolicyRequest& in) {
  return Of(state_, session, in.role_name).DeleteInline(in.policy_name.value_or(""));
}
Result<ListRolePoliciesResponse> Roles::ListRolePolicies(const Session& session, const ListRolePoliciesRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.role_name).ListInline(in.marker, in.max_items));
  ListRolePoliciesResponse out;
  SetPage(out, cut);
  out.policy_names = std::move(cut.items);
  return out;
}
Status Roles::PutRolePermissionsBoundary(const Session& session, const PutRolePermissionsBoundaryRequest& in) {
  return Of(state_, session, in.role_name).SetBoundary(in.permissions_boundary.value_or(""));
}
Status Roles::DeleteRolePermissionsBoundary(const Session& session, const DeleteRolePermissionsBoundaryRequest& in) {
  return Of(state_, session, in.role_name).SetBoundary("");
}

}  // namespace aloft::directory
