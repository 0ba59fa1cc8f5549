#include "foundation/crypto/sigv4.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/sigv4_text.h"

namespace aloft::crypto {
namespace internal {

std::string UriEncode(std::string_view text, bool keep_slash) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~' || (keep_slash && c == '/');
    if (plain) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

std::string UriDecode(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string QueryDecode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return UriDecode(spaced);
}

QueryList SplitQuery(std::string_view query) {
  QueryList out;
  for (const std::string_view part : Split(query, '&')) {
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      out.emplace_back(part, "");
    else
      out.emplace_back(part.substr(0, equals), part.substr(equals + 1));
  }
  return out;
}

const std::string* FindHeader(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key.size() == name.size() && EqualsIgnoreCase(key, name)) return &value;
  return nullptr;
}

namespace {

// "/a/./b//../c" is "/a/c"; a trailing slash stays.
std::string Normalized(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : Split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
      continue;
    }
    kept.push_back(segment);
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  if (out.empty()) return "/";
  if (path.ends_with('/')) out.push_back('/');
  return out;
}

std::string CanonicalPath(Form form, std::string_view path, std::string_view service) {
  if (path.empty()) return "/";
  if (service != "s3") return UriEncode(Normalized(path), true);
  return form == Form::kAsSent ? std::string(path) : UriEncode(UriDecode(path), true);
}

std::string CanonicalQuery(Form form, std::string_view query) {
  if (query.empty()) return "";
  QueryList pairs = SplitQuery(query);
  if (form == Form::kEncoded) {
    for (auto& [name, value] : pairs) {
      name = UriEncode(QueryDecode(name), false);
      value = UriEncode(QueryDecode(value), false);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (name == "X-Amz-Signature") continue;
    if (!out.empty()) out.push_back('&');
    out.append(name).append("=").append(value);
  }
  return out;
}

// Outer blanks go, inner runs of blanks become one.
void AppendCollapsed(std::string_view value, std::string& out) {
  bool pending = false;
  bool any = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      pending = any;
      continue;
    }
    if (pending) out.push_back(' ');
    pending = false;
    any = true;
    out.push_back(c);
  }
}

}  // namespace

std::string CanonicalRequestIn(Form form, const RequestView& request, const std::vector<std::string>& signed_headers,
                               std::string_view service, std::string_view payload_hash) {
  std::string out;
  out.reserve(512);
  out.append(request.method);
  out.append("\n").append(CanonicalPath(form, request.path, service));
  out.append("\n").append(CanonicalQuery(form, request.query)).append("\n");
  std::string names;
  for (const std::string& name : signed_headers) {
    out.append(name).append(":");
    bool first = true;
    for (const auto& [key, value] : request.headers) {
      if (key.size() != name.size() || !EqualsIgnoreCase(key, name)) continue;
      if (!first) out.push_back(',');
      first = false;
      AppendCollapsed(value, out);
    }
    out.push_back('\n');
    if (!names.empty()) names.push_back(';');
    names.append(name);
  }
  out.append("\n").append(names).append("\n").append(payload_hash);
  return out;
}

}  // namespace internal

std::string CanonicalRequest(const SignedRequest& request, const std::vector<std::string>& signed_headers,
                             std::string_view service, std::string_view payload_hash) {
  return internal::CanonicalRequestIn(internal::Form::kEncoded, RequestView(request), signed_headers, service,
                                      payload_hash);
}

std::string StringToSign(std::string_view date_time, const Scope& scope, std::string_view canonical_request) {
  std::string out = "AWS4-HMAC-SHA256\n";
  return out.append(date_time).append("\n").append(scope.Text()).append("\n").append(Sha256Hex(canonical_request));
}

std::string DeriveSigningKey(std::string_view secret, const Scope& scope) {
  std::string key = HmacSha256("AWS4" + std::string(secret), scope.date);
  key = HmacSha256(key, scope.region);
  key = HmacSha256(key, scope.service);
  return HmacSha256(key, "aws4_request");
}

std::string FormatBasicTime(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  char text[32];
  std::snprintf(text, sizeof text, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::optional<Time> ParseBasicTime(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    for (std::size_t i = at; i < at + size; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  const int hours = number(9, 2), minutes = number(11, 2), seconds = number(13, 2);
  const int year = number(0, 4), month = number(4, 2), day = number(6, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60)
    return std::nullopt;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
         std::chrono::seconds(seconds);
}

void Sign(SignedRequest& request, const SigningCredentials& credentials, std::string_view region,
          std::string_view service, std::string_view payload_hash, Time now) {
  const std::string date_time = FormatBasicTime(now);
  const Scope scope{date_time.substr(0, 8), std::string(region), std::string(service)};
  request.headers.emplace_back("X-Amz-Date", date_time);
  if (!credentials.session_token.empty())
    request.headers.emplace_back("X-Amz-Security-Token", credentials.session_token);
  if (service == "s3" && internal::FindHeader(request.headers, "x-amz-content-sha256") == nullptr)
    request.headers.emplace_back("X-Amz-Content-SHA256", payload_hash);
  std::vector<std::string> names;
  for (const auto& header : request.headers) {
    std::string name = ToLower(header.first);
    // Proxies and the client's own transport may change these.
    if (name == "user-agent" || name == "expect" || name == "transfer-encoding" || name == "connection" ||
        name == "x-amzn-trace-id" || name == "authorization")
      continue;
    names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const std::string canonical =
      internal::CanonicalRequestIn(service == "s3" ? internal::Form::kAsSent : internal::Form::kEncoded,
                                   RequestView(request), names, service, payload_hash);
  const std::string signature = HexEncode(
      AsBytes(HmacSha256(DeriveSigningKey(credentials.secret, scope), StringToSign(date_time, scope, canonical))));
  std::string signed_headers;
  for (const std::string& name : names) signed_headers.append(signed_headers.empty() ? "" : ";").append(name);
  request.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key_id + "/" +
                                                    scope.Text() + ", SignedHeaders=" + signed_headers +
                                                    ", Signature=" + signature);
}

std::string Presign(const SignedRequest& request, const SigningCredentials& credentials, std::string_view region,
                    std::string_view service, std::chrono::seconds valid_for, Time now) {
  const std::string date_time = FormatBasicTime(now);
  const Scope scope{date_time.substr(0, 8), std::string(region), std::string(service)};
  std::vector<std::string> names;
  for (const auto& header : request.headers) names.push_back(ToLower(header.first));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string signed_headers;
  for (const std::string& name : names) signed_headers.append(signed_headers.empty() ? "" : ";").append(name);

  SignedRequest signed_request = request;
  std::string& query = signed_request.query;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!query.empty()) query.push_back('&');
    query.append(name).append("=").append(internal::UriEncode(value, false));
  };
  add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
  add("X-Amz-Credential", credentials.access_key_id + "/" + scope.Text());
  add("X-Amz-Date", date_time);
  add("X-Amz-Expires", std::to_string(valid_for.count()));
  add("X-Amz-SignedHeaders", signed_headers);
  if (!credentials.session_token.empty()) add("X-Amz-Security-Token", credentials.session_token);
  const std::string canonical =
      CanonicalRequest(signed_request, names, service, service == "s3" ? kUnsignedPayload : kEmptySha256Hex);
  add("X-Amz-Signature", HexEncode(AsBytes(HmacSha256(DeriveSigningKey(credentials.secret, scope),
                                                      StringToSign(date_time, scope, canonical)))));
  return query;
}

}  // namespace aloft::crypto
