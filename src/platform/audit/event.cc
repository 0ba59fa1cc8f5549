#include "platform/audit/event.h"

#include <algorithm>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"

namespace aloft::audit {
namespace {

using codec::JsonWriter;
using identity::PrincipalKind;

constexpr std::string_view kAdditional = "\"additionalEventData\":{";

std::string Cut(std::string_view text) {
  if (text.size() <= kMaxTextBytes) return std::string(text);
  return std::string(text.substr(0, kMaxTextBytes)) + "[...]";
}

// "arn:aws:iam::1:role/path/name" -> "name".
std::string_view LastPart(std::string_view arn) {
  return arn.substr(arn.find_last_of('/') + 1);
}

template <class Session>
bool ShowedFactor(const Session& session) {
  if constexpr (requires { session.mfa; }) return session.mfa != Time{};
  return false;
}

void WriteSessionContext(JsonWriter& json, const identity::Session& session) {
  if (!session.temporary()) return;
  json.Key("sessionContext").BeginObject();
  if (session.kind == PrincipalKind::kRole) {
    // AROA...:session-name is the principal; the role itself is what stands before the colon.
    json.Key("sessionIssuer").BeginObject();
    json.Key("type").String("Role");
    json.Key("principalId").String(session.principal_id.substr(0, session.principal_id.find(':')));
    json.Key("arn").String(session.role_arn);
    json.Key("accountId").String(session.account.value());
    json.Key("userName").String(LastPart(session.role_arn));
    json.EndObject();
  }
  json.Key("attributes").BeginObject();
  if (session.issued != Time{}) json.Key("creationDate").String(codec::FormatIso8601(session.issued));
  json.Key("mfaAuthenticated").String(ShowedFactor(session) ? "true" : "false");
  json.EndObject().EndObject();
}

void WriteIdentity(JsonWriter& json, const Facts& facts) {
  const identity::Session& session = facts.session;
  json.Key("userIdentity").BeginObject();
  switch (session.kind) {
    case PrincipalKind::kNobody:
      if (facts.claimed_key.empty()) {
        json.Key("type").String("AWSAccount").Key("principalId").String("");
        json.Key("accountId").String("ANONYMOUS_PRINCIPAL");
      } else {
        json.Key("type").String("Unknown").Key("accessKeyId").String(facts.claimed_key);
      }
      json.EndObject();
      return;
    case PrincipalKind::kRoot: json.Key("type").String("Root"); break;
    case PrincipalKind::kUser: json.Key("type").String("IAMUser"); break;
    case PrincipalKind::kRole: json.Key("type").String("AssumedRole"); break;
    case PrincipalKind::kToken: json.Key("type").String("EndpointToken"); break;
    default: json.Key("type").String("Unknown");
  }
  json.Key("principalId").String(session.principal_id);
  json.Key("arn").String(session.arn);
  json.Key("accountId").String(session.account.value());
  if (!session.access_key_id.empty()) json.Key("accessKeyId").String(session.access_key_id);
  if (!session.user_name.empty()) json.Key("userName").String(session.user_name);
  WriteSessionContext(json, session);
  json.EndObject();
}

// "arn:aws:iam::123456789012:user/u" -> the account; empty where the ARN names none.
std::string_view AccountOf(std::string_view arn) {
  for (int colon = 0; colon < 4; ++colon) {
    auto at = arn.find(':');
    if (at == std::string_view::npos) return {};
    arn.remove_prefix(at + 1);
  }
  auto end = arn.find(':');
  return end == std::string_view::npos ? std::string_view() : arn.substr(0, end);
}

void WriteResources(JsonWriter& json, const Facts& facts) {
  json.Key("resources").BeginArray();
  std::size_t written = 0;
  for (std::size_t i = 0; i < facts.resources.size() && written < kMaxResources; ++i) {
    const std::string& arn = facts.resources[i];
    bool repeated = std::find(facts.resources.begin(), facts.resources.begin() + static_cast<std::ptrdiff_t>(i), arn) !=
                    facts.resources.begin() + static_cast<std::ptrdiff_t>(i);
    if (arn.empty() || arn == "*" || repeated) continue;
    ++written;
    json.BeginObject().Key("ARN").String(arn);
    std::string_view account = AccountOf(arn), type = ResourceType(arn);
    json.Key("accountId").String(account.empty() ? std::string_view(facts.account.value()) : account);
    if (!type.empty()) json.Key("type").String(type);
    json.EndObject();
  }
  json.EndArray();
}

void WriteRaw(JsonWriter& json, std::string_view name, const std::string& text) {
  if (text.empty())
    json.Key(name).Null();
  else if (text.size() > kMaxParameterBytes)
    json.Key(name).BeginObject().Key("omitted").String("too large to record").EndObject();
  else
    json.Key(name).Raw(text);
}

}  // namespace

std::string Opening(const Facts& facts, std::string_view event_id) {
  std::string out;
  out.reserve(1536 + std::min(facts.parameters.size(), kMaxParameterBytes));
  JsonWriter json(out);
  json.BeginObject().Key("eventVersion").String("1.11");
  WriteIdentity(json, facts);
  json.Key("eventTime").String(codec::FormatIso8601(facts.at));
  json.Key("eventSource").String(EventSource(facts.service));
  json.Key("eventName").String(facts.operation);
  json.Key("awsRegion").String(facts.region.value());
  json.Key("sourceIPAddress").String(facts.address);
  json.Key("userAgent").String(Cut(facts.user_agent));
  json.Key("requestID").String(facts.request_id);
  json.Key("eventID").String(event_id);
  json.Key("readOnly").Bool(facts.kind.read_only);
  json.Key("eventType").String("AwsApiCall");
  json.Key("managementEvent").Bool(facts.kind.category != Category::kData);
  json.Key("recipientAccountId").String(facts.account.value());
  json.Key("eventCategory").String(facts.kind.category == Category::kData ? "Data" : "Management");
  WriteResources(json, facts);
  WriteRaw(json, "requestParameters", facts.parameters);
  return out;
}

std::string Ending(const Facts& facts, const Outcome& outcome) {
  std::string out;
  out.reserve(256 + std::min(outcome.response.size(), kMaxParameterBytes));
  JsonWriter writer(out);
  writer.BeginObject();
  WriteRaw(writer, "responseElements", outcome.response);
  if (!outcome.error_code.empty()) {
    writer.Key("errorCode").String(outcome.error_code);
    writer.Key("errorMessage").String(Cut(WithoutValues(outcome.error_message)));
  }
  writer.Key("additionalEventData").BeginObject();
  writer.Key("decision").String(outcome.refused_by.empty() ? "allowed" : "refused");
  if (!outcome.refused_by.empty()) writer.Key("refusedBy").String(outcome.refused_by);
  writer.Key("secureTransport").Bool(facts.tls).EndObject().EndObject();
  out.front() = ',';  // it goes on where the opening ended
  return out;
}

std::string Unanswered(std::string record) {
  auto at = record.rfind(kAdditional);
  if (at != std::string::npos) record.insert(at + kAdditional.size(), "\"answered\":false,");
  return record;
}

std::string WithoutValues(std::string_view message) {
  static constexpr std::string_view kValue = "Value '";
  static constexpr std::string_view kAt = "' at '";
  std::string out;
  while (true) {
    auto begin = message.find(kValue);
    if (begin == std::string_view::npos) break;
    // A value may hold quotes: it ends at the last "' at '" before the next one begins, or with the text.
    auto next = message.find(kValue, begin + kValue.size());
    auto end = message.substr(0, next).rfind(kAt);
    out.append(message.substr(0, begin)).append("Value");
    if (end == std::string_view::npos || end < begin) return out;
    message.remove_prefix(end + 1);
  }
  return out.append(message);
}

}  // namespace aloft::audit
