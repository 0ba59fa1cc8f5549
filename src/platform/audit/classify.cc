#include "platform/audit/classify.h"

#include <algorithm>
#include <utility>

#include "foundation/base/bytes.h"

namespace aloft::audit {
namespace {

using std::string_view;

constexpr string_view kReadingVerbs[] = {"Get",    "List",   "Describe", "Head",     "Lookup", "Search",
                                         "Filter", "Select", "Simulate", "BatchGet", "Query",  "Test"};

// Calls that change nothing though their verb says nothing of it. CloudTrail calls them read-only, too.
constexpr std::pair<string_view, string_view> kReading[] = {
    {"sts", "AssumeRole"},
    {"sts", "AssumeRoleWithWebIdentity"},
    {"sts", "AssumeRoleWithSAML"},
    {"sts", "DecodeAuthorizationMessage"},
    {"kms", "Encrypt"},
    {"kms", "Decrypt"},
    {"kms", "ReEncrypt"},
    {"kms", "GenerateDataKey"},
    {"kms", "GenerateDataKeyWithoutPlaintext"},
    {"kms", "GenerateDataKeyPair"},
    {"kms", "GenerateDataKeyPairWithoutPlaintext"},
    {"kms", "GenerateRandom"},
    {"kms", "GenerateMac"},
    {"kms", "VerifyMac"},
    {"kms", "Sign"},
    {"kms", "Verify"},
    {"sagemaker", "InvokeEndpoint"},
    {"sagemaker", "InvokeEndpointWithResponseStream"},
    {"sagemaker", "Predict"},
    {"sagemaker", "Ready"},
    {"sagemaker", "ModelInfer"},
    {"sagemaker", "ModelMetadata"},
    {"sagemaker", "ModelReady"},
    {"aloft", "Health"},
    {"aloft", "Ready"},
};

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html: the object-level operations.
constexpr string_view kObjectOperations[] = {
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateMultipartUpload",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "HeadBucket",
    "HeadObject",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PostObject",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "RestoreObject",
    "SelectObjectContent",
    "UploadPart",
    "UploadPartCopy",
};

// What says no more than that a server is there.
constexpr std::pair<string_view, string_view> kUnrecorded[] = {
    {"aloft", "Health"},         {"aloft", "Ready"},           {"aloft", "GetMetrics"},
    {"sagemaker", "ServerLive"}, {"sagemaker", "ServerReady"}, {"sagemaker", "ServerMetadata"},
};

struct DataOperation {
  string_view service, operation, type;
};
constexpr DataOperation kDataOperations[] = {
    {"sagemaker", "InvokeEndpoint", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "InvokeEndpointWithResponseStream", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "InvokeEndpointAsync", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "Predict", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "Ready", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "ModelInfer", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "ModelMetadata", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "ModelReady", "AWS::SageMaker::Endpoint"},
    {"logs", "PutLogEvents", "AWS::Logs::LogGroup"},
    {"logs", "GetLogEvents", "AWS::Logs::LogGroup"},
    {"logs", "FilterLogEvents", "AWS::Logs::LogGroup"},
    {"cloudwatch", "PutMetricData", "AWS::CloudWatch::Metric"},
    {"cloudwatch", "GetMetricData", "AWS::CloudWatch::Metric"},
    {"cloudwatch", "GetMetricStatistics", "AWS::CloudWatch::Metric"},
    {"sagemaker", "BatchPutMetrics", "AWS::SageMaker::ExperimentTrialComponent"},
};

string_view DataType(string_view service, string_view operation) {
  if (service == "s3" && std::ranges::binary_search(kObjectOperations, operation)) return "AWS::S3::Object";
  for (const DataOperation& each : kDataOperations)
    if (each.service == service && each.operation == operation) return each.type;
  return {};
}

bool IsReading(string_view service, string_view operation) {
  for (const auto& [of, name] : kReading)
    if (of == service && name == operation) return true;
  // "GetObject" and "Get" but not "Getaway": the verb ends where the next word begins.
  for (string_view verb : kReadingVerbs) {
    if (!operation.starts_with(verb)) continue;
    if (operation.size() == verb.size()) return true;
    char next = operation[verb.size()];
    if (next >= 'A' && next <= 'Z') return true;
  }
  return false;
}

struct TypeName {
  string_view service, kind, type;
};
constexpr TypeName kTypes[] = {
    {"iam", "user", "AWS::IAM::User"},
    {"iam", "group", "AWS::IAM::Group"},
    {"iam", "role", "AWS::IAM::Role"},
    {"iam", "policy", "AWS::IAM::Policy"},
    {"iam", "instance-profile", "AWS::IAM::InstanceProfile"},
    {"iam", "mfa", "AWS::IAM::MFADevice"},
    {"iam", "oidc-provider", "AWS::IAM::OIDCProvider"},
    {"kms", "key", "AWS::KMS::Key"},
    {"kms", "alias", "AWS::KMS::Alias"},
    {"logs", "log-group", "AWS::Logs::LogGroup"},
    {"cloudtrail", "trail", "AWS::CloudTrail::Trail"},
    {"sagemaker", "training-job", "AWS::SageMaker::TrainingJob"},
    {"sagemaker", "processing-job", "AWS::SageMaker::ProcessingJob"},
    {"sagemaker", "transform-job", "AWS::SageMaker::TransformJob"},
    {"sagemaker", "inference-component", "AWS::SageMaker::InferenceComponent"},
    {"sagemaker", "model", "AWS::SageMaker::Model"},
    {"sagemaker", "endpoint", "AWS::SageMaker::Endpoint"},
    {"sagemaker", "endpoint-config", "AWS::SageMaker::EndpointConfig"},
};

}  // namespace

Class Classify(string_view service, string_view operation) {
  Class out;
  out.read_only = IsReading(service, operation);
  if (std::ranges::find(kUnrecorded, std::pair(service, operation)) != std::end(kUnrecorded))
    out.category = Category::kNone;
  else if (out.data_type = DataType(service, operation); !out.data_type.empty())
    out.category = Category::kData;
  return out;
}

string_view EventSource(string_view service) {
  struct Source {
    string_view service, source;
  };
  static constexpr Source kSources[] = {
      {"s3", "s3.amazonaws.com"},
      {"iam", "iam.amazonaws.com"},
      {"sts", "sts.amazonaws.com"},
      {"kms", "kms.amazonaws.com"},
      {"logs", "logs.amazonaws.com"},
      {"sagemaker", "sagemaker.amazonaws.com"},
      {"cloudwatch", "monitoring.amazonaws.com"},
      {"cloudtrail", "cloudtrail.amazonaws.com"},
      {"organizations", "organizations.amazonaws.com"},
      {"application-autoscaling", "application-autoscaling.amazonaws.com"},
      {"tag", "tagging.amazonaws.com"},
  };
  for (const Source& each : kSources)
    if (each.service == service) return each.source;
  return service;
}

string_view ResourceType(string_view arn) {
  if (arn.starts_with("arn:aws:s3:::"))  // most of them
    return arn.find('/') == string_view::npos ? "AWS::S3::Bucket" : "AWS::S3::Object";
  auto parts = Split(arn, ':');
  if (parts.size() < 6 || parts[0] != "arn") return {};
  if (parts[2] == "s3") return parts[5].find('/') == string_view::npos ? "AWS::S3::Bucket" : "AWS::S3::Object";
  string_view kind = parts[5].substr(0, parts[5].find('/'));
  for (const TypeName& each : kTypes)
    if (each.service == parts[2] && each.kind == kind) return each.type;
  return {};
}

}  // namespace aloft::audit
