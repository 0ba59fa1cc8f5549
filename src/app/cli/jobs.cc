// aloft jobs interrupt, aloft jobs rehearse-spot, aloft queue: what an operator does with jobs.
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "app/cli/commands.h"
#include "app/cli/remote.h"
#include "foundation/base/random.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

json::object Describe(Remote& remote, const std::string& name) {
  return OrFail(remote.Json("sagemaker", "SageMaker.DescribeTrainingJob", json::object{{"TrainingJobName", name}}))
      .as_object();
}

void Interrupt(Remote& remote, const std::string& name, int pause) {
  OrFail(remote.Own("InterruptTrainingJob", json::object{{"TrainingJobName", name}, {"PauseSeconds", pause}}));
}

bool IsOver(const json::object& job) {
  std::string status = Text(job, "TrainingJobStatus");
  return status != "InProgress" && status != "Stopping";
}

// The request that made the job, under another name, allowed to be interrupted, with checkpoints of its own.
json::object CopyOf(const json::object& job, const std::string& name) {
  json::object copy;
  for (const char* member :
       {"HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig",
        "StoppingCondition", "Environment", "EnableNetworkIsolation", "CheckpointConfig", "RetryStrategy"})
    if (const auto* value = job.if_contains(member)) copy[member] = *value;
  copy["TrainingJobName"] = name;
  copy["EnableManagedSpotTraining"] = true;
  auto& stopping = copy["StoppingCondition"].as_object();
  if (!stopping.contains("MaxWaitTimeInSeconds"))
    stopping["MaxWaitTimeInSeconds"] = stopping.at("MaxRuntimeInSeconds").to_number<std::int64_t>() * 2;
  if (Text(copy["OutputDataConfig"].as_object(), "KmsKeyId").empty())
    copy["OutputDataConfig"].as_object().erase("KmsKeyId");
  auto& checkpoints = copy["CheckpointConfig"].as_object();
  std::string uri = Text(checkpoints, "S3Uri");
  checkpoints["S3Uri"] = uri + (uri.ends_with('/') ? "" : "/") + name;
  return copy;
}

json::object WaitFor(Remote& remote, const std::string& name, const std::function<bool(const json::object&)>& pleases) {
  std::string shown;
  for (;;) {
    json::object job = Describe(remote, name);
    if (std::string now = Text(job, "SecondaryStatus"); now != shown) {
      std::printf("  %s\n", now.c_str());
      std::fflush(stdout);
      shown = now;
    }
    if (pleases(job) || IsOver(job)) return job;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

void PrintMetrics(const char* title, const json::object& job) {
  const auto* metrics = job.if_contains("FinalMetricDataList");
  if (metrics == nullptr) return;
  std::printf("%s:", title);
  for (const auto& metric : metrics->as_array())
    std::printf(" %s=%.6g", Text(metric.as_object(), "MetricName").c_str(),
                metric.as_object().at("Value").to_number<double>());
  std::printf("\n");
}

bool WasInterrupted(const json::object& job) {
  for (const auto& step : job.at("SecondaryStatusTransitions").as_array())
    if (Text(step.as_object(), "Status") == "Interrupted") return true;
  return false;
}

void RehearseSpot(const std::string& profile, const std::string& name, int after) {
  auto remote = Connect(profile);
  json::object original = Describe(*remote, name);
  if (!original.contains("CheckpointConfig"))
    throw CommandFailed{Fail(kInvalidArgument, "'" + name +
                                                   "' has no CheckpointConfig: it could only begin anew. Give the "
                                                   "estimator a checkpoint_s3_uri.")};
  SystemRandom random;
  std::string copy_name = name.substr(0, 50) + "-" + random.Text(6, "abcdefghijkmnpqrstuvwxyz23456789");
  OrFail(remote->Json("sagemaker", "SageMaker.CreateTrainingJob", CopyOf(original, copy_name)));
  std::printf("Training job %s is a copy of %s; it is interrupted %d s after its code began.\n", copy_name.c_str(),
              name.c_str(), after);
  auto job = WaitFor(*remote, copy_name, [](const auto& now) { return Text(now, "SecondaryStatus") == "Training"; });
  if (!IsOver(job)) {
    std::this_thread::sleep_for(std::chrono::seconds(after));
    Interrupt(*remote, copy_name, 0);
    job = WaitFor(*remote, copy_name, [](const auto&) { return false; });
  }
  PrintMetrics("original ", original);
  PrintMetrics("rehearsal", job);
  if (!WasInterrupted(job))
    throw CommandFailed{Fail(kInvalidArgument, "The copy had ended before it could be interrupted; try --after 1.")};
  if (Text(job, "TrainingJobStatus") != "Completed")
    throw CommandFailed{
        Fail(kInvalidArgument, "The copy did not survive its interruption: " + Text(job, "FailureReason"))};
  std::printf("It was interrupted, went on, and completed.\n");
}

void PrintWaiting(const json::array& waiting, std::int64_t now) {
  if (waiting.empty()) return;
  std::printf("%-52s %-11s %-9s %s\n", "JOB", "KIND", "WAITS", "WHY");
  for (const auto& one : waiting) {
    const auto& job = one.as_object();
    std::string waits =
        std::to_string(std::max<std::int64_t>(0, now - job.at("Since").to_number<std::int64_t>())) + " s";
    std::printf("%-52s %-11s %-9s %s\n", Text(job, "Name").c_str(), Text(job, "Kind").c_str(), waits.c_str(),
                Text(job, "Reason").c_str());
  }
}

// Of a server that knows none there are none.
void PrintPools(const json::object& answer, std::int64_t now) {
  const auto* pools = answer.if_contains("WarmPools");
  if (pools == nullptr || pools->as_array().empty()) return;
  std::printf("\n%-52s %-27s %s\n", "WARM POOL OF", "INSTANCES", "KEPT FOR");
  for (const auto& one : pools->as_array()) {
    const auto& pool = one.as_object();
    const auto left = std::max<std::int64_t>(0, pool.at("Until").to_number<std::int64_t>() - now);
    const std::string instances =
        std::to_string(pool.at("InstanceCount").to_number<std::int64_t>()) + " x " + Text(pool, "InstanceType");
    std::printf("%-52s %-27s %s\n", Text(pool, "TrainingJobName").c_str(), instances.c_str(),
                (std::to_string(left) + " s").c_str());
  }
}

void Queue(const std::string& profile) {
  auto answer = OrFail(Connect(profile)->Own("GetQueue", json::object()));
  const auto& waiting = answer.as_object().at("Waiting").as_array();
  auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  if (waiting.empty()) std::printf("Nothing waits.\n");
  PrintWaiting(waiting, now);
  PrintPools(answer.as_object(), now);
}

}  // namespace

void AddJobOperations(CLI::App& jobs) {
  auto profile = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  auto pause = std::make_shared<int>(0);
  auto* interrupt = jobs.add_subcommand("interrupt", "Take the machine away from a managed spot job; it goes on later");
  AddProfileOption(*interrupt, *profile);
  interrupt->add_option("NAME", *name, "The training job")->required();
  interrupt->add_option("--pause", *pause, "Seconds until it may start again")
      ->capture_default_str()
      ->check(CLI::Range(0, 86'400));
  interrupt->footer("Example:\n  aloft jobs interrupt my-job --pause 60");
  interrupt->callback([=] {
    Interrupt(*Connect(*profile), *name, *pause);
    std::printf("It gets SIGTERM now and two minutes to end; then it waits and goes on from its checkpoint.\n");
  });

  auto after = std::make_shared<int>(10);
  auto* rehearse =
      jobs.add_subcommand("rehearse-spot", "Prove that a job survives an interruption: interrupt a copy of it");
  AddProfileOption(*rehearse, *profile);
  rehearse->add_option("NAME", *name, "A training job with a checkpoint configuration")->required();
  rehearse->add_option("--after", *after, "Seconds of training before the interruption")
      ->capture_default_str()
      ->check(CLI::Range(0, 86'400));
  rehearse->footer("Example:\n  aloft jobs rehearse-spot my-job --after 30");
  rehearse->callback([=] { RehearseSpot(*profile, *name, *after); });
}

void AddQueue(CLI::App& app) {
  auto profile = std::make_shared<std::string>();
  auto* command =
      app.add_subcommand("queue", "List the jobs that wait for room, and why, and the warm pools that keep some");
  AddProfileOption(*command, *profile);
  command->footer("Example:\n  aloft queue");
  command->callback([=] { Queue(*profile); });
}

}  // namespace aloft::app
