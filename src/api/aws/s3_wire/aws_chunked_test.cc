#include "api/aws/s3_wire/aws_chunked.h"

#include <gtest/gtest.h>

#include "api/aws/s3_wire/errors.h"
#include "api/aws/s3_wire/range.h"
#include "foundation/base/random.h"

namespace aloft::api::s3 {
namespace {

using Kind = crypto::PayloadClaim::Kind;

// The published example: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
crypto::PayloadClaim ExampleClaim() {
  crypto::Scope scope{"20130524", "us-east-1", "s3"};
  crypto::PayloadClaim claim;
  claim.kind = Kind::kStreamingSigned;
  claim.signing_key = crypto::DeriveSigningKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scope);
  claim.seed_signature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
  claim.date_time = "20130524T000000Z";
  claim.scope = scope.Text();
  return claim;
}

std::string ExampleBody() {
  return "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
         std::string(65536, 'a') +
         "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
         std::string(1024, 'a') +
         "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
}

// Feeds the body in pieces of the given size; the decoded bytes, or the name of the reason.
std::string Decode(const crypto::PayloadClaim& claim, std::string_view body, std::uint64_t length, std::size_t piece,
                   http::Headers* trailers = nullptr) {
  AwsChunkedDecoder decoder(claim, length);
  std::string out;
  while (!body.empty()) {
    auto fed = decoder.Feed(body.substr(0, piece), [&](ByteView bytes) -> Status {
      out += AsText(bytes);
      return {};
    });
    if (!fed.ok()) return std::string(fed.error().reason.name);
    body.remove_prefix(std::min(piece, body.size()));
  }
  auto finished = decoder.Finish();
  if (!finished.ok()) return std::string(finished.error().reason.name);
  if (trailers != nullptr) *trailers = decoder.trailers();
  return out;
}

crypto::PayloadClaim Unsigned() {
  crypto::PayloadClaim claim;
  claim.kind = Kind::kStreamingUnsignedTrailer;
  return claim;
}

// The known answer of the documentation, in pieces that cut through everything.
TEST(AwsChunked, DecodesTheSignedExample) {
  for (std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{1} << 20})
    EXPECT_EQ(Decode(ExampleClaim(), ExampleBody(), 66560, piece), std::string(66560, 'a'));
}

// One changed byte of data or of a signature, or one chunk left out, and nothing is accepted.
TEST(AwsChunked, RefusesForgedChunks) {
  std::string body = ExampleBody();
  body[100] = 'b';
  EXPECT_EQ(Decode(ExampleClaim(), body, 66560, 4096), "SignatureMismatch");
  body = ExampleBody();
  body[30] = body[30] == '0' ? '1' : '0';
  EXPECT_EQ(Decode(ExampleClaim(), body, 66560, 4096), "SignatureMismatch");
  std::string last = "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
  EXPECT_EQ(Decode(ExampleClaim(), last, 0, 4096), "SignatureMismatch");
  EXPECT_EQ(Decode(ExampleClaim(), "5\r\nhello\r\n0\r\n\r\n", 5, 4096), "IncompleteBody");
}

// What the SDKs send over TLS: no signatures, a checksum behind the body.
TEST(AwsChunked, ReadsTrailers) {
  http::Headers trailers;
  std::string body = "5\r\nhello\r\n6\r\n world\r\n0\r\nX-Amz-Checksum-Crc32: DUoRhQ==\r\n\r\n";
  for (std::size_t piece : {1, 3, 1000}) {
    EXPECT_EQ(Decode(Unsigned(), body, 11, piece, &trailers), "hello world");
    EXPECT_EQ(trailers.Get("x-amz-checksum-crc32"), "DUoRhQ==");
  }
  EXPECT_EQ(Decode(Unsigned(), "0\r\n\r\n", 0, 100), "");
}

// A signed trailer is part of the chain.
TEST(AwsChunked, VerifiesSignedTrailers) {
  crypto::PayloadClaim claim = ExampleClaim();
  claim.kind = Kind::kStreamingSignedTrailer;
  crypto::ChunkChain chain(claim);
  std::string body = "5;chunk-signature=" + chain.NextChunk(crypto::Sha256Hex("hello")) + "\r\nhello\r\n";
  body += "0;chunk-signature=" + chain.NextChunk(crypto::kEmptySha256Hex) + "\r\n";
  body += "x-amz-checksum-crc32:NhCmhg==\r\n";
  std::string signature = chain.Trailer("x-amz-checksum-crc32:NhCmhg==\n");
  EXPECT_EQ(Decode(claim, body + "x-amz-trailer-signature:" + signature + "\r\n\r\n", 5, 10), "hello");
  signature[0] = signature[0] == '0' ? '1' : '0';
  EXPECT_EQ(Decode(claim, body + "x-amz-trailer-signature:" + signature + "\r\n\r\n", 5, 10), "SignatureMismatch");
  EXPECT_EQ(Decode(claim, body + "\r\n", 5, 10), "IncompleteBody");
}

// Bodies that end early, go on, lie about their length or are no chunks at all.
TEST(AwsChunked, RefusesBrokenBodies) {
  for (std::string_view body : {"", "5\r\nhello\r\n", "5\r\nhel", "5\r\nhelloX\r\n0\r\n\r\n", "zz\r\n", "\r\n",
                                "-1\r\n", "0\r\nno colon\r\n\r\n", "ffffffffffffffffff\r\n", "6\r\nhello!\r\n0\r\n\r\n",
                                "4\r\nhell\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nmore"})
    EXPECT_EQ(Decode(Unsigned(), body, 5, 4), "IncompleteBody") << body;
  EXPECT_EQ(Decode(Unsigned(), "5;" + std::string(2000, 'x'), 5, 100), "IncompleteBody");
}

// Random bytes must never crash the decoder or be accepted as a body of another length.
TEST(AwsChunked, SurvivesNoise) {
  SeededRandom random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string body = random.Text(1 + random.Next() % 60, "0123456789abcdef\r\n\r\n;:x");
    std::string decoded = Decode(Unsigned(), body, 8, 1 + random.Next() % 9);
    EXPECT_TRUE(decoded == "IncompleteBody" || decoded.size() == 8);
  }
}

// RFC 9110, section 14: which bytes a Range header means.
TEST(Range, Forms) {
  auto text = [](std::string_view header, std::uint64_t size) -> std::string {
    auto range = ParseRange(header, size);
    if (!range.ok()) return "416";
    if (!*range) return "whole";
    return std::to_string((*range)->offset) + "+" + std::to_string((*range)->length);
  };
  EXPECT_EQ(text("bytes=0-0", 10), "0+1");
  EXPECT_EQ(text("bytes=2-", 10), "2+8");
  EXPECT_EQ(text("bytes=2-100", 10), "2+8");
  EXPECT_EQ(text("bytes=-3", 10), "7+3");
  EXPECT_EQ(text("bytes=-30", 10), "0+10");
  EXPECT_EQ(text("bytes=10-", 10), "416");
  EXPECT_EQ(text("bytes=-0", 10), "416");
  EXPECT_EQ(text("bytes=0-", 0), "416");
  EXPECT_EQ(text("bytes=99999999999999999999-", 10), "416");
  EXPECT_EQ(text("bytes=2-99999999999999999999", 10), "2+8");
  for (const char* header :
       {"", "bytes", "bytes=", "bytes=a-b", "bytes=3-2", "bytes=0-1,3-4", "items=0-1", "bytes=--1"})
    EXPECT_EQ(text(header, 10), "whole") << header;
  EXPECT_EQ(ParseCopyRange("bytes=5-9")->length, 5u);
  for (const char* header :
       {"", "bytes=5-", "bytes=-5", "5-9", "bytes=9-5", "bytes=0-18446744073709551615", "bytes=0-99999999999999999999"})
    EXPECT_FALSE(ParseCopyRange(header).ok()) << header;
}

}  // namespace
}  // namespace aloft::api::s3
