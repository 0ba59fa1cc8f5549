// Presigned links of signature version 2.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/sigv4_text.h"

namespace aloft::crypto::internal {
namespace {

// The part of a query that the signature covers.
constexpr std::string_view kSubResources[] = {"acl",
                                              "cors",
                                              "delete",
                                              "lifecycle",
                                              "location",
                                              "logging",
                                              "notification",
                                              "partNumber",
                                              "policy",
                                              "requestPayment",
                                              "response-cache-control",
                                              "response-content-disposition",
                                              "response-content-encoding",
                                              "response-content-language",
                                              "response-content-type",
                                              "response-expires",
                                              "restore",
                                              "tagging",
                                              "torrent",
                                              "uploadId",
                                              "uploads",
                                              "versionId",
                                              "versioning",
                                              "versions",
                                              "website"};

bool IsSubResource(std::string_view name) {
  return std::find(std::begin(kSubResources), std::end(kSubResources), name) != std::end(kSubResources);
}

// Clients put into the query what they signed as a header.
bool IsHeaderInQuery(std::string_view lower) {
  return lower.starts_with("x-amz-") || lower == "content-type" || lower == "content-md5";
}

std::string Base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::optional<std::string> Find(const QueryList& query, std::string_view name) {
  for (const auto& [key, value] : query)
    if (key == name) return UriDecode(value);
  return std::nullopt;
}

}  // namespace

bool IsVersion2(const QueryList& query) {
  return Find(query, "AWSAccessKeyId").has_value() && Find(query, "Signature").has_value();
}

Result<Authorization> ParseVersion2(const QueryList& query) {
  Authorization out;
  out.version = Authorization::Version::kVersion2;
  out.presigned = true;
  out.scope.service = "s3";
  out.access_key_id = *Find(query, "AWSAccessKeyId");
  out.signature = *Find(query, "Signature");
  const std::string expires = Find(query, "Expires").value_or("");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  // Until the year 9999, which also keeps the arithmetic of time from overflowing.
  if (error != std::errc() || end != expires.data() + expires.size() || seconds < 0 || seconds > 253'402'300'799)
    return Fail(kMalformedAuthorization,
                "Query String Authentication requires the Signature, Expires and AWSAccessKeyId "
                "parameters; Expires is a number of seconds since 1970");
  out.ends = Time(std::chrono::seconds(seconds));
  std::set<std::string> seen;
  for (const auto& [name, value] : query) {
    const std::string lower = ToLower(name);
    // Said twice, the signer and the reader may each take the other one.
    if (!seen.insert(lower).second)
      return Fail(kMalformedAuthorization, "The query names \"" + name + "\" more than once");
    if (lower == "x-amz-security-token") out.session_token = UriDecode(value);
    if (name != "AWSAccessKeyId" && name != "Signature" && name != "Expires" && !IsSubResource(name) &&
        !IsHeaderInQuery(lower))
      return Fail(kUnsupportedSignature, "A link of signature version 2 does not cover the parameter \"" + name +
                                             "\". Please use AWS4-HMAC-SHA256.");
  }
  return out;
}

std::string Version2Text(const RequestView& request) {
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> resources;
  for (const auto& [key, value] : request.headers) {
    const std::string name = ToLower(key);
    if (!IsHeaderInQuery(name)) continue;
    std::string& text = headers[name];
    if (!text.empty()) text.push_back(',');
    text.append(Trim(value));
  }
  std::string expires;
  for (const auto& [key, value] : SplitQuery(request.query)) {
    const std::string name = ToLower(key);
    if (IsHeaderInQuery(name))
      headers[name] = QueryDecode(value);
    else if (key == "Expires")
      expires = UriDecode(value);
    else if (IsSubResource(key))
      resources[key] = QueryDecode(value);
  }
  std::string out(request.method);
  out.append("\n").append(headers["content-md5"]).append("\n").append(headers["content-type"]);
  out.append("\n").append(expires).append("\n");
  for (const auto& [name, value] : headers)
    if (name.starts_with("x-amz-")) out.append(name).append(":").append(value).append("\n");
  out.append(request.path);
  char separator = '?';
  for (const auto& [name, value] : resources) {
    out.push_back(separator);
    out.append(name);
    if (!value.empty()) out.append("=").append(value);
    separator = '&';
  }
  return out;
}

Result<PayloadClaim> VerifyVersion2(const RequestView& request, const Authorization& authorization,
                                    std::string_view secret, Time now) {
  if (now >= authorization.ends) return Fail(kPresignExpired, "Request has expired");
  const std::string expected = Base64(Hmac(Digest::kSha1, secret, Version2Text(request)));
  if (!ConstantTimeEqual(expected, authorization.signature))
    return Fail(kSignatureMismatch,
                "The request signature we calculated does not match the signature you provided. Check your key and "
                "signing method.");
  return PayloadClaim{};
}

}  // namespace aloft::crypto::internal
