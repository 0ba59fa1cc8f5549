// Creating, describing, listing: what is refused and why, what is echoed, what the task is told.
#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "services/jobs/messages.h"
#include "services/training/errors.h"
#include "services/training/plan.h"
#include "services/training/request.h"
#include "services/training/testing_service.h"

#include <boost/json.hpp>

namespace aloft::training {
namespace {

using std::chrono::seconds;

class CreateTest : public ServiceTest {
 protected:
  // The refusal of a good request that was changed; and that nothing of it was stored.
  template <class Change>
  Error Refused(Change change) {
    CreateRequest request = GoodRequest("job");
    change(request);
    Status created = Create(request);
    EXPECT_FALSE(created.ok());
    EXPECT_EQ(service_->Exists(scope_, "job").error().reason, kNoSuchJob);
    return created.ok() ? Error{} : created.error();
  }
};

// Every member that asks for what is not built is refused by its name.
TEST_F(CreateTest, NotBuiltIsNamed) {
  auto refused = [&](auto change, const char* name) {
    Error error = Refused(change);
    EXPECT_EQ(error.reason, kNotBuilt) << name;
    EXPECT_NE(error.message.find(name), std::string::npos) << error.message;
  };
  refused([](CreateRequest& r) { r.resource_config->volume_kms_key_id = "key"; }, "VolumeKmsKeyId");
  refused([](CreateRequest& r) { r.output_data_config->kms_key_id = "key"; }, "KmsKeyId");
  refused([](CreateRequest& r) { r.algorithm_specification->algorithm_name = "a"; }, "AlgorithmName");
  refused([](CreateRequest& r) { r.vpc_config.emplace(); }, "VpcConfig");
  refused([](CreateRequest& r) { r.debug_rule_configurations.emplace(1); }, "DebugRuleConfigurations");
  refused([](CreateRequest& r) { r.serverless_job_config.emplace(); }, "ServerlessJobConfig");
  refused([](CreateRequest& r) { (*r.input_data_config)[0].data_source->s3_data_source->s3_data_type = "Converse"; },
          "Converse");
  refused([](CreateRequest& r) { (*r.input_data_config)[0].data_source->file_system_data_source.emplace(); },
          "FileSystemDataSource");
}

// What makes no sense is refused with what is wrong.
TEST_F(CreateTest, BadRequests) {
  auto refused = [&](auto change, const char* text) {
    Error error = Refused(change);
    EXPECT_EQ(error.reason, kBadJob) << text;
    EXPECT_NE(error.message.find(text), std::string::npos) << error.message;
  };
  refused([](CreateRequest& r) { r.algorithm_specification.reset(); }, "AlgorithmSpecification");
  refused([](CreateRequest& r) { r.algorithm_specification->training_image.reset(); }, "TrainingImage");
  refused([](CreateRequest& r) { r.resource_config.reset(); }, "ResourceConfig");
  refused([](CreateRequest& r) { r.output_data_config->s3_output_path = "https://x"; }, "S3OutputPath");
  refused([](CreateRequest& r) { r.output_data_config->s3_output_path = "s3://"; }, "S3OutputPath");
  refused([](CreateRequest& r) { r.output_data_config->s3_output_path = "s3://../../etc"; }, "S3OutputPath");
  refused([](CreateRequest& r) { (*r.input_data_config)[0].channel_name = ".."; }, "directory");
  refused([](CreateRequest& r) { r.resource_config->instance_type = "ml.nonsense.huge"; }, "ml.nonsense.huge");
  refused([](CreateRequest& r) { r.input_data_config->push_back((*r.input_data_config)[0]); }, "twice");
  refused([](CreateRequest& r) { r.algorithm_specification->training_image = "my-image:latest"; }, "my-image:latest");
  refused([](CreateRequest& r) { r.algorithm_specification->metric_definitions = {{Metric("m", "(?=x)")}}; }, "RE2");
  refused([](CreateRequest& r) { r.algorithm_specification->metric_definitions = {{Metric("m", "x")}}; }, "group");
  refused([](CreateRequest& r) { (*r.input_data_config)[0].record_wrapper_type = "RecordIO"; }, "Pipe");
  refused([](CreateRequest& r) { (*r.input_data_config)[0].compression_type = "Gzip"; }, "Pipe");
  refused(
      [](CreateRequest& r) {
        (*r.input_data_config)[0].data_source->s3_data_source->s3_data_type = "AugmentedManifestFile";
      },
      "Pipe");
  refused([](CreateRequest& r) { r.enable_managed_spot_training = true; }, "MaxWaitTimeInSeconds");
  refused([](CreateRequest& r) { r.stopping_condition->max_wait_time_in_seconds = 60; }, "MaxWaitTimeInSeconds");
}

// The role and the input are looked at before anything is stored; the messages are AWS's.
TEST_F(CreateTest, RoleAndInput) {
  check_role_ = Fail({ErrorKind::kInvalid, "RoleNotFound"}, "no such role");
  Error error = Refused([](CreateRequest&) {});
  EXPECT_EQ(error.reason, kBadJob);
  EXPECT_EQ(error.message, jobs::messages::CannotAssume("arn:aws:iam::123456789012:role/training"));
  check_role_ = Status();
  check_input_ = Fail({ErrorKind::kInvalid, "NoObjects"}, "No S3 objects found under S3 URL \"s3://bucket/data/\"");
  EXPECT_EQ(Refused([](CreateRequest&) {}).message, "No S3 objects found under S3 URL \"s3://bucket/data/\"");
  check_input_ = Fail(kUnavailable, "later");
  EXPECT_EQ(Refused([](CreateRequest&) {}).reason, kUnavailable) << "not the caller's fault, so not his error";
}

// What can never fit is refused at once with what is missing.
TEST_F(CreateTest, TooLarge) {
  Error error = Refused([](CreateRequest& r) { r.resource_config->instance_type = "ml.m5.24xlarge"; });
  EXPECT_EQ(error.reason, kTooLargeForHere);
  EXPECT_NE(error.message.find("'ml.m5.24xlarge for training job usage'"), std::string::npos) << error.message;
}

// A name is used once.
TEST_F(CreateTest, NamesAreUnique) {
  ASSERT_TRUE(Create(GoodRequest("job")).ok());
  Status again = Create(GoodRequest("job"));
  EXPECT_EQ(again.error().reason, kJobExists);
  EXPECT_EQ(again.error().message,
            jobs::messages::Exists("training job", "job", "arn:aws:sagemaker:us-east-1:123456789012:training-job/job"));
}

// Tags are stored with the job, and bad ones refuse it.
TEST_F(CreateTest, Tags) {
  auto tag = [](const char* key, const char* value) {
    shapes::sagemaker::Tag made;
    made.key = key;
    made.value = value;
    return made;
  };
  EXPECT_EQ(Refused([&](CreateRequest& r) { r.tags = {{tag("aloft:priority", "high")}}; }).reason, kBadJob);
  EXPECT_EQ(Refused([&](CreateRequest& r) { r.tags = {{tag("aws:x", "1")}}; }).reason, resources::kBadTag);
  EXPECT_EQ(Refused([&](CreateRequest& r) { r.tags = {{tag("a", "1"), tag("a", "2")}}; }).reason, resources::kBadTag);
  CreateRequest request = GoodRequest("job");
  request.tags = {{tag("team", "ml"), tag("aloft:priority", "-7")}};
  ASSERT_TRUE(Create(request).ok());
  auto tags = database_->Read([&](sql::Reader& reader) { return resources::ListTags(reader, JobArn(scope_, "job")); });
  EXPECT_EQ(*tags, (resources::Tags{std::pair("aloft:priority", "-7"), std::pair("team", "ml")}));
  Run();
  EXPECT_EQ(backend_.tasks.at(Id("job")).spec.priority, -7);
  EXPECT_EQ(backend_.tasks.at(Id("job")).spec.queue, "123456789012");
}

// Describe gives back what was sent, also what this version of the model does not know, and what the SDK needs besides.
TEST_F(CreateTest, DescribeEchoes) {
  CreateRequest request = GoodRequest("job");
  request.environment.emplace()["A"] = "b";
  request.profiler_config.emplace().disable_profiler = true;
  request.unknown.Set(boost::json::object{{"NewMember", boost::json::object{{"X", 1}}}});
  ASSERT_TRUE(Create(request).ok());
  auto job = Describe("job");
  EXPECT_EQ(*job.hyper_parameters, *request.hyper_parameters);
  EXPECT_EQ(*job.role_arn, *request.role_arn);
  EXPECT_EQ(*job.environment, *request.environment);
  EXPECT_EQ(*job.profiler_config->disable_profiler, true);
  EXPECT_EQ(*(*job.input_data_config)[0].channel_name, "train");
  EXPECT_EQ(*job.output_data_config->kms_key_id, "");
  EXPECT_EQ(*job.stopping_condition->max_runtime_in_seconds, 3600);
  EXPECT_EQ(*job.enable_network_isolation, false);
  EXPECT_EQ(*job.training_job_arn, "arn:aws:sagemaker:us-east-1:123456789012:training-job/job");
  EXPECT_EQ(job.creation_time, job.last_modified_time);
  EXPECT_FALSE(job.training_time_in_seconds.has_value());
  std::string text = shapes::ToJsonText(job);
  EXPECT_NE(text.find(R"("NewMember":{"X":1})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("AloftRuntime":{"Environment":"scikit-learn")"), std::string::npos) << text;
  EXPECT_EQ(text.find("Tags"), std::string::npos);
}

// Absent jobs.
TEST_F(CreateTest, NotFound) {
  EXPECT_EQ(service_->DescribeTrainingJob(scope_, "x").error().message, jobs::messages::kNotFound);
  EXPECT_EQ(service_->StopTrainingJob(scope_, "x").error().reason, kNoSuchJob);
  ASSERT_TRUE(Create(GoodRequest("job")).ok());
  EXPECT_EQ(service_->Exists({AccountId("999999999999"), scope_.region}, "job").error().reason, kNoSuchJob);
  EXPECT_EQ(service_->Exists({scope_.account, Region("eu-west-1")}, "job").error().reason, kNoSuchJob);
}

// Updating: a job without a warm pool gets none later, and turning off what is off is fine.
TEST_F(CreateTest, Update) {
  ASSERT_TRUE(Create(GoodRequest("job")).ok());
  shapes::sagemaker::UpdateTrainingJobRequest request;
  request.training_job_name = "job";
  EXPECT_TRUE(service_->UpdateTrainingJob(scope_, request).ok());
  request.resource_config.emplace().keep_alive_period_in_seconds = 60;
  EXPECT_EQ(service_->UpdateTrainingJob(scope_, request).error().reason, kBadJob);
  request.resource_config->keep_alive_period_in_seconds = 0;
  EXPECT_TRUE(service_->UpdateTrainingJob(scope_, request).ok());
}

// Filters, orders and pages of the list.
TEST_F(CreateTest, List) {
  for (const char* name : {"beta", "alpha-1", "alpha-2", "gamma"}) {
    ASSERT_TRUE(Create(GoodRequest(name)).ok());
    clock_.Advance(seconds(10));
  }
  ASSERT_TRUE(service_->StopTrainingJob(scope_, "gamma").ok());
  auto list = [&](auto change) {
    shapes::sagemaker::ListTrainingJobsRequest request;
    change(request);
    std::string names;
    do {
      auto page = service_->ListTrainingJobs(scope_, request);
      EXPECT_TRUE(page.ok()) << aloft::Describe(page.error());
      if (!page.ok()) break;
      for (const auto& job : *page->training_job_summaries) names += *job.training_job_name + " ";
      request.next_token = page->next_token;
    } while (request.next_token);
    return names;
  };
  using R = shapes::sagemaker::ListTrainingJobsRequest;
  EXPECT_EQ(list([](R&) {}), "beta alpha-1 alpha-2 gamma ");
  EXPECT_EQ(list([](R& r) { r.max_results = 1; }), "beta alpha-1 alpha-2 gamma ");
  EXPECT_EQ(list([](R& r) { r.max_results = 3, r.sort_order = "Descending"; }), "gamma alpha-2 alpha-1 beta ");
  EXPECT_EQ(list([](R& r) { r.sort_by = "Name", r.max_results = 2; }), "alpha-1 alpha-2 beta gamma ");
  EXPECT_EQ(list([](R& r) { r.sort_by = "Status", r.max_results = 1; }), "alpha-1 alpha-2 beta gamma ");
  EXPECT_EQ(list([](R& r) { r.name_contains = "alpha-"; }), "alpha-1 alpha-2 ");
  EXPECT_EQ(list([](R& r) { r.name_contains = "%"; }), "");
  EXPECT_EQ(list([](R& r) { r.status_equals = "Stopping"; }), "gamma ");
  Time middle = *Describe("alpha-2").creation_time;
  EXPECT_EQ(list([&](R& r) { r.creation_time_before = middle; }), "beta alpha-1 ");
  EXPECT_EQ(list([&](R& r) { r.creation_time_after = middle; }), "gamma ");
  R bad;
  bad.next_token = "zz";
  EXPECT_EQ(service_->ListTrainingJobs(scope_, bad).error().reason, kBadPageToken);
}

// Search sees descriptions, tags and hyperparameters, orders and pages.
TEST_F(CreateTest, Search) {
  for (int i = 0; i < 5; ++i) {
    CreateRequest request = GoodRequest("job-" + std::to_string(i));
    (*request.hyper_parameters)["depth"] = std::to_string(i);
    shapes::sagemaker::Tag tag;
    tag.key = "team";
    tag.value = i % 2 == 0 ? "even" : "odd";
    request.tags.emplace().push_back(tag);
    ASSERT_TRUE(Create(request).ok());
    clock_.Advance(seconds(1));
  }
  auto search = [&](const char* text) {
    auto request = shapes::FromJsonText<shapes::sagemaker::SearchRequest>(text);
    std::string names;
    do {
      auto page = service_->Search(scope_, *request);
      EXPECT_TRUE(page.ok()) << aloft::Describe(page.error());
      if (!page.ok()) break;
      for (const auto& record : *page->results) names += *record.training_job->training_job_name + " ";
      request->next_token = page->next_token;
    } while (request->next_token);
    return names;
  };
  EXPECT_EQ(search(R"({"Resource":"TrainingJob"})"), "job-4 job-3 job-2 job-1 job-0 ");
  EXPECT_EQ(
      search(R"({"Resource":"TrainingJob","MaxResults":2,"SortBy":"HyperParameters.depth","SortOrder":"Ascending"})"),
      "job-0 job-1 job-2 job-3 job-4 ");
  EXPECT_EQ(search(R"({"SearchExpression":{"Filters":[{"Name":"Tags.team","Operator":"Equals","Value":"odd"}]}})"),
            "job-3 job-1 ");
  EXPECT_EQ(
      search(R"({"SearchExpression":{"Filters":[{"Name":"HyperParameters.depth","Operator":"GreaterThan","Value":"2"},
                       {"Name":"TrainingJobStatus","Operator":"Equals","Value":"InProgress"}]}})"),
      "job-4 job-3 ");
}

// What the task is told: the /opt/ml contract.
TEST_F(CreateTest, Plan) {
  CreateRequest request = GoodRequest("job");
  request.environment.emplace() = {{"MODE", "fast"}, {"AWS_REGION", "mine"}};
  (*request.input_data_config)[0].content_type = "text/csv";
  ASSERT_TRUE(Create(request).ok());
  Run();
  const compute::TaskSpec& spec = backend_.tasks.at(Id("job")).spec;
  EXPECT_EQ(spec.environment, "scikit-learn");
  EXPECT_EQ(spec.command, (std::vector<std::string>{"python", "-m", "aloft_runtime.train"}));
  EXPECT_EQ(spec.variables.at("TRAINING_JOB_NAME"), "job");
  EXPECT_EQ(spec.variables.at("MODE"), "fast");
  EXPECT_EQ(spec.variables.at("AWS_REGION"), "mine");
  ASSERT_EQ(spec.files.size(), 3u);
  EXPECT_EQ(spec.files[0].content, R"({"depth":"3","sagemaker_program":"\"train.py\"",)"
                                   R"("sagemaker_submit_directory":"\"s3://bucket/job/source/sourcedir.tar.gz\""})");
  EXPECT_EQ(spec.files[1].content, R"({"train":{"TrainingInputMode":"File","S3DistributionType":"FullyReplicated",)"
                                   R"("RecordWrapperType":"None","ContentType":"text/csv"}})");
  EXPECT_EQ(spec.files[2].content,
            R"({"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"eth0",)"
            R"("current_instance_type":"ml.m5.large","current_group_name":"homogeneousCluster","instance_groups":)"
            R"([{"instance_group_name":"homogeneousCluster","instance_type":"ml.m5.large","hosts":["algo-1"]}]})");
  ASSERT_EQ(spec.inputs.size(), 2u);
  EXPECT_EQ(spec.inputs[0].path, "/opt/ml/input/data/train");
  EXPECT_EQ(spec.inputs[1].s3_uri, "s3://bucket/job/source/sourcedir.tar.gz");
  EXPECT_EQ(spec.inputs[1].kind, compute::Input::Kind::kArchive);
  ASSERT_EQ(spec.outputs.size(), 2u);
  EXPECT_EQ(spec.outputs[0].s3_uri, "s3://bucket/out/job/output/model.tar.gz");
  EXPECT_EQ(spec.outputs[1].s3_uri, "s3://bucket/out/job/output/output.tar.gz");
  EXPECT_EQ(spec.role_arn, *request.role_arn);
  EXPECT_EQ(spec.limits.disk_bytes, 10ull << 30);
  EXPECT_EQ(spec.stop_grace, seconds(120));
}

// Several hosts: one task for each, told of the others, with its share of sharded channels; the first stores for all.
TEST_F(CreateTest, PlanOfSeveralHosts) {
  CreateRequest request = GoodRequest("job");
  request.resource_config->instance_type.reset();
  request.resource_config->instance_count.reset();
  auto group = [](const char* name, const char* type, int count) {
    shapes::sagemaker::InstanceGroup made;
    made.instance_group_name = name;
    made.instance_type = type;
    made.instance_count = count;
    return made;
  };
  request.resource_config->instance_groups = {{group("cpu", "ml.c5.large", 2), group("big", "ml.m5.large", 1)}};
  auto& source = *(*request.input_data_config)[0].data_source->s3_data_source;
  source.s3_data_distribution_type = "ShardedByS3Key";
  source.instance_group_names = {{"cpu"}};
  request.checkpoint_config.emplace().s3_uri = "s3://bucket/checkpoints";
  ASSERT_TRUE(Create(request).ok());
  Run();
  ASSERT_EQ(backend_.tasks.size(), 3u);
  const compute::TaskSpec& first = backend_.tasks.at(Id("job")).spec;
  const compute::TaskSpec& second = backend_.tasks.at(Id("job") + ".2").spec;
  const compute::TaskSpec& third = backend_.tasks.at(Id("job") + ".3").spec;
  EXPECT_EQ(third.host_name, "algo-3");
  EXPECT_EQ(third.gang.index, 2);
  EXPECT_EQ(first.gang.host_names, (std::vector<std::string>{"algo-1", "algo-2", "algo-3"}));
  EXPECT_EQ(first.limits.memory_bytes, 4ull << 30);
  EXPECT_EQ(third.limits.memory_bytes, 8ull << 30);
  EXPECT_EQ(second.inputs[0].shard, 1);
  EXPECT_EQ(second.inputs[0].shards, 2);
  ASSERT_EQ(third.inputs.size(), 2u) << "code and checkpoints; the channel is for the other group";
  EXPECT_TRUE(third.inputs[1].optional);
  EXPECT_TRUE(first.outputs[0].merge);
  EXPECT_TRUE(second.outputs[2].continuous);
  EXPECT_EQ(second.files[2].content,
            R"({"current_host":"algo-2","hosts":["algo-1","algo-2","algo-3"],"network_interface_name":"eth0",)"
            R"("current_instance_type":"ml.c5.large","current_group_name":"cpu","instance_groups":)"
            R"([{"instance_group_name":"cpu","instance_type":"ml.c5.large","hosts":["algo-1","algo-2"]},)"
            R"({"instance_group_name":"big","instance_type":"ml.m5.large","hosts":["algo-3"]}]})");
  EXPECT_EQ(second.files[3].content, R"({"LocalPath":"/opt/ml/checkpoints"})");
}

// Network isolation, an own entry point, outputs that are not packed.
TEST_F(CreateTest, PlanVariants) {
  CreateRequest request = GoodRequest("job");
  request.enable_network_isolation = true;
  request.hyper_parameters->at("sagemaker_submit_directory") = "\"/opt/ml/input/data/code/sourcedir.tar.gz\"";
  request.algorithm_specification->container_entrypoint = std::vector<std::string>{"/bin/bash", "-c"};
  request.algorithm_specification->container_arguments = std::vector<std::string>{"true"};
  request.output_data_config->compression_type = "NONE";
  ASSERT_TRUE(Create(request).ok());
  Run();
  const compute::TaskSpec& spec = backend_.tasks.at(Id("job")).spec;
  EXPECT_EQ(spec.network, compute::Network::kNone);
  EXPECT_EQ(spec.inputs.size(), 1u);
  EXPECT_EQ(spec.command, (std::vector<std::string>{"/bin/bash", "-c", "true"}));
  EXPECT_EQ(spec.outputs[0].s3_uri, "s3://bucket/out/job/output/model/");
  EXPECT_FALSE(spec.outputs[0].archive);
}

// Where hosts cannot reach each other (Slurm), a job of several is refused at once, by name; one of one is taken.
TEST_F(CreateTest, SeveralInstancesMayBeRefused) {
  options_.several_instances = false;
  MakeService();
  CreateRequest request = GoodRequest("two");
  request.resource_config->instance_count = 2;
  auto refused = Create(request);
  EXPECT_EQ(refused.error().reason, kNotBuilt);
  EXPECT_NE(refused.error().message.find("several instances over Slurm"), std::string::npos);
  request.resource_config->instance_count = 1;
  EXPECT_TRUE(Create(request).ok());
}

}  // namespace
}  // namespace aloft::training
