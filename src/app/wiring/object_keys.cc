#include "app/wiring/object_keys.h"

#include <boost/json/value.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"

namespace aloft::app {
namespace {

// The writer's context with the object's ARN, which S3 always adds.
Result<kms::EncryptionContext> ContextOf(const std::string& context, const std::string& object_arn) {
  kms::EncryptionContext out;
  if (!context.empty()) {
    ALOFT_ASSIGN(const boost::json::value json, codec::ParseJson(context));
    if (!json.is_object()) return Fail(kInvalidArgument, "The encryption context is not a JSON object of strings.");
    for (const auto& [name, value] : json.as_object()) {
      if (!value.is_string()) return Fail(kInvalidArgument, "The encryption context is not a JSON object of strings.");
      out[std::string(name)] = value.as_string();
    }
  }
  out.emplace("aws:s3:arn", object_arn);
  return out;
}

}  // namespace

Result<objects::KeyService::DataKey> ObjectKeys::GenerateDataKey(const AccountId& account, const Region& region,
                                                                 const std::string& kms_key, const std::string& context,
                                                                 const std::string& object_arn) {
  kms::api::GenerateDataKeyRequest in;
  in.key_id = kms_key.empty() ? std::string("alias/aws/s3") : kms_key;
  in.key_spec = "AES_256";
  ALOFT_ASSIGN(in.encryption_context, ContextOf(context, object_arn));
  ALOFT_ASSIGN(auto made, kms_.GenerateDataKey({account, region}, in));
  return DataKey{std::move(made.plaintext->bytes), std::move(made.ciphertext_blob->bytes), std::move(*made.key_id)};
}

Result<std::string> ObjectKeys::Decrypt(const AccountId& account, const std::string& kms_key, const std::string& sealed,
                                        const std::string& context, const std::string& object_arn) {
  const auto parts = Split(kms_key, ':');  // an ARN: its region is the key's
  kms::api::DecryptRequest in;
  in.key_id = kms_key;
  in.ciphertext_blob = shapes::Blob{sealed};
  ALOFT_ASSIGN(in.encryption_context, ContextOf(context, object_arn));
  ALOFT_ASSIGN(auto opened, kms_.Decrypt({account, Region(parts.size() > 3 ? parts[3] : "")}, in));
  return std::move(opened.plaintext->bytes);
}

}  // namespace aloft::app
