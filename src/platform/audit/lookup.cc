// Finding records again: a bounded walk backwards through an account's time.
#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "platform/audit/packed_record.h"
#include "platform/audit/service.h"

namespace aloft::audit {
namespace {

constexpr std::size_t kPage = 500;
// Records looked at in one call: a rare attribute costs several calls, not one long one.
constexpr std::size_t kMaxVisited = 20'000;

std::string_view Text(const boost::json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  return member != nullptr && member->is_string() ? std::string_view(member->as_string()) : std::string_view();
}

// The name that people call the caller by: the user's, or the session's.
std::string UserName(const boost::json::object& event) {
  const auto* identity = event.if_contains("userIdentity");
  if (identity == nullptr || !identity->is_object()) return {};
  std::string_view name = Text(identity->as_object(), "userName");
  if (!name.empty()) return std::string(name);
  if (Text(identity->as_object(), "type") == "Root") return "root";
  std::string_view arn = Text(identity->as_object(), "arn");
  return std::string(arn.substr(arn.find_last_of('/') + 1));
}

bool NamesResource(const boost::json::object& event, std::string_view member, std::string_view wanted) {
  const auto* resources = event.if_contains("resources");
  if (resources == nullptr || !resources->is_array()) return false;
  for (const auto& each : resources->as_array()) {
    if (!each.is_object()) continue;
    std::string_view value = Text(each.as_object(), member);
    if (value == wanted) return true;
    // By the name alone, as by the ARN.
    auto end = value.find_last_of(":/");
    if (member == "ARN" && end != std::string_view::npos && value.substr(end + 1) == wanted) return true;
  }
  return false;
}

bool Matches(std::string_view json, const LookupQuery::Attribute& attribute) {
  // Most records are not meant, and the wanted text is nowhere in them; resources and users may be spelled differently.
  if (attribute.name != "ReadOnly" && json.find(attribute.value) == std::string_view::npos &&
      attribute.value.find_first_of("\"\\") == std::string::npos && attribute.value != "root")
    return false;
  auto parsed = codec::ParseJson(json);
  if (!parsed.ok() || !parsed->is_object()) return false;
  const auto& event = parsed->as_object();
  if (attribute.name == "EventId") return Text(event, "eventID") == attribute.value;
  if (attribute.name == "EventName") return Text(event, "eventName") == attribute.value;
  if (attribute.name == "EventSource") return Text(event, "eventSource") == attribute.value;
  if (attribute.name == "ReadOnly") {
    const auto* flag = event.if_contains("readOnly");
    return flag != nullptr && flag->is_bool() && (attribute.value == "true") == flag->as_bool();
  }
  if (attribute.name == "Username") return UserName(event) == attribute.value;
  if (attribute.name == "AccessKeyId") {
    const auto* identity = event.if_contains("userIdentity");
    return identity != nullptr && identity->is_object() &&
           Text(identity->as_object(), "accessKeyId") == attribute.value;
  }
  if (attribute.name == "ResourceName") return NamesResource(event, "ARN", attribute.value);
  if (attribute.name == "ResourceType") return NamesResource(event, "type", attribute.value);
  return false;
}

// The first key of `account` at or after `at`.
std::string KeyAt(const AccountId& account, Time at) {
  return RecordName{false, account.value(), at, {}}.Key();
}

}  // namespace

Result<LookupPage> Service::Lookup(const LookupQuery& query) const {
  kv::ScanRange range{.limit = kPage, .reverse = true};
  range.from = KeyAt(query.account, query.from.value_or(Time{}));
  Time end = query.to ? *query.to + std::chrono::microseconds(1) : Time(std::chrono::hours(24 * 366 * 300));
  range.to = KeyAt(query.account, end);
  if (!query.token.empty()) {
    auto key = codec::Base64UrlDecode(query.token);
    auto name = key ? RecordName::FromKey(query.data, *key) : std::nullopt;
    if (!name || name->account != query.account.value() || *key < range.from || *key > range.to)
      return Fail(kBadToken, "The token is not one of this lookup.");
    range.to = *key;
  }
  LookupPage out;
  std::size_t visited = 0;
  while (true) {
    ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(query.data ? kDataEvents : kEvents, range));
    for (const kv::Entry& entry : page.entries) {
      if (out.records.size() >= query.limit || visited >= kMaxVisited) {
        out.next_token = codec::Base64UrlEncode(range.to);
        return out;
      }
      ++visited;
      range.to = entry.key;
      auto json = JsonOfRecord(entry.value);
      auto name = RecordName::FromKey(query.data, entry.key);
      if (!json || !name) return Fail(kCorrupt, "A record of the audit log cannot be read.");
      if (query.attribute && !Matches(*json, *query.attribute)) continue;
      out.records.push_back({name->at, std::string(*json)});
    }
    if (!page.more) return out;
  }
}

}  // namespace aloft::audit
