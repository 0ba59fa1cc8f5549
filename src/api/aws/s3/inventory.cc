// Inventory configurations: a bucket has many, each under an id.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html
#include <algorithm>

#include "api/aws/s3/operation.h"
#include "api/aws/s3_documents/checks.h"
#include "api/aws/s3_documents/schemas.h"
#include "foundation/codec/base64.h"
#include "services/inventory/service.h"

namespace aloft::api::s3 {
namespace {

constexpr std::size_t kMostConfigurations = 1000;
constexpr std::size_t kPage = 100;

Error NoConfiguration() {
  return Fail(kNoConfiguration, "The specified configuration does not exist.");
}

Result<std::string> IdOf(const Target& target) {
  std::string id(target.Get("id"));
  if (!documents::IsInventoryId(id)) return Fail(kInvalidArgument, "The id of an inventory configuration is not valid");
  return id;
}

std::string SettingOf(std::string_view id) {
  return std::string(inventory::kSetting).append(id);
}

Result<Plan> PlanPut(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  ALOFT_ASSIGN(std::string id, IdOf(target));
  ALOFT_ASSIGN(codec::XmlElement root, documents::ReadXml(call.body, documents::kInventorySchema));
  ALOFT_TRY(documents::CheckInventory(root));
  if (root.ChildText("Id") != id)
    return Fail(kInvalidArgument, "The id of the request and of the inventory configuration differ");
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutInventoryConfiguration", target.BucketArn())};
  plan.work = [&context, target = std::move(target), id, document = documents::WriteXml(root)](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    auto& objects = context.dependencies.objects;
    ALOFT_ASSIGN(auto all, objects.ListSettings(owner, target.bucket, inventory::kSetting));
    bool there = std::any_of(all.begin(), all.end(), [&](const auto& each) { return each.first == SettingOf(id); });
    if (!there && all.size() >= kMostConfigurations)
      return Fail(kTooManyConfigurations, "A bucket can have at most 1,000 inventory configurations");
    ALOFT_TRY(objects.PutSetting(owner, target.bucket, SettingOf(id), document));
    return Answer(c, 204);
  };
  return plan;
}

Result<Plan> PlanGet(const Context& context, const Call& call, Target target) {
  ALOFT_ASSIGN(std::string id, IdOf(target));
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetInventoryConfiguration", target.BucketArn())};
  plan.work = [&context, target = std::move(target), id](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto document, context.dependencies.objects.GetSetting(owner, target.bucket, SettingOf(id)));
    if (!document) return NoConfiguration();
    return XmlAnswer(c, std::move(*document));
  };
  return plan;
}

Result<Plan> PlanRemove(const Context& context, const Call& call, Target target) {
  ALOFT_ASSIGN(std::string id, IdOf(target));
  Plan plan;
  plan.permissions = {Need(context, call, "s3:PutInventoryConfiguration", target.BucketArn())};
  plan.work = [&context, target = std::move(target), id](const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    auto& objects = context.dependencies.objects;
    ALOFT_ASSIGN(auto document, objects.GetSetting(owner, target.bucket, SettingOf(id)));
    if (!document) return NoConfiguration();
    ALOFT_TRY(objects.DeleteSetting(owner, target.bucket, SettingOf(id)));
    ALOFT_TRY(objects.DeleteSetting(owner, target.bucket, std::string(inventory::kLastSetting).append(id)));
    return Answer(c, 204);
  };
  return plan;
}

// A stored document without its declaration and the namespace that the answer's root has already.
Status AppendConfiguration(const std::string& document, std::string& body) {
  ALOFT_ASSIGN(codec::XmlElement root, codec::ParseXml(document));
  std::string text = documents::WriteXml(root);
  auto at = text.find("<InventoryConfiguration");
  auto end = text.find('>', at);
  if (at == std::string::npos || end == std::string::npos)
    return Fail(kCorrupt, "An inventory configuration cannot be read");
  body.append("<InventoryConfiguration").append(text, end);
  return {};
}

Result<Plan> PlanList(const Context& context, const Call& call, Target target) {
  std::string token(target.Get("continuation-token"));
  auto after = codec::Base64UrlDecode(token);
  if (!after) return Fail(kInvalidArgument, "The continuation token provided is incorrect");
  Plan plan;
  plan.permissions = {Need(context, call, "s3:GetInventoryConfiguration", target.BucketArn())};
  plan.work = [&context, target = std::move(target), token, after = *after](
                  const Call& c, const Authorized&) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    ALOFT_ASSIGN(auto all, context.dependencies.objects.ListSettings(owner, target.bucket, inventory::kSetting));
    auto from = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.first > SettingOf(after); });
    auto to = all.end() - from > static_cast<std::ptrdiff_t>(kPage) ? from + kPage : all.end();
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("ListInventoryConfigurationsResult", kNamespace);
    if (!token.empty()) xml.Element("ContinuationToken", token);
    std::string shown;
    for (auto each = from; each != to; ++each) ALOFT_TRY(AppendConfiguration(each->second, shown));
    xml.Raw(shown).Element("IsTruncated", to != all.end());
    if (to != all.end())
      xml.Element("NextContinuationToken",
                  codec::Base64UrlEncode(std::string_view((to - 1)->first).substr(inventory::kSetting.size())));
    xml.Close();
    return XmlAnswer(c, std::move(body));
  };
  return plan;
}

}  // namespace

void AddInventoryRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "PutBucketInventoryConfiguration", PlanPut));
  rows.push_back(MakeRow(context, "GetBucketInventoryConfiguration", PlanGet));
  rows.push_back(MakeRow(context, "DeleteBucketInventoryConfiguration", PlanRemove));
  rows.push_back(MakeRow(context, "ListBucketInventoryConfigurations", PlanList));
}

}  // namespace aloft::api::s3
