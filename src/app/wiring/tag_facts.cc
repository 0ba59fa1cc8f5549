#include "app/wiring/tag_facts.h"

#include <map>

#include "foundation/base/bytes.h"
#include "platform/identity/state.h"
#include "services/resources/arn.h"
#include "services/resources/tags.h"

namespace aloft::app {
namespace {

identity::Context AsKeys(const std::map<std::string, std::string>& tags, std::string_view service) {
  identity::Context out;
  for (const auto& [key, value] : tags) {
    out["aws:resourcetag/" + ToLower(key)] = {value};
    out[std::string(service) + ":resourcetag/" + ToLower(key)] = {value};
  }
  return out;
}

Result<identity::Context> EntityTags(identity::Service& identity, const AccountId& account, const std::string& arn) {
  using identity::EntityKind;
  for (const EntityKind kind :
       {EntityKind::kUser, EntityKind::kRole, EntityKind::kPolicy, EntityKind::kInstanceProfile}) {
    const auto name = identity::ParseEntityArn(arn, kind);
    if (!name || name->account != account) continue;
    ALOFT_ASSIGN(const auto entity, identity.state().database.Read([&](sql::Reader& reader) {
      return identity::records::Find(reader, name->account, kind, name->name);
    }));
    if (entity) return AsKeys(entity->tags, "iam");
  }
  return identity::Context();
}

}  // namespace

Result<identity::ResourceFacts> TagFacts::FactsOf(const api::Permission& permission,
                                                  const identity::Session& caller) const {
  identity::ResourceFacts facts;
  const std::string arn = permission.resource;
  if (arn.starts_with("arn:aws:iam::")) {
    facts.late = [&identity = identity_, account = caller.account, arn] { return EntityTags(identity, account, arn); };
    return facts;
  }
  const auto parsed = resources::ParseArn(arn);
  if (!parsed || parsed->service != "sagemaker" || parsed->account != caller.account.value()) return facts;
  facts.late = [&database = database_, arn]() -> Result<identity::Context> {
    return database.Read([&](sql::Reader& reader) -> Result<identity::Context> {
      ALOFT_ASSIGN(auto tags, resources::ListTags(reader, arn));
      // Some names are in lower case in their ARN, whatever the request writes.
      if (tags.empty()) {
        ALOFT_ASSIGN(tags, resources::ListTags(reader, ToLower(arn)));
      }
      return AsKeys(tags, "sagemaker");
    });
  };
  return facts;
}

}  // namespace aloft::app
