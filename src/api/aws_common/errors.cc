#include "api/aws_common/errors.h"

#include "foundation/crypto/errors.h"
#include "foundation/shapes/errors.h"
#include "platform/identity/errors.h"

namespace aloft::api {
namespace {

// What an error is called in the two families of protocols: JSON (and CBOR, rest-json) and query.
struct Names {
  std::string_view json;
  int json_status;
  std::string_view query;
  int query_status;
  int rest_status = 0;  // 0: as query
};
struct ReasonNames {
  Reason reason;
  Names names;
};

// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and its JSON counterparts.
constexpr ReasonNames kCommon[] = {
    {shapes::kSerialization, {"SerializationException", 400, "MalformedInput", 400}},
    {shapes::kValidation, {"ValidationException", 400, "ValidationError", 400}},
    {kUnknownOperation, {"UnknownOperationException", 400, "InvalidAction", 400}},
    {kUnimplemented, {"NotImplemented", 400, "NotImplemented", 400}},
    {crypto::kNoSignature, {"MissingAuthenticationTokenException", 400, "MissingAuthenticationToken", 403}},
    {crypto::kMalformedAuthorization, {"IncompleteSignatureException", 400, "IncompleteSignature", 400}},
    {crypto::kUnsupportedSignature, {"IncompleteSignatureException", 400, "IncompleteSignature", 400}},
    {crypto::kSignatureMismatch, {"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403}},
    {crypto::kRequestTimeTooSkewed, {"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403}},
    {crypto::kPresignExpired, {"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403}},
    {crypto::kHeadersNotSigned, {"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403}},
    {crypto::kPayloadMismatch, {"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403}},
    {crypto::kMissingPayloadHash, {"InvalidSignatureException", 400, "SignatureDoesNotMatch", 403}},
    {identity::kUnknownAccessKey, {"UnrecognizedClientException", 400, "InvalidClientTokenId", 403}},
    {identity::kInvalidToken, {"UnrecognizedClientException", 400, "InvalidClientTokenId", 403}},
    {identity::kExpiredToken, {"ExpiredTokenException", 400, "ExpiredToken", 403}},
    {identity::kAccessDenied, {"AccessDeniedException", 400, "AccessDenied", 403}},
};

constexpr Names NamesOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
    case ErrorKind::kOutOfRange: return {"ValidationException", 400, "ValidationError", 400};
    case ErrorKind::kUnauthenticated:
      return {"MissingAuthenticationTokenException", 400, "MissingAuthenticationToken", 403};
    case ErrorKind::kDenied: return {"AccessDeniedException", 400, "AccessDenied", 403};
    case ErrorKind::kNotFound: return {"ResourceNotFoundException", 400, "ResourceNotFound", 404};
    case ErrorKind::kAlreadyExists: return {"ResourceAlreadyExistsException", 400, "AlreadyExists", 409};
    case ErrorKind::kConflict: return {"ConflictException", 400, "Conflict", 409};
    case ErrorKind::kPreconditionFailed: return {"PreconditionFailedException", 400, "PreconditionFailed", 412};
    case ErrorKind::kTooLarge: return {"RequestEntityTooLargeException", 413, "RequestEntityTooLarge", 413};
    case ErrorKind::kThrottled: return {"ThrottlingException", 400, "Throttling", 400, 429};
    case ErrorKind::kExhausted: return {"LimitExceededException", 400, "LimitExceeded", 409};
    case ErrorKind::kUnavailable:
    case ErrorKind::kDeadlineExceeded:
    case ErrorKind::kCancelled: return {"ServiceUnavailableException", 503, "ServiceUnavailable", 503};
    case ErrorKind::kUnimplemented: return {"NotImplemented", 400, "NotImplemented", 400};
    case ErrorKind::kCorrupt:
    case ErrorKind::kInternal: return {"InternalFailure", 500, "InternalFailure", 500};
  }
  return {"InternalFailure", 500, "InternalFailure", 500};
}

WireError FromNames(const Names& names, Protocol protocol) {
  WireError wire;
  bool query = protocol == Protocol::kQuery;
  wire.code = query ? names.query : names.json;
  wire.status = query ? names.query_status : names.json_status;
  // In REST the status carries meaning of its own; the JSON protocols answer 400 to every client error.
  if (protocol == Protocol::kRestJson) wire.status = names.rest_status != 0 ? names.rest_status : names.query_status;
  return wire;
}

WireError FromTable(const ErrorName& line, Protocol protocol, const shapes::ServiceModel* model) {
  WireError wire;
  wire.code = line.code;
  wire.status = line.status;
  const shapes::ErrorShape* shape = model != nullptr ? shapes::FindError(*model, line.code) : nullptr;
  if (shape != nullptr) {
    wire.code = shape->code;
    wire.shape = shape->shape;
    wire.message_member = shape->message_member;
    if (wire.status == 0) wire.status = shape->status;
  }
  if (wire.status == 0) {
    Names names = NamesOf(line.reason.kind);
    wire.status = protocol == Protocol::kJson || protocol == Protocol::kCbor ? names.json_status : names.query_status;
  }
  return wire;
}

}  // namespace

WireError NameError(const Error& error, Protocol protocol, const shapes::ServiceModel* model,
                    std::span<const ErrorName> table) {
  WireError wire = FromNames(NamesOf(error.kind()), protocol);
  for (const ReasonNames& line : kCommon)
    if (line.reason == error.reason) wire = FromNames(line.names, protocol);
  for (const ErrorName& line : table)
    if (line.reason == error.reason) {
      wire = FromTable(line, protocol, model);
      break;
    }
  wire.message = error.message;
  wire.sender_fault = wire.status < 500;
  return wire;
}

}  // namespace aloft::api
