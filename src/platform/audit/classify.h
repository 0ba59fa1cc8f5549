// What kind of call an operation is. Pure; by AWS's own division.
#pragma once

#include <string_view>

namespace aloft::audit {

enum class Category {
  kNone,        // health probes and the like: not a call of anybody
  kManagement,  // always recorded
  kData,        // recorded where a selector asks for it
};

struct Class {
  Category category = Category::kManagement;
  bool read_only = false;
  std::string_view data_type = {};  // kData: "AWS::S3::Object"
};

// `service` is the IAM prefix: "s3", "iam".
Class Classify(std::string_view service, std::string_view operation);

// "s3.amazonaws.com", "monitoring.amazonaws.com"; the server's own operations have "aloft".
std::string_view EventSource(std::string_view service);

// The type of a resource by its ARN: "AWS::IAM::User"; empty where the ARN is none or "*".
std::string_view ResourceType(std::string_view arn);

}  // namespace aloft::audit
