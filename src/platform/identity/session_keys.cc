#include "platform/identity/session_keys.h"

#include "foundation/base/bytes.h"
#include "foundation/codec/time.h"

namespace aloft::identity {

using policy::ContextKeys;

namespace {

constexpr std::string_view kTagPrefix = "aws:principaltag/";

std::string_view TypeOf(const Session& session) {
  switch (session.kind) {
    case PrincipalKind::kNobody: return "Anonymous";
    case PrincipalKind::kRoot: return "Account";
    case PrincipalKind::kRole: return "AssumedRole";
    case PrincipalKind::kUser:
      return session.arn.find(":federated-user/") == std::string::npos ? "User" : "FederatedUser";
    case PrincipalKind::kToken: return session.role_arn.empty() ? "User" : "AssumedRole";
    case PrincipalKind::kService: return "Service";
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

std::span<const std::string> SessionKeys::OfCaller(std::string_view key, bool& known) const {
  using None = std::span<const std::string>;
  const auto one = [](const std::string& value) { return value.empty() ? None() : None(&value, 1); };
  const PrincipalKind kind = session_.kind;
  const bool service = kind == PrincipalKind::kService, nobody = kind == PrincipalKind::kNobody;
  known = true;
  if (key == "aws:username") return kind == PrincipalKind::kUser ? one(session_.user_name) : None();
  if (key == "aws:userid") return one(session_.principal_id);
  if (key == "aws:principalaccount") return service ? None() : one(session_.account.value());
  if (key == "aws:principalarn")
    return service ? None() : one(session_.role_arn.empty() ? session_.arn : session_.role_arn);
  if (key == "aws:principaltype") return Keep(std::string(TypeOf(session_)));
  if (key.starts_with(kTagPrefix)) return Tag(key.substr(kTagPrefix.size()));
  if (key == "aws:tokenissuetime") return session_.temporary() ? Keep(codec::FormatIso8601(session_.issued)) : None();
  if (key == "aws:principalisawsservice") return nobody ? None() : Keep(service ? "true" : "false");
  if (key == "aws:principalservicename" || key == "aws:principalservicenameslist")
    return service ? one(session_.arn) : None();
  // AWS leaves these out for long-lived keys.
  if (key == "aws:multifactorauthpresent") {
    if (session_.mfa != Time{}) return Keep("true");
    return session_.temporary() ? Keep("false") : None();
  }
  if (key == "aws:multifactorauthage")
    return session_.mfa != Time{} ? Keep(std::to_string((ToMicros(now_) - ToMicros(session_.mfa)) / 1'000'000))
                                  : None();
  if (key == "aws:sourceidentity") return one(session_.source_identity);
  if (key == "aws:federatedprovider") return one(session_.federated_provider);
  known = false;
  return {};
}

std::span<const std::string> SessionKeys::OfRequest(std::string_view key) const {
  if (facts_ != nullptr)
    if (const auto found = ContextKeys(facts_->context).Find(key); !found.empty()) return found;
  if (const auto found = ContextKeys(request_.Get()).Find(key); !found.empty()) return found;
  if (facts_ == nullptr || !facts_->late) return {};
  if (!late_) {
    auto read = facts_->late();
    if (!read.ok()) failure_ = std::move(read).error();
    late_ = read.ok() ? std::move(read).value() : Context();
  }
  return ContextKeys(*late_).Find(key);
}

// aws:PrincipalOrgID, aws:ResourceOrgPaths and their fellows: of the account that the first half of the key means.
std::span<const std::string> SessionKeys::OfOrganization(std::string_view key) const {
  std::string account;
  if (key.starts_with("aws:principal")) {
    account = session_.account.value();
  } else if (key.starts_with("aws:resource")) {
    account = facts_ != nullptr && !facts_->owner.empty() ? facts_->owner.value() : session_.account.value();
  } else if (const auto source = OfRequest("aws:sourceaccount"); !source.empty()) {
    account = source.front();  // on whose behalf a service asks
  }
  if (account.empty() || !placement_) return {};
  auto place = placement_(account);
  if (!place.ok()) {
    failure_ = std::move(place).error();
    return {};
  }
  std::string& value = key.ends_with("orgid") ? place->organization : place->path;
  return value.empty() ? std::span<const std::string>() : Keep(std::move(value));
}

std::span<const std::string> SessionKeys::Find(std::string_view key) const {
  if (!key.starts_with("aws:")) {
    for (const auto& [name, value] : session_.claims)
      if (EqualsIgnoreCase(name, key)) return {&value, 1};
    return OfRequest(key);
  }
  if (const auto found = made_.find(key); found != made_.end()) return {&found->second, 1};
  making_ = key;
  bool known = false;
  if (const auto values = OfCaller(key, known); known) return values;
  if (key == "aws:currenttime") return Keep(codec::FormatIso8601(now_));
  if (key == "aws:epochtime") return Keep(std::to_string(ToMicros(now_) / 1'000'000));
  if (key == "aws:resourceaccount") {
    const std::string& owner =
        facts_ != nullptr && !facts_->owner.empty() ? facts_->owner.value() : session_.account.value();
    return owner.empty() ? std::span<const std::string>() : std::span<const std::string>(&owner, 1);
  }
  if (key.ends_with("orgid") || key.ends_with("orgpaths")) {
    for (const std::string_view of : {"aws:principal", "aws:resource", "aws:source"})
      if (key.starts_with(of)) return OfOrganization(key);
  }
  const auto called_via = [&] { return ContextKeys(request_.Get()).Find("aws:calledvia"); };
  if (key == "aws:viaawsservice") return Keep(called_via().empty() ? "false" : "true");
  if (key == "aws:calledviafirst") return called_via().empty() ? called_via() : called_via().first(1);
  if (key == "aws:calledvialast") return called_via().empty() ? called_via() : called_via().last(1);
  return OfRequest(key);
}

}  // namespace aloft::identity
