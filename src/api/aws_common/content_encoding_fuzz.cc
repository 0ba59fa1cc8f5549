// Any bytes as a gzip body: inflated within the limit, or refused.
#include <cstdint>

#include "api/aws_common/content_encoding.h"
#include "foundation/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  aloft::http::RequestHead head;
  head.headers.Add("Content-Encoding", "gzip");
  std::string buffer;
  auto body = aloft::api::PlainBody(head, {reinterpret_cast<const char*>(data), size}, buffer);
  ALOFT_CHECK(!body.ok() || body->size() <= aloft::api::kMaxInflatedBytes);
  return 0;
}
