// Buckets, images, metrics and logs.
#include "platform/identity/aws_managed/texts.h"

namespace aloft::identity::internal {
namespace {

constexpr std::string_view kS3FullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": ["s3:*", "s3-object-lambda:*"], "Resource": "*"}]
})";

constexpr std::string_view kS3ReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
    "Resource": "*"
  }]
})";

constexpr std::string_view kCloudWatchLogsFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": ["logs:*", "cloudwatch:GenerateQuery"], "Resource": "*"}]
})";

constexpr std::string_view kCloudWatchFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["application-autoscaling:DescribeScalingPolicies", "cloudwatch:*", "logs:*",
       "sns:*", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kCloudWatchFullAccessV2 = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["application-autoscaling:DescribeScalingPolicies", "cloudwatch:*", "logs:*",
       "sns:CreateTopic", "sns:ListSubscriptions", "sns:ListSubscriptionsByTopic", "sns:ListTopics",
       "sns:Subscribe", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kCloudWatchReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["application-autoscaling:DescribeScalingPolicies", "cloudwatch:Describe*",
       "cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:GenerateQuery", "logs:Describe*",
       "logs:FilterLogEvents", "logs:Get*", "logs:List*", "logs:StartLiveTail", "logs:StartQuery",
       "logs:StopLiveTail", "logs:StopQuery", "logs:TestMetricFilter", "sns:Get*", "sns:List*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kCloudWatchLogsReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["logs:Describe*", "logs:FilterLogEvents", "logs:Get*", "logs:List*",
       "logs:StartLiveTail", "logs:StartQuery", "logs:StopLiveTail", "logs:StopQuery", "logs:TestMetricFilter",
       "cloudwatch:GenerateQuery"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonEC2ContainerRegistryReadOnly = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
       "ecr:DescribeImages", "ecr:DescribeImageScanFindings", "ecr:DescribeRepositories",
       "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecr:GetLifecyclePolicy",
       "ecr:GetLifecyclePolicyPreview", "ecr:GetRepositoryPolicy", "ecr:ListImages", "ecr:ListTagsForResource"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonEC2ContainerRegistryPowerUser = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage",
       "ecr:DescribeImages", "ecr:DescribeImageScanFindings", "ecr:DescribeRepositories",
       "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecr:GetLifecyclePolicy",
       "ecr:GetLifecyclePolicyPreview", "ecr:GetRepositoryPolicy", "ecr:ListImages", "ecr:ListTagsForResource",
       "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonEC2ContainerRegistryFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["ecr:*", "cloudtrail:LookupEvents"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonEC2ContainerRegistryPullOnly = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:BatchImportUpstreamImage",
       "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"],
     "Resource": "*"}
  ]
})";

constexpr AwsManagedPolicy kPolicies[] = {
    {"AmazonS3FullAccess", "/", "Provides full access to all buckets.", kS3FullAccess, 2, "ANPAIFIR6V6BVTRAHWINE"},
    {"AmazonS3ReadOnlyAccess", "/", "Provides read only access to all buckets.", kS3ReadOnlyAccess, 3,
     "ANPAIZTJ4DXE7G6AGAE6M"},
    {"CloudWatchLogsFullAccess", "/", "Provides full access to logs.", kCloudWatchLogsFullAccess, 2,
     "ANPAJ3ZGNWK2R5HW5BQFO"},
    {"CloudWatchFullAccess", "/", "Full access to CloudWatch and its logs.", kCloudWatchFullAccess, 4,
     "ANPAIKEABORKUXN6DEAZU"},
    {"CloudWatchFullAccessV2", "/", "Full access to CloudWatch and its logs.", kCloudWatchFullAccessV2, 2,
     "ANPAZKAPJZG4KTZSYJLNP"},
    {"CloudWatchReadOnlyAccess", "/", "Read-only access to CloudWatch and its logs.", kCloudWatchReadOnlyAccess, 9,
     "ANPAJN23PDQP7SZQAE3QE"},
    {"CloudWatchLogsReadOnlyAccess", "/", "Read-only access to logs.", kCloudWatchLogsReadOnlyAccess, 7,
     "ANPAJ2YIYDYSNNEHK3VKW"},
    {"AmazonEC2ContainerRegistryReadOnly", "/", "Read-only access to container repositories.",
     kAmazonEC2ContainerRegistryReadOnly, 4, "ANPAIFYZPA37OOHVIH7KQ"},
    {"AmazonEC2ContainerRegistryPowerUser", "/",
     "Full access to container repositories, but not their deletion or policies.", kAmazonEC2ContainerRegistryPowerUser,
     5, "ANPAJDNE5PIHROIBGGDDW"},
    {"AmazonEC2ContainerRegistryFullAccess", "/", "Full access to container repositories.",
     kAmazonEC2ContainerRegistryFullAccess, 3, "ANPAIESRL7KD7IIVF6V4W"},
    {"AmazonEC2ContainerRegistryPullOnly", "/", "Pulling images from container repositories.",
     kAmazonEC2ContainerRegistryPullOnly, 2, "ANPAZKAPJZG4JUPVWDQVI"},
};

}  // namespace

std::span<const AwsManagedPolicy> StorageAndLogPolicies() {
  return kPolicies;
}

}  // namespace aloft::identity::internal
