// Bucket policies, and whether they are public.
#include "api/aws/s3/operation.h"

namespace aloft::api::s3 {
namespace {

Error NoPolicy() {
  return Fail(kNoBucketPolicy, "The bucket policy does not exist");
}

// Nobody but the owner's account changes or sees the policy, whatever it says:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
Result<AccountId> OwnerAsking(const Context& context, const Call& call, const std::string& bucket) {
  ALOFT_ASSIGN(AccountId owner, OwnerOf(context, call, bucket));
  if (call.session.account != owner)
    return Fail(kMethodNotAllowed, "The specified method is not allowed against this resource.");
  return owner;
}

Result<Plan> PlanGet(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetBucketPolicy", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerAsking(context, c, target.bucket));
    ALOFT_ASSIGN(auto policy, context.dependencies.objects.GetSetting(owner, target.bucket, kPolicySetting));
    if (!policy) return NoPolicy();
    http::Response response = Answer(c, 200, std::move(*policy));
    response.headers.Add("Content-Type", "application/json");
    return response;
  };
  return plan;
}

Result<Plan> PlanPut(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  if (Trim(call.body).empty()) return Fail(kMissingBody, "Request body is empty.");
  ALOFT_ASSIGN(auto policy, documents::ReadBucketPolicy(call.body, target.bucket));
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutBucketPolicy", target.BucketArn())};
  plan.work = [&context, target = std::move(target), is_public = policy.is_public](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerAsking(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    if (is_public && access->block.block_policy)
      return Fail(kAccessDenied, "User: " + c.session.arn +
                                     " is not authorized to perform: s3:PutBucketPolicy on "
                                     "resource: \"" +
                                     target.BucketArn() +
                                     "\" because public policies are prevented by "
                                     "the BlockPublicPolicy setting in S3 Block Public Access.");
    ALOFT_TRY(context.dependencies.objects.PutSetting(owner, target.bucket, kPolicySetting, c.body));
    return Answer(c, 204);
  };
  return plan;
}

Result<Plan> PlanDelete(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:DeleteBucketPolicy", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerAsking(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.DeleteSetting(owner, target.bucket, kPolicySetting));
    return Answer(c, 204);
  };
  return plan;
}

Result<Plan> PlanStatus(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetBucketPolicyStatus", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    if (access->policy.policy == nullptr) return NoPolicy();
    std::string body;
    codec::XmlWriter(body).Open("PolicyStatus", kNamespace).Element("IsPublic", access->policy.is_public).Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddBucketPolicyRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetBucketPolicy", PlanGet));
  rows.push_back(MakeRow(context, "PutBucketPolicy", PlanPut));
  rows.push_back(MakeRow(context, "DeleteBucketPolicy", PlanDelete));
  rows.push_back(MakeRow(context, "GetBucketPolicyStatus", PlanStatus));
}

}  // namespace aloft::api::s3
