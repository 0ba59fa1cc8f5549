#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

constexpr std::string_view kSymmetric = "SYMMETRIC_DEFAULT";

EncryptionContext ContextOf(const std::optional<EncryptionContext>& context) {
  return context.value_or(EncryptionContext());
}

// That the key offers the algorithm and, if not symmetric, that there is no context, which RSA cannot bind.
Status CheckAlgorithm(const Key& key, const std::string& algorithm, const std::optional<EncryptionContext>& context) {
  const Spec* spec = FindSpec(key.spec);
  if (spec == nullptr || !Offers(EncryptionAlgorithms(*spec, key.usage), algorithm))
    return Fail(kInvalidKeyUsage,
                "The KMS key " + key.Arn() + " does not support the encryption algorithm " + algorithm + ".");
  if (algorithm != kSymmetric && context && !context->empty())
    return Fail(kValidation, "Encryption context is not supported with asymmetric keys.");
  return {};
}

}  // namespace

Result<api::EncryptResponse> Service::Encrypt(const Caller& caller, const api::EncryptRequest& in) const {
  ALOFT_ASSIGN(const Key key, Find(caller, in.key_id.value_or("")));
  ALOFT_TRY(RequireUse(key, "ENCRYPT_DECRYPT", "Encrypt"));
  const std::string algorithm = in.encryption_algorithm.value_or(std::string(kSymmetric));
  ALOFT_TRY(CheckAlgorithm(key, algorithm, in.encryption_context));
  const std::string& plaintext = in.plaintext.value_or(shapes::Blob()).bytes;
  const Spec* spec = FindSpec(key.spec);
  if (spec->material == Material::kRsa) {
    const std::size_t most = crypto::OaepCapacity(spec->rsa_bits, crypto::DigestSize(*DigestOf(algorithm)));
    if (plaintext.size() > most)
      return Fail(kValidation, "Algorithm " + algorithm + " and key spec " + key.spec +
                                   " cannot encrypt data larger than " + std::to_string(most) + " bytes.");
  }
  ALOFT_TRY(AnswerDryRun(in.dry_run));
  ALOFT_ASSIGN(const OpenMaterial material, state_->Open(key, 0));
  api::EncryptResponse out;
  out.key_id = key.Arn();
  out.encryption_algorithm = algorithm;
  if (spec->material == Material::kSymmetric) {
    out.ciphertext_blob = shapes::Blob{SealCiphertext(material.secret.bytes, {key.id, material.version}, plaintext,
                                                      ContextOf(in.encryption_context), state_->random)};
  } else {
    ALOFT_ASSIGN(std::string sealed, crypto::OaepEncrypt(material.public_key, *DigestOf(algorithm), plaintext));
    out.ciphertext_blob = shapes::Blob{std::move(sealed)};
  }
  return out;
}

Result<api::DecryptResponse> Service::Decrypt(const Caller& caller, const api::DecryptRequest& in) const {
  if (in.recipient) return Fail(kUnimplemented, "Recipient (attested enclaves) is not built.");
  if (!in.ciphertext_blob)
    return Fail(kValidation,
                "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must "
                "not be null");
  const std::string& blob = in.ciphertext_blob->bytes;
  const std::string algorithm = in.encryption_algorithm.value_or(std::string(kSymmetric));
  const bool symmetric = algorithm == kSymmetric;
  if (!symmetric && !in.key_id) return Fail(kValidation, "A key ID is required for Decrypt with an asymmetric key.");
  ALOFT_ASSIGN(const Key key, in.key_id ? Find(caller, *in.key_id) : FindByCiphertext(caller, blob));
  ALOFT_TRY(RequireUse(key, "ENCRYPT_DECRYPT", "Decrypt"));
  ALOFT_TRY(CheckAlgorithm(key, algorithm, in.encryption_context));
  ALOFT_TRY(AnswerDryRun(in.dry_run));
  api::DecryptResponse out;
  out.key_id = key.Arn();
  out.encryption_algorithm = algorithm;
  if (!symmetric) {
    ALOFT_ASSIGN(const OpenMaterial material, state_->Open(key, 0));
    auto opened = crypto::OaepDecrypt(material.secret.bytes, *DigestOf(algorithm), blob);
    if (!opened.ok()) return Fail(kInvalidCiphertext, "");
    out.plaintext = shapes::Blob{std::move(*opened)};
    return out;
  }
  ALOFT_ASSIGN(const CiphertextHead head, ReadHead(blob));
  if (head.key_id != key.id)
    return Fail(kIncorrectKey, "The key ID in the request does not identify a CMK that can perform this operation.");
  ALOFT_ASSIGN(const OpenMaterial material, state_->Open(key, head.version));
  ALOFT_ASSIGN(std::string plaintext, OpenCiphertext(material.secret.bytes, blob, ContextOf(in.encryption_context)));
  out.plaintext = shapes::Blob{std::move(plaintext)};
  out.key_material_id = material.id;
  return out;
}

Result<api::ReEncryptResponse> Service::ReEncrypt(const Caller& caller, const api::ReEncryptRequest& in) const {
  api::DecryptRequest source;
  source.ciphertext_blob = in.ciphertext_blob;
  source.encryption_context = in.source_encryption_context;
  source.key_id = in.source_key_id;
  source.encryption_algorithm = in.source_encryption_algorithm;
  ALOFT_ASSIGN(api::DecryptResponse opened, Decrypt(caller, source));
  api::EncryptRequest target;
  target.key_id = in.destination_key_id;
  target.plaintext = std::move(opened.plaintext);
  target.encryption_context = in.destination_encryption_context;
  target.encryption_algorithm = in.destination_encryption_algorithm;
  target.dry_run = in.dry_run;
  auto sealed = Encrypt(caller, target);
  crypto::Wipe(target.plaintext->bytes);
  if (!sealed.ok()) return std::move(sealed).error();
  api::ReEncryptResponse out;
  out.ciphertext_blob = std::move(sealed->ciphertext_blob);
  out.source_key_id = std::move(opened.key_id);
  out.key_id = std::move(sealed->key_id);
  out.source_encryption_algorithm = std::move(opened.encryption_algorithm);
  out.destination_encryption_algorithm = std::move(sealed->encryption_algorithm);
  return out;
}

}  // namespace aloft::kms
