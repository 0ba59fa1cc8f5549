#include "api/aws/s3/form_proof.h"

#include "foundation/codec/base64.h"
#include "foundation/codec/time.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/sigv4.h"
#include "platform/identity/errors.h"

namespace aloft::api::s3 {
namespace {

using documents::FindField;

Error Mismatch() {
  return Fail(crypto::kSignatureMismatch,
              "The request signature we calculated does not match the signature you provided. Check your key and "
              "signing method.");
}

Result<identity::Credential> FindCredential(const Context& context, const documents::FormFields& fields,
                                            std::string_view access_key_id) {
  const std::string* token = FindField(fields, "x-amz-security-token");
  return context.dependencies.identity->FindCredential(access_key_id, token == nullptr ? "" : *token);
}

Result<identity::Session> CheckVersion4(const Context& context, const documents::FormFields& fields,
                                        const std::string& policy, Time now) {
  const std::string* algorithm = FindField(fields, "x-amz-algorithm");
  const std::string* credential = FindField(fields, "x-amz-credential");
  const std::string* date = FindField(fields, "x-amz-date");
  if (algorithm == nullptr || credential == nullptr || date == nullptr)
    return Fail(kInvalidArgument, "Bucket POST must contain X-Amz-Algorithm, X-Amz-Credential and X-Amz-Date");
  if (*algorithm != "AWS4-HMAC-SHA256") return Fail(kInvalidArgument, "X-Amz-Algorithm only supports AWS4-HMAC-SHA256");
  auto parts = Split(*credential, '/');
  auto signed_at = codec::ParseBasic(*date);
  if (parts.size() != 5 || parts[3] != "s3" || parts[4] != "aws4_request" || !signed_at ||
      parts[1] != std::string_view(*date).substr(0, 8))
    return Fail(kInvalidArgument, "Error parsing the X-Amz-Credential parameter");
  if (*signed_at > now + crypto::kMaxSkew || *signed_at + crypto::kMaxPresign < now)
    return Fail(crypto::kPresignExpired, "Invalid according to Policy: Policy expired.");
  ALOFT_ASSIGN(auto found, FindCredential(context, fields, parts[0]));
  crypto::SigningKeys keys(1);
  crypto::Scope scope{std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
  std::string expected = HexEncode(AsBytes(crypto::HmacSha256(keys.Get(parts[0], found.secret, scope), policy)));
  if (!ConstantTimeEqual(expected, *FindField(fields, "x-amz-signature"))) return Mismatch();
  return std::move(found.session);
}

Result<identity::Session> CheckVersion2(const Context& context, const documents::FormFields& fields,
                                        const std::string& policy) {
  const std::string* key = FindField(fields, "awsaccesskeyid");
  if (key == nullptr) return Fail(kInvalidArgument, "Bucket POST must contain a field named 'AWSAccessKeyId'.");
  ALOFT_ASSIGN(auto found, FindCredential(context, fields, *key));
  std::string expected = codec::Base64Encode(crypto::Hmac(crypto::Digest::kSha1, found.secret, policy));
  if (!ConstantTimeEqual(expected, *FindField(fields, "signature"))) return Mismatch();
  return std::move(found.session);
}

}  // namespace

Result<std::optional<FormProof>> ReadFormProof(const Context& context, const documents::FormFields& fields, Time now) {
  const std::string* policy = FindField(fields, "policy");
  bool version4 = FindField(fields, "x-amz-signature") != nullptr;
  bool version2 = FindField(fields, "signature") != nullptr;
  if (policy == nullptr && !version4 && !version2) return std::optional<FormProof>();
  if (policy == nullptr) return Fail(kInvalidArgument, "Bucket POST must contain a field named 'policy'.");
  if (!version4 && !version2) return Fail(kAccessDenied, "Access Denied");
  if (context.dependencies.identity == nullptr)
    return Fail(kNotImplemented, "s3:PostObject with a policy is not built into this front.");
  FormProof proof;
  if (version4) {
    ALOFT_ASSIGN(proof.session, CheckVersion4(context, fields, *policy, now));
  } else {
    ALOFT_ASSIGN(proof.session, CheckVersion2(context, fields, *policy));
  }
  auto json = codec::Base64Decode(*policy);
  if (!json) return Fail(documents::kInvalidForm, "Invalid Policy: Invalid Base64.");
  ALOFT_ASSIGN(proof.policy, documents::ReadPostPolicy(*json));
  return std::optional<FormProof>(std::move(proof));
}

Status AuthorizeForm(const Context& context, const Call& call, const identity::Session& session,
                     const Permission& permission) {
  const auto& head = call.head();
  identity::Context keys = {{"aws:sourceip", {head.peer_address}},
                            {"aws:securetransport", {head.tls ? "true" : "false"}},
                            {"aws:useragent", {std::string(head.headers.Get("user-agent"))}},
                            {"aws:requestedregion", {call.region.value()}},
                            {"aws:epochtime", {std::to_string(ToMillis(call.received) / 1000)}}};
  if (permission.more) permission.more(keys);
  for (const auto& [key, values] : permission.context) keys[key] = values;
  ALOFT_ASSIGN(auto facts, permission.facts->FactsOf(permission, session));
  auto decision =
      context.dependencies.identity->Authorize(session, permission.action, permission.resource, keys, &facts);
  if (decision.allowed) return {};
  return Fail(identity::kAccessDenied,
              identity::DeniedMessage(session, permission.action, permission.resource, decision), decision.why);
}

}  // namespace aloft::api::s3
