#include "foundation/shapes/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "foundation/shapes/errors.h"
#include "foundation/shapes/service_model.h"
#include "generated/shapes/cloudtrail/service_model.h"
#include "generated/shapes/cloudwatch/service_model.h"
#include "generated/shapes/iam/service_model.h"
#include "generated/shapes/iam/users.h"
#include "generated/shapes/kms/service_model.h"
#include "generated/shapes/logs/service_model.h"
#include "generated/shapes/organizations/service_model.h"
#include "generated/shapes/s3/service_model.h"
#include "generated/shapes/sagemaker/model.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "generated/shapes/sagemaker/service_model.h"
#include "generated/shapes/sagemaker/training.h"
#include "generated/shapes/sagemaker_runtime/service_model.h"
#include "generated/shapes/sts/service_model.h"

namespace aloft::shapes {
namespace {

std::string Message(const auto& value) {
  Status status = Validate(value);
  return status.ok() ? "" : status.error().message;
}

// Users and tests of other clouds match parts of these texts.
TEST(Validate, MessagesAreAws) {
  EXPECT_EQ(Message(sagemaker::DescribeTrainingJobRequest{.training_job_name = "a b"}),
            "1 validation error detected: Value 'a b' at 'trainingJobName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}");
  EXPECT_EQ(Message(sagemaker::DescribeTrainingJobRequest{}),
            "1 validation error detected: Value null at 'trainingJobName' failed to satisfy constraint: Member must "
            "not be null");
  EXPECT_EQ(Message(sagemaker::ListTrainingJobsRequest{.max_results = 101}),
            "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have "
            "value less than or equal to 100");
  EXPECT_EQ(Message(sagemaker::ListTrainingJobsRequest{.sort_order = "Up"}),
            "1 validation error detected: Value 'Up' at 'sortOrder' failed to satisfy constraint: Member must satisfy "
            "enum value set: [Ascending, Descending]");
  EXPECT_EQ(Message(sagemaker::DescribeTrainingJobRequest{.training_job_name = std::string(64, 'a')}).substr(0, 47),
            "2 validation errors detected: Value 'aaaaaaaaaa");
}

// Lists and maps name the element, as AWS does.
TEST(Validate, PathsReachIntoLists) {
  sagemaker::AddTagsRequest request{.resource_arn = "arn:aws:sagemaker:us-east-1:123456789012:model/m",
                                    .tags = {{{.key = "ok", .value = "v"}, {.key = "", .value = "v"}}}};
  EXPECT_THAT(Message(request), testing::HasSubstr("Value '' at 'tags.2.member.key' failed to satisfy constraint: "
                                                   "Member must have length greater than or equal to 1"));
}

// A valid request passes, and sizes of our own making pass where AWS lists its own.
TEST(Validate, InstanceTypesAreOpen) {
  sagemaker::ResourceConfig resources{.instance_type = "ml.lab.huge", .instance_count = 1, .volume_size_in_gb = 1};
  EXPECT_EQ(Message(resources), "");
}

// A caller may break everything at once; the answer stays small.
TEST(Validate, AnswersAreBounded) {
  sagemaker::AddTagsRequest request{.resource_arn = "x", .tags = {{}}};
  request.tags->assign(50, {.key = std::string(100'000, '!'), .value = std::string(100'000, '!')});
  std::string message = Message(request);
  EXPECT_EQ(message.substr(0, 3), "10 ");
  EXPECT_LT(message.size(), 20'000u);
}

void Visit(const Shape& shape, std::set<const Shape*>& seen, std::vector<std::string>& refused) {
  if (!seen.insert(&shape).second) return;
  if (shape.constraints != nullptr && !shape.constraints->pattern.empty() &&
      !IsUsablePattern(shape.constraints->pattern))
    refused.push_back(std::string(shape.name) + ": " + std::string(shape.constraints->shown_pattern));
  for (const Member& member : shape.members) Visit(*member.shape, seen, refused);
  if (shape.element != nullptr) Visit(*shape.element, seen, refused);
  if (shape.key != nullptr) Visit(*shape.key, seen, refused);
}

// A pattern that RE2 refuses would silently not be enforced: it needs a line in models/<service>.toml.
TEST(Validate, EveryPatternCompiles) {
  std::set<const Shape*> seen;
  std::vector<std::string> refused;
  for (const ServiceModel* service :
       {&iam::kModel, &sts::kModel, &sagemaker::kModel, &sagemaker_runtime::kModel, &logs::kModel, &cloudwatch::kModel,
        &s3::kModel, &kms::kModel, &organizations::kModel, &cloudtrail::kModel})
    for (const OperationModel* operation : service->operations) Visit(*operation->input, seen, refused);
  EXPECT_THAT(refused, testing::IsEmpty());
  EXPECT_GT(seen.size(), 400u);
}

}  // namespace
}  // namespace aloft::shapes
