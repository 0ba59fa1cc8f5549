// What the object store needs of a key management service. The app implements it over the platform's keys.
#pragma once

#include <string>

#include "foundation/base/id.h"
#include "foundation/base/result.h"

namespace aloft::keys {
class Keyring;
}

namespace aloft::objects {

// Thread-safe; may block. Who may use a key is decided before, by the API; these act for the store itself.
class KeyService {
 public:
  struct DataKey {
    std::string plaintext{};  // 32 bytes
    std::string sealed{};     // opaque; Decrypt takes it
    std::string kms_key{};    // the ARN that the id, alias or default stood for
  };

  virtual ~KeyService() = default;
  // `kms_key`: id, ARN or alias; empty: the account's own key for S3, made where it is absent. `context` is JSON of
  // strings, empty: none; `object_arn` joins it as "aws:s3:arn". Errors are those of the key service: absent, disabled,
  // of a wrong kind.
  virtual Result<DataKey> GenerateDataKey(const AccountId& account, const Region& region, const std::string& kms_key,
                                          const std::string& context, const std::string& object_arn) = 0;
  // The plaintext of `sealed`, with the same context and ARN as it was made with.
  virtual Result<std::string> Decrypt(const AccountId& account, const std::string& kms_key, const std::string& sealed,
                                      const std::string& context, const std::string& object_arn) = 0;
};

// What the store encrypts with. Both outlive it; without them the kinds of encryption that need them are refused.
struct Keys {
  const keys::Keyring* keyring = nullptr;
  KeyService* key_service = nullptr;
  bool encrypt_by_default = false;  // objects whose writer asks for nothing are kSseS3
};

}  // namespace aloft::objects
