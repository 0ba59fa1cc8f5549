// How an API of another service asks for the use of a KMS key on behalf of its caller: S3 for SSE-KMS.
//
//   ALOFT_ASSIGN(std::string key, kms.KeyArn(account, region, header, "s3"));
//   permissions.push_back(KmsPermission(kms, "kms:GenerateDataKey", key, {{"aws:s3:arn", object}}, "s3", call));
//
// api/aws/kms implements it; the app hands it out, so that no API includes another.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "api/common/operation.h"
#include "foundation/base/bytes.h"

namespace aloft::api {

class KmsAccess : public FactSource {
 public:
  // The ARN of what a request names: id, ARN, alias, alias ARN; empty: the key of `service` ("s3") in the account, made
  // where it is absent. Errors as KMS's own: not found, invalid ARN. May read the database.
  virtual Result<std::string> KeyArn(const AccountId& account, const Region& region, std::string_view named,
                                     std::string_view service) const = 0;
};

// Condition keys of an encryption context: kms:EncryptionContext:<name>, kms:EncryptionContextKeys.
inline void AddEncryptionContext(identity::Context& context, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    context["kms:encryptioncontext:" + ToLower(name)].push_back(value);
    context["kms:encryptioncontextkeys"].push_back(name);
  }
}

// `service` is who uses the key for the caller: kms:ViaService is "<service>.<region>.amazonaws.com". Empty: the caller
// itself.
inline Permission KmsPermission(const KmsAccess& kms, std::string_view action, std::string key_arn,
                                const std::map<std::string, std::string>& encryption_context, std::string_view service,
                                const Call& call) {
  Permission out{std::string(action), std::move(key_arn), {}, &kms};
  AddEncryptionContext(out.context, encryption_context);
  out.context["kms:calleraccount"] = {call.session.account.value()};
  if (!service.empty())
    out.context["kms:viaservice"] = {std::string(service) + "." + call.region.value() + ".amazonaws.com"};
  return out;
}

}  // namespace aloft::api
