#include "platform/identity/aws_managed/aws_managed.h"

#include <algorithm>
#include <vector>

#include "platform/identity/aws_managed/texts.h"

namespace aloft::identity {

// By name, as lists of IAM come.
std::span<const AwsManagedPolicy> AwsManagedPolicies() {
  static const std::vector<AwsManagedPolicy> all = [] {
    std::vector<AwsManagedPolicy> out;
    for (const auto policies :
         {internal::AccountPolicies(), internal::StorageAndLogPolicies(), internal::MachineLearningPolicies(),
          internal::OtherServicePolicies(), internal::ServiceRolePolicies()})
      out.insert(out.end(), policies.begin(), policies.end());
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return out;
  }();
  return all;
}

const AwsManagedPolicy* FindAwsManagedPolicy(std::string_view arn) {
  for (const AwsManagedPolicy& policy : AwsManagedPolicies())
    if (policy.Arn() == arn) return &policy;
  return nullptr;
}

bool IsAwsManagedArn(std::string_view arn) {
  return arn.starts_with("arn:aws:iam::aws:policy/");
}

}  // namespace aloft::identity
