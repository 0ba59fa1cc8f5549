#include "api/aws_common/content_encoding.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace aloft::api {
namespace {

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

http::RequestHead Head(const std::string& encoding) {
  http::RequestHead head;
  if (!encoding.empty()) head.headers.Add("Content-Encoding", encoding);
  return head;
}

// boto compresses PutMetricData from 10 KiB on.
TEST(ContentEncoding, InflatesGzip) {
  std::string buffer, text(100'000, 'x');
  for (std::string encoding : {"gzip", "GZIP", "custom, gzip"})
    EXPECT_EQ(*PlainBody(Head(encoding), Gzip(text), buffer), text) << encoding;
}

// Everything else is left as it came.
TEST(ContentEncoding, LeavesPlainBodies) {
  std::string buffer;
  EXPECT_EQ(*PlainBody(Head(""), "{}", buffer), "{}");
  EXPECT_EQ(*PlainBody(Head("identity"), "{}", buffer), "{}");
  EXPECT_TRUE(buffer.empty());
}

// A small body must not become gigabytes of memory.
TEST(ContentEncoding, RefusesBombs) {
  std::string buffer;
  auto result = PlainBody(Head("gzip"), Gzip(std::string(64u << 20, '0')), buffer);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind(), ErrorKind::kTooLarge);
  EXPECT_LT(buffer.size(), 20u << 20);
}

// Cut off, damaged, with a tail, or no gzip at all.
TEST(ContentEncoding, RefusesDamage) {
  std::string buffer, good = Gzip("{\"a\":1}");
  std::string damaged = good;
  damaged[damaged.size() - 5] ^= 1;  // in the checksum
  for (const std::string& body :
       {good.substr(0, good.size() - 1), damaged, good + "x", std::string("{}"), std::string()})
    EXPECT_FALSE(PlainBody(Head("gzip"), body, buffer).ok());
}

}  // namespace
}  // namespace aloft::api
