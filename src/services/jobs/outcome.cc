#include "services/jobs/outcome.h"

#include "services/jobs/kind.h"
#include "services/jobs/messages.h"

namespace aloft::jobs {
namespace {

using compute::Outcome;
using compute::Phase;

constexpr std::size_t kMaxReason = 1024;

// Cuts at a character's beginning.
std::string Cut(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  text.resize(bytes);
  return text;
}

// "<kind>: <text>, exit code: <code>": what follows the text stays, however long the text is.
std::string Reason(const std::string& kind, const std::string& text, const compute::TaskStatus& task) {
  int code = task.signal != 0 ? 128 + task.signal : task.exit_code;
  std::string tail = code >= 0 ? ", exit code: " + std::to_string(code) : "";
  return kind + ": " + Cut(text, kMaxReason - kind.size() - 2 - tail.size()) + tail;
}

std::string Or(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

std::string FailureReason(const compute::TaskStatus& task, const std::string& at) {
  switch (task.outcome) {
    case Outcome::kFailed: return Reason("AlgorithmError", at + Or(task.failure, "see the job's log"), task);
    case Outcome::kOutOfMemory: return Reason("AlgorithmError", at + messages::kOutOfMemory, task);
    case Outcome::kDiskFull:
      return Reason("ClientError",
                    at + Or(task.failure, "No space left on device: the job wrote more than its volume holds"), task);
    case Outcome::kInputRefused: return Cut("ClientError: Data download failed: " + at + task.failure, kMaxReason);
    case Outcome::kOutputFailed: return Cut("ClientError: Artifact upload failed: " + at + task.failure, kMaxReason);
    case Outcome::kCannotRun:
      return Cut("InternalServerError: The job could not be run here: " + at + task.failure, kMaxReason);
    case Outcome::kLost:
      return Cut("InternalServerError: The task was lost: " + at + Or(task.failure, "its agent ended"), kMaxReason);
    default: return Cut("InternalServerError: " + at + task.failure, kMaxReason);
  }
}

}  // namespace

bool IsBad(Outcome outcome) {
  return outcome != Outcome::kNone && outcome != Outcome::kSucceeded && outcome != Outcome::kStopped &&
         outcome != Outcome::kMaxRuntime;
}

std::size_t DecidingHost(const std::vector<compute::TaskStatus>& hosts) {
  auto weight = [](const compute::TaskStatus& task) {
    if (IsBad(task.outcome)) return 3;
    if (task.outcome == Outcome::kMaxRuntime) return 2;
    return task.outcome == Outcome::kStopped ? 1 : 0;
  };
  auto end = [](const compute::TaskStatus& task) {
    return task.transitions.empty() ? Time{} : task.transitions.back().at;
  };
  std::size_t chosen = 0;
  for (std::size_t host = 1; host < hosts.size(); ++host) {
    int difference = weight(hosts[host]) - weight(hosts[chosen]);
    if (difference > 0 || (difference == 0 && end(hosts[host]) < end(hosts[chosen]))) chosen = host;
  }
  return chosen;
}

Ending EndingOf(const compute::TaskStatus& task, const std::string& noun, const std::string& host) {
  std::string capital = noun;
  capital[0] = static_cast<char>(capital[0] - 'a' + 'A');
  // Outputs are stored after success, a stop and the time limit, if the command ran at all.
  bool ran = task.command_started.has_value();
  switch (task.outcome) {
    case Outcome::kSucceeded: return {Secondary::kCompleted, "", capital + " completed", true};
    case Outcome::kStopped: return {Secondary::kStopped, "", capital + " stopped", ran};
    case Outcome::kMaxRuntime:
      return {Secondary::kMaxRuntimeExceeded, "", capital + " runtime exceeded MaxRuntimeInSeconds provided", ran};
    default: {
      std::string reason = FailureReason(task, host.empty() ? "" : host + ": ");
      return {Secondary::kFailed, reason, capital + " failed", false};
    }
  }
}

std::optional<Secondary> SecondaryOf(compute::Phase phase) {
  switch (phase) {
    case Phase::kPending: return Secondary::kPending;
    case Phase::kPreparing: return Secondary::kPreparing;
    case Phase::kStaging: return Secondary::kDownloading;
    case Phase::kRunning: return Secondary::kTraining;
    case Phase::kUploading: return Secondary::kUploading;
    case Phase::kEnded: return std::nullopt;
  }
  return std::nullopt;
}

std::string StepMessage(const KindNames& names, const compute::TaskStatus& task, const compute::Transition& transition,
                        const std::string& environment) {
  switch (transition.phase) {
    case Phase::kPending: return Or(transition.message, "Waiting for room on this machine");
    case Phase::kPreparing: return Or(transition.message, "Preparing the instances");
    case Phase::kStaging: return messages::kDownloading;
    case Phase::kUploading: return names.uploading;
    case Phase::kEnded: return transition.message;
    case Phase::kRunning: break;
  }
  std::string message = names.running;
  if (environment.empty()) return message;
  message += " Environment: " + environment;
  for (std::size_t i = 0; i < task.versions.size(); ++i) message += (i == 0 ? " (" : ", ") + task.versions[i];
  if (!task.versions.empty()) message += ")";
  return message + ".";
}

}  // namespace aloft::jobs
