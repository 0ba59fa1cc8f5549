// Access control lists of buckets and objects.
#include "api/aws/s3_documents/acl.h"

#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/object_headers.h"

namespace aloft::api::s3 {
namespace {

using documents::Acl;

Result<Plan> PlanGetBucket(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetBucketAcl", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    // Where ownership is enforced a list that was put before counts for nothing, and is not shown.
    bool enforced = access->ownership == Ownership::kBucketOwnerEnforced;
    return XmlAnswer(c, WriteAcl(enforced ? documents::PrivateAcl(access->acl.owner) : access->acl));
  };
  return plan;
}

// The list of a request: a document, or headers, not both.
Result<Acl> ReadAcl(const Call& call, const std::string& owner, const std::string& bucket_owner) {
  bool headers = HasAclHeaders(call.head().headers);
  if (Trim(call.body).empty()) {
    if (!headers) return Fail(kMissingSecurityHeader, "Your request was missing a required header");
    return ReadAclHeaders(call.head().headers, owner, bucket_owner);
  }
  if (headers) return Fail(kUnexpectedContent, "This request does not support content");
  ALOFT_ASSIGN(Acl acl, documents::ParseAcl(call.body));
  if (acl.owner != owner) return Fail(kAccessDenied, "Access Denied");
  return acl;
}

Result<Plan> PlanPutBucket(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  // Once without the owner, whose id only the bucket knows, for the errors of the input.
  if (HasAclHeaders(call.head().headers)) ALOFT_TRY(ReadAclHeaders(call.head().headers, "", ""));
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutBucketAcl", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    std::string id = CanonicalUserId(owner);
    ALOFT_ASSIGN(Acl acl, ReadAcl(c, id, id));
    ALOFT_TRY(CheckAclAllowed(*access, acl));
    if (access->ownership != Ownership::kBucketOwnerEnforced)
      ALOFT_TRY(context.dependencies.objects.PutSetting(owner, target.bucket, kAclSetting, WriteAcl(acl)));
    return Answer(c, 200);
  };
  return plan;
}

Result<Plan> PlanGetObject(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {
      Need(context, call, ForVersion(target, "s3:GetObjectAcl", "s3:GetObjectVersionAcl"), target.ObjectArn())};
  plan.work = [&context, target = std::move(target)](const Call& c,
                                                     const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    ALOFT_ASSIGN(auto info, DescribeVersion(context, c, authorized, owner, target));
    http::Response response;
    bool enforced = access->ownership == Ownership::kBucketOwnerEnforced;
    if (enforced || info.attributes.acl.empty())
      response = XmlAnswer(c, WriteAcl(documents::PrivateAcl(CanonicalUserId(owner))));
    else
      response = XmlAnswer(c, info.attributes.acl);
    AddVersion(response.headers, info);
    return response;
  };
  return plan;
}

Result<Plan> PlanPutObject(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  if (HasAclHeaders(call.head().headers)) ALOFT_TRY(ReadAclHeaders(call.head().headers, "", ""));
  Plan plan;
  plan.permissions = {
      Need(context, call, ForVersion(target, "s3:PutObjectAcl", "s3:PutObjectVersionAcl"), target.ObjectArn())};
  plan.work = [&context, target = std::move(target)](const Call& c,
                                                     const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto access, context.access->Of(target.bucket));
    ALOFT_ASSIGN(auto info, DescribeVersion(context, c, authorized, owner, target));
    std::string id = CanonicalUserId(owner);
    ALOFT_ASSIGN(Acl acl, ReadAcl(c, id, id));
    ALOFT_TRY(CheckAclAllowed(*access, acl));
    if (access->ownership != Ownership::kBucketOwnerEnforced)
      ALOFT_TRY(context.dependencies.objects.SetAcl(owner, target.bucket, target.key,
                                                    documents::IsPrivate(acl) ? std::string() : WriteAcl(acl),
                                                    target.Get("versionId")));
    http::Response response = Answer(c, 200);
    AddVersion(response.headers, info);
    return response;
  };
  return plan;
}

}  // namespace

void AddAclRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetBucketAcl", PlanGetBucket));
  rows.push_back(MakeRow(context, "PutBucketAcl", PlanPutBucket));
  rows.push_back(MakeRow(context, "GetObjectAcl", PlanGetObject));
  rows.push_back(MakeRow(context, "PutObjectAcl", PlanPutObject));
}

}  // namespace aloft::api::s3
