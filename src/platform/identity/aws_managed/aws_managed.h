// The managed policies that every AWS account has, under their AWS names: those that ML teams use, in our own words.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace aloft::identity {

struct AwsManagedPolicy {
  std::string_view name;
  std::string_view path;  // "/", "/job-function/"
  std::string_view description;
  std::string_view document;
  int version;          // the number AWS's default version had when the text was written; only shown
  std::string_view id;  // ANPA...

  std::string Arn() const { return "arn:aws:iam::aws:policy" + std::string(path) + std::string(name); }
};

std::span<const AwsManagedPolicy> AwsManagedPolicies();
// Null where there is none of that ARN.
const AwsManagedPolicy* FindAwsManagedPolicy(std::string_view arn);
// Whether the ARN is in AWS's own namespace, known or not.
bool IsAwsManagedArn(std::string_view arn);

}  // namespace aloft::identity
