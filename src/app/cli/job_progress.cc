#include "app/cli/job_progress.h"

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <optional>

#include "services/jobs/progress.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kShown = 100;  // of the last line
constexpr int kLinesLookedAt = 50;

double Number(const json::object& object, const char* name) {
  const auto* member = object.if_contains(name);
  return member != nullptr && member->is_number() ? member->to_number<double>() : 0;
}

struct Step {
  std::string status, message;
  double start = 0;
};

std::optional<Step> LastStep(const json::object& job) {
  const auto* steps = job.if_contains("SecondaryStatusTransitions");
  if (steps == nullptr || !steps->is_array() || steps->as_array().empty()) return std::nullopt;
  const json::object& last = steps->as_array().back().as_object();
  return Step{Text(last, "Status"), Text(last, "StatusMessage"), Number(last, "StartTime")};
}

// The newest lines of the newest attempt's first host.
json::array LastLines(Remote& remote, const std::string& job) {
  const char* group = "/aws/sagemaker/TrainingJobs";
  auto streams = remote.Json("logs", "Logs_20140328.DescribeLogStreams",
                             json::object{{"logGroupName", group}, {"logStreamNamePrefix", job + "/algo-1-"}});
  if (!streams.ok() || streams->as_object().at("logStreams").as_array().empty()) return {};
  std::string stream = Text(streams->as_object().at("logStreams").as_array().back().as_object(), "logStreamName");
  auto page = remote.Json("logs", "Logs_20140328.GetLogEvents",
                          json::object{{"logGroupName", group}, {"logStreamName", stream}, {"limit", kLinesLookedAt}});
  if (!page.ok()) return {};
  return page->as_object().at("events").as_array();
}

// Cut where a character begins; what would move the terminal's cursor is not passed on.
std::string Shortened(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  if (text.size() <= kShown) return text;
  std::size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

std::string Span(double seconds) {
  char text[32];
  if (seconds < 120) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else if (seconds < 7200) {
    std::snprintf(text, sizeof text, "%.0f min", seconds / 60);
  } else {
    std::snprintf(text, sizeof text, "%.1f h", seconds / 3600);
  }
  return text;
}

std::string ProgressLine(Remote& remote, const std::string& job) {
  auto described = remote.Json("sagemaker", "SageMaker.DescribeTrainingJob", json::object{{"TrainingJobName", job}});
  if (!described.ok()) return {};
  auto step = LastStep(described->as_object());
  if (!step) return {};
  double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::string line = step->status;
  line.append(" for ").append(Span(std::max(0.0, now - step->start)));
  if (step->status == "Pending") return line.append(": ").append(step->message);
  if (step->status != "Training") return line;
  json::array lines = LastLines(remote, job);
  for (auto at = lines.rbegin(); at != lines.rend(); ++at) {
    const json::object& event = at->as_object();
    auto progress = jobs::ProgressOf(Text(event, "message"));
    double took = Number(event, "timestamp") / 1000 - step->start;
    if (!progress || *progress <= 0 || took <= 0) continue;
    char percent[32];
    std::snprintf(percent, sizeof percent, ", %.0f%% done", *progress * 100);
    line.append(percent).append(", about ");
    line.append(Span(std::max(0.0, took / *progress - (now - step->start)))).append(" left");
    break;
  }
  if (!lines.empty()) line.append(": ").append(Shortened(Text(lines.back().as_object(), "message")));
  return line;
}

}  // namespace aloft::app
