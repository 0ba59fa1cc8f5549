#include "api/admin/explain_access.h"

#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "platform/identity/state.h"

namespace aloft::api::admin {
namespace {

namespace json = boost::json;
using Fronts = std::function<std::vector<const api::Front*>()>;

struct Question {
  std::string principal;  // an ARN, or "anonymous"
  std::string action;
  std::string resource = "*";
  identity::Context context;
};

std::string FullArn(const std::string& principal, const AccountId& account) {
  if (principal.starts_with("arn:") || principal == "anonymous") return principal;
  const std::string prefix = "arn:aws:iam::" + account.value() + ":";
  if (principal == "root") return prefix + principal;
  return prefix + (principal.find('/') == std::string::npos ? "user/" : "") + principal;
}

Result<std::string> Text(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->as_string().empty())
    return Fail(kInvalidArgument, std::string(name) + " is required and must be text");
  return std::string(value->as_string());
}

Result<identity::Context> ReadContext(const json::object& object) {
  identity::Context out;
  const json::value* given = object.if_contains("Context");
  if (given == nullptr) return out;
  if (!given->is_object()) return Fail(kInvalidArgument, "Context must be an object of condition keys");
  for (const auto& [name, value] : given->as_object()) {
    std::vector<std::string>& values = out[ToLower(std::string_view(name))];
    if (value.is_string()) values.emplace_back(value.as_string());
    if (value.is_array())
      for (const json::value& each : value.as_array())
        if (each.is_string()) values.emplace_back(each.as_string());
    if (values.empty()) return Fail(kInvalidArgument, "The condition key " + std::string(name) + " needs text");
  }
  return out;
}

Result<Question> Decode(const api::Call& call) {
  ALOFT_ASSIGN(const json::value body, codec::ParseJson(call.body, {.max_depth = 4, .max_bytes = 64 * 1024}));
  if (!body.is_object()) return Fail(kInvalidArgument, "The request must be an object");
  Question out;
  ALOFT_ASSIGN(const std::string principal, Text(body.as_object(), "Principal"));
  out.principal = FullArn(principal, call.session.account);
  ALOFT_ASSIGN(out.action, Text(body.as_object(), "Action"));
  if (body.as_object().contains("Resource")) {
    ALOFT_ASSIGN(out.resource, Text(body.as_object(), "Resource"));
  }
  ALOFT_ASSIGN(out.context, ReadContext(body.as_object()));
  const auto& head = call.head();
  out.context.try_emplace("aws:sourceip", std::vector<std::string>{head.peer_address});
  out.context.try_emplace("aws:securetransport", std::vector<std::string>{head.tls ? "true" : "false"});
  out.context.try_emplace("aws:requestedregion", std::vector<std::string>{call.region.value()});
  return out;
}

// The service that an action belongs to knows its resources.
const api::FactSource* SourceFor(const std::vector<const api::Front*>& fronts, const api::FactSource& keys,
                                 std::string_view action) {
  const std::string_view service = action.substr(0, action.find(':'));
  if (service == "kms") return &keys;
  for (const api::Front* front : fronts)
    for (const api::Row& row : front->rows())
      if (row.service == service && row.facts != nullptr) return row.facts;
  return nullptr;
}

// A role's trust is the gate of assuming it. Absent: another action, or no such role.
Result<std::optional<identity::ResourceFacts>> TrustOf(identity::Service& identity, const Question& question) {
  using identity::EntityKind;
  const auto name = identity::ParseEntityArn(question.resource, EntityKind::kRole);
  if (!name || !ToLower(question.action).starts_with("sts:")) return std::optional<identity::ResourceFacts>();
  ALOFT_ASSIGN(const auto role,
               identity::FindPrincipal(identity.state(), name->account, EntityKind::kRole, name->name));
  if (role == nullptr || role->entity.Arn() != question.resource) return std::optional<identity::ResourceFacts>();
  return std::optional(identity::ResourceFacts{.owner = name->account, .policy = role->trust, .gate = true});
}

constexpr std::string_view kSources[] = {"identity", "boundary",        "session",
                                         "resource", "service-control", "resource-control"};

std::string Show(const Question& question, const identity::Session& session, const policy::Explanation& found) {
  std::string text;
  codec::JsonWriter out(text);
  const identity::Decision& decision = found.decision;
  out.BeginObject();
  out.Key("Principal").String(question.principal);
  out.Key("Action").String(question.action).Key("Resource").String(question.resource);
  out.Key("Allowed").Bool(decision.allowed).Key("ExplicitDeny").Bool(decision.explicit_deny);
  out.Key("Why").String(decision.why);
  if (!decision.allowed)
    out.Key("Message").String(identity::DeniedMessage(session, question.action, question.resource, decision));
  out.Key("Statements").BeginArray();
  for (const policy::Matched& each : found.matched) {
    out.BeginObject();
    out.Key("Effect").String(each.deny ? "Deny" : "Allow");
    out.Key("Kind").String(kSources[static_cast<int>(each.source)]);
    out.Key("Policy").String(each.policy).Key("Statement").String(each.statement);
    out.Key("Line").Int(each.place.start_line);
    out.EndObject();
  }
  out.EndArray();
  out.Key("MissingKeys").BeginArray();
  for (const std::string& key : found.missing_keys) out.String(key);
  out.EndArray();
  if (found.within_boundary) out.Key("WithinBoundary").Bool(*found.within_boundary);
  if (found.within_guardrails) out.Key("WithinGuardrails").Bool(*found.within_guardrails);
  out.EndObject();
  return text;
}

class ExplainAccess final : public api::Prepared {
 public:
  ExplainAccess(Question question, identity::Service& identity, Fronts fronts, const api::FactSource& keys)
      : question_(std::move(question)), identity_(identity), fronts_(std::move(fronts)), keys_(keys) {}

  std::vector<api::Permission> permissions() const override {
    const bool anonymous = question_.principal == "anonymous";
    return {{"iam:SimulatePrincipalPolicy", anonymous ? "*" : question_.principal, {}}};
  }

  void Run(const std::shared_ptr<const api::Call>& call, api::Authorized, api::Responder respond) override {
    auto answer = Answer(*call);
    if (!answer.ok()) return respond(std::move(answer).error());
    respond(http::Response{200, {{"Content-Type", "application/json"}}, std::move(*answer)});
  }

 private:
  Result<std::string> Answer(const api::Call& call) const {
    identity::Session session;
    if (question_.principal != "anonymous") {
      ALOFT_ASSIGN(session, identity_.SessionOf(question_.principal));
      // Other accounts' principals are not to be guessed.
      if (session.account != call.session.account)
        return Fail(identity::kNoSuchEntity, "The entity " + question_.principal + " cannot be found.");
    }
    identity::ResourceFacts facts;
    ALOFT_ASSIGN(auto trust, TrustOf(identity_, question_));
    if (trust) {
      facts = std::move(*trust);
    } else if (const api::FactSource* source = SourceFor(fronts_(), keys_, question_.action)) {
      const api::Permission permission{question_.action, question_.resource, question_.context};
      auto found = source->FactsOf(permission, session);
      // Of a resource that is not there yet the caller's own policies still say something.
      if (!found.ok() && found.error().kind() != ErrorKind::kNotFound) return std::move(found).error();
      if (found.ok()) facts = std::move(found).value();
    }
    return Show(question_, session,
                identity_.Why(session, question_.action, question_.resource, question_.context, &facts));
  }

  const Question question_;
  identity::Service& identity_;
  const Fronts fronts_;
  const api::FactSource& keys_;
};

}  // namespace

api::Row MakeExplainAccessRow(identity::Service& identity, Fronts fronts, const api::FactSource& keys) {
  api::Row row{"aloft", "ExplainAccess", api::kSigV4, api::BodyMode::kBuffered, 64 * 1024, {}};
  row.prepare = [&identity, fronts, &keys](const api::Call& call) -> Result<std::unique_ptr<api::Prepared>> {
    ALOFT_ASSIGN(Question question, Decode(call));
    return std::unique_ptr<api::Prepared>(new ExplainAccess(std::move(question), identity, fronts, keys));
  };
  return row;
}

}  // namespace aloft::api::admin
