#include "platform/policy/policy.h"

#include <gtest/gtest.h>

#include "platform/policy/errors.h"

namespace aloft::policy {
namespace {

std::shared_ptr<const Policy> Parse(const std::string& statements, PolicyUse use = PolicyUse::kIdentity) {
  auto policy = Policy::Parse(R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}", use);
  EXPECT_TRUE(policy.ok()) << statements << "\n" << (policy.ok() ? "" : Describe(policy.error()));
  return policy.ok() ? *policy : nullptr;
}

char Ask(const Policy& policy, std::string_view action, std::string_view resource, const Context& context = {}) {
  const ContextKeys keys(context);
  switch (policy.Evaluate(Query{action, resource, keys}).effect) {
    case Verdict::Effect::kAllow: return '+';
    case Verdict::Effect::kDeny: return '-';
    case Verdict::Effect::kNone: break;
  }
  return '0';
}

// Whether one condition block holds, asked through a statement that allows everything else.
bool Holds(const std::string& condition, const Context& context) {
  const auto policy = Parse(R"({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": )" + condition + "}");
  return policy != nullptr && Ask(*policy, "s3:GetObject", "arn:aws:s3:::b/k", context) == '+';
}

// The documented table of wildcards.
TEST(MatchesWildcard, FollowsTheTable) {
  struct Case {
    const char *pattern, *text;
    bool matches;
  };
  for (const auto& [pattern, text, matches] : std::vector<Case>{{"", "", true},
                                                                {"*", "", true},
                                                                {"*", "abc", true},
                                                                {"?", "", false},
                                                                {"?", "a", true},
                                                                {"a*c", "ac", true},
                                                                {"a*c", "abbbc", true},
                                                                {"a*c", "abcd", false},
                                                                {"a?c", "abc", true},
                                                                {"a?c", "ac", false},
                                                                {"*b*b*", "abab", true},
                                                                {"*b*b*b*", "abab", false},
                                                                {"abc", "ABC", false},
                                                                {"a**c", "abc", true},
                                                                {"*a", "aaa", true},
                                                                {"a*a*a*b", "aaaaaaaaaaaa", false}})
    EXPECT_EQ(MatchesWildcard(pattern, text), matches) << pattern << " " << text;
}

// A pattern must not cost exponential time: whoever may write a policy could stop the server.
TEST(MatchesWildcard, StaysLinearOnHostilePatterns) {
  std::string pattern, text(20'000, 'a');
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(MatchesWildcard(pattern + "*b", text));
}

// Explicit deny wins over allow wherever it stands; what nobody allows is not allowed.
TEST(Policy, DenyWinsAndSilenceIsNo) {
  const auto policy = Parse(R"(
      {"Effect": "Allow", "Action": ["s3:Get*", "s3:ListBucket"], "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]},
      {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::data/secret/*"})");
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::data/a"), '+');
  EXPECT_EQ(Ask(*policy, "S3:getobject", "arn:aws:s3:::data/a"), '+');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::data/secret/a"), '-');
  EXPECT_EQ(Ask(*policy, "s3:PutObject", "arn:aws:s3:::data/a"), '0');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::Data/a"), '0');
  EXPECT_EQ(Ask(*policy, "s3:ListBucket", "arn:aws:s3:::data"), '+');
  EXPECT_EQ(Ask(*policy, "s3:ListBucket", "arn:aws:s3:::database"), '0');
  EXPECT_EQ(Ask(*policy, "sagemaker:GetObject", "arn:aws:s3:::data/a"), '0');
}

// NotAction and NotResource mean everything else.
TEST(Policy, NotActionAndNotResource) {
  const auto policy = Parse(R"(
      {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
      {"Effect": "Deny", "Action": "s3:DeleteObject", "NotResource": "arn:aws:s3:::scratch/*"})");
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::a/b"), '+');
  EXPECT_EQ(Ask(*policy, "iam:CreateUser", "arn:aws:iam::123456789012:user/a"), '0');
  EXPECT_EQ(Ask(*policy, "s3:DeleteObject", "arn:aws:s3:::scratch/x"), '+');
  EXPECT_EQ(Ask(*policy, "s3:DeleteObject", "arn:aws:s3:::data/x"), '-');
}

// A wildcard in one part of an ARN does not reach into the next; the last part keeps its colons.
TEST(Policy, ArnPartsMatchOneByOne) {
  const auto policy = Parse(R"({"Effect": "Allow", "Action": "*", "Resource": [
      "arn:aws:sagemaker:*:123456789012:training-job/team-a-*", "arn:aws:s3:::logs/*"]})");
  EXPECT_EQ(Ask(*policy, "a:b", "arn:aws:sagemaker:us-east-1:123456789012:training-job/team-a-1"), '+');
  EXPECT_EQ(Ask(*policy, "a:b", "arn:aws:sagemaker:us-east-1:999999999999:training-job/team-a-1"), '0');
  EXPECT_EQ(Ask(*policy, "a:b", "arn:aws:sagemaker:x:123456789012:y:123456789012:training-job/team-a-1"), '0');
  EXPECT_EQ(Ask(*policy, "a:b", "arn:aws:s3:::logs/a:b:c/d"), '+');
  EXPECT_EQ(Ask(*policy, "a:b", "*"), '0');
}

// Each operator, with and without the key, as the documentation's table says.
TEST(Policy, ConditionOperators) {
  const Context context = {{"aws:username", {"ada"}},
                           {"aws:sourceip", {"10.1.2.3"}},
                           {"aws:securetransport", {"true"}},
                           {"s3:max-keys", {"10"}},
                           {"aws:currenttime", {"2026-11-22T10:00:00Z"}},
                           {"aws:principalarn", {"arn:aws:iam::123456789012:role/team/x"}},
                           {"x:many", {"a", "b"}},
                           {"x:bytes", {"aGVsbG8="}}};
  for (const char* condition :
       {R"({"StringEquals": {"aws:UserName": "ada"}})",
        R"({"StringEquals": {"aws:username": ["bob", "ada"]}})",
        R"({"StringNotEquals": {"aws:username": ["bob", "eve"]}})",
        R"({"StringNotEquals": {"aws:absent": "x"}})",
        R"({"StringEqualsIgnoreCase": {"aws:username": "ADA"}})",
        R"({"StringLike": {"aws:username": "a?a*"}})",
        R"({"StringNotLike": {"aws:username": "b*"}})",
        R"({"StringEqualsIfExists": {"aws:absent": "x"}})",
        R"({"ArnLike": {"aws:principalarn": "arn:aws:iam::*:role/team/*"}})",
        R"({"ArnEquals": {"aws:principalarn": "arn:aws:iam::123456789012:role/*"}})",
        R"({"ArnNotLike": {"aws:principalarn": "arn:aws:iam::*:user/*"}})",
        R"({"NumericLessThan": {"s3:max-keys": "11"}})",
        R"({"NumericLessThanEquals": {"s3:max-keys": 10}})",
        R"({"NumericGreaterThan": {"s3:max-keys": 9.5}})",
        R"({"NumericNotEquals": {"s3:max-keys": 11}})",
        R"({"DateGreaterThan": {"aws:currenttime": "2026-11-22T09:59:59Z"}})",
        R"({"DateLessThan": {"aws:currenttime": "2027-01-01"}})",
        R"({"Bool": {"aws:SecureTransport": true}})",
        R"({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})",
        R"({"IpAddress": {"aws:SourceIp": ["::1", "10.1.2.3"]}})",
        R"({"NotIpAddress": {"aws:SourceIp": "10.2.0.0/16"}})",
        R"({"Null": {"aws:absent": "true"}})",
        R"({"Null": {"aws:username": false}})",
        R"({"BinaryEquals": {"x:bytes": "aGVsbG8="}})",
        R"({"ForAnyValue:StringEquals": {"x:many": "b"}})",
        R"({"ForAllValues:StringEquals": {"x:many": ["a", "b", "c"]}})",
        R"({"ForAllValues:StringEquals": {"aws:absent": "x"}})",
        R"({"ForAllValues:StringNotEquals": {"x:many": ["c"]}})",
        R"({"ForAnyValue:StringNotEquals": {"x:many": ["a"]}})",
        R"({"StringEquals": {"aws:username": "ada", "x:many": "a"}, "Bool": {"aws:securetransport": "true"}})"})
    EXPECT_TRUE(Holds(condition, context)) << condition;
  for (const char* condition : {R"({"StringEquals": {"aws:username": "Ada"}})",
                                R"({"StringEquals": {"aws:username": "a*"}})",
                                R"({"StringEquals": {"aws:absent": "x"}})",
                                R"({"StringNotEquals": {"aws:username": ["bob", "ada"]}})",
                                R"({"StringNotEqualsIfExists": {"aws:username": "ada"}})",
                                R"({"StringLike": {"aws:username": "A*"}})",
                                R"({"ArnLike": {"aws:principalarn": "arn:aws:*:role/team/x"}})",
                                R"({"NumericLessThan": {"s3:max-keys": 10}})",
                                R"({"NumericEquals": {"aws:username": 1}})",
                                R"({"DateGreaterThan": {"aws:currenttime": "2026-11-22T10:00:00Z"}})",
                                R"({"Bool": {"aws:securetransport": "false"}})",
                                R"({"Bool": {"aws:absent": "false"}})",
                                R"({"IpAddress": {"aws:sourceip": "10.2.0.0/16"}})",
                                R"({"IpAddress": {"aws:username": "0.0.0.0/0"}})",
                                R"({"NotIpAddress": {"aws:sourceip": "10.1.2.0/24"}})",
                                R"({"Null": {"aws:username": "true"}})",
                                R"({"ForAnyValue:StringEquals": {"x:many": "c"}})",
                                R"({"ForAnyValue:StringEquals": {"aws:absent": "c"}})",
                                R"({"ForAllValues:StringEquals": {"x:many": ["a"]}})",
                                R"({"ForAnyValue:StringNotEquals": {"x:many": ["a", "b"]}})",
                                R"({"StringEquals": {"aws:username": "ada", "x:many": "z"}})"})
    EXPECT_FALSE(Holds(condition, context)) << condition;
}

// A home folder per user; whoever has no name gets nobody's folder, and a name cannot smuggle a wildcard in.
TEST(Policy, Variables) {
  const auto policy = Parse(R"({"Effect": "Allow", "Action": "s3:*", "Resource": [
      "arn:aws:s3:::home/${aws:username}/*", "arn:aws:s3:::team/${aws:PrincipalTag/team, 'guests'}/*",
      "arn:aws:s3:::literal/${*}"]})");
  const Context ada = {{"aws:username", {"ada"}}, {"aws:principaltag/team", {"ml"}}};
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::home/ada/x", ada), '+');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::home/bob/x", ada), '0');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::team/ml/x", ada), '+');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::team/guests/x", ada), '0');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::team/guests/x"), '+');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::home//x"), '0');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::literal/*"), '+');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::literal/x"), '0');
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::home/bob/x", {{"aws:username", {"*"}}}), '0');
  EXPECT_TRUE(Holds(R"({"StringEquals": {"s3:prefix": "${aws:username}/"}})",
                    {{"aws:username", {"ada"}}, {"s3:prefix", {"ada/"}}}));
}

// A variable without a value must open nothing: not in an Allow, and not by making a Deny vanish.
TEST(Policy, AVariableWithoutValueOpensNothing) {
  const auto policy = Parse(R"(
      {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::${aws:username}/*"},
      {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"},
      {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*",
       "Condition": {"StringNotEquals": {"s3:prefix": "${aws:PrincipalTag/team}"}}})");
  EXPECT_EQ(Ask(*policy, "s3:GetObject", "arn:aws:s3:::a/b"), '0');
  EXPECT_EQ(Ask(*policy, "s3:PutObject", "arn:aws:s3:::a/b", {{"s3:prefix", {"x"}}}), '-');
  EXPECT_EQ(Ask(*policy, "s3:PutObject", "arn:aws:s3:::a/b", {{"s3:prefix", {"x"}}, {"aws:principaltag/team", {"x"}}}),
            '+');
}

// Old documents have no variables: what looks like one is text.
TEST(Policy, TheOldVersionHasNoVariables) {
  const auto policy = Policy::Parse(R"({"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*",
      "Resource": "arn:aws:s3:::home/${aws:username}/*"}})",
                                    PolicyUse::kIdentity);
  ASSERT_TRUE(policy.ok());
  EXPECT_EQ(Ask(**policy, "s3:GetObject", "arn:aws:s3:::home/ada/x", {{"aws:username", {"ada"}}}), '0');
}

// Who may assume a role: the service, the account (then its own policies decide), or one user by name.
TEST(Policy, Principals) {
  const auto trust = Parse(R"(
      {"Effect": "Allow", "Principal": {"Service": ["sagemaker.amazonaws.com"]}, "Action": "sts:AssumeRole"},
      {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111111111111:root", "222222222222"]}, "Action": "sts:AssumeRole"},
      {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::333333333333:user/ada"}, "Action": "sts:AssumeRole"},
      {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111111111111:role/bad"}, "Action": "sts:AssumeRole"})",
                           PolicyUse::kTrust);
  const Context none;
  const ContextKeys keys(none);
  const auto ask = [&](Caller caller) { return trust->Evaluate(Query{"sts:AssumeRole", "*", keys, &caller}); };
  using Effect = Verdict::Effect;
  EXPECT_EQ(
      ask({.account = "", .arn = "", .role_arn = "", .service = "sagemaker.amazonaws.com", .federated = ""}).effect,
      Effect::kAllow);
  EXPECT_EQ(ask({.account = "", .arn = "", .role_arn = "", .service = "lambda.amazonaws.com", .federated = ""}).effect,
            Effect::kNone);
  const auto user = [](std::string_view account, std::string_view arn, std::string_view role = "") {
    return Caller{.account = account, .arn = arn, .role_arn = role, .service = "", .federated = ""};
  };
  EXPECT_EQ(ask(user("111111111111", "arn:aws:iam::111111111111:user/x")).effect, Effect::kAllow);
  EXPECT_FALSE(ask(user("111111111111", "arn:aws:iam::111111111111:user/x")).names == Verdict::Names::kSelf);
  EXPECT_EQ(ask(user("222222222222", "arn:aws:iam::222222222222:user/x")).effect, Effect::kAllow);
  EXPECT_TRUE(ask(user("333333333333", "arn:aws:iam::333333333333:user/ada")).names == Verdict::Names::kSelf);
  EXPECT_EQ(ask(user("333333333333", "arn:aws:iam::333333333333:user/bob")).effect, Effect::kNone);
  EXPECT_EQ(
      ask(user("111111111111", "arn:aws:sts::111111111111:assumed-role/bad/s", "arn:aws:iam::111111111111:role/bad"))
          .effect,
      Effect::kDeny);
  EXPECT_EQ(trust->Evaluate(Query{"sts:AssumeRole", "*", keys}).effect, Effect::kNone);
}

// A refusal of a document names the place, so that its author finds it.
TEST(Policy, MalformedDocumentsNameThePlace) {
  const auto message = [](const std::string& text, PolicyUse use = PolicyUse::kIdentity) {
    const auto policy = Policy::Parse(text, use);
    if (policy.ok()) return std::string("accepted");
    EXPECT_EQ(policy.error().reason, kMalformedPolicyDocument) << text;
    return policy.error().message;
  };
  const auto statement = [&](const std::string& text, PolicyUse use = PolicyUse::kIdentity) {
    return message(
        R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}, )" + text +
            "]}",
        use);
  };
  struct Case {
    std::string text, part;
  };
  for (
      const auto& [text, part] : std::vector<Case>{
          {message("{"), "invalid Json"},
          {message("[]"), "a policy is an object"},
          {message(R"({"Version": "2012-10-17"})"), "missing element Statement"},
          {message(R"({"Version": "2020-01-01", "Statement": []})"), "must be version 2012-10-17"},
          {message(R"({"Statement": []})"), "at least one statement"},
          {message(R"({"Statement": [], "Other": 1})"), "unknown element Other"},
          {statement(R"({"Action": "a:b", "Resource": "*"})"), "missing element Effect. (at Statement[1])"},
          {statement(R"({"Effect": "allow", "Action": "a:b", "Resource": "*"})"), "Effect must be Allow or Deny"},
          {statement(R"({"Effect": "Allow", "Resource": "*"})"), "must contain actions. (at Statement[1])"},
          {statement(R"({"Effect": "Allow", "Action": "a:b"})"), "must contain resources. (at Statement[1])"},
          {statement(R"({"Effect": "Allow", "Action": "ab", "Resource": "*"})"),
           "prefaced by a vendor, e.g., iam, sdb, ec2, etc. (at Statement[1].Action)"},
          {statement(R"({"Effect": "Allow", "Action": "s*3:b", "Resource": "*"})"),
           "Vendor s*3 is not valid. (at Statement[1].Action)"},
          {statement(R"({"Effect": "Allow", "Action": ["a:b", 5], "Resource": "*"})"),
           "list of texts. (at Statement[1].Action)"},
          {statement(R"({"Effect": "Allow", "Action": "a:b", "NotAction": "a:c", "Resource": "*"})"),
           "exclude each other"},
          {statement(R"({"Effect": "Allow", "Action": "a:b", "Resource": "bucket"})"),
           "Resource bucket must be in ARN format or \"*\". (at Statement[1].Resource)"},
          {statement(R"({"Effect": "Allow", "Action": "a:b", "Resource": "arn:aws:s3:::${aws:username"})"),
           "not complete. (at Statement[1].Resource)"},
          {statement(R"({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Principal": "*"})"),
           "should not specify a principal"},
          {statement(R"({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Extra": 1})"),
           "unknown element Extra. (at Statement[1])"},
          {statement(
               R"({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"StringSame": {"a:b": "c"}}})"),
           "Invalid Condition type : StringSame. (at Statement[1].Condition.StringSame)"},
          {statement(
               R"({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"NumericEquals": {"a:b": "c"}}})"),
           "not a number. (at Statement[1].Condition.NumericEquals.a:b)"},
          {statement(
               R"({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {"IpAddress": {"a:b": "10.0.0.0/33"}}})"),
           "not an IP address"},
          {statement(R"({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Sid": "no blanks"})"), "alpha-numeric"}})
    EXPECT_NE(text.find(part), std::string::npos) << text << "\n  wanted: " << part;
  const auto trust = [&](const std::string& text) {
    return message(R"({"Version": "2012-10-17", "Statement": [)" + text + "]}", PolicyUse::kTrust);
  };
  EXPECT_NE(trust(R"({"Effect": "Allow", "Action": "sts:AssumeRole"})").find("Missing required field Principal"),
            std::string::npos);
  EXPECT_NE(trust(R"({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"})")
                .find("Has prohibited field Resource"),
            std::string::npos);
  EXPECT_NE(trust(R"({"Effect": "Allow", "Principal": {"AWS": "ada"}, "Action": "sts:AssumeRole"})")
                .find("Invalid principal in policy: \"AWS\":\"ada\""),
            std::string::npos);
  EXPECT_NE(
      statement(
          R"({"Sid": "A", "Effect": "Allow", "Action": "a:b", "Resource": "*"}, {"Sid": "A", "Effect": "Allow", "Action": "a:b", "Resource": "*"})")
          .find("must be unique"),
      std::string::npos);
}

// Deep JSON and huge documents are refused before they cost anything.
TEST(Policy, HostileDocumentsAreRefused) {
  std::string deep = R"({"Statement": )" + std::string(100'000, '[');
  EXPECT_FALSE(Policy::Parse(deep, PolicyUse::kIdentity).ok());
  EXPECT_FALSE(Policy::Parse(std::string(200'000, ' '), PolicyUse::kIdentity).ok());
}

// What S3 calls public: an Allow for everyone that no fixed account, address or network narrows.
TEST(Policy, PublicPoliciesAreKnown) {
  const auto is_public = [](const std::string& rest) {
    return Parse(R"({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", )" + rest + "}", PolicyUse::kResource)
        ->is_public();
  };
  const std::string everyone = R"("Effect": "Allow", "Principal": "*")";
  EXPECT_TRUE(is_public(everyone));
  EXPECT_TRUE(is_public(R"("Effect": "Allow", "Principal": {"AWS": "*"})"));
  EXPECT_FALSE(is_public(R"("Effect": "Deny", "Principal": "*")"));
  EXPECT_FALSE(is_public(R"("Effect": "Allow", "Principal": {"AWS": "123456789012"})"));
  for (const char* narrow : {R"({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})",
                             R"({"StringEquals": {"aws:PrincipalAccount": "123456789012"}})",
                             R"({"StringEquals": {"aws:PrincipalOrgID": ["o-a", "o-b"]}})",
                             R"({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/*"}})",
                             R"({"StringEquals": {"aws:SourceVpc": "vpc-1"}, "StringLike": {"s3:prefix": "*"}})",
                             R"({"StringLike": {"aws:userid": "AROAEXAMPLE:*"}})"})
    EXPECT_FALSE(is_public(everyone + R"(, "Condition": )" + narrow)) << narrow;
  for (const char* broad :
       {R"({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/1"]}})",
        R"({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})", R"({"StringLike": {"aws:PrincipalAccount": "*"}})",
        R"({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a"}})",
        R"({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}})",
        R"({"StringEquals": {"aws:Referer": "https://example.com"}})", R"({"Bool": {"aws:SecureTransport": "true"}})"})
    EXPECT_TRUE(is_public(everyone + R"(, "Condition": )" + broad)) << broad;
}

// The simulator tells where the deciding statement stands.
TEST(Policy, StatementsAreFoundInTheirDocument) {
  const std::string document =
      "{\n \"Id\": \"a,{[\\\"\",\n \"Version\": \"2012-10-17\", \"Statement\": [\n"
      "  {\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"},\n"
      "  {\"Effect\": \"Allow\",\n   \"Action\": \"*\", \"Resource\": [\"*\"]}\n ]\n}";
  const auto policy = Policy::Parse(document, PolicyUse::kIdentity);
  ASSERT_TRUE(policy.ok()) << Describe(policy.error());
  const auto at = [&](int statement) {
    const Place place = (*policy)->PlaceOf(statement);
    return std::vector<int>{place.start_line, place.start_column, place.end_line, place.end_column};
  };
  EXPECT_EQ(at(0), (std::vector<int>{4, 3, 4, 53}));
  EXPECT_EQ(at(1), (std::vector<int>{5, 3, 6, 37}));
  EXPECT_EQ(at(2), (std::vector<int>{0, 0, 0, 0}));
}

// The keys that a policy asks for, so that its author knows what to simulate with.
TEST(Policy, NamesTheKeysThatItAsksFor) {
  const auto policy = Parse(R"(
      {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:PrincipalTag/Team, 'none'}/*",
       "Condition": {"StringLike": {"s3:prefix": "${aws:username}/*"}, "Bool": {"aws:SecureTransport": "true"}}})");
  EXPECT_EQ(policy->keys(),
            (std::vector<std::string>{"aws:PrincipalTag/Team", "aws:SecureTransport", "aws:username", "s3:prefix"}));
}

// NotPrincipal denies everybody but those it names; naming an account spares the account, not its users.
TEST(Policy, NotPrincipalSparesOnlyTheNamed) {
  const auto policy = Parse(R"({"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": [
      "arn:aws:iam::111111111111:user/ada", "arn:aws:iam::111111111111:root", "AROAAAAAAAAAAAAAAAAAA"]}})",
                            PolicyUse::kResource);
  const Context none;
  const ContextKeys keys(none);
  const auto denied = [&](Caller caller) {
    caller.account = "111111111111";
    return policy->Evaluate(Query{"s3:GetObject", "*", keys, &caller}).effect == Verdict::Effect::kDeny;
  };
  EXPECT_FALSE(denied({.arn = "arn:aws:iam::111111111111:user/ada"}));
  EXPECT_FALSE(denied({.arn = "arn:aws:iam::111111111111:root"}));
  EXPECT_FALSE(denied({.arn = "x", .role_arn = "y", .id = "AROAAAAAAAAAAAAAAAAAA"}));
  EXPECT_TRUE(denied({.arn = "arn:aws:iam::111111111111:user/bob"}));
  EXPECT_FALSE(Policy::Parse(R"({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
                                 "NotPrincipal": {"AWS": "111111111111"}}})",
                             PolicyUse::kResource)
                   .ok());
}

}  // namespace
}  // namespace aloft::policy
