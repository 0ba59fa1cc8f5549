// Grants: rights on one key, given to one principal beside the key's policy. They work at once, so grant tokens are
// made and taken, and change nothing.
#include "foundation/codec/base64.h"
#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

constexpr std::int64_t kMaxGrants = 50'000;
constexpr std::string_view kTokenPrefix = "aloft-grant-1:";

std::string TokenOf(const std::string& grant_id) {
  return codec::Base64UrlEncode(std::string(kTokenPrefix) + grant_id);
}
std::optional<std::string> GrantOfToken(std::string_view token) {
  auto text = codec::Base64UrlDecode(token);
  if (!text || !text->starts_with(kTokenPrefix)) return std::nullopt;
  return text->substr(kTokenPrefix.size());
}

// What a key of this usage can do, so a grant may name.
Status CheckOperations(const Key& key, const std::vector<std::string>& operations) {
  static constexpr std::string_view kAlways[] = {"CreateGrant", "RetireGrant", "DescribeKey"};
  static constexpr std::string_view kEncrypt[] = {
      "Decrypt",       "Encrypt",     "GenerateDataKey",     "GenerateDataKeyWithoutPlaintext",
      "ReEncryptFrom", "ReEncryptTo", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
      "GetPublicKey"};
  static constexpr std::string_view kSign[] = {"Sign", "Verify", "GetPublicKey"};
  static constexpr std::string_view kMac[] = {"GenerateMac", "VerifyMac"};
  const auto in = [](const auto& list, const std::string& name) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
  };
  for (const std::string& operation : operations) {
    const bool fits = in(kAlways, operation) || (key.usage == "ENCRYPT_DECRYPT" && in(kEncrypt, operation)) ||
                      (key.usage == "SIGN_VERIFY" && in(kSign, operation)) ||
                      (key.usage == "GENERATE_VERIFY_MAC" && in(kMac, operation));
    if (!fits)
      return Fail(kValidation,
                  "Grant operation " + operation + " is not supported by a key with usage " + key.usage + ".");
  }
  return {};
}

api::GrantListEntry Show(const Grant& grant, const std::string& key_arn) {
  api::GrantListEntry out{.key_id = key_arn, .grant_id = grant.id};
  out.name = grant.name;
  out.creation_date = grant.created;
  out.grantee_principal = grant.grantee;
  if (!grant.retiring.empty()) out.retiring_principal = grant.retiring;
  out.issuing_account = grant.issuing_account;
  out.operations = grant.operations;
  if (grant.context_subset || grant.context_equals)
    out.constraints = api::GrantConstraints{.encryption_context_subset = grant.context_subset,
                                            .encryption_context_equals = grant.context_equals};
  return out;
}

bool Same(const Grant& a, const Grant& b) {
  return a.name == b.name && a.grantee == b.grantee && a.retiring == b.retiring && a.operations == b.operations &&
         a.context_subset == b.context_subset && a.context_equals == b.context_equals;
}

}  // namespace

Result<api::CreateGrantResponse> Service::CreateGrant(const Caller& caller, const api::CreateGrantRequest& in) {
  if (in.grantee_service_principal || in.retiring_service_principal)
    return Fail(kUnimplemented, "Grants to service principals are not built.");
  if (in.constraints && in.constraints->source_arn)
    return Fail(kUnimplemented, "The grant constraint SourceArn is not built.");
  if (in.grantee_principal.value_or("").empty())
    return Fail(kValidation, "Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be null");
  if (!in.grantee_principal->starts_with("arn:"))
    return Fail(kInvalidArn, "ARN does not refer to a valid principal: " + *in.grantee_principal);
  Grant grant;
  grant.id = HexEncode(AsBytes(state_->Draw(32)));
  grant.created = state_->clock.Now();
  grant.grantee = *in.grantee_principal;
  grant.retiring = in.retiring_principal.value_or("");
  grant.name = in.name.value_or("");
  grant.issuing_account = "arn:aws:iam::" + caller.account.value() + ":root";
  grant.operations = in.operations.value_or(std::vector<std::string>());
  if (grant.operations.empty())
    return Fail(kValidation, "Value '[]' at 'operations' failed to satisfy constraint: Member must not be empty");
  if (in.constraints) {
    grant.context_subset = in.constraints->encryption_context_subset;
    grant.context_equals = in.constraints->encryption_context_equals;
  }
  return state_->database.Write([&](sql::Transaction& t) -> Result<api::CreateGrantResponse> {
    ALOFT_ASSIGN(const Key key, state_->Find(t, caller, in.key_id.value_or(""), false));
    ALOFT_TRY(RequireEnabled(key));
    ALOFT_TRY(CheckOperations(key, grant.operations));
    if (key.spec != "SYMMETRIC_DEFAULT" && (grant.context_subset || grant.context_equals))
      return Fail(kValidation, "Encryption context constraints are only for symmetric encryption keys.");
    ALOFT_ASSIGN(const auto others, records::ListGrants(t, key.id, "", kMaxGrants));
    if (static_cast<std::int64_t>(others.size()) >= kMaxGrants)
      return Fail(kLimitExceeded, "The number of grants of " + key.Arn() + " exceeds its limit.");
    // With a name the call may be repeated.
    for (const Grant& other : others)
      if (!grant.name.empty() && Same(grant, other))
        return api::CreateGrantResponse{.grant_token = TokenOf(other.id), .grant_id = other.id};
    ALOFT_TRY(AnswerDryRun(in.dry_run));
    Grant made = grant;
    made.key_id = key.id;
    ALOFT_TRY(records::InsertGrant(t, made));
    return api::CreateGrantResponse{.grant_token = TokenOf(grant.id), .grant_id = grant.id};
  });
}

Result<api::ListGrantsResponse> Service::ListGrants(const Caller& caller, const api::ListGrantsRequest& in) const {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.limit, in.marker, 50));
  ALOFT_ASSIGN(const Key key, state_->database.Read([&](sql::Reader& reader) {
    return state_->Find(reader, caller, in.key_id.value_or(""), false);
  }));
  ALOFT_ASSIGN(auto grants, state_->database.Read([&](sql::Reader& reader) {
    return records::ListGrants(reader, key.id, paging.after, paging.limit + 1);
  }));
  api::ListGrantsResponse out;
  CutPage(paging, grants, out, [](const Grant& grant) { return grant.id; });
  out.grants.emplace();
  for (const Grant& grant : grants) {
    if (in.grant_id && *in.grant_id != grant.id) continue;
    if (in.grantee_principal && *in.grantee_principal != grant.grantee) continue;
    out.grants->push_back(Show(grant, key.Arn()));
  }
  return out;
}

Result<api::ListRetirableGrantsResponse> Service::ListRetirableGrants(const Caller& caller,
                                                                      const api::ListRetirableGrantsRequest& in) const {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.limit, in.marker, 50));
  ALOFT_ASSIGN(auto grants, state_->database.Read([&](sql::Reader& reader) {
    return records::ListRetirable(reader, in.retiring_principal.value_or("-"), paging.after, paging.limit + 1);
  }));
  api::ListRetirableGrantsResponse out;
  CutPage(paging, grants, out, [](const Grant& grant) { return grant.id; });
  out.grants.emplace();
  for (const Grant& grant : grants) {
    ALOFT_ASSIGN(const auto key,
                 state_->database.Read([&](sql::Reader& reader) { return records::FindKey(reader, grant.key_id); }));
    if (key && key->region == caller.region) out.grants->push_back(Show(grant, key->Arn()));
  }
  return out;
}

Status Service::RevokeGrant(const Caller& caller, const api::RevokeGrantRequest& in) {
  return state_->database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Key key, state_->Find(t, caller, in.key_id.value_or(""), false));
    ALOFT_ASSIGN(const bool deleted, records::DeleteGrant(t, key.id, in.grant_id.value_or("")));
    if (!deleted) return Fail(kNotFound, "Grant ID " + in.grant_id.value_or("") + " not found");
    return AnswerDryRun(in.dry_run);
  });
}

Status Service::RetireGrant(const Caller& caller, const api::RetireGrantRequest& in) {
  std::string id = in.grant_id.value_or("");
  if (in.grant_token) {
    const auto named = GrantOfToken(*in.grant_token);
    if (!named) return Fail(kInvalidGrantToken, "Invalid grant token.");
    id = *named;
  } else if (!in.key_id || id.empty()) {
    return Fail(kValidation, "Specify either a grant token, or a key and a grant ID.");
  }
  return state_->database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const auto grant, records::FindGrant(t, id));
    if (!grant) return Fail(kNotFound, "Grant ID " + id + " not found");
    if (in.key_id) {
      ALOFT_ASSIGN(const Key key, state_->Find(t, caller, *in.key_id, false));
      if (key.id != grant->key_id) return Fail(kInvalidGrantId, "The grant belongs to another key.");
    }
    ALOFT_TRY(records::DeleteGrant(t, grant->key_id, id));
    return AnswerDryRun(in.dry_run);
  });
}

Result<std::vector<Grant>> Service::GrantsFor(const std::string& key_id, std::string_view operation,
                                              const std::vector<std::string>& principal_arns) const {
  ALOFT_ASSIGN(auto grants, state_->database.Read([&](sql::Reader& reader) {
    return records::ListGrants(reader, key_id, "", kMaxGrants);
  }));
  std::erase_if(grants, [&](const Grant& grant) {
    return !Offers(grant.operations, operation) || !Offers(principal_arns, grant.grantee);
  });
  return grants;
}

Result<std::optional<Grant>> Service::FindGrant(const std::string& grant_id_or_token) const {
  const std::string id = GrantOfToken(grant_id_or_token).value_or(grant_id_or_token);
  return state_->database.Read([&](sql::Reader& reader) { return records::FindGrant(reader, id); });
}

}  // namespace aloft::kms
