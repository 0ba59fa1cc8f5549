#include <gmock/gmock.h>

#include "platform/identity/testing_identity.h"
#include "platform/organizations/accounts.h"
#include "platform/organizations/errors.h"
#include "platform/organizations/guardrails.h"
#include "platform/organizations/units.h"

namespace aloft::organizations {
namespace {

namespace org = shapes::organizations;
using identity::EntityKind;
using identity::Session;

const std::string kAccountText = identity::kAccount.value();

class OrganizationsTest : public testing::TestWithParam<sql::Engine>, protected identity::IdentityFixture {
 protected:
  OrganizationsTest() : IdentityFixture(GetParam(), Migrations()), admin_(Administrator()) {}

  std::string NewAccount(const std::string& name) {
    const auto made = accounts_.CreateAccount(admin_, {.email = name + "@example.com", .account_name = name});
    EXPECT_TRUE(made.ok()) << Describe(made.error());
    return made->create_account_status->account_id.value_or("");
  }
  template <class R>
  static Reason ReasonOf(const R& result) {
    return result.ok() ? Reason{ErrorKind::kInternal, "ok"} : result.error().reason;
  }

  Session admin_;
  Accounts accounts_{service()};
  Guardrails guardrails_{service()};
  Units units_{service()};
};
ALOFT_ON_EACH_ENGINE(OrganizationsTest);

// The first account makes the organization; its new accounts have a role that trusts it, and no say in it.
TEST_P(OrganizationsTest, AccountsComeFromTheirOrganization) {
  EXPECT_EQ(ReasonOf(accounts_.CreateAccount(admin_, {.email = "a@example.com", .account_name = "a"})), kNotInUse);
  ASSERT_TRUE(accounts_.CreateOrganization(admin_, {}).ok());
  EXPECT_EQ(ReasonOf(accounts_.CreateOrganization(admin_, {})), kAlreadyIn);
  const AccountId red(NewAccount("red"));
  const auto role = database_->Read([&](sql::Reader& reader) {
    return identity::records::Find(reader, red, EntityKind::kRole, "OrganizationAccountAccessRole");
  });
  ASSERT_TRUE(role->has_value());
  EXPECT_THAT((*role)->trust, testing::HasSubstr("arn:aws:iam::123456789012:root"));
  const auto again = accounts_.CreateAccount(admin_, {.email = "RED@example.com", .account_name = "red"});
  EXPECT_EQ(again->create_account_status->failure_reason, "EMAIL_ALREADY_EXISTS");
  Session member;
  member.account = red;
  EXPECT_EQ(ReasonOf(accounts_.ListAccounts(member, {})), kNotManagement);
  EXPECT_TRUE(accounts_.DescribeOrganization(member).ok());
  EXPECT_EQ(accounts_.ListAccounts(admin_, {})->accounts->size(), 2u);
  EXPECT_EQ(ReasonOf(accounts_.DeleteOrganization(admin_)), kNotEmpty);
}

// Only members close, once, and never the account that all others hang on.
TEST_P(OrganizationsTest, AccountsClose) {
  ASSERT_TRUE(accounts_.CreateOrganization(admin_, {}).ok());
  const std::string red = NewAccount("red");
  EXPECT_EQ(ReasonOf(accounts_.CloseAccount(admin_, {.account_id = kAccountText})), kConstraint);
  EXPECT_TRUE(accounts_.CloseAccount(admin_, {.account_id = red}).ok());
  EXPECT_EQ(ReasonOf(accounts_.CloseAccount(admin_, {.account_id = red})), kAccountClosed);
  EXPECT_EQ(accounts_.DescribeAccount(admin_, {.account_id = red})->account->status, "SUSPENDED");
}

// What is attached where, as identity reads it when it decides; a level never loses its last policy.
TEST_P(OrganizationsTest, GuardrailsReachTheirAccounts) {
  ASSERT_TRUE(accounts_.CreateOrganization(admin_, {}).ok());
  const std::string root = *accounts_.ListRoots(admin_, {})->roots->front().id;
  const std::string type = "SERVICE_CONTROL_POLICY", red = NewAccount("red");
  ASSERT_TRUE(guardrails_.EnablePolicyType(admin_, {.root_id = root, .policy_type = type}).ok());
  const std::string blue = NewAccount("blue");
  const auto made = guardrails_.CreatePolicy(
      admin_, {.content = R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}})",
               .description = "",
               .name = "no-s3",
               .type = type});
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  const std::string id = *made->policy->policy_summary->id;
  ASSERT_TRUE(guardrails_.AttachPolicy(admin_, {.policy_id = id, .target_id = red}).ok());
  const auto levels = [&](const std::string& account) {
    return identity::FindAccountFacts(service().state(), AccountId(account)).value()->guardrails.service_control;
  };
  ASSERT_EQ(levels(red).size(), 2u);
  EXPECT_EQ(levels(red)[1].size(), 2u);
  EXPECT_EQ(levels(blue)[1].size(), 1u);
  EXPECT_TRUE(levels(kAccountText).empty());
  EXPECT_EQ(ReasonOf(guardrails_.DetachPolicy(admin_, {.policy_id = "p-FullAWSAccess", .target_id = blue})),
            kConstraint);
  ASSERT_TRUE(guardrails_.DisablePolicyType(admin_, {.root_id = root, .policy_type = type}).ok());
  EXPECT_TRUE(levels(red).empty());
  EXPECT_TRUE(guardrails_.DeletePolicy(admin_, {.policy_id = id}).ok());
}

// A unit is a level of its own between the root and its accounts, and part of the path that policies may ask for.
TEST_P(OrganizationsTest, UnitsAreLevels) {
  ASSERT_TRUE(accounts_.CreateOrganization(admin_, {}).ok());
  const std::string root = *accounts_.ListRoots(admin_, {})->roots->front().id;
  const std::string type = "SERVICE_CONTROL_POLICY", red = NewAccount("red");
  ASSERT_TRUE(guardrails_.EnablePolicyType(admin_, {.root_id = root, .policy_type = type}).ok());
  const auto make = [&](const std::string& parent, const std::string& name) {
    const auto made = units_.CreateOrganizationalUnit(admin_, {.parent_id = parent, .name = name});
    EXPECT_TRUE(made.ok()) << Describe(made.error());
    return made->organizational_unit->id.value_or("");
  };
  const std::string outer = make(root, "research"), inner = make(outer, "vision");
  EXPECT_EQ(ReasonOf(units_.CreateOrganizationalUnit(admin_, {.parent_id = root, .name = "Research"})), kDuplicateUnit);
  const auto move = [&](const std::string& from, const std::string& to) {
    return units_.MoveAccount(admin_, {.account_id = red, .source_parent_id = from, .destination_parent_id = to});
  };
  EXPECT_EQ(ReasonOf(move(outer, inner)), kSourceNotFound);
  ASSERT_TRUE(move(root, inner).ok());
  EXPECT_EQ(ReasonOf(move(inner, inner)), kDuplicateAccount);
  const auto facts = identity::FindAccountFacts(service().state(), AccountId(red)).value();
  EXPECT_EQ(facts->guardrails.service_control.size(), 4u);
  EXPECT_THAT(facts->placement.path, testing::EndsWith("/" + root + "/" + outer + "/" + inner + "/"));
  EXPECT_EQ(units_.ListParents(admin_, {.child_id = red})->parents->front().id, inner);
  EXPECT_EQ(units_.ListAccountsForParent(admin_, {.parent_id = inner})->accounts->size(), 1u);
  EXPECT_EQ(units_.ListAccountsForParent(admin_, {.parent_id = root})->accounts->size(), 1u);
  EXPECT_EQ(units_.ListChildren(admin_, {.parent_id = root, .child_type = "ORGANIZATIONAL_UNIT"})->children->size(),
            1u);
  EXPECT_EQ(ReasonOf(units_.DeleteOrganizationalUnit(admin_, {.organizational_unit_id = outer})), kUnitNotEmpty);
  EXPECT_EQ(ReasonOf(units_.DeleteOrganizationalUnit(admin_, {.organizational_unit_id = inner})), kUnitNotEmpty);
  ASSERT_TRUE(move(inner, root).ok());
  EXPECT_TRUE(units_.DeleteOrganizationalUnit(admin_, {.organizational_unit_id = inner}).ok());
  EXPECT_TRUE(units_.DeleteOrganizationalUnit(admin_, {.organizational_unit_id = outer}).ok());
  EXPECT_EQ(identity::FindAccountFacts(service().state(), AccountId(red)).value()->guardrails.service_control.size(),
            2u);
}

}  // namespace
}  // namespace aloft::organizations
