#include "api/aws/s3/front.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <set>

#include "api/aws/s3_wire/errors.h"
#include "api/common/authorize.h"
#include "foundation/codec/base64.h"
#include "foundation/crypto/crc.h"
#include "foundation/crypto/errors.h"
#include "foundation/crypto/hash.h"
#include "services/objects/testing_stores.h"

namespace aloft::api::s3 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A request whose body comes in small pieces, as from a socket.
class PieceExchange final : public http::Exchange {
 public:
  PieceExchange(http::RequestHead head, std::string body) : head_(std::move(head)), body_(std::move(body)) {}
  const http::RequestHead& head() const override { return head_; }
  void ReadBody(std::uint64_t, std::function<void(Result<std::string>)> done) override { done(body_); }
  void StreamBody(std::shared_ptr<http::BodySink> sink) override {
    sink_ = std::move(sink);
    Pump();
  }
  void Reply(http::Response) override {}
  void OnAbort(std::function<void()>) override {}

 private:
  void Pump() {
    if (body_.empty()) return sink_->OnEnd();
    std::string piece = body_.substr(0, 50'000);
    body_.erase(0, piece.size());
    sink_->OnChunk(std::move(piece), [this] { Pump(); });
  }
  http::RequestHead head_;
  std::string body_;
  std::shared_ptr<http::BodySink> sink_;
};

class S3FrontTest : public ::testing::Test {
 protected:
  S3FrontTest() {
    kv::Options options;
    options.engine = kv::Engine::kMemory;
    store_ = std::move(kv::Store::Open(options, Log::Discard())).value();
    objects_ = std::make_unique<objects::Service>(*store_, blobs_, clock_, random_, Log::Discard());
    front_ = std::make_unique<Front>(Dependencies{*objects_, pool_, clock_}, Options{"s3.example.com"});
    Must(Send("PUT", "/data"), 200);
  }
  ~S3FrontTest() override { pool_.Stop(); }

  // The way of a request through the front, as the gateway goes it.
  http::Response Send(std::string method, std::string target, http::Headers headers = {}, std::string body = {},
                      crypto::PayloadClaim payload = {}) {
    auto call = std::make_shared<Call>();
    http::RequestHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    head.headers = std::move(headers);
    head.content_length = static_cast<std::int64_t>(body.size());
    call->request_id = RequestId("request-1");
    call->session.account = account_;
    call->session.kind = identity::PrincipalKind::kUser;
    call->region = Region("eu-central-1");
    call->payload = std::move(payload);
    call->exchange = std::make_shared<PieceExchange>(head, body);
    auto render = [&](const Error& error) { return front_->RenderError(error, head, call->request_id); };
    auto row = front_->Match(head, body);
    if (!row.ok()) return render(row.error());
    if (front_->Claims(head)->body == BodyMode::kBuffered) call->body = std::move(body);
    auto prepared = (*row)->prepare(*call);
    if (!prepared.ok()) return render(prepared.error());
    asked_.clear();
    for (const auto& permission : (*prepared)->permissions()) {
      asked_.insert(permission.action + " " + permission.resource);
      if (auto status = Judge(permission, call->session); !status.ok()) return render(status.error());
    }
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<http::Response> response;
    auto allow = [this](const Permission& permission) {
      return denied_.contains(permission.action) ? Status(Fail(kAccessDenied, "denied")) : Status();
    };
    (*prepared)->Run(call, AuthorizedMaker::Make(allow), [&](Result<http::Response> result) {
      std::lock_guard lock(mutex);
      response = result.ok() ? std::move(*result) : render(result.error());
      answered.notify_all();
    });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return response.has_value(); });
    return std::move(*response);
  }

  // As the gateway without users' policies: everything within the owner's account, else what the bucket grants.
  static Status Judge(const Permission& permission, const identity::Session& caller) {
    if (permission.facts == nullptr) return {};
    ALOFT_ASSIGN(auto facts, permission.facts->FactsOf(permission, caller));
    if (facts.owner.empty() || facts.owner == caller.account || facts.granted) return {};
    return Fail(kAccessDenied, "denied");
  }

  static std::string Text(const http::BodyPiece& piece) {
    if (const auto* text = std::get_if<std::string>(&piece)) return *text;
    const auto& file = std::get<http::FileBody>(piece);
    std::string bytes(file.length, '\0');
    if (bytes.empty()) return bytes;
    EXPECT_EQ(pread(*file.fd, bytes.data(), bytes.size(), static_cast<off_t>(file.offset)),
              static_cast<ssize_t>(bytes.size()));
    return bytes;
  }
  static std::string Text(const http::Response& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
    auto* stream = std::get_if<http::StreamBody>(&response.body);
    if (stream == nullptr || !stream->source) return {};
    std::string all;
    while (true) {
      std::mutex mutex;
      std::condition_variable ready;
      std::optional<Result<http::BodyPiece>> piece;
      stream->source->Next([&](Result<http::BodyPiece> next) {
        std::lock_guard lock(mutex);
        piece = std::move(next);
        ready.notify_all();
      });
      std::unique_lock lock(mutex);
      ready.wait(lock, [&] { return piece.has_value(); });
      if (!piece->ok()) return Describe(piece->error());
      std::string some = Text(**std::move(piece));
      if (some.empty()) return all;
      all += some;
    }
  }
  static void Must(const http::Response& response, int status) { EXPECT_EQ(response.status, status) << Text(response); }
  // The response is an error of this code and status.
  static void Expect(const http::Response& response, int status, const std::string& code) {
    EXPECT_EQ(response.status, status) << Text(response);
    EXPECT_THAT(Text(response), HasSubstr("<Code>" + code + "</Code>"));
  }

  AccountId account_{"111122223333"};
  ManualClock clock_;
  SeededRandom random_{5};
  objects::MemoryBlobs blobs_{clock_};
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<objects::Service> objects_;
  os::ThreadPool pool_{"s3-test", 2, 64};
  std::unique_ptr<Front> front_;
  std::set<std::string> asked_;
  std::set<std::string> denied_;
};

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
