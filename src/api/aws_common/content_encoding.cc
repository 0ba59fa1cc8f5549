#include "api/aws_common/content_encoding.h"

#include <zlib.h>

#include "foundation/base/bytes.h"
#include "foundation/codec/errors.h"
#include "foundation/shapes/errors.h"

namespace aloft::api {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, gzip's header and trailer
constexpr std::size_t kChunk = 64 * 1024;

Status Inflate(std::string_view body, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return Fail(kInternal, "Out of memory");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(body.size());
  int code = Z_OK;
  while (code == Z_OK && out.size() <= kMaxInflatedBytes) {
    std::size_t before = out.size();
    out.resize(before + kChunk);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = kChunk;
    code = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + kChunk - stream.avail_out);
  }
  bool whole = code == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (out.size() > kMaxInflatedBytes)
    return Fail(codec::kInputTooLarge, "The request's body is too large when it is inflated");
  return whole ? Status() : Status(Fail(shapes::kSerialization, "The request's body is not valid gzip"));
}

}  // namespace

Result<std::string_view> PlainBody(const http::RequestHead& head, std::string_view body, std::string& buffer) {
  // What was applied last stands last.
  std::string_view last = Split(head.headers.Get("content-encoding"), ',').back();
  if (!EqualsIgnoreCase(Trim(last), "gzip")) return body;
  buffer.clear();
  ALOFT_TRY(Inflate(body, buffer));
  return std::string_view(buffer);
}

}  // namespace aloft::api
