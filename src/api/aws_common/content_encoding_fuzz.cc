// Any bytes as a gzip body, and true gzip bodies with a byte changed: inflated within the limit, or refused.
#include <zlib.h>

#include <cstdint>
#include <string>

#include "api/aws_common/content_encoding.h"
#include "foundation/base/check.h"

namespace {

std::string Gzip(std::string_view plain, int level) {
  z_stream stream{};
  ALOFT_CHECK(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, plain.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ALOFT_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

// The first bytes say what is done: as it is; compressed; compressed, and a byte of it changed or the end cut off.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::string_view plain(reinterpret_cast<const char*>(data) + 4, size - 4);
  const int how = data[0] % 4;
  std::string body = how == 0 ? std::string(plain) : Gzip(plain, data[1] % 10);
  const std::size_t at = (data[2] * 256u + data[3]) % std::max<std::size_t>(body.size(), 1);
  if (how == 2) body[at] = static_cast<char>(body[at] + 1 + data[1]);
  if (how == 3) body.resize(at);

  aloft::http::RequestHead head;
  head.headers.Add("Content-Encoding", "gzip");
  std::string buffer;
  const auto read = aloft::api::PlainBody(head, body, buffer);
  ALOFT_CHECK(!read.ok() || read->size() <= aloft::api::kMaxInflatedBytes);
  if (how == 1) ALOFT_CHECK(read.ok() && *read == plain);
  if (how == 3) ALOFT_CHECK(!read.ok() || body.empty());  // what was cut off is never taken for whole
  return 0;
}
