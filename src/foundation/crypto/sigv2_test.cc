#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "foundation/crypto/sigv4.h"

namespace aloft::crypto {
namespace {

const std::string kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

Result<PayloadClaim> VerifyAt(const SignedRequest& request, std::string_view secret, Time now) {
  SigningKeys keys;
  auto authorization = ParseAuthorization(request);
  if (!authorization.ok()) return authorization.error();
  return Verify(request, *authorization, secret, now, std::nullopt, keys);
}

// The links that boto3 makes by default verify until they end, and in no other spelling.
TEST(SigV2, AgreesWithBotocore) {
  std::ifstream file(ALOFT_TESTDATA "/botocore_sigv2.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto vectors = boost::json::parse(text.str());
  const std::string secret(vectors.at("secret").as_string());
  const Time now(std::chrono::seconds(vectors.at("now").as_int64()));
  for (const auto& entry : vectors.at("cases").as_array()) {
    const SignedRequest request{std::string(entry.at("method").as_string()),
                                std::string(entry.at("path").as_string()),
                                std::string(entry.at("query").as_string()),
                                {{"Host", "cloud.example:8443"}}};
    const std::string name = std::string(entry.at("name").as_string()) + " " + request.query;
    const auto authorization = ParseAuthorization(request);
    ASSERT_TRUE(authorization.ok()) << name;
    EXPECT_EQ(authorization->access_key_id, "AKIDEXAMPLE");
    EXPECT_EQ(authorization->session_token, std::string(entry.at("token").as_string()));
    EXPECT_TRUE(VerifyAt(request, secret, now).ok()) << name;
    EXPECT_FALSE(VerifyAt(request, "other", now).ok()) << name;
    EXPECT_EQ(VerifyAt(request, secret, now + std::chrono::seconds(600)).error().reason, kPresignExpired) << name;
    for (const char* more : {"&acl=", "&uploads=", "&versionId=9", "&x-amz-acl=public-read", "&Expires=9999999999"}) {
      SignedRequest changed = request;
      changed.query += more;
      EXPECT_FALSE(VerifyAt(changed, secret, now).ok()) << name << more;
    }
    SignedRequest changed = request;
    changed.path += "x";
    EXPECT_FALSE(VerifyAt(changed, secret, now).ok()) << name;
    changed = request;
    changed.method = "PATCH";
    EXPECT_FALSE(VerifyAt(changed, secret, now).ok()) << name;
    changed = request;
    changed.headers.emplace_back("x-amz-copy-source", "/other/secret");
    EXPECT_FALSE(VerifyAt(changed, secret, now).ok()) << name;
  }
}

// The signature does not cover ordinary parameters, so a link that has some could be bent: it is refused.
TEST(SigV2, RefusesWhatItDoesNotCover) {
  const SignedRequest request{"GET", "/b", "AWSAccessKeyId=A&Signature=x&Expires=9999999999&prefix=secret", {}};
  EXPECT_EQ(ParseAuthorization(request).error().reason, kUnsupportedSignature);
  for (const char* expires : {"", "x", "-1", "99999999999999999999"})
    EXPECT_EQ(ParseAuthorization({"GET", "/b", "AWSAccessKeyId=A&Signature=x&Expires=" + std::string(expires), {}})
                  .error()
                  .reason,
              kMalformedAuthorization);
}

}  // namespace
}  // namespace aloft::crypto
