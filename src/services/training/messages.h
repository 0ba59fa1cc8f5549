// Texts that clients match or that people know from AWS; a test holds each of them.
#pragma once

#include <string>

namespace aloft::training::messages {

// DescribeTrainingJob, StopTrainingJob of what is not there (ValidationException).
inline constexpr char kNotFound[] = "Requested resource not found.";

// CreateTrainingJob (ResourceInUse).
inline std::string Exists(const std::string& name, const std::string& arn) {
  return "Training job names must be unique within an AWS account and region, and a training job with this name "
         "already exists: the name " +
         name + " is taken by " + arn;
}

// StopTrainingJob (ValidationException): the SDK takes it for "already stopped".
inline std::string AlreadyEnded(const std::string& status) {
  return "The request was rejected because the training job is in status " + status + ".";
}

// CreateTrainingJob (ValidationException).
inline std::string CannotAssume(const std::string& role_arn) {
  return "Could not assume role " + role_arn +
         ". Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.";
}

inline std::string NotBuilt(const std::string& what) {
  return what + " is not built in this Aloft.";
}

// StatusMessage of the transitions.
inline constexpr char kStarting[] = "Starting the training job";
inline constexpr char kPreparing[] = "Preparing the instances for training";
inline constexpr char kDownloading[] = "Downloading input data";
inline constexpr char kTraining[] = "Training image download completed. Training in progress.";
inline constexpr char kUploading[] = "Uploading generated training model";
inline constexpr char kStopping[] = "Stopping the training job";
inline constexpr char kCompleted[] = "Training job completed";
inline constexpr char kFailed[] = "Training job failed";
inline constexpr char kStopped[] = "Training job stopped";
inline constexpr char kMaxRuntime[] = "Training job runtime exceeded MaxRuntimeInSeconds provided";
inline constexpr char kRestarting[] = "Restarting the training job";

// FailureReason after the memory limit.
inline constexpr char kOutOfMemory[] =
    "Please use an instance type with more memory, or reduce the size of training data processed on an instance.";

}  // namespace aloft::training::messages
