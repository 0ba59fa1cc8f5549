// What services need to act for an account.
#include "platform/identity/aws_managed/texts.h"

namespace aloft::identity::internal {
namespace {

constexpr std::string_view kAWSLambdaBasicExecutionRole = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSLambdaSQSQueueExecutionRole = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
       "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSLambdaDynamoDBExecutionRole = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["dynamodb:DescribeStream", "dynamodb:GetRecords",
       "dynamodb:GetShardIterator", "dynamodb:ListStreams", "logs:CreateLogGroup", "logs:CreateLogStream",
       "logs:PutLogEvents"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSLambdaRole = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["lambda:InvokeFunction"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAWSGlueServiceRole = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["glue:*", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListAllMyBuckets",
       "s3:GetBucketAcl", "iam:ListRolePolicies", "iam:GetRole", "iam:GetRolePolicy",
       "cloudwatch:PutMetricData"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:CreateBucket"],
     "Resource": ["arn:aws:s3:::aws-glue-*"]},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
     "Resource": ["arn:aws:s3:::aws-glue-*/*", "arn:aws:s3:::*/*aws-glue-*/*"]},
    {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
     "Resource": ["arn:aws:logs:*:*:*:/aws-glue/*"]}
  ]
})";

constexpr std::string_view kAWSBatchServiceRole = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups",
       "logs:PutLogEvents", "iam:GetInstanceProfile", "iam:GetRole"],
     "Resource": "*"}
  ]
})";

constexpr AwsManagedPolicy kPolicies[] = {
    {"AWSLambdaBasicExecutionRole", "/service-role/", "Lets a function write its log.", kAWSLambdaBasicExecutionRole, 1,
     "ANPAJNCQGXC42545SKXIK"},
    {"AWSLambdaSQSQueueExecutionRole", "/service-role/", "Lets a function read a queue and write its log.",
     kAWSLambdaSQSQueueExecutionRole, 1, "ANPAJFWJZI6JNND4TSELK"},
    {"AWSLambdaDynamoDBExecutionRole", "/service-role/", "Lets a function read a table's stream and write its log.",
     kAWSLambdaDynamoDBExecutionRole, 1, "ANPAIP7WNAGMIPYNW4WQG"},
    {"AWSLambdaRole", "/service-role/", "Lets a service call functions.", kAWSLambdaRole, 1, "ANPAJX4DPCRGTC4NFDUXI"},
    {"AWSGlueServiceRole", "/service-role/", "What crawlers and jobs of the data catalogue need.", kAWSGlueServiceRole,
     5, "ANPAIRUJCPEBPMEZFAS32"},
    {"AWSBatchServiceRole", "/service-role/", "What the batch service needs of this cloud.", kAWSBatchServiceRole, 13,
     "ANPAIUETIXPCKASQJURFE"},
};

}  // namespace

std::span<const AwsManagedPolicy> ServiceRolePolicies() {
  return kPolicies;
}

}  // namespace aloft::identity::internal
