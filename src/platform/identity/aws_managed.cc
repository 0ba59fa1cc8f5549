#include "platform/identity/aws_managed.h"

#include <algorithm>
#include <vector>

#include "platform/identity/aws_managed_more.h"

namespace aloft::identity {
namespace {

constexpr std::string_view kAdministratorAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
})";

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

// As AWS's: everything of SageMaker, the neighbours a notebook needs, buckets and objects with "sagemaker" in the name
// or a tag that says so, and roles that may be passed to SageMaker only.
constexpr std::string_view kSageMakerFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sagemaker:*"], "Resource": "*"},
    {"Effect": "Allow",
     "Action": [
       "application-autoscaling:*ScalingPolicy", "application-autoscaling:*ScalableTarget",
       "application-autoscaling:*ScheduledAction", "application-autoscaling:Describe*",
       "cloudwatch:DeleteAlarms", "cloudwatch:Describe*", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics",
       "cloudwatch:ListMetrics", "cloudwatch:PutMetricAlarm", "cloudwatch:PutMetricData",
       "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CreateRepository", "ecr:Describe*",
       "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecr:StartImageScan",
       "events:DescribeRule", "events:ListRules", "events:ListTargetsByRule",
       "glue:GetDatabase*", "glue:GetTable*", "glue:GetPartition*", "glue:CreateDatabase", "glue:CreateTable",
       "glue:UpdateTable", "glue:DeleteTable", "glue:DeleteDatabase", "glue:SearchTables",
       "iam:GetRole", "iam:ListRoles", "kms:DescribeKey", "kms:ListAliases", "lambda:ListFunctions",
       "logs:CreateLogDelivery", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DeleteLogDelivery",
       "logs:Describe*", "logs:FilterLogEvents", "logs:GetLogDelivery", "logs:GetLogEvents", "logs:ListLogDeliveries",
       "logs:PutLogEvents", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
       "sns:ListTopics", "states:*StateMachine*", "states:*Execution*", "sts:GetCallerIdentity", "tag:GetResources"
     ],
     "Resource": "*"},
    {"Effect": "Allow",
     "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts",
                "s3:PutObject"],
     "Resource": ["arn:aws:s3:::*SageMaker*", "arn:aws:s3:::*Sagemaker*", "arn:aws:s3:::*sagemaker*",
                  "arn:aws:s3:::*aws-glue*"]},
    {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*",
     "Condition": {"StringEqualsIgnoreCase": {"s3:ExistingObjectTag/SageMaker": "true"}}},
    {"Effect": "Allow",
     "Action": ["s3:CreateBucket", "s3:GetBucketAcl", "s3:GetBucketCors", "s3:GetBucketLocation", "s3:ListAllMyBuckets",
                "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutBucketCors", "s3:PutObjectAcl"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["lambda:InvokeFunction"],
     "Resource": ["arn:aws:lambda:*:*:function:*SageMaker*", "arn:aws:lambda:*:*:function:*sagemaker*",
                  "arn:aws:lambda:*:*:function:*Sagemaker*"]},
    {"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": "arn:aws:iam::*:role/*",
     "Condition": {"StringEquals": {"iam:PassedToService": [
       "sagemaker.amazonaws.com", "glue.amazonaws.com", "robomaker.amazonaws.com", "states.amazonaws.com"]}}}
  ]
})";

// Verbs that only read, of every service built or planned here.
constexpr std::string_view kReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": [
      "application-autoscaling:Describe*", "application-autoscaling:List*", "athena:Batch*", "athena:Get*",
      "athena:List*", "batch:Describe*", "batch:List*", "budgets:Describe*", "budgets:View*", "ce:Get*", "ce:List*",
      "cloudtrail:LookupEvents", "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "dynamodb:BatchGet*",
      "dynamodb:Describe*", "dynamodb:Get*", "dynamodb:List*", "dynamodb:PartiQLSelect", "dynamodb:Query",
      "dynamodb:Scan", "ec2:Describe*", "ec2:Get*", "ecr:BatchCheck*", "ecr:BatchGet*", "ecr:Describe*", "ecr:Get*",
      "ecr:List*", "events:Describe*", "events:List*", "events:Test*", "glue:BatchGet*", "glue:Get*", "glue:List*",
      "glue:Search*", "iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*", "kms:Describe*", "kms:GetKey*",
      "kms:GetPublicKey", "kms:List*", "lambda:Get*", "lambda:List*", "logs:Describe*", "logs:FilterLogEvents",
      "logs:Get*", "logs:List*", "logs:StartQuery", "logs:StopQuery", "logs:TestMetricFilter", "pricing:Get*",
      "resource-groups:Get*", "resource-groups:List*", "resource-groups:Search*", "s3:Describe*", "s3:Get*",
      "s3:List*", "sagemaker:BatchGet*", "sagemaker:Describe*", "sagemaker:Get*", "sagemaker:List*",
      "sagemaker:Query*", "sagemaker:Render*", "sagemaker:Search", "scheduler:Get*", "scheduler:List*", "sns:Check*",
      "sns:Get*", "sns:List*", "sqs:Get*", "sqs:List*", "states:Describe*", "states:Get*", "states:List*",
      "sts:GetAccessKeyInfo", "sts:GetCallerIdentity", "sts:GetSessionToken", "tag:Get*"
    ],
    "Resource": "*"
  }]
})";

constexpr std::string_view kCloudWatchLogsFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": ["logs:*", "cloudwatch:GenerateQuery"], "Resource": "*"}]
})";

constexpr std::string_view kIamFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": ["iam:*"], "Resource": "*"}]
})";

constexpr AwsManagedPolicy kPolicies[] = {
    {"AdministratorAccess", "/", "Provides full access to services and resources.", kAdministratorAccess, 1,
     "ANPAIWMBCKSKIEE64ZLYK"},
    {"AmazonS3FullAccess", "/", "Provides full access to all buckets.", kS3FullAccess, 2, "ANPAIFIR6V6BVTRAHWINE"},
    {"AmazonS3ReadOnlyAccess", "/", "Provides read only access to all buckets.", kS3ReadOnlyAccess, 3,
     "ANPAIZTJ4DXE7G6AGAE6M"},
    {"AmazonSageMakerFullAccess", "/", "Provides full access to SageMaker, and to what it needs of other services.",
     kSageMakerFullAccess, 26, "ANPAJZ5IWYMXO5QDB4QOG"},
    {"CloudWatchLogsFullAccess", "/", "Provides full access to logs.", kCloudWatchLogsFullAccess, 2,
     "ANPAJ3ZGNWK2R5HW5BQFO"},
    {"IAMFullAccess", "/", "Provides full access to IAM.", kIamFullAccess, 2, "ANPAI7XKCFMBPM3QQRRVQ"},
    {"ReadOnlyAccess", "/", "Provides read-only access to services and resources.", kReadOnlyAccess, 139,
     "ANPAILL3HVNFSB6DCOWYQ"},
};

}  // namespace

// By name, as lists of IAM come.
std::span<const AwsManagedPolicy> AwsManagedPolicies() {
  static const std::vector<AwsManagedPolicy> all = [] {
    std::vector<AwsManagedPolicy> out(std::begin(kPolicies), std::end(kPolicies));
    const auto more = MoreAwsManagedPolicies();
    out.insert(out.end(), more.begin(), more.end());
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
