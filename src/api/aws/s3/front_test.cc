#include "api/aws/s3/front.h"

#include "api/aws/s3/testing_front.h"
#include "foundation/codec/base64.h"
#include "foundation/crypto/crc.h"
#include "foundation/crypto/errors.h"
#include "foundation/crypto/hash.h"

namespace aloft::api::s3 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Each reason that can reach the wire has a name there: a gap would become an InternalError.
TEST(S3Errors, EveryReasonHasAName) {
  std::set<std::string_view> named;
  for (const auto& line : ErrorTable()) EXPECT_TRUE(named.insert(line.reason.name).second) << line.reason.name;
  for (const auto& reason : objects::kReasons) EXPECT_TRUE(named.contains(reason.name)) << reason.name;
  for (const auto& reason : crypto::kReasons) {
    bool inside = reason == crypto::kSealBroken || reason == crypto::kBadCertificate || reason == crypto::kCryptoFailed;
    EXPECT_TRUE(inside || named.contains(reason.name)) << reason.name;
  }
}

// Bytes in, the same bytes out, with what was said about them.
TEST_F(S3FrontTest, PutAndGet) {
  for (std::size_t size : {0, 5, 70'000, 600'000}) {
    std::string body = objects::Bytes(size);
    auto put = Send(
        "PUT", "/data/a%2Fb/../c%20d",
        {{"Content-Type", "text/plain"}, {"X-Amz-Meta-Owner", "me"}, {"Content-Encoding", "aws-chunked,gzip"}}, body);
    Must(put, 200);
    EXPECT_EQ(put.headers.Get("etag"), "\"" + HexEncode(AsBytes(crypto::Md5(body))) + "\"");
    auto got = Send("GET", "/data/a%2Fb/../c%20d");
    Must(got, 200);
    EXPECT_EQ(Text(got), body);
    EXPECT_EQ(got.headers.Get("content-type"), "text/plain");
    EXPECT_EQ(got.headers.Get("content-encoding"), "gzip");
    EXPECT_EQ(got.headers.Get("x-amz-meta-owner"), "me");
    EXPECT_EQ(asked_, std::set<std::string>{"s3:GetObject arn:aws:s3:::data/a/b/../c d"});
  }
  auto host_style = Send("GET", "/a%2Fb/../c%20d", {{"Host", "data.s3.example.com:443"}, {"Range", "bytes=1-3"}});
  Must(host_style, 206);
  EXPECT_EQ(Text(host_style), objects::Bytes(4).substr(1));
  EXPECT_EQ(host_style.headers.Get("content-range"), "bytes 1-3/600000");
  Expect(Send("GET", "/data/a%2Fb/../c%20d", {{"Range", "bytes=600000-"}}), 416, "InvalidRange");
}

// A body that is not what its signature or checksum says must leave nothing behind.
TEST_F(S3FrontTest, VerifiesBodies) {
  crypto::PayloadClaim signed_body;
  signed_body.kind = crypto::PayloadClaim::Kind::kSha256;
  signed_body.sha256_hex = crypto::Sha256Hex("other");
  Expect(Send("PUT", "/data/k", {}, "hello", signed_body), 400, "XAmzContentSHA256Mismatch");
  Expect(Send("PUT", "/data/k", {{"Content-MD5", codec::Base64Encode(crypto::Md5("other"))}}, "hello"), 400,
         "BadDigest");
  Expect(Send("PUT", "/data/k", {{"Content-MD5", "x"}}, "hello"), 400, "InvalidDigest");
  Expect(Send("PUT", "/data/k", {{"x-amz-checksum-crc32", "AAAAAA=="}}, "hello"), 400, "BadDigest");
  Expect(Send("PUT", "/data/k", {{"x-amz-checksum-crc32", "AAAA"}}, "hello"), 400, "InvalidRequest");
  Expect(Send("PUT", "/data/k", {{"x-amz-checksum-crc32", "AAAAAA=="}, {"x-amz-checksum-crc32c", "AAAAAA=="}}, "hello"),
         400, "InvalidRequest");
  crypto::PayloadClaim trailer;
  trailer.kind = crypto::PayloadClaim::Kind::kStreamingUnsignedTrailer;
  http::Headers announced = {{"x-amz-trailer", "x-amz-checksum-crc32"}, {"x-amz-decoded-content-length", "5"}};
  std::string crc = codec::Base64Encode(crypto::CrcBytes(crypto::Crc32(0, AsBytes("hello"))));
  auto chunked = [&](const std::string& value) {
    return "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:" + value + "\r\n\r\n";
  };
  Expect(Send("PUT", "/data/k", announced, chunked("AAAAAA=="), trailer), 400, "BadDigest");
  Expect(Send("PUT", "/data/k", announced, "5\r\nhello\r\n0\r\n\r\n", trailer), 400, "IncompleteBody");
  Expect(Send("PUT", "/data/k", {{"x-amz-trailer", "x-amz-checksum-crc32"}}, chunked(crc), trailer), 411,
         "MissingContentLength");
  Expect(Send("GET", "/data/k"), 404, "NoSuchKey");
  auto put = Send("PUT", "/data/k", announced, chunked(crc), trailer);
  Must(put, 200);
  EXPECT_EQ(put.headers.Get("x-amz-checksum-crc32"), crc);
  EXPECT_EQ(Send("GET", "/data/k", {{"x-amz-checksum-mode", "ENABLED"}}).headers.Get("x-amz-checksum-crc32"), crc);
  EXPECT_FALSE(Send("GET", "/data/k").headers.Has("x-amz-checksum-crc32"));
}

// Whether a key exists is told only to who may list the bucket.
TEST_F(S3FrontTest, MissingKeysAreHidden) {
  Expect(Send("GET", "/data/none"), 404, "NoSuchKey");
  denied_ = {"s3:ListBucket"};
  Expect(Send("GET", "/data/none"), 403, "AccessDenied");
  auto head = Send("HEAD", "/data/none");
  EXPECT_EQ(head.status, 403);
  EXPECT_EQ(Text(head), "");
}

// The SDK asks for the bucket it is about to make, naming itself as owner: an absent bucket must be 404, not 403.
TEST_F(S3FrontTest, ExpectedOwner) {
  EXPECT_EQ(Send("HEAD", "/data", {{"x-amz-expected-bucket-owner", "111122223333"}}).status, 200);
  EXPECT_EQ(Send("HEAD", "/data", {{"x-amz-expected-bucket-owner", "999999999999"}}).status, 403);
  EXPECT_EQ(Send("HEAD", "/absent-bucket", {{"x-amz-expected-bucket-owner", "999999999999"}}).status, 404);
  EXPECT_EQ(Send("HEAD", "/data").headers.Get("x-amz-bucket-region"), "eu-central-1");
  account_ = AccountId("999999999999");
  EXPECT_EQ(Send("HEAD", "/data").status, 403);
  Expect(Send("PUT", "/data"), 409, "BucketAlreadyExists");
}

// Conditional reads and writes in the order of RFC 9110.
TEST_F(S3FrontTest, Conditions) {
  std::string etag(Send("PUT", "/data/k", {}, "hello").headers.Get("etag"));
  EXPECT_EQ(Send("GET", "/data/k", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(Send("GET", "/data/k", {{"If-Match", "\"x\", " + etag}}).status, 200);
  EXPECT_EQ(Send("HEAD", "/data/k", {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(Send("GET", "/data/k", {{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"}}).status, 304);
  EXPECT_EQ(Send("GET", "/data/k", {{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:19 GMT"}}).status, 200);
  EXPECT_EQ(Send("GET", "/data/k", {{"If-Unmodified-Since", "Tue, 14 Nov 2023 22:13:19 GMT"}}).status, 412);
  Expect(Send("PUT", "/data/k", {{"If-None-Match", "*"}}, "x"), 412, "PreconditionFailed");
  Must(Send("PUT", "/data/k", {{"If-Match", etag}}, "x"), 200);
  Expect(Send("PUT", "/data/k", {{"If-Match", etag}}, "y"), 412, "PreconditionFailed");
  Expect(Send("PUT", "/data/new", {{"If-Match", etag}}, "y"), 404, "NoSuchKey");
}

// What is not built is refused by name with a status that clients do not retry; nothing is silently ignored.
TEST_F(S3FrontTest, RefusesWhatIsNotBuilt) {
  for (const char* resource : {"website", "replication", "accelerate", "metrics", "analytics"}) {
    auto response = Send("PUT", std::string("/data?") + resource, {}, "<x/>");
    Expect(response, 501, "NotImplemented");
    EXPECT_THAT(Text(response), HasSubstr("s3:PutBucket"));
  }
  Expect(Send("PUT", "/data/k", {{"x-amz-server-side-encryption-customer-algorithm", "AES256"}}, "x"), 400,
         "InvalidRequest");
  Expect(Send("PUT", "/data/k", {{"x-amz-object-lock-mode", "GOVERNANCE"}}, "x"), 400, "InvalidArgument");
  Expect(Send("PUT", "/data/k", {{"x-amz-website-redirect-location", "/x"}}, "x"), 501, "NotImplemented");
  Expect(Send("PUT", "/data/k", {{"x-amz-acl", "public-read"}}, "x"), 400, "AccessControlListNotSupported");
  Expect(Send("PUT", "/data/k", {{"x-amz-storage-class", "COLD"}}, "x"), 400, "InvalidStorageClass");
  Expect(Send("PATCH", "/data/k"), 405, "MethodNotAllowed");
  Expect(
      Send("GET", "/data/k", {{"Authorization", "AWS4-HMAC-SHA256 Credential=A/20260101/r/dynamodb/aws4_request, x"}}),
      501, "NotImplemented");
}

// What is configured is kept, answered and removed; the table of configurations has no line that leads nowhere.
TEST_F(S3FrontTest, Configurations) {
  const std::string cors =
      "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://a.org</AllowedOrigin>"
      "</CORSRule></CORSConfiguration>";
  Expect(Send("PUT", "/data?cors", {}, "<x/>"), 400, "MalformedXML");
  Must(Send("PUT", "/data?cors", {}, cors), 200);
  EXPECT_THAT(Text(Send("GET", "/data?cors")), HasSubstr("<AllowedOrigin>https://a.org</AllowedOrigin>"));
  Must(Send("PUT", "/data/k", {}, "x"), 200);
  EXPECT_EQ(Send("GET", "/data/k", {{"Origin", "https://a.org"}}).headers.Get("access-control-allow-origin"),
            "https://a.org");
  http::Headers preflight = {{"Origin", "https://a.org"}, {"Access-Control-Request-Method", "GET"}};
  EXPECT_EQ(Send("OPTIONS", "/data/k?acl", preflight).headers.Get("access-control-allow-methods"), "GET");
  Must(Send("DELETE", "/data?cors"), 204);
  Expect(Send("GET", "/data?cors"), 404, "NoSuchCORSConfiguration");
  Expect(Send("OPTIONS", "/data/k", preflight), 403, "AccessForbidden");
}

// Whose bucket it is decides, and what its owner put: another account comes in by a list only, and not by a public one
// that the block ignores.
TEST_F(S3FrontTest, AccessOfOthers) {
  auto as = [&](const char* account, const char* target) {
    AccountId mine = std::exchange(account_, AccountId(account));
    int status = Send("GET", target).status;
    account_ = mine;
    return status;
  };
  EXPECT_EQ(as("999999999999", "/data?list-type=2"), 403);
  Expect(Send("PUT", "/data?acl", {{"x-amz-acl", "public-read"}}), 400, "AccessControlListNotSupported");
  Must(Send("PUT", "/data?ownershipControls", {},
            "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>"),
       200);
  Expect(Send("PUT", "/data?acl", {{"x-amz-acl", "public-read"}}), 403, "AccessDenied");
  Must(Send("DELETE", "/data?publicAccessBlock"), 204);
  Must(Send("PUT", "/data?acl", {{"x-amz-acl", "public-read"}}), 200);
  EXPECT_EQ(as("999999999999", "/data?list-type=2"), 200);
  EXPECT_EQ(as("", "/data?list-type=2"), 200);
  EXPECT_EQ(as("999999999999", "/data?acl"), 403);
  Must(
      Send(
          "PUT", "/data?publicAccessBlock", {},
          "<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>"),
      200);
  EXPECT_EQ(as("999999999999", "/data?list-type=2"), 403);
}

// Tools read a bucket's configuration before they touch it: unconfigured is an answer, not a failure.
TEST_F(S3FrontTest, AnswersUnconfiguredReads) {
  EXPECT_THAT(Text(Send("GET", "/data?versioning")), HasSubstr("<VersioningConfiguration"));
  Expect(Send("GET", "/data?policy"), 404, "NoSuchBucketPolicy");
  Expect(Send("GET", "/data?tagging"), 404, "NoSuchTagSet");
  EXPECT_THAT(Text(Send("GET", "/data?acl")), HasSubstr("FULL_CONTROL"));
  EXPECT_THAT(Text(Send("GET", "/data?location")), HasSubstr(">eu-central-1</LocationConstraint>"));
  Expect(Send("GET", "/absent-bucket?versioning"), 404, "NoSuchBucket");
}

}  // namespace
}  // namespace aloft::api::s3
