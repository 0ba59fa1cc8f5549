// Everything of this room that meets the network's bytes before anything else does.
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/check.h"
#include "foundation/http/chunked.h"
#include "foundation/http/encode.h"
#include "foundation/http/parser.h"

using aloft::http::ChunkedDecoder;
using aloft::http::HeadScanner;

// Cutting the input elsewhere must not change what it means.
static void CheckChunked(std::string_view input) {
  ChunkedDecoder whole;
  std::string body;
  const std::size_t taken = whole.Decode(input, body);
  ChunkedDecoder dripped;
  std::string dripped_body;
  std::size_t dripped_taken = 0;
  for (const char& c : input) {
    if (dripped.done() || dripped.bad()) break;
    dripped_taken += dripped.Decode({&c, 1}, dripped_body);
  }
  ALOFT_CHECK(taken == dripped_taken && body == dripped_body && whole.done() == dripped.done() &&
              whole.bad() == dripped.bad());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  CheckChunked(input);
  HeadScanner scanner;
  if (scanner.Scan(input) != HeadScanner::Verdict::kComplete) return 0;
  const std::string_view head = input.substr(0, scanner.head_size());
  aloft::http::ParsedRequest request;
  if (!ParseRequestHead(head, request)) {
    // What was read can be written again, and reads the same.
    std::string again;
    ALOFT_CHECK(AppendRequestHead(request.head.method, request.head.target, request.head.headers,
                                  {.content_length = request.head.content_length}, again));
    ALOFT_CHECK(request.head.target.starts_with('/') || request.head.target == "*");
  }
  aloft::http::ParsedResponse response;
  static_cast<void>(ParseResponseHead(head, response));
  return 0;
}
