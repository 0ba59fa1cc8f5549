// Object tags.
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "services/objects/contract/policy.h"

namespace aloft::api::s3 {

Result<objects::Pairs> ReadTagging(const Context& context, std::string_view body) {
  ALOFT_ASSIGN(codec::XmlElement root, codec::ParseXml(body));
  const codec::XmlElement* set = root.Child("TagSet");
  if (root.name != "Tagging" || set == nullptr)
    return Fail(kMalformedXml,
                "The XML you provided was not well-formed or did not validate against our published schema");
  objects::Pairs tags;
  for (const auto& tag : set->children)
    tags.emplace_back(std::string(tag.ChildText("Key")), std::string(tag.ChildText("Value")));
  ALOFT_TRY(objects::CheckTags(tags, context.dependencies.objects.limits()));
  return tags;
}

namespace {

Result<objects::ObjectInfo> FindTagged(const Context& context, const Call& call, const Authorized& authorized,
                                       const Target& target) {
  ALOFT_ASSIGN(AccountId owner, OwnerOf(context, call, target.bucket));
  return DescribeVersion(context, call, authorized, owner, target);
}

Result<Plan> PlanGet(const Context& context, const Call& call, Target target) {
  Plan plan;
  plan.permissions = {
      Need(context, call, ForVersion(target, "s3:GetObjectTagging", "s3:GetObjectVersionTagging"), target.ObjectArn())};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized& a) -> Result<http::Response> {
    ALOFT_ASSIGN(auto info, FindTagged(context, c, a, target));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("Tagging", kNamespace).Open("TagSet");
    for (const auto& [key, value] : info.attributes.tags)
      xml.Open("Tag").Element("Key", key).Element("Value", value).Close();
    xml.Close().Close();
    http::Response response = XmlAnswer(c, std::move(body));
    AddVersion(response.headers, info);
    return response;
  };
  return plan;
}

Plan SetPlan(const Context& context, const Call& call, Target target, std::string_view action, objects::Pairs tags,
             int status) {
  identity::Context more;
  for (const auto& [name, value] : tags) {
    more["s3:requestobjecttag/" + ToLower(name)] = {value};
    more["s3:requestobjecttagkeys"].push_back(name);
  }
  Plan plan;
  plan.permissions = {Need(context, call, action, target.ObjectArn(), std::move(more))};
  plan.work = [&context, target = std::move(target), tags = std::move(tags), status](
                  const Call& c, const Authorized& a) -> Result<http::Response> {
    ALOFT_ASSIGN(auto info, FindTagged(context, c, a, target));
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.SetTags(owner, target.bucket, target.key, tags, target.Get("versionId")));
    http::Response response = Answer(c, status);
    AddVersion(response.headers, info);
    return response;
  };
  return plan;
}

Result<Plan> PlanPut(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  ALOFT_ASSIGN(objects::Pairs tags, ReadTagging(context, call.body));
  return SetPlan(context, call, target, ForVersion(target, "s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
                 std::move(tags), 200);
}

Result<Plan> PlanDelete(const Context& context, const Call& call, Target target) {
  return SetPlan(context, call, target, ForVersion(target, "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
                 {}, 204);
}

}  // namespace

void AddTaggingRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetObjectTagging", PlanGet));
  rows.push_back(MakeRow(context, "PutObjectTagging", PlanPut));
  rows.push_back(MakeRow(context, "DeleteObjectTagging", PlanDelete));
}

}  // namespace aloft::api::s3
