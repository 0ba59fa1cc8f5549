#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/crypto/sigv4_text.h"

namespace aloft::crypto {
namespace {

using internal::FindHeader;

constexpr std::string_view kOurs = "x-amz-";

Error Mismatch() {
  return Fail(kSignatureMismatch,
              "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
              "Access Key and signing method. Consult the service documentation for details.");
}

Status CheckTime(const Authorization& authorization, Time now) {
  const auto minutes = [](auto span) {
    return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(span).count());
  };
  if (authorization.presigned) {
    if (now >= authorization.signed_at + authorization.valid_for) return Fail(kPresignExpired, "Request has expired");
    // A link dated into the future would live longer than it says.
    if (authorization.signed_at > now + kMaxSkew) return Fail(kPresignExpired, "Request is not yet valid");
    return {};
  }
  if (now > authorization.signed_at + kMaxSkew)
    return Fail(kRequestTimeTooSkewed, "Signature expired: " + authorization.date_time + " is now earlier than " +
                                           FormatBasicTime(now - kMaxSkew) + " (" + FormatBasicTime(now) + " - " +
                                           minutes(kMaxSkew) + " min.)");
  if (authorization.signed_at > now + kMaxSkew)
    return Fail(kRequestTimeTooSkewed, "Signature not yet current: " + authorization.date_time +
                                           " is still later than " + FormatBasicTime(now + kMaxSkew) + " (" +
                                           FormatBasicTime(now) + " + " + minutes(kMaxSkew) + " min.)");
  return {};
}

// A header that changes what the request means must be under the signature. The two exceptions are covered otherwise:
// the digest is a line of the canonical request, the token is bound to the secret.
Status CheckAllSigned(const RequestView& request, const Authorization& authorization) {
  for (const auto& header : request.headers) {
    if (!EqualsIgnoreCase(std::string_view(header.first).substr(0, kOurs.size()), kOurs)) continue;
    const std::string name = ToLower(header.first);
    if (name == "x-amz-content-sha256" || name == "x-amz-security-token") continue;
    if (name == "x-amz-date" && authorization.presigned) continue;
    const auto& names = authorization.signed_headers;
    if (std::find(names.begin(), names.end(), name) == names.end())
      return Fail(kHeadersNotSigned, "There were headers present in the request which were not signed: " + name);
  }
  return {};
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

struct Payload {
  PayloadClaim::Kind kind;
  std::string hash;  // the last line of the canonical request
};

Result<Payload> ReadPayload(const RequestView& request, const Authorization& authorization,
                            std::optional<std::string_view> body) {
  using Kind = PayloadClaim::Kind;
  const bool s3 = authorization.scope.service == "s3";
  const std::string* header = FindHeader(request.headers, "x-amz-content-sha256");
  if (header == nullptr) {
    for (const auto& [name, value] : internal::SplitQuery(request.query))
      if (authorization.presigned && EqualsIgnoreCase(name, "X-Amz-Content-Sha256"))
        return Payload{IsSha256(value) ? Kind::kSha256 : Kind::kUnsigned, value};
    if (s3 && authorization.presigned) return Payload{Kind::kUnsigned, std::string(kUnsignedPayload)};
    if (s3) return Fail(kMissingPayloadHash, "Missing required header for this request: x-amz-content-sha256");
    if (!body) return Fail(kMissingPayloadHash, "x-amz-content-sha256 is required for this request");
    return Payload{Kind::kSha256, Sha256Hex(*body)};
  }
  const std::string value(Trim(*header));
  if (IsSha256(value)) return Payload{Kind::kSha256, value};
  if (s3 && value == kUnsignedPayload) return Payload{Kind::kUnsigned, value};
  if (s3 && value == kStreamingUnsignedTrailer) return Payload{Kind::kStreamingUnsignedTrailer, value};
  if (s3 && value == kStreamingSigned) return Payload{Kind::kStreamingSigned, value};
  if (s3 && value == kStreamingSignedTrailer) return Payload{Kind::kStreamingSignedTrailer, value};
  return Fail(
      kMalformedAuthorization,
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
      "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.");
}

}  // namespace

struct SigningKeys::State {
  struct Entry {
    std::string name, secret, key;
  };
  std::size_t capacity;
  std::mutex mutex;
  std::list<Entry> recent;  // the most recent first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_name;
};

SigningKeys::SigningKeys(std::size_t capacity) : state_(std::make_unique<State>()) {
  state_->capacity = std::max<std::size_t>(capacity, 1);
}
SigningKeys::~SigningKeys() = default;

std::string SigningKeys::Get(std::string_view access_key_id, std::string_view secret, const Scope& scope) {
  std::string name = std::string(access_key_id) + "/" + scope.Text();
  {
    const std::lock_guard lock(state_->mutex);
    if (const auto found = state_->by_name.find(name); found != state_->by_name.end()) {
      state_->recent.splice(state_->recent.begin(), state_->recent, found->second);
      if (ConstantTimeEqual(found->second->secret, secret)) return found->second->key;
    }
  }
  std::string key = DeriveSigningKey(secret, scope);
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->by_name.find(name); found != state_->by_name.end()) {
    found->second->secret = secret;
    found->second->key = key;
    return key;
  }
  state_->recent.push_front({name, std::string(secret), key});
  state_->by_name.emplace(std::move(name), state_->recent.begin());
  if (state_->recent.size() > state_->capacity) {
    state_->by_name.erase(state_->recent.back().name);
    state_->recent.pop_back();
  }
  return key;
}

Result<PayloadClaim> Verify(const RequestView& request, const Authorization& authorization, std::string_view secret,
                            Time now, std::optional<std::string_view> body, SigningKeys& signing_keys) {
  if (authorization.version == Authorization::Version::kVersion2)
    return internal::VerifyVersion2(request, authorization, secret, now);
  ALOFT_TRY(CheckTime(authorization, now));
  ALOFT_ASSIGN(const Payload payload, ReadPayload(request, authorization, body));
  const std::string key = signing_keys.Get(authorization.access_key_id, secret, authorization.scope);
  bool matches = false;
  for (const internal::Form form : {internal::Form::kEncoded, internal::Form::kAsSent}) {
    const std::string canonical = internal::CanonicalRequestIn(form, request, authorization.signed_headers,
                                                               authorization.scope.service, payload.hash);
    const std::string expected =
        HexEncode(AsBytes(HmacSha256(key, StringToSign(authorization.date_time, authorization.scope, canonical))));
    if (ConstantTimeEqual(expected, authorization.signature)) {
      matches = true;
      break;
    }
  }
  if (!matches) return Mismatch();
  ALOFT_TRY(CheckAllSigned(request, authorization));

  PayloadClaim claim;
  claim.kind = payload.kind;
  if (payload.kind == PayloadClaim::Kind::kSha256) {
    claim.sha256_hex = ToLower(payload.hash);
    if (body && claim.sha256_hex != Sha256Hex(*body))
      return Fail(kPayloadMismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.");
    claim.verified = body.has_value();
  }
  if (payload.kind == PayloadClaim::Kind::kStreamingSigned ||
      payload.kind == PayloadClaim::Kind::kStreamingSignedTrailer) {
    claim.signing_key = key;
    claim.seed_signature = authorization.signature;
    claim.date_time = authorization.date_time;
    claim.scope = authorization.scope.Text();
  }
  return claim;
}

Result<PayloadClaim> Verify(const SignedRequest& request, const Authorization& authorization, std::string_view secret,
                            Time now, std::optional<std::string_view> body, SigningKeys& signing_keys) {
  return Verify(RequestView(request), authorization, secret, now, body, signing_keys);
}

ChunkChain::ChunkChain(const PayloadClaim& claim)
    : signing_key_(claim.signing_key),
      previous_(claim.seed_signature),
      date_time_(claim.date_time),
      scope_(claim.scope) {}

std::string ChunkChain::NextChunk(std::string_view chunk_sha256_hex) {
  std::string text = "AWS4-HMAC-SHA256-PAYLOAD\n";
  text.append(date_time_).append("\n").append(scope_).append("\n").append(previous_).append("\n");
  text.append(kEmptySha256Hex).append("\n").append(chunk_sha256_hex);
  previous_ = HexEncode(AsBytes(HmacSha256(signing_key_, text)));
  return previous_;
}

std::string ChunkChain::Trailer(std::string_view trailer) {
  std::string text = "AWS4-HMAC-SHA256-TRAILER\n";
  text.append(date_time_).append("\n").append(scope_).append("\n").append(previous_).append("\n");
  text.append(Sha256Hex(trailer));
  previous_ = HexEncode(AsBytes(HmacSha256(signing_key_, text)));
  return previous_;
}

bool ChunkChain::VerifyChunk(std::string_view chunk_sha256_hex, std::string_view signature) {
  return ConstantTimeEqual(NextChunk(chunk_sha256_hex), signature);
}

bool ChunkChain::VerifyTrailer(std::string_view trailer, std::string_view signature) {
  return ConstantTimeEqual(Trailer(trailer), signature);
}

}  // namespace aloft::crypto
