// CreateBucket, HeadBucket, DeleteBucket, ListBuckets, GetBucketLocation.
#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3 {
namespace {

// The region that CreateBucketConfiguration asks for; empty where it does not.
Result<std::string> ReadLocation(std::string_view body) {
  if (Trim(body).empty()) return std::string();
  ALOFT_ASSIGN(codec::XmlElement root, codec::ParseXml(body));
  if (root.name != "CreateBucketConfiguration")
    return Fail(kMalformedXml,
                "The XML you provided was not well-formed or did not validate against our published schema");
  for (const char* unbuilt : {"Location", "Bucket", "Tags"})
    if (root.Child(unbuilt) != nullptr)
      return Fail(kNotImplemented,
                  std::string("CreateBucketConfiguration.") + unbuilt + " is not built in this Aloft.");
  std::string region(root.ChildText("LocationConstraint"));
  if (region == "EU") region = "eu-west-1";
  if (region.size() > 32 || region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
    return Fail(kInvalidLocation, "The specified location-constraint is not valid");
  return region;
}

// What the headers configure from the first moment. A list needs an ownership that takes lists, and the public access
// block, which is on for new buckets, takes no public one.
Result<objects::Pairs> FirstSettings(const http::Headers& headers, const AccountId& account) {
  objects::Pairs settings;
  BucketAccess access;
  std::string_view ownership = headers.Get("x-amz-object-ownership");
  if (ownership == "BucketOwnerPreferred" || ownership == "ObjectWriter") {
    access.ownership = ownership == "ObjectWriter" ? Ownership::kObjectWriter : Ownership::kBucketOwnerPreferred;
    settings.emplace_back(kOwnershipSetting, OwnershipDocument(ownership));
  } else if (!ownership.empty() && ownership != "BucketOwnerEnforced") {
    return Fail(kInvalidArgument, "Invalid x-amz-object-ownership header: " + std::string(ownership));
  }
  if (!HasAclHeaders(headers)) return settings;
  std::string id = CanonicalUserId(account);
  ALOFT_ASSIGN(auto acl, ReadAclHeaders(headers, id, id));
  if (access.ownership == Ownership::kBucketOwnerEnforced && !documents::IsPrivate(acl))
    return Fail(kInvalidAclWithOwnership,
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  ALOFT_TRY(CheckAclAllowed(access, acl));
  if (!documents::IsPrivate(acl)) settings.emplace_back(kAclSetting, WriteAcl(acl));
  return settings;
}

Result<Plan> PlanCreate(const Context& context, const Call& call, Target target) {
  const auto& headers = call.head().headers;
  ALOFT_TRY(RefuseUnsupported(headers));
  bool lock = EqualsIgnoreCase(headers.Get("x-amz-bucket-object-lock-enabled"), "true");
  ALOFT_ASSIGN(auto settings, FirstSettings(headers, call.session.account));
  ALOFT_ASSIGN(std::string location, ReadLocation(call.body));
  Plan plan;
  Permission create =
      Need(context, call, "s3:CreateBucket", target.BucketArn(), {{"s3:locationconstraint", {location}}});
  create.facts = nullptr;  // it is not there yet
  plan.permissions = {std::move(create)};
  auto also = [&](bool asked, std::string_view action) {
    if (!asked) return;
    plan.permissions.push_back(Need(context, call, action, target.BucketArn()));
    plan.permissions.back().facts = nullptr;
  };
  also(lock, "s3:PutBucketObjectLockConfiguration");
  also(lock, "s3:PutBucketVersioning");
  also(headers.Has("x-amz-object-ownership"), "s3:PutBucketOwnershipControls");
  also(HasAclHeaders(headers), "s3:PutBucketAcl");
  plan.work = [&context, target = std::move(target), location = std::move(location), lock,
               settings = std::move(settings)](const Call& c, const Authorized&) -> Result<http::Response> {
    Region region = location.empty() ? c.region : Region(location);
    ALOFT_TRY(context.dependencies.objects.CreateBucket(c.session.account, region, target.bucket, settings, lock));
    http::Response response = Answer(c, 200);
    response.headers.Add("Location", "/" + target.bucket);
    return response;
  };
  return plan;
}

Result<Plan> PlanHead(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:ListBucket", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(objects::Bucket bucket, context.dependencies.objects.HeadBucket(owner, target.bucket));
    http::Response response = Answer(c, 200);
    response.headers.Add("x-amz-bucket-region", bucket.region.value());
    response.headers.Add("x-amz-access-point-alias", "false");
    response.headers.Add("Content-Type", "application/xml");
    return response;
  };
  return plan;
}

Result<Plan> PlanDelete(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:DeleteBucket", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.DeleteBucket(owner, target.bucket));
    return Answer(c, 204);
  };
  return plan;
}

Result<Plan> PlanLocation(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetBucketLocation", target.BucketArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(objects::Bucket bucket, context.dependencies.objects.HeadBucket(owner, target.bucket));
    std::string body;
    codec::XmlWriter xml(body);
    // The oldest region has no name here: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
    xml.Open("LocationConstraint", kNamespace);
    if (bucket.region.value() != "us-east-1") xml.Text(bucket.region.value());
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Result<Plan> PlanList(const Context& context, const Call&, Target target) {
  ALOFT_ASSIGN(std::size_t limit, NumberParameter(target, "max-buckets", 10'000, 10'000));
  if (limit == 0) return Fail(kInvalidArgument, "Argument max-buckets must be an integer between 1 and 10000");
  std::string after;
  if (std::string_view token = target.Get("continuation-token"); !token.empty()) {
    auto decoded = codec::Base64UrlDecode(token);
    if (!decoded) return Fail(kInvalidArgument, "The continuation token provided is incorrect");
    after = std::move(*decoded);
  }
  Plan plan;
  plan.permissions = {{"s3:ListAllMyBuckets", "*"}};
  plan.work = [&context, target = std::move(target), limit, after = std::move(after)](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    std::string prefix(target.Get("prefix"));
    std::string_view region = target.Get("bucket-region");
    ALOFT_ASSIGN(auto page, context.dependencies.objects.ListBuckets(c.session.account, prefix, after, limit));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("ListAllMyBucketsResult", kNamespace);
    xml.Open("Owner").Element("ID", CanonicalUserId(c.session.account)).Close();
    xml.Open("Buckets");
    for (const auto& bucket : page.buckets) {
      if (!region.empty() && bucket.region.value() != region) continue;
      xml.Open("Bucket").Element("Name", bucket.name);
      xml.Element("CreationDate", codec::FormatIso8601Millis(bucket.created));
      xml.Element("BucketRegion", bucket.region.value()).Close();
    }
    xml.Close();
    if (!page.next_after.empty()) xml.Element("ContinuationToken", codec::Base64UrlEncode(page.next_after));
    if (!prefix.empty()) xml.Element("Prefix", prefix);
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

// An account's own affair: no bucket's policy can let anybody in.
Row SignedRow(const Context& context, std::string_view operation, Planner planner) {
  Row row = MakeRow(context, operation, std::move(planner));
  row.authenticators = kSigV4;
  return row;
}

}  // namespace

void AddBucketRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(SignedRow(context, "CreateBucket", PlanCreate));
  rows.push_back(MakeRow(context, "HeadBucket", PlanHead));
  rows.push_back(MakeRow(context, "DeleteBucket", PlanDelete));
  rows.push_back(SignedRow(context, "ListBuckets", PlanList));
  rows.push_back(MakeRow(context, "GetBucketLocation", PlanLocation));
}

}  // namespace aloft::api::s3
