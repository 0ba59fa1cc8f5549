#include "platform/identity/aws_managed/aws_managed.h"

#include <gtest/gtest.h>

#include "platform/policy/policy.h"

namespace aloft::identity {
namespace {

using policy::Context;
using policy::ContextKeys;
using policy::Policy;
using policy::PolicyUse;
using policy::Query;
using policy::Verdict;

char Ask(const Policy& policy, std::string_view action, std::string_view resource, const Context& context) {
  const ContextKeys keys(context);
  switch (policy.Evaluate(Query{action, resource, keys}).effect) {
    case Verdict::Effect::kAllow: return '+';
    case Verdict::Effect::kDeny: return '-';
    case Verdict::Effect::kNone: break;
  }
  return '0';
}

// Our own texts of AWS's managed policies are valid, and grant and withhold what their names say.
TEST(AwsManaged, PoliciesMeanWhatTheirNamesSay) {
  const auto ask = [](std::string_view name, std::string_view action, std::string_view resource,
                      const Context& context = {}) {
    const AwsManagedPolicy* managed = FindAwsManagedPolicy("arn:aws:iam::aws:policy/" + std::string(name));
    EXPECT_NE(managed, nullptr) << name;
    return Ask(**Policy::Parse(managed->document, PolicyUse::kIdentity), action, resource, context);
  };
  for (const AwsManagedPolicy& policy : AwsManagedPolicies())
    EXPECT_TRUE(Policy::Parse(policy.document, PolicyUse::kIdentity).ok()) << policy.name;
  EXPECT_EQ(ask("AdministratorAccess", "iam:CreateUser", "*"), '+');
  EXPECT_EQ(ask("AmazonS3FullAccess", "s3:DeleteBucket", "arn:aws:s3:::b"), '+');
  EXPECT_EQ(ask("AmazonS3FullAccess", "iam:CreateUser", "*"), '0');
  EXPECT_EQ(ask("AmazonS3ReadOnlyAccess", "s3:GetObject", "arn:aws:s3:::b/k"), '+');
  EXPECT_EQ(ask("AmazonS3ReadOnlyAccess", "s3:PutObject", "arn:aws:s3:::b/k"), '0');
  EXPECT_EQ(ask("ReadOnlyAccess", "sagemaker:DescribeModel", "arn:aws:sagemaker:r:1:model/m"), '+');
  EXPECT_EQ(ask("ReadOnlyAccess", "sagemaker:CreateModel", "arn:aws:sagemaker:r:1:model/m"), '0');
  EXPECT_EQ(ask("AmazonSageMakerFullAccess", "sagemaker:CreateModel", "arn:aws:sagemaker:r:1:model/m"), '+');
  EXPECT_EQ(ask("AmazonSageMakerFullAccess", "s3:GetObject", "arn:aws:s3:::sagemaker-us-east-1-1/k"), '+');
  EXPECT_EQ(ask("AmazonSageMakerFullAccess", "s3:GetObject", "arn:aws:s3:::payroll/k"), '0');
  const std::string role = "arn:aws:iam::123456789012:role/r";
  EXPECT_EQ(
      ask("AmazonSageMakerFullAccess", "iam:PassRole", role, {{"iam:passedtoservice", {"sagemaker.amazonaws.com"}}}),
      '+');
  EXPECT_EQ(ask("AmazonSageMakerFullAccess", "iam:PassRole", role, {{"iam:passedtoservice", {"ec2.amazonaws.com"}}}),
            '0');
}

}  // namespace
}  // namespace aloft::identity
