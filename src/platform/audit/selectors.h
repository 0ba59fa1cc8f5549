// Which data events an account wants: off by default, asked for by trails. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/id.h"
#include "platform/audit/classify.h"

namespace aloft::audit {

// One wish: a type of resource, ARNs that a resource's begins with, and reads, changes or both.
struct DataSelector {
  std::string type;                   // "AWS::S3::Object"
  std::vector<std::string> prefixes;  // "arn:aws:s3:::bucket/prefix"; "arn:aws:s3" or empty: all
  std::vector<std::string> exact{};   // ARNs as a whole, beside the prefixes
  bool reads = true;
  bool changes = true;
};

// Every account's wishes, published as a whole.
using Selectors = std::map<AccountId, std::vector<DataSelector>>;

bool Wants(const std::vector<DataSelector>& selectors, const Class& kind, std::string_view arn);

}  // namespace aloft::audit
