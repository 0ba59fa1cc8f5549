// The whole decision against a slow obvious one: random guardrails, resource policies, boundaries, session and identity
// policies over a world of two accounts where everything collides.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "platform/policy/decide.h"

namespace aloft::policy {
namespace {

// A policy of one statement, as plain data.
struct Simple {
  bool deny = false;
  std::string action;     // "*", "s3:*", "s3:GetObject", "iam:*"
  std::string principal;  // of a resource's policy: "everyone", or an ARN, an account, a service
};

struct Someone {
  const char* what;
  Caller caller;
};
const std::string kHere = "111111111111", kThere = "222222222222";
const std::vector<Someone> kCallers = {{"user", {.account = kHere, .arn = "arn:aws:iam::111111111111:user/ada"}},
                                       {"session",
                                        {.account = kHere,
                                         .arn = "arn:aws:sts::111111111111:assumed-role/r/s",
                                         .role_arn = "arn:aws:iam::111111111111:role/r"}},
                                       {"root", {.account = kHere, .arn = "arn:aws:iam::111111111111:root"}},
                                       {"nobody", {.anonymous = true}},
                                       {"service", {.service = "logs.amazonaws.com"}}};
const std::vector<std::string> kPrincipals = {"everyone",
                                              "111111111111",
                                              "222222222222",
                                              "arn:aws:iam::111111111111:user/ada",
                                              "arn:aws:iam::111111111111:role/r",
                                              "arn:aws:sts::111111111111:assumed-role/r/s",
                                              "logs.amazonaws.com"};
const std::vector<std::string> kActions = {"*", "s3:*", "s3:GetObject", "iam:*"};
constexpr const char* kAsked = "s3:GetObject";

rc::Gen<Simple> AnyPolicy() {
  return rc::gen::build<Simple>(
      rc::gen::set(&Simple::deny, rc::gen::map(rc::gen::inRange(0, 5), [](int n) { return n == 0; })),
      rc::gen::set(&Simple::action, rc::gen::elementOf(kActions)),
      rc::gen::set(&Simple::principal, rc::gen::elementOf(kPrincipals)));
}

std::vector<Simple> Several(int most) {
  const int count = *rc::gen::inRange(0, most + 1);
  return *rc::gen::container<std::vector<Simple>>(static_cast<std::size_t>(count), AnyPolicy());
}

std::shared_ptr<const Policy> Compile(const std::vector<Simple>& statements, bool with_principal) {
  std::string text = R"({"Version": "2012-10-17", "Statement": [)";
  for (const Simple& each : statements) {
    if (&each != &statements.front()) text += ",";
    text += R"({"Effect": ")" + std::string(each.deny ? "Deny" : "Allow") + R"(", "Action": ")" + each.action +
            R"(", "Resource": "*")";
    const bool service = each.principal.ends_with(".com");
    if (with_principal && each.principal == "everyone") text += R"(, "Principal": "*")";
    if (with_principal && each.principal != "everyone")
      text += R"(, "Principal": {")" + std::string(service ? "Service" : "AWS") + R"(": ")" + each.principal + "\"}";
    text += "}";
  }
  return Policy::Parse(text + "]}", with_principal ? PolicyUse::kResource : PolicyUse::kIdentity).value();
}

struct World {
  std::vector<std::vector<Simple>> scp, rcp;  // levels of policies of one statement each
  std::vector<Simple> resource, identity, session;
  std::optional<Simple> boundary;
  std::string owner;
  bool gate = false, granted = false;
};

World AnyWorld() {
  World out;
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) out.scp.push_back(Several(2));
  for (int i = *rc::gen::inRange(0, 2); i > 0; --i) out.rcp.push_back(Several(2));
  for (auto& level : out.rcp)
    for (Simple& each : level) each.principal = "everyone";
  out.resource = Several(3);
  out.identity = Several(3);
  out.session = Several(2);
  if (*rc::gen::arbitrary<bool>()) out.boundary = *AnyPolicy();
  out.owner = *rc::gen::elementOf(std::vector<std::string>{"", kHere, kThere});
  out.gate = *rc::gen::map(rc::gen::inRange(0, 4), [](int n) { return n == 0; });
  out.granted = *rc::gen::map(rc::gen::inRange(0, 4), [](int n) { return n == 0; });
  return out;
}

// The documentation, sentence by sentence.
bool Speaks(const Simple& each) {
  return each.action == "*" || each.action == "s3:*" || each.action == kAsked;
}
bool Denies(const std::vector<Simple>& all) {
  return std::any_of(all.begin(), all.end(), [](const Simple& each) { return each.deny && Speaks(each); });
}
bool Allows(const std::vector<Simple>& all) {
  return std::any_of(all.begin(), all.end(), [](const Simple& each) { return !each.deny && Speaks(each); });
}
// Which of the resource's statements are about the caller: by itself, by its role, by its account.
bool NamesItself(const Simple& each, const Caller& caller) {
  if (each.principal == "everyone") return each.deny || caller.service.empty();
  if (!caller.service.empty()) return each.principal == caller.service;
  if (caller.anonymous) return false;
  return each.principal == caller.arn || (each.principal == caller.account && caller.arn.ends_with(":root"));
}
bool NamesRole(const Simple& each, const Caller& caller) {
  return !caller.role_arn.empty() && each.principal == caller.role_arn;
}
bool NamesAccount(const Simple& each, const Caller& caller) {
  return !caller.account.empty() && each.principal == caller.account;
}

bool Obvious(const World& world, const Caller& caller) {
  const bool signed_in = !caller.account.empty();
  std::vector<Simple> about_me;
  for (const Simple& each : world.resource)
    if (NamesItself(each, caller) || NamesRole(each, caller) || NamesAccount(each, caller)) about_me.push_back(each);
  const auto allowed_by = [&](auto names) {
    return std::any_of(about_me.begin(), about_me.end(),
                       [&](const Simple& each) { return !each.deny && Speaks(each) && names(each, caller); });
  };
  const bool root = signed_in && caller.arn.ends_with(":root");
  // 1. An explicit deny in any policy refuses.
  if (Denies(about_me)) return false;
  if (signed_in)
    for (const auto& level : world.scp)
      if (Denies(level)) return false;
  for (const auto& level : world.rcp)
    if (Denies(level)) return false;
  if (signed_in && !root && (Denies(world.identity) || Denies(world.session))) return false;
  if (signed_in && !root && world.boundary && Denies({*world.boundary})) return false;
  // 2. Every level of the guardrails that has policies must allow.
  if (signed_in)
    for (const auto& level : world.scp)
      if (!level.empty() && !Allows(level)) return false;
  for (const auto& level : world.rcp)
    if (!level.empty() && !Allows(level)) return false;
  // 3. The resource's side.
  const bool self = allowed_by(NamesItself) || world.granted;
  const bool any = self || allowed_by(NamesRole) || allowed_by(NamesAccount);
  if (!signed_in) return any;
  const bool mine = world.owner.empty() || world.owner == caller.account;
  if ((!mine || world.gate) && !any) return false;
  if (mine && self) return true;
  // 4. The caller's side.
  const bool passed = root || world.session.empty() || Allows(world.session);
  const bool bounded = root || !world.boundary || Allows({*world.boundary});
  if (!passed || !bounded) return false;
  if (mine && allowed_by(NamesRole)) return true;
  return root || Allows(world.identity);
}

// Whatever the policies and whoever asks, the compiled decision is the documented one.
TEST(DecideProperty, AgreesWithTheDocumentedLogic) {
  const bool held = rc::check("compiled == documented", [] {
    const World world = AnyWorld();
    const Someone& who = kCallers[static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(kCallers.size())))];
    const bool alone = who.caller.anonymous || !who.caller.service.empty();
    const bool root = who.caller.arn.ends_with(":root");
    PrincipalPolicies policies;
    for (const Simple& each : world.identity) policies.identity.push_back({"i", Compile({each}, false)});
    if (world.boundary) policies.boundary = NamedPolicy{"b", Compile({*world.boundary}, false)};
    std::vector<std::shared_ptr<const Policy>> sessions;
    if (!root && !alone)
      for (const Simple& each : world.session) sessions.push_back(Compile({each}, false));
    Guardrails services, resources;
    for (const auto& level : world.scp) {
      auto& out = services.service_control.emplace_back();
      for (const Simple& each : level) out.push_back({"scp", Compile({each}, false)});
    }
    for (const auto& level : world.rcp) {
      auto& out = resources.resource_control.emplace_back();
      for (const Simple& each : level) out.push_back({"rcp", Compile({each}, true)});
    }
    ResourceFacts facts{.owner = AccountId(world.owner), .gate = world.gate, .granted = world.granted};
    if (!world.resource.empty()) facts.policy = Compile(world.resource, true);
    const Grounds grounds{.principal = alone || root ? nullptr : &policies,
                          .root = root,
                          .session_policies = sessions,
                          .caller_guardrails = alone ? nullptr : &services,
                          .resource_guardrails = &resources,
                          .facts = &facts};
    const Context none;
    const ContextKeys keys(none);
    const Query query{kAsked, "arn:aws:s3:::b/k", keys, &who.caller};
    RC_LOG() << who.what << " owner " << world.owner << " gate " << world.gate << " granted " << world.granted;
    RC_ASSERT(Decide(grounds, query).allowed == Obvious(world, who.caller));
    RC_ASSERT(Explain(grounds, query).decision.allowed == Obvious(world, who.caller));
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace aloft::policy
