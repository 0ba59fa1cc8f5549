// Documents that open doors: policies, access control lists, CORS, POST forms. A mistake here gives data away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/aws/s3_documents/acl.h"
#include "api/aws/s3_documents/bucket_policy.h"
#include "api/aws/s3_documents/cors.h"
#include "api/aws/s3_documents/errors.h"
#include "api/aws/s3_documents/post_policy.h"
#include "api/aws/s3_documents/schemas.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3::documents {
namespace {

const std::string kOwner(64, 'a');
const std::string kOther(64, 'b');

std::string Policy(const std::string& principal, const std::string& more = "", const std::string& effect = "Allow",
                   const std::string& resource = "arn:aws:s3:::data/*") {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":")" + effect + R"(","Principal":)" + principal +
         R"(,"Action":"s3:GetObject","Resource":")" + resource + "\"" + more + "}]}";
}

// The public access block rests on this: a public policy must never count as private.
TEST(BucketPolicyTest, KnowsPublicPolicies) {
  auto is_public = [](const std::string& text) {
    auto policy = ReadBucketPolicy(text, "data");
    EXPECT_TRUE(policy.ok()) << text << Describe(policy.error());
    return policy->is_public;
  };
  EXPECT_TRUE(is_public(Policy("\"*\"")));
  EXPECT_TRUE(is_public(Policy(R"({"AWS":"*"})")));
  EXPECT_TRUE(is_public(Policy(R"({"AWS":["arn:aws:iam::111122223333:root","*"]})")));
  EXPECT_FALSE(is_public(Policy(R"({"AWS":"arn:aws:iam::111122223333:root"})")));
  EXPECT_FALSE(is_public(Policy("\"*\"", "", "Deny")));
  auto when = [](const std::string& op, const std::string& key, const std::string& value) {
    return R"(,"Condition":{")" + op + "\":{\"" + key + "\":\"" + value + "\"}}";
  };
  EXPECT_FALSE(is_public(Policy("\"*\"", when("IpAddress", "aws:SourceIp", "10.1.2.0/24"))));
  EXPECT_TRUE(is_public(Policy("\"*\"", when("IpAddress", "aws:SourceIp", "0.0.0.0/1"))));
  EXPECT_TRUE(is_public(Policy("\"*\"", when("NotIpAddress", "aws:SourceIp", "10.1.2.0/24"))));
  EXPECT_FALSE(is_public(Policy("\"*\"", when("StringEquals", "aws:PrincipalOrgID", "o-123"))));
  EXPECT_TRUE(is_public(Policy("\"*\"", when("StringLike", "aws:PrincipalOrgID", "*"))));
  EXPECT_TRUE(is_public(Policy("\"*\"", when("StringEqualsIfExists", "aws:PrincipalOrgID", "o-123"))));
  EXPECT_TRUE(is_public(Policy("\"*\"", when("StringEquals", "s3:prefix", "public"))));
}

// A policy that speaks of another bucket, another service or nobody is a mistake of its writer's.
TEST(BucketPolicyTest, RefusesWhatIsNotOfThisBucket) {
  auto refusal = [](const std::string& text) {
    auto policy = ReadBucketPolicy(text, "data");
    return policy.ok() ? std::string() : policy.error().message;
  };
  EXPECT_EQ(refusal(Policy("\"*\"", "", "Allow", "arn:aws:s3:::data")), "");
  EXPECT_EQ(refusal(Policy("\"*\"", "", "Allow", "arn:aws:s3:::data2/*")), "Policy has invalid resource");
  EXPECT_EQ(refusal(Policy("\"*\"", "", "Allow", "arn:aws:sqs:::data")), "Policy has invalid resource");
  EXPECT_EQ(refusal("[]"), "Policies must be valid JSON and the first byte must be '{'");
  EXPECT_NE(refusal(R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::data"}]})"), "");
  EXPECT_EQ(
      refusal(R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"arn:aws:s3:::data"}})"),
      "Policy has invalid action");
  EXPECT_NE(refusal(Policy("\"*\"") + std::string(kMaxPolicyBytes, ' ')), "");
}

// Lists: the canned ones, the written form, and what each permission stands for.
TEST(AclTest, GrantsWhatItSays) {
  auto acl = CannedAcl("public-read", kOwner, kOwner);
  ASSERT_TRUE(acl.ok());
  EXPECT_TRUE(IsPublic(*acl));
  EXPECT_TRUE(Grants(*acl, true, "s3:GetObject", "", false));
  EXPECT_FALSE(Grants(*acl, true, "s3:GetObject", "", true)) << "ignored";
  EXPECT_FALSE(Grants(*acl, true, "s3:PutObjectAcl", "", false));
  EXPECT_TRUE(Grants(*acl, false, "s3:ListBucket", kOther, false));
  auto members = CannedAcl("authenticated-read", kOwner, kOwner);
  EXPECT_FALSE(Grants(*members, true, "s3:GetObject", "", false));
  EXPECT_TRUE(Grants(*members, true, "s3:GetObject", kOther, false));
  Acl named = PrivateAcl(kOwner);
  ASSERT_TRUE(AddGrants("id=\"" + kOther + "\"", AclPermission::kWriteAcp, named).ok());
  EXPECT_FALSE(IsPublic(named));
  EXPECT_FALSE(IsPrivate(named));
  EXPECT_TRUE(Grants(named, true, "s3:PutObjectAcl", kOther, false));
  EXPECT_FALSE(Grants(named, true, "s3:GetObject", kOther, false));
  auto again = ParseAcl(WriteAcl(named));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->grants, named.grants);
  EXPECT_TRUE(IsPrivate(*CannedAcl("bucket-owner-full-control", kOwner, kOwner)));
}

// What is no list, or names nobody.
TEST(AclTest, Refuses) {
  EXPECT_FALSE(CannedAcl("public", kOwner, kOwner).ok());
  Acl acl = PrivateAcl(kOwner);
  EXPECT_EQ(AddGrants("emailAddress=\"a@b\"", AclPermission::kRead, acl).error().reason, kUnresolvableGrant);
  EXPECT_EQ(AddGrants("id=\"x\"", AclPermission::kRead, acl).error().reason, kInvalidValue);
  EXPECT_EQ(AddGrants("uri=\"http://x\"", AclPermission::kRead, acl).error().reason, kInvalidValue);
  EXPECT_EQ(ParseAcl("<AccessControlPolicy/>").error().reason, kMalformedAcl);
}

// A browser's question: origin, method, headers, all of them.
TEST(CorsTest, FindsTheRule) {
  auto root = ReadXml(
      "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example.com</AllowedOrigin><AllowedMethod>PUT</"
      "AllowedMethod>"
      "<AllowedHeader>x-amz-*</AllowedHeader></CORSRule><CORSRule><AllowedOrigin>*</AllowedOrigin>"
      "<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>",
      kCorsSchema);
  ASSERT_TRUE(root.ok());
  auto rules = ReadCors(*root);
  EXPECT_EQ(FindCors(rules, "https://a.example.com", "PUT", "X-Amz-Date, x-amz-acl"), &rules[0]);
  EXPECT_EQ(FindCors(rules, "https://a.example.com", "PUT", "content-type"), nullptr);
  EXPECT_EQ(FindCors(rules, "https://example.org", "PUT"), nullptr);
  EXPECT_EQ(FindCors(rules, "https://example.org", "GET"), &rules[1]);
  EXPECT_EQ(AllowedOrigin(rules[0], "https://a.example.com"), "https://a.example.com");
  EXPECT_EQ(AllowedOrigin(rules[1], "https://a.example.com"), "*");
}

// A form may do what its policy says and nothing beside it.
TEST(PostPolicyTest, BindsTheForm) {
  auto policy = ReadPostPolicy(R"({"expiration":"2030-01-01T00:00:00Z","conditions":[{"bucket":"data"},
      ["starts-with","$key","user/"],["eq","$Content-Type","text/plain"],["content-length-range",1,10]]})");
  ASSERT_TRUE(policy.ok());
  Time now = *codec::ParseIso8601("2029-12-31T00:00:00Z");
  FormFields fields = {{"bucket", "data"}, {"key", "user/a"}, {"content-type", "text/plain"}, {"x-ignore-me", "1"}};
  EXPECT_TRUE(CheckPostPolicy(*policy, fields, now).ok());
  EXPECT_EQ(CheckPostPolicy(*policy, fields, policy->expires).error().reason, kFormDenied);
  auto with = [&](FormFields changed) { return CheckPostPolicy(*policy, changed, now).ok(); };
  EXPECT_FALSE(with({{"bucket", "data"}, {"key", "other/a"}, {"content-type", "text/plain"}}));
  EXPECT_FALSE(with({{"bucket", "other"}, {"key", "user/a"}, {"content-type", "text/plain"}}));
  EXPECT_FALSE(with({{"bucket", "data"}, {"key", "user/a"}}));
  EXPECT_FALSE(with({{"bucket", "data"}, {"key", "user/a"}, {"content-type", "text/plain"}, {"acl", "public-read"}}));
  EXPECT_TRUE(CheckPostLength(*policy, 10).ok());
  EXPECT_EQ(CheckPostLength(*policy, 11).error().reason, kFormTooLarge);
  EXPECT_EQ(CheckPostLength(*policy, 0).error().reason, kFormTooSmall);
  EXPECT_FALSE(ReadPostPolicy("{}").ok());
  EXPECT_FALSE(ReadPostPolicy(R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["like","$key","x"]]})").ok());
}

}  // namespace
}  // namespace aloft::api::s3::documents
