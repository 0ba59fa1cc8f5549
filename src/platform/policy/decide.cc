#include "platform/policy/decide.h"

#include <set>

#include "foundation/base/bytes.h"

namespace aloft::policy {
namespace {

using Effect = Verdict::Effect;
using Names = Verdict::Names;
using Source = Decision::Source;

std::string NameOf(const NamedPolicy& policy, int statement) {
  return policy.policy->NameOf(statement) + " of " + policy.name;
}

Decision Denied(Source source, std::string by) {
  return Decision{.allowed = false, .explicit_deny = true, .source = source, .why = "denied by " + std::move(by)};
}

Decision Missing(Source source, std::string_view kind, const Query& query) {
  return Decision{.allowed = false,
                  .source = source,
                  .why = "no " + std::string(kind) + " allows " + std::string(query.action) + " on this resource"};
}

Decision Allowed(bool explain, std::string_view by) {
  Decision decision{.allowed = true};
  if (explain) decision.why = "allowed by " + std::string(by);
  return decision;
}

// What the guardrails of one kind say: a refusal, or whether every level allows.
struct Ceiling {
  std::optional<Decision> denied;
  bool allows = true;
};
Ceiling Under(const std::vector<std::vector<NamedPolicy>>& levels, Source source, const Query& query) {
  Ceiling out;
  for (const auto& level : levels) {
    bool allows = level.empty();
    for (const NamedPolicy& policy : level) {
      const Verdict verdict = policy.policy->Evaluate(query);
      if (verdict.effect == Effect::kDeny) {
        out.denied = Denied(source, NameOf(policy, verdict.statement));
        return out;
      }
      allows = allows || verdict.effect == Effect::kAllow;
    }
    out.allows = out.allows && allows;
  }
  return out;
}

// The principal of a resource control policy is always everyone, and there that means services too.
Query ForEveryone(const Query& query) {
  static const Caller everyone{};
  return Query{query.action, query.resource, query.keys, &everyone};
}

// What the resource says of the caller.
struct Door {
  std::optional<Decision> denied;
  bool same_account = true;
  bool gate = false;
  Names names = Names::kNobody;  // kNobody: it does not open
  int statement = -1;            // -1: a grant
};
Door DoorOf(const ResourceFacts* facts, const Query& query) {
  Door out;
  if (facts == nullptr) return out;
  const Caller nobody{.anonymous = true};
  const Caller& caller = query.caller != nullptr ? *query.caller : nobody;
  out.same_account = facts->owner.empty() ? !caller.anonymous : caller.account == facts->owner.value();
  out.gate = facts->gate;
  if (facts->policy != nullptr) {
    const Verdict verdict = facts->policy->Evaluate(query);
    if (verdict.effect == Effect::kDeny) {
      out.denied = Denied(Source::kResource, facts->policy->NameOf(verdict.statement) + " of the resource's policy");
      return out;
    }
    const bool outsider = caller.service.empty() && !out.same_account;
    const bool blocked = facts->block_public && outsider && facts->policy->is_public();
    if (verdict.effect == Effect::kAllow && !blocked) {
      out.names = verdict.names;
      out.statement = verdict.statement;
    }
  }
  if (facts->granted && out.names != Names::kSelf) {
    out.names = Names::kSelf;
    out.statement = -1;
  }
  return out;
}

// What the caller's own side says: the first refusal by statement, or which of the layers allow.
struct Own {
  std::optional<Decision> denied;
  const NamedPolicy* allowing = nullptr;  // the identity policy that allows
  int statement = -1;
  bool bounded = true;
  bool passed = true;
};

std::optional<Decision> AskIdentity(const PrincipalPolicies& policies, const Query& query, Own& out) {
  for (const NamedPolicy& policy : policies.identity) {
    const Verdict verdict = policy.policy->Evaluate(query);
    if (verdict.effect == Effect::kDeny) return Denied(Source::kIdentity, NameOf(policy, verdict.statement));
    if (verdict.effect == Effect::kAllow && out.allowing == nullptr) {
      out.allowing = &policy;
      out.statement = verdict.statement;
    }
  }
  if (!policies.boundary) return std::nullopt;
  const Verdict verdict = policies.boundary->policy->Evaluate(query);
  out.bounded = verdict.effect == Effect::kAllow;
  if (verdict.effect != Effect::kDeny) return std::nullopt;
  return Denied(Source::kBoundary, NameOf(*policies.boundary, verdict.statement) + ", a permissions boundary");
}

Own OwnOf(const Grounds& grounds, const Query& query) {
  Own out;
  if (grounds.principal != nullptr) out.denied = AskIdentity(*grounds.principal, query, out);
  if (out.denied) return out;
  out.passed = grounds.session_policies.empty();
  for (const auto& policy : grounds.session_policies) {
    const Verdict verdict = policy->Evaluate(query);
    if (verdict.effect == Effect::kDeny) {
      out.denied = Denied(Source::kSession, policy->NameOf(verdict.statement) + " of a session policy");
      return out;
    }
    out.passed = out.passed || verdict.effect == Effect::kAllow;
  }
  return out;
}

std::string DoorName(const Door& door, const ResourceFacts& facts) {
  if (door.statement < 0) return facts.granted_by.empty() ? "a grant of the resource" : facts.granted_by;
  return facts.policy->NameOf(door.statement) + " of the resource's policy";
}

// No statement denies and every guardrail allows: do the layers allow?
Decision Weigh(const Grounds& grounds, const Door& door, const Own& own, const Query& query, bool explain) {
  const bool opens = door.names != Names::kNobody;
  const bool alone = query.caller != nullptr && (query.caller->anonymous || !query.caller->service.empty());
  if ((alone || door.gate || !door.same_account) && !opens)
    return Missing(Source::kResource, "resource-based policy", query);
  if (alone) return Allowed(explain, explain ? DoorName(door, *grounds.facts) : "");
  if (door.same_account && door.names == Names::kSelf)
    return Allowed(explain, explain ? DoorName(door, *grounds.facts) : "");
  // The ceilings first: who adds another policy to get past a missing one must not find the ceiling unmentioned.
  if (!own.passed) return Missing(Source::kSession, "session policy", query);
  if (!own.bounded) return Missing(Source::kBoundary, "permissions boundary", query);
  if (door.same_account && door.names == Names::kRole)
    return Allowed(explain, explain ? DoorName(door, *grounds.facts) : "");
  if (grounds.root) return Allowed(explain, "being the account itself");
  if (own.allowing == nullptr) return Missing(Source::kIdentity, "identity-based policy", query);
  return Allowed(explain, explain ? NameOf(*own.allowing, own.statement) : "");
}

}  // namespace

Decision Decide(const Grounds& grounds, const Query& query, bool explain) {
  Ceiling services, resources;
  if (grounds.caller_guardrails != nullptr)
    services = Under(grounds.caller_guardrails->service_control, Source::kServiceControl, query);
  if (services.denied) return *services.denied;
  if (grounds.resource_guardrails != nullptr)
    resources = Under(grounds.resource_guardrails->resource_control, Source::kResourceControl, ForEveryone(query));
  if (resources.denied) return *resources.denied;
  const Door door = DoorOf(grounds.facts, query);
  if (door.denied) return *door.denied;
  const Own own = OwnOf(grounds, query);
  if (own.denied) return *own.denied;
  if (!resources.allows) return Missing(Source::kResourceControl, "resource control policy", query);
  if (!services.allows) return Missing(Source::kServiceControl, "service control policy", query);
  return Weigh(grounds, door, own, query, explain);
}

namespace {

// Collects what each policy that has a say contributes.
class Collector {
 public:
  Collector(const Query& query, Explanation& out) : query_(query), out_(out) {}

  void Add(Source source, const std::string& name, const Policy& policy) {
    for (const int statement : policy.Matching(query_))
      out_.matched.push_back(
          {source, name, policy.NameOf(statement), policy.denies(statement), policy.PlaceOf(statement)});
    for (const std::string& key : policy.keys())
      if (query_.keys.Find(ToLower(key)).empty()) missing_.insert(key);
  }
  void Add(Source source, const std::vector<std::vector<NamedPolicy>>& levels) {
    for (const auto& level : levels)
      for (const NamedPolicy& policy : level) Add(source, policy.name, *policy.policy);
  }
  void Finish() { out_.missing_keys.assign(missing_.begin(), missing_.end()); }

 private:
  const Query& query_;
  Explanation& out_;
  std::set<std::string> missing_;
};

}  // namespace

Explanation Explain(const Grounds& grounds, const Query& query) {
  Explanation out;
  out.decision = Decide(grounds, query, true);
  Collector collector(query, out);
  if (const Guardrails* guardrails = grounds.caller_guardrails) {
    collector.Add(Source::kServiceControl, guardrails->service_control);
    if (!guardrails->service_control.empty()) {
      const Ceiling ceiling = Under(guardrails->service_control, Source::kServiceControl, query);
      out.within_guardrails = ceiling.allows && !ceiling.denied;
    }
  }
  if (grounds.resource_guardrails != nullptr)
    collector.Add(Source::kResourceControl, grounds.resource_guardrails->resource_control);
  if (grounds.facts != nullptr && grounds.facts->policy != nullptr)
    collector.Add(Source::kResource, "resource policy", *grounds.facts->policy);
  if (grounds.principal != nullptr) {
    for (const NamedPolicy& policy : grounds.principal->identity)
      collector.Add(Source::kIdentity, policy.name, *policy.policy);
    if (const auto& boundary = grounds.principal->boundary) {
      collector.Add(Source::kBoundary, boundary->name, *boundary->policy);
      out.within_boundary = boundary->policy->Evaluate(query).effect == Effect::kAllow;
    }
  }
  int number = 0;
  for (const auto& policy : grounds.session_policies)
    collector.Add(Source::kSession, "session policy " + std::to_string(++number), *policy);
  collector.Finish();
  return out;
}

}  // namespace aloft::policy
