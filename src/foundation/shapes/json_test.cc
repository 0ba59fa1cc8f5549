#include "foundation/shapes/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "foundation/shapes/errors.h"
#include "generated/shapes/iam/users.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "generated/shapes/sagemaker/training.h"

namespace aloft::shapes {
namespace {

constexpr std::string_view kJob = R"({"TrainingJobName":"job-1","RoleArn":"arn:aws:iam::123456789012:role/r",)"
                                  R"("AlgorithmSpecification":{"TrainingInputMode":"File","TrainingImage":"img",)"
                                  R"("MetricDefinitions":[{"Name":"loss","Regex":"loss=[0-9]+"
}]
},)"
                                  R"("HyperParameters":{"a":"1","b":"two"},)"
                                  R"("OutputDataConfig":{"S3OutputPath":"s3://b/p"},)"
                                  R"("ResourceConfig":{"InstanceType":"ml.m5.large","InstanceCount":1,)"
                                  R"("VolumeSizeInGB":10},"StoppingCondition":{"MaxRuntimeInSeconds":60}})";

// The struct's members carry the request under their snake_case names.
TEST(Json, ReadsIntoMembers) {
  auto job = FromJsonText<sagemaker::CreateTrainingJobRequest>(kJob);
  ASSERT_TRUE(job.ok()) << Describe(job.error());
  EXPECT_EQ(job->training_job_name, "job-1");
  EXPECT_EQ(job->resource_config->volume_size_in_gb, 10);
  EXPECT_EQ(job->hyper_parameters->at("b"), "two");
  EXPECT_EQ(job->algorithm_specification->metric_definitions->at(0).regex, "loss=[0-9]+");
  EXPECT_FALSE(job->tags.has_value());
}

// What is stored must come back the same, or a restart changes a job.
TEST(Json, WritesWhatItRead) {
  auto job = FromJsonText<sagemaker::CreateTrainingJobRequest>(kJob);
  ASSERT_TRUE(job.ok());
  std::string text = ToJsonText(*job);
  auto again = FromJsonText<sagemaker::CreateTrainingJobRequest>(text);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(ToJsonText(*again), text);
}

// A newer client's member must survive until Describe.
TEST(Json, KeepsUnknownMembers) {
  auto tag = FromJsonText<sagemaker::Tag>(R"({"Key":"k","Value":"v","Novel":{"Depth":[1,2.5,null]}})");
  ASSERT_TRUE(tag.ok());
  sagemaker::Tag copy = *tag;
  EXPECT_EQ(ToJsonText(copy), R"({"Key":"k","Value":"v","Novel":{"Depth":[1,2.5,null]}})");
}

// null means absent; an old client's "__type" is no member.
TEST(Json, NullIsAbsent) {
  auto tag = FromJsonText<sagemaker::Tag>(R"({"__type":"Tag","Key":null,"Value":"v"})");
  ASSERT_TRUE(tag.ok());
  EXPECT_FALSE(tag->key.has_value());
  EXPECT_TRUE(tag->unknown.empty());
}

// boto sends integers, the CLI sends text, and answers must be numbers without exponent.
TEST(Json, Timestamps) {
  for (std::string_view text : {R"({"CreationTime":1700000000})", R"({"CreationTime":1700000000.0})",
                                R"({"CreationTime":"2023-11-14T22:13:20Z"})"}) {
    auto job = FromJsonText<sagemaker::TrainingJob>(text);
    ASSERT_TRUE(job.ok()) << text;
    EXPECT_EQ(ToMillis(*job->creation_time), 1'700'000'000'000) << text;
    EXPECT_EQ(ToJsonText(*job), R"({"CreationTime":1700000000})");
  }
  sagemaker::TrainingJob job;
  job.creation_time = FromMicros(1'700'000'000'123'456);
  std::string wire;
  EncodeJson(ShapeOf<sagemaker::TrainingJob>(), &job, wire);
  EXPECT_EQ(wire, R"({"CreationTime":1700000000.123})");
  EXPECT_EQ(*FromJsonText<sagemaker::TrainingJob>(ToJsonText(job))->creation_time, *job.creation_time);
}

// Wrong types are the caller's error, and the message says where.
TEST(Json, RefusesWrongTypes) {
  auto refuse = [](std::string_view text) {
    auto job = FromJsonText<sagemaker::CreateTrainingJobRequest>(text);
    EXPECT_FALSE(job.ok()) << text;
    return job.ok() ? std::string() : job.error().message;
  };
  EXPECT_EQ(refuse(R"({"TrainingJobName":5})"), "NUMBER_VALUE cannot be converted to a String (at 'TrainingJobName')");
  EXPECT_EQ(refuse(R"({"ResourceConfig":{"InstanceCount":"2"}})"),
            "STRING_VALUE cannot be converted to an Integer (at 'ResourceConfig.InstanceCount')");
  EXPECT_EQ(refuse(R"({"Tags":[{"Key":"a"},{"Key":true}]})"),
            "TRUE_VALUE cannot be converted to a String (at 'Tags[1].Key')");
  EXPECT_EQ(refuse(R"({"Tags":{}})"), "Start of structure or map found where not expected. (at 'Tags')");
  EXPECT_EQ(refuse(R"({"ResourceConfig":[]})"), "Start of list found where not expected (at 'ResourceConfig')");
  EXPECT_THAT(refuse(R"({"ResourceConfig":{"InstanceCount":4294967296}})"), testing::HasSubstr("InstanceCount"));
  EXPECT_THAT(refuse("[]"), testing::HasSubstr("Start of list"));
  EXPECT_THAT(refuse("{"), testing::HasSubstr("not valid JSON"));
}

// A struct may hold itself; a body that nests without end must not exhaust the stack.
TEST(Json, RecursionIsBounded) {
  std::string text = R"({"SubExpressions":[{"Operator":"And"}]})";
  auto expression = FromJsonText<sagemaker::SearchExpression>(text);
  ASSERT_TRUE(expression.ok());
  EXPECT_EQ(expression->sub_expressions->at(0).operator_, "And");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"SubExpressions":[)";
  EXPECT_FALSE(FromJsonText<sagemaker::SearchExpression>(deep).ok());
}

// Rows may name structs by the operation, whatever the model calls them.
TEST(Json, OperationsWithoutOutputHaveAnEmptyStruct) {
  EXPECT_EQ(ToJsonText(iam::DeleteUserResponse{}), "{}");
  EXPECT_EQ(ToJsonText(sagemaker::StopTrainingJobResponse{}), "{}");
}

}  // namespace
}  // namespace aloft::shapes
