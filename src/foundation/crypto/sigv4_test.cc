#include "foundation/crypto/sigv4.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/hmac.h"

namespace aloft::crypto {
namespace {

const SigningCredentials kS3Example{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const SigningCredentials kSuite{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};

Time At(std::string_view text) {
  return *ParseBasicTime(text);
}
std::string Header(const SignedRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (EqualsIgnoreCase(key, name)) return value;
  return "";
}
std::string SignatureOf(const SignedRequest& request) {
  return ParseAuthorization(request)->signature;
}

// "Examples: Signature calculations" of the Amazon S3 API reference: GET with a range, PUT, sub-resource, list.
TEST(SigV4, MakesTheSignaturesOfTheS3Reference) {
  const Time now = At("20130524T000000Z");
  const auto sign = [&](SignedRequest request, std::string_view hash) {
    Sign(request, kS3Example, "us-east-1", "s3", hash, now);
    return SignatureOf(request);
  };
  const std::string host = "examplebucket.s3.amazonaws.com";
  EXPECT_EQ(sign({"GET", "/test.txt", "", {{"Host", host}, {"Range", "bytes=0-9"}}}, kEmptySha256Hex),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  EXPECT_EQ(
      sign({"PUT",
            "/test%24file.text",
            "",
            {{"Host", host}, {"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}},
           Sha256Hex("Welcome to Amazon S3.")),
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(sign({"GET", "/", "lifecycle", {{"Host", host}}}, kEmptySha256Hex),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(sign({"GET", "/", "max-keys=2&prefix=J", {{"Host", host}}}, kEmptySha256Hex),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// The same reference's presigned URL.
TEST(SigV4, MakesThePresignedUrlOfTheS3Reference) {
  const std::string query = Presign({"GET", "/test.txt", "", {{"host", "examplebucket.s3.amazonaws.com"}}}, kS3Example,
                                    "us-east-1", "s3", std::chrono::seconds(86400), At("20130524T000000Z"));
  EXPECT_TRUE(query.ends_with("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
      << query;
}

// AWS's SigV4 test suite (get-vanilla, its query and header cases) and the IAM example of the General Reference.
TEST(SigV4, MakesTheSignaturesOfTheTestSuite) {
  const Time now = At("20150830T123600Z");
  const auto sign = [&](SignedRequest request, std::string_view body = "", std::string_view service = "service") {
    Sign(request, kSuite, "us-east-1", service, Sha256Hex(body), now);
    return SignatureOf(request);
  };
  const std::string host = "example.amazonaws.com";
  EXPECT_EQ(sign({"GET", "/", "", {{"Host", host}}}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(sign({"GET", "/", "Param2=value2&Param1=value1", {{"Host", host}}}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(sign({"POST", "/", "", {{"Host", host}}}),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  EXPECT_EQ(sign({"GET", "/example/..", "", {{"Host", host}}}),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(sign({"GET", "//example//", "", {{"Host", host}}}),
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84");
  EXPECT_EQ(
      sign({"GET",
            "/",
            "Action=ListUsers&Version=2010-05-08",
            {{"Host", "iam.amazonaws.com"}, {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}},
           "", "iam"),
      "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

// "Signature calculations: transferring payload in multiple chunks" of the S3 reference, with and without a trailer.
TEST(SigV4, ChainsTheChunksOfTheS3Reference) {
  const auto chain = [](std::string_view hash, HeaderList extra) {
    SignedRequest request{"PUT", "/examplebucket/chunkObject.txt", "", {{"Host", "s3.amazonaws.com"}}};
    for (auto& header : extra) request.headers.push_back(header);
    Sign(request, kS3Example, "us-east-1", "s3", hash, At("20130524T000000Z"));
    SigningKeys keys;
    const auto claim =
        Verify(request, *ParseAuthorization(request), kS3Example.secret, At("20130524T000100Z"), std::nullopt, keys);
    EXPECT_TRUE(claim.ok());
    return *claim;
  };
  const std::string first = Sha256Hex(std::string(65536, 'a')), second = Sha256Hex(std::string(1024, 'a'));
  const PayloadClaim plain = chain(kStreamingSigned, {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                                      {"Content-Encoding", "aws-chunked"},
                                                      {"x-amz-decoded-content-length", "66560"},
                                                      {"Content-Length", "66824"}});
  EXPECT_EQ(plain.kind, PayloadClaim::Kind::kStreamingSigned);
  EXPECT_EQ(plain.seed_signature, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  ChunkChain chunks(plain);
  EXPECT_TRUE(chunks.VerifyChunk(first, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"));
  EXPECT_TRUE(chunks.VerifyChunk(second, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"));
  EXPECT_TRUE(chunks.VerifyChunk(kEmptySha256Hex, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));

  const PayloadClaim trailer = chain(kStreamingSignedTrailer, {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                                               {"Content-Encoding", "aws-chunked"},
                                                               {"x-amz-decoded-content-length", "66560"},
                                                               {"x-amz-trailer", "x-amz-checksum-crc32c"}});
  EXPECT_EQ(trailer.seed_signature, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  ChunkChain with_trailer(trailer);
  EXPECT_TRUE(with_trailer.VerifyChunk(first, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"));
  EXPECT_TRUE(with_trailer.VerifyChunk(second, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"));
  EXPECT_TRUE(
      with_trailer.VerifyChunk(kEmptySha256Hex, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"));
  EXPECT_TRUE(with_trailer.VerifyTrailer("x-amz-checksum-crc32c:sOO8/Q==\n",
                                         "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"));
  ChunkChain forged(plain);
  EXPECT_FALSE(forged.VerifyChunk(second, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"));
}

boost::json::object Vectors() {
  std::ifstream file(ALOFT_TESTDATA "/botocore_sigv4.json");
  std::stringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).as_object();
}

std::string Text(const boost::json::value& value) {
  return std::string(value.as_string());
}

// What botocore signs, we verify, changed requests we refuse, and our own signer makes botocore's signature.
TEST(SigV4, AgreesWithBotocore) {
  const boost::json::object vectors = Vectors();
  const std::string secret = Text(vectors.at("secret"));
  const Time now = At(Text(vectors.at("now")));
  SigningKeys keys;
  int presigned = 0, resigned = 0;
  for (const auto& entry : vectors.at("cases").as_array()) {
    const std::string name = Text(entry.at("name")), service = Text(entry.at("service")), body = Text(entry.at("body"));
    SignedRequest request{Text(entry.at("method")), Text(entry.at("path")), Text(entry.at("query")), {}};
    for (const auto& header : entry.at("headers").as_array())
      request.headers.emplace_back(Text(header.at(0)), Text(header.at(1)));
    const auto authorization = ParseAuthorization(request);
    ASSERT_TRUE(authorization.ok()) << name << " " << Describe(authorization.error());
    EXPECT_EQ(authorization->session_token, Text(entry.at("token"))) << name;
    EXPECT_EQ(authorization->presigned, entry.at("presigned").as_bool()) << name;
    const auto verify = [&](const SignedRequest& what, std::string_view payload) {
      const auto parsed = ParseAuthorization(what);
      return parsed.ok() && Verify(what, *parsed, secret, now, payload, keys).ok();
    };
    EXPECT_TRUE(verify(request, body)) << name << "\n"
                                       << CanonicalRequest(request, authorization->signed_headers, service, "?");

    SignedRequest changed = request;
    changed.path += "x";
    EXPECT_FALSE(verify(changed, body)) << name;
    changed = request;
    changed.query += changed.query.empty() ? "a=b" : "&a=b";
    EXPECT_FALSE(verify(changed, body)) << name;
    changed = request;
    changed.method = "PATCH";
    EXPECT_FALSE(verify(changed, body)) << name;
    changed = request;
    changed.headers.emplace_back("X-Amz-Acl", "public-read");
    EXPECT_FALSE(verify(changed, body)) << name;

    if (authorization->presigned) {
      ++presigned;
      continue;
    }
    EXPECT_EQ(verify(request, body + "x"), Header(request, "x-amz-content-sha256") == kUnsignedPayload) << name;
    const std::string wanted = authorization->signature;
    const std::string hash = Header(request, "x-amz-content-sha256");
    SignedRequest again = request;
    std::erase_if(again.headers, [](const auto& header) {
      return EqualsIgnoreCase(header.first, "authorization") || EqualsIgnoreCase(header.first, "x-amz-date") ||
             EqualsIgnoreCase(header.first, "x-amz-security-token") ||
             EqualsIgnoreCase(header.first, "x-amz-content-sha256") || EqualsIgnoreCase(header.first, "content-length");
    });
    Sign(again, {"AKIDEXAMPLE", secret, Text(entry.at("token"))}, "eu-west-1", service,
         hash.empty() ? Sha256Hex(body) : hash, now);
    EXPECT_EQ(SignatureOf(again), wanted) << name;
    ++resigned;
  }
  EXPECT_GE(presigned, 20);
  EXPECT_GE(resigned, 50);
}

SignedRequest SignedAt(Time when, std::string_view service = "s3") {
  SignedRequest request{"GET", "/b/k", "", {{"Host", "h"}}};
  Sign(request, kSuite, "us-east-1", service, kEmptySha256Hex, when);
  return request;
}

Result<PayloadClaim> VerifyAt(const SignedRequest& request, Time now, std::optional<std::string_view> body = {}) {
  SigningKeys keys;
  auto authorization = ParseAuthorization(request);
  if (!authorization.ok()) return authorization.error();
  return Verify(request, *authorization, kSuite.secret, now, body, keys);
}

// A stolen request is of no use after fifteen minutes, and clocks may differ by as much.
TEST(SigV4, RefusesASkewedClock) {
  const Time now = At("20261122T100000Z");
  const SignedRequest request = SignedAt(now);
  EXPECT_TRUE(VerifyAt(request, now + std::chrono::minutes(15)).ok());
  EXPECT_TRUE(VerifyAt(request, now - std::chrono::minutes(15)).ok());
  EXPECT_EQ(VerifyAt(request, now + std::chrono::seconds(901)).error().reason, kRequestTimeTooSkewed);
  EXPECT_EQ(VerifyAt(request, now - std::chrono::seconds(901)).error().reason, kRequestTimeTooSkewed);
}

// A presigned link ends when it says, lives a week at most, and cannot be post-dated.
TEST(SigV4, PresignedLinksEnd) {
  const Time now = At("20261122T100000Z");
  const auto link = [&](std::chrono::seconds valid_for) {
    SignedRequest request{"GET", "/b/k", "", {{"Host", "h"}}};
    request.query = Presign(request, kSuite, "us-east-1", "s3", valid_for, now);
    return request;
  };
  const SignedRequest hour = link(std::chrono::hours(1));
  EXPECT_TRUE(VerifyAt(hour, now + std::chrono::minutes(59)).ok());
  EXPECT_EQ(VerifyAt(hour, now + std::chrono::minutes(60)).error().reason, kPresignExpired);
  EXPECT_EQ(VerifyAt(hour, now - std::chrono::minutes(16)).error().reason, kPresignExpired);
  EXPECT_TRUE(VerifyAt(link(kMaxPresign), now + kMaxPresign - std::chrono::seconds(1)).ok());
  EXPECT_EQ(VerifyAt(link(kMaxPresign + std::chrono::seconds(1)), now).error().reason, kMalformedAuthorization);
}

// Someone between client and server adds a header that changes the meaning of a signed request.
TEST(SigV4, RefusesUnsignedAmzHeaders) {
  const Time now = At("20261122T100000Z");
  SignedRequest request = SignedAt(now);
  request.headers.emplace_back("x-amz-copy-source", "/other/secret");
  EXPECT_EQ(VerifyAt(request, now).error().reason, kHeadersNotSigned);
}

// The control plane's clients send no digest header: the body itself is under the signature.
TEST(SigV4, CoversTheBodyOfOtherServices) {
  const Time now = At("20261122T100000Z");
  SignedRequest request{"POST", "/", "", {{"Host", "h"}}};
  Sign(request, kSuite, "us-east-1", "iam", Sha256Hex("Action=ListUsers"), now);
  EXPECT_TRUE(VerifyAt(request, now, "Action=ListUsers").ok());
  EXPECT_EQ(VerifyAt(request, now, "Action=DeleteUser").error().reason, kSignatureMismatch);
  EXPECT_EQ(VerifyAt(request, now).error().reason, kMissingPayloadHash);
  SignedRequest unsigned_body{"POST", "/", "", {{"Host", "h"}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}}};
  Sign(unsigned_body, kSuite, "us-east-1", "iam", kUnsignedPayload, now);
  EXPECT_EQ(VerifyAt(unsigned_body, now, "Action=DeleteUser").error().reason, kMalformedAuthorization);
}

// Clients differ in what they leave unescaped in a key; the same key must verify in either spelling.
TEST(SigV4, AcceptsBothSpellingsOfAPath) {
  const Time now = At("20261122T100000Z");
  SignedRequest sent{"GET", "/b/a!(1)+x", "", {{"Host", "h"}}};
  SignedRequest encoded = sent;
  encoded.path = "/b/a%21%281%29%2Bx";
  Sign(encoded, kSuite, "us-east-1", "s3", kEmptySha256Hex, now);
  sent.headers = encoded.headers;
  EXPECT_TRUE(VerifyAt(sent, now).ok());
  SignedRequest raw{"GET", "/b/a!(1)+x", "", {{"Host", "h"}}};
  Sign(raw, kSuite, "us-east-1", "s3", kEmptySha256Hex, now);
  EXPECT_TRUE(VerifyAt(raw, now).ok());
}

// On the way from client to server nobody may turn an escaped plus of a query into a space, or back.
TEST(SigV4, APlusInAQueryIsASpace) {
  const Time now = At("20261122T100000Z");
  SignedRequest plus{"GET", "/b", "prefix=a%2Bb", {{"Host", "h"}}};
  Sign(plus, kSuite, "us-east-1", "s3", kEmptySha256Hex, now);
  EXPECT_TRUE(VerifyAt(plus, now).ok());
  plus.query = "prefix=a+b";
  EXPECT_EQ(VerifyAt(plus, now).error().reason, kSignatureMismatch);
  SignedRequest space{"GET", "/b", "prefix=a%20b", {{"Host", "h"}}};
  Sign(space, kSuite, "us-east-1", "s3", kEmptySha256Hex, now);
  space.query = "prefix=a+b";
  EXPECT_TRUE(VerifyAt(space, now).ok());
}

// Each way an Authorization header can be wrong names its part, so that the caller can mend it.
TEST(SigV4, NamesWhatIsMalformed) {
  const std::string good_signature(64, 'a');
  const auto parse = [](std::string header, HeaderList more = {{"X-Amz-Date", "20261122T100000Z"}}) {
    SignedRequest request{"GET", "/", "", std::move(more)};
    request.headers.emplace_back("Authorization", std::move(header));
    auto result = ParseAuthorization(request);
    return result.ok() ? std::string("ok") : std::string(result.error().reason.name) + ": " + result.error().message;
  };
  const std::string credential = "Credential=AKID/20261122/us-east-1/s3/aws4_request";
  EXPECT_EQ(parse("AWS4-HMAC-SHA256 " + credential + ",SignedHeaders=host;x-amz-date,Signature=" + good_signature),
            "ok");
  EXPECT_EQ(parse("AWS4-HMAC-SHA256   " + credential + " , SignedHeaders=host , Signature=" + good_signature), "ok");
  EXPECT_TRUE(parse("AWS AKID:sig").starts_with("UnsupportedSignature"));
  EXPECT_TRUE(parse("Bearer x").starts_with("UnsupportedSignature"));
  EXPECT_TRUE(parse("").starts_with("UnsupportedSignature"));
  for (const auto& [header, part] : std::vector<std::pair<std::string, std::string>>{
           {"AWS4-HMAC-SHA256 x", "missing equal-sign"},
           {"AWS4-HMAC-SHA256 SignedHeaders=host,Signature=" + good_signature, "requires 'Credential'"},
           {"AWS4-HMAC-SHA256 " + credential + ",Signature=" + good_signature, "requires 'SignedHeaders'"},
           {"AWS4-HMAC-SHA256 " + credential + ",SignedHeaders=host", "requires 'Signature'"},
           {"AWS4-HMAC-SHA256 " + credential + "," + credential, "twice"},
           {"AWS4-HMAC-SHA256 " + credential + ",Other=1", "unknown parameter"},
           {"AWS4-HMAC-SHA256 Credential=AKID/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=" + good_signature,
            "Credential is mal-formed"},
           {"AWS4-HMAC-SHA256 Credential=AKID/2026112x/r/s3/aws4_request,SignedHeaders=host,Signature=" +
                good_signature,
            "YYYYMMDD"},
           {"AWS4-HMAC-SHA256 Credential=AKID/20261122/r/s3/aws5_request,SignedHeaders=host,Signature=" +
                good_signature,
            "aws4_request"},
           {"AWS4-HMAC-SHA256 Credential=AKID/20261121/r/s3/aws4_request,SignedHeaders=host,Signature=" +
                good_signature,
            "date is not that"},
           {"AWS4-HMAC-SHA256 " + credential + ",SignedHeaders=range,Signature=" + good_signature,
            "must name \"host\""},
           {"AWS4-HMAC-SHA256 " + credential + ",SignedHeaders=host;;a,Signature=" + good_signature, "empty name"},
           {"AWS4-HMAC-SHA256 " + credential + ",SignedHeaders=host,Signature=zz", "64 lower-case"}}) {
    EXPECT_NE(parse(header).find(part), std::string::npos) << header << " -> " << parse(header);
    EXPECT_TRUE(parse(header).starts_with("MalformedAuthorization")) << header;
  }
  EXPECT_NE(parse("AWS4-HMAC-SHA256 " + credential + ",SignedHeaders=host,Signature=" + good_signature, {})
                .find("X-Amz-Date"),
            std::string::npos);
}

// Two claims of identity in one request are an attack or a mistake; neither is believed.
TEST(SigV4, RefusesTwoMechanismsAtOnce) {
  const Time now = At("20261122T100000Z");
  SignedRequest request = SignedAt(now);
  request.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256";
  EXPECT_TRUE(HasSignature(request));
  EXPECT_EQ(ParseAuthorization(request).error().reason, kMalformedAuthorization);
  EXPECT_FALSE(HasSignature({"GET", "/", "a=b", {}}));
  EXPECT_EQ(ParseAuthorization({"GET", "/", "a=b", {}}).error().reason, kNoSignature);
  EXPECT_EQ(ParseAuthorization({"GET", "/", "AWSAccessKeyId=A&Signature=b&Expires=1", {{"Authorization", "x"}}})
                .error()
                .reason,
            kMalformedAuthorization);
}

// The cache of derived keys stays small and never answers for a secret that changed.
TEST(SigningKeys, AreBoundedAndBoundToTheSecret) {
  SigningKeys keys(2);
  const Scope scope{"20261122", "us-east-1", "s3"};
  EXPECT_EQ(keys.Get("A", "one", scope), DeriveSigningKey("one", scope));
  EXPECT_EQ(keys.Get("A", "two", scope), DeriveSigningKey("two", scope));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(keys.Get(std::to_string(i), "s", scope), DeriveSigningKey("s", scope));
  EXPECT_EQ(keys.Get("A", "two", scope), DeriveSigningKey("two", scope));
}

}  // namespace
}  // namespace aloft::crypto
