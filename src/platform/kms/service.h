// Keys of the accounts: made here, never leaving unsealed, used through operations. The meaning of KMS.
//
//   kms::Service kms(database, keyring, clock, random, log);
//   ALOFT_ASSIGN(auto made, kms.GenerateDataKey({account, region}, {.key_id = "alias/app", .key_spec = "AES_256"}));
//
// Requests and answers are KMS's own structs. Who may do what is decided before, by whoever calls (FactsOf gives what
// the decision needs); here are the rules of the keys: what exists, in which state, fit for which use. Thread-safe.
// Every call reads the database on the calling thread, so what another replica disabled is disabled here at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "generated/shapes/kms/aliases.h"
#include "generated/shapes/kms/cryptography.h"
#include "generated/shapes/kms/grants.h"
#include "generated/shapes/kms/keys.h"
#include "platform/keys/keyring.h"
#include "platform/kms/errors.h"
#include "platform/kms/records.h"

namespace aloft::kms {

namespace api = shapes::kms;

// Where a caller stands; ids and aliases without an account and region mean this one's.
struct Caller {
  AccountId account;
  Region region;
  std::string arn{};  // of the caller, for grants
};

class Service {
 public:
  // The database must hold the room's migrations (records.h). All references outlive the service.
  Service(sql::Database& database, const keys::Keyring& keyring, const Clock& clock, Random& random, Log log);
  ~Service();

  // What a request names: an id, an ARN, "alias/name", or an alias' ARN. alias/aws/<service> is made where it is
  // absent. kNotFound, kInvalidArn.
  Result<Key> Find(const Caller& caller, std::string_view named) const;
  // Which key made a ciphertext; kInvalidCiphertext.
  Result<Key> FindByCiphertext(const Caller& caller, std::string_view blob) const;
  // The grants of a key that `principal_arns` hold for `operation` ("Decrypt"), constraints not looked at.
  Result<std::vector<Grant>> GrantsFor(const std::string& key_id, std::string_view operation,
                                       const std::vector<std::string>& principal_arns) const;
  Result<std::optional<Grant>> FindGrant(const std::string& grant_id_or_token) const;
  Result<std::vector<std::string>> AliasesOf(const Key& key) const;

  // Keys: keys.cc.
  Result<api::CreateKeyResponse> CreateKey(const Caller& caller, const api::CreateKeyRequest& in);
  Result<api::DescribeKeyResponse> DescribeKey(const Caller& caller, const api::DescribeKeyRequest& in) const;
  Result<api::ListKeysResponse> ListKeys(const Caller& caller, const api::ListKeysRequest& in) const;
  Status EnableKey(const Caller& caller, const api::EnableKeyRequest& in);
  Status DisableKey(const Caller& caller, const api::DisableKeyRequest& in);
  Result<api::ScheduleKeyDeletionResponse> ScheduleKeyDeletion(const Caller& caller,
                                                               const api::ScheduleKeyDeletionRequest& in);
  Result<api::CancelKeyDeletionResponse> CancelKeyDeletion(const Caller& caller,
                                                           const api::CancelKeyDeletionRequest& in);
  Status UpdateKeyDescription(const Caller& caller, const api::UpdateKeyDescriptionRequest& in);

  // What is said of keys: attributes.cc.
  Result<api::GetKeyPolicyResponse> GetKeyPolicy(const Caller& caller, const api::GetKeyPolicyRequest& in) const;
  Status PutKeyPolicy(const Caller& caller, const api::PutKeyPolicyRequest& in);
  Result<api::ListKeyPoliciesResponse> ListKeyPolicies(const Caller& caller,
                                                       const api::ListKeyPoliciesRequest& in) const;
  Status TagResource(const Caller& caller, const api::TagResourceRequest& in);
  Status UntagResource(const Caller& caller, const api::UntagResourceRequest& in);
  Result<api::ListResourceTagsResponse> ListResourceTags(const Caller& caller,
                                                         const api::ListResourceTagsRequest& in) const;

  // Rotation: rotation.cc.
  Status EnableKeyRotation(const Caller& caller, const api::EnableKeyRotationRequest& in);
  Status DisableKeyRotation(const Caller& caller, const api::DisableKeyRotationRequest& in);
  Result<api::GetKeyRotationStatusResponse> GetKeyRotationStatus(const Caller& caller,
                                                                 const api::GetKeyRotationStatusRequest& in) const;
  Result<api::RotateKeyOnDemandResponse> RotateKeyOnDemand(const Caller& caller,
                                                           const api::RotateKeyOnDemandRequest& in);
  Result<api::ListKeyRotationsResponse> ListKeyRotations(const Caller& caller,
                                                         const api::ListKeyRotationsRequest& in) const;
  // What time brings: rotates keys that are due and destroys those whose waiting period is over. Returns how many were
  // done; call again while it is not 0, then in a minute.
  Result<std::size_t> DoWhatIsDue();

  // Aliases: aliases.cc.
  Status CreateAlias(const Caller& caller, const api::CreateAliasRequest& in);
  Status UpdateAlias(const Caller& caller, const api::UpdateAliasRequest& in);
  Status DeleteAlias(const Caller& caller, const api::DeleteAliasRequest& in);
  Result<api::ListAliasesResponse> ListAliases(const Caller& caller, const api::ListAliasesRequest& in) const;

  // Grants: grants.cc.
  Result<api::CreateGrantResponse> CreateGrant(const Caller& caller, const api::CreateGrantRequest& in);
  Result<api::ListGrantsResponse> ListGrants(const Caller& caller, const api::ListGrantsRequest& in) const;
  Result<api::ListRetirableGrantsResponse> ListRetirableGrants(const Caller& caller,
                                                               const api::ListRetirableGrantsRequest& in) const;
  Status RevokeGrant(const Caller& caller, const api::RevokeGrantRequest& in);
  Status RetireGrant(const Caller& caller, const api::RetireGrantRequest& in);

  // Encryption: encryption.cc, data_keys.cc.
  Result<api::EncryptResponse> Encrypt(const Caller& caller, const api::EncryptRequest& in) const;
  Result<api::DecryptResponse> Decrypt(const Caller& caller, const api::DecryptRequest& in) const;
  Result<api::ReEncryptResponse> ReEncrypt(const Caller& caller, const api::ReEncryptRequest& in) const;
  Result<api::GenerateDataKeyResponse> GenerateDataKey(const Caller& caller,
                                                       const api::GenerateDataKeyRequest& in) const;
  Result<api::GenerateDataKeyWithoutPlaintextResponse> GenerateDataKeyWithoutPlaintext(
      const Caller& caller, const api::GenerateDataKeyWithoutPlaintextRequest& in) const;
  Result<api::GenerateDataKeyPairResponse> GenerateDataKeyPair(const Caller& caller,
                                                               const api::GenerateDataKeyPairRequest& in) const;
  Result<api::GenerateDataKeyPairWithoutPlaintextResponse> GenerateDataKeyPairWithoutPlaintext(
      const Caller& caller, const api::GenerateDataKeyPairWithoutPlaintextRequest& in) const;
  Result<api::GenerateRandomResponse> GenerateRandom(const api::GenerateRandomRequest& in) const;

  // Signatures and MACs: signing.cc.
  Result<api::SignResponse> Sign(const Caller& caller, const api::SignRequest& in) const;
  Result<api::VerifyResponse> Verify(const Caller& caller, const api::VerifyRequest& in) const;
  Result<api::GetPublicKeyResponse> GetPublicKey(const Caller& caller, const api::GetPublicKeyRequest& in) const;
  Result<api::GenerateMacResponse> GenerateMac(const Caller& caller, const api::GenerateMacRequest& in) const;
  Result<api::VerifyMacResponse> VerifyMac(const Caller& caller, const api::VerifyMacRequest& in) const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

// The policy that a key gets where its maker gives none: the account itself may do everything, and so may let its IAM
// policies decide.
std::string DefaultPolicy(const AccountId& account);

}  // namespace aloft::kms
