// Signatures of key pairs, and MACs.
#include "foundation/crypto/hmac.h"
#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

constexpr std::size_t kMaxMessage = 4096;

// The digest that is signed: of the message, or the caller's own.
Result<std::string> DigestFor(const Key& key, const std::optional<std::string>& algorithm_name,
                              const std::optional<std::string>& type, const std::string& message) {
  const std::string name = algorithm_name.value_or("");
  const Spec* spec = FindSpec(key.spec);
  if (spec == nullptr || !Offers(SigningAlgorithms(*spec, key.usage), name))
    return Fail(kInvalidKeyUsage, "Algorithm " + name + " is incompatible with key spec " + key.spec + ".");
  const crypto::Digest digest = FindSigningAlgorithm(name)->digest;
  const std::string kind = type.value_or("RAW");
  if (kind == "RAW") {
    if (message.size() > kMaxMessage)
      return Fail(kValidation,
                  "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must "
                  "have length less than or equal to 4096");
    return crypto::Digested(digest, message);
  }
  if (kind != "DIGEST") return Fail(kUnimplemented, "MessageType " + kind + " is not built.");
  if (message.size() != crypto::DigestSize(digest))
    return Fail(kValidation, "Digest is invalid length for algorithm " + name + ".");
  return message;
}

Result<std::string> MacOf(const Service::State& state, const Key& key, const std::optional<std::string>& algorithm,
                          const std::string& message) {
  const Spec* spec = FindSpec(key.spec);
  const std::string name = algorithm.value_or("");
  if (spec == nullptr || !Offers(MacAlgorithms(*spec, key.usage), name))
    return Fail(kInvalidKeyUsage, "Algorithm " + name + " is incompatible with key spec " + key.spec + ".");
  ALOFT_ASSIGN(const OpenMaterial material, state.Open(key, 0));
  return crypto::Hmac(*DigestOf(name), material.secret.bytes, message);
}

const std::string& BytesOf(const std::optional<shapes::Blob>& blob) {
  static const std::string none;
  return blob ? blob->bytes : none;
}

}  // namespace

Result<api::SignResponse> Service::Sign(const Caller& caller, const api::SignRequest& in) const {
  ALOFT_ASSIGN(const Key key, Find(caller, in.key_id.value_or("")));
  ALOFT_TRY(RequireUse(key, "SIGN_VERIFY", "Sign"));
  ALOFT_ASSIGN(const std::string digest, DigestFor(key, in.signing_algorithm, in.message_type, BytesOf(in.message)));
  ALOFT_TRY(AnswerDryRun(in.dry_run));
  ALOFT_ASSIGN(const OpenMaterial material, state_->Open(key, 0));
  const SigningAlgorithm& algorithm = *FindSigningAlgorithm(*in.signing_algorithm);
  ALOFT_ASSIGN(std::string signature,
               crypto::SignDigest(material.secret.bytes, algorithm.scheme, algorithm.digest, digest));
  api::SignResponse out;
  out.key_id = key.Arn();
  out.signature = shapes::Blob{std::move(signature)};
  out.signing_algorithm = in.signing_algorithm;
  return out;
}

Result<api::VerifyResponse> Service::Verify(const Caller& caller, const api::VerifyRequest& in) const {
  ALOFT_ASSIGN(const Key key, Find(caller, in.key_id.value_or("")));
  ALOFT_TRY(RequireUse(key, "SIGN_VERIFY", "Verify"));
  ALOFT_ASSIGN(const std::string digest, DigestFor(key, in.signing_algorithm, in.message_type, BytesOf(in.message)));
  ALOFT_TRY(AnswerDryRun(in.dry_run));
  ALOFT_ASSIGN(const auto record,
               state_->database.Read([&](sql::Reader& reader) { return records::FindMaterial(reader, key.id, 0); }));
  if (!record) return Fail(kCorrupt, "The key's material is missing.", key.id);
  const SigningAlgorithm& algorithm = *FindSigningAlgorithm(*in.signing_algorithm);
  ALOFT_ASSIGN(const bool holds, crypto::VerifyDigest(record->public_key, algorithm.scheme, algorithm.digest, digest,
                                                      BytesOf(in.signature)));
  if (!holds) return Fail(kInvalidSignature, "");
  api::VerifyResponse out;
  out.key_id = key.Arn();
  out.signature_valid = true;
  out.signing_algorithm = in.signing_algorithm;
  return out;
}

Result<api::GetPublicKeyResponse> Service::GetPublicKey(const Caller& caller,
                                                        const api::GetPublicKeyRequest& in) const {
  ALOFT_ASSIGN(const Key key, Find(caller, in.key_id.value_or("")));
  const Spec* spec = FindSpec(key.spec);
  if (spec == nullptr || !spec->pair)
    return Fail(kUnsupported, key.Arn() + " key spec is " + key.spec + " which is not valid for GetPublicKey.");
  ALOFT_TRY(RequireEnabled(key));
  ALOFT_ASSIGN(const auto record,
               state_->database.Read([&](sql::Reader& reader) { return records::FindMaterial(reader, key.id, 0); }));
  if (!record) return Fail(kCorrupt, "The key's material is missing.", key.id);
  api::GetPublicKeyResponse out;
  out.key_id = key.Arn();
  out.public_key = shapes::Blob{record->public_key};
  out.customer_master_key_spec = key.spec;
  out.key_spec = key.spec;
  out.key_usage = key.usage;
  if (key.usage == "SIGN_VERIFY") out.signing_algorithms = SigningAlgorithms(*spec, key.usage);
  if (key.usage == "ENCRYPT_DECRYPT") out.encryption_algorithms = EncryptionAlgorithms(*spec, key.usage);
  return out;
}

Result<api::GenerateMacResponse> Service::GenerateMac(const Caller& caller, const api::GenerateMacRequest& in) const {
  ALOFT_ASSIGN(const Key key, Find(caller, in.key_id.value_or("")));
  ALOFT_TRY(RequireUse(key, "GENERATE_VERIFY_MAC", "GenerateMac"));
  ALOFT_TRY(AnswerDryRun(in.dry_run));
  ALOFT_ASSIGN(std::string mac, MacOf(*state_, key, in.mac_algorithm, BytesOf(in.message)));
  api::GenerateMacResponse out;
  out.mac = shapes::Blob{std::move(mac)};
  out.mac_algorithm = in.mac_algorithm;
  out.key_id = key.Arn();
  return out;
}

Result<api::VerifyMacResponse> Service::VerifyMac(const Caller& caller, const api::VerifyMacRequest& in) const {
  ALOFT_ASSIGN(const Key key, Find(caller, in.key_id.value_or("")));
  ALOFT_TRY(RequireUse(key, "GENERATE_VERIFY_MAC", "VerifyMac"));
  ALOFT_TRY(AnswerDryRun(in.dry_run));
  ALOFT_ASSIGN(const std::string mac, MacOf(*state_, key, in.mac_algorithm, BytesOf(in.message)));
  if (!ConstantTimeEqual(mac, BytesOf(in.mac))) return Fail(kInvalidMac, "");
  api::VerifyMacResponse out;
  out.key_id = key.Arn();
  out.mac_valid = true;
  out.mac_algorithm = in.mac_algorithm;
  return out;
}

}  // namespace aloft::kms
