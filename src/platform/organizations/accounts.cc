#include "platform/organizations/accounts.h"

#include "foundation/base/bytes.h"
#include "platform/organizations/common.h"

namespace aloft::organizations {

namespace org = shapes::organizations;
using identity::AccountRecord;
using identity::Entity;
using identity::EntityKind;
using identity::GuardrailKind;
using identity::OrganizationRecord;
using identity::Session;

namespace {

constexpr std::size_t kMostAccounts = 1'000;

// What became of one CreateAccount.
struct Creation {
  std::string id{};
  std::string name{};
  std::string account{};  // empty: it failed
  std::string failure{};
  Time when{};
};

org::CreateAccountStatus Show(const Creation& creation) {
  org::CreateAccountStatus out;
  out.id = creation.id;
  out.account_name = creation.name;
  out.state = creation.failure.empty() ? "SUCCEEDED" : "FAILED";
  out.requested_timestamp = out.completed_timestamp = creation.when;
  if (!creation.account.empty()) out.account_id = creation.account;
  if (!creation.failure.empty()) out.failure_reason = creation.failure;
  return out;
}

Status Insert(sql::Transaction& t, const Creation& creation) {
  ALOFT_TRY(
      t.Execute("INSERT INTO organizations_creations (id, name, account, failure, created) "
                "VALUES ($1, $2, $3, $4, $5)",
                {creation.id, creation.name, creation.account, creation.failure, ToMicros(creation.when)}));
  return {};
}

Result<std::vector<Creation>> ListCreations(sql::Reader& reader) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT id, name, account, failure, created FROM organizations_creations "
                            "ORDER BY created DESC, id LIMIT 1000"));
  std::vector<Creation> out;
  for (const sql::Row& row : rows)
    out.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3), FromMicros(row.Int(4))});
  return out;
}

// The role by which the management account gets into a new one.
Entity AccessRole(identity::Service::State& state, const AccountId& account, const AccountId& management,
                  const std::string& name) {
  Entity role;
  role.account = account;
  role.kind = EntityKind::kRole;
  role.name = name;
  role.id = identity::NewEntityId(state.random, "AROA");
  role.created = state.clock.Now();
  role.trust = R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::)" +
               management.value() + R"(:root"},"Action":"sts:AssumeRole"}]})";
  return role;
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"organizations",
       1,
       {"CREATE TABLE organizations_creations (id TEXT PRIMARY KEY, name TEXT NOT NULL, account TEXT NOT NULL, "
        "failure TEXT NOT NULL, created INTEGER NOT NULL)"}}};
  return migrations;
}

Result<org::CreateOrganizationResponse> Accounts::CreateOrganization(const Session& session,
                                                                     const org::CreateOrganizationRequest& in) {
  if (in.feature_set.value_or("ALL") != "ALL")
    return Fail(kUnimplemented, "CreateOrganization with FeatureSet CONSOLIDATED_BILLING is not built");
  OrganizationRecord made{.id = NewId(state_.random, "o-", 10),
                          .root_id = NewId(state_.random, "r-", 4),
                          .management = session.account,
                          .created = state_.clock.Now()};
  ALOFT_TRY(state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const auto account, identity::records::FindAccount(t, session.account));
    ALOFT_ASSIGN(const auto existing, identity::records::FindOrganization(t));
    if (existing) return Fail(kAlreadyIn, "The AWS account is already a member of an organization.");
    // The first account is this installation's root of trust; others come into being as members of its organization.
    if (!account || !account->main)
      return Fail(kNotManagement, "Only the installation's main account can create the organization.");
    return identity::records::PutOrganization(t, made);
  }));
  ALOFT_ASSIGN(auto described, DescribeOrganization(session));
  return org::CreateOrganizationResponse{.organization = std::move(described.organization)};
}

Result<org::DescribeOrganizationResponse> Accounts::DescribeOrganization(const Session&) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::DescribeOrganizationResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireOrganization(reader));
    ALOFT_ASSIGN(const auto management, identity::records::FindAccount(reader, organization.management));
    org::Organization out;
    out.id = organization.id;
    out.arn = ArnOf(organization, "organization", "");
    out.feature_set = "ALL";
    out.master_account_id = organization.management.value();
    out.master_account_arn = ArnOf(organization, "account", organization.management.value());
    out.master_account_email = management ? management->email : "";
    out.available_policy_types = std::vector<org::PolicyTypeSummary>{
        {.type = std::string(GuardrailText(GuardrailKind::kService)), .status = "ENABLED"}};
    return org::DescribeOrganizationResponse{.organization = std::move(out)};
  });
}

Status Accounts::DeleteOrganization(const Session& session) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_TRY(RequireManagement(t, session));
    ALOFT_ASSIGN(const auto accounts, identity::records::ListAccounts(t));
    if (accounts.size() > 1)
      return Fail(kNotEmpty, "To delete an organization you must first remove all member accounts.");
    ALOFT_ASSIGN(const auto units, identity::records::ListUnits(t));
    if (!units.empty()) return Fail(kNotEmpty, "To delete an organization you must first delete all OUs.");
    return identity::records::DeleteOrganization(t);
  });
}

Result<org::ListRootsResponse> Accounts::ListRoots(const Session& session, const org::ListRootsRequest&) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListRootsResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    return org::ListRootsResponse{.roots = std::vector<org::Root>{ShowRoot(organization)}};
  });
}

Result<org::CreateAccountResponse> Accounts::CreateAccount(const Session& session,
                                                           const org::CreateAccountRequest& in) {
  Random& random = state_.random;
  AccountRecord account{.id = AccountId(random.Text(1, "123456789") + random.Text(11, "0123456789")),
                        .name = in.account_name.value_or(""),
                        .email = in.email.value_or(""),
                        .created = state_.clock.Now()};
  for (const org::Tag& tag : in.tags.value_or(std::vector<org::Tag>()))
    account.tags[tag.key.value_or("")] = tag.value.value_or("");
  const Entity role =
      AccessRole(state_, account.id, session.account, in.role_name.value_or("OrganizationAccountAccessRole"));
  Creation creation{.id = "car-" + random.Text(32, "0123456789abcdef"),
                    .name = account.name,
                    .account = account.id.value(),
                    .when = account.created};
  return state_.Write(account.id, [&](sql::Transaction& t) -> Result<org::CreateAccountResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(t, session));
    ALOFT_ASSIGN(const auto others, identity::records::ListAccounts(t));
    Creation outcome = creation;
    for (const AccountRecord& other : others) {
      if (EqualsIgnoreCase(other.email, account.email)) outcome.failure = "EMAIL_ALREADY_EXISTS";
      if (other.id == account.id) outcome.failure = "INTERNAL_FAILURE";  // a draw in 9 * 10^11
    }
    if (others.size() >= kMostAccounts) outcome.failure = "ACCOUNT_LIMIT_EXCEEDED";
    if (!outcome.failure.empty()) outcome.account.clear();
    ALOFT_TRY(Insert(t, outcome));
    if (!outcome.failure.empty()) return org::CreateAccountResponse{.create_account_status = Show(outcome)};
    ALOFT_TRY(identity::records::InsertAccount(t, account));
    ALOFT_TRY(identity::records::Insert(t, role));
    ALOFT_TRY(identity::records::Attach(t, role, "arn:aws:iam::aws:policy/AdministratorAccess", account.created));
    for (const auto& [kind, enabled] : {std::pair(GuardrailKind::kService, organization.service_control),
                                        std::pair(GuardrailKind::kResource, organization.resource_control)})
      if (enabled) ALOFT_TRY(identity::records::AttachGuardrail(t, FullAccessGuardrail(kind).id, account.id.value()));
    return org::CreateAccountResponse{.create_account_status = Show(outcome)};
  });
}

Result<org::DescribeCreateAccountStatusResponse> Accounts::DescribeCreateAccountStatus(
    const Session& session, const org::DescribeCreateAccountStatusRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::DescribeCreateAccountStatusResponse> {
    ALOFT_TRY(RequireManagement(reader, session));
    ALOFT_ASSIGN(const auto creations, ListCreations(reader));
    for (const Creation& creation : creations)
      if (creation.id == in.create_account_request_id)
        return org::DescribeCreateAccountStatusResponse{.create_account_status = Show(creation)};
    return Fail(kCreationNotFound, "You specified an account creation request that doesn't exist.");
  });
}

Result<org::ListCreateAccountStatusResponse> Accounts::ListCreateAccountStatus(
    const Session& session, const org::ListCreateAccountStatusRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListCreateAccountStatusResponse> {
    ALOFT_TRY(RequireManagement(reader, session));
    ALOFT_ASSIGN(auto creations, ListCreations(reader));
    if (in.states && !in.states->empty())
      std::erase_if(creations, [&](const Creation& creation) {
        return std::find(in.states->begin(), in.states->end(), *Show(creation).state) == in.states->end();
      });
    org::ListCreateAccountStatusResponse out;
    ALOFT_ASSIGN(const auto page, PageOf(creations.size(), in.next_token, in.max_results, out));
    out.create_account_statuses.emplace();
    for (std::size_t i = page.first; i < page.second; ++i) out.create_account_statuses->push_back(Show(creations[i]));
    return out;
  });
}

Result<org::ListAccountsResponse> Accounts::ListAccounts(const Session& session, const org::ListAccountsRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListAccountsResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const auto accounts, identity::records::ListAccounts(reader));
    org::ListAccountsResponse out;
    ALOFT_ASSIGN(const auto page, PageOf(accounts.size(), in.next_token, in.max_results, out));
    out.accounts.emplace();
    for (std::size_t i = page.first; i < page.second; ++i)
      out.accounts->push_back(ShowAccount(organization, accounts[i]));
    return out;
  });
}

Result<org::DescribeAccountResponse> Accounts::DescribeAccount(const Session& session,
                                                               const org::DescribeAccountRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::DescribeAccountResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const auto account, identity::records::FindAccount(reader, AccountId(in.account_id.value_or(""))));
    if (!account) return Fail(kAccountNotFound, "You specified an account that doesn't exist.");
    return org::DescribeAccountResponse{.account = ShowAccount(organization, *account)};
  });
}

Status Accounts::CloseAccount(const Session& session, const org::CloseAccountRequest& in) {
  return state_.Write(AccountId(in.account_id.value_or("")), [&](sql::Transaction& t) -> Status {
    ALOFT_TRY(RequireManagement(t, session));
    ALOFT_ASSIGN(auto account, identity::records::FindAccount(t, AccountId(in.account_id.value_or(""))));
    if (!account) return Fail(kAccountNotFound, "You specified an account that doesn't exist.");
    if (account->main) return Fail(kConstraint, "You can't close the management account of an organization.");
    if (account->closed) return Fail(kAccountClosed, "You attempted to close an account that is already closed.");
    account->closed = true;
    return identity::records::UpdateAccount(t, *account);
  });
}

}  // namespace aloft::organizations
