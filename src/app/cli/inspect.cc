// aloft status, stop, jobs, logs, token, operations: short questions to a running server.

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "app/cli/commands.h"
#include "app/cli/job_progress.h"
#include "app/cli/remote.h"
#include "app/config.h"
#include "app/server_info.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

double Number(const json::object& object, const char* name, double otherwise = 0) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_number()) return otherwise;
  return member->to_number<double>();
}

double SecondsSinceEpoch() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void Status(const std::string& data_directory) {
  ServerInfo info = OrFail(ReadServerInfo(data_directory));
  double age = SecondsSinceEpoch() - static_cast<double>(info.started_at_millis) / 1000;
  std::printf("Aloft %s is up at %s (pid %d, for %s).\n  account  %s\n  region   %s\n  data     %s\n",
              info.version.c_str(), info.url.c_str(), info.pid, Span(age).c_str(), info.account.c_str(),
              info.region.c_str(), data_directory.c_str());
  if (!info.ca_file.empty()) std::printf("  CA       %s\n", info.ca_file.c_str());
}

void Stop(const std::string& data_directory, int timeout_seconds) {
  ServerInfo info = OrFail(ReadServerInfo(data_directory));
  int process = static_cast<int>(syscall(SYS_pidfd_open, info.pid, 0));
  if (process < 0 || syscall(SYS_pidfd_send_signal, process, SIGTERM, nullptr, 0) != 0) {
    throw CommandFailed{SystemError("stopping process " + std::to_string(info.pid), errno)};
  }
  pollfd ended{process, POLLIN, 0};
  int ready = poll(&ended, 1, timeout_seconds * 1000);
  close(process);
  if (ready != 1) {
    throw CommandFailed{
        Fail(kDeadlineExceeded, "The server (pid " + std::to_string(info.pid) + ") is still finishing requests after " +
                                    std::to_string(timeout_seconds) + " s. Wait longer with --timeout.")};
  }
  std::printf("Stopped. Running jobs and endpoints go on; `aloft up` finds them again.\n");
}

void PrintJob(Remote& remote, const json::object& job) {
  double created = Number(job, "CreationTime");
  double ended = Number(job, "TrainingEndTime", SecondsSinceEpoch());
  std::printf("%-52s %-11s %-9s %s\n", Text(job, "TrainingJobName").c_str(), Text(job, "TrainingJobStatus").c_str(),
              Span(std::max(0.0, ended - created)).c_str(),
              codec::FormatIso8601(FromMillis(std::llround(created * 1000))).c_str());
  if (Text(job, "TrainingJobStatus") != "InProgress") return;
  if (std::string line = ProgressLine(remote, Text(job, "TrainingJobName")); !line.empty())
    std::printf("  %s\n", line.c_str());
}

void Jobs(const std::string& profile, const std::string& status, int limit) {
  auto remote = Connect(profile);
  json::object request{{"SortBy", "CreationTime"}, {"SortOrder", "Descending"}, {"MaxResults", std::min(limit, 100)}};
  if (!status.empty()) request["StatusEquals"] = status;
  int shown = 0;
  while (shown < limit) {
    auto page = OrFail(remote->Json("sagemaker", "SageMaker.ListTrainingJobs", request));
    if (shown == 0) std::printf("%-52s %-11s %-9s %s\n", "TRAINING JOB", "STATUS", "TOOK", "CREATED");
    for (const auto& job : page.as_object().at("TrainingJobSummaries").as_array()) {
      PrintJob(*remote, job.as_object());
      if (++shown >= limit) break;
    }
    std::string token = Text(page.as_object(), "NextToken");
    if (token.empty()) break;
    request["NextToken"] = token;
  }
  if (shown == 0) std::printf("(none yet)\n");
}

// The streams of a job or an endpoint: "<group>" and every stream name.
std::pair<std::string, std::vector<std::string>> FindStreams(Remote& remote, const std::string& name) {
  const std::pair<std::string, std::string> places[] = {{"/aws/sagemaker/TrainingJobs", name + "/"},
                                                        {"/aws/sagemaker/ProcessingJobs", name + "/"},
                                                        {"/aws/sagemaker/Endpoints/" + name, ""}};
  for (const auto& [group, prefix] : places) {
    json::object request{{"logGroupName", group}};
    if (!prefix.empty()) request["logStreamNamePrefix"] = prefix;
    auto page = remote.Json("logs", "Logs_20140328.DescribeLogStreams", request);
    if (!page.ok()) {
      if (page.error().reason == kRemoteAway) throw CommandFailed{page.error()};
      continue;
    }
    std::vector<std::string> streams;
    for (const auto& stream : page->as_object().at("logStreams").as_array()) {
      streams.push_back(Text(stream.as_object(), "logStreamName"));
    }
    if (!streams.empty()) return {group, streams};
  }
  return {};
}

bool JobIsOver(Remote& remote, const std::string& name) {
  for (const std::string kind : {"Training", "Processing"}) {
    auto job = remote.Json("sagemaker", "SageMaker.Describe" + kind + "Job", json::object{{kind + "JobName", name}});
    if (!job.ok()) continue;
    std::string status = Text(job->as_object(), (kind + "JobStatus").c_str());
    return status != "InProgress" && status != "Stopping";
  }
  return false;  // an endpoint: follow until interrupted
}

void Logs(const std::string& profile, const std::string& name, bool follow) {
  auto remote = Connect(profile);
  std::pair<std::string, std::vector<std::string>> place = FindStreams(*remote, name);
  while (place.second.empty() && follow && !JobIsOver(*remote, name)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    place = FindStreams(*remote, name);
  }
  if (place.second.empty()) {
    throw CommandFailed{Fail(kInvalidArgument, "'" + name +
                                                   "' has no log: no job or endpoint of that name has started. "
                                                   "`aloft jobs` lists the training jobs.")};
  }
  std::vector<std::string> tokens(place.second.size());
  bool over = false;
  while (true) {
    bool last_round = over || !follow;
    bool news = false;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      json::object request{{"logGroupName", place.first}, {"logStreamName", place.second[i]}, {"startFromHead", true}};
      if (!tokens[i].empty()) request["nextToken"] = tokens[i];
      auto page = OrFail(remote->Json("logs", "Logs_20140328.GetLogEvents", request));
      for (const auto& event : page.as_object().at("events").as_array()) {
        news = true;
        std::printf("%s\n", Text(event.as_object(), "message").c_str());
      }
      tokens[i] = Text(page.as_object(), "nextForwardToken");
    }
    std::fflush(stdout);
    if (news) continue;
    if (last_round) return;
    over = JobIsOver(*remote, name);
    if (!over) std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

void Token(const std::string& profile, const std::string& endpoint, int seconds) {
  auto answer = OrFail(Connect(profile)->Own("IssueEndpointToken",
                                             json::object{{"EndpointName", endpoint}, {"DurationSeconds", seconds}}));
  std::printf("%s\n", Text(answer.as_object(), "Token").c_str());
}

void RevokeToken(const std::string& profile, const std::string& token) {
  OrFail(Connect(profile)->Own("RevokeToken", json::object{{"Token", token}}));
  std::printf("The token opens nothing any more.\n");
}

void Operations(const std::string& profile, bool as_json) {
  auto answer = OrFail(Connect(profile)->Own("ListOperations", json::object()));
  if (as_json) {
    std::printf("%s\n", codec::WriteJson(answer).c_str());
    return;
  }
  for (const auto& operation : answer.as_object().at("Operations").as_array()) {
    std::printf("%s:%s\n", Text(operation.as_object(), "Service").c_str(),
                Text(operation.as_object(), "Operation").c_str());
  }
}

}  // namespace

void AddStatus(CLI::App& app) {
  auto data = std::make_shared<std::string>();
  auto* command = app.add_subcommand("status", "Say whether a server runs, where, and since when");
  AddDataOption(*command, *data);
  command->footer("Examples:\n  aloft status\n  aloft status --data /srv/aloft");
  command->callback([data] { Status(*data); });
}

void AddStop(CLI::App& app) {
  auto data = std::make_shared<std::string>();
  auto timeout = std::make_shared<int>(60);
  auto* command = app.add_subcommand("stop", "Stop the server after the requests it is answering; jobs go on");
  AddDataOption(*command, *data);
  command->add_option("--timeout", *timeout, "Seconds to wait")->capture_default_str();
  command->footer("Example:\n  aloft stop");
  command->callback([=] { Stop(*data, *timeout); });
}

void AddJobs(CLI::App& app) {
  auto profile = std::make_shared<std::string>();
  auto status = std::make_shared<std::string>();
  auto limit = std::make_shared<int>(20);
  auto* command = app.add_subcommand("jobs", "List training jobs, newest first");
  AddProfileOption(*command, *profile);
  command->add_option("--status", *status, "InProgress, Completed, Failed, Stopping or Stopped only");
  command->add_option("--limit", *limit, "How many at most")->capture_default_str()->check(CLI::Range(1, 10'000));
  command->footer("Examples:\n  aloft jobs\n  aloft jobs --status Failed --limit 5");
  AddJobOperations(*command);
  command->callback([=] {
    if (command->get_subcommands().empty()) Jobs(*profile, *status, *limit);
  });
}

void AddLogs(CLI::App& app) {
  auto profile = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  auto follow = std::make_shared<bool>(false);
  auto* command = app.add_subcommand("logs", "Print the log of a job or an endpoint");
  AddProfileOption(*command, *profile);
  command->add_option("NAME", *name, "The training or processing job, or the endpoint")->required();
  command->add_flag("-f,--follow", *follow, "Go on until the job is over");
  command->footer("Examples:\n  aloft logs my-job\n  aloft logs -f my-job");
  command->callback([=] { Logs(*profile, *name, *follow); });
}

void AddToken(CLI::App& app) {
  auto profile = std::make_shared<std::string>();
  auto endpoint = std::make_shared<std::string>();
  auto revoked = std::make_shared<std::string>();
  auto seconds = std::make_shared<int>(3600);
  auto* command = app.add_subcommand("token", "Make a short-lived token that may call one endpoint and nothing else");
  AddProfileOption(*command, *profile);
  auto* name = command->add_option("ENDPOINT", *endpoint, "The endpoint's name");
  command->add_option("--revoke", *revoked, "A token to end before its time")->excludes(name);
  command->add_option("--seconds", *seconds, "How long it is good, 60 to 43200")->capture_default_str();
  command->footer(
      "Example:\n"
      "  curl --cacert ~/.aloft/aloft-ca.pem -H \"Authorization: Bearer $(aloft token my-endpoint)\" \\\n"
      "       -d '{\"features\": [5.1, 3.5, 1.4, 0.2]}' https://127.0.0.1:9710/endpoints/my-endpoint/predict");
  command->callback([=] {
    if (!revoked->empty()) return RevokeToken(*profile, *revoked);
    if (endpoint->empty()) throw CLI::RequiredError("ENDPOINT");
    Token(*profile, *endpoint, *seconds);
  });
}

void AddOperations(CLI::App& app) {
  auto profile = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  auto* command = app.add_subcommand("operations", "List the operations that this server has built");
  AddProfileOption(*command, *profile);
  command->add_flag("--json", *as_json, "As JSON");
  command->footer("Example:\n  aloft operations | grep ^sagemaker");
  command->callback([=] { Operations(*profile, *as_json); });
}

}  // namespace aloft::app
