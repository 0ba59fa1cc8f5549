// What a request must say, and what its tasks are told.
#include "services/processing/plan.h"

#include <gtest/gtest.h>

#include "services/processing/errors.h"
#include "services/processing/kind.h"
#include "services/processing/request.h"

namespace aloft::processing {
namespace {

using namespace shapes::sagemaker;  // NOLINT

CreateRequest GoodRequest() {
  CreateRequest request;
  request.processing_job_name = "job";
  request.role_arn = "arn:aws:iam::123456789012:role/processing";
  request.app_specification.emplace().image_uri = "aloft-python:3";
  request.app_specification->container_entrypoint = {{"python3", "/opt/ml/processing/input/code/work.py"}};
  request.app_specification->container_arguments = {{"--x", "1"}};
  auto& cluster = request.processing_resources.emplace().cluster_config.emplace();
  cluster.instance_type = "ml.m5.large";
  cluster.instance_count = 2;
  cluster.volume_size_in_gb = 5;
  ProcessingInput input;
  input.input_name = "data";
  input.s3_input.emplace().s3_uri = "s3://bucket/data/";
  input.s3_input->local_path = "/opt/ml/processing/input/data";
  input.s3_input->s3_data_type = "S3Prefix";
  input.s3_input->s3_data_distribution_type = "ShardedByS3Key";
  request.processing_inputs.emplace().push_back(input);
  ProcessingOutput output;
  output.output_name = "result";
  output.s3_output.emplace().s3_uri = "s3://bucket/result";
  output.s3_output->local_path = "/opt/ml/processing/output";
  output.s3_output->s3_upload_mode = "Continuous";
  request.processing_output_config.emplace().outputs.emplace().push_back(output);
  return request;
}

Job JobWith(const CreateRequest& request) {
  Job job;
  job.scope = {AccountId("123456789012"), Region("us-east-1")};
  job.name = *request.processing_job_name;
  job.request = request;
  return job;
}

// Each host is told of the others and gets its share; what the code manages itself is left to it.
TEST(Plan, TwoHosts) {
  CreateRequest request = GoodRequest();
  ProcessingOutput managed = (*request.processing_output_config->outputs)[0];
  managed.output_name = "managed";
  managed.app_managed = true;
  request.processing_output_config->outputs->push_back(managed);
  ASSERT_TRUE(CheckRequest(request).ok());
  auto planned = PlanTasks(JobWith(request), {"python", "python", {}, {}, {}}, {});
  ASSERT_TRUE(planned.ok());
  ASSERT_EQ(planned->size(), 2u);
  const compute::TaskSpec& second = (*planned)[1];
  EXPECT_EQ(second.id.value(), "processing.123456789012.us-east-1.job.1.2");
  EXPECT_EQ(second.command, (std::vector<std::string>{"python3", "/opt/ml/processing/input/code/work.py", "--x", "1"}));
  EXPECT_EQ(second.host_name, "algo-2");
  EXPECT_EQ(second.gang.members.size(), 2u);
  EXPECT_EQ(second.inputs[0].shard, 1);
  EXPECT_EQ(second.inputs[0].shards, 2);
  ASSERT_EQ(second.outputs.size(), 1u);
  EXPECT_TRUE(second.outputs[0].continuous);
  EXPECT_FALSE(second.outputs[0].archive);
  EXPECT_EQ(second.limits.disk_bytes, 5ull << 30);
  EXPECT_NE(second.files[0].content.find(R"("ProcessingJobArn":"arn:aws:sagemaker:)"), std::string::npos);
}

// What makes no sense is refused with what is wrong, what is not built by its name.
TEST(Request, Refusals) {
  auto refused = [](auto change, const Reason& reason, const char* text) {
    CreateRequest request = GoodRequest();
    change(request);
    Status checked = CheckRequest(request);
    ASSERT_FALSE(checked.ok()) << text;
    EXPECT_EQ(checked.error().reason, reason) << text;
    EXPECT_NE(checked.error().message.find(text), std::string::npos) << checked.error().message;
  };
  auto input = [](CreateRequest& r) -> ProcessingS3Input& { return *(*r.processing_inputs)[0].s3_input; };
  refused([&](CreateRequest& r) { input(r).local_path = "/etc"; }, kBadJob, "LocalPath");
  refused([&](CreateRequest& r) { input(r).local_path = "/opt/ml/processing/../model"; }, kBadJob, "LocalPath");
  refused([&](CreateRequest& r) { input(r).s3_uri = "https://x"; }, kBadJob, "S3Uri");
  refused([&](CreateRequest& r) { input(r).s3_compression_type = "Gzip"; }, kBadJob, "Gzip");
  refused([](CreateRequest& r) { r.processing_inputs->push_back((*r.processing_inputs)[0]); }, kBadJob, "twice");
  refused([](CreateRequest& r) { r.processing_output_config->kms_key_id = "key"; }, kNotBuilt, "KmsKeyId");
  refused([](CreateRequest& r) { r.network_config.emplace().vpc_config.emplace(); }, kNotBuilt, "VpcConfig");
  refused([](CreateRequest& r) { r.processing_resources->cluster_config->instance_count = 0; }, kBadJob,
          "InstanceCount");
}

// What the hosts say at their end is one message, in their order, of at most 1 KiB.
TEST(Kind, ExitMessages) {
  jobs::World world;
  ProcessingKind kind(world, {});
  jobs::Job job;
  compute::TaskStatus one, two, long_one;
  one.exit_message = "one. ";
  two.exit_message = "two.";
  long_one.exit_message = std::string(1020, 'x');
  kind.Ended(job, {}, {one, two});
  EXPECT_EQ(job.state.exit_message, "one. two.");
  kind.Ended(job, {}, {one, long_one, two});
  EXPECT_EQ(job.state.exit_message, "one. two.");
}

}  // namespace
}  // namespace aloft::processing
