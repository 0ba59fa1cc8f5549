// Listings, deletions, uploads in parts and copies through the front.
#include "api/aws/s3/testing_front.h"
#include "foundation/codec/base64.h"
#include "foundation/crypto/hash.h"

namespace aloft::api::s3 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Keys with characters that XML cannot say come through where the client asks for encoding.
TEST_F(S3FrontTest, Listing) {
  for (const char* key : {"a/1", "a/2", "b%0A%01", "c"}) Must(Send("PUT", std::string("/data/") + key, {}, "x"), 200);
  auto page = Send("GET", "/data?list-type=2&delimiter=%2F&encoding-type=url&max-keys=2");
  Must(page, 200);
  EXPECT_THAT(Text(page), HasSubstr("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"));
  EXPECT_THAT(Text(page), HasSubstr("<Key>b%0A%01</Key>"));
  EXPECT_THAT(Text(page), HasSubstr("<IsTruncated>true</IsTruncated>"));
  EXPECT_THAT(Text(page), HasSubstr("<KeyCount>2</KeyCount>"));
  EXPECT_THAT(Text(Send("GET", "/data?prefix=c")), HasSubstr("<Marker></Marker>"));
  EXPECT_THAT(Text(Send("GET", "/data?versions")), HasSubstr("<VersionId>null</VersionId>"));
  Expect(Send("GET", "/data?list-type=2&max-keys=x"), 400, "InvalidArgument");
  Expect(Send("GET", "/data?list-type=2&continuation-token=!"), 400, "InvalidArgument");
  EXPECT_THAT(Text(Send("GET", "/")), HasSubstr("<Name>data</Name>"));
}

// Deleting many: some keys may be refused, the others go.
TEST_F(S3FrontTest, DeleteObjects) {
  Must(Send("PUT", "/data/a", {}, "x"), 200);
  std::string body = "<Delete><Object><Key>a</Key></Object><Object><Key>none</Key></Object></Delete>";
  Expect(Send("POST", "/data?delete", {}, body), 400, "InvalidRequest");
  Expect(Send("POST", "/data?delete", {{"Content-MD5", codec::Base64Encode(crypto::Md5("x"))}}, body), 400,
         "BadDigest");
  auto deleted = Send("POST", "/data?delete", {{"Content-MD5", codec::Base64Encode(crypto::Md5(body))}}, body);
  Must(deleted, 200);
  EXPECT_THAT(Text(deleted), HasSubstr("<Deleted><Key>none</Key></Deleted>"));
  Expect(Send("GET", "/data/a"), 404, "NoSuchKey");
  denied_ = {"s3:DeleteObject"};
  auto refused = Send("POST", "/data?delete", {{"Content-MD5", codec::Base64Encode(crypto::Md5(body))}}, body);
  EXPECT_THAT(Text(refused), HasSubstr("<Code>AccessDenied</Code>"));
  std::string bad = "<Delete><Object></Object></Delete>";
  Expect(Send("POST", "/data?delete", {{"Content-MD5", codec::Base64Encode(crypto::Md5(bad))}}, bad), 400,
         "MalformedXML");
}

std::string UploadIdOf(const std::string& xml) {
  auto from = xml.find("<UploadId>") + 10;
  return xml.substr(from, xml.find("</UploadId>") - from);
}

// The whole of an upload in parts, with a copied part and a read by part number.
TEST_F(S3FrontTest, Multipart) {
  std::string big = objects::Bytes(6 << 20);
  auto created = Send("POST", "/data/big?uploads", {{"x-amz-checksum-algorithm", "CRC32"}});
  Must(created, 200);
  std::string id = UploadIdOf(Text(created));
  auto first = Send("PUT", "/data/big?partNumber=1&uploadId=" + id, {}, big);
  Must(first, 200);
  EXPECT_TRUE(first.headers.Has("x-amz-checksum-crc32"));
  Must(Send("PUT", "/data/small", {}, "tail"), 200);
  auto second = Send("PUT", "/data/big?partNumber=2&uploadId=" + id, {{"x-amz-copy-source", "/data/small"}});
  Must(second, 200);
  EXPECT_THAT(Text(Send("GET", "/data/big?uploadId=" + id)), HasSubstr("<PartNumber>2</PartNumber>"));
  EXPECT_THAT(Text(Send("GET", "/data?uploads")), HasSubstr(id));
  std::string list = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                     std::string(first.headers.Get("etag")) + "</ETag></Part><Part><PartNumber>2</PartNumber><ETag>" +
                     HexEncode(AsBytes(crypto::Md5("tail"))) + "</ETag></Part></CompleteMultipartUpload>";
  auto completed = Send("POST", "/data/big?uploadId=" + id, {}, list);
  Must(completed, 200);
  EXPECT_THAT(Text(completed), HasSubstr("-2&quot;</ETag>"));
  EXPECT_THAT(Text(completed), HasSubstr("<ChecksumType>COMPOSITE</ChecksumType>"));
  EXPECT_EQ(Text(Send("GET", "/data/big")), big + "tail");
  auto part = Send("GET", "/data/big?partNumber=2");
  Must(part, 206);
  EXPECT_EQ(Text(part), "tail");
  EXPECT_EQ(part.headers.Get("x-amz-mp-parts-count"), "2");
  auto attributes = Send("GET", "/data/big?attributes", {{"x-amz-object-attributes", "ObjectParts,ObjectSize,ETag"}});
  EXPECT_THAT(Text(attributes), HasSubstr("<PartsCount>2</PartsCount>"));
  EXPECT_THAT(Text(attributes), Not(HasSubstr("StorageClass")));
  Expect(Send("POST", "/data/big?uploadId=" + id, {}, "<CompleteMultipartUpload/>"), 400, "MalformedXML");
  Expect(Send("DELETE", "/data/big?uploadId=" + id), 404, "NoSuchUpload");
  Expect(Send("PUT", "/data/big?partNumber=1&uploadId=x", {}, "a"), 404, "NoSuchUpload");
}

// Copies: both ends are asked about, the source's conditions count, and a copy onto itself must change something.
TEST_F(S3FrontTest, Copy) {
  Must(Send("PUT", "/data/from%20here", {{"x-amz-meta-a", "1"}}, "hello"), 200);
  auto copied = Send("PUT", "/data/to", {{"x-amz-copy-source", "data/from%20here"}});
  Must(copied, 200);
  EXPECT_EQ(asked_,
            (std::set<std::string>{"s3:GetObject arn:aws:s3:::data/from here", "s3:PutObject arn:aws:s3:::data/to"}));
  EXPECT_EQ(Send("HEAD", "/data/to").headers.Get("x-amz-meta-a"), "1");
  Expect(Send("PUT", "/data/to", {{"x-amz-copy-source", "/data/to"}}), 400, "InvalidRequest");
  Must(Send("PUT", "/data/to", {{"x-amz-copy-source", "/data/to"}, {"x-amz-metadata-directive", "REPLACE"}}), 200);
  EXPECT_FALSE(Send("HEAD", "/data/to").headers.Has("x-amz-meta-a"));
  Expect(Send("PUT", "/data/to", {{"x-amz-copy-source", "/data/none"}}), 404, "NoSuchKey");
  Expect(Send("PUT", "/data/to", {{"x-amz-copy-source", "nonsense"}}), 400, "InvalidArgument");
  Expect(Send("PUT", "/data/to", {{"x-amz-copy-source", "/data/from%20here"}, {"x-amz-copy-source-if-match", "\"x\""}}),
         412, "PreconditionFailed");
}

// Names that are no buckets and keys that are too long.
TEST_F(S3FrontTest, RefusesBadNames) {
  Expect(Send("PUT", "/Ab"), 400, "InvalidBucketName");
  Expect(Send("PUT", "/..", {}), 400, "InvalidBucketName");
  Expect(Send("PUT", "/a%2Fb"), 400, "InvalidBucketName");
  Expect(Send("GET", "/data/" + std::string(1025, 'k')), 400, "KeyTooLongError");
  Expect(Send("GET", "/data/%zz"), 400, "InvalidURI");
  Expect(Send("GET", "/data/%FF"), 400, "InvalidURI");
  Expect(Send("GET", "/data/k?versionId=abc"), 400, "InvalidArgument");
  Expect(Send("DELETE", "/absent-bucket"), 404, "NoSuchBucket");
  Expect(Send("PUT", "/bucket-two", {}, "<!DOCTYPE x><CreateBucketConfiguration/>"), 400, "MalformedXML");
}

}  // namespace
}  // namespace aloft::api::s3
