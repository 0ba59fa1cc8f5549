#include <charconv>

#include "foundation/base/bytes.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/crypto/sigv4_text.h"

namespace aloft::crypto {
namespace {

using internal::FindHeader;

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kMaxSignedHeaders = 100;

Error Malformed(std::string message) {
  return Fail(kMalformedAuthorization, std::move(message));
}

// ACCESS_KEY/20261122/us-east-1/s3/aws4_request
Status ParseCredential(std::string_view text, Authorization& out) {
  const std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() != 5)
    return Malformed("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"");
  if (parts[0].empty() || parts[0].size() > 128) return Malformed("the Credential has no access key id");
  if (parts[1].size() != 8 || parts[1].find_first_not_of("0123456789") != std::string_view::npos)
    return Malformed("the Credential's date must be YYYYMMDD");
  if (parts[2].empty() || parts[3].empty()) return Malformed("the Credential's region and service must not be empty");
  if (parts[4] != "aws4_request") return Malformed("the Credential must end in \"aws4_request\"");
  out.access_key_id = parts[0];
  out.scope = Scope{std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
  return {};
}

Status ParseSignedHeaders(std::string_view text, Authorization& out) {
  bool host = false;
  for (const std::string_view name : Split(text, ';')) {
    if (name.empty()) return Malformed("SignedHeaders has an empty name");
    if (out.signed_headers.size() == kMaxSignedHeaders) return Malformed("SignedHeaders names too many headers");
    out.signed_headers.push_back(ToLower(name));
    host = host || out.signed_headers.back() == "host";
  }
  if (!host) return Malformed("SignedHeaders must name \"host\"");
  return {};
}

Status ParseSignature(std::string_view text, Authorization& out) {
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return Malformed("the Signature must be 64 lower-case hexadecimal digits");
  out.signature = text;
  return {};
}

Status ParseDate(std::string_view text, Authorization& out) {
  const std::optional<Time> time = ParseBasicTime(text);
  if (!time) return Malformed("X-Amz-Date must be YYYYMMDDTHHMMSSZ");
  if (text.substr(0, 8) != out.scope.date) return Malformed("the Credential's date is not that of X-Amz-Date");
  out.date_time = text;
  out.signed_at = *time;
  return {};
}

Result<Authorization> ParseHeader(const RequestView& request, std::string_view header) {
  header = Trim(header);
  if (!header.starts_with(kAlgorithm) || header.size() == kAlgorithm.size() || header[kAlgorithm.size()] != ' ')
    return Fail(kUnsupportedSignature,
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.");
  Authorization out;
  std::string_view credential, signed_headers, signature;
  for (std::string_view part : Split(header.substr(kAlgorithm.size() + 1), ',')) {
    part = Trim(part);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      return Malformed("'" + std::string(part) +
                       "' not a valid key=value pair (missing equal-sign) in Authorization header");
    const std::string_view name = part.substr(0, equals);
    std::string_view& target = name == "Credential"      ? credential
                               : name == "SignedHeaders" ? signed_headers
                               : name == "Signature"     ? signature
                                                         : header;
    if (&target == &header) return Malformed("Authorization header has an unknown parameter");
    if (!target.empty()) return Malformed("Authorization header names '" + std::string(name) + "' twice");
    target = part.substr(equals + 1);
  }
  for (const auto& [name, value] :
       {std::pair{"Credential", credential}, {"Signature", signature}, {"SignedHeaders", signed_headers}})
    if (value.empty()) return Malformed(std::string("Authorization header requires '") + name + "' parameter.");
  ALOFT_TRY(ParseCredential(credential, out));
  ALOFT_TRY(ParseSignedHeaders(signed_headers, out));
  ALOFT_TRY(ParseSignature(signature, out));
  const std::string* date = FindHeader(request.headers, "x-amz-date");
  if (date == nullptr) date = FindHeader(request.headers, "date");
  if (date == nullptr)
    return Malformed("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  ALOFT_TRY(ParseDate(Trim(*date), out));
  if (const std::string* token = FindHeader(request.headers, "x-amz-security-token")) out.session_token = Trim(*token);
  return out;
}

Result<Authorization> ParseQuery(const internal::QueryList& query) {
  Authorization out;
  out.presigned = true;
  const auto find = [&](std::string_view name) -> std::optional<std::string> {
    for (const auto& [key, value] : query)
      if (EqualsIgnoreCase(key, name)) return internal::UriDecode(value);
    return std::nullopt;
  };
  for (const char* name :
       {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"})
    // Services other than s3 presign without X-Amz-Expires; their limit is the skew.
    if (!find(name) && std::string_view(name) != "X-Amz-Expires")
      return Malformed(
          "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
          "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
  if (*find("X-Amz-Algorithm") != kAlgorithm)
    return Fail(kUnsupportedSignature, "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
  ALOFT_TRY(ParseCredential(*find("X-Amz-Credential"), out));
  ALOFT_TRY(ParseSignedHeaders(*find("X-Amz-SignedHeaders"), out));
  ALOFT_TRY(ParseSignature(*find("X-Amz-Signature"), out));
  ALOFT_TRY(ParseDate(*find("X-Amz-Date"), out));
  std::int64_t seconds = std::chrono::seconds(kMaxSkew).count();
  if (const auto expires = find("X-Amz-Expires")) {
    const auto [end, error] = std::from_chars(expires->data(), expires->data() + expires->size(), seconds);
    if (error != std::errc() || end != expires->data() + expires->size())
      return Malformed("X-Amz-Expires should be a number");
    if (seconds < 0) return Malformed("X-Amz-Expires must be non-negative");
    if (seconds > std::chrono::seconds(kMaxPresign).count())
      return Malformed(
          "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
          "less than 604800 seconds");
  } else if (out.scope.service == "s3") {
    return Malformed("Query-string authentication version 4 requires the X-Amz-Expires parameter.");
  }
  out.valid_for = std::chrono::seconds(seconds);
  if (auto token = find("X-Amz-Security-Token")) out.session_token = std::move(*token);
  return out;
}

bool IsPresigned(const internal::QueryList& query) {
  for (const auto& [name, value] : query)
    if (EqualsIgnoreCase(name, "X-Amz-Algorithm") || EqualsIgnoreCase(name, "X-Amz-Signature") ||
        EqualsIgnoreCase(name, "X-Amz-Credential"))
      return true;
  return false;
}

}  // namespace

bool HasSignature(const RequestView& request) {
  if (FindHeader(request.headers, "authorization") != nullptr) return true;
  if (request.query.empty()) return false;
  const internal::QueryList query = internal::SplitQuery(request.query);
  return IsPresigned(query) || internal::IsVersion2(query);
}

Result<Authorization> ParseAuthorization(const RequestView& request) {
  const std::string* header = FindHeader(request.headers, "authorization");
  const internal::QueryList query = internal::SplitQuery(request.query);
  if (header != nullptr) {
    if (IsPresigned(query) || internal::IsVersion2(query))
      return Malformed(
          "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter "
          "or the Authorization header should be specified");
    return ParseHeader(request, *header);
  }
  if (IsPresigned(query)) return ParseQuery(query);
  if (internal::IsVersion2(query)) return internal::ParseVersion2(query);
  return Fail(kNoSignature, "Request is missing Authentication Token");
}

bool HasSignature(const SignedRequest& request) {
  return HasSignature(RequestView(request));
}

Result<Authorization> ParseAuthorization(const SignedRequest& request) {
  return ParseAuthorization(RequestView(request));
}

}  // namespace aloft::crypto
