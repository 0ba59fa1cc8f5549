#include "api/aws/s3/key_use.h"

#include <boost/json.hpp>

#include "api/aws/s3_wire/object_headers.h"
#include "foundation/codec/json.h"

namespace aloft::api::s3 {
namespace {

using objects::EncryptionKind;

bool IsKms(EncryptionKind kind) {
  return kind == EncryptionKind::kSseKms || kind == EncryptionKind::kDsseKms;
}

// The context that the key is used under: the writer's, and the ARN of what it guards.
std::map<std::string, std::string> ContextOf(std::string_view bucket, std::string_view key, bool bucket_key,
                                             const std::string& given) {
  std::map<std::string, std::string> out;
  auto json = given.empty() ? Result<boost::json::value>(boost::json::object()) : codec::ParseJson(given);
  if (json.ok() && json->is_object())
    for (const auto& [name, value] : json->get_object())
      if (value.is_string()) out[std::string(name)] = std::string(value.get_string());
  std::string arn = "arn:aws:s3:::" + std::string(bucket);
  if (!bucket_key) arn.append("/").append(key);
  out.emplace("aws:s3:arn", std::move(arn));
  return out;
}

Status AskFor(const Context& context, const Call& call, std::string_view action, const std::string& key_arn,
              const objects::Bucket& bucket, const std::map<std::string, std::string>& under, const Ask& ask) {
  if (call.session.kind == identity::PrincipalKind::kNobody)
    return Fail(
        kInvalidArgument,
        "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.");
  Permission needed = KmsPermission(*context.dependencies.kms, action, key_arn, under, "s3", call);
  // The bucket's region uses the key, whichever the request was signed for.
  needed.context["kms:viaservice"] = {"s3." + bucket.region.value() + ".amazonaws.com"};
  return ask(needed);
}

}  // namespace

Result<objects::EncryptionRequest> EncryptionOf(const Context& context, const Call& call, const BucketAccess& access,
                                                std::string_view key, const Ask& ask) {
  ALOFT_ASSIGN(auto request, ReadEncryption(call.head()));
  if (request.kind == EncryptionKind::kNone) {
    request = access.encryption;
  } else if (!call.head().headers.Has("x-amz-server-side-encryption-bucket-key-enabled")) {
    request.bucket_key = IsKms(request.kind) && access.encryption.bucket_key;
  }
  if (!IsKms(request.kind)) return request;
  const KmsAccess* kms = context.dependencies.kms;
  if (kms == nullptr) {
    // The SageMaker SDK asks for KMS on every upload. The answer says what was done.
    if (request.kms_key.empty()) request = {.kind = EncryptionKind::kSseS3};
    return request;
  }
  // Two layers of encryption have no bucket keys.
  if (request.kind == EncryptionKind::kDsseKms) request.bucket_key = false;
  ALOFT_ASSIGN(request.kms_key, kms->KeyArn(call.session.account, access.bucket.region, request.kms_key, "s3"));
  ALOFT_TRY(AskFor(context, call, "kms:GenerateDataKey", request.kms_key, access.bucket,
                   ContextOf(access.bucket.name, key, request.bucket_key, request.context), ask));
  return request;
}

Status MayDecrypt(const Context& context, const Call& call, std::string_view bucket, std::string_view key,
                  const objects::Encryption& encryption, const Ask& ask) {
  if (!IsKms(encryption.kind) || context.dependencies.kms == nullptr) return {};
  ALOFT_ASSIGN(auto access, context.access->Of(bucket));
  return AskFor(context, call, "kms:Decrypt", encryption.kms_key, access->bucket,
                ContextOf(bucket, key, encryption.bucket_key, encryption.context), ask);
}

Status MayAddPart(const Context& context, const Call& call, const Authorized& authorized, const AccountId& owner,
                  const Target& target) {
  if (context.dependencies.kms == nullptr) return {};
  ALOFT_ASSIGN(auto upload, context.dependencies.objects.FindUpload(owner, target.bucket, target.key,
                                                                    objects::UploadId(target.Get("uploadId"))));
  return MayDecrypt(context, call, target.bucket, target.key, upload.encryption, AskOf(authorized));
}

}  // namespace aloft::api::s3
