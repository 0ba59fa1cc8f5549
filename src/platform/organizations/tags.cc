#include "platform/organizations/guardrails.h"

#include "platform/organizations/common.h"

namespace aloft::organizations {

namespace org = shapes::organizations;
using identity::Session;

namespace {

constexpr std::size_t kMostTags = 50;

Error NoTarget() {
  return Fail(kTargetNotFound, "You specified a target that doesn't exist.");
}

}  // namespace

Status Guardrails::ChangeTags(const Session& session, const std::optional<std::string>& given,
                              const std::function<void(TagMap&)>& change) {
  const std::string id = given.value_or("");
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_TRY(RequireManagement(t, session));
    const auto apply = [&](TagMap& tags) -> Status {
      change(tags);
      if (tags.size() > kMostTags)
        return Fail(kConstraint, "You have exceeded the number of tags that a resource can have.");
      return {};
    };
    if (id.starts_with("p-")) {
      ALOFT_ASSIGN(auto guardrail, identity::records::FindGuardrail(t, id));
      if (!guardrail) return Fail(kPolicyNotFound, "You specified a policy that doesn't exist.");
      if (guardrail->aws_managed)
        return Fail(kConstraint, "You can't change or delete a policy that is managed by AWS.");
      ALOFT_TRY(apply(guardrail->tags));
      return identity::records::PutGuardrail(t, *guardrail);
    }
    if (id.starts_with("ou-")) {
      ALOFT_ASSIGN(auto unit, identity::records::FindUnit(t, id));
      if (!unit) return NoTarget();
      ALOFT_TRY(apply(unit->tags));
      return identity::records::PutUnit(t, *unit);
    }
    ALOFT_ASSIGN(auto account, identity::records::FindAccount(t, AccountId(id)));
    if (!account) return NoTarget();
    ALOFT_TRY(apply(account->tags));
    return identity::records::UpdateAccount(t, *account);
  });
}

Status Guardrails::TagResource(const Session& session, const org::TagResourceRequest& in) {
  return ChangeTags(session, in.resource_id, [&](TagMap& tags) {
    for (const org::Tag& tag : in.tags.value_or(std::vector<org::Tag>()))
      tags[tag.key.value_or("")] = tag.value.value_or("");
  });
}

Status Guardrails::UntagResource(const Session& session, const org::UntagResourceRequest& in) {
  return ChangeTags(session, in.resource_id, [&](TagMap& tags) {
    for (const std::string& key : in.tag_keys.value_or(std::vector<std::string>())) tags.erase(key);
  });
}

Result<org::ListTagsForResourceResponse> Guardrails::ListTagsForResource(const Session& session,
                                                                         const org::ListTagsForResourceRequest& in) {
  const std::string id = in.resource_id.value_or("");
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListTagsForResourceResponse> {
    ALOFT_TRY(RequireManagement(reader, session));
    TagMap tags;
    if (id.starts_with("p-")) {
      ALOFT_ASSIGN(const auto guardrail, identity::records::FindGuardrail(reader, id));
      if (!guardrail) return Fail(kPolicyNotFound, "You specified a policy that doesn't exist.");
      tags = guardrail->tags;
    } else if (id.starts_with("ou-")) {
      ALOFT_ASSIGN(const auto unit, identity::records::FindUnit(reader, id));
      if (!unit) return NoTarget();
      tags = unit->tags;
    } else {
      ALOFT_ASSIGN(const auto account, identity::records::FindAccount(reader, AccountId(id)));
      if (!account) return NoTarget();
      tags = account->tags;
    }
    org::ListTagsForResourceResponse out;
    out.tags.emplace();
    for (const auto& [key, value] : tags) out.tags->push_back({.key = key, .value = value});
    return out;
  });
}

}  // namespace aloft::organizations
