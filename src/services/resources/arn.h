// Names of resources as AWS writes them: "arn:aws:sagemaker:us-east-1:123456789012:training-job/my-job".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/id.h"

namespace aloft::resources {

struct Arn {
  std::string partition, service, region, account;
  std::string kind, name;  // "training-job", "my-job"; name empty where there is no slash
};

inline std::string SageMakerArn(const AccountId& account, const Region& region, std::string_view kind,
                                std::string_view name) {
  return "arn:aws:sagemaker:" + region.value() + ":" + account.value() + ":" + std::string(kind) + "/" +
         std::string(name);
}

// Absent where the text is not an ARN.
std::optional<Arn> ParseArn(std::string_view text);

}  // namespace aloft::resources
