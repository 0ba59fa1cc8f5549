// The object store's KMS: objects::KeyService over kms::Service.
#pragma once

#include "platform/kms/service.h"
#include "services/objects/contract/key_service.h"

namespace aloft::app {

class ObjectKeys final : public objects::KeyService {
 public:
  explicit ObjectKeys(kms::Service& kms) : kms_(kms) {}

  Result<DataKey> GenerateDataKey(const AccountId& account, const Region& region, const std::string& kms_key,
                                  const std::string& context, const std::string& object_arn) override;
  Result<std::string> Decrypt(const AccountId& account, const std::string& kms_key, const std::string& sealed,
                              const std::string& context, const std::string& object_arn) override;

 private:
  kms::Service& kms_;
};

}  // namespace aloft::app
