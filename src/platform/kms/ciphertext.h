// The ciphertext blobs of symmetric keys: docs/formats/kms.md. Pure; knows nothing of policies or records.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "foundation/base/random.h"
#include "foundation/base/result.h"

namespace aloft::kms {

// Name to value, as the caller sent it; order does not count.
using EncryptionContext = std::map<std::string, std::string>;

// What a blob says of itself, before anything is believed.
struct CiphertextHead {
  std::string key_id;         // "1234abcd-12ab-..."
  std::uint32_t version = 0;  // of the key's material
};

// kInvalidCiphertext where it is none of ours.
Result<CiphertextHead> ReadHead(std::string_view blob);

// `material` is the 32 bytes of this version.
std::string SealCiphertext(std::string_view material, const CiphertextHead& head, std::string_view plaintext,
                           const EncryptionContext& context, Random& random);
// kInvalidCiphertext where it was changed, or made with another key, version or context.
Result<std::string> OpenCiphertext(std::string_view material, std::string_view blob, const EncryptionContext& context);

}  // namespace aloft::kms
