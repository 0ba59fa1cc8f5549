#include "services/training/outcome.h"

#include "services/training/messages.h"

namespace aloft::training {
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

std::string FailureReason(const compute::TaskStatus& task) {
  switch (task.outcome) {
    case Outcome::kFailed: return Reason("AlgorithmError", Or(task.failure, "see the job's log"), task);
    case Outcome::kOutOfMemory: return Reason("AlgorithmError", messages::kOutOfMemory, task);
    case Outcome::kDiskFull:
      return Reason("ClientError",
                    Or(task.failure, "No space left on device: the job wrote more than its volume holds"), task);
    case Outcome::kInputRefused: return Cut("ClientError: Data download failed: " + task.failure, kMaxReason);
    case Outcome::kOutputFailed: return Cut("ClientError: Artifact upload failed: " + task.failure, kMaxReason);
    case Outcome::kCannotRun:
      return Cut("InternalServerError: The job could not be run here: " + task.failure, kMaxReason);
    case Outcome::kLost:
      return Cut("InternalServerError: The task was lost: " + Or(task.failure, "its agent ended"), kMaxReason);
    default: return Cut("InternalServerError: " + task.failure, kMaxReason);
  }
}

}  // namespace

Ending EndingOf(const compute::TaskStatus& task) {
  // Outputs are stored after success, a stop and the time limit, if the command ran at all.
  bool ran = task.command_started.has_value();
  switch (task.outcome) {
    case Outcome::kSucceeded: return {Secondary::kCompleted, "", messages::kCompleted, true};
    case Outcome::kStopped: return {Secondary::kStopped, "", messages::kStopped, ran};
    case Outcome::kMaxRuntime: return {Secondary::kMaxRuntimeExceeded, "", messages::kMaxRuntime, ran};
    default: {
      std::string reason = FailureReason(task);
      return {Secondary::kFailed, reason, messages::kFailed, false};
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

std::string StepMessage(const compute::TaskStatus& task, const compute::Transition& transition,
                        const std::string& environment) {
  switch (transition.phase) {
    case Phase::kPending: return Or(transition.message, "Waiting for room on this machine");
    case Phase::kPreparing: return Or(transition.message, messages::kPreparing);
    case Phase::kStaging: return messages::kDownloading;
    case Phase::kUploading: return messages::kUploading;
    case Phase::kEnded: return transition.message;
    case Phase::kRunning: break;
  }
  std::string message = messages::kTraining;
  if (environment.empty()) return message;
  message += " Environment: " + environment;
  for (std::size_t i = 0; i < task.versions.size(); ++i) message += (i == 0 ? " (" : ", ") + task.versions[i];
  if (!task.versions.empty()) message += ")";
  return message + ".";
}

}  // namespace aloft::training
