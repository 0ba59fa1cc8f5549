// The room with a backend and workers that a test moves by hand, a frozen clock, and restarts. Test code only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "foundation/kv/store.h"
#include "platform/identity/records.h"
#include "platform/identity/service.h"
#include "platform/keys/keyring.h"
#include "platform/work/lease.h"
#include "services/models/records.h"
#include "services/resources/tags.h"
#include "services/serving/endpoints/policy.h"
#include "services/serving/endpoints/records.h"
#include "services/serving/routing/testing_puppets.h"
#include "services/serving/service.h"

namespace aloft::serving {

namespace sagemaker = shapes::sagemaker;

class ServingTest : public testing::Test {
 protected:
  ServingTest() {
    session_.account = scope_.account;
    std::string name = std::filesystem::temp_directory_path() / "aloft-serving-XXXXXX";
    directory_ = mkdtemp(name.data());
    std::ofstream(directory_ + "/runtimes.toml")
        << "[[runtime]]\nname = \"scikit-learn\"\nimages = [\"*scikit-learn*\"]\nenvironment = \"scikit-learn\"\n"
           "train = [\"python\"]\nserve = [\"python\", \"-m\", \"aloft_runtime.serve\"]\n";
    runtimes_.emplace(compute::RuntimeTable::Load(directory_).value());
    std::vector<sql::Migration> migrations;
    for (auto part :
         {work::Migrations(), identity::Migrations(), resources::Migrations(), models::Migrations(), Migrations()}) {
      migrations.insert(migrations.end(), part.begin(), part.end());
    }
    sql::Options options;
    options.path = directory_ + "/aloft.db";
    database_ = sql::Database::Open(options, migrations, Log::Discard()).value();
    kv::Options memory;
    memory.engine = kv::Engine::kMemory;
    store_ = kv::Store::Open(memory, Log::Discard()).value();
    logs_.emplace(*store_, clock_, random_);
    metrics_.emplace(*store_, clock_, random_);
    keyring_ = keys::Keyring::Ephemeral(random_);
    identity_.emplace(*database_, *keyring_, clock_, random_, Log::Discard());
    models_.emplace(*database_, *identity_, *runtimes_, clock_, nullptr);
    Boot();
    MakeModel("m");
  }
  ~ServingTest() override {
    service_.reset();
    std::filesystem::remove_all(directory_);
  }

  // A new server process finds what the old one left.
  void Boot() {
    service_.reset();
    Options options;
    options.max_invocations_per_endpoint = 3;
    Dependencies needs{*database_, *models_, *runtimes_, backend_, workers_, *logs_, *metrics_, clock_, random_};
    needs.alarm_fires = [this](const Scope&, const std::string& name) -> Result<bool> {
      if (!alarms_.contains(name)) return Fail(kNoSuchEndpoint, "no such alarm");
      return alarms_[name];
    };
    service_.emplace(std::move(needs), options, Log::Discard());
    ASSERT_TRUE(service_->Resume().ok());
    service_->RunDue();
  }

  void MakeModel(const std::string& name) {
    sagemaker::CreateModelRequest request;
    request.model_name = name;
    request.primary_container.emplace().image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/scikit-learn:1.2";
    auto made = models_->CreateModel(session_, scope_.region, request);
    ASSERT_TRUE(made.ok()) << Describe(made.error());
  }

  static sagemaker::CreateEndpointConfigRequest ConfigRequest(const std::string& name, int instances = 1) {
    sagemaker::CreateEndpointConfigRequest request;
    request.endpoint_config_name = name;
    sagemaker::ProductionVariant& variant = request.production_variants.emplace().emplace_back();
    variant.variant_name = "AllTraffic";
    variant.model_name = "m";
    variant.initial_instance_count = instances;
    variant.instance_type = "ml.m5.large";
    variant.initial_variant_weight = 1;
    return request;
  }

  void MakeConfig(const std::string& name, int instances = 1) {
    auto made = service_->CreateEndpointConfig(scope_, ConfigRequest(name, instances));
    ASSERT_TRUE(made.ok()) << Describe(made.error());
  }

  Result<sagemaker::CreateEndpointResponse> MakeEndpoint(const std::string& config = "c") {
    sagemaker::CreateEndpointRequest request;
    request.endpoint_name = "e";
    request.endpoint_config_name = config;
    return service_->CreateEndpoint(scope_, request);
  }

  Result<sagemaker::UpdateEndpointResponse> Update(const std::string& config) {
    sagemaker::UpdateEndpointRequest request;
    request.endpoint_name = "e";
    request.endpoint_config_name = config;
    request.deployment_config = deployment_;
    return service_->UpdateEndpoint(scope_, request);
  }

  // Steps until nothing is due at this moment.
  void Settle() {
    for (int i = 0; i < 20 && service_->RunDue() > 0; ++i) {
    }
  }
  void Pass(std::chrono::microseconds time) {
    clock_.Advance(time);
    Settle();
  }

  // The worker that was started last comes up and answers.
  void BringUp(const compute::TaskId& id) {
    backend_.Run(id, clock_.Now());
    workers_.healthy[backend_.tasks[id].socket_path] = true;
    service_->OnTaskChange(id);
    Settle();
    Pass(std::chrono::seconds(1));
  }
  compute::TaskId Newest() { return backend_.started.back().id; }

  void InService(int instances = 1) {
    MakeConfig("c", instances);
    ASSERT_TRUE(MakeEndpoint().ok());
    Settle();
    for (const compute::TaskSpec& spec : std::vector(backend_.started)) BringUp(spec.id);
    ASSERT_EQ(StatusOf(), "InService");
  }

  std::string StatusOf() {
    auto described = service_->DescribeEndpoint(scope_, "e");
    return described.ok() ? *described->endpoint_status : described.error().message;
  }

  // What Invoke answers; the answer may come later.
  std::shared_ptr<std::optional<Result<Answer>>> Invoke(std::string body = "[1]") {
    auto slot = std::make_shared<std::optional<Result<Answer>>>();
    Invocation invocation;
    invocation.endpoint = "e";
    invocation.body = std::move(body);
    service_->Invoke(scope_, std::move(invocation),
                     [slot](Result<Answer> answer) { slot->emplace(std::move(answer)); });
    return slot;
  }

  const Scope scope_{AccountId("123456789012"), Region("us-east-1")};
  identity::Session session_;
  std::string directory_;
  ManualClock clock_;
  SeededRandom random_{7};
  PuppetBackend backend_;
  PuppetWorkers workers_;
  std::optional<compute::RuntimeTable> runtimes_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<kv::Store> store_;
  std::optional<telemetry::LogStore> logs_;
  std::optional<telemetry::MetricStore> metrics_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::optional<identity::Service> identity_;
  std::optional<models::Service> models_;
  std::optional<Service> service_;
  std::optional<sagemaker::DeploymentConfig> deployment_;  // of the next Update
  std::map<std::string, bool> alarms_;                     // name -> whether it fires
};

}  // namespace aloft::serving
