#include "platform/kms/specs.h"

#include <algorithm>

namespace aloft::kms {
namespace {

using crypto::Digest;
using crypto::KeyType;
using crypto::SignatureScheme;

constexpr Spec kSpecs[] = {
    {"SYMMETRIC_DEFAULT", Material::kSymmetric, 32, std::nullopt, 0},
    {"RSA_2048", Material::kRsa, 0, KeyType::kRsa2048, 2048},
    {"RSA_3072", Material::kRsa, 0, KeyType::kRsa3072, 3072},
    {"RSA_4096", Material::kRsa, 0, KeyType::kRsa4096, 4096},
    {"ECC_NIST_P256", Material::kEcc, 0, KeyType::kP256, 0},
    {"ECC_NIST_P384", Material::kEcc, 0, KeyType::kP384, 0},
    {"ECC_NIST_P521", Material::kEcc, 0, KeyType::kP521, 0},
    {"ECC_SECG_P256K1", Material::kEcc, 0, KeyType::kSecp256k1, 0},
    {"HMAC_224", Material::kHmac, 28, std::nullopt, 0},
    {"HMAC_256", Material::kHmac, 32, std::nullopt, 0},
    {"HMAC_384", Material::kHmac, 48, std::nullopt, 0},
    {"HMAC_512", Material::kHmac, 64, std::nullopt, 0},
};

constexpr SigningAlgorithm kSigning[] = {
    {"RSASSA_PKCS1_V1_5_SHA_256", SignatureScheme::kRsaPkcs1, Digest::kSha256},
    {"RSASSA_PKCS1_V1_5_SHA_384", SignatureScheme::kRsaPkcs1, Digest::kSha384},
    {"RSASSA_PKCS1_V1_5_SHA_512", SignatureScheme::kRsaPkcs1, Digest::kSha512},
    {"RSASSA_PSS_SHA_256", SignatureScheme::kRsaPss, Digest::kSha256},
    {"RSASSA_PSS_SHA_384", SignatureScheme::kRsaPss, Digest::kSha384},
    {"RSASSA_PSS_SHA_512", SignatureScheme::kRsaPss, Digest::kSha512},
    {"ECDSA_SHA_256", SignatureScheme::kEcdsa, Digest::kSha256},
    {"ECDSA_SHA_384", SignatureScheme::kEcdsa, Digest::kSha384},
    {"ECDSA_SHA_512", SignatureScheme::kEcdsa, Digest::kSha512},
};

// The one digest that KMS pairs with each curve.
Digest DigestOfCurve(KeyType type) {
  if (type == KeyType::kP384) return Digest::kSha384;
  return type == KeyType::kP521 ? Digest::kSha512 : Digest::kSha256;
}

}  // namespace

const Spec* FindSpec(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kSpecs), std::end(kSpecs), [&](const Spec& spec) { return spec.name == name; });
  return found == std::end(kSpecs) ? nullptr : found;
}

std::optional<std::string_view> UsageOf(const Spec& spec, std::string_view asked) {
  const auto only = [&](std::string_view usage) -> std::optional<std::string_view> {
    if (asked.empty() || asked == usage) return usage;
    return std::nullopt;
  };
  switch (spec.material) {
    case Material::kSymmetric: return only("ENCRYPT_DECRYPT");
    case Material::kEcc: return only("SIGN_VERIFY");
    case Material::kHmac: return asked.empty() ? std::nullopt : only("GENERATE_VERIFY_MAC");
    case Material::kRsa: break;
  }
  if (asked == "ENCRYPT_DECRYPT") return "ENCRYPT_DECRYPT";
  if (asked == "SIGN_VERIFY") return "SIGN_VERIFY";
  return std::nullopt;
}

std::vector<std::string> EncryptionAlgorithms(const Spec& spec, std::string_view usage) {
  if (usage != "ENCRYPT_DECRYPT") return {};
  if (spec.material == Material::kRsa) return {"RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"};
  return {"SYMMETRIC_DEFAULT"};
}

std::vector<std::string> SigningAlgorithms(const Spec& spec, std::string_view usage) {
  std::vector<std::string> out;
  if (usage != "SIGN_VERIFY") return out;
  for (const SigningAlgorithm& each : kSigning) {
    const bool ecdsa = each.scheme == SignatureScheme::kEcdsa;
    if (spec.material == Material::kRsa ? !ecdsa : ecdsa && each.digest == DigestOfCurve(*spec.pair))
      out.emplace_back(each.name);
  }
  return out;
}

std::vector<std::string> MacAlgorithms(const Spec& spec, std::string_view usage) {
  if (usage != "GENERATE_VERIFY_MAC") return {};
  return {"HMAC_SHA_" + std::string(spec.name.substr(5))};
}

const SigningAlgorithm* FindSigningAlgorithm(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kSigning), std::end(kSigning), [&](const auto& each) { return each.name == name; });
  return found == std::end(kSigning) ? nullptr : found;
}

std::optional<Digest> DigestOf(std::string_view algorithm) {
  if (algorithm.ends_with("SHA_1")) return Digest::kSha1;
  if (algorithm.ends_with("SHA_224")) return Digest::kSha224;
  if (algorithm.ends_with("SHA_256")) return Digest::kSha256;
  if (algorithm.ends_with("SHA_384")) return Digest::kSha384;
  if (algorithm.ends_with("SHA_512")) return Digest::kSha512;
  return std::nullopt;
}

}  // namespace aloft::kms
