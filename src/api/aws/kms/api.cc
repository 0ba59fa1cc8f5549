#include "api/aws/kms/api.h"

#include "api/aws/kms/rows.h"

namespace aloft::api {

// The key's ARN where it exists; else what was asked for, whose absence the facts then tell.
Permission KmsRows::OnKey(const Call& call, std::string action, const std::string& named,
                          const std::optional<std::map<std::string, std::string>>& context) const {
  const auto key = kms.Find({call.session.account, call.region}, named);
  std::string arn = named;
  if (key.ok()) {
    arn = key->Arn();
  } else if (!named.starts_with("arn:")) {
    arn = "arn:aws:kms:" + call.region.value() + ":" + call.session.account.value() + ":" +
          (named.starts_with("alias/") ? "" : "key/") + named;
  }
  Permission out =
      KmsPermission(access, action, std::move(arn), context.value_or(std::map<std::string, std::string>()), "", call);
  if (const std::size_t alias = named.find("alias/"); alias != std::string::npos)
    out.context["kms:requestalias"] = {named.substr(alias)};
  return out;
}

Permission KmsRows::OnCiphertext(const Call& call, std::string action, const std::optional<std::string>& named,
                                 const std::optional<shapes::Blob>& blob,
                                 const std::optional<std::map<std::string, std::string>>& context) const {
  if (named) return OnKey(call, std::move(action), *named, context);
  const auto key = kms.FindByCiphertext({call.session.account, call.region}, blob.value_or(shapes::Blob()).bytes);
  // A ciphertext that no key of ours made opens nothing: the operation says so to whoever may decrypt at all.
  if (!key.ok()) {
    Permission out{std::move(action), "*", {}, nullptr};
    AddEncryptionContext(out.context, context.value_or(std::map<std::string, std::string>()));
    return out;
  }
  return OnKey(call, std::move(action), key->Arn(), context);
}

Permission KmsRows::OnAlias(const Call& call, std::string action, const std::string& alias) const {
  return {std::move(action),
          "arn:aws:kms:" + call.region.value() + ":" + call.session.account.value() + ":" + alias,
          {},
          nullptr};
}

ServiceApi MakeKmsApi(kms::Service& kms, const KmsAccess& access) {
  ServiceApi api;
  api.model = &shapes::kms::kModel;
  KmsRows rows{kms, access, api};
  AddKeyRows(rows);
  AddAliasRows(rows);
  AddGrantRows(rows);
  AddCryptographyRows(rows);
  api.errors = {
      {kms::kNotFound, "NotFoundException"},
      {kms::kDisabled, "DisabledException"},
      {kms::kInvalidState, "KMSInvalidStateException"},
      {kms::kInvalidKeyUsage, "InvalidKeyUsageException"},
      {kms::kInvalidCiphertext, "InvalidCiphertextException"},
      {kms::kIncorrectKey, "IncorrectKeyException"},
      {kms::kInvalidSignature, "KMSInvalidSignatureException"},
      {kms::kInvalidMac, "KMSInvalidMacException"},
      {kms::kAlreadyExists, "AlreadyExistsException"},
      {kms::kInvalidAliasName, "InvalidAliasNameException"},
      {kms::kInvalidArn, "InvalidArnException"},
      {kms::kInvalidMarker, "InvalidMarkerException"},
      {kms::kInvalidGrantId, "InvalidGrantIdException"},
      {kms::kInvalidGrantToken, "InvalidGrantTokenException"},
      {kms::kMalformedPolicy, "MalformedPolicyDocumentException"},
      {kms::kLimitExceeded, "LimitExceededException"},
      {kms::kTagInvalid, "TagException"},
      {kms::kUnsupported, "UnsupportedOperationException"},
      {kms::kReserved, "NotAuthorizedException", 400},
      {kms::kValidation, "ValidationException", 400},
      {kms::kDryRun, "DryRunOperationException"},
  };
  return api;
}

}  // namespace aloft::api
