// Heads of responses and requests: values -> bytes. Pure; nothing that could inject a line gets through.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/http/message.h"

namespace aloft::http {

std::string_view StatusPhrase(int status);

// False for 1xx, 204 and 304, whose responses never have a body.
bool StatusAllowsBody(int status);

struct ResponseFraming {
  std::int64_t content_length = -1;  // -1: no such line
  bool chunked = false;
  bool keep_alive = true;
  int minor_version = 1;  // of the request
  std::string_view date{};
};

// Appends the whole head. False (and `out` as it was) where a header has a name or value that may not be sent. The
// connection's own fields (Content-Length, Transfer-Encoding, Connection, Date) are taken from `framing`, never from
// `headers`.
bool AppendResponseHead(int status, const Headers& headers, const ResponseFraming& framing, std::string& out);

struct RequestFraming {
  std::string_view host{};           // used where `headers` has no Host
  std::int64_t content_length = -1;  // -1: no such line
  bool chunked = false;
};
bool AppendRequestHead(std::string_view method, std::string_view target, const Headers& headers,
                       const RequestFraming& framing, std::string& out);

// "1a\r\n": what stands before a chunk of that size.
void AppendChunkSize(std::size_t size, std::string& out);

}  // namespace aloft::http
