// SageMaker's neighbours: functions, tables, queries, workflows, events, queues.
#include "platform/identity/aws_managed/texts.h"

namespace aloft::identity::internal {
namespace {

constexpr std::string_view kAWSLambdaFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "kms:ListAliases",
       "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy",
       "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListRoles", "lambda:*",
       "logs:DescribeLogGroups", "states:DescribeStateMachine", "states:ListStateMachines", "tag:GetResources"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "*",
     "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}},
    {"Effect": "Allow", "Action": ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
     "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/*"}
  ]
})";

constexpr std::string_view kAWSLambdaReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "kms:ListAliases",
       "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy",
       "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListRoles", "lambda:Get*", "lambda:List*",
       "logs:DescribeLogGroups", "tag:GetResources"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
     "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/*"}
  ]
})";

constexpr std::string_view kAmazonDynamoDBFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["dynamodb:*", "application-autoscaling:*", "cloudwatch:DeleteAlarms",
       "cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric",
       "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "cloudwatch:PutMetricAlarm", "iam:GetRole",
       "iam:ListRoles", "kms:DescribeKey", "kms:ListAliases", "lambda:ListFunctions", "sns:ListTopics",
       "tag:GetResources"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "*",
     "Condition": {"StringLike": {"iam:PassedToService": ["application-autoscaling.amazonaws.com",
       "dax.amazonaws.com"]}}}
  ]
})";

constexpr std::string_view kAmazonDynamoDBReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["application-autoscaling:Describe*", "cloudwatch:Describe*",
       "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "dynamodb:BatchGetItem",
       "dynamodb:Describe*", "dynamodb:Get*", "dynamodb:List*", "dynamodb:PartiQLSelect", "dynamodb:Query",
       "dynamodb:Scan", "iam:GetRole", "iam:ListRoles", "kms:DescribeKey", "kms:ListAliases", "sns:ListTopics",
       "tag:GetResources"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonAthenaFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["athena:*", "glue:*Database*", "glue:*Table*", "glue:*Partition*",
       "glue:*ColumnStatistics*", "s3:GetBucketLocation", "s3:ListAllMyBuckets", "s3:ListBucket",
       "sns:GetTopicAttributes", "sns:ListTopics", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData",
       "cloudwatch:PutMetricAlarm"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:AbortMultipartUpload", "s3:CreateBucket", "s3:GetBucketLocation",
       "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts",
       "s3:PutObject"],
     "Resource": ["arn:aws:s3:::aws-athena-query-results-*"]}
  ]
})";

constexpr std::string_view kAWSGlueConsoleFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["glue:*", "s3:ListAllMyBuckets", "s3:ListBucket", "s3:GetBucketAcl",
       "s3:GetBucketLocation", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies",
       "iam:ListRolePolicies", "iam:ListRoles", "cloudwatch:GetMetricData", "cloudwatch:ListDashboards",
       "logs:DescribeLogGroups", "tag:GetResources"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
     "Resource": ["arn:aws:s3:::aws-glue-*/*", "arn:aws:s3:::*/*aws-glue-*/*"]},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "arn:aws:iam::*:role/*",
     "Condition": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}}
  ]
})";

constexpr std::string_view kAWSStepFunctionsFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["states:*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSStepFunctionsReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["states:Describe*", "states:Get*", "states:List*",
       "states:ValidateStateMachineDefinition"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonEventBridgeFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["events:*", "schemas:*", "scheduler:*", "pipes:*"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "arn:aws:iam::*:role/*",
     "Condition": {"StringEquals": {"iam:PassedToService": ["events.amazonaws.com", "scheduler.amazonaws.com",
       "pipes.amazonaws.com"]}}}
  ]
})";

constexpr std::string_view kAmazonEventBridgeReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["events:Describe*", "events:List*", "events:TestEventPattern",
       "schemas:Describe*", "schemas:Get*", "schemas:List*", "schemas:Search*", "scheduler:Get*",
       "scheduler:List*", "pipes:Describe*", "pipes:List*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonEventBridgeSchedulerFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["scheduler:*"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "arn:aws:iam::*:role/*",
     "Condition": {"StringLike": {"iam:PassedToService": "scheduler.amazonaws.com"}}}
  ]
})";

constexpr std::string_view kAmazonSNSFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sns:*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonSNSReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sns:CheckIfPhoneNumberIsOptedOut", "sns:Get*", "sns:List*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonSQSFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sqs:*"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonSQSReadOnlyAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sqs:Get*", "sqs:List*"],
     "Resource": "*"}
  ]
})";

constexpr AwsManagedPolicy kPolicies[] = {
    {"AWSLambda_FullAccess", "/", "Full access to functions, and to what they need of other services.",
     kAWSLambdaFullAccess, 2, "ANPAZKAPJZG4ONKCBDTYE"},
    {"AWSLambda_ReadOnlyAccess", "/", "Read-only access to functions.", kAWSLambdaReadOnlyAccess, 2,
     "ANPAZKAPJZG4CCMOTCNAI"},
    {"AmazonDynamoDBFullAccess", "/", "Full access to tables, and to what watches and scales them.",
     kAmazonDynamoDBFullAccess, 16, "ANPAINUGF2JSOSUY76KYA"},
    {"AmazonDynamoDBReadOnlyAccess", "/", "Read-only access to tables.", kAmazonDynamoDBReadOnlyAccess, 14,
     "ANPAIY2XFNA232XJ6J7X2"},
    {"AmazonAthenaFullAccess", "/", "Full access to Athena, and to the catalogue and results that it works on.",
     kAmazonAthenaFullAccess, 12, "ANPAIPJMLMD4C7RYZ6XCK"},
    {"AWSGlueConsoleFullAccess", "/", "Full access to the data catalogue.", kAWSGlueConsoleFullAccess, 14,
     "ANPAJNZGDEOD7MISOVSVI"},
    {"AWSStepFunctionsFullAccess", "/", "Full access to workflows.", kAWSStepFunctionsFullAccess, 1,
     "ANPAJXKA6VP3UFBVHDPPA"},
    {"AWSStepFunctionsReadOnlyAccess", "/", "Read-only access to workflows.", kAWSStepFunctionsReadOnlyAccess, 3,
     "ANPAJONHB2TJQDJPFW5TM"},
    {"AmazonEventBridgeFullAccess", "/", "Full access to events and schedules.", kAmazonEventBridgeFullAccess, 5,
     "ANPAZKAPJZG4KNQQZ6VLJ"},
    {"AmazonEventBridgeReadOnlyAccess", "/", "Read-only access to events and schedules.",
     kAmazonEventBridgeReadOnlyAccess, 6, "ANPAZKAPJZG4JJCDVJFZA"},
    {"AmazonEventBridgeSchedulerFullAccess", "/", "Full access to schedules.", kAmazonEventBridgeSchedulerFullAccess, 1,
     "ANPAZKAPJZG4L3TBX5HWN"},
    {"AmazonSNSFullAccess", "/", "Full access to topics.", kAmazonSNSFullAccess, 2, "ANPAJWEKLCXXUNT2SOLSG"},
    {"AmazonSNSReadOnlyAccess", "/", "Read-only access to topics.", kAmazonSNSReadOnlyAccess, 2,
     "ANPAIZGQCQTFOFPMHSB6W"},
    {"AmazonSQSFullAccess", "/", "Full access to queues.", kAmazonSQSFullAccess, 1, "ANPAI65L554VRJ33ECQS6"},
    {"AmazonSQSReadOnlyAccess", "/", "Read-only access to queues.", kAmazonSQSReadOnlyAccess, 4,
     "ANPAIUGSSQY362XGCM6KW"},
};

}  // namespace

std::span<const AwsManagedPolicy> OtherServicePolicies() {
  return kPolicies;
}

}  // namespace aloft::identity::internal
