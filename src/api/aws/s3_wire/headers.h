// The headers of S3 requests and answers <-> values of the object store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/aws/s3_wire/request.h"
#include "foundation/base/clock.h"
#include "foundation/http/message.h"
#include "services/objects/contract/types.h"

namespace aloft::api::s3 {

// What a write says about its bytes: Content-MD5 and one x-amz-checksum-*, in the head or announced for the trailer.
struct BodyDigests {
  objects::ChecksumAlgorithm algorithm = objects::ChecksumAlgorithm::kNone;  // kNone: nothing was said
  objects::ExpectedDigests expected{};
  std::string trailer{};  // the header that comes after the body, in lower case; empty: none
};
// kInvalidDigest, kInvalidRequest.
Result<BodyDigests> ReadDigests(const http::Headers& headers);

// A checksum in base64, of the right length; kInvalidRequest names `header`.
Status CheckChecksumText(std::string_view header, objects::ChecksumAlgorithm algorithm, std::string_view text);

// Content-Type, x-amz-meta-*, x-amz-storage-class, x-amz-tagging, ... of a write. What cannot be honoured is refused by
// name: customer keys, object lock, redirects, public ACLs. Encryption that the SDKs ask for by default is accepted and
// never claimed in an answer.
Result<objects::Attributes> ReadAttributes(const http::Headers& headers);
// Only what is about the whole request, not about stored attributes: for parts and buckets.
Status RefuseUnsupported(const http::Headers& headers);

// "a=1&b=2", percent-encoded.
Result<objects::Pairs> ParseTagging(std::string_view text);

// If-Match and If-None-Match of a write.
Result<objects::WriteCondition> ReadWriteCondition(const http::Headers& headers);

// `"abc"`, `W/"abc"` or `abc` as `abc`.
std::string_view Unquoted(std::string_view etag);
std::string Quoted(std::string_view etag);

// The four conditional headers of a read, in the order of RFC 9110, or of a copy's source with `prefix`
// "x-amz-copy-source-".
enum class ReadVerdict { kGo, kNotModified, kFailed };
ReadVerdict CheckReadConditions(const http::Headers& headers, const objects::ObjectInfo& info,
                                std::string_view prefix = {});

// "x-amz-checksum-crc32".
std::string ChecksumHeader(objects::ChecksumAlgorithm algorithm);
// "ChecksumCRC32".
std::string ChecksumElement(objects::ChecksumAlgorithm algorithm);
std::string_view ChecksumTypeName(objects::ChecksumType type);
// x-amz-checksum-* and x-amz-checksum-type; nothing where there is none.
void AddChecksum(http::Headers& headers, const objects::Checksum& checksum);

// The response-* parameters of a read, which come back as headers: kInvalidArgument for what cannot be one.
Status CheckOverrides(const Target& target);
// Everything a GET or HEAD says of an object but its length; the caller's response-* overrides win.
void AddObjectHeaders(http::Headers& headers, const objects::ObjectInfo& info, const Target& target);

}  // namespace aloft::api::s3
