#include "services/transform/request.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "platform/compute/instance_types.h"
#include "services/transform/errors.h"

namespace aloft::transform {
namespace {

using shapes::sagemaker::CreateTransformJobRequest;

constexpr int kMaxInstances = 16;
constexpr int kMaxMegabytes = 100;  // AWS's bound of a payload, and of all that are on their way together

Error NotBuilt(std::string_view what) {
  return Fail(kNotBuilt, "NotImplemented: " + std::string(what) + " is not built in this Aloft.");
}

Status OneOf(const std::optional<std::string>& value, std::string_view name,
             std::initializer_list<std::string_view> allowed) {
  if (!value || std::find(allowed.begin(), allowed.end(), *value) != allowed.end()) return {};
  return Fail(kBadJob, std::string(name) + " cannot be \"" + *value + "\".");
}

bool IsSet(const std::optional<std::string>& text) {
  return text && !text->empty();  // the SDK sends empty keys
}

Status CheckPlaces(const CreateTransformJobRequest& request) {
  const auto& input = *request.transform_input;
  const auto& output = *request.transform_output;
  if (!input.data_source || !input.data_source->s3_data_source) {
    return Fail(kBadJob, "TransformInput.DataSource needs an S3DataSource.");
  }
  const auto& source = *input.data_source->s3_data_source;
  if (source.s3_data_type.value_or("S3Prefix") != "S3Prefix") {
    return NotBuilt("S3DataType " + *source.s3_data_type + " of a transform job");
  }
  for (const auto& uri : {source.s3_uri.value_or(""), output.s3_output_path.value_or("")}) {
    if (!uri.starts_with("s3://") || uri.size() < 8) return Fail(kBadJob, "\"" + uri + "\" is no S3 URI.");
  }
  if (IsSet(output.kms_key_id)) return NotBuilt("TransformOutput.KmsKeyId");
  if (IsSet(request.transform_resources->volume_kms_key_id)) return NotBuilt("TransformResources.VolumeKmsKeyId");
  if (request.data_capture_config) return NotBuilt("DataCaptureConfig of a transform job");
  return {};
}

}  // namespace

Status CheckRequest(const CreateTransformJobRequest& request) {
  if (!request.transform_input || !request.transform_output || !request.transform_resources) {
    return Fail(kBadJob, "A transform job needs TransformInput, TransformOutput and TransformResources.");
  }
  ALOFT_TRY(CheckPlaces(request));
  const auto& input = *request.transform_input;
  ALOFT_TRY(OneOf(input.split_type, "SplitType", {"None", "Line", "RecordIO", "TFRecord"}));
  ALOFT_TRY(OneOf(input.compression_type, "CompressionType", {"None", "Gzip"}));
  ALOFT_TRY(OneOf(request.transform_output->assemble_with, "AssembleWith", {"None", "Line"}));
  ALOFT_TRY(OneOf(request.batch_strategy, "BatchStrategy", {"MultiRecord", "SingleRecord"}));
  if (request.data_processing) {
    ALOFT_TRY(OneOf(request.data_processing->join_source, "JoinSource", {"None", "Input"}));
  }
  int concurrent = request.max_concurrent_transforms.value_or(1);
  int megabytes = request.max_payload_in_mb.value_or(6);
  if (concurrent < 0 || megabytes < 0 || megabytes > kMaxMegabytes ||
      std::max(concurrent, 1) * megabytes > kMaxMegabytes) {
    return Fail(kBadJob, "MaxConcurrentTransforms * MaxPayloadInMB must be at most 100 MB.");
  }
  const auto& resources = *request.transform_resources;
  int instances = resources.instance_count.value_or(1);
  if (instances < 1 || instances > kMaxInstances) {
    return Fail(kBadJob, "InstanceCount must be between 1 and " + std::to_string(kMaxInstances) + ".");
  }
  Result<compute::Limits> limits = compute::LimitsOf(resources.instance_type.value_or(""));
  if (!limits.ok()) return Fail(kBadJob, limits.error().message, limits.error().detail);
  return {};
}

}  // namespace aloft::transform
