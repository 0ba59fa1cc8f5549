// What age does to an object, on the wire: when it will expire, and getting an archived one back.
#include <charconv>

#include "api/aws/s3/operation.h"
#include "api/aws/s3_documents/schemas.h"
#include "foundation/codec/time.h"
#include "services/lifecycle/policy.h"

namespace aloft::api::s3 {
namespace {

Error Malformed() {
  return Fail(kMalformedXml,
              "The XML you provided was not well-formed or did not validate against our published schema");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
Result<int> ReadRestore(const codec::XmlElement& root) {
  if (root.name != "RestoreRequest") return Malformed();
  if (root.Child("SelectParameters") != nullptr || root.Child("OutputLocation") != nullptr ||
      root.ChildText("Type") == "SELECT")
    return Fail(kNotImplemented, "s3:RestoreObject with SelectParameters is not built in this Aloft.");
  // Bytes come back at once, so every tier is as fast as the fastest.
  const auto* job = root.Child("GlacierJobParameters");
  std::string_view tier = job != nullptr ? job->ChildText("Tier") : root.ChildText("Tier");
  if (!tier.empty() && tier != "Standard" && tier != "Bulk" && tier != "Expedited") return Malformed();
  std::string_view text = root.ChildText("Days");
  int days = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
  if (error != std::errc() || end != text.data() + text.size()) return Malformed();
  if (days < 1) return Fail(kInvalidArgument, "Days must be a positive integer");
  return days;
}

Result<Plan> PlanRestore(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(CheckBody(call, false));
  ALOFT_ASSIGN(codec::XmlElement root, codec::ParseXml(call.body));
  ALOFT_ASSIGN(int days, ReadRestore(root));
  Plan plan;
  plan.permissions = {Need(context, call, "s3:RestoreObject", target.ObjectArn())};
  plan.work = [&context, target = std::move(target), days](const Call& c,
                                                           const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    auto restored =
        context.dependencies.objects.RestoreObject(owner, target.bucket, target.key, target.Get("versionId"), days);
    if (!restored.ok()) return Missing(context, c, authorized, target.bucket, restored.error());
    return Answer(c, *restored ? 200 : 202);
  };
  return plan;
}

}  // namespace

void AddExpiration(http::Headers& headers, const Context& context, const std::string& bucket,
                   const objects::ObjectInfo& info) {
  if (!info.is_latest) return;
  auto access = context.access->Of(bucket);
  if (!access.ok() || (*access)->lifecycle.rules.empty()) return;
  auto expiry = lifecycle::ExpiryOf((*access)->lifecycle, info);
  if (!expiry) return;
  headers.Add("x-amz-expiration", "expiry-date=\"" + codec::FormatHttpDate(expiry->when) + "\", rule-id=\"" +
                                      codec::PercentEncode(expiry->rule) + "\"");
}

void AddAgingRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "RestoreObject", PlanRestore));
}

}  // namespace aloft::api::s3
