#include "services/staging/store.h"

namespace aloft::staging {

Status RoleStore::Put(const AccountId& account, const std::string& role_arn, std::string_view uri,
                      std::string_view content_type, std::string_view body) const {
  ALOFT_ASSIGN(S3Uri parsed, ParseS3Uri(uri));
  ALOFT_ASSIGN(identity::Session session, identity_.SessionForRole(role_arn, "SageMaker"));
  identity::Decision write =
      identity_.Authorize(session, "s3:PutObject", "arn:aws:s3:::" + parsed.bucket + "/" + parsed.key, {});
  if (!write.allowed) {
    return Fail(kInputDenied, "The role " + role_arn + " may not use s3:PutObject for \"" + std::string(uri) + "\".",
                write.why);
  }
  objects::PutRequest request;
  request.bucket = parsed.bucket;
  request.key = parsed.key;
  request.attributes.content_type = std::string(content_type);
  ALOFT_TRY(objects_.Put(account, std::move(request), body));
  return {};
}

}  // namespace aloft::staging
