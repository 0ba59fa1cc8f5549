#include "platform/compute/slurm.h"

#include <stdlib.h>
#include <unistd.h>

#include <cmath>
#include <mutex>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/process.h"
#include "platform/compute/agent_variables.h"
#include "platform/compute/errors.h"

namespace aloft::compute {
namespace {

constexpr std::uint64_t kAgentMemory = 256u << 20;  // beside the code's: Slurm counts both

struct Said {
  int exit_code = -1;
  std::string text;
};

Result<Said> Run(std::vector<std::string> argv) {
  os::CommandOptions options;
  options.argv = std::move(argv);
  options.variables = AgentVariables();
  if (const char* configuration = ::getenv("SLURM_CONF")) options.variables["SLURM_CONF"] = configuration;
  options.deadline = std::chrono::seconds(20);
  Said said;
  options.output = [&](std::string_view line) {
    if (said.text.size() < 64 * 1024) said.text.append(line).append("\n");
  };
  ALOFT_ASSIGN(os::CommandResult result, os::RunCommand(options));
  said.exit_code = result.exit_code;
  return said;
}

bool ControllerIsAway(const std::string& text) {
  for (const char* sign : {"Unable to contact", "Connection refused", "timed out", "Socket timed out", "not responding",
                           "Zero Bytes were transmitted", "Munge", "munge", "Protocol authentication"})
    if (text.find(sign) != std::string::npos) return true;
  return false;
}

std::string LastLine(std::string_view text) {
  text = Trim(text);
  return std::string(text.substr(text.rfind('\n') == std::string_view::npos ? 0 : text.rfind('\n') + 1));
}

// Of jobs that may still come or run; every other one is over.
AgentHost::State StateOf(std::string_view state) {
  for (std::string_view waits : {"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"})
    if (state == waits) return AgentHost::State::kWaits;
  for (std::string_view runs :
       {"RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"})
    if (state == runs) return AgentHost::State::kRuns;
  return AgentHost::State::kGone;
}

class SlurmHost final : public AgentHost {
 public:
  explicit SlurmHost(SlurmOptions options) : options_(std::move(options)) {}

  Status Begin(const TaskSpec& spec, const std::string& directory, const Limits& limits) override {
    // A server that died after sbatch and before it heard of it asks again: the name tells.
    std::lock_guard lock(mutex_);
    Seen seen = Look(spec.id);
    if (seen.state == State::kUnknown) return Fail(kUnavailable, seen.why);
    if (seen.state != State::kGone) return {};
    auto mebibytes = (limits.memory_bytes + kAgentMemory + (1u << 20) - 1) >> 20;
    std::vector<std::string> argv{
        options_.programs + "/sbatch",
        "--parsable",
        "--no-requeue",  // a lost task is repeated by whoever asked for it, as another one
        "--job-name=" + NameOf(spec.id),
        "--comment=aloft " + spec.id.value(),
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=" + std::to_string(std::max(1, static_cast<int>(std::ceil(limits.vcpus)))),
        "--mem=" + std::to_string(mebibytes) + "M",
        "--chdir=/",
        "--output=/dev/null",
        "--error=/dev/null",
        "--export=ALL"};
    if (limits.gpus > 0) argv.push_back("--gres=gpu:" + std::to_string(limits.gpus));
    if (spec.priority < 0) argv.push_back("--nice=" + std::to_string(-spec.priority));
    if (!options_.partition.empty()) argv.push_back("--partition=" + options_.partition);
    argv.insert(argv.end(), options_.arguments.begin(), options_.arguments.end());
    // exec: what Slurm signals is the agent itself.
    argv.push_back("--wrap=exec '" + options_.agent_path + "' --directory '" + directory + "'");
    ALOFT_ASSIGN(Said said, Ask(std::move(argv)));
    if (said.exit_code == 0) return {};
    return Fail(kResourceLimitExceeded, "Slurm refuses the task: " + LastLine(said.text), said.text);
  }

  Seen Look(const TaskId& id) override {
    auto said = Ask(
        {options_.programs + "/squeue", "--noheader", "--states=all", "--name=" + NameOf(id), "--format=%A|%T|%r|%N"});
    if (!said.ok()) return {State::kUnknown, said.error().message};
    if (said->exit_code != 0) return {State::kUnknown, "Slurm does not answer: " + LastLine(said->text)};
    Seen seen{State::kGone, "Slurm does not know it any more"};
    for (std::string_view line : Split(said->text, '\n')) {
      auto fields = Split(line, '|');
      if (fields.size() < 4) continue;
      State state = StateOf(fields[1]);
      std::string job = "Slurm job " + std::string(fields[0]);
      if (state == State::kGone) {
        seen = {state, job + " ended as " + std::string(fields[1]) +
                           (fields[3].empty() ? "" : " on " + std::string(fields[3]))};
        continue;
      }
      return {state, state == State::kWaits ? job + " waits: " + std::string(fields[2])
                                            : job + " runs on " + std::string(fields[3])};
    }
    return seen;
  }

  Status End(const TaskId& id) override {
    ALOFT_TRY(Ask({options_.programs + "/scancel", "--name=" + NameOf(id), "--state=PENDING"}));
    // --full: the batch script is the agent, which a plain signal would not reach.
    ALOFT_TRY(Ask({options_.programs + "/scancel", "--name=" + NameOf(id), "--signal=KILL", "--full"}));
    return {};
  }

 private:
  // kUnavailable where the controller is away, or was a moment ago.
  Result<Said> Ask(std::vector<std::string> argv) {
    using Steady = std::chrono::steady_clock;
    {
      std::lock_guard lock(away_mutex_);
      if (Steady::now() < away_until_) return Fail(kUnavailable, away_);
    }
    ALOFT_ASSIGN(Said said, Run(std::move(argv)));
    if (said.exit_code == 0 || !ControllerIsAway(said.text)) return said;
    std::lock_guard lock(away_mutex_);
    away_until_ = Steady::now() + options_.pause;
    away_ = "Slurm does not answer: " + LastLine(said.text);
    return Fail(kUnavailable, away_);
  }

  // Two installations on one cluster may have tasks of the same name; commas would be lists.
  std::string NameOf(const TaskId& id) const {
    return "aloft-" + crypto::Sha256Hex(options_.tasks_directory + "\n" + id.value()).substr(0, 24);
  }

  SlurmOptions options_;
  std::mutex mutex_;
  std::mutex away_mutex_;
  std::chrono::steady_clock::time_point away_until_{};
  std::string away_;
};

}  // namespace

std::unique_ptr<AgentHost> MakeSlurmHost(SlurmOptions options) {
  return std::make_unique<SlurmHost>(std::move(options));
}

std::string SlurmGap(const std::string& programs) {
  for (const char* program : {"/sbatch", "/squeue", "/scancel"})
    if (::access((programs + program).c_str(), X_OK) != 0)
      return programs + program + " is not there; apt-get install slurm-client";
  auto said = Run({programs + "/squeue", "--noheader", "--name=aloft-nothing"});
  if (!said.ok()) return said.error().message;
  if (said->exit_code != 0) return "Slurm does not answer: " + LastLine(said->text);
  return {};
}

}  // namespace aloft::compute
