#include "api/aws/s3/reading.h"

#include "api/aws/s3/key_use.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3 {

Result<http::Response> RefuseRead(const Context& context, const Call& call, const Authorized& authorized,
                                  const AccountId& owner, const Target& target, const Error& cause) {
  Error error = Missing(context, call, authorized, target.bucket, cause);
  bool latest = error.reason == objects::kDeleteMarker;
  if (!latest && !(error.reason == objects::kDeleteMarkerVersion)) return error;
  auto marker = context.dependencies.objects.FindVersion(owner, target.bucket, target.key, target.Get("versionId"));
  if (!marker.ok() || !marker->is_delete_marker) return error;
  http::Response response = ErrorAnswer(error, call.head(), call.request_id);
  response.headers.Add("x-amz-delete-marker", "true");
  AddVersion(response.headers, *marker);
  if (!latest) {
    response.headers.Add("Allow", "DELETE");
    response.headers.Add("Last-Modified", codec::FormatHttpDate(marker->modified));
  }
  return response;
}

Result<objects::ReadOptions> ReadOptionsOf(const Call& call, const Target& target) {
  objects::ReadOptions options;
  options.version = target.Get("versionId");
  ALOFT_ASSIGN(options.customer_key, ReadCustomerKey(call.head()));
  return options;
}

objects::ObjectCheck MayRead(const Context& context, const Call& call, const Authorized& authorized,
                             const Target& target) {
  return [&](const objects::ObjectInfo& info) {
    return MayDecrypt(context, call, target.bucket, target.key, info.encryption, AskOf(authorized));
  };
}

}  // namespace aloft::api::s3
