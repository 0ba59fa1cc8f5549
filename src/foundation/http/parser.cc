#include "foundation/http/parser.h"

#include <array>
#include <cstring>

#include "foundation/base/bytes.h"

namespace aloft::http {
namespace {

enum : unsigned char { kTokenChar = 1, kValueChar = 2, kTargetChar = 4, kHostChar = 8 };

constexpr std::array<unsigned char, 256> MakeClasses() {
  std::array<unsigned char, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum) classes[c] |= kTokenChar | kHostChar;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) classes[c] |= kValueChar;
    if (c > 0x20 && c < 0x7f && c != '#') classes[c] |= kTargetChar;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) classes[static_cast<unsigned char>(c)] |= kTokenChar;
  for (const char c : std::string_view("-._~!$&'()*+;=:[]%")) classes[static_cast<unsigned char>(c)] |= kHostChar;
  return classes;
}
constexpr auto kClasses = MakeClasses();

bool All(std::string_view text, unsigned char wanted) {
  for (const char c : text) {
    if ((kClasses[static_cast<unsigned char>(c)] & wanted) == 0) return false;
  }
  return true;
}

// Cuts the next line off `text`; the scanner has made sure that each ends with CRLF.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end - 1);
  text.remove_prefix(end + 1);
  return line;
}

// Digits only: no sign, no space, no list.
std::optional<std::int64_t> ParseLength(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// What the header fields say about framing and connection.
struct Framing {
  int hosts = 0;
  std::string_view host;
  int lengths = 0;
  std::int64_t length = 0;
  int encodings = 0;
  bool chunked = false;
  bool close = false;
  bool keep_alive = false;
  bool expect_continue = false;
  bool unknown_expectation = false;
};

void ReadConnection(std::string_view value, Framing& framing) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    const std::string_view option = Trim(value.substr(0, comma));
    if (EqualsIgnoreCase(option, "close")) framing.close = true;
    if (EqualsIgnoreCase(option, "keep-alive")) framing.keep_alive = true;
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
}

std::optional<HeadError> ReadField(std::string_view name, std::string_view value, Framing& framing) {
  // Only these lengths matter, so that most fields cost one switch.
  switch (name.size()) {
    case 4:
      if (EqualsIgnoreCase(name, "host")) {
        ++framing.hosts;
        framing.host = value;
      }
      break;
    case 6:
      if (EqualsIgnoreCase(name, "expect")) {
        if (EqualsIgnoreCase(value, "100-continue"))
          framing.expect_continue = true;
        else
          framing.unknown_expectation = true;
      }
      break;
    case 10:
      if (EqualsIgnoreCase(name, "connection")) ReadConnection(value, framing);
      break;
    case 14:
      if (EqualsIgnoreCase(name, "content-length")) {
        const auto length = ParseLength(value);
        if (!length) return HeadError{400, "Content-Length is not a number"};
        ++framing.lengths;
        framing.length = *length;
      }
      break;
    case 17:
      if (EqualsIgnoreCase(name, "transfer-encoding")) {
        ++framing.encodings;
        framing.chunked = EqualsIgnoreCase(value, "chunked");
      }
      break;
    default: break;
  }
  return std::nullopt;
}

std::optional<HeadError> ReadFields(std::string_view text, Headers& headers, Framing& framing) {
  headers.Reserve(16);
  std::size_t count = 0;
  for (;;) {
    const std::string_view line = TakeLine(text);
    if (line.empty()) return std::nullopt;
    if (++count > kMaxHeaderFields) return HeadError{431, "Too many header fields"};
    // A line that begins with a space is a folded one; its name is then no token.
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon)))
      return HeadError{400, "A header line is malformed"};
    const std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    if (!IsFieldValue(value)) return HeadError{400, "A header value has a control character"};
    if (auto error = ReadField(name, value, framing)) return error;
    headers.Add(std::string(name), std::string(value));
  }
}

// "HTTP/1.0" or "HTTP/1.1".
std::optional<HeadError> ReadVersion(std::string_view text, int& minor) {
  if (text == "HTTP/1.1")
    minor = 1;
  else if (text == "HTTP/1.0")
    minor = 0;
  else if (text.size() == 8 && text.starts_with("HTTP/") && text[5] >= '0' && text[5] <= '9' && text[6] == '.' &&
           text[7] >= '0' && text[7] <= '9')
    return HeadError{505, "Only HTTP/1.0 and HTTP/1.1 are spoken here"};
  else
    return HeadError{400, "The request line is malformed"};
  return std::nullopt;
}

// RFC 9112, 3.2.2: "http://host/path" is a legal target. The authority must agree with Host, so that nobody downstream
// sees another host than we do.
std::optional<HeadError> ReadTarget(std::string_view target, const Framing& framing, RequestHead& head) {
  if (target.front() == '/' || (target == "*" && head.method == "OPTIONS")) {
    head.target = target;
    return std::nullopt;
  }
  std::size_t scheme = 0;
  if (target.size() > 7 && EqualsIgnoreCase(target.substr(0, 7), "http://")) scheme = 7;
  if (target.size() > 8 && EqualsIgnoreCase(target.substr(0, 8), "https://")) scheme = 8;
  if (scheme == 0) return HeadError{400, "The request target is malformed"};
  const std::string_view rest = target.substr(scheme);
  const std::size_t end = rest.find_first_of("/?");
  if (!EqualsIgnoreCase(rest.substr(0, end), framing.host))
    return HeadError{400, "The request target names another host than Host"};
  const std::string_view local = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  head.target = local.starts_with('/') ? std::string(local) : "/" + std::string(local);
  return std::nullopt;
}

}  // namespace

HeadScanner::Verdict HeadScanner::Scan(std::string_view bytes) {
  if (position_ == 0 && !bytes.empty() && !IsToken(bytes.substr(0, 1))) return Verdict::kBad;
  while (position_ < bytes.size()) {
    const void* found = std::memchr(bytes.data() + position_, '\n', bytes.size() - position_);
    if (found == nullptr) {
      position_ = bytes.size();
      return Verdict::kMore;
    }
    const auto newline = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    if (newline == line_start_ || bytes[newline - 1] != '\r') return Verdict::kBad;
    position_ = newline + 1;
    if (newline == line_start_ + 1) return Verdict::kComplete;
    line_start_ = position_;
  }
  return Verdict::kMore;
}

std::optional<HeadError> ParseRequestHead(std::string_view head, ParsedRequest& out) {
  const std::string_view line = TakeLine(head);
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return HeadError{400, "The request line is malformed"};
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  if (method.size() > 32 || !IsToken(method) || target.empty() || !IsTarget(target))
    return HeadError{400, "The request line is malformed"};
  if (auto error = ReadVersion(line.substr(second + 1), out.minor_version)) return error;
  out.head.method = method;

  Framing framing;
  if (auto error = ReadFields(head, out.head.headers, framing)) return error;
  if (framing.hosts > 1 || (framing.hosts == 0 && out.minor_version == 1) || !All(framing.host, kHostChar))
    return HeadError{400, "Exactly one valid Host is needed"};
  if (auto error = ReadTarget(target, framing, out.head)) return error;
  if (framing.encodings > 0) {
    if (framing.lengths > 0) return HeadError{400, "Content-Length and Transfer-Encoding exclude each other"};
    if (out.minor_version == 0) return HeadError{400, "HTTP/1.0 knows no Transfer-Encoding"};
    if (framing.encodings > 1 || !framing.chunked) return HeadError{501, "The only transfer coding is chunked"};
    out.head.content_length = -1;
  } else {
    if (framing.lengths > 1) return HeadError{400, "Content-Length is given more than once"};
    out.head.content_length = framing.length;
  }
  if (framing.unknown_expectation) return HeadError{417, "The only expectation is 100-continue"};
  out.expect_continue = framing.expect_continue && out.minor_version == 1 && out.head.content_length != 0;
  out.keep_alive = !framing.close && (out.minor_version == 1 || framing.keep_alive);
  return std::nullopt;
}

std::optional<HeadError> ParseResponseHead(std::string_view head, ParsedResponse& out) {
  const std::string_view line = TakeLine(head);
  // "HTTP/1.1 200" with or without a reason phrase.
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ') || !IsFieldValue(line))
    return HeadError{502, "The status line is malformed"};
  if (ReadVersion(line.substr(0, 8), out.minor_version)) return HeadError{502, "The HTTP version is unknown"};
  const auto status = ParseLength(line.substr(9, 3));
  if (!status || *status < 100) return HeadError{502, "The status is malformed"};
  out.status = static_cast<int>(*status);

  Framing framing;
  if (auto error = ReadFields(head, out.headers, framing)) return error;
  if (framing.lengths > 1 || (framing.lengths > 0 && framing.encodings > 0) || framing.encodings > 1 ||
      (framing.encodings == 1 && !framing.chunked))
    return HeadError{502, "The framing of the response is ambiguous"};
  out.chunked = framing.chunked;
  out.content_length = framing.lengths > 0 ? framing.length : -1;
  out.keep_alive = !framing.close && (out.minor_version == 1 || framing.keep_alive);
  return std::nullopt;
}

bool IsToken(std::string_view text) {
  return !text.empty() && All(text, kTokenChar);
}

bool IsFieldValue(std::string_view text) {
  return All(text, kValueChar);
}

bool IsTarget(std::string_view text) {
  return !text.empty() && All(text, kTargetChar);
}

}  // namespace aloft::http
