#include "platform/directory/trust.h"

#include <boost/json/value.hpp>

#include "foundation/codec/json.h"

namespace aloft::directory {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace json = boost::json;

namespace {

void AddTexts(const json::value* value, std::vector<std::string>& out) {
  if (value == nullptr) return;
  if (value->is_string()) out.emplace_back(value->as_string());
  if (value->is_array())
    for (const json::value& each : value->as_array())
      if (each.is_string()) out.emplace_back(each.as_string());
}

// The AWS principals of every statement, in Principal and NotPrincipal alike. The document was parsed before.
std::vector<std::string> AwsPrincipals(const json::value& document) {
  std::vector<std::string> out;
  const json::value* statements = document.is_object() ? document.as_object().if_contains("Statement") : nullptr;
  if (statements == nullptr) return out;
  const auto add = [&](const json::value& statement) {
    if (!statement.is_object()) return;
    for (const char* element : {"Principal", "NotPrincipal"})
      if (const json::value* principal = statement.as_object().if_contains(element);
          principal != nullptr && principal->is_object())
        AddTexts(principal->as_object().if_contains("AWS"), out);
  };
  if (statements->is_array())
    for (const json::value& statement : statements->as_array()) add(statement);
  else
    add(*statements);
  return out;
}

}  // namespace

Result<std::map<std::string, std::string>> ResolveTrust(sql::Reader& reader, const std::string& document) {
  std::map<std::string, std::string> out;
  ALOFT_ASSIGN(const json::value parsed, codec::ParseJson(document));
  for (const std::string& arn : AwsPrincipals(parsed)) {
    for (const EntityKind kind : {EntityKind::kUser, EntityKind::kRole}) {
      const auto name = ParseEntityArn(arn, kind);
      if (!name) continue;
      ALOFT_ASSIGN(const auto account, records::FindAccount(reader, name->account));
      if (!account) continue;  // of another installation: it can never ask here
      ALOFT_ASSIGN(const auto entity, records::Find(reader, name->account, kind, name->name));
      if (!entity || entity->Arn() != arn)
        return Fail(kMalformedPolicyDocument, "Invalid principal in policy: \"AWS\":\"" + arn + "\"");
      out[arn] = entity->id;
    }
  }
  return out;
}

}  // namespace aloft::directory
