#include "services/processing/request.h"

#include <set>

#include "services/jobs/messages.h"
#include "services/objects/contract/policy.h"
#include "services/processing/errors.h"
#include "services/staging/probe.h"

namespace aloft::processing {
namespace {

using shapes::sagemaker::ProcessingInput;
using shapes::sagemaker::ProcessingOutput;

Error NotBuilt(const std::string& what) {
  return Fail(kNotBuilt, jobs::messages::NotBuilt("CreateProcessingJob with " + what));
}
Error Bad(std::string message) {
  return Fail(kBadJob, std::move(message));
}
template <class Member>
bool Filled(const std::optional<Member>& member) {
  return member && !member->empty();
}

Status CheckLocalPath(const std::string& where, const std::optional<std::string>& path) {
  if (!Filled(path)) return Bad(where + " has no LocalPath.");
  bool below = path->starts_with(std::string(kRoot) + "/") && path->find("/../") == std::string::npos &&
               !path->ends_with("/..") && path->find('\0') == std::string::npos;
  if (!below) return Bad(where + ": LocalPath must begin with " + kRoot + "/.");
  return {};
}

Status CheckUri(const std::string& where, const std::optional<std::string>& uri) {
  auto place = staging::ParseS3Uri(uri.value_or(""));
  if (!place.ok() || !objects::CheckBucketName(place->bucket).ok())
    return Bad(where + ": S3Uri must be an S3 URI (s3://bucket/prefix).");
  return {};
}

Status CheckInput(const ProcessingInput& input) {
  std::string where = "ProcessingInputs " + input.input_name.value_or("");
  if (input.dataset_definition) return NotBuilt(where + " of a DatasetDefinition");
  if (!input.s3_input) return Bad(where + " has no S3Input.");
  const auto& source = *input.s3_input;
  ALOFT_TRY(CheckUri(where, source.s3_uri));
  if (input.app_managed.value_or(false)) return {};
  ALOFT_TRY(CheckLocalPath(where, source.local_path));
  if (source.s3_input_mode.value_or("File") != "Pipe" && source.s3_compression_type.value_or("None") != "None")
    return Bad(where + ": S3CompressionType Gzip is only used in S3InputMode Pipe.");
  return {};
}

Status CheckOutput(const ProcessingOutput& output) {
  std::string where = "ProcessingOutputConfig output " + output.output_name.value_or("");
  if (output.feature_store_output) return NotBuilt(where + " to a FeatureStoreOutput");
  if (!output.s3_output) return Bad(where + " has no S3Output.");
  ALOFT_TRY(CheckUri(where, output.s3_output->s3_uri));
  if (output.app_managed.value_or(false)) return {};
  return CheckLocalPath(where, output.s3_output->local_path);
}

Status CheckResources(const CreateRequest& request) {
  if (!request.processing_resources || !request.processing_resources->cluster_config)
    return Bad("ProcessingResources.ClusterConfig is missing.");
  const auto& cluster = *request.processing_resources->cluster_config;
  if (Filled(cluster.instance_preferences)) return NotBuilt("ClusterConfig.InstancePreferences");
  if (!Filled(cluster.instance_type)) return Bad("ClusterConfig.InstanceType is missing.");
  if (cluster.instance_count.value_or(0) < 1) return Bad("ClusterConfig.InstanceCount must be at least 1.");
  if (Filled(cluster.volume_kms_key_id)) return NotBuilt("ClusterConfig.VolumeKmsKeyId");
  return {};
}

template <class List, class Name, class Check>
Status CheckEach(const std::optional<List>& list, const char* what, Name name, Check check) {
  std::set<std::string> names;
  for (const auto& one : list.value_or(List{})) {
    ALOFT_TRY(check(one));
    if (!names.insert(name(one)).second) return Bad(std::string(what) + " " + name(one) + " is named twice.");
  }
  return {};
}

}  // namespace

Status CheckRequest(const CreateRequest& request) {
  if (request.network_config && request.network_config->vpc_config) return NotBuilt("NetworkConfig.VpcConfig");
  if (!request.app_specification || !Filled(request.app_specification->image_uri))
    return Bad("AppSpecification.ImageUri is missing.");
  ALOFT_TRY(CheckResources(request));
  if (!Filled(request.role_arn)) return Bad("RoleArn is missing.");
  ALOFT_TRY(CheckEach(
      request.processing_inputs, "The input", [](const auto& one) { return one.input_name.value_or(""); },
      [](const auto& one) { return CheckInput(one); }));
  if (request.processing_output_config) {
    if (Filled(request.processing_output_config->kms_key_id)) return NotBuilt("ProcessingOutputConfig.KmsKeyId");
    ALOFT_TRY(CheckEach(
        request.processing_output_config->outputs, "The output",
        [](const auto& one) { return one.output_name.value_or(""); },
        [](const auto& one) { return CheckOutput(one); }));
  }
  for (const auto& [name, value] : request.environment.value_or(std::map<std::string, std::string>{}))
    if (value.find('\0') != std::string::npos) return Bad("Environment variable " + name + " holds a NUL.");
  return {};
}

jobs::Terms TermsOf(const CreateRequest& request) {
  jobs::Terms terms;
  terms.hosts = request.processing_resources->cluster_config->instance_count.value_or(1);
  return terms;
}

std::chrono::seconds MaxRuntimeOf(const CreateRequest& request) {
  constexpr std::chrono::seconds kDay(86'400);
  if (!request.stopping_condition || !request.stopping_condition->max_runtime_in_seconds) return kDay;
  return std::chrono::seconds(*request.stopping_condition->max_runtime_in_seconds);
}

std::vector<ProcessingInput> StagedInputs(const CreateRequest& request) {
  std::vector<ProcessingInput> staged;
  for (const ProcessingInput& input : request.processing_inputs.value_or(std::vector<ProcessingInput>{}))
    if (!input.app_managed.value_or(false)) staged.push_back(input);
  return staged;
}

std::vector<ProcessingOutput> StoredOutputs(const CreateRequest& request) {
  std::vector<ProcessingOutput> stored;
  if (!request.processing_output_config || !request.processing_output_config->outputs) return stored;
  for (const ProcessingOutput& output : *request.processing_output_config->outputs)
    if (!output.app_managed.value_or(false)) stored.push_back(output);
  return stored;
}

}  // namespace aloft::processing
