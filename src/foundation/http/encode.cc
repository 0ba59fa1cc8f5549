#include "foundation/http/encode.h"

#include <charconv>

#include "foundation/base/bytes.h"
#include "foundation/http/parser.h"

namespace aloft::http {
namespace {

void AppendNumber(std::uint64_t number, int base, std::string& out) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), number, base);
  out.append(text, end.ptr);
}

bool IsConnectionsOwn(std::string_view name) {
  switch (name.size()) {
    case 4: return EqualsIgnoreCase(name, "date");
    case 10: return EqualsIgnoreCase(name, "connection") || EqualsIgnoreCase(name, "keep-alive");
    case 14: return EqualsIgnoreCase(name, "content-length");
    case 17: return EqualsIgnoreCase(name, "transfer-encoding");
    default: return false;
  }
}

bool AppendFields(const Headers& headers, std::string& out) {
  for (const auto& [name, value] : headers.fields()) {
    if (!IsToken(name) || !IsFieldValue(value)) return false;
    if (IsConnectionsOwn(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  return true;
}

void AppendLength(std::int64_t length, std::string& out) {
  out.append("Content-Length: ");
  AppendNumber(static_cast<std::uint64_t>(length), 10, out);
  out.append("\r\n");
}

}  // namespace

std::string_view StatusPhrase(int status) {
  // clang-format off
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 424: return "Failed Dependency";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
  // clang-format on
}

bool StatusAllowsBody(int status) {
  return status >= 200 && status != 204 && status != 304;
}

bool AppendResponseHead(int status, const Headers& headers, const ResponseFraming& framing, std::string& out) {
  const std::size_t before = out.size();
  out.append("HTTP/1.1 ");
  AppendNumber(static_cast<std::uint64_t>(status), 10, out);
  out.append(" ").append(StatusPhrase(status)).append("\r\n");
  if (!AppendFields(headers, out)) {
    out.resize(before);
    return false;
  }
  out.append("Date: ").append(framing.date).append("\r\n");
  if (framing.chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (framing.content_length >= 0) AppendLength(framing.content_length, out);
  if (!framing.keep_alive) out.append("Connection: close\r\n");
  if (framing.keep_alive && framing.minor_version == 0) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
  return true;
}

bool AppendRequestHead(std::string_view method, std::string_view target, const Headers& headers,
                       const RequestFraming& framing, std::string& out) {
  if (!IsToken(method) || !IsTarget(target) || !IsFieldValue(framing.host)) return false;
  const std::size_t before = out.size();
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  if (!headers.Has("host")) out.append("Host: ").append(framing.host).append("\r\n");
  for (const auto& [name, value] : headers.fields()) {
    if (!IsToken(name) || !IsFieldValue(value)) {
      out.resize(before);
      return false;
    }
    // A caller's Date stays: it may be signed.
    if (IsConnectionsOwn(name) && !EqualsIgnoreCase(name, "date")) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (framing.chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (framing.content_length >= 0) AppendLength(framing.content_length, out);
  out.append("\r\n");
  return true;
}

void AppendChunkSize(std::size_t size, std::string& out) {
  AppendNumber(size, 16, out);
  out.append("\r\n");
}

}  // namespace aloft::http
