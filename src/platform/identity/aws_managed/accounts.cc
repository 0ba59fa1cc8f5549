// Administration, jobs and reviews: of people rather than of one service.
#include "platform/identity/aws_managed/texts.h"

namespace aloft::identity::internal {
namespace {

constexpr std::string_view kAdministratorAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
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

constexpr std::string_view kIamFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Action": ["iam:*"], "Resource": "*"}]
})";

constexpr std::string_view kPowerUserAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole",
       "iam:ListRoles", "organizations:DescribeOrganization"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kIAMReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["iam:GenerateCredentialReport", "iam:GenerateServiceLastAccessedDetails",
       "iam:Get*", "iam:List*", "iam:SimulateCustomPolicy", "iam:SimulatePrincipalPolicy"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kIAMUserChangePassword = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["iam:ChangePassword"],
     "Resource": "arn:aws:iam::*:user/${aws:username}"},
    {"Effect": "Allow", "Action": ["iam:GetAccountPasswordPolicy"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSKeyManagementServicePowerUser = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["kms:CreateAlias", "kms:CreateKey", "kms:DeleteAlias", "kms:Describe*",
       "kms:GenerateRandom", "kms:Get*", "kms:List*", "kms:TagResource", "kms:UntagResource", "iam:ListGroups",
       "iam:ListRoles", "iam:ListUsers"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSCloudTrailFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["cloudtrail:*", "s3:ListAllMyBuckets", "sns:ListTopics",
       "logs:CreateLogGroup", "iam:ListRoles", "kms:ListAliases", "kms:ListKeys", "lambda:ListFunctions",
       "dynamodb:ListTables"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "*",
     "Condition": {"StringEquals": {"iam:PassedToService": "cloudtrail.amazonaws.com"}}}
  ]
})";

constexpr std::string_view kAWSCloudTrailReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*",
       "cloudtrail:LookupEvents"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSOrganizationsFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["organizations:*"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:CreateServiceLinkedRole"],
     "Resource": "*",
     "Condition": {"StringEquals": {"iam:AWSServiceName": "organizations.amazonaws.com"}}}
  ]
})";

constexpr std::string_view kAWSOrganizationsReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["organizations:Describe*", "organizations:List*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kSecurityAudit = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["application-autoscaling:Describe*", "athena:Get*", "athena:List*",
       "cloudtrail:Describe*", "cloudtrail:Get*", "cloudtrail:List*", "cloudtrail:LookupEvents",
       "cloudwatch:Describe*", "cloudwatch:List*", "dynamodb:Describe*", "dynamodb:List*", "ecr:Describe*",
       "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:ListImages", "ecr:ListTagsForResource",
       "events:Describe*", "events:List*", "glue:GetDatabases", "glue:GetResourcePolicy", "glue:GetTags",
       "iam:Generate*", "iam:Get*", "iam:List*", "iam:Simulate*", "kms:Describe*", "kms:GetKeyPolicy",
       "kms:GetKeyRotationStatus", "kms:List*", "lambda:GetAccountSettings", "lambda:GetFunctionConfiguration",
       "lambda:GetPolicy", "lambda:List*", "logs:Describe*", "logs:ListTagsForResource",
       "organizations:Describe*", "organizations:List*", "s3:GetAccelerateConfiguration",
       "s3:GetAccountPublicAccessBlock", "s3:GetBucket*", "s3:GetEncryptionConfiguration",
       "s3:GetInventoryConfiguration", "s3:GetLifecycleConfiguration", "s3:GetObjectAcl",
       "s3:GetObjectVersionAcl", "s3:GetReplicationConfiguration", "s3:ListAllMyBuckets",
       "sagemaker:Describe*", "sagemaker:List*", "sns:Get*", "sns:List*", "sqs:GetQueueAttributes",
       "sqs:List*", "states:Describe*", "states:List*", "sts:GetCallerIdentity", "tag:Get*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kViewOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["application-autoscaling:Describe*", "athena:List*",
       "cloudtrail:DescribeTrails", "cloudtrail:LookupEvents", "cloudwatch:Describe*", "cloudwatch:Get*",
       "cloudwatch:List*", "dynamodb:DescribeLimits", "dynamodb:DescribeTable", "dynamodb:ListTables",
       "ecr:DescribeRepositories", "ecr:ListImages", "events:ListRuleNamesByTarget", "events:ListRules",
       "events:ListTargetsByRule", "glue:List*", "iam:GetAccountSummary", "iam:GetLoginProfile", "iam:List*",
       "kms:ListAliases", "kms:ListKeys", "lambda:List*", "logs:Describe*", "organizations:List*",
       "s3:GetBucketLocation", "s3:ListAllMyBuckets", "s3:ListBucket", "sagemaker:Describe*",
       "sagemaker:List*", "scheduler:List*", "sns:List*", "sqs:List*", "states:List*", "sts:GetCallerIdentity",
       "tag:GetResources"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kDataScientist = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["athena:*", "cloudwatch:*", "dynamodb:*", "ecr:*", "events:*", "glue:*",
       "kms:Describe*", "kms:List*", "lambda:Create*", "lambda:Delete*", "lambda:Get*",
       "lambda:InvokeFunction", "lambda:List*", "lambda:PublishVersion", "lambda:Update*", "logs:*", "s3:*",
       "sagemaker:*", "sns:CreateTopic", "sns:Get*", "sns:List*", "sts:GetCallerIdentity",
       "iam:GetInstanceProfile", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole",
       "iam:ListInstanceProfiles", "iam:ListRoles"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "*",
     "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
  ]
})";

constexpr std::string_view kBilling = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["budgets:*", "ce:*", "cur:*", "pricing:*", "billing:*",
       "account:GetAccountInformation"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kNetworkAdministrator = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms",
       "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "cloudwatch:PutMetricAlarm",
       "logs:Describe*", "logs:GetLogEvents", "s3:GetBucketLocation", "s3:ListAllMyBuckets", "s3:ListBucket",
       "sns:CreateTopic", "sns:ListSubscriptionsByTopic", "sns:ListTopics"],
     "Resource": "*"}
  ]
})";

constexpr AwsManagedPolicy kPolicies[] = {
    {"AdministratorAccess", "/", "Provides full access to services and resources.", kAdministratorAccess, 1,
     "ANPAIWMBCKSKIEE64ZLYK"},
    {"ReadOnlyAccess", "/", "Provides read-only access to services and resources.", kReadOnlyAccess, 139,
     "ANPAILL3HVNFSB6DCOWYQ"},
    {"IAMFullAccess", "/", "Provides full access to IAM.", kIamFullAccess, 2, "ANPAI7XKCFMBPM3QQRRVQ"},
    {"PowerUserAccess", "/", "Full access to services and resources, but not to the management of users and groups.",
     kPowerUserAccess, 9, "ANPAJYRXTHIB4FOVS3ZXS"},
    {"IAMReadOnlyAccess", "/", "Read-only access to IAM.", kIAMReadOnlyAccess, 4, "ANPAJKSO7NDY4T57MWDSQ"},
    {"IAMUserChangePassword", "/", "Lets a user change the user's own password.", kIAMUserChangePassword, 2,
     "ANPAJ4L4MM2A7QIEB56MS"},
    {"AWSKeyManagementServicePowerUser", "/", "Use and administration of keys, but not their deletion.",
     kAWSKeyManagementServicePowerUser, 4, "ANPAJNPP7PPPPMJRV2SA4"},
    {"AWSCloudTrail_FullAccess", "/", "Full access to the audit trail.", kAWSCloudTrailFullAccess, 9,
     "ANPAZKAPJZG4CQ5RFGIJH"},
    {"AWSCloudTrail_ReadOnlyAccess", "/", "Read-only access to the audit trail.", kAWSCloudTrailReadOnlyAccess, 1,
     "ANPAZKAPJZG4H4PXXCLWT"},
    {"AWSOrganizationsFullAccess", "/", "Full access to the organization and its accounts.",
     kAWSOrganizationsFullAccess, 5, "ANPAJZXBNRCJKNLQHSB5M"},
    {"AWSOrganizationsReadOnlyAccess", "/", "Read-only access to the organization and its accounts.",
     kAWSOrganizationsReadOnlyAccess, 4, "ANPAJY5RQATUV77PEPVOM"},
    {"SecurityAudit", "/", "Reading the configuration of services for a review of their security.", kSecurityAudit, 105,
     "ANPAIX2T3QCXHR2OGGCTO"},
    {"ViewOnlyAccess", "/job-function/", "Lists and descriptions of resources, without what is in them.",
     kViewOnlyAccess, 26, "ANPAID22R6XPJATWOFDK6"},
    {"DataScientist", "/job-function/", "What analysts and data scientists use.", kDataScientist, 6,
     "ANPAJ5YHI2BQW7EQFYDXS"},
    {"Billing", "/job-function/", "Costs, budgets and payment.", kBilling, 7, "ANPAIFTHXT6FFMIRT7ZEA"},
    {"NetworkAdministrator", "/job-function/",
     "Administration of networks; of what is here, it reads metrics, logs and lists.", kNetworkAdministrator, 14,
     "ANPAJPNMADZFJCVPJVZA2"},
};

}  // namespace

std::span<const AwsManagedPolicy> AccountPolicies() {
  return kPolicies;
}

}  // namespace aloft::identity::internal
