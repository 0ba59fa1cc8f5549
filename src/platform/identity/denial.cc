#include "platform/identity/denial.h"

#include <boost/json/value.hpp>

#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "platform/identity/errors.h"
#include "platform/identity/state.h"

namespace aloft::identity {
namespace {

constexpr std::string_view kPurpose = "identity/denial";
// Sealed and in base 64 it stays below 4 KiB: it travels in a header, and proxies bound those.
constexpr std::size_t kMostPlain = 2'600;
constexpr std::size_t kMostText = 600;

void WriteContext(codec::JsonWriter& json, const Context& context, const std::string& out) {
  json.Key("conditions").BeginObject().Key("items").BeginArray();
  for (const auto& [key, values] : context) {
    std::size_t size = key.size() + 64;
    for (const std::string& value : values) size += value.size() + 16;
    if (out.size() + size > kMostPlain) continue;
    json.BeginObject().Key("key").String(key).Key("values").BeginObject().Key("items").BeginArray();
    for (const std::string& value : values) json.BeginObject().Key("value").String(value).EndObject();
    json.EndArray().EndObject().EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace

std::string EncodeDenial(const keys::Keyring& keyring, const Session& session, std::string_view action,
                         std::string_view resource, const Context& context, const Decision& decision) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("allowed").Bool(decision.allowed).Key("explicitDeny").Bool(decision.explicit_deny);
  json.Key("matchedStatements").BeginObject().Key("items").BeginArray();
  if (decision.explicit_deny) json.BeginObject().Key("statementId").String(decision.why.substr(0, 500)).EndObject();
  json.EndArray().EndObject().Key("failures").BeginObject().Key("items").BeginArray().EndArray().EndObject();
  json.Key("reason").String(decision.why.substr(0, 500));
  json.Key("context").BeginObject().Key("principal").BeginObject();
  json.Key("id").String(session.principal_id).Key("arn").String(session.arn).EndObject();
  json.Key("account").String(session.account.value()).Key("action").String(action.substr(0, kMostText));
  json.Key("resource").String(resource.substr(0, kMostText));
  WriteContext(json, context, out);
  json.EndObject().EndObject();
  return codec::Base64UrlEncode(keyring.Seal(out, kPurpose));
}

std::string EncodeDenial(const Service& identity, const Session& session, std::string_view action,
                         std::string_view resource, const Context& context, const Decision& decision) {
  return EncodeDenial(identity.state().keyring, session, action, resource, context, decision);
}

Result<Denial> DecodeDenial(const keys::Keyring& keyring, std::string_view encoded) {
  const auto refused = [] { return Fail(kInvalidInput, "Invalid EncodedMessage: it was not made by this cloud"); };
  const auto sealed = codec::Base64UrlDecode(encoded);
  if (!sealed) return refused();
  auto plain = keyring.Open(*sealed, kPurpose);
  if (!plain.ok()) return refused();
  ALOFT_ASSIGN(const boost::json::value parsed, codec::ParseJson(*plain));
  Denial out;
  if (const auto* account = parsed.as_object().at("context").as_object().if_contains("account");
      account != nullptr && account->is_string())
    out.account = AccountId(account->as_string());
  out.document = std::move(*plain);
  return out;
}

}  // namespace aloft::identity
