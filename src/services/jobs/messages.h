// Texts that clients match or that people know from AWS; tests hold them. `noun`: "training job".
#pragma once

#include <string>

namespace aloft::jobs::messages {

// Describe, Stop of what is not there (ValidationException).
inline constexpr char kNotFound[] = "Requested resource not found.";

// Create (ResourceInUse).
inline std::string Exists(const std::string& noun, const std::string& name, const std::string& arn) {
  std::string capital = noun;
  capital[0] = static_cast<char>(capital[0] - 'a' + 'A');
  return capital + " names must be unique within an AWS account and region, and a " + noun +
         " with this name already exists: the name " + name + " is taken by " + arn;
}

// Stop (ValidationException): the SDK takes it for "already stopped".
inline std::string AlreadyEnded(const std::string& noun, const std::string& status) {
  return "The request was rejected because the " + noun + " is in status " + status + ".";
}

// Create (ValidationException).
inline std::string CannotAssume(const std::string& role_arn) {
  return "Could not assume role " + role_arn +
         ". Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.";
}

inline std::string NotBuilt(const std::string& what) {
  return what + " is not built in this Aloft.";
}

// StatusMessage of the transitions; what the kinds say themselves is in KindNames.
inline constexpr char kDownloading[] = "Downloading input data";

// FailureReason after the memory limit.
inline constexpr char kOutOfMemory[] =
    "Please use an instance type with more memory, or reduce the size of training data processed on an instance.";

}  // namespace aloft::jobs::messages
