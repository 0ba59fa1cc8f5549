#include <algorithm>
#include <boost/json/value.hpp>
#include <set>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "platform/policy/errors.h"
#include "platform/policy/statement.h"

namespace aloft::policy::internal {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxStatements = 1000;
constexpr std::size_t kMaxDocument = 131072;

Error Malformed(std::string_view place, std::string what) {
  if (!place.empty()) what.append(" (at ").append(place).append(")");
  return Fail(kMalformedPolicyDocument, std::move(what));
}

Result<std::vector<std::string>> Texts(const json::value& value, std::string_view place) {
  std::vector<std::string> out;
  if (value.is_string()) {
    out.emplace_back(value.as_string());
    return out;
  }
  if (!value.is_array()) return Malformed(place, "Syntax errors in policy: expected text or a list of texts.");
  for (const json::value& entry : value.as_array()) {
    if (!entry.is_string()) return Malformed(place, "Syntax errors in policy: expected text or a list of texts.");
    out.emplace_back(entry.as_string());
  }
  return out;
}

Status CheckAction(std::string_view action, std::string_view place) {
  if (action == "*") return {};
  const std::size_t colon = action.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return Malformed(place, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  const auto fits = [](std::string_view text, std::string_view extra) {
    for (const char c : text) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      if (!plain && extra.find(c) == std::string_view::npos) return false;
    }
    return !text.empty();
  };
  if (!fits(action.substr(0, colon), ""))
    return Malformed(place, "Vendor " + std::string(action.substr(0, colon)) + " is not valid.");
  if (!fits(action.substr(colon + 1), "*?_"))
    return Malformed(place, "The action \"" + std::string(action) + "\" is not valid.");
  return {};
}

Status ParseActions(const json::object& from, std::string_view place, Statement& out) {
  const json::value* action = from.if_contains("Action");
  const json::value* not_action = from.if_contains("NotAction");
  if (action != nullptr && not_action != nullptr)
    return Malformed(place, "Syntax errors in policy: Action and NotAction exclude each other.");
  out.not_action = not_action != nullptr;
  if (out.not_action) action = not_action;
  if (action == nullptr) return Malformed(place, "Policy statement must contain actions.");
  const std::string here = std::string(place) + (out.not_action ? ".NotAction" : ".Action");
  ALOFT_ASSIGN(const std::vector<std::string> texts, Texts(*action, here));
  if (texts.empty()) return Malformed(here, "Policy statement must contain actions.");
  for (const std::string& text : texts) {
    ALOFT_TRY(CheckAction(text, here));
    ALOFT_ASSIGN(Pattern pattern, Pattern::Parse(ToLower(text), true, false));
    out.actions.push_back(std::move(pattern));
  }
  return {};
}

Status ParseResources(const json::object& from, PolicyUse use, bool variables, std::string_view place, Statement& out) {
  const json::value* resource = from.if_contains("Resource");
  const json::value* not_resource = from.if_contains("NotResource");
  if (use == PolicyUse::kTrust) {
    if (resource != nullptr) return Malformed(place, "Has prohibited field Resource.");
    if (not_resource != nullptr) return Malformed(place, "Has prohibited field NotResource.");
    return {};
  }
  if (resource != nullptr && not_resource != nullptr)
    return Malformed(place, "Syntax errors in policy: Resource and NotResource exclude each other.");
  out.has_resource = true;
  out.not_resource = not_resource != nullptr;
  if (out.not_resource) resource = not_resource;
  if (resource == nullptr) return Malformed(place, "Policy statement must contain resources.");
  const std::string here = std::string(place) + (out.not_resource ? ".NotResource" : ".Resource");
  ALOFT_ASSIGN(const std::vector<std::string> texts, Texts(*resource, here));
  if (texts.empty()) return Malformed(here, "Policy statement must contain resources.");
  for (const std::string& text : texts) {
    auto pattern = Pattern::Parse(text, true, variables);
    if (!pattern.ok()) return Malformed(here, pattern.error().message);
    if (!pattern->any() && !pattern->IsArn())
      return Malformed(here, "Resource " + text + " must be in ARN format or \"*\".");
    out.resources.push_back(std::move(pattern).value());
  }
  return {};
}

// AIDA or AROA and at least 16 more: what AWS stores for a user or role whose ARN was given.
bool IsPrincipalId(std::string_view text) {
  return (text.starts_with("AIDA") || text.starts_with("AROA")) && text.size() >= 20 && text.size() <= 128 &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == std::string_view::npos;
}

bool IsAccount(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Status AddAwsPrincipal(std::string_view text, std::string_view place, Principals& out) {
  if (text == "*") {
    out.everyone = true;
    return {};
  }
  if (IsAccount(text)) {
    out.accounts.emplace_back(text);
    return {};
  }
  if (IsPrincipalId(text)) {
    out.ids.emplace_back(text);
    return {};
  }
  const ArnParts parts = SplitArn(text);
  const bool arn = parts.count == 6 && parts.part[0] == "arn" && (parts.part[2] == "iam" || parts.part[2] == "sts") &&
                   parts.part[3].empty() && IsAccount(parts.part[4]) &&
                   text.find_first_of("*?") == std::string_view::npos;
  if (!arn) return Malformed(place, "Invalid principal in policy: \"AWS\":\"" + std::string(text) + "\"");
  if (parts.part[2] == "iam" && parts.part[5] == "root")
    out.accounts.emplace_back(parts.part[4]);
  else
    out.arns.emplace_back(text);
  return {};
}

Status ParsePrincipals(const json::object& from, PolicyUse use, std::string_view place, Principals& out) {
  const json::value* principal = from.if_contains("Principal");
  const json::value* not_principal = from.if_contains("NotPrincipal");
  if (use == PolicyUse::kIdentity) {
    if (principal != nullptr || not_principal != nullptr)
      return Malformed(place, "Policy document should not specify a principal.");
    return {};
  }
  if (use == PolicyUse::kTrust && not_principal != nullptr)
    return Malformed(place, "Has prohibited field NotPrincipal.");
  if (principal != nullptr && not_principal != nullptr)
    return Malformed(place, "Syntax errors in policy: Principal and NotPrincipal exclude each other.");
  out.present = true;
  out.negated = not_principal != nullptr;
  if (out.negated) principal = not_principal;
  if (principal == nullptr) return Malformed(place, "Missing required field Principal.");
  const std::string here = std::string(place) + ".Principal";
  if (principal->is_string()) {
    if (principal->as_string() != "*") return Malformed(here, "Invalid principal in policy.");
    out.everyone = true;
    return {};
  }
  if (!principal->is_object() || principal->as_object().empty()) return Malformed(here, "Invalid principal in policy.");
  for (const auto& [kind, values] : principal->as_object()) {
    ALOFT_ASSIGN(std::vector<std::string> texts, Texts(values, here));
    if (texts.empty()) return Malformed(here, "Invalid principal in policy.");
    if (kind == "AWS") {
      for (const std::string& text : texts) ALOFT_TRY(AddAwsPrincipal(text, here, out));
      continue;
    }
    std::vector<std::string>* target = kind == "Service"     ? &out.services
                                       : kind == "Federated" ? &out.federated
                                                             : nullptr;
    if (target == nullptr)
      return Malformed(here,
                       "Invalid principal in policy: \"" + std::string(kind) + "\" is not a kind of principal here.");
    for (std::string& text : texts) {
      if (text.empty() || text.find_first_of("*?") != std::string::npos)
        return Malformed(here, "Invalid principal in policy: \"" + std::string(kind) + "\":\"" + text + "\"");
      target->push_back(std::move(text));
    }
  }
  return {};
}

Result<Statement> ParseStatement(const json::value& value, PolicyUse use, bool variables, std::string_view place) {
  if (!value.is_object()) return Malformed(place, "Syntax errors in policy: a statement is an object.");
  const json::object& from = value.as_object();
  static constexpr std::string_view kKnown[] = {"Sid",       "Effect",   "Principal",   "NotPrincipal", "Action",
                                                "NotAction", "Resource", "NotResource", "Condition"};
  for (const auto& entry : from)
    if (std::find(std::begin(kKnown), std::end(kKnown), std::string_view(entry.key())) == std::end(kKnown))
      return Malformed(place, "Syntax errors in policy: unknown element " + std::string(entry.key()) + ".");
  Statement out;
  if (const json::value* sid = from.if_contains("Sid")) {
    if (!sid->is_string()) return Malformed(place, "Syntax errors in policy: Sid is text.");
    out.sid = sid->as_string();
    if (use == PolicyUse::kIdentity)
      for (const char c : out.sid)
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
          return Malformed(place,
                           "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
                           "expression [0-9A-Za-z]*");
  }
  const json::value* effect = from.if_contains("Effect");
  if (effect == nullptr) return Malformed(place, "Syntax errors in policy: missing element Effect.");
  if (!effect->is_string() || (effect->as_string() != "Allow" && effect->as_string() != "Deny"))
    return Malformed(place, "Syntax errors in policy: Effect must be Allow or Deny.");
  out.deny = effect->as_string() == "Deny";
  ALOFT_TRY(ParsePrincipals(from, use, place, out.principals));
  if (out.principals.negated && !out.deny) return Malformed(place, "Allow with NotPrincipal is not allowed.");
  ALOFT_TRY(ParseActions(from, place, out));
  ALOFT_TRY(ParseResources(from, use, variables, place, out));
  if (const json::value* condition = from.if_contains("Condition")) {
    ALOFT_ASSIGN(out.conditions, ParseConditions(*condition, variables, std::string(place) + ".Condition"));
  }
  return out;
}

}  // namespace

Result<std::vector<Statement>> ParseStatements(std::string_view document, PolicyUse use) {
  auto parsed = codec::ParseJson(document, {.max_depth = 12, .max_bytes = kMaxDocument});
  if (!parsed.ok()) return Malformed("", "This policy contains invalid Json: " + parsed.error().message);
  if (!parsed->is_object()) return Malformed("", "Syntax errors in policy: a policy is an object.");
  const json::object& root = parsed->as_object();
  bool variables = false;
  for (const auto& [name, value] : root) {
    if (name == "Version") {
      if (!value.is_string() || (value.as_string() != "2012-10-17" && value.as_string() != "2008-10-17"))
        return Malformed("Version", "Policy document must be version 2012-10-17 or greater.");
      variables = value.as_string() == "2012-10-17";
    } else if (name == "Id") {
      if (!value.is_string()) return Malformed("Id", "Syntax errors in policy: Id is text.");
    } else if (name != "Statement") {
      return Malformed("", "Syntax errors in policy: unknown element " + std::string(name) + ".");
    }
  }
  const json::value* statements = root.if_contains("Statement");
  if (statements == nullptr) return Malformed("", "Syntax errors in policy: missing element Statement.");
  std::vector<Statement> out;
  if (statements->is_object()) {
    ALOFT_ASSIGN(Statement only, ParseStatement(*statements, use, variables, "Statement"));
    out.push_back(std::move(only));
    return out;
  }
  if (!statements->is_array() || statements->as_array().empty())
    return Malformed("Statement", "Syntax errors in policy: a policy has at least one statement.");
  if (statements->as_array().size() > kMaxStatements)
    return Malformed("Statement", "The policy has too many statements.");
  std::set<std::string> sids;
  for (const json::value& value : statements->as_array()) {
    const std::string place = "Statement[" + std::to_string(out.size()) + "]";
    ALOFT_ASSIGN(Statement statement, ParseStatement(value, use, variables, place));
    if (!statement.sid.empty() && !sids.insert(statement.sid).second)
      return Malformed(place, "Statement IDs (SID) in a single policy must be unique.");
    out.push_back(std::move(statement));
  }
  return out;
}

}  // namespace aloft::policy::internal
