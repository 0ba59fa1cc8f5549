// A training service on a puppet backend, a frozen clock and small stores. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <set>

#include "foundation/kv/store.h"
#include "foundation/sql/database.h"
#include "platform/telemetry/log_store.h"
#include "platform/telemetry/metric_store.h"
#include "services/jobs/puppet_backend.h"
#include "services/jobs/records.h"
#include "services/resources/tags.h"
#include "services/training/service.h"

namespace aloft::training {

using CreateRequest = shapes::sagemaker::CreateTrainingJobRequest;

// A request that is accepted; tests change what they are about.
inline CreateRequest GoodRequest(const std::string& name) {
  CreateRequest request;
  request.training_job_name = name;
  request.role_arn = "arn:aws:iam::123456789012:role/training";
  request.algorithm_specification.emplace();
  request.algorithm_specification->training_image =
      "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1";
  request.algorithm_specification->training_input_mode = "File";
  request.hyper_parameters = {{"sagemaker_program", "\"train.py\""},
                              {"sagemaker_submit_directory", "\"s3://bucket/job/source/sourcedir.tar.gz\""},
                              {"depth", "3"}};
  shapes::sagemaker::Channel channel;
  channel.channel_name = "train";
  channel.data_source.emplace();
  channel.data_source->s3_data_source.emplace();
  channel.data_source->s3_data_source->s3_data_type = "S3Prefix";
  channel.data_source->s3_data_source->s3_uri = "s3://bucket/data/";
  request.input_data_config.emplace().push_back(channel);
  request.output_data_config.emplace();
  request.output_data_config->s3_output_path = "s3://bucket/out/";
  request.resource_config.emplace();
  request.resource_config->instance_type = "ml.m5.large";
  request.resource_config->instance_count = 1;
  request.resource_config->volume_size_in_gb = 10;
  request.stopping_condition.emplace();
  request.stopping_condition->max_runtime_in_seconds = 3600;
  return request;
}

inline shapes::sagemaker::MetricDefinition Metric(const std::string& name, const std::string& regex) {
  shapes::sagemaker::MetricDefinition definition;
  definition.name = name;
  definition.regex = regex;
  return definition;
}

// A clock whose wall time somebody sets while what measures durations goes on.
class JumpingClock final : public Clock {
 public:
  Time Now() const override { return clock_.Now() + ahead_; }
  MonotonicTime Monotonic() const override { return clock_.Monotonic(); }
  void Advance(std::chrono::microseconds by) { clock_.Advance(by); }
  void Jump(std::chrono::microseconds by) { ahead_ += by; }

 private:
  ManualClock clock_;
  std::chrono::microseconds ahead_{0};
};

class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "aloft-training-XXXXXX";
    directory_ = mkdtemp(name.data());
    session_.kind = identity::PrincipalKind::kUser;
    session_.account = scope_.account;
    auto store = kv::Store::Open({kv::Engine::kMemory, "", "", 1}, Log::Discard());
    ASSERT_TRUE(store.ok());
    store_ = std::move(*store);
    logs_ = std::make_unique<telemetry::LogStore>(*store_, clock_, random_);
    metrics_ = std::make_unique<telemetry::MetricStore>(*store_, clock_, random_);
    Restart();
  }
  void TearDown() override {
    service_.reset();
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  // The server dies and comes back: its records and the world stay, what it had in memory is gone.
  void Restart() {
    service_.reset();
    database_.reset();
    std::vector<sql::Migration> migrations;
    for (auto room : {work::Migrations(), resources::Migrations()})
      migrations.insert(migrations.end(), room.begin(), room.end());
    migrations.push_back(jobs::TableOf("training"));
    sql::Options options;
    options.path = directory_ + "/aloft.db";
    auto database = sql::Database::Open(options, migrations, Log::Discard());
    ASSERT_TRUE(database.ok()) << aloft::Describe(database.error());
    database_ = std::move(*database);
    MakeService();
  }
  void MakeService() {
    service_ = std::make_unique<Service>(
        Dependencies{
            *database_,
            *backend_in_use_,
            *logs_,
            *metrics_,
            clock_,
            random_,
            Log::Discard(),
            {[this](std::string_view image) -> Result<compute::Runtime> {
               if (image.find("scikit-learn") == std::string_view::npos)
                 return Fail(compute::kUnknownImage, "No runtime for the image " + std::string(image));
               return compute::Runtime{"scikit-learn", "scikit-learn", {"python", "-m", "aloft_runtime.train"}, {}, {}};
             },
             [this](const identity::Session&, const std::string&, const std::string&) { return check_role_; },
             [this](const AccountId&, const std::string&, const std::string&) { return check_input_; }}},
        options_);
    service_->Resume();
  }

  Status Create(const CreateRequest& request) {
    auto created = service_->CreateTrainingJob(session_, scope_.region, request);
    if (!created.ok()) return created.error();
    return {};
  }
  // Lets the loop do what is due now.
  void Run() { service_->RunDue(); }
  // ... and whatever becomes due within `time`.
  void RunFor(std::chrono::seconds time) {
    for (std::chrono::milliseconds passed{0}; passed < time; passed += std::chrono::milliseconds(100)) {
      Run();
      clock_.Advance(std::chrono::milliseconds(100));
    }
    Run();
  }
  shapes::sagemaker::DescribeTrainingJobResponse Describe(const std::string& name) {
    auto described = service_->DescribeTrainingJob(scope_, name);
    EXPECT_TRUE(described.ok()) << aloft::Describe(described.error());
    return described.ok() ? *described : shapes::sagemaker::DescribeTrainingJobResponse{};
  }
  std::string Steps(const std::string& name) {
    std::string all;
    auto described = Describe(name);
    for (const auto& step : *described.secondary_status_transitions) all += (all.empty() ? "" : " ") + *step.status;
    return all;
  }
  std::string LogText(const std::string& name) {
    auto page = logs_->FilterEvents(scope_, kLogGroup, {.stream_prefix = name + "/"});
    if (!page.ok()) return "<" + std::string(page.error().reason.name) + ">";
    std::string all;
    for (const auto& event : page->events) all += event.message + "|";
    return all;
  }
  bool IsClean(const std::string& name) {
    auto job = database_->Read([&](sql::Reader& reader) { return jobs::LoadJob(reader, Names(), scope_, name); });
    return job.ok() && job->state.cleaned && !backend_.tasks.contains(Id(name));
  }
  static std::string Id(const std::string& name, int attempt = 1) {
    return "training.123456789012.us-east-1." + name + "." + std::to_string(attempt);
  }

  Scope scope_{AccountId("123456789012"), Region("us-east-1")};
  identity::Session session_;
  JumpingClock clock_;
  SeededRandom random_{1};
  Options options_{.capacity = {.vcpus = 4, .memory_bytes = 32ull << 30, .disk_bytes = 500ull << 30, .gpus = 0}};
  Status check_role_, check_input_;
  jobs::PuppetBackend backend_{clock_};
  compute::Backend* backend_in_use_ = &backend_;
  std::string directory_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<telemetry::LogStore> logs_;
  std::unique_ptr<telemetry::MetricStore> metrics_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<Service> service_;
};

// Plays the tasks of jobs by the name of the job.
class LifeTest : public ServiceTest {
 protected:
  void StartJob(const CreateRequest& request) {
    Status created = Create(request);
    ASSERT_TRUE(created.ok()) << aloft::Describe(created.error());
    Run();
    ASSERT_TRUE(backend_.tasks.contains(Id(*request.training_job_name)));
  }
  void Enter(const std::string& name, compute::Phase phase, const std::string& message = {}) {
    backend_.Enter(Id(name), phase, message);
    Changed(name);
  }
  void End(const std::string& name, compute::Outcome outcome, int exit_code = 0, const std::string& failure = {}) {
    backend_.End(Id(name), outcome, exit_code, failure);
    Changed(name);
  }
  void Changed(const std::string& name) {
    service_->OnTaskChanged(compute::TaskId(Id(name)));
    Run();
    clock_.Advance(std::chrono::seconds(1));
  }
};

}  // namespace aloft::training
