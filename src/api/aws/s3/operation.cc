#include "api/aws/s3/operation.h"

#include <charconv>

#include "foundation/crypto/hash.h"
#include "services/objects/policy.h"

namespace aloft::api::s3 {

void PlannedOperation::Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) {
  respond(plan_.work(*call, authorized));
}

Row MakeRow(const Context& context, std::string_view operation, Planner planner, std::size_t max_body_bytes) {
  Row row;
  row.service = row.signed_for = "s3";
  row.operation = operation;
  row.max_body_bytes = max_body_bytes;
  row.prepare = [&context, planner = std::move(planner)](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    ALOFT_ASSIGN(Target target, ParseTarget(call.head(), context.options.domain));
    ALOFT_TRY(CheckNames(context, target));
    ALOFT_TRY(CheckVersion(target));
    ALOFT_ASSIGN(Plan plan, planner(context, call, std::move(target)));
    return std::unique_ptr<Prepared>(std::make_unique<PlannedOperation>(std::move(plan)));
  };
  return row;
}

http::Response Answer(const Call& call, int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("x-amz-request-id", call.request_id.value());
  response.headers.Add("x-amz-id-2", call.request_id.value());
  response.headers.Add("Server", "Aloft");
  response.body = std::move(body);
  return response;
}

http::Response XmlAnswer(const Call& call, std::string body) {
  http::Response response = Answer(call, 200, std::move(body));
  response.headers.Add("Content-Type", "application/xml");
  return response;
}

Status CheckNames(const Context& context, const Target& target) {
  if (!target.bucket.empty()) ALOFT_TRY(objects::CheckBucketName(target.bucket));
  if (!target.key.empty()) ALOFT_TRY(objects::CheckKey(target.key, context.dependencies.objects.limits()));
  return {};
}

Status CheckExpectedOwner(const Context& context, const Call& call, std::string_view bucket, std::string_view header) {
  std::string_view expected = call.head().headers.Get(header);
  if (expected.empty() || expected == call.session.account.value()) return {};
  // Only the caller's own buckets are reachable, so another owner is either wrong or out of reach; an absent bucket is
  // absent all the same.
  auto found = context.dependencies.objects.HeadBucket(call.session.account, bucket);
  if (!found.ok() && found.error().reason == objects::kNoSuchBucket) return std::move(found).error();
  return Fail(kAccessDenied, "Access Denied");
}

Status CheckVersion(const Target& target) {
  const std::string* version = target.Find("versionId");
  if (version == nullptr || *version == "null") return {};
  return Fail(kNoSuchVersion, "The specified version does not exist.");
}

Result<std::size_t> NumberParameter(const Target& target, std::string_view name, std::size_t otherwise,
                                    std::size_t most) {
  const std::string* text = target.Find(name);
  if (text == nullptr || text->empty()) return otherwise;
  std::uint32_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value > 2147483647u)
    return Fail(kInvalidArgument, "Argument " + std::string(name) + " must be an integer between 0 and 2147483647");
  return std::min<std::size_t>(value, most);
}

std::string CanonicalUserId(const AccountId& account) {
  return crypto::Sha256Hex("aloft canonical user " + account.value());
}

}  // namespace aloft::api::s3
