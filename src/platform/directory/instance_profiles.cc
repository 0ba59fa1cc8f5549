#include "platform/directory/roles.h"
#include "platform/directory/show_role.h"

namespace aloft::directory {

using namespace identity;     // NOLINT(google-build-using-namespace): the vocabulary of the room below
using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::Session;

namespace {

Result<InstanceProfile> Show(sql::Reader& reader, const Entity& profile) {
  InstanceProfile out;
  out.path = profile.path;
  out.instance_profile_name = profile.name;
  out.instance_profile_id = profile.id;
  out.arn = profile.Arn();
  out.create_date = profile.created;
  out.roles.emplace();
  out.tags = ShowTags(profile.tags);
  if (profile.role.empty()) return out;
  ALOFT_ASSIGN(const auto role, records::Find(reader, profile.account, EntityKind::kRole, profile.role));
  if (role) out.roles->push_back(ShowRole(*role));
  return out;
}

template <class Response>
Result<Response> ShowAll(sql::Reader& reader, const Cut<Entity>& cut) {
  Response out;
  SetPage(out, cut);
  out.instance_profiles.emplace();
  for (const Entity& profile : cut.items) {
    ALOFT_ASSIGN(InstanceProfile shown, Show(reader, profile));
    out.instance_profiles->push_back(std::move(shown));
  }
  return out;
}

}  // namespace

Result<std::vector<Entity>> ProfilesOf(sql::Reader& reader, const Entity& role) {
  ALOFT_ASSIGN(auto all, records::List(reader, role.account, EntityKind::kInstanceProfile, "/",
                                       identity::Page{.marker = "", .limit = 10'000}));
  std::erase_if(all, [&](const Entity& profile) { return !EqualsIgnoreCase(profile.role, role.name); });
  return all;
}

Result<CreateInstanceProfileResponse> InstanceProfiles::CreateInstanceProfile(const Session& session,
                                                                              const CreateInstanceProfileRequest& in) {
  Entity profile;
  profile.account = session.account;
  profile.kind = EntityKind::kInstanceProfile;
  profile.name = in.instance_profile_name.value_or("");
  profile.path = in.path.value_or("/");
  profile.id = NewEntityId(state_.random, "AIPA");
  profile.created = state_.clock.Now();
  ALOFT_ASSIGN(profile.tags, ReadTags(in.tags));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<CreateInstanceProfileResponse> {
    ALOFT_TRY(InsertNew(t, profile));
    ALOFT_ASSIGN(InstanceProfile shown, Show(t, profile));
    return CreateInstanceProfileResponse{.instance_profile = std::move(shown)};
  });
}

Result<GetInstanceProfileResponse> InstanceProfiles::GetInstanceProfile(const Session& session,
                                                                        const GetInstanceProfileRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<GetInstanceProfileResponse> {
    ALOFT_ASSIGN(const Entity profile,
                 Require(reader, session.account, EntityKind::kInstanceProfile, in.instance_profile_name.value_or("")));
    ALOFT_ASSIGN(InstanceProfile shown, Show(reader, profile));
    return GetInstanceProfileResponse{.instance_profile = std::move(shown)};
  });
}

Status InstanceProfiles::DeleteInstanceProfile(const Session& session, const DeleteInstanceProfileRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity profile,
                 Require(t, session.account, EntityKind::kInstanceProfile, in.instance_profile_name.value_or("")));
    if (!profile.role.empty())
      return Fail(kDeleteConflict, "Cannot delete entity, must remove roles from instance profile first.");
    return records::Delete(t, session.account, EntityKind::kInstanceProfile, profile.name);
  });
}

Result<ListInstanceProfilesResponse> InstanceProfiles::ListInstanceProfiles(const Session& session,
                                                                            const ListInstanceProfilesRequest& in) {
  ALOFT_ASSIGN(const auto cut, ListPage(state_, session.account, EntityKind::kInstanceProfile, in.path_prefix,
                                        in.marker, in.max_items));
  return state_.database.Read([&](sql::Reader& reader) { return ShowAll<ListInstanceProfilesResponse>(reader, cut); });
}

Result<ListInstanceProfilesForRoleResponse> InstanceProfiles::ListInstanceProfilesForRole(
    const Session& session, const ListInstanceProfilesForRoleRequest& in) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<ListInstanceProfilesForRoleResponse> {
    ALOFT_ASSIGN(const Entity role, Require(reader, session.account, EntityKind::kRole, in.role_name.value_or("")));
    ALOFT_ASSIGN(auto profiles, ProfilesOf(reader, role));
    const auto cut =
        CutPage(std::move(profiles), paging.page, [](const Entity& profile) { return ToLower(profile.name); });
    return ShowAll<ListInstanceProfilesForRoleResponse>(reader, cut);
  });
}

Status InstanceProfiles::AddRoleToInstanceProfile(const Session& session, const AddRoleToInstanceProfileRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity profile,
                 Require(t, session.account, EntityKind::kInstanceProfile, in.instance_profile_name.value_or("")));
    ALOFT_ASSIGN(const Entity role, Require(t, session.account, EntityKind::kRole, in.role_name.value_or("")));
    if (!profile.role.empty())
      return Fail(kLimitExceeded, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    profile.role = role.name;
    return records::Update(t, profile.name, profile);
  });
}

Status InstanceProfiles::RemoveRoleFromInstanceProfile(const Session& session,
                                                       const RemoveRoleFromInstanceProfileRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity profile,
                 Require(t, session.account, EntityKind::kInstanceProfile, in.instance_profile_name.value_or("")));
    if (!EqualsIgnoreCase(profile.role, in.role_name.value_or("")))
      return Fail(kNoSuchEntity, "The role with name " + in.role_name.value_or("") + " cannot be found.");
    profile.role.clear();
    return records::Update(t, profile.name, profile);
  });
}

Status InstanceProfiles::TagInstanceProfile(const Session& session, const TagInstanceProfileRequest& in) {
  return Attachments(state_, session.account, EntityKind::kInstanceProfile, in.instance_profile_name.value_or(""))
      .Tag(in.tags);
}
Status InstanceProfiles::UntagInstanceProfile(const Session& session, const UntagInstanceProfileRequest& in) {
  return Attachments(state_, session.account, EntityKind::kInstanceProfile, in.instance_profile_name.value_or(""))
      .Untag(in.tag_keys.value_or(std::vector<std::string>()));
}
Result<ListInstanceProfileTagsResponse> InstanceProfiles::ListInstanceProfileTags(
    const Session& session, const ListInstanceProfileTagsRequest& in) {
  ALOFT_ASSIGN(auto cut,
               Attachments(state_, session.account, EntityKind::kInstanceProfile, in.instance_profile_name.value_or(""))
                   .ListTags(in.marker, in.max_items));
  ListInstanceProfileTagsResponse out;
  SetPage(out, cut);
  out.tags = std::move(cut.items);
  return out;
}

}  // namespace aloft::directory
