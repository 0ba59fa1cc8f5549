#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

constexpr std::int64_t kMaxAliasesOfKey = 50;

Status CheckName(const std::string& name) {
  if (!name.starts_with("alias/") || name.size() == 6) return Fail(kValidation, "Invalid identifier");
  if (name.starts_with("alias/aws/")) return Fail(kReserved, "");
  if (name.find(':') != std::string::npos)
    return Fail(kInvalidAliasName, name + " contains invalid characters for an alias");
  return {};
}

std::string ArnOf(const Caller& caller, const std::string& name) {
  return "arn:aws:kms:" + caller.region.value() + ":" + caller.account.value() + ":" + name;
}

Error NoSuchAlias(const Caller& caller, const std::string& name) {
  return Fail(kNotFound, "Alias " + ArnOf(caller, name) + " is not found.");
}

}  // namespace

Status Service::CreateAlias(const Caller& caller, const api::CreateAliasRequest& in) {
  const std::string name = in.alias_name.value_or("");
  ALOFT_TRY(CheckName(name));
  const Time now = state_->clock.Now();
  return state_->database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Key key, state_->Find(t, caller, in.target_key_id.value_or(""), false));
    ALOFT_TRY(State::OwnedBy(caller, key));
    ALOFT_TRY(RequireNotPending(key));
    ALOFT_ASSIGN(const auto others,
                 records::ListAliases(t, caller.account, caller.region, key.id, "", kMaxAliasesOfKey));
    if (static_cast<std::int64_t>(others.size()) >= kMaxAliasesOfKey)
      return Fail(kLimitExceeded, "Alias limit exceeded for " + key.Arn() + ".");
    ALOFT_ASSIGN(const bool made, records::InsertAlias(t, caller.account, caller.region, {name, key.id, now, now}));
    if (!made) return Fail(kAlreadyExists, "An alias with the name " + ArnOf(caller, name) + " already exists");
    return {};
  });
}

Status Service::UpdateAlias(const Caller& caller, const api::UpdateAliasRequest& in) {
  const std::string name = in.alias_name.value_or("");
  ALOFT_TRY(CheckName(name));
  const Time now = state_->clock.Now();
  return state_->database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const auto alias, records::FindAlias(t, caller.account, caller.region, name));
    if (!alias) return NoSuchAlias(caller, name);
    ALOFT_ASSIGN(const Key target, state_->Find(t, caller, in.target_key_id.value_or(""), false));
    ALOFT_TRY(State::OwnedBy(caller, target));
    ALOFT_TRY(RequireNotPending(target));
    ALOFT_ASSIGN(const auto old, records::FindKey(t, alias->key_id));
    if (old &&
        (old->usage != target.usage || (old->spec == "SYMMETRIC_DEFAULT") != (target.spec == "SYMMETRIC_DEFAULT")))
      return Fail(kInvalidState, "Alias " + ArnOf(caller, name) + " cannot be changed from key " + old->Arn() +
                                     " to key " + target.Arn() + ": they are of different kinds.");
    ALOFT_ASSIGN(const bool changed,
                 records::UpdateAlias(t, caller.account, caller.region, {name, target.id, alias->created, now}));
    return changed ? Status() : Status(NoSuchAlias(caller, name));
  });
}

Status Service::DeleteAlias(const Caller& caller, const api::DeleteAliasRequest& in) {
  const std::string name = in.alias_name.value_or("");
  ALOFT_TRY(CheckName(name));
  return state_->database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const bool deleted, records::DeleteAlias(t, caller.account, caller.region, name));
    return deleted ? Status() : Status(NoSuchAlias(caller, name));
  });
}

Result<api::ListAliasesResponse> Service::ListAliases(const Caller& caller, const api::ListAliasesRequest& in) const {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.limit, in.marker, 50));
  ALOFT_ASSIGN(auto aliases, state_->database.Read([&](sql::Reader& reader) -> Result<std::vector<Alias>> {
    std::string key_id;
    if (in.key_id) {
      ALOFT_ASSIGN(const Key key, state_->Find(reader, caller, *in.key_id, false));
      ALOFT_TRY(State::OwnedBy(caller, key));
      key_id = key.id;
    }
    return records::ListAliases(reader, caller.account, caller.region, key_id, paging.after, paging.limit + 1);
  }));
  api::ListAliasesResponse out;
  CutPage(paging, aliases, out, [](const Alias& alias) { return alias.name; });
  out.aliases.emplace();
  for (const Alias& alias : aliases)
    out.aliases->push_back({.alias_name = alias.name,
                            .alias_arn = ArnOf(caller, alias.name),
                            .target_key_id = alias.key_id,
                            .creation_date = alias.created,
                            .last_updated_date = alias.updated});
  return out;
}

Result<std::vector<std::string>> Service::AliasesOf(const Key& key) const {
  ALOFT_ASSIGN(const auto aliases, state_->database.Read([&](sql::Reader& reader) {
    return records::ListAliases(reader, key.account, key.region, key.id, "", kMaxAliasesOfKey);
  }));
  std::vector<std::string> out;
  for (const Alias& alias : aliases) out.push_back(alias.name);
  return out;
}

}  // namespace aloft::kms
