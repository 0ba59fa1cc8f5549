// What of CreateTrainingJob the API's model does not check, from the request alone: combinations that make no sense,
// and members that ask for what is not built. Nothing that changes what a job means is accepted and left undone.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/training.h"
#include "services/jobs/hosts.h"
#include "services/jobs/kind.h"

namespace aloft::training {

using CreateRequest = shapes::sagemaker::CreateTrainingJobRequest;

// kBadJob, kNotBuilt.
Status CheckRequest(const CreateRequest& request);

std::chrono::seconds MaxRuntimeOf(const CreateRequest& request);  // a day where it says nothing
std::chrono::seconds KeepAliveOf(const CreateRequest& request);   // 0: no warm pool
// Which jobs may have each other's room; empty: none. `scope` says whose job it is.
std::string PoolOf(const std::string& scope, const CreateRequest& request);
// "File", "FastFile", "Pipe": the channel's own, else the job's.
std::string InputModeOf(const CreateRequest& request, const shapes::sagemaker::Channel& channel);
// Of a job without instance groups: one, jobs::kHomogeneous.
jobs::HostGroups HostGroupsOf(const CreateRequest& request);
// Where checkpoints lie inside; only with CheckpointConfig.
std::string CheckpointPathOf(const CreateRequest& request);
std::string ImageOf(const CreateRequest& request);
jobs::Terms TermsOfRequest(const CreateRequest& request);

// A hyperparameter as the framework estimators send it: JSON text. "\"s3://b/k\"" and "s3://b/k" both give s3://b/k.
std::string PlainHyperParameter(const CreateRequest& request, const std::string& name);

struct InputChannel {
  std::string name, uri;
};
std::vector<InputChannel> ChannelsOf(const CreateRequest& request);

// "s3://bucket/prefix/job/output", without a slash at the end.
std::string OutputPrefix(const CreateRequest& request);
bool OutputsPacked(const CreateRequest& request);

}  // namespace aloft::training
