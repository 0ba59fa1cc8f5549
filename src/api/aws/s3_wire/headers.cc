#include "api/aws/s3_wire/headers.h"

#include <algorithm>

#include "api/aws/s3_wire/acl_headers.h"
#include "api/aws/s3_wire/errors.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/time.h"
#include "foundation/http/parser.h"
#include "services/objects/contract/digests.h"

namespace aloft::api::s3 {
namespace {

using objects::ChecksumAlgorithm;

constexpr std::pair<ChecksumAlgorithm, std::string_view> kChecksums[] = {
    {ChecksumAlgorithm::kCrc32, "x-amz-checksum-crc32"},
    {ChecksumAlgorithm::kCrc32c, "x-amz-checksum-crc32c"},
    {ChecksumAlgorithm::kCrc64Nvme, "x-amz-checksum-crc64nvme"},
    {ChecksumAlgorithm::kSha1, "x-amz-checksum-sha1"},
    {ChecksumAlgorithm::kSha256, "x-amz-checksum-sha256"}};

constexpr std::string_view kStorageClasses[] = {"STANDARD",     "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                                "ONEZONE_IA",   "INTELLIGENT_TIERING", "GLACIER",
                                                "DEEP_ARCHIVE", "GLACIER_IR"};

// Headers that change what a write means in ways that are not built: answering 200 to them would be a lie.
constexpr std::pair<std::string_view, std::string_view> kUnsupported[] = {
    {"x-amz-website-redirect-location", "website redirects"},
    {"x-amz-write-offset-bytes", "appending to objects"},
};

std::string Text(std::string_view text) {
  return std::string(text);
}

// Content-Encoding without the encoding of the transfer, which is not the object's.
std::string StoredEncoding(std::string_view header) {
  std::string kept;
  for (std::string_view part : Split(header, ',')) {
    part = Trim(part);
    if (part.empty() || EqualsIgnoreCase(part, "aws-chunked")) continue;
    if (!kept.empty()) kept += ',';
    kept += part;
  }
  return kept;
}

bool ETagMatches(std::string_view header, std::string_view etag) {
  for (std::string_view part : Split(header, ',')) {
    part = Trim(part);
    if (part == "*" || Unquoted(part) == etag) return true;
  }
  return false;
}

}  // namespace

std::string ChecksumHeader(ChecksumAlgorithm algorithm) {
  for (const auto& [known, header] : kChecksums)
    if (known == algorithm) return Text(header);
  return {};
}

std::string ChecksumElement(ChecksumAlgorithm algorithm) {
  return "Checksum" + std::string(objects::ToString(algorithm));
}

std::string_view ChecksumTypeName(objects::ChecksumType type) {
  return type == objects::ChecksumType::kComposite ? "COMPOSITE" : "FULL_OBJECT";
}

void AddChecksum(http::Headers& headers, const objects::Checksum& checksum) {
  if (checksum.algorithm == ChecksumAlgorithm::kNone) return;
  headers.Add(ChecksumHeader(checksum.algorithm), checksum.value);
  headers.Add("x-amz-checksum-type", Text(ChecksumTypeName(checksum.type)));
}

Status CheckChecksumText(std::string_view header, ChecksumAlgorithm algorithm, std::string_view text) {
  auto bytes = codec::Base64Decode(text);
  if (!bytes || bytes->size() != objects::ChecksumBytes(algorithm))
    return Fail(kInvalidRequest, "Value for " + Text(header) + " header is invalid.");
  return {};
}

Result<BodyDigests> ReadDigests(const http::Headers& headers) {
  BodyDigests digests;
  if (std::string_view md5 = headers.Get("content-md5"); !md5.empty()) {
    auto bytes = codec::Base64Decode(Trim(md5));
    if (!bytes || bytes->size() != 16) return Fail(kInvalidDigest, "The Content-MD5 you specified was invalid.");
    digests.expected.md5 = std::move(*bytes);
  }
  auto add = [&](ChecksumAlgorithm algorithm) -> Status {
    if (digests.algorithm != ChecksumAlgorithm::kNone)
      return Fail(kInvalidRequest,
                  "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    digests.algorithm = algorithm;
    return {};
  };
  for (const auto& [algorithm, header] : kChecksums) {
    if (!headers.Has(header)) continue;
    ALOFT_TRY(add(algorithm));
    digests.expected.checksum = Trim(headers.Get(header));
    ALOFT_TRY(CheckChecksumText(header, algorithm, digests.expected.checksum));
  }
  if (std::string_view trailer = Trim(headers.Get("x-amz-trailer")); !trailer.empty()) {
    for (const auto& [algorithm, header] : kChecksums) {
      if (!EqualsIgnoreCase(trailer, header)) continue;
      ALOFT_TRY(add(algorithm));
      digests.trailer = ToLower(trailer);
    }
    if (digests.trailer.empty())
      return Fail(kInvalidRequest, "The value specified in the x-amz-trailer header is not supported");
  }
  if (std::string_view name = headers.Get("x-amz-sdk-checksum-algorithm"); !name.empty()) {
    auto algorithm = objects::ParseChecksumAlgorithm(name);
    if (!algorithm) return Fail(kInvalidRequest, "Checksum algorithm provided is unsupported. Please try again.");
    if (digests.algorithm == ChecksumAlgorithm::kNone)
      return Fail(kInvalidRequest,
                  "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
                  "headers were found.");
  }
  return digests;
}

Status RefuseUnsupported(const http::Headers& headers) {
  for (const auto& [name, feature] : kUnsupported)
    if (headers.Has(name))
      return Fail(kNotImplemented,
                  "A header you provided asks for " + Text(feature) + ", which is not built in this Aloft.");
  if (HasAclHeaders(headers)) ALOFT_TRY(ReadAclHeaders(headers, "", ""));
  return {};
}

Result<objects::Attributes> ReadAttributes(const http::Headers& headers) {
  ALOFT_TRY(RefuseUnsupported(headers));
  objects::Attributes attributes;
  attributes.content_type = headers.Get("content-type");
  attributes.cache_control = headers.Get("cache-control");
  attributes.content_disposition = headers.Get("content-disposition");
  attributes.content_encoding = StoredEncoding(headers.Get("content-encoding"));
  attributes.content_language = headers.Get("content-language");
  attributes.expires = headers.Get("expires");
  std::string_view storage_class = headers.Get("x-amz-storage-class");
  if (!storage_class.empty()) {
    if (std::find(std::begin(kStorageClasses), std::end(kStorageClasses), storage_class) == std::end(kStorageClasses))
      return Fail(kInvalidStorageClass, "The storage class you specified is not valid");
    if (storage_class != "STANDARD") attributes.storage_class = storage_class;
  }
  static constexpr std::string_view kMeta = "x-amz-meta-";
  for (const auto& [name, value] : headers.fields()) {
    if (name.size() <= kMeta.size() || !EqualsIgnoreCase(std::string_view(name).substr(0, kMeta.size()), kMeta))
      continue;
    std::string lower = ToLower(std::string_view(name).substr(kMeta.size()));
    auto found = std::find_if(attributes.metadata.begin(), attributes.metadata.end(),
                              [&](const auto& pair) { return pair.first == lower; });
    if (found == attributes.metadata.end())
      attributes.metadata.emplace_back(std::move(lower), value);
    else
      found->second += "," + value;
  }
  if (std::string_view tagging = headers.Get("x-amz-tagging"); !tagging.empty()) {
    ALOFT_ASSIGN(attributes.tags, ParseTagging(tagging));
  }
  return attributes;
}

Result<objects::Pairs> ParseTagging(std::string_view text) {
  auto query = codec::ParseQuery(text);
  if (!query)
    return Fail(kInvalidArgument,
                "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
                "parameters without tag name duplicates.");
  return std::move(*query);
}

Result<objects::WriteCondition> ReadWriteCondition(const http::Headers& headers) {
  objects::WriteCondition condition;
  condition.if_match = Unquoted(Trim(headers.Get("if-match")));
  std::string_view none = Trim(headers.Get("if-none-match"));
  if (!none.empty() && none != "*")
    return Fail(kNotImplemented,
                "A header you provided implies functionality that is not implemented: If-None-Match of a write can "
                "only be *");
  condition.if_none_match = !none.empty();
  if (condition.if_none_match && !condition.if_match.empty())
    return Fail(kNotImplemented, "A write cannot have both If-Match and If-None-Match");
  return condition;
}

std::string_view Unquoted(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

std::string Quoted(std::string_view etag) {
  return "\"" + Text(etag) + "\"";
}

ReadVerdict CheckReadConditions(const http::Headers& headers, const objects::ObjectInfo& info,
                                std::string_view prefix) {
  auto get = [&](std::string_view name) {
    return prefix.empty() ? headers.Get(name) : headers.Get(Text(prefix) + Text(name));
  };
  // Headers have whole seconds.
  Time modified = std::chrono::floor<std::chrono::seconds>(info.modified);
  std::string_view match = get("if-match");
  if (!match.empty()) {
    if (!ETagMatches(match, info.etag)) return ReadVerdict::kFailed;
  } else if (auto since = codec::ParseHttpDate(get("if-unmodified-since")); since && modified > *since) {
    return ReadVerdict::kFailed;
  }
  std::string_view none = get("if-none-match");
  if (!none.empty()) {
    if (ETagMatches(none, info.etag)) return ReadVerdict::kNotModified;
  } else if (auto since = codec::ParseHttpDate(get("if-modified-since")); since && modified <= *since) {
    return ReadVerdict::kNotModified;
  }
  return ReadVerdict::kGo;
}

Status CheckOverrides(const Target& target) {
  for (std::string_view name : {"response-content-type", "response-cache-control", "response-content-disposition",
                                "response-content-encoding", "response-content-language", "response-expires"})
    if (!http::IsFieldValue(target.Get(name)))
      return Fail(kInvalidArgument, "The value of " + std::string(name) + " cannot be a header's.");
  return {};
}

void AddObjectHeaders(http::Headers& headers, const objects::ObjectInfo& info, const Target& target) {
  const auto& attributes = info.attributes;
  auto add = [&](std::string name, std::string_view value, std::string_view parameter) {
    if (std::string_view override = target.Get(parameter); !override.empty()) value = override;
    if (!value.empty()) headers.Add(std::move(name), Text(value));
  };
  headers.Add("Last-Modified", codec::FormatHttpDate(info.modified));
  headers.Add("ETag", Quoted(info.etag));
  headers.Add("Accept-Ranges", "bytes");
  add("Content-Type", attributes.content_type.empty() ? "binary/octet-stream" : attributes.content_type,
      "response-content-type");
  add("Cache-Control", attributes.cache_control, "response-cache-control");
  add("Content-Disposition", attributes.content_disposition, "response-content-disposition");
  add("Content-Encoding", attributes.content_encoding, "response-content-encoding");
  add("Content-Language", attributes.content_language, "response-content-language");
  add("Expires", attributes.expires, "response-expires");
  if (!attributes.storage_class.empty()) headers.Add("x-amz-storage-class", attributes.storage_class);
  for (const auto& [name, value] : attributes.metadata) headers.Add("x-amz-meta-" + name, value);
  if (!attributes.tags.empty()) headers.Add("x-amz-tagging-count", std::to_string(attributes.tags.size()));
}

}  // namespace aloft::api::s3
