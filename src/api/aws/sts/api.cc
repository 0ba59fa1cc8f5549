#include "api/aws/sts/api.h"

#include "api/aws_common/row.h"
#include "foundation/base/bytes.h"
#include "generated/shapes/sts/service_model.h"
#include "platform/federation/errors.h"
#include "platform/identity/errors.h"
#include "platform/sessions/errors.h"

namespace aloft::api {
namespace {

using namespace shapes::sts;  // NOLINT(google-build-using-namespace): the vocabulary of the API

// What AssumeRole decides by, besides the caller's policies.
identity::Context RequestContext(const Call& call) {
  return {{"aws:sourceip", {call.head().peer_address}},
          {"aws:securetransport", {call.head().tls ? "true" : "false"}},
          {"aws:requestedregion", {call.region.value()}}};
}

template <class In, class Out, class Permissions, class Handler>
Row Make(std::string_view operation, Permissions permissions, Handler handler, std::string_view open = {}) {
  return MakeRow<In, Out>(kModel, operation, permissions,
                          [handler](const Call& call, const Authorized&, const In& in) { return handler(call, in); },
                          {.open = open});
}

std::vector<Permission> FederationPermissions(const Call& call, const GetFederationTokenRequest& in) {
  const std::string guest = "arn:aws:sts::" + call.session.account.value() + ":federated-user/" + in.name.value_or("");
  std::vector<Permission> out{{"sts:GetFederationToken", guest, {}}};
  identity::Context tags;
  for (const Tag& tag : in.tags.value_or(std::vector<Tag>())) {
    tags["aws:requesttag/" + ToLower(tag.key.value_or(""))] = {tag.value.value_or("")};
    tags["aws:tagkeys"].push_back(tag.key.value_or(""));
  }
  if (!tags.empty()) out.push_back({"sts:TagSession", guest, std::move(tags)});
  return out;
}

// The caller is nobody of this cloud yet; the role's trust decides about the token.
Row MakeWebIdentityRow(const std::shared_ptr<sessions::SecurityTokens>& tokens) {
  using In = AssumeRoleWithWebIdentityRequest;
  using Out = AssumeRoleWithWebIdentityResponse;
  return MakeAsyncRow<In, Out>(
      kModel, "AssumeRoleWithWebIdentity", [](const Call&, const In&) { return std::vector<Permission>(); },
      [tokens](const std::shared_ptr<const Call>& call, const Authorized&, const In& in, Completion<Out> complete) {
        tokens->AssumeRoleWithWebIdentity(in, RequestContext(*call), std::move(complete));
      },
      {.authenticators = kAnonymous | kSigV4, .open = "the role's trust decides about the issuer's token"});
}

}  // namespace

ServiceApi MakeStsApi(sessions::Dependencies dependencies) {
  const auto tokens = std::make_shared<sessions::SecurityTokens>(dependencies);
  const auto none = [](const Call&, const auto&) { return std::vector<Permission>(); };
  ServiceApi api;
  api.model = &kModel;
  // Everyone who is authenticated may ask who they are.
  api.rows.push_back(Make<GetCallerIdentityRequest, GetCallerIdentityResponse>(
      "GetCallerIdentity", none,
      [tokens](const Call& call, const auto& in) { return tokens->GetCallerIdentity(call.session, in); },
      "everyone may ask who they are"));
  // The role's trust may allow what the caller's own policies do not mention, so the operation itself decides.
  api.rows.push_back(Make<AssumeRoleRequest, AssumeRoleResponse>(
      "AssumeRole", none,
      [tokens](const Call& call, const auto& in) { return tokens->AssumeRole(call.session, in, RequestContext(call)); },
      "the role's trust and the caller's policies decide together, in the operation"));
  // No permission is needed: the session may no more than its user.
  api.rows.push_back(Make<GetSessionTokenRequest, GetSessionTokenResponse>(
      "GetSessionToken", none,
      [tokens](const Call& call, const auto& in) { return tokens->GetSessionToken(call.session, in); },
      "the session may no more than its user"));
  api.rows.push_back(Make<GetFederationTokenRequest, GetFederationTokenResponse>(
      "GetFederationToken", FederationPermissions,
      [tokens](const Call& call, const auto& in) { return tokens->GetFederationToken(call.session, in); }));
  api.rows.push_back(Make<GetAccessKeyInfoRequest, GetAccessKeyInfoResponse>(
      "GetAccessKeyInfo",
      [](const Call&, const auto&) -> std::vector<Permission> {
        return {{"sts:GetAccessKeyInfo", "*", {}}};
      },
      [tokens](const Call& call, const auto& in) { return tokens->GetAccessKeyInfo(call.session, in); }));
  api.rows.push_back(Make<DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse>(
      "DecodeAuthorizationMessage",
      [](const Call&, const auto&) -> std::vector<Permission> {
        return {{"sts:DecodeAuthorizationMessage", "*", {}}};
      },
      [tokens](const Call& call, const auto& in) { return tokens->DecodeAuthorizationMessage(call.session, in); }));
  api.rows.push_back(MakeWebIdentityRow(tokens));
  api.errors = {
      {federation::kInvalidIdentityToken, "InvalidIdentityToken", 400},
      {federation::kExpiredIdentityToken, "ExpiredTokenException", 400},
      {federation::kIssuerUnreachable, "IDPCommunicationError", 400},
      {federation::kRejectedClaim, "IDPRejectedClaim", 403},
      {sessions::kInvalidAuthorizationMessage, "InvalidAuthorizationMessageException", 400},
      {identity::kMalformedPolicyDocument, "MalformedPolicyDocument", 400},
      {identity::kPackedPolicyTooLarge, "PackedPolicyTooLarge", 400},
      {identity::kNoSuchEntity, "ValidationError", 400},
      {identity::kInvalidInput, "ValidationError", 400},
      {identity::kValidation, "ValidationError", 400},
      {identity::kLimitExceeded, "ValidationError", 400},
  };
  return api;
}

}  // namespace aloft::api
