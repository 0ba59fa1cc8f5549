// Strict HTTP/1.1 heads: bytes -> values. Pure; no I/O.
//
// What two parsers could read differently is refused (RFC 9112, 11.2: request smuggling): both Content-Length and
// Transfer-Encoding, repeated Content-Length or Host, folded lines, bare CR or LF, space before a colon, control
// characters anywhere.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/http/message.h"

namespace aloft::http {

// Finds the end of a head in bytes that come piecemeal; each byte is looked at once.
class HeadScanner {
 public:
  enum class Verdict { kMore, kComplete, kBad };

  // `bytes`: everything since the head began, growing from call to call. kBad: this can never become a head.
  Verdict Scan(std::string_view bytes);
  // After kComplete: length of the head, the empty line included.
  std::size_t head_size() const { return position_; }
  void Reset() { position_ = line_start_ = 0; }

 private:
  std::size_t position_ = 0;  // looked at so far
  std::size_t line_start_ = 0;
};

// Why a head is refused: the status to answer with, and words for the client.
struct HeadError {
  int status = 400;
  std::string_view why;
};

struct ParsedRequest {
  RequestHead head;  // without peer_address and tls
  int minor_version = 1;
  bool keep_alive = true;
  bool expect_continue = false;
};

struct ParsedResponse {
  int status = 0;
  int minor_version = 1;
  bool keep_alive = true;
  Headers headers;
  bool chunked = false;
  std::int64_t content_length = -1;  // -1: not announced
};

inline constexpr std::size_t kMaxHeaderFields = 256;

// `head`: a complete head as HeadScanner found it. Absent: `out` is filled.
std::optional<HeadError> ParseRequestHead(std::string_view head, ParsedRequest& out);
std::optional<HeadError> ParseResponseHead(std::string_view head, ParsedResponse& out);

// What may be written as a method or header name, and as a header value (no control characters).
bool IsToken(std::string_view text);
bool IsFieldValue(std::string_view text);
// An origin-form, absolute-form or asterisk target: visible ASCII without '#'.
bool IsTarget(std::string_view text);

}  // namespace aloft::http
