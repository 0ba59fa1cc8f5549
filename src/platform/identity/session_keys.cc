#include "platform/identity/session_keys.h"

#include "foundation/base/bytes.h"
#include "foundation/codec/time.h"

namespace aloft::identity {
namespace {

constexpr std::string_view kTagPrefix = "aws:principaltag/";

std::string_view TypeOf(const Session& session) {
  switch (session.kind) {
    case PrincipalKind::kNobody: return "Anonymous";
    case PrincipalKind::kRoot: return "Account";
    case PrincipalKind::kRole: return "AssumedRole";
    case PrincipalKind::kUser:
      return session.arn.find(":federated-user/") == std::string::npos ? "User" : "FederatedUser";
    case PrincipalKind::kToken: return "User";
  }
  return "";
}

}  // namespace

std::span<const std::string> SessionKeys::Keep(std::string value) const {
  const auto [entry, added] = made_.try_emplace(std::string(making_), std::move(value));
  return {&entry->second, 1};
}

std::span<const std::string> SessionKeys::Tag(std::string_view name) const {
  for (const auto& [key, value] : session_.tags)
    if (EqualsIgnoreCase(key, name)) return {&value, 1};
  if (principal_tags_ != nullptr)
    for (const auto& [key, value] : *principal_tags_)
      if (EqualsIgnoreCase(key, name)) return {&value, 1};
  return {};
}

std::span<const std::string> SessionKeys::Find(std::string_view key) const {
  if (!key.starts_with("aws:")) return ContextKeys(context_).Find(key);
  if (const auto found = made_.find(key); found != made_.end()) return {&found->second, 1};
  making_ = key;
  const bool nobody = session_.kind == PrincipalKind::kNobody;
  const auto one = [&](const std::string& value) -> std::span<const std::string> {
    return value.empty() ? std::span<const std::string>() : std::span<const std::string>(&value, 1);
  };
  if (key == "aws:username") return session_.kind == PrincipalKind::kUser ? one(session_.user_name) : one("");
  if (key == "aws:userid") return one(session_.principal_id);
  if (key == "aws:principalaccount") return one(session_.account.value());
  if (key == "aws:principalarn") return one(session_.kind == PrincipalKind::kRole ? session_.role_arn : session_.arn);
  if (key == "aws:principaltype") return Keep(std::string(TypeOf(session_)));
  if (key.starts_with(kTagPrefix)) return Tag(key.substr(kTagPrefix.size()));
  if (key == "aws:currenttime") return Keep(codec::FormatIso8601(now_));
  if (key == "aws:epochtime") return Keep(std::to_string(ToMicros(now_) / 1'000'000));
  if (key == "aws:tokenissuetime")
    return session_.temporary() ? Keep(codec::FormatIso8601(session_.issued)) : std::span<const std::string>();
  if (key == "aws:principalisawsservice" && !nobody) return Keep("false");
  // No caller here has shown a second factor; AWS leaves the key out for long-lived keys.
  if (key == "aws:multifactorauthpresent") return session_.temporary() ? Keep("false") : std::span<const std::string>();
  return ContextKeys(context_).Find(key);
}

}  // namespace aloft::identity
