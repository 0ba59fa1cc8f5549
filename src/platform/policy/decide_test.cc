// The documented evaluation logic as tables. Each row: who asks, which policies there are, and what comes of it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
#include "platform/policy/decide.h"

#include <gtest/gtest.h>

namespace aloft::policy {
namespace {

constexpr const char* kHome = "111111111111";   // the account of every caller below
constexpr const char* kOther = "222222222222";  // another account

std::shared_ptr<const Policy> Parse(const std::string& statements, PolicyUse use = PolicyUse::kIdentity) {
  auto policy = Policy::Parse(R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}", use);
  EXPECT_TRUE(policy.ok()) << statements << "\n" << (policy.ok() ? "" : Describe(policy.error()));
  return policy.ok() ? *policy : nullptr;
}

// "+" allows everything, "-" denies everything, "0" allows something else, "" is no policy at all.
std::shared_ptr<const Policy> Of(const std::string& kind, const std::string& principal = "") {
  const std::string effect = kind == "-" ? "Deny" : "Allow", action = kind == "0" ? "sqs:*" : "*";
  const std::string who = principal.empty() ? "" : R"("Principal": )" + principal + ", ";
  return Parse("{" + who + R"("Effect": ")" + effect + R"(", "Action": ")" + action + R"(", "Resource": "*"})",
               principal.empty() ? PolicyUse::kIdentity : PolicyUse::kResource);
}

const Caller kUser{.account = kHome, .arn = "arn:aws:iam::111111111111:user/ada", .id = "AIDAAAAAAAAAAAAAAAAAA"};
const Caller kSession{.account = kHome,
                      .arn = "arn:aws:sts::111111111111:assumed-role/r/s",
                      .role_arn = "arn:aws:iam::111111111111:role/r",
                      .id = "AROAAAAAAAAAAAAAAAAAA"};
const Caller kFederated{.account = kHome,
                        .arn = "arn:aws:sts::111111111111:federated-user/f",
                        .role_arn = "arn:aws:iam::111111111111:user/ada"};
const Caller kRoot{.account = kHome, .arn = "arn:aws:iam::111111111111:root"};
const Caller kNobody{.anonymous = true};
const Caller kService{.service = "cloudtrail.amazonaws.com"};

const std::string kNamesUser = R"({"AWS": "arn:aws:iam::111111111111:user/ada"})";
const std::string kNamesRole = R"({"AWS": "arn:aws:iam::111111111111:role/r"})";
const std::string kNamesSession = R"({"AWS": "arn:aws:sts::111111111111:assumed-role/r/s"})";
const std::string kNamesFederated = R"({"AWS": "arn:aws:sts::111111111111:federated-user/f"})";
const std::string kNamesAccount = R"({"AWS": "arn:aws:iam::111111111111:root"})";
const std::string kNamesService = R"({"Service": "cloudtrail.amazonaws.com"})";
const std::string kEveryone = R"("*")";

struct World {
  std::string identity = "", boundary = "", session = "";
  std::string scp = "", rcp = "";  // "+" or "-" or "0"; several letters are several levels
  std::string resource = "", principal = R"("*")";
  std::string owner = kHome;
  bool gate = false, granted = false, block_public = false;
};

Decision Ask(const Caller& caller, const World& world) {
  PrincipalPolicies policies;
  if (!world.identity.empty()) policies.identity = {{"identity", Of(world.identity)}};
  if (!world.boundary.empty()) policies.boundary = NamedPolicy{"boundary", Of(world.boundary)};
  std::vector<std::shared_ptr<const Policy>> sessions;
  if (!world.session.empty()) sessions = {Of(world.session)};
  Guardrails guardrails;
  for (const char level : world.scp) guardrails.service_control.push_back({{"scp", Of(std::string(1, level))}});
  for (const char level : world.rcp)
    guardrails.resource_control.push_back({{"rcp", Of(std::string(1, level), kEveryone)}});
  ResourceFacts facts{.owner = AccountId(world.owner),
                      .gate = world.gate,
                      .granted = world.granted,
                      .block_public = world.block_public};
  if (!world.resource.empty()) facts.policy = Of(world.resource, world.principal);
  const bool alone = caller.anonymous || !caller.service.empty();
  const bool root = caller.arn == kRoot.arn;
  const Grounds grounds{.principal = alone || root ? nullptr : &policies,
                        .root = root,
                        .session_policies = sessions,
                        .caller_guardrails = &guardrails,
                        .resource_guardrails = &guardrails,
                        .facts = &facts};
  const Context none;
  const ContextKeys keys(none);
  return Decide(grounds, Query{"s3:GetObject", "arn:aws:s3:::b/k", keys, &caller});
}

// '+', or which layer refuses: '-' explicitly, else the layer that is missing.
std::string Text(const Decision& decision) {
  static constexpr const char* kLayers[] = {"identity", "boundary", "session", "resource", "scp", "rcp"};
  if (decision.allowed) return "+";
  return (decision.explicit_deny ? "-" : "no ") + std::string(kLayers[static_cast<int>(decision.source)]);
}

struct Row {
  const char* about;
  Caller caller;
  World world;
  const char* expected;
};

void Check(const std::vector<Row>& rows) {
  for (const Row& row : rows) EXPECT_EQ(Text(Ask(row.caller, row.world)), row.expected) << row.about;
}

// An explicit deny refuses wherever it stands, whatever else allows.
TEST(Decide, AnExplicitDenyAnywhereRefuses) {
  Check({
      {"everything allows",
       kUser,
       {.identity = "+", .boundary = "+", .session = "+", .scp = "++", .rcp = "+", .resource = "+"},
       "+"},
      {"identity", kUser, {.identity = "-", .boundary = "+", .session = "+", .resource = "+"}, "-identity"},
      {"boundary", kUser, {.identity = "+", .boundary = "-", .session = "+", .resource = "+"}, "-boundary"},
      {"session", kUser, {.identity = "+", .boundary = "+", .session = "-", .resource = "+"}, "-session"},
      {"resource", kUser, {.identity = "+", .boundary = "+", .session = "+", .resource = "-"}, "-resource"},
      {"upper guardrail", kUser, {.identity = "+", .scp = "-+", .resource = "+"}, "-scp"},
      {"lower guardrail", kUser, {.identity = "+", .scp = "+-", .resource = "+"}, "-scp"},
      {"resource guardrail", kUser, {.identity = "+", .rcp = "-", .resource = "+"}, "-rcp"},
      {"even of the account itself", kRoot, {.resource = "-"}, "-resource"},
      {"even of what a grant opens", kUser, {.resource = "-", .granted = true}, "-resource"},
  });
}

// Without a resource's policy: identity, boundary, session policies and every level of the guardrails must allow.
TEST(Decide, EveryLayerMustAllow) {
  Check({
      {"nothing says yes", kUser, {}, "no identity"},
      {"identity alone", kUser, {.identity = "+"}, "+"},
      {"another action", kUser, {.identity = "0"}, "no identity"},
      {"the boundary is silent", kUser, {.identity = "+", .boundary = "0"}, "no boundary"},
      {"the boundary grants nothing", kUser, {.boundary = "+"}, "no identity"},
      {"the session policy is silent", kSession, {.identity = "+", .session = "0"}, "no session"},
      {"the session policy grants nothing", kSession, {.session = "+"}, "no identity"},
      {"one guardrail level is silent", kUser, {.identity = "+", .scp = "+0"}, "no scp"},
      {"a guardrail grants nothing", kUser, {.scp = "+"}, "no identity"},
      {"a resource guardrail is silent", kUser, {.identity = "+", .rcp = "0"}, "no rcp"},
      {"guardrails limit the account itself", kRoot, {.scp = "0"}, "no scp"},
      {"nothing else does", kRoot, {}, "+"},
  });
}

// In its own account a resource's policy that names the session is enough; one that names the role leaves ceilings.
TEST(Decide, ResourcePoliciesInTheirOwnAccount) {
  Check({
      {"names the user", kUser, {.resource = "+", .principal = kNamesUser}, "+"},
      {"a boundary's silence does not limit it",
       kUser,
       {.boundary = "0", .resource = "+", .principal = kNamesUser},
       "+"},
      {"names the session",
       kSession,
       {.boundary = "0", .session = "0", .resource = "+", .principal = kNamesSession},
       "+"},
      {"names the role", kSession, {.resource = "+", .principal = kNamesRole}, "+"},
      {"the role's boundary limits it",
       kSession,
       {.boundary = "0", .resource = "+", .principal = kNamesRole},
       "no boundary"},
      {"so does the session policy",
       kSession,
       {.session = "0", .resource = "+", .principal = kNamesRole},
       "no session"},
      {"names the federated session", kFederated, {.session = "0", .resource = "+", .principal = kNamesFederated}, "+"},
      {"names its user", kFederated, {.session = "0", .resource = "+", .principal = kNamesUser}, "no session"},
      {"everyone", kUser, {.boundary = "0", .resource = "+", .principal = kEveryone}, "+"},
      {"the account: identity policies decide", kUser, {.resource = "+", .principal = kNamesAccount}, "no identity"},
      {"the account, and they allow", kUser, {.identity = "+", .resource = "+", .principal = kNamesAccount}, "+"},
      {"somebody else", kUser, {.resource = "+", .principal = kNamesRole}, "no identity"},
      {"a grant is as good", kUser, {.boundary = "0", .granted = true}, "+"},
      {"guardrails still limit", kUser, {.scp = "0", .resource = "+", .principal = kNamesUser}, "no scp"},
      {"a policy that is silent takes nothing away", kUser, {.identity = "+", .resource = "0"}, "+"},
  });
}

// Across accounts both sides must allow.
TEST(Decide, AcrossAccountsBothSidesMustAllow) {
  const auto other = [](World world) {
    world.owner = kOther;
    return world;
  };
  Check({
      {"only the caller's side", kUser, other({.identity = "+"}), "no resource"},
      {"only the resource's side", kUser, other({.resource = "+", .principal = kNamesUser}), "no identity"},
      {"both, by name", kUser, other({.identity = "+", .resource = "+", .principal = kNamesUser}), "+"},
      {"both, by account", kUser, other({.identity = "+", .resource = "+", .principal = kNamesAccount}), "+"},
      {"both, by everyone", kUser, other({.identity = "+", .resource = "+"}), "+"},
      {"the boundary limits", kUser,
       other({.identity = "+", .boundary = "0", .resource = "+", .principal = kNamesUser}), "no boundary"},
      {"the session policy limits", kSession,
       other({.identity = "+", .session = "0", .resource = "+", .principal = kNamesSession}), "no session"},
      {"root of another account is a stranger", kRoot, other({}), "no resource"},
      {"unless it is named", kRoot, other({.resource = "+", .principal = kNamesAccount}), "+"},
      {"a grant is the resource's side", kUser, other({.identity = "+", .granted = true}), "+"},
  });
}

// A gate (a key's policy, a role's trust) opens alone; identity policies count only where it names the account.
TEST(Decide, GatesOpenAlone) {
  const auto gate = [](World world) {
    world.gate = true;
    return world;
  };
  Check({
      {"identity policies do not open it", kUser, gate({.identity = "+"}), "no resource"},
      {"nor being the account", kRoot, gate({}), "no resource"},
      {"it names the user", kUser, gate({.resource = "+", .principal = kNamesUser}), "+"},
      {"it names the account", kUser, gate({.resource = "+", .principal = kNamesAccount}), "no identity"},
      {"and identity allows", kUser, gate({.identity = "+", .resource = "+", .principal = kNamesAccount}), "+"},
      {"it names the account itself", kRoot, gate({.resource = "+", .principal = kNamesAccount}), "+"},
      {"a grant", kUser, gate({.granted = true}), "+"},
      {"names the role, bounded", kSession, gate({.boundary = "0", .resource = "+", .principal = kNamesRole}),
       "no boundary"},
  });
}

// Nobody comes in but by a policy for everyone; a service by one that names it; RestrictPublicBuckets closes both ways
// in.
TEST(Decide, NobodyAndServices) {
  Check({
      {"nobody", kNobody, {}, "no resource"},
      {"nobody, named by nothing", kNobody, {.resource = "+", .principal = kNamesAccount}, "no resource"},
      {"nobody, everyone", kNobody, {.resource = "+"}, "+"},
      {"nobody, blocked", kNobody, {.resource = "+", .block_public = true}, "no resource"},
      {"nobody, a public ACL", kNobody, {.granted = true}, "+"},
      {"nobody, under a resource guardrail", kNobody, {.rcp = "0", .resource = "+"}, "no rcp"},
      {"blocked does not shut out its own account", kUser, {.resource = "+", .block_public = true}, "+"},
      {"a public policy opens to no other account",
       kUser,
       {.identity = "+", .resource = "+", .owner = kOther, .block_public = true},
       "no resource"},
      {"one that is not public does",
       kUser,
       {.identity = "+", .resource = "+", .principal = kNamesUser, .owner = kOther, .block_public = true},
       "+"},
      {"a service", kService, {.resource = "+", .principal = kNamesService}, "+"},
      {"a service, under a resource guardrail for everyone",
       kService,
       {.rcp = "+", .resource = "+", .principal = kNamesService},
       "+"},
      {"everyone is no service", kService, {.resource = "+"}, "no resource"},
      {"but a deny for everyone is", kService, {.resource = "-"}, "-resource"},
  });
}

// Who is refused learns which statement did it, or what is missing; who is allowed can ask why.
TEST(Decide, SaysWhy) {
  const auto allow = [](const char* action) {
    return Parse(std::string(R"({"Sid": "A", "Effect": "Allow", "Action": ")") + action + R"(", "Resource": "*"})");
  };
  const Context none;
  const ContextKeys keys(none);
  const Query query{"s3:GetObject", "*", keys};
  PrincipalPolicies policies;
  EXPECT_EQ(Decide({.principal = &policies}, query).why,
            "no identity-based policy allows s3:GetObject on this resource");
  policies.identity = {{"inline policy a", allow("s3:*")}};
  EXPECT_EQ(Decide({.principal = &policies}, query, true).why, "allowed by statement 1 (Sid A) of inline policy a");
  const std::vector<std::shared_ptr<const Policy>> either = {allow("sagemaker:*"), allow("s3:Get*")};
  EXPECT_TRUE(Decide({.principal = &policies, .session_policies = either}, query).allowed);
  policies.identity.push_back({"arn:p", Parse(R"({"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"})")});
  EXPECT_EQ(Decide({.principal = &policies}, query).why, "denied by statement 1 of arn:p");
}

// The simulator and `aloft iam why` see every statement that applies, the ceilings, and the keys that are missing.
TEST(Explain, ShowsEverythingThatWentIntoIt) {
  PrincipalPolicies policies;
  policies.identity = {{"a", Parse(R"({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}"},
                                      {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})")},
                       {"b", Parse(R"({"Effect": "Deny", "Action": "s3:*", "Resource": "*",
                                       "Condition": {"Bool": {"aws:SecureTransport": "false"}}})")}};
  policies.boundary = NamedPolicy{"c", Of("0")};
  Guardrails guardrails;
  guardrails.service_control = {{{"d", Of("+")}}};
  ResourceFacts facts{.owner = AccountId(kHome), .policy = Of("+", kNamesAccount)};
  const Context context = {{"aws:username", {"ada"}}};
  const ContextKeys keys(context);
  const Explanation found = Explain({.principal = &policies, .caller_guardrails = &guardrails, .facts = &facts},
                                    Query{"s3:GetObject", "arn:aws:s3:::b/k", keys, &kUser});
  EXPECT_EQ(Text(found.decision), "no boundary");
  EXPECT_EQ(found.within_boundary, false);
  EXPECT_EQ(found.within_guardrails, true);
  EXPECT_EQ(found.missing_keys, std::vector<std::string>{"aws:SecureTransport"});
  std::vector<std::string> matched;
  for (const Matched& each : found.matched) matched.push_back(each.statement + " of " + each.policy);
  EXPECT_EQ(matched,
            (std::vector<std::string>{"statement 1 of d", "statement 1 of resource policy", "statement 2 of a"}));
}

}  // namespace
}  // namespace aloft::policy
