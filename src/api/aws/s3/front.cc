#include "api/aws/s3/front.h"

#include <algorithm>

#include "api/aws/s3/operation.h"
#include "api/aws/s3/upload.h"
#include "api/aws/s3_wire/errors.h"
#include "api/aws/s3_wire/request.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"

namespace aloft::api::s3 {

struct Front::State {
  Context context;
  std::vector<Row> rows;
};

Front::Front(Dependencies dependencies, Options options)
    : state_(std::make_unique<State>(
          State{{dependencies, std::move(options), std::make_shared<AccessFacts>(dependencies.objects)}, {}})) {
  AddAgingRows(state_->context, state_->rows);
  AddBucketRows(state_->context, state_->rows);
  AddConfigurationRows(state_->context, state_->rows);
  AddInventoryRows(state_->context, state_->rows);
  AddBucketPolicyRows(state_->context, state_->rows);
  AddAclRows(state_->context, state_->rows);
  AddCorsRows(state_->context, state_->rows);
  AddListingRows(state_->context, state_->rows);
  AddGetRows(state_->context, state_->rows);
  AddAttributesRows(state_->context, state_->rows);
  AddPutRows(state_->context, state_->rows);
  AddPostRows(state_->context, state_->rows);
  AddCopyRows(state_->context, state_->rows);
  AddDeleteRows(state_->context, state_->rows);
  AddMultipartRows(state_->context, state_->rows);
  AddTaggingRows(state_->context, state_->rows);
  AddVersioningRows(state_->context, state_->rows);
  // Who asks why an object may be read asks the bucket too.
  for (Row& row : state_->rows)
    if (row.operation == "GetObject") row.facts = state_->context.access.get();
}

Front::~Front() = default;

std::span<const Row> Front::rows() const {
  return state_->rows;
}

std::optional<std::string> Front::SignedPath(const http::RequestHead& head) const {
  const std::string_view bucket = BucketOfHost(head.headers.Get("host"), state_->context.options.domain);
  if (bucket.empty()) return std::nullopt;
  std::string path = "/";
  path.append(bucket).append(head.path());
  return path;
}

std::optional<api::Front::Claim> Front::Claims(const http::RequestHead& head) const {
  Claim claim;
  claim.max_body_bytes = 64 * 1024;
  // Only what is known to take a body of its own takes one; the errors come when the row is matched.
  auto row = Match(head, {});
  if (!row.ok()) return claim;
  const bool upload = (*row)->body == BodyMode::kStreamed;
  claim.body = !upload || ComesWhole(head) ? BodyMode::kBuffered : BodyMode::kStreamed;
  claim.max_body_bytes = upload ? kMaxWholeBytes : (*row)->max_body_bytes;
  return claim;
}

Result<const Row*> Front::Match(const http::RequestHead& head, std::string_view) const {
  ALOFT_ASSIGN(Target target, ParseTarget(head, state_->context.options.domain));
  std::string_view service = SignedService(head, target.query);
  if (!service.empty() && service != "s3")
    return Fail(kWrongService, "The service " + std::string(service) + " is not built in this Aloft.");
  ALOFT_ASSIGN(std::string_view operation, NameOperation(head, target));
  const auto& rows = state_->rows;
  auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.operation == operation; });
  if (found != rows.end()) return &*found;
  return Fail(kNotImplemented, "A header or query you provided asks for s3:" + std::string(operation) +
                                   ", which is not built in this "
                                   "Aloft.");
}

http::Response Front::RenderError(const Error& error, const http::RequestHead& head,
                                  const RequestId& request_id) const {
  http::Response response = ErrorAnswer(error, head, request_id);
  // A page must see its errors too. Not where the server is too busy to look.
  bool busy = error.kind() == ErrorKind::kUnavailable || error.kind() == ErrorKind::kThrottled;
  if (!busy && head.headers.Has("origin"))
    if (auto target = ParseTarget(head, state_->context.options.domain); target.ok())
      AddCors(state_->context, head, target->bucket, response);
  return response;
}

std::string Front::ErrorCode(const Error& error, const http::RequestHead&) const {
  return std::string(NameError(error).code);
}

std::string Front::AuditParameters(const Call& call, const Prepared&) const {
  auto target = ParseTarget(call.head(), state_->context.options.domain);
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject();
  if (target.ok()) {
    if (!target->bucket.empty()) json.Key("bucketName").String(target->bucket);
    if (!target->key.empty()) json.Key("key").String(target->key);
    for (const auto& [name, value] : target->query)
      if (!ToLower(name).starts_with("x-amz-") && name != "AWSAccessKeyId" && name != "Signature")
        json.Key(name).String(value);
  }
  json.Key("Host").String(call.head().headers.Get("host")).EndObject();
  return out;
}

}  // namespace aloft::api::s3
