#include "services/serving/component.h"

#include "services/serving/deployment.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/testing_service.h"

namespace aloft::serving {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class ComponentTest : public ServingTest {
 protected:
  // An endpoint whose one variant is `instances` of ml.m5.large (2 vCPUs, 8 GiB), without a model.
  void MakeHost(int instances = 1) {
    auto request = ConfigRequest("c", instances);
    request.production_variants->front().model_name.reset();
    ASSERT_TRUE(service_->CreateEndpointConfig(scope_, request).ok());
    ASSERT_TRUE(MakeEndpoint().ok());
    Settle();
    ASSERT_EQ(StatusOf(), "InService");
  }

  sagemaker::CreateInferenceComponentInput Request(const std::string& name, int copies = 1, int megabytes = 1024) {
    sagemaker::CreateInferenceComponentInput request;
    request.inference_component_name = name;
    request.endpoint_name = "e";
    request.variant_name = "AllTraffic";
    auto& specification = request.specification.emplace();
    specification.model_name = "m";
    specification.compute_resource_requirements.emplace().min_memory_required_in_mb = megabytes;
    request.runtime_config.emplace().copy_count = copies;
    return request;
  }

  Result<sagemaker::CreateInferenceComponentOutput> Make(const sagemaker::CreateInferenceComponentInput& request) {
    auto made = service_->components().Create(session_, scope_.region, request);
    Settle();
    return made;
  }

  std::string ComponentStatus(const std::string& name) {
    auto described = service_->components().Describe(scope_, name);
    return described.ok() ? *described->inference_component_status : described.error().message;
  }

  Error Ask(const std::string& component) {
    std::optional<Result<Answer>> got;
    Invocation invocation;
    invocation.endpoint = "e";
    invocation.component = component;
    invocation.body = "[1]";
    service_->Invoke(scope_, std::move(invocation), [&](Result<Answer> answer) { got.emplace(std::move(answer)); });
    if (!got || got->ok()) return Error{};
    return got->error();
  }
};

// The walk: its own copies with its own memory, its requests reach it and no other, Describe shows what the SDK reads.
TEST_F(ComponentTest, CreateServeDescribe) {
  MakeHost();
  EXPECT_THAT(backend_.started, SizeIs(0));
  ASSERT_TRUE(Make(Request("one", 2, 2048)).ok());
  ASSERT_TRUE(Make(Request("two")).ok());
  EXPECT_EQ(ComponentStatus("one"), "Creating");
  ASSERT_THAT(backend_.started, SizeIs(3));
  EXPECT_EQ(backend_.started[0].id.value(), "serving.123456789012.us-east-1._one.1.AllTraffic.0.1");
  EXPECT_EQ(backend_.started[0].limits.memory_bytes, 2048ull << 20);
  EXPECT_DOUBLE_EQ(backend_.started[0].limits.vcpus, 0.5);  // a quarter of the memory, a quarter of the processors
  for (const compute::TaskSpec& spec : std::vector(backend_.started)) BringUp(spec.id);
  EXPECT_EQ(ComponentStatus("one"), "InService");

  auto described = service_->components().Describe(scope_, "one");
  EXPECT_EQ(*described->inference_component_arn, "arn:aws:sagemaker:us-east-1:123456789012:inference-component/one");
  EXPECT_EQ(*described->endpoint_name, "e");
  EXPECT_EQ(*described->specification->model_name, "m");
  EXPECT_EQ(described->runtime_config->desired_copy_count, 2);
  EXPECT_EQ(described->runtime_config->current_copy_count, 2);
  EXPECT_FALSE(described->specification->compute_resource_requirements->number_of_cpu_cores_required);

  Ask("two");
  ASSERT_THAT(workers_.pending, SizeIs(1));
  EXPECT_THAT(workers_.pending[0].socket, HasSubstr("_two"));
  EXPECT_EQ(Ask("").reason, kBadTarget);
  EXPECT_EQ(Ask("three").reason, kNoSuchComponent);

  auto endpoints = service_->ListEndpoints(scope_, {});
  ASSERT_THAT(*endpoints->endpoints, SizeIs(1));
  sagemaker::ListInferenceComponentsInput list;
  list.endpoint_name_equals = "e";
  EXPECT_THAT(*service_->components().List(scope_, list)->inference_components, SizeIs(2));
  list.endpoint_name_equals = "other";
  EXPECT_THAT(*service_->components().List(scope_, list)->inference_components, SizeIs(0));
}

// Copies must find room on single instances; what sleeps keeps its room, what is deleted frees it.
TEST_F(ComponentTest, Room) {
  MakeHost(2);
  ASSERT_TRUE(Make(Request("half", 2, 5000)).ok());
  auto refused = Make(Request("more", 1, 5000));  // 6 GiB are free, but on no one instance 5000 MiB
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, kNoRoom);
  EXPECT_THAT(refused.error().message, HasSubstr("one of more asks for"));
  EXPECT_EQ(ComponentStatus("more"),
            "Could not find inference component \"arn:aws:sagemaker:us-east-1:123456789012:"
            "inference-component/more\".");
  for (const compute::TaskSpec& spec : std::vector(backend_.started)) BringUp(spec.id);
  sagemaker::UpdateInferenceComponentRuntimeConfigInput change;
  change.inference_component_name = "half";
  change.desired_runtime_config.emplace().copy_count = 3;
  EXPECT_EQ(service_->components().UpdateRuntimeConfig(scope_, change).error().reason, kNoRoom);
  change.desired_runtime_config->copy_count = 0;
  ASSERT_TRUE(service_->components().UpdateRuntimeConfig(scope_, change).ok());
  Settle();
  EXPECT_EQ(ComponentStatus("half"), "InService");
  EXPECT_TRUE(Make(Request("more", 1, 5000)).ok());
  EXPECT_FALSE(Make(Request("third", 1, 5000)).ok());
  ASSERT_TRUE(service_->components().Delete(scope_, "half").ok());
  Settle();
  EXPECT_THAT(ComponentStatus("half"), HasSubstr("Could not find"));
  EXPECT_TRUE(Make(Request("third", 1, 5000)).ok());
}

// An endpoint with components is not deleted from under them, and keeps its kind.
TEST_F(ComponentTest, TheHost) {
  MakeHost();
  ASSERT_TRUE(Make(Request("one")).ok());
  EXPECT_THAT(service_->DeleteEndpoint(scope_, "e").error().message, HasSubstr("it has 1 inference components"));
  ASSERT_TRUE(service_->CreateEndpointConfig(scope_, ConfigRequest("models")).ok());
  EXPECT_EQ(Update("models").error().reason, kBadEndpointConfig);
  ASSERT_TRUE(service_->components().Delete(scope_, "one").ok());
  Settle();
  EXPECT_TRUE(service_->DeleteEndpoint(scope_, "e").ok());
}

// A server that starts anew finds components as it finds endpoints, and ends nothing of theirs.
TEST_F(ComponentTest, Restart) {
  MakeHost();
  ASSERT_TRUE(Make(Request("one")).ok());
  BringUp(Newest());
  Boot();
  Settle();
  EXPECT_EQ(ComponentStatus("one"), "InService");
  Ask("one");
  EXPECT_THAT(workers_.pending, SizeIs(1));
}

// A new specification replaces the old one when it answers; one that does not come up leaves the old one.
TEST_F(ComponentTest, Update) {
  MakeHost();
  ASSERT_TRUE(Make(Request("one")).ok());
  BringUp(Newest());
  sagemaker::UpdateInferenceComponentInput change;
  change.inference_component_name = "one";
  change.specification = Request("one", 1, 2048).specification;
  ASSERT_TRUE(service_->components().Update(session_, scope_.region, change).ok());
  Settle();
  EXPECT_EQ(ComponentStatus("one"), "Updating");
  EXPECT_EQ(*service_->components()
                 .Describe(scope_, "one")
                 ->specification->compute_resource_requirements->min_memory_required_in_mb,
            1024);
  BringUp(Newest());
  EXPECT_EQ(ComponentStatus("one"), "InService");
  EXPECT_EQ(*service_->components()
                 .Describe(scope_, "one")
                 ->specification->compute_resource_requirements->min_memory_required_in_mb,
            2048);
}

// What a specification cannot be, and what is not built, is refused by name.
TEST_F(ComponentTest, Refusals) {
  EXPECT_EQ(Make(Request("one")).error().reason, kNoSuchEndpoint);
  MakeHost();
  auto request = Request("one");
  request.variant_name = "other";
  EXPECT_EQ(Make(request).error().reason, kNoSuchVariant);
  request = Request("one", kMaxInstances + 1);
  EXPECT_EQ(Make(request).error().reason, kBadComponent);
  request = Request("one");
  request.specification->container.emplace().image = "x";
  EXPECT_EQ(Make(request).error().reason, kBadComponent);
  request = Request("one");
  request.specification->base_inference_component_name = "base";
  EXPECT_THAT(Make(request).error().message, HasSubstr("BaseInferenceComponentName"));
  ASSERT_TRUE(Make(Request("one")).ok());
  EXPECT_EQ(Make(Request("one")).error().reason, kComponentExists);
}

}  // namespace
}  // namespace aloft::serving
