// How an object's bytes are encrypted at rest.
#pragma once

#include <cstdint>
#include <string>

namespace aloft::objects {

// kSseS3: under a data key that the installation's root key seals. kSseKms and kDsseKms: under one that a KMS key
// seals. kSseC: under one that a key of the writer's seals, which is not kept: only a salted check of it is.
enum class EncryptionKind : std::uint8_t { kNone, kSseS3, kSseKms, kSseC, kDsseKms };

// What a stored object says of itself.
struct Encryption {
  EncryptionKind kind = EncryptionKind::kNone;
  std::string kms_key{};  // ARN
  std::string context{};  // the KMS encryption context as its writer gave it: JSON; empty: none
  bool bucket_key = false;
};

// What a writer wishes.
struct EncryptionRequest {
  EncryptionKind kind = EncryptionKind::kNone;  // kNone: the installation's default
  std::string kms_key{};                        // id, ARN or alias; empty: the account's key for S3
  std::string context{};
  bool bucket_key = false;
  std::string customer_key{};  // 32 raw bytes, of kSseC
};

}  // namespace aloft::objects
