// SageMaker: people who use it, and its own parts.
#include "platform/identity/aws_managed/texts.h"

namespace aloft::identity::internal {
namespace {

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
    {"AmazonSageMakerFullAccess", "/", "Provides full access to SageMaker, and to what it needs of other services.",
     kSageMakerFullAccess, 26, "ANPAJZ5IWYMXO5QDB4QOG"},
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
    {"AmazonSageMakerServiceCatalogProductsUseRole", "/service-role/", "What SageMaker projects build with.",
     kAmazonSageMakerServiceCatalogProductsUseRole, 12, "ANPAZKAPJZG4AFUGMY7RX"},
};

}  // namespace

std::span<const AwsManagedPolicy> MachineLearningPolicies() {
  return kPolicies;
}

}  // namespace aloft::identity::internal
