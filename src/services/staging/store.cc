#include "services/staging/store.h"

namespace aloft::staging {

Result<std::string> RoleStore::Get(const AccountId& account, const std::string& role_arn, std::string_view uri,
                                   std::size_t most) const {
  ALOFT_ASSIGN(S3Uri parsed, ParseS3Uri(uri));
  ALOFT_ASSIGN(identity::Session session, identity_.SessionForRole(role_arn, "SageMaker"));
  identity::Decision read =
      identity_.Authorize(session, "s3:GetObject", "arn:aws:s3:::" + parsed.bucket + "/" + parsed.key, {});
  if (!read.allowed) {
    return Fail(kInputDenied, "The role " + role_arn + " may not use s3:GetObject for \"" + std::string(uri) + "\".",
                read.why);
  }
  auto reader = objects_.GetObject(account, parsed.bucket, parsed.key);
  if (!reader.ok() && reader.error().kind() == ErrorKind::kNotFound) {
    return Fail(kNoObjects, "There is no object \"" + std::string(uri) + "\".", reader.error().message);
  }
  if (!reader.ok()) return std::move(reader).error();
  if ((*reader)->info().size > most) {
    return Fail(kInputTooLarge, "The object \"" + std::string(uri) + "\" is larger than " + std::to_string(most) +
                                    " bytes, which is all that is read of one input.");
  }
  std::string bytes((*reader)->info().size, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    auto* place = reinterpret_cast<std::uint8_t*>(bytes.data()) + filled;
    ALOFT_ASSIGN(std::size_t got, (*reader)->Read(filled, {place, bytes.size() - filled}));
    if (got == 0) return Fail(kIoError, "The object \"" + std::string(uri) + "\" broke off.");
    filled += got;
  }
  return bytes;
}

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
