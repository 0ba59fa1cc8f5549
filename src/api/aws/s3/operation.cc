#include "api/aws/s3/operation.h"

#include <charconv>

#include "api/aws/s3_wire/headers.h"
#include "foundation/crypto/hash.h"
#include "services/objects/contract/digests.h"
#include "services/objects/contract/policy.h"

namespace aloft::api::s3 {

void PlannedOperation::Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) {
  auto answer = plan_.work(*call, authorized);
  if (answer.ok()) AddCors(*context_, call->head(), bucket_, *answer);
  respond(std::move(answer));
}

Row MakeRow(const Context& context, std::string_view operation, Planner planner, std::size_t max_body_bytes) {
  Row row;
  row.service = row.signed_for = "s3";
  row.operation = operation;
  row.max_body_bytes = max_body_bytes;
  // A bucket's policy may let anybody in; nothing else does.
  row.authenticators = kSigV4 | kAnonymous;
  row.prepare = [&context, planner = std::move(planner)](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    ALOFT_ASSIGN(Target target, ParseTarget(call.head(), context.options.domain));
    ALOFT_TRY(CheckNames(context, target));
    ALOFT_TRY(CheckVersion(target));
    std::string bucket = target.bucket;
    auto own = context.ForRequest();
    ALOFT_ASSIGN(Plan plan, planner(*own, call, std::move(target)));
    return std::unique_ptr<Prepared>(
        std::make_unique<PlannedOperation>(std::move(own), std::move(bucket), std::move(plan)));
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

Result<AccountId> OwnerOf(const Context& context, const Call& call, std::string_view bucket, std::string_view header) {
  ALOFT_ASSIGN(auto access, context.access->Of(bucket));
  std::string_view expected = call.head().headers.Get(header);
  if (!expected.empty() && expected != access->bucket.account.value()) return Fail(kAccessDenied, "Access Denied");
  return access->bucket.account;
}

Status CheckBody(const Call& call, bool required) {
  ALOFT_ASSIGN(BodyDigests digests, ReadDigests(call.head().headers));
  bool announced = !digests.expected.md5.empty() || !digests.expected.checksum.empty();
  if (!announced && required) return Fail(kInvalidRequest, "Missing required header for this request: Content-MD5");
  if (!announced) return {};
  objects::Digester digester(digests.algorithm);
  digester.Update(AsBytes(call.body));
  auto actual = digester.Finish();
  if (!digests.expected.md5.empty() && digests.expected.md5 != actual.md5)
    return Fail(objects::kBadDigest, "The Content-MD5 you specified did not match what we received.");
  if (!digests.expected.checksum.empty() && digests.expected.checksum != actual.checksum.value)
    return Fail(objects::kBadDigest, "The " + std::string(objects::ToString(digests.algorithm)) +
                                         " you specified did not match the calculated checksum.");
  return {};
}

Status CheckVersion(const Target& target) {
  const std::string* version = target.Find("versionId");
  if (version == nullptr || !version->empty()) return {};
  return Fail(kInvalidArgument, "Version id cannot be the empty string");
}

http::Response ErrorAnswer(const Error& error, const http::RequestHead& head, const RequestId& request_id) {
  WireError wire = NameError(error);
  http::Response response;
  response.status = wire.status;
  response.headers.Add("x-amz-request-id", request_id.value());
  response.headers.Add("x-amz-id-2", request_id.value());
  response.headers.Add("Server", "Aloft");
  if (head.method == "HEAD") return response;  // clients take the status for the error
  std::string body;
  codec::XmlWriter xml(body);
  xml.Open("Error").Element("Code", wire.code);
  // What went wrong inside is nobody's business outside.
  bool inside = wire.status >= 500 && error.kind() != ErrorKind::kUnimplemented &&
                error.kind() != ErrorKind::kUnavailable && error.kind() != ErrorKind::kExhausted;
  xml.Element("Message", inside ? std::string_view("We encountered an internal error. Please try again.")
                                : std::string_view(error.message));
  xml.Element("Resource", head.path()).Element("RequestId", request_id.value()).Element("HostId", request_id.value());
  xml.Close();
  response.headers.Add("Content-Type", "application/xml");
  response.body = std::move(body);
  return response;
}

Error Missing(const Context& context, const Call& call, const Authorized& authorized, std::string_view bucket,
              const Error& error) {
  bool absent = error.reason == objects::kNoSuchKey || error.reason == objects::kDeleteMarker ||
                error.reason == objects::kNoSuchVersion;
  if (!absent || authorized.Allows(Need(context, call, "s3:ListBucket", "arn:aws:s3:::" + std::string(bucket))))
    return error;
  return Fail(kAccessDenied, "Access Denied");
}

Result<objects::ObjectInfo> DescribeVersion(const Context& context, const Call& call, const Authorized& authorized,
                                            const AccountId& owner, const Target& target) {
  auto info = context.dependencies.objects.FindVersion(owner, target.bucket, target.key, target.Get("versionId"));
  if (!info.ok()) return Missing(context, call, authorized, target.bucket, info.error());
  if (info->is_delete_marker)
    return Fail(objects::kDeleteMarkerVersion, "The specified method is not allowed against this resource.");
  return info;
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
