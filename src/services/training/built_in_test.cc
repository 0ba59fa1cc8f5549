#include "services/training/built_in.h"

#include <gtest/gtest.h>

#include "services/training/errors.h"

namespace aloft::training {
namespace {

using shapes::sagemaker::MetricDefinition;

compute::Runtime Boosting() {
  compute::Runtime runtime;
  runtime.metrics = {{"train:rmse", "train-rmse:(.*)"}, {"validation:rmse", "validation-rmse:(.*)"}};
  return runtime;
}

CreateRequest Plain() {
  CreateRequest request;
  request.algorithm_specification.emplace();
  return request;
}

// An image with an algorithm runs it where nothing else is brought: no script, no entrypoint.
TEST(BuiltInTest, OnlyWithoutAScript) {
  EXPECT_TRUE(UsesBuiltInAlgorithm(Boosting(), Plain()));
  EXPECT_FALSE(UsesBuiltInAlgorithm({}, Plain()));
  CreateRequest script = Plain();
  script.hyper_parameters.emplace();
  (*script.hyper_parameters)["sagemaker_program"] = "\"train.py\"";
  EXPECT_FALSE(UsesBuiltInAlgorithm(Boosting(), script));
  CreateRequest variable = Plain();
  variable.environment.emplace();
  (*variable.environment)["SAGEMAKER_PROGRAM"] = "train.py";
  EXPECT_FALSE(UsesBuiltInAlgorithm(Boosting(), variable));
  CreateRequest entrypoint = Plain();
  entrypoint.algorithm_specification->container_entrypoint = {"run"};
  EXPECT_FALSE(UsesBuiltInAlgorithm(Boosting(), entrypoint));
}

// Describe shows the algorithm's metrics; a copy of that request is no attempt to change them, anything else is.
TEST(BuiltInTest, MetricsAreTheAlgorithms) {
  CreateRequest request = Plain();
  ASSERT_TRUE(UseBuiltInAlgorithm(Boosting(), request).ok());
  ASSERT_EQ(request.algorithm_specification->metric_definitions->size(), 2u);
  EXPECT_EQ(request.algorithm_specification->metric_definitions->at(1).name, "validation:rmse");
  EXPECT_TRUE(UseBuiltInAlgorithm(Boosting(), request).ok());
  request.algorithm_specification->metric_definitions->pop_back();
  Status refused = UseBuiltInAlgorithm(Boosting(), request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, kBadJob);
}

}  // namespace
}  // namespace aloft::training
