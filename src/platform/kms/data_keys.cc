#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

// A fresh secret sealed under a symmetric key of the caller's.
struct SealedSecret {
  std::string arn;
  std::string material_id;
  std::string blob;
};

// `secret` empty: DryRun ends it before anything is drawn.
template <class Draw>
Result<SealedSecret> Seal(const Service& service, const Service::State& state, const Caller& caller,
                          const std::optional<std::string>& key_id, const std::optional<EncryptionContext>& context,
                          const std::optional<bool>& dry_run, std::string_view operation, Draw draw) {
  ALOFT_ASSIGN(const Key key, service.Find(caller, key_id.value_or("")));
  ALOFT_TRY(RequireUse(key, "ENCRYPT_DECRYPT", operation));
  if (key.spec != "SYMMETRIC_DEFAULT")
    return Fail(kInvalidKeyUsage, key.Arn() + " key usage is ENCRYPT_DECRYPT with key spec " + key.spec +
                                      " which is not valid for " + std::string(operation) + ".");
  ALOFT_TRY(AnswerDryRun(dry_run));
  ALOFT_ASSIGN(const OpenMaterial material, state.Open(key, 0));
  ALOFT_ASSIGN(const std::string* const secret, draw());
  return SealedSecret{key.Arn(), material.id,
                      SealCiphertext(material.secret.bytes, {key.id, material.version}, *secret,
                                     context.value_or(EncryptionContext()), state.random)};
}

Result<std::size_t> SizeOf(const std::optional<std::int32_t>& bytes, const std::optional<std::string>& spec) {
  if (bytes.has_value() == spec.has_value())
    return Fail(kValidation, "Please specify either number of bytes or key spec.");
  if (bytes) return static_cast<std::size_t>(*bytes);
  return *spec == "AES_128" ? std::size_t{16} : std::size_t{32};
}

}  // namespace

Result<api::GenerateDataKeyResponse> Service::GenerateDataKey(const Caller& caller,
                                                              const api::GenerateDataKeyRequest& in) const {
  if (in.recipient) return Fail(kUnimplemented, "Recipient (attested enclaves) is not built.");
  ALOFT_ASSIGN(const std::size_t size, SizeOf(in.number_of_bytes, in.key_spec));
  std::string secret;
  auto sealed = Seal(*this, *state_, caller, in.key_id, in.encryption_context, in.dry_run, "GenerateDataKey",
                     [&]() -> Result<const std::string*> {
                       secret = state_->Draw(size);
                       return &secret;
                     });
  if (!sealed.ok()) return std::move(sealed).error();
  api::GenerateDataKeyResponse out;
  out.ciphertext_blob = shapes::Blob{std::move(sealed->blob)};
  out.plaintext = shapes::Blob{std::move(secret)};
  out.key_id = std::move(sealed->arn);
  out.key_material_id = std::move(sealed->material_id);
  return out;
}

Result<api::GenerateDataKeyWithoutPlaintextResponse> Service::GenerateDataKeyWithoutPlaintext(
    const Caller& caller, const api::GenerateDataKeyWithoutPlaintextRequest& in) const {
  ALOFT_ASSIGN(const std::size_t size, SizeOf(in.number_of_bytes, in.key_spec));
  std::string secret;
  const crypto::Wiped wiped(secret);
  auto sealed = Seal(*this, *state_, caller, in.key_id, in.encryption_context, in.dry_run,
                     "GenerateDataKeyWithoutPlaintext", [&]() -> Result<const std::string*> {
                       secret = state_->Draw(size);
                       return &secret;
                     });
  if (!sealed.ok()) return std::move(sealed).error();
  api::GenerateDataKeyWithoutPlaintextResponse out;
  out.ciphertext_blob = shapes::Blob{std::move(sealed->blob)};
  out.key_id = std::move(sealed->arn);
  out.key_material_id = std::move(sealed->material_id);
  return out;
}

Result<api::GenerateDataKeyPairResponse> Service::GenerateDataKeyPair(const Caller& caller,
                                                                      const api::GenerateDataKeyPairRequest& in) const {
  if (in.recipient) return Fail(kUnimplemented, "Recipient (attested enclaves) is not built.");
  const std::string name = in.key_pair_spec.value_or("");
  const Spec* spec = FindSpec(name);
  if (spec == nullptr || !spec->pair)
    return Fail(kUnimplemented, "Data key pairs with KeyPairSpec " + name + " are not built.");
  crypto::KeyPair pair;
  auto sealed = Seal(*this, *state_, caller, in.key_id, in.encryption_context, in.dry_run, "GenerateDataKeyPair",
                     [&]() -> Result<const std::string*> {
                       ALOFT_ASSIGN(pair, crypto::MakeKeyPair(*spec->pair));
                       return &pair.private_key;
                     });
  if (!sealed.ok()) return std::move(sealed).error();
  api::GenerateDataKeyPairResponse out;
  out.private_key_ciphertext_blob = shapes::Blob{std::move(sealed->blob)};
  out.private_key_plaintext = shapes::Blob{std::move(pair.private_key)};
  out.public_key = shapes::Blob{std::move(pair.public_key)};
  out.key_id = std::move(sealed->arn);
  out.key_pair_spec = name;
  out.key_material_id = std::move(sealed->material_id);
  return out;
}

Result<api::GenerateDataKeyPairWithoutPlaintextResponse> Service::GenerateDataKeyPairWithoutPlaintext(
    const Caller& caller, const api::GenerateDataKeyPairWithoutPlaintextRequest& in) const {
  api::GenerateDataKeyPairRequest same;
  same.key_id = in.key_id;
  same.key_pair_spec = in.key_pair_spec;
  same.encryption_context = in.encryption_context;
  same.dry_run = in.dry_run;
  ALOFT_ASSIGN(api::GenerateDataKeyPairResponse made, GenerateDataKeyPair(caller, same));
  crypto::Wipe(made.private_key_plaintext->bytes);
  api::GenerateDataKeyPairWithoutPlaintextResponse out;
  out.private_key_ciphertext_blob = std::move(made.private_key_ciphertext_blob);
  out.public_key = std::move(made.public_key);
  out.key_id = std::move(made.key_id);
  out.key_pair_spec = std::move(made.key_pair_spec);
  out.key_material_id = std::move(made.key_material_id);
  return out;
}

Result<api::GenerateRandomResponse> Service::GenerateRandom(const api::GenerateRandomRequest& in) const {
  if (in.recipient) return Fail(kUnimplemented, "Recipient (attested enclaves) is not built.");
  if (in.custom_key_store_id) return Fail(kUnimplemented, "Custom key stores are not built.");
  if (!in.number_of_bytes) return Fail(kValidation, "NumberOfBytes is required.");
  return api::GenerateRandomResponse{.plaintext =
                                         shapes::Blob{state_->Draw(static_cast<std::size_t>(*in.number_of_bytes))}};
}

}  // namespace aloft::kms
