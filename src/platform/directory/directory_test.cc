#include <gmock/gmock.h>

#include "foundation/codec/uri.h"
#include "platform/directory/account.h"
#include "platform/directory/groups.h"
#include "platform/directory/last_use.h"
#include "platform/directory/managed_policies.h"
#include "platform/directory/simulator.h"
#include "platform/directory/testing_directory.h"
#include "platform/factors/records.h"
#include "platform/federation/records.h"
#include "platform/identity/aws_managed/aws_managed.h"
#include "platform/identity/sessions.h"

namespace aloft::directory {
namespace {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using identity::Session;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kAllow =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})";
constexpr const char* kReadOnlyArn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

std::vector<sql::Migration> AllMigrations() {
  std::vector<sql::Migration> out;
  for (const auto& room : {factors::Migrations(), federation::Migrations(), directory::Migrations()})
    out.insert(out.end(), room.begin(), room.end());
  return out;
}

class DirectoryTest : public testing::TestWithParam<sql::Engine>, protected DirectoryFixture {
 protected:
  DirectoryTest() : DirectoryFixture(GetParam(), AllMigrations()) {}

  std::string NewPolicy(const std::string& name) {
    return *policies_.CreatePolicy(admin_, {.policy_name = name, .policy_document = kAllow})->policy->arn;
  }

  Groups groups_{service()};
  InstanceProfiles profiles_{service()};
  ManagedPolicies policies_{service()};
  Account account_{service()};
  Simulator simulator_{service()};
};

template <class R>
std::string Refusal(const R& result) {
  return result.ok() ? "accepted" : std::string(result.error().reason.name) + ": " + result.error().message;
}

// A user is made, found in any case of its name, changed, listed and deleted, with AWS's words at each refusal.
TEST_P(DirectoryTest, UsersLiveAndDie) {
  const auto made = users_.CreateUser(
      admin_, {.path = "/team/", .user_name = "Ada", .tags = std::vector<iam::Tag>{{.key = "k", .value = "v"}}});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->user->arn, "arn:aws:iam::123456789012:user/team/Ada");
  EXPECT_TRUE(made->user->user_id->starts_with("AIDA"));
  EXPECT_EQ(Refusal(users_.CreateUser(admin_, {.user_name = "ada"})),
            "EntityAlreadyExists: User with name ada already exists.");
  EXPECT_EQ(users_.GetUser(admin_, {.user_name = "ADA"})->user->user_name, "Ada");
  EXPECT_EQ(users_.GetUser(admin_, {.user_name = "ada"})->user->tags->front().key, "k");
  EXPECT_EQ(users_.GetUser(admin_, {})->user->user_name, "administrator");
  EXPECT_EQ(Refusal(users_.GetUser(admin_, {.user_name = "bob"})),
            "NoSuchEntity: The user with name bob cannot be found.");
  ASSERT_TRUE(users_.UpdateUser(admin_, {.user_name = "ada", .new_path = "/", .new_user_name = "countess"}).ok());
  EXPECT_EQ(users_.GetUser(admin_, {.user_name = "countess"})->user->user_id, made->user->user_id);
  EXPECT_FALSE(users_.GetUser(admin_, {.user_name = "ada"}).ok());

  ASSERT_TRUE(users_.CreateAccessKey(admin_, {.user_name = "countess"}).ok());
  ASSERT_TRUE(users_.AttachUserPolicy(admin_, {.user_name = "countess", .policy_arn = kReadOnlyArn}).ok());
  ASSERT_TRUE(
      users_.PutUserPolicy(admin_, {.user_name = "countess", .policy_name = "p", .policy_document = kAllow}).ok());
  const auto refuse = [&] { return Refusal(users_.DeleteUser(admin_, {.user_name = "countess"})); };
  EXPECT_EQ(refuse(), "DeleteConflict: Cannot delete entity, must delete access keys first.");
  const auto key = users_.ListAccessKeys(admin_, {.user_name = "countess"})->access_key_metadata->front().access_key_id;
  ASSERT_TRUE(users_.DeleteAccessKey(admin_, {.user_name = "countess", .access_key_id = key}).ok());
  EXPECT_EQ(refuse(), "DeleteConflict: Cannot delete entity, must detach all policies first.");
  ASSERT_TRUE(users_.DetachUserPolicy(admin_, {.user_name = "countess", .policy_arn = kReadOnlyArn}).ok());
  EXPECT_EQ(refuse(), "DeleteConflict: Cannot delete entity, must delete policies first.");
  ASSERT_TRUE(users_.DeleteUserPolicy(admin_, {.user_name = "countess", .policy_name = "p"}).ok());
  EXPECT_EQ(refuse(), "accepted");
  EXPECT_EQ(refuse(), "NoSuchEntity: The user with name countess cannot be found.");
}

// Keys: two per user, the secret once, inactive and deleted ones let nobody in from that moment on.
TEST_P(DirectoryTest, AccessKeysOpenAndClose) {
  NewUser("ada");
  const auto first = users_.CreateAccessKey(admin_, {.user_name = "ada"});
  ASSERT_TRUE(first.ok());
  const std::string id = *first->access_key->access_key_id;
  ASSERT_TRUE(service().FindCredential(id, "").ok());
  EXPECT_EQ(service().FindCredential(id, "")->secret, first->access_key->secret_access_key);
  ASSERT_TRUE(users_.CreateAccessKey(admin_, {.user_name = "ada"}).ok());
  EXPECT_EQ(Refusal(users_.CreateAccessKey(admin_, {.user_name = "ada"})),
            "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");
  EXPECT_EQ(users_.ListAccessKeys(admin_, {.user_name = "ada"})->access_key_metadata->size(), 2u);
  ASSERT_TRUE(users_.UpdateAccessKey(admin_, {.user_name = "ada", .access_key_id = id, .status = "Inactive"}).ok());
  EXPECT_EQ(service().FindCredential(id, "").error().reason, kUnknownAccessKey);
  ASSERT_TRUE(users_.UpdateAccessKey(admin_, {.user_name = "ada", .access_key_id = id, .status = "Active"}).ok());
  EXPECT_TRUE(service().FindCredential(id, "").ok());
  ASSERT_TRUE(users_.DeleteAccessKey(admin_, {.user_name = "ada", .access_key_id = id}).ok());
  EXPECT_FALSE(service().FindCredential(id, "").ok());
  EXPECT_THAT(Refusal(users_.DeleteAccessKey(admin_, {.user_name = "ada", .access_key_id = id})),
              HasSubstr("cannot be found."));
  EXPECT_EQ(users_.GetAccessKeyLastUsed(admin_, {.access_key_id = administrator_.access_key_id})
                ->access_key_last_used->service_name,
            "N/A");
}

// Inline and attached policies count at once, documents come back as sent (percent-encoded), bad ones are refused.
TEST_P(DirectoryTest, PoliciesOfUsersCount) {
  const Session ada = SessionOf(NewUser("ada"));
  EXPECT_FALSE(May(ada, "s3:PutObject"));
  ASSERT_TRUE(users_.PutUserPolicy(admin_, {.user_name = "ada", .policy_name = "p", .policy_document = kAllow}).ok());
  EXPECT_TRUE(May(ada, "s3:PutObject"));
  const auto shown = users_.GetUserPolicy(admin_, {.user_name = "ada", .policy_name = "p"});
  EXPECT_EQ(codec::PercentDecode(*shown->policy_document), kAllow);
  EXPECT_THAT(*shown->policy_document, testing::StartsWith("%7B%22Version%22"));
  EXPECT_THAT(*users_.ListUserPolicies(admin_, {.user_name = "ada"})->policy_names, ElementsAre("p"));
  ASSERT_TRUE(users_.DeleteUserPolicy(admin_, {.user_name = "ada", .policy_name = "p"}).ok());
  EXPECT_FALSE(May(ada, "s3:PutObject"));
  EXPECT_EQ(Refusal(users_.DeleteUserPolicy(admin_, {.user_name = "ada", .policy_name = "p"})),
            "NoSuchEntity: The user policy with name p cannot be found.");

  ASSERT_TRUE(users_.AttachUserPolicy(admin_, {.user_name = "ada", .policy_arn = kReadOnlyArn}).ok());
  ASSERT_TRUE(users_.AttachUserPolicy(admin_, {.user_name = "ada", .policy_arn = kReadOnlyArn}).ok());
  EXPECT_TRUE(May(ada, "s3:GetObject"));
  EXPECT_EQ(users_.ListAttachedUserPolicies(admin_, {.user_name = "ada"})->attached_policies->front().policy_name,
            "AmazonS3ReadOnlyAccess");
  EXPECT_EQ(
      Refusal(users_.AttachUserPolicy(admin_, {.user_name = "ada", .policy_arn = "arn:aws:iam::aws:policy/Nothing"})),
      "NoSuchEntity: Policy arn:aws:iam::aws:policy/Nothing does not exist or is not attachable.");
  EXPECT_THAT(Refusal(users_.PutUserPolicy(admin_, {.user_name = "ada", .policy_name = "p", .policy_document = "{}"})),
              testing::StartsWith("MalformedPolicyDocument"));
  const std::string long_arns =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::)" +
      std::string(2100, 'b') + R"("}]})";
  EXPECT_EQ(
      Refusal(users_.PutUserPolicy(admin_, {.user_name = "ada", .policy_name = "q", .policy_document = long_arns})),
      "LimitExceeded: Maximum policy size of 2048 bytes exceeded for user ada");
}

// Groups: membership gives rights and takes them; a group with members or policies stays.
TEST_P(DirectoryTest, GroupsGiveAndTake) {
  const Session ada = SessionOf(NewUser("ada"));
  ASSERT_TRUE(groups_.CreateGroup(admin_, {.group_name = "readers"}).ok());
  ASSERT_TRUE(groups_.AttachGroupPolicy(admin_, {.group_name = "readers", .policy_arn = kReadOnlyArn}).ok());
  ASSERT_TRUE(groups_.AddUserToGroup(admin_, {.group_name = "readers", .user_name = "ada"}).ok());
  EXPECT_TRUE(May(ada, "s3:GetObject"));
  EXPECT_EQ(groups_.GetGroup(admin_, {.group_name = "readers"})->users->front().user_name, "ada");
  EXPECT_EQ(groups_.ListGroupsForUser(admin_, {.user_name = "ada"})->groups->front().group_name, "readers");
  EXPECT_THAT(Refusal(users_.DeleteUser(admin_, {.user_name = "ada"})),
              HasSubstr("must remove users from group first."));
  EXPECT_THAT(Refusal(groups_.DeleteGroup(admin_, {.group_name = "readers"})),
              HasSubstr("must remove users from group first."));
  ASSERT_TRUE(groups_.UpdateGroup(admin_, {.group_name = "readers", .new_group_name = "viewers"}).ok());
  EXPECT_TRUE(May(ada, "s3:GetObject"));
  ASSERT_TRUE(groups_.RemoveUserFromGroup(admin_, {.group_name = "viewers", .user_name = "ada"}).ok());
  EXPECT_FALSE(May(ada, "s3:GetObject"));
  EXPECT_THAT(Refusal(groups_.DeleteGroup(admin_, {.group_name = "viewers"})),
              HasSubstr("must detach all policies first."));
  ASSERT_TRUE(groups_.DetachGroupPolicy(admin_, {.group_name = "viewers", .policy_arn = kReadOnlyArn}).ok());
  EXPECT_TRUE(groups_.DeleteGroup(admin_, {.group_name = "viewers"}).ok());
}

// Roles: a trust that is no trust is refused; changes of it count for the next who asks.
TEST_P(DirectoryTest, RolesLiveAndDie) {
  EXPECT_THAT(Refusal(roles_.CreateRole(admin_, {.role_name = "r", .assume_role_policy_document = kAllow})),
              testing::StartsWith("MalformedPolicyDocument"));
  const auto made =
      roles_.CreateRole(admin_, {.path = "/service-role/",
                                 .role_name = "train",
                                 .assume_role_policy_document = TrustOf(R"({"Service": "sagemaker.amazonaws.com"})"),
                                 .description = "d",
                                 .max_session_duration = 7200});
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  EXPECT_EQ(made->role->arn, "arn:aws:iam::123456789012:role/service-role/train");
  EXPECT_TRUE(made->role->role_id->starts_with("AROA"));
  EXPECT_EQ(roles_.GetRole(admin_, {.role_name = "train"})->role->max_session_duration, 7200);
  EXPECT_TRUE(service().CheckPassable(admin_, *made->role->arn, "sagemaker.amazonaws.com").ok());
  ASSERT_TRUE(
      roles_
          .UpdateAssumeRolePolicy(
              admin_, {.role_name = "train", .policy_document = TrustOf(R"({"Service": "lambda.amazonaws.com"})")})
          .ok());
  EXPECT_FALSE(service().CheckPassable(admin_, *made->role->arn, "sagemaker.amazonaws.com").ok());
  ASSERT_TRUE(roles_.UpdateRole(admin_, {.role_name = "train", .description = "new"}).ok());
  EXPECT_EQ(roles_.GetRole(admin_, {.role_name = "train"})->role->description, "new");
  ASSERT_TRUE(
      roles_.TagRole(admin_, {.role_name = "train", .tags = std::vector<iam::Tag>{{.key = "Team", .value = "a"}}})
          .ok());
  ASSERT_TRUE(
      roles_.TagRole(admin_, {.role_name = "train", .tags = std::vector<iam::Tag>{{.key = "team", .value = "b"}}})
          .ok());
  EXPECT_EQ(roles_.ListRoleTags(admin_, {.role_name = "train"})->tags->size(), 1u);
  ASSERT_TRUE(roles_.UntagRole(admin_, {.role_name = "train", .tag_keys = std::vector<std::string>{"TEAM"}}).ok());
  EXPECT_TRUE(roles_.ListRoleTags(admin_, {.role_name = "train"})->tags->empty());

  ASSERT_TRUE(profiles_.CreateInstanceProfile(admin_, {.instance_profile_name = "box"}).ok());
  ASSERT_TRUE(profiles_.AddRoleToInstanceProfile(admin_, {.instance_profile_name = "box", .role_name = "train"}).ok());
  EXPECT_THAT(
      Refusal(profiles_.AddRoleToInstanceProfile(admin_, {.instance_profile_name = "box", .role_name = "train"})),
      testing::StartsWith("LimitExceeded"));
  EXPECT_EQ(profiles_.GetInstanceProfile(admin_, {.instance_profile_name = "box"})
                ->instance_profile->roles->front()
                .role_name,
            "train");
  EXPECT_EQ(profiles_.ListInstanceProfilesForRole(admin_, {.role_name = "train"})->instance_profiles->size(), 1u);
  EXPECT_THAT(Refusal(roles_.DeleteRole(admin_, {.role_name = "train"})),
              HasSubstr("must remove roles from instance profile first."));
  ASSERT_TRUE(
      profiles_.RemoveRoleFromInstanceProfile(admin_, {.instance_profile_name = "box", .role_name = "train"}).ok());
  EXPECT_TRUE(profiles_.DeleteInstanceProfile(admin_, {.instance_profile_name = "box"}).ok());
  EXPECT_TRUE(roles_.DeleteRole(admin_, {.role_name = "train"}).ok());
  EXPECT_EQ(Refusal(roles_.GetRole(admin_, {.role_name = "train"})),
            "NoSuchEntity: The role with name train cannot be found.");
}

// Versions of a managed policy: five at most, the default decides, a policy in use stays.
TEST_P(DirectoryTest, ManagedPoliciesAndVersions) {
  const std::string arn = NewPolicy("data");
  EXPECT_EQ(arn, "arn:aws:iam::123456789012:policy/data");
  EXPECT_EQ(Refusal(policies_.CreatePolicy(admin_, {.policy_name = "data", .policy_document = kAllow})),
            "EntityAlreadyExists: A policy called data already exists. Duplicate names are not allowed.");
  const Session ada = SessionOf(NewUser("ada"));
  ASSERT_TRUE(users_.AttachUserPolicy(admin_, {.user_name = "ada", .policy_arn = arn}).ok());
  EXPECT_TRUE(May(ada, "s3:GetObject"));
  const std::string other =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]})";
  const auto version = policies_.CreatePolicyVersion(admin_, {.policy_arn = arn, .policy_document = other});
  EXPECT_EQ(version->policy_version->version_id, "v2");
  EXPECT_TRUE(May(ada, "s3:GetObject"));
  ASSERT_TRUE(policies_.SetDefaultPolicyVersion(admin_, {.policy_arn = arn, .version_id = "v2"}).ok());
  EXPECT_FALSE(May(ada, "s3:GetObject"));
  EXPECT_TRUE(May(ada, "logs:PutLogEvents"));
  EXPECT_EQ(Refusal(policies_.DeletePolicyVersion(admin_, {.policy_arn = arn, .version_id = "v2"})),
            "DeleteConflict: Cannot delete the default version of a policy.");
  EXPECT_EQ(Refusal(policies_.GetPolicyVersion(admin_, {.policy_arn = arn, .version_id = "v9"})),
            "NoSuchEntity: Policy " + arn + " version v9 does not exist or is not attachable.");
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(policies_.CreatePolicyVersion(admin_, {.policy_arn = arn, .policy_document = other}).ok());
  EXPECT_THAT(Refusal(policies_.CreatePolicyVersion(admin_, {.policy_arn = arn, .policy_document = other})),
              HasSubstr("up to 5 versions"));
  EXPECT_EQ(policies_.ListPolicyVersions(admin_, {.policy_arn = arn})->versions->front().version_id, "v5");
  EXPECT_EQ(policies_.GetPolicy(admin_, {.policy_arn = arn})->policy->attachment_count, 1);
  EXPECT_EQ(policies_.ListEntitiesForPolicy(admin_, {.policy_arn = arn})->policy_users->front().user_name, "ada");
  EXPECT_EQ(Refusal(policies_.DeletePolicy(admin_, {.policy_arn = arn})),
            "DeleteConflict: Cannot delete a policy attached to entities.");
  ASSERT_TRUE(users_.DetachUserPolicy(admin_, {.user_name = "ada", .policy_arn = arn}).ok());
  EXPECT_THAT(Refusal(policies_.DeletePolicy(admin_, {.policy_arn = arn})), HasSubstr("more than one version"));
  for (const char* id : {"v1", "v3", "v4", "v5"})
    ASSERT_TRUE(policies_.DeletePolicyVersion(admin_, {.policy_arn = arn, .version_id = id}).ok());
  EXPECT_TRUE(policies_.DeletePolicy(admin_, {.policy_arn = arn}).ok());
  EXPECT_EQ(Refusal(policies_.GetPolicy(admin_, {.policy_arn = arn})),
            "NoSuchEntity: Policy " + arn + " was not found.");
}

// AWS's policies are listed beside one's own and cannot be changed.
TEST_P(DirectoryTest, AwsManagedPoliciesAreThere) {
  NewPolicy("mine");
  const auto all = policies_.ListPolicies(admin_, {});
  const auto own = policies_.ListPolicies(admin_, {.scope = "Local"});
  const auto attached = policies_.ListPolicies(admin_, {.scope = "AWS", .only_attached = true});
  EXPECT_EQ(own->policies->size(), 1u);
  EXPECT_EQ(all->policies->size(), 1u + AwsManagedPolicies().size());
  EXPECT_EQ(attached->policies->front().policy_name, "AdministratorAccess");
  EXPECT_EQ(policies_.GetPolicy(admin_, {.policy_arn = kReadOnlyArn})->policy->arn, kReadOnlyArn);
  EXPECT_FALSE(policies_.DeletePolicy(admin_, {.policy_arn = kReadOnlyArn}).ok());
  const std::string version =
      *policies_.ListPolicyVersions(admin_, {.policy_arn = kReadOnlyArn})->versions->front().version_id;
  EXPECT_THAT(*policies_.GetPolicyVersion(admin_, {.policy_arn = kReadOnlyArn, .version_id = version})
                   ->policy_version->document,
              HasSubstr("s3%3AGet"));
}

// Lists come in pages that neither lose nor repeat an entry, whatever the page size.
TEST_P(DirectoryTest, ListsComeInPages) {
  for (int i = 0; i < 23; ++i) NewUser("user" + std::to_string(i));
  for (const int size : {1, 7, 24, 100}) {
    std::vector<std::string> names;
    std::optional<std::string> marker;
    do {
      const auto page = users_.ListUsers(admin_, {.marker = marker, .max_items = size});
      ASSERT_TRUE(page.ok());
      ASSERT_LE(page->users->size(), static_cast<std::size_t>(size));
      EXPECT_EQ(*page->is_truncated, page->marker.has_value());
      for (const auto& user : *page->users) names.push_back(*user.user_name);
      marker = page->marker;
    } while (marker);
    EXPECT_EQ(names.size(), 24u);
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  }
  EXPECT_EQ(Refusal(users_.ListUsers(admin_, {.marker = "%%%"})), "ValidationError: Invalid Marker.");
  EXPECT_TRUE(users_.ListUsers(admin_, {.path_prefix = "/none/"})->users->empty());
}

// A boundary caps a user from the moment it is set, and a policy that is one cannot be deleted.
TEST_P(DirectoryTest, BoundariesCap) {
  const std::string arn = NewPolicy("cap");
  const Session ada = SessionOf(NewUser("ada"));
  ASSERT_TRUE(
      users_.AttachUserPolicy(admin_, {.user_name = "ada", .policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"})
          .ok());
  EXPECT_TRUE(May(ada, "iam:CreateUser"));
  ASSERT_TRUE(users_.PutUserPermissionsBoundary(admin_, {.user_name = "ada", .permissions_boundary = arn}).ok());
  EXPECT_FALSE(May(ada, "iam:CreateUser"));
  EXPECT_TRUE(May(ada, "s3:GetObject"));
  EXPECT_EQ(users_.GetUser(admin_, {.user_name = "ada"})->user->permissions_boundary->permissions_boundary_arn, arn);
  EXPECT_EQ(Refusal(policies_.DeletePolicy(admin_, {.policy_arn = arn})),
            "DeleteConflict: Cannot delete a policy attached to entities.");
  ASSERT_TRUE(users_.DeleteUserPermissionsBoundary(admin_, {.user_name = "ada"}).ok());
  EXPECT_TRUE(May(ada, "iam:CreateUser"));
}

// The account's numbers, and the simulator's answer with the policy that decided.
TEST_P(DirectoryTest, SummaryAndSimulation) {
  NewUser("ada");
  ASSERT_TRUE(users_.PutUserPolicy(admin_, {.user_name = "ada", .policy_name = "p", .policy_document = kAllow}).ok());
  EXPECT_EQ(account_.GetAccountSummary(admin_, {})->summary_map->at("Users"), 2);
  const auto answer = simulator_.SimulatePrincipalPolicy(
      admin_, {.policy_source_arn = "arn:aws:iam::123456789012:user/ada",
               .action_names = std::vector<std::string>{"s3:GetObject", "iam:GetUser"}});
  ASSERT_TRUE(answer.ok()) << Describe(answer.error());
  EXPECT_EQ(answer->evaluation_results->at(0).eval_decision, "allowed");
  EXPECT_EQ(answer->evaluation_results->at(0).matched_statements->at(0).source_policy_id,
            "inline policy p of user ada");
  EXPECT_EQ(answer->evaluation_results->at(1).eval_decision, "implicitDeny");
}

ALOFT_ON_EACH_ENGINE(DirectoryTest);

// Use is noted in memory, written in one go, and shown where AWS shows it; a second write of nothing writes nothing.
TEST_P(DirectoryTest, UseIsNoted) {
  LastUses uses(service());
  Session admin = admin_;
  admin.access_key_id = administrator_.access_key_id;
  uses.Note(admin, "s3", "us-east-1");
  clock_.Advance(std::chrono::seconds(5));
  uses.Note(admin, "s3", "us-east-1");
  uses.Note(admin, "iam", "us-east-1");
  const Entity role = NewRole("r", TrustOf(R"({"AWS": "123456789012"})"));
  uses.Note(RoleSession(role, "s"), "sagemaker", "eu-west-1");
  EXPECT_EQ(uses.Flush().value(), 3u);
  EXPECT_EQ(uses.Flush().value(), 0u);
  const auto key = users_.GetAccessKeyLastUsed(admin_, {.access_key_id = admin.access_key_id});
  EXPECT_EQ(key->access_key_last_used->last_used_date, clock_.Now());
  EXPECT_EQ(roles_.GetRole(admin_, {.role_name = "r"})->role->role_last_used->region, "eu-west-1");
  EXPECT_EQ(
      database_->Read([&](sql::Reader& reader) { return ListUses(reader, kAccount, admin_.principal_id); })->size(),
      2u);
}

// A name for people, one per account, that nobody else can have and that cannot be taken for an account's number.
TEST_P(DirectoryTest, AliasesAreUnique) {
  ASSERT_TRUE(account_.CreateAccountAlias(admin_, {.account_alias = "team"}).ok());
  EXPECT_EQ(account_.ListAccountAliases(admin_, {})->account_aliases, std::vector<std::string>{"team"});
  Session other = admin_;
  other.account = AccountId("210987654321");
  EXPECT_THAT(Refusal(account_.CreateAccountAlias(other, {.account_alias = "team"})),
              testing::StartsWith("EntityAlreadyExists"));
  EXPECT_FALSE(account_.CreateAccountAlias(admin_, {.account_alias = "210987654321"}).ok());
  ASSERT_TRUE(account_.CreateAccountAlias(admin_, {.account_alias = "new"}).ok());
  EXPECT_FALSE(account_.DeleteAccountAlias(admin_, {.account_alias = "team"}).ok());
  EXPECT_TRUE(account_.DeleteAccountAlias(admin_, {.account_alias = "new"}).ok());
}

// What AWS protects of a service-linked role: it goes only by its own operation.
TEST_P(DirectoryTest, LinkedRolesGoByTheirOwnDoor) {
  const auto made = roles_.CreateServiceLinkedRole(admin_, {.aws_service_name = "sagemaker.amazonaws.com"});
  const std::string name = *made->role->role_name;
  EXPECT_THAT(Refusal(roles_.DeleteRole(admin_, {.role_name = name})), testing::StartsWith("UnmodifiableEntity"));
  EXPECT_THAT(Refusal(roles_.AttachRolePolicy(admin_, {.role_name = name, .policy_arn = kReadOnlyArn})),
              testing::StartsWith("UnmodifiableEntity"));
  const auto deleted = roles_.DeleteServiceLinkedRole(admin_, {.role_name = name});
  ASSERT_TRUE(deleted.ok()) << Describe(deleted.error());
  EXPECT_EQ(roles_.GetServiceLinkedRoleDeletionStatus(admin_, {.deletion_task_id = deleted->deletion_task_id})->status,
            "SUCCEEDED");
  EXPECT_FALSE(roles_.GetRole(admin_, {.role_name = name}).ok());
}

}  // namespace
}  // namespace aloft::directory
