#include "platform/directory/common.h"
#include "platform/directory/users.h"

namespace aloft::directory {

using namespace identity;     // NOLINT(google-build-using-namespace): the vocabulary of the room below
using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::Session;

namespace {

constexpr std::size_t kMaxKeys = 2;

Error NoKey(const std::optional<std::string>& id) {
  return Fail(kNoSuchEntity, "The Access Key with id " + id.value_or("") + " cannot be found.");
}

std::string StatusText(bool active) {
  return active ? "Active" : "Inactive";
}

}  // namespace

Result<CreateAccessKeyResponse> Users::CreateAccessKey(const Session& session, const CreateAccessKeyRequest& in) {
  ALOFT_ASSIGN(const std::string name, UserNameOr(in.user_name, session));
  AccessKeyRecord key;
  key.id = NewAccessKeyId(state_.random, "AKIA", session.account);
  key.account = session.account;
  key.created = state_.clock.Now();
  const std::string secret = NewSecret(state_.random);
  key.sealed_secret = state_.keyring.Seal(secret, "identity/access-key/" + key.id);
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<CreateAccessKeyResponse> {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, name));
    ALOFT_ASSIGN(const auto keys, records::ListKeys(t, user));
    if (keys.size() >= kMaxKeys) return Fail(kLimitExceeded, "Cannot exceed quota for AccessKeysPerUser: 2");
    key.user_name = user.name;
    ALOFT_TRY(records::InsertKey(t, key));
    return CreateAccessKeyResponse{.access_key = AccessKey{.user_name = user.name,
                                                           .access_key_id = key.id,
                                                           .status = StatusText(true),
                                                           .secret_access_key = secret,
                                                           .create_date = key.created}};
  });
}

Status Users::UpdateAccessKey(const Session& session, const UpdateAccessKeyRequest& in) {
  ALOFT_ASSIGN(const std::string name, UserNameOr(in.user_name, session));
  if (in.status != "Active" && in.status != "Inactive")
    return Fail(kValidation,
                "Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: "
                "[Active, Inactive]");
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, name));
    ALOFT_ASSIGN(const bool found,
                 records::SetKeyActive(t, user, in.access_key_id.value_or(""), in.status == "Active"));
    if (!found) return NoKey(in.access_key_id);
    return {};
  });
}

Status Users::DeleteAccessKey(const Session& session, const DeleteAccessKeyRequest& in) {
  ALOFT_ASSIGN(const std::string name, UserNameOr(in.user_name, session));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, name));
    ALOFT_ASSIGN(const bool found, records::DeleteKey(t, user, in.access_key_id.value_or("")));
    if (!found) return NoKey(in.access_key_id);
    return {};
  });
}

Result<ListAccessKeysResponse> Users::ListAccessKeys(const Session& session, const ListAccessKeysRequest& in) {
  ALOFT_ASSIGN(const std::string name, UserNameOr(in.user_name, session));
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<ListAccessKeysResponse> {
    ALOFT_ASSIGN(const Entity user, Require(reader, session.account, EntityKind::kUser, name));
    ALOFT_ASSIGN(auto keys, records::ListKeys(reader, user));
    std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    const auto cut = CutPage(std::move(keys), paging.page, [](const AccessKeyRecord& key) { return key.id; });
    ListAccessKeysResponse out;
    SetPage(out, cut);
    out.access_key_metadata.emplace();
    for (const AccessKeyRecord& key : cut.items)
      out.access_key_metadata->push_back({.user_name = user.name,
                                          .access_key_id = key.id,
                                          .status = StatusText(key.active),
                                          .create_date = key.created});
    return out;
  });
}

Result<GetAccessKeyLastUsedResponse> Users::GetAccessKeyLastUsed(const Session& session,
                                                                 const GetAccessKeyLastUsedRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<GetAccessKeyLastUsedResponse> {
    ALOFT_ASSIGN(const auto key, records::FindKey(reader, in.access_key_id.value_or("")));
    if (!key || key->account != session.account) return NoKey(in.access_key_id);
    AccessKeyLastUsed used{.service_name = "N/A", .region = "N/A"};
    if (key->last_used != Time{})
      used = {.last_used_date = key->last_used, .service_name = key->last_service, .region = key->last_region};
    return GetAccessKeyLastUsedResponse{.user_name = key->user_name, .access_key_last_used = used};
  });
}

}  // namespace aloft::directory
