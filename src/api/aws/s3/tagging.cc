// Object tags.
#include "api/aws/s3/headers.h"
#include "api/aws/s3/operation.h"
#include "services/objects/policy.h"

namespace aloft::api::s3 {
namespace {

Result<objects::Pairs> ReadTags(const Context& context, std::string_view body) {
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

Result<Plan> PlanGet(const Context& context, const Call&, Target target) {
  Plan plan;
  plan.permissions = {{"s3:GetObjectTagging", target.ObjectArn(), {}}};
  plan.work = [&context, target = std::move(target)](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, target.bucket));
    ALOFT_ASSIGN(auto info, context.dependencies.objects.HeadObject(c.session.account, target.bucket, target.key));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("Tagging", kNamespace).Open("TagSet");
    for (const auto& [key, value] : info.attributes.tags)
      xml.Open("Tag").Element("Key", key).Element("Value", value).Close();
    xml.Close().Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

Plan SetPlan(const Context& context, Target target, const char* action, objects::Pairs tags, int status) {
  Plan plan;
  plan.permissions = {{action, target.ObjectArn(), {}}};
  plan.work = [&context, target = std::move(target), tags = std::move(tags), status](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_TRY(CheckExpectedOwner(context, c, target.bucket));
    ALOFT_TRY(context.dependencies.objects.SetTags(c.session.account, target.bucket, target.key, tags));
    return Answer(c, status);
  };
  return plan;
}

Result<Plan> PlanPut(const Context& context, const Call& call, Target target) {
  ALOFT_ASSIGN(objects::Pairs tags, ReadTags(context, call.body));
  return SetPlan(context, std::move(target), "s3:PutObjectTagging", std::move(tags), 200);
}

Result<Plan> PlanDelete(const Context& context, const Call&, Target target) {
  return SetPlan(context, std::move(target), "s3:DeleteObjectTagging", {}, 204);
}

}  // namespace

void AddTaggingRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetObjectTagging", PlanGet));
  rows.push_back(MakeRow(context, "PutObjectTagging", PlanPut));
  rows.push_back(MakeRow(context, "DeleteObjectTagging", PlanDelete));
}

}  // namespace aloft::api::s3
