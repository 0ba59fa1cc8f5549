// What the rows of training jobs and tags ask of policy, and what their refusals are called.
#include <gtest/gtest.h>

#include "api/aws/sagemaker/tag_rows.h"
#include "api/aws/sagemaker/training_rows.h"
#include "api/aws_common/fake_exchange.h"
#include "foundation/shapes/json.h"
#include "services/training/errors.h"
#include "services/training/testing_service.h"

namespace aloft::api {
namespace {

using testing::BodyOf;
using testing::JsonHead;

class RowsTest : public training::ServiceTest {
 protected:
  void SetUp() override {
    training::ServiceTest::SetUp();
    TagTargets targets;
    targets["training-job"] = [this](const AccountId& account, const Region& region, const std::string& name) {
      return service_->Exists({account, region}, name);
    };
    front_ = std::make_unique<AwsFront>(
        std::vector<ServiceApi>{MakeTrainingApi(*service_), MakeTagsApi(*database_, std::move(targets))});
  }
  http::Response Send(const std::string& operation, const std::string& body) {
    return testing::Send(*front_, JsonHead("SageMaker." + operation), body);
  }
  std::vector<Permission> PermissionsOf(const std::string& operation, const std::string& body) {
    auto call = testing::MakeCall(JsonHead("SageMaker." + operation), body);
    auto row = front_->Match(call->head(), body);
    EXPECT_TRUE(row.ok());
    auto prepared = (*row)->prepare(*call);
    EXPECT_TRUE(prepared.ok()) << aloft::Describe(prepared.error());
    return (*prepared)->permissions();
  }
  std::string GoodBody(const std::string& name) { return shapes::ToJsonText(training::GoodRequest(name)); }

  std::unique_ptr<AwsFront> front_;
};

constexpr char kArn[] = "arn:aws:sagemaker:us-east-1:123456789012:training-job/job";

// Creating needs the right to create, to pass the role to SageMaker, and to tag where there are tags.
TEST_F(RowsTest, PermissionsOfCreate) {
  auto request = training::GoodRequest("job");
  shapes::sagemaker::Tag tag;
  tag.key = "Team";
  tag.value = "ml";
  request.tags.emplace().push_back(tag);
  auto needed = PermissionsOf("CreateTrainingJob", shapes::ToJsonText(request));
  ASSERT_EQ(needed.size(), 3u);
  EXPECT_EQ(needed[0].action, "sagemaker:CreateTrainingJob");
  EXPECT_EQ(needed[0].resource, kArn);
  EXPECT_EQ(needed[0].context.at("sagemaker:instancetypes"), std::vector<std::string>{"ml.m5.large"});
  EXPECT_EQ(needed[0].context.at("aws:requesttag/team"), std::vector<std::string>{"ml"});
  EXPECT_EQ(needed[0].context.at("aws:tagkeys"), std::vector<std::string>{"Team"});
  EXPECT_EQ(needed[1].action, "iam:PassRole");
  EXPECT_EQ(needed[1].resource, "arn:aws:iam::123456789012:role/training");
  EXPECT_EQ(needed[1].context.at("iam:passedtoservice"), std::vector<std::string>{"sagemaker.amazonaws.com"});
  EXPECT_EQ(needed[2].action, "sagemaker:AddTags");
}

// Every other operation asks for itself, on the job or on everything.
TEST_F(RowsTest, PermissionsOfTheOthers) {
  const std::pair<const char*, const char*> expected[] = {
      {"DescribeTrainingJob", kArn}, {"StopTrainingJob", kArn}, {"UpdateTrainingJob", kArn}, {"ListTrainingJobs", "*"}};
  for (const auto& [operation, resource] : expected) {
    auto needed = PermissionsOf(operation, R"({"TrainingJobName":"job"})");
    ASSERT_EQ(needed.size(), 1u) << operation;
    EXPECT_EQ(needed[0].action, std::string("sagemaker:") + operation);
    EXPECT_EQ(needed[0].resource, resource) << operation;
  }
  EXPECT_EQ(PermissionsOf("Search", R"({"Resource":"TrainingJob"})")[0].resource, "*");
}

// A job's way over the wire, and the names that clients look for.
TEST_F(RowsTest, NamesOfErrors) {
  EXPECT_EQ(Send("CreateTrainingJob", GoodBody("job")).status, 200);
  auto refused = [&](const char* operation, const std::string& body) {
    http::Response response = Send(operation, body);
    EXPECT_EQ(response.status, 400) << BodyOf(response);
    return BodyOf(response);
  };
  EXPECT_NE(refused("CreateTrainingJob", GoodBody("job")).find("ResourceInUse"), std::string::npos);
  EXPECT_NE(refused("DescribeTrainingJob", R"({"TrainingJobName":"x"})").find("ValidationException"),
            std::string::npos);
  auto large = training::GoodRequest("large");
  large.resource_config->instance_type = "ml.m5.24xlarge";
  EXPECT_NE(refused("CreateTrainingJob", shapes::ToJsonText(large)).find("ResourceLimitExceeded"), std::string::npos);
  auto many = training::GoodRequest("many");
  many.vpc_config.emplace();
  EXPECT_NE(refused("CreateTrainingJob", shapes::ToJsonText(many)).find("ValidationException"), std::string::npos);
  EXPECT_NE(refused("Search", R"({"Resource":"Endpoint"})").find("Search for the resource Endpoint"),
            std::string::npos);
  EXPECT_NE(refused("DeleteTrainingJob", R"({"TrainingJobName":"job"})").find("Stop it first"), std::string::npos);
}

// Tags of what exists here, and of nothing else.
TEST_F(RowsTest, Tags) {
  ASSERT_EQ(Send("CreateTrainingJob", GoodBody("job")).status, 200);
  auto body = [](const std::string& arn, const char* rest) { return R"({"ResourceArn":")" + arn + "\"" + rest + "}"; };
  EXPECT_EQ(Send("AddTags", body(kArn, R"(,"Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}])")).status, 200);
  EXPECT_EQ(Send("DeleteTags", body(kArn, R"(,"TagKeys":["b"])")).status, 200);
  EXPECT_EQ(BodyOf(Send("ListTags", body(kArn, ""))), R"({"Tags":[{"Key":"a","Value":"1"}]})");
  std::string base = "arn:aws:sagemaker:us-east-1:";
  for (const std::string& arn : {base + "123456789012:training-job/absent", base + "999999999999:training-job/job",
                                 std::string("arn:aws:s3:::bucket"), base + "123456789012:nonsense/job"})
    EXPECT_EQ(Send("ListTags", body(arn, "")).status, 400) << arn;
}

}  // namespace
}  // namespace aloft::api
