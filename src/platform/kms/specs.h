// What each kind of key is and can do: the tables of the KMS reference. Pure.
// https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/crypto/asymmetric.h"

namespace aloft::kms {

enum class Material { kSymmetric, kRsa, kEcc, kHmac };

struct Spec {
  std::string_view name;  // "RSA_2048"
  Material material = Material::kSymmetric;
  std::size_t secret_bytes = 32;          // symmetric, HMAC
  std::optional<crypto::KeyType> pair{};  // RSA, ECC
  std::size_t rsa_bits = 0;
};

// Null where KMS knows it and it is not built (SM2, ML_DSA, ...), or there is none of this name.
const Spec* FindSpec(std::string_view name);

// "ENCRYPT_DECRYPT" where the spec leaves no choice or none was made; absent where the spec cannot do `asked`, or where
// the spec needs one to be named (RSA).
std::optional<std::string_view> UsageOf(const Spec& spec, std::string_view asked);

// What a key of this spec and usage offers, as DescribeKey lists it.
std::vector<std::string> EncryptionAlgorithms(const Spec& spec, std::string_view usage);
std::vector<std::string> SigningAlgorithms(const Spec& spec, std::string_view usage);
std::vector<std::string> MacAlgorithms(const Spec& spec, std::string_view usage);

struct SigningAlgorithm {
  std::string_view name;
  crypto::SignatureScheme scheme;
  crypto::Digest digest;
};
const SigningAlgorithm* FindSigningAlgorithm(std::string_view name);

// The digest of "HMAC_SHA_256" and of "RSAES_OAEP_SHA_256".
std::optional<crypto::Digest> DigestOf(std::string_view algorithm);

}  // namespace aloft::kms
