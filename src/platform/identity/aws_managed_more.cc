// The managed policies of AWS's neighbours of SageMaker, of jobs and of services; those that decide most are in
// aws_managed.cc.
#include "platform/identity/aws_managed_more.h"

namespace aloft::identity {
namespace {

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

constexpr std::string_view kAmazonSageMakerReadOnly = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["application-autoscaling:Describe*", "cloudwatch:DescribeAlarms",
       "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "ecr:Describe*",
       "logs:Describe*", "logs:GetLogEvents", "sagemaker:BatchGetMetrics", "sagemaker:BatchGetRecord",
       "sagemaker:Describe*", "sagemaker:Get*", "sagemaker:List*", "sagemaker:Search"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonSageMakerCanvasFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sagemaker:CreateModel*", "sagemaker:CreateTrainingJob",
       "sagemaker:CreateTransformJob", "sagemaker:CreateProcessingJob", "sagemaker:CreateAutoML*",
       "sagemaker:CreateEndpoint*", "sagemaker:UpdateEndpoint*", "sagemaker:InvokeEndpoint",
       "sagemaker:Describe*", "sagemaker:List*", "sagemaker:Search", "sagemaker:Stop*",
       "sagemaker:DeleteEndpoint*", "sagemaker:DeleteModel", "sagemaker:AddTags"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
     "Resource": ["arn:aws:s3:::*SageMaker*", "arn:aws:s3:::*Sagemaker*", "arn:aws:s3:::*sagemaker*"]},
    {"Effect": "Allow", "Action": ["s3:CreateBucket", "s3:GetBucketCors", "s3:GetBucketLocation",
       "s3:ListBucket", "s3:ListAllMyBuckets", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:Describe*",
       "logs:PutLogEvents", "logs:GetLogEvents", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "arn:aws:iam::*:role/*",
     "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}
  ]
})";

constexpr std::string_view kAmazonSageMakerFeatureStoreAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetBucketAcl", "s3:PutObjectAcl"],
     "Resource": ["arn:aws:s3:::*SageMaker*", "arn:aws:s3:::*Sagemaker*", "arn:aws:s3:::*sagemaker*"]},
    {"Effect": "Allow", "Action": ["glue:GetTable", "glue:UpdateTable"],
     "Resource": ["arn:aws:glue:*:*:catalog", "arn:aws:glue:*:*:database/sagemaker_featurestore",
       "arn:aws:glue:*:*:table/sagemaker_featurestore/*"]}
  ]
})";

constexpr std::string_view kAmazonSageMakerModelRegistryFullAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sagemaker:CreateAction", "sagemaker:CreateInferenceRecommendationsJob",
       "sagemaker:CreateModel", "sagemaker:CreateModelPackage*", "sagemaker:DeleteModelPackage*",
       "sagemaker:DescribeAction", "sagemaker:DescribeModel*", "sagemaker:GetModelPackageGroupPolicy",
       "sagemaker:ListAssociations", "sagemaker:ListArtifacts", "sagemaker:ListModel*",
       "sagemaker:PutModelPackageGroupPolicy", "sagemaker:UpdateModelPackage", "sagemaker:AddTags",
       "sagemaker:DeleteTags", "sagemaker:ListTags", "sagemaker:Search"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonSageMakerPipelinesIntegrations = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction",
       "lambda:InvokeFunction", "lambda:UpdateFunctionCode"],
     "Resource": ["arn:aws:lambda:*:*:function:*sagemaker*", "arn:aws:lambda:*:*:function:*SageMaker*"]},
    {"Effect": "Allow", "Action": ["sqs:CreateQueue", "sqs:SendMessage"],
     "Resource": ["arn:aws:sqs:*:*:*sagemaker*", "arn:aws:sqs:*:*:*SageMaker*"]},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "arn:aws:iam::*:role/*",
     "Condition": {"StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com",
       "elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"]}}}
  ]
})";

constexpr std::string_view kAmazonSageMakerGroundTruthExecution = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["lambda:InvokeFunction"],
     "Resource": ["arn:aws:lambda:*:*:function:*GtRecipe*", "arn:aws:lambda:*:*:function:*LabelingFunction*",
       "arn:aws:lambda:*:*:function:*SageMaker*", "arn:aws:lambda:*:*:function:*sagemaker*"]},
    {"Effect": "Allow", "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
     "Resource": ["arn:aws:s3:::*GroundTruth*", "arn:aws:s3:::*groundtruth*", "arn:aws:s3:::*SageMaker*",
       "arn:aws:s3:::*sagemaker*"]},
    {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket", "cloudwatch:PutMetricData",
       "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
     "Resource": "*"}
  ]
})";

constexpr std::string_view kAmazonSageMakerMechanicalTurkAccess = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sagemaker:*FlowDefinition", "sagemaker:*FlowDefinitions"],
     "Resource": "*"}
  ]
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

constexpr std::string_view kAWSKeyManagementServicePowerUser = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["kms:CreateAlias", "kms:CreateKey", "kms:DeleteAlias", "kms:Describe*",
       "kms:GenerateRandom", "kms:Get*", "kms:List*", "kms:TagResource", "kms:UntagResource", "iam:ListGroups",
       "iam:ListRoles", "iam:ListUsers"],
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

constexpr std::string_view kAmazonSageMakerServiceCatalogProductsUseRole = R"({
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": ["sagemaker:*"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket",
       "s3:CreateBucket", "s3:GetBucketLocation"],
     "Resource": ["arn:aws:s3:::aws-glue-*", "arn:aws:s3:::sagemaker-*"]},
    {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:Describe*",
       "logs:PutLogEvents", "cloudwatch:PutMetricData", "events:DescribeRule", "events:PutEvents"],
     "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:PassRole"],
     "Resource": "arn:aws:iam::*:role/service-role/AmazonSageMakerServiceCatalogProductsUse*"}
  ]
})";

constexpr AwsManagedPolicy kPolicies[] = {
    {"PowerUserAccess", "/", "Full access to services and resources, but not to the management of users and groups.",
     kPowerUserAccess, 9, "ANPAJYRXTHIB4FOVS3ZXS"},
    {"IAMReadOnlyAccess", "/", "Read-only access to IAM.", kIAMReadOnlyAccess, 4, "ANPAJKSO7NDY4T57MWDSQ"},
    {"IAMUserChangePassword", "/", "Lets a user change the user's own password.", kIAMUserChangePassword, 2,
     "ANPAJ4L4MM2A7QIEB56MS"},
    {"AmazonSageMakerReadOnly", "/", "Read-only access to SageMaker.", kAmazonSageMakerReadOnly, 12,
     "ANPAJTZ2FTFCQ6CFLQA2O"},
    {"AmazonSageMakerCanvasFullAccess", "/", "What SageMaker Canvas needs to build and run models.",
     kAmazonSageMakerCanvasFullAccess, 12, "ANPAZKAPJZG4B26JOH5V4"},
    {"AmazonSageMakerFeatureStoreAccess", "/", "Lets SageMaker Feature Store write its offline store.",
     kAmazonSageMakerFeatureStoreAccess, 3, "ANPAZKAPJZG4MYJX5X6EY"},
    {"AmazonSageMakerModelRegistryFullAccess", "/", "Full access to the model registry of SageMaker.",
     kAmazonSageMakerModelRegistryFullAccess, 2, "ANPAZKAPJZG4KIOLCHTAA"},
    {"AmazonSageMakerPipelinesIntegrations", "/", "What the steps of SageMaker pipelines call.",
     kAmazonSageMakerPipelinesIntegrations, 3, "ANPAZKAPJZG4KAYUDK7GR"},
    {"AmazonSageMakerGroundTruthExecution", "/", "What SageMaker Ground Truth needs to run labelling jobs.",
     kAmazonSageMakerGroundTruthExecution, 3, "ANPAZKAPJZG4AWM6EXPG4"},
    {"AmazonSageMakerMechanicalTurkAccess", "/", "Lets SageMaker send work to people.",
     kAmazonSageMakerMechanicalTurkAccess, 1, "ANPAZKAPJZG4BSQDUVGHM"},
    {"CloudWatchFullAccess", "/", "Full access to CloudWatch and its logs.", kCloudWatchFullAccess, 4,
     "ANPAIKEABORKUXN6DEAZU"},
    {"CloudWatchFullAccessV2", "/", "Full access to CloudWatch and its logs.", kCloudWatchFullAccessV2, 2,
     "ANPAZKAPJZG4KTZSYJLNP"},
    {"CloudWatchReadOnlyAccess", "/", "Read-only access to CloudWatch and its logs.", kCloudWatchReadOnlyAccess, 9,
     "ANPAJN23PDQP7SZQAE3QE"},
    {"CloudWatchLogsReadOnlyAccess", "/", "Read-only access to logs.", kCloudWatchLogsReadOnlyAccess, 7,
     "ANPAJ2YIYDYSNNEHK3VKW"},
    {"AWSKeyManagementServicePowerUser", "/", "Use and administration of keys, but not their deletion.",
     kAWSKeyManagementServicePowerUser, 4, "ANPAJNPP7PPPPMJRV2SA4"},
    {"AmazonEC2ContainerRegistryReadOnly", "/", "Read-only access to container repositories.",
     kAmazonEC2ContainerRegistryReadOnly, 4, "ANPAIFYZPA37OOHVIH7KQ"},
    {"AmazonEC2ContainerRegistryPowerUser", "/",
     "Full access to container repositories, but not their deletion or policies.", kAmazonEC2ContainerRegistryPowerUser,
     5, "ANPAJDNE5PIHROIBGGDDW"},
    {"AmazonEC2ContainerRegistryFullAccess", "/", "Full access to container repositories.",
     kAmazonEC2ContainerRegistryFullAccess, 3, "ANPAIESRL7KD7IIVF6V4W"},
    {"AmazonEC2ContainerRegistryPullOnly", "/", "Pulling images from container repositories.",
     kAmazonEC2ContainerRegistryPullOnly, 2, "ANPAZKAPJZG4JUPVWDQVI"},
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
    {"AmazonSageMakerServiceCatalogProductsUseRole", "/service-role/", "What SageMaker projects build with.",
     kAmazonSageMakerServiceCatalogProductsUseRole, 12, "ANPAZKAPJZG4AFUGMY7RX"},
};

}  // namespace

std::span<const AwsManagedPolicy> MoreAwsManagedPolicies() {
  return kPolicies;
}

}  // namespace aloft::identity
