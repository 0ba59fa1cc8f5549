#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "foundation/sql/testing_engines.h"
#include "services/resources/arn.h"
#include "services/resources/search.h"
#include "services/resources/tags.h"

namespace aloft::resources {
namespace {

// ARNs of the kinds that occur, and what is none.
TEST(Arn, Parse) {
  auto arn = ParseArn("arn:aws:sagemaker:us-east-1:123456789012:training-job/a");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->service, "sagemaker");
  EXPECT_EQ(arn->region, "us-east-1");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->kind, "training-job");
  EXPECT_EQ(arn->name, "a");
  EXPECT_EQ(SageMakerArn(AccountId("123456789012"), Region("us-east-1"), "training-job", "a"),
            "arn:aws:sagemaker:us-east-1:123456789012:training-job/a");
  EXPECT_EQ(ParseArn("arn:aws:s3:::bucket")->name, "");
  for (const char* text : {"", "arn", "arn:aws:s3::", "x:aws:s3:::bucket", "arn:aws:sagemaker:r:a:"})
    EXPECT_FALSE(ParseArn(text)) << text;
}

class TagsTest : public sql::EngineTest {
 protected:
  void SetUp() override {
    auto migrations = Migrations();
    Open({migrations.begin(), migrations.end()});
  }
  Status Put(const std::string& arn, const Tags& tags) {
    return database_->Write([&](sql::Transaction& t) { return PutTags(t, arn, tags); });
  }
  Tags List(const std::string& arn) {
    return *database_->Read([&](sql::Reader& reader) { return ListTags(reader, arn); });
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, TagsTest, testing::Values(sql::Engine::kSqlite, sql::Engine::kPostgres),
                         sql::EngineName);

// Tags are added, replaced and removed, per resource.
TEST_P(TagsTest, PutListRemove) {
  ASSERT_TRUE(Put("a", {{"x", "1"}, {"y", ""}}).ok());
  ASSERT_TRUE(Put("a", {{"x", "2"}}).ok());
  ASSERT_TRUE(Put("b", {{"z", "3"}}).ok());
  EXPECT_EQ(List("a"), (Tags{{"x", "2"}, {"y", ""}}));
  std::vector<std::string> keys{"x", "absent"};
  ASSERT_TRUE(database_->Write([&](sql::Transaction& t) { return RemoveTags(t, "a", keys); }).ok());
  EXPECT_EQ(List("a"), (Tags{std::pair("y", "")}));
  ASSERT_TRUE(database_->Write([&](sql::Transaction& t) { return RemoveAllTags(t, "a"); }).ok());
  EXPECT_TRUE(List("a").empty());
  EXPECT_EQ(List("b").size(), 1u);
}

// Fifty at most, also over several calls, and a refused call adds none.
TEST_P(TagsTest, AtMostFifty) {
  Tags many;
  for (int i = 0; i < 50; ++i) many["k" + std::to_string(i)] = "v";
  ASSERT_TRUE(CheckTags(many).ok());
  ASSERT_TRUE(Put("a", many).ok());
  EXPECT_EQ(Put("a", Tags{std::pair("one more", "v")}).error().reason, kTooManyTags);
  EXPECT_EQ(List("a").size(), 50u);
  many["one more"] = "v";
  EXPECT_EQ(CheckTags(many).error().reason, kTooManyTags);
}

// The rules of keys.
TEST(Tags, Check) {
  EXPECT_EQ(CheckTags(Tags{std::pair("AWS:x", "v")}).error().reason, kBadTag);
  EXPECT_EQ(CheckTags(Tags{std::pair("", "v")}).error().reason, kBadTag);
  EXPECT_TRUE(CheckTags(Tags{std::pair("team/ml", "")}).ok());
}

bool Found(std::string_view document, std::string_view expression) {
  auto parsed = codec::ParseJson(document);
  auto search = shapes::FromJsonText<shapes::sagemaker::SearchExpression>(expression);
  EXPECT_TRUE(parsed.ok() && search.ok());
  EXPECT_TRUE(CheckSearch(*search).ok());
  return Matches(parsed->as_object(), *search);
}

constexpr char kJob[] = R"({"TrainingJobName":"abc-1","CreationTime":1700000000,"HyperParameters":{"lr.rate":"0.5"},
  "Tags":{"team":"ml"},"InputDataConfig":[{"ChannelName":"train","ContentType":"text/csv"},{"ChannelName":"test"}]})";

// Every operator, on text, numbers, times, maps and lists.
TEST(Search, Operators) {
  auto filter = [](const char* name, const char* operation, const char* value) {
    return Found(kJob, std::string(R"({"Filters":[{"Name":")") + name + R"(","Operator":")" + operation +
                           R"(","Value":")" + value + "\"}]}");
  };
  EXPECT_TRUE(filter("TrainingJobName", "Equals", "abc-1"));
  EXPECT_FALSE(filter("TrainingJobName", "NotEquals", "abc-1"));
  EXPECT_TRUE(filter("TrainingJobName", "Contains", "bc"));
  EXPECT_TRUE(filter("TrainingJobName", "In", "x, abc-1"));
  EXPECT_TRUE(filter("HyperParameters.lr.rate", "GreaterThan", "0.25"));
  EXPECT_FALSE(filter("HyperParameters.lr.rate", "LessThan", "0.25"));
  EXPECT_TRUE(filter("CreationTime", "LessThan", "2024-01-01T00:00:00Z"));
  EXPECT_TRUE(filter("CreationTime", "GreaterThanOrEqualTo", "1700000000"));
  EXPECT_TRUE(filter("Tags.team", "Exists", ""));
  EXPECT_TRUE(filter("Tags.other", "NotExists", ""));
  EXPECT_FALSE(filter("Tags.other", "Equals", ""));
  EXPECT_TRUE(filter("InputDataConfig.ChannelName", "Equals", "test"));
}

// Joining: and, or, sub-expressions, and nested filters that one element must satisfy together.
TEST(Search, Joins) {
  constexpr char kTwo[] = R"("Filters":[{"Name":"TrainingJobName","Value":"abc-1"},{"Name":"Tags.team","Value":"x"}])";
  EXPECT_FALSE(Found(kJob, std::string("{") + kTwo + "}"));
  EXPECT_TRUE(Found(kJob, std::string("{") + kTwo + R"(,"Operator":"Or"})"));
  EXPECT_FALSE(Found(kJob, std::string(R"({"SubExpressions":[{)") + kTwo + "}]}"));
  EXPECT_TRUE(Found(kJob, "{}"));
  auto nested = [](const char* channel) {
    return Found(kJob, std::string(R"({"NestedFilters":[{"NestedPropertyName":"InputDataConfig","Filters":[)") +
                           R"({"Name":"InputDataConfig.ChannelName","Value":")" + channel +
                           R"("},{"Name":"InputDataConfig.ContentType","Value":"text/csv"}]}]})");
  };
  EXPECT_TRUE(nested("train"));
  EXPECT_FALSE(nested("test"));
}

// What cannot be evaluated is refused.
TEST(Search, Refusals) {
  auto refused = [](std::string_view expression) {
    return CheckSearch(*shapes::FromJsonText<shapes::sagemaker::SearchExpression>(expression)).error().reason;
  };
  EXPECT_EQ(refused(R"({"Filters":[{"Name":"a","Operator":"Like","Value":"x"}]})"), kBadSearch);
  EXPECT_EQ(refused(R"({"SubExpressions":[{"Filters":[{"Name":"a"}]}]})"), kBadSearch);
}

}  // namespace
}  // namespace aloft::resources
