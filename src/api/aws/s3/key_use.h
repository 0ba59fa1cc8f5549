// The KMS key of what is written or read: which it is, and whether the caller may use it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#require-sse-kms
#pragma once

#include <functional>
#include <string_view>

#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {

// Asks policy on behalf of the caller: Authorized::Check, or what a form's proof says.
using Ask = std::function<Status(const Permission&)>;

// How an object that is written by this request is encrypted: as its headers say, else as the bucket's owner
// configured; kNone: as the installation does by default. A KMS key is named by its ARN, and the caller may have data
// keys of it; a key that is not named by an ARN is looked for in the caller's account. Without KMS the key that nobody
// names is the store's.
Result<objects::EncryptionRequest> EncryptionOf(const Context& context, const Call& call, const BucketAccess& access,
                                                std::string_view key, const Ask& ask);

// Whether the caller may decrypt with the key of an object or upload; nothing is asked where it is not KMS's.
Status MayDecrypt(const Context& context, const Call& call, std::string_view bucket, std::string_view key,
                  const objects::Encryption& encryption, const Ask& ask);

// The same of the upload that the request names. objects::kNoSuchUpload.
Status MayAddPart(const Context& context, const Call& call, const Authorized& authorized, const AccountId& owner,
                  const Target& target);

inline Ask AskOf(const Authorized& authorized) {
  return [&authorized](const Permission& permission) { return authorized.Check(permission); };
}

}  // namespace aloft::api::s3
