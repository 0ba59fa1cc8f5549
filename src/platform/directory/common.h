// What the operations of users, groups, roles and policies share. Private to the room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/bytes.h"
#include "generated/shapes/iam/common.h"
#include "platform/identity/aws_managed/aws_managed.h"
#include "platform/identity/state.h"

namespace aloft::directory {

using identity::Entity;
using identity::EntityKind;
using identity::Session;
using Tags = std::map<std::string, std::string>;

// One page of a list: Marker and MaxItems of a request, IsTruncated and Marker of its answer.
struct Paging {
  identity::Page page;
  // Kind of marker: the key of the last item of the page before.
  static Result<Paging> Of(const std::optional<std::string>& marker, const std::optional<std::int32_t>& max_items);
};
std::string EncodeMarker(std::string_view key);

template <class T>
struct Cut {
  std::vector<T> items;
  std::optional<std::string> marker;  // there is more
};

// The page of a list that is sorted by key. The list may hold more than the page needs.
template <class T, class KeyOf>
Cut<T> CutPage(std::vector<T> all, const identity::Page& page, const KeyOf& key_of) {
  Cut<T> out;
  for (T& item : all) {
    const std::string key = key_of(item);
    if (key <= page.marker && !page.marker.empty()) continue;
    if (static_cast<std::int64_t>(out.items.size()) == page.limit) {
      out.marker = EncodeMarker(key_of(out.items.back()));
      break;
    }
    out.items.push_back(std::move(item));
  }
  return out;
}

// Sets IsTruncated and Marker of a response.
template <class Response, class T>
void SetPage(Response& response, const Cut<T>& cut) {
  response.is_truncated = cut.marker.has_value();
  response.marker = cut.marker;
}

// "The user with name ada cannot be found."
Result<Entity> Require(sql::Reader& reader, const AccountId& account, EntityKind kind, std::string_view name);
// "User with name ada already exists." and the quota of its kind.
Status InsertNew(sql::Transaction& t, const Entity& entity);
Result<Cut<Entity>> ListPage(identity::Service::State& state, const AccountId& account, EntityKind kind,
                             const std::optional<std::string>& path_prefix, const std::optional<std::string>& marker,
                             const std::optional<std::int32_t>& max_items);

// The managed policy exists, so that it can be attached. kNoSuchEntity.
Status RequireManaged(sql::Reader& reader, const AccountId& account, std::string_view policy_arn);

Result<Tags> ReadTags(const std::optional<std::vector<shapes::iam::Tag>>& tags);
std::optional<std::vector<shapes::iam::Tag>> ShowTags(const Tags& tags);
std::optional<shapes::iam::AttachedPermissionsBoundary> ShowBoundary(const Entity& entity);
shapes::iam::User ShowUser(const Entity& user);

// Documents go out percent-encoded (RFC 3986), as IAM's do.
std::string ShowDocument(std::string_view document);
// Without white space: what IAM counts against its quotas.
std::size_t PolicySize(std::string_view document);

// The user a call is about: the one named, else the caller.
Result<std::string> UserNameOr(const std::optional<std::string>& name, const Session& session);

// What user, role and group have in common. `name` is the owner's.
class Attachments {
 public:
  Attachments(identity::Service::State& state, AccountId account, EntityKind kind, std::string name)
      : state_(state), account_(std::move(account)), kind_(kind), name_(std::move(name)) {}

  Status PutInline(const std::string& policy_name, const std::string& document);
  Result<std::string> GetInline(const std::string& policy_name);
  Status DeleteInline(const std::string& policy_name);
  Result<Cut<std::string>> ListInline(const std::optional<std::string>& marker,
                                      const std::optional<std::int32_t>& max_items);
  Status Attach(const std::string& policy_arn);
  Status Detach(const std::string& policy_arn);
  Result<Cut<shapes::iam::AttachedPolicy>> ListAttached(const std::optional<std::string>& path_prefix,
                                                        const std::optional<std::string>& marker,
                                                        const std::optional<std::int32_t>& max_items);
  // Empty: removed.
  Status SetBoundary(const std::string& policy_arn);
  Status Tag(const std::optional<std::vector<shapes::iam::Tag>>& tags);
  Status Untag(const std::vector<std::string>& keys);
  Result<Cut<shapes::iam::Tag>> ListTags(const std::optional<std::string>& marker,
                                         const std::optional<std::int32_t>& max_items);

 private:
  identity::Service::State& state_;
  AccountId account_;
  EntityKind kind_;
  std::string name_;
};

}  // namespace aloft::directory
