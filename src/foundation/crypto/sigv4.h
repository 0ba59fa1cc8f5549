// AWS Signature Version 4 over a plain struct: parsing, verifying and making signatures in the header, in a presigned
// query and in the chunks of a streamed body. Pure functions; nothing here knows of sockets or accounts.
//
//   ALOFT_ASSIGN(Authorization authorization, ParseAuthorization(request));
//   ALOFT_ASSIGN(PayloadClaim claim, Verify(request, authorization, secret, clock.Now(), body, signing_keys));
//
// Canonical forms: the path of service "s3" is encoded once and kept as it is; of any other service it is normalised
// and encoded twice. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/crypto/errors.h"

namespace aloft::crypto {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// A request as received or as it will be sent.
struct SignedRequest {
  std::string method;
  std::string path;    // raw, still percent-encoded
  std::string query;   // raw, without '?'
  HeaderList headers;  // all of them, names of any case
};

struct Scope {
  std::string date;  // "20261122"
  std::string region;
  std::string service;

  std::string Text() const { return date + "/" + region + "/" + service + "/aws4_request"; }
};

// What a request says about its signature; nothing is verified yet.
struct Authorization {
  // kVersion2: a presigned link of the older kind, which boto3 still makes for S3 unless it is told otherwise. It
  // covers method, path, x-amz headers and sub-resources; queries that it would not cover are refused.
  enum class Version { kVersion4, kVersion2 };
  Version version = Version::kVersion4;
  std::string access_key_id;
  Scope scope;
  std::vector<std::string> signed_headers;  // lower case, in the order given
  std::string signature;                    // 64 hexadecimal digits; version 2: base 64
  std::string date_time;                    // "20261122T110000Z"
  Time signed_at{};
  std::string session_token;  // empty for long-lived keys
  bool presigned = false;
  std::chrono::seconds valid_for{0};  // presigned: X-Amz-Expires
  Time ends{};                        // version 2: when the link ends
};

// How the body of a verified request is vouched for.
struct PayloadClaim {
  enum class Kind {
    kUnsigned,
    kSha256,                    // the body's SHA-256 must be sha256_hex
    kStreamingUnsignedTrailer,  // aws-chunked, a checksum trailer, no signatures
    kStreamingSigned,           // aws-chunked, each chunk signed: see ChunkChain
    kStreamingSignedTrailer,
  };
  Kind kind = Kind::kUnsigned;
  std::string sha256_hex;
  bool verified = false;  // kSha256: the body was at hand, and is that one
  // Of the streaming signed kinds.
  std::string signing_key;
  std::string seed_signature;
  std::string date_time;
  std::string scope;
};

inline constexpr std::chrono::minutes kMaxSkew{15};
inline constexpr std::chrono::hours kMaxPresign{7 * 24};

// True where the request carries a signature of any kind (header or query), well-formed or not.
bool HasSignature(const SignedRequest& request);

// Errors: kNoSignature, kMalformedAuthorization (message names the part), kUnsupportedSignature.
Result<Authorization> ParseAuthorization(const SignedRequest& request);

// Keys derived from secrets, so that a request costs one HMAC chain less. Bounded, least recently used goes.
// Thread-safe.
class SigningKeys {
 public:
  explicit SigningKeys(std::size_t capacity = 4096);
  ~SigningKeys();
  std::string Get(std::string_view access_key_id, std::string_view secret, const Scope& scope);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Checks time and signature. `body` is the whole body where it is at hand: its digest is then checked too, and services
// other than s3, whose clients send no x-amz-content-sha256, can be verified. Without it the claim says what to check
// while the body streams; a request that names no digest is then kMissingPayloadHash.
// Errors: kRequestTimeTooSkewed, kPresignExpired, kSignatureMismatch, kHeadersNotSigned, kPayloadMismatch,
// kMissingPayloadHash, kMalformedAuthorization.
Result<PayloadClaim> Verify(const SignedRequest& request, const Authorization& authorization, std::string_view secret,
                            Time now, std::optional<std::string_view> body, SigningKeys& signing_keys);

struct SigningCredentials {
  std::string access_key_id;
  std::string secret;
  std::string session_token;  // may be empty
};

// Adds X-Amz-Date, X-Amz-Security-Token, for s3 X-Amz-Content-SHA256, and Authorization to `request`, whose Host header
// must be there. `payload_hash` is the hexadecimal SHA-256 of the body or one of the literals below.
void Sign(SignedRequest& request, const SigningCredentials& credentials, std::string_view region,
          std::string_view service, std::string_view payload_hash, Time now);

// The query of a presigned URL, for `request.query` plus the signature's own parameters.
std::string Presign(const SignedRequest& request, const SigningCredentials& credentials, std::string_view region,
                    std::string_view service, std::chrono::seconds valid_for, Time now);

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kStreamingUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
inline constexpr std::string_view kStreamingSigned = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
inline constexpr std::string_view kStreamingSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

// The chain of signatures through a streamed body: each chunk's signature covers the one before. The last, empty chunk
// is a chunk too. Used on both sides.
class ChunkChain {
 public:
  // `claim` is of a streaming signed kind.
  explicit ChunkChain(const PayloadClaim& claim);
  // The signature that the next chunk must carry; advances the chain.
  std::string NextChunk(std::string_view chunk_sha256_hex);
  // `trailer` is the trailing headers as "name:value\n", names in lower case.
  std::string Trailer(std::string_view trailer);
  // Compare in constant time and advance; false is a forged or damaged chunk.
  bool VerifyChunk(std::string_view chunk_sha256_hex, std::string_view signature);
  bool VerifyTrailer(std::string_view trailer, std::string_view signature);

 private:
  std::string signing_key_, previous_, date_time_, scope_;
};

// Parts, public for tests and for tools that explain a mismatch.
std::string CanonicalRequest(const SignedRequest& request, const std::vector<std::string>& signed_headers,
                             std::string_view service, std::string_view payload_hash);
std::string StringToSign(std::string_view date_time, const Scope& scope, std::string_view canonical_request);
std::string DeriveSigningKey(std::string_view secret, const Scope& scope);
// "20261122T110000Z".
std::string FormatBasicTime(Time time);
std::optional<Time> ParseBasicTime(std::string_view text);

}  // namespace aloft::crypto
