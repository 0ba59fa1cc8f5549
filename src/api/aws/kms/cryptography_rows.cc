#include "api/aws/kms/rows.h"

namespace aloft::api {

using namespace shapes::kms;  // NOLINT(google-build-using-namespace): the vocabulary of the API

namespace {

using Service = kms::Service;
using Caller = kms::Caller;

// Operations that bind an encryption context.
template <class In, class Out, class Handler>
void AddInContext(KmsRows rows, std::string_view operation, Handler handler) {
  rows.Add<In, Out>(
      operation,
      [operation, rows](const Call& call, const In& in) {
        return std::vector<Permission>{
            rows.OnKey(call, "kms:" + std::string(operation), in.key_id.value_or(""), in.encryption_context)};
      },
      handler);
}

template <class In, class Out, class Handler>
void AddSigning(KmsRows rows, std::string_view operation, Handler handler) {
  rows.Add<In, Out>(
      operation,
      [operation, rows](const Call& call, const In& in) {
        Permission permission = rows.OnKey(call, "kms:" + std::string(operation), in.key_id.value_or(""));
        permission.context["kms:signingalgorithm"] = {in.signing_algorithm.value_or("")};
        permission.context["kms:messagetype"] = {in.message_type.value_or("RAW")};
        return std::vector<Permission>{std::move(permission)};
      },
      handler);
}

template <class In, class Out, class Handler>
void AddMac(KmsRows rows, std::string_view operation, Handler handler) {
  rows.Add<In, Out>(
      operation,
      [operation, rows](const Call& call, const In& in) {
        Permission permission = rows.OnKey(call, "kms:" + std::string(operation), in.key_id.value_or(""));
        permission.context["kms:macalgorithm"] = {in.mac_algorithm.value_or("")};
        return std::vector<Permission>{std::move(permission)};
      },
      handler);
}

void AddDataKeyRows(KmsRows rows) {
  AddInContext<GenerateDataKeyRequest, GenerateDataKeyResponse>(
      rows, "GenerateDataKey",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.GenerateDataKey(caller, in); });
  AddInContext<GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse>(
      rows, "GenerateDataKeyWithoutPlaintext", [](Service& kms, const Caller& caller, const auto& in) {
        return kms.GenerateDataKeyWithoutPlaintext(caller, in);
      });
  AddInContext<GenerateDataKeyPairRequest, GenerateDataKeyPairResponse>(
      rows, "GenerateDataKeyPair",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.GenerateDataKeyPair(caller, in); });
  AddInContext<GenerateDataKeyPairWithoutPlaintextRequest, GenerateDataKeyPairWithoutPlaintextResponse>(
      rows, "GenerateDataKeyPairWithoutPlaintext", [](Service& kms, const Caller& caller, const auto& in) {
        return kms.GenerateDataKeyPairWithoutPlaintext(caller, in);
      });
  rows.Add<GenerateRandomRequest, GenerateRandomResponse>(
      "GenerateRandom",
      [](const Call&, const GenerateRandomRequest&) {
        return std::vector<Permission>{{"kms:GenerateRandom", "*", {}, nullptr}};
      },
      [](Service& kms, const Caller&, const auto& in) { return kms.GenerateRandom(in); });
}

}  // namespace

void AddCryptographyRows(KmsRows rows) {
  AddInContext<EncryptRequest, EncryptResponse>(
      rows, "Encrypt", [](Service& kms, const Caller& caller, const auto& in) { return kms.Encrypt(caller, in); });
  rows.Add<DecryptRequest, DecryptResponse>(
      "Decrypt",
      [rows](const Call& call, const DecryptRequest& in) {
        return std::vector<Permission>{
            rows.OnCiphertext(call, "kms:Decrypt", in.key_id, in.ciphertext_blob, in.encryption_context)};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.Decrypt(caller, in); });
  rows.Add<ReEncryptRequest, ReEncryptResponse>(
      "ReEncrypt",
      [rows](const Call& call, const ReEncryptRequest& in) {
        return std::vector<Permission>{
            rows.OnCiphertext(call, "kms:ReEncryptFrom", in.source_key_id, in.ciphertext_blob,
                              in.source_encryption_context),
            rows.OnKey(call, "kms:ReEncryptTo", in.destination_key_id.value_or(""), in.destination_encryption_context)};
      },
      [](Service& kms, const Caller& caller, const auto& in) { return kms.ReEncrypt(caller, in); });
  AddDataKeyRows(rows);
  AddSigning<SignRequest, SignResponse>(
      rows, "Sign", [](Service& kms, const Caller& caller, const auto& in) { return kms.Sign(caller, in); });
  AddSigning<VerifyRequest, VerifyResponse>(
      rows, "Verify", [](Service& kms, const Caller& caller, const auto& in) { return kms.Verify(caller, in); });
  rows.AddOnKey<GetPublicKeyRequest, GetPublicKeyResponse>(
      "GetPublicKey", [](Service& kms, const Caller& caller, const auto& in) { return kms.GetPublicKey(caller, in); });
  AddMac<GenerateMacRequest, GenerateMacResponse>(
      rows, "GenerateMac",
      [](Service& kms, const Caller& caller, const auto& in) { return kms.GenerateMac(caller, in); });
  AddMac<VerifyMacRequest, VerifyMacResponse>(
      rows, "VerifyMac", [](Service& kms, const Caller& caller, const auto& in) { return kms.VerifyMac(caller, in); });
}

}  // namespace aloft::api
