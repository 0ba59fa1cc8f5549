#include "services/training/kind.h"

#include <algorithm>

#include "services/training/metric_scraper.h"
#include "services/training/request.h"

namespace aloft::training {
namespace {

// What the metric definitions find in the lines: points in the metric store, the last values in the job's state.
class MetricObserver final : public jobs::LogObserver {
 public:
  MetricObserver(MetricScraper scraper, telemetry::MetricStore& metrics, Log log)
      : scraper_(std::move(scraper)), metrics_(metrics), log_(std::move(log)) {}

  Result<bool> Observe(jobs::Job& job, int host, const std::vector<compute::LogLine>& lines) override {
    std::vector<telemetry::MetricPoint> points;
    for (const compute::LogLine& line : lines) {
      for (const MetricScraper::Found& found : scraper_.Scrape(line.text)) {
        telemetry::MetricPoint point;
        point.metric = {kMetricNamespace, found.name, {{"TrainingJobName", job.name}}};
        point.timestamp = line.at;
        point.values = {found.value};
        // Unique per attempt, host, place in the log and definition (at most 40 of them).
        point.identity = (static_cast<std::uint64_t>(host % 256) << 56) + (line.offset << 12) +
                         (static_cast<std::uint64_t>(job.state.attempt % 64) << 6) + found.definition;
        points.push_back(std::move(point));
        job.state.metrics[found.name] = {found.value, line.at};
      }
    }
    if (points.empty()) return false;
    Status put = metrics_.Put(job.scope, points);
    // A clock that is wrong by weeks spoils the points, not the job.
    if (!put.ok() && put.error().kind() == ErrorKind::kInvalid)
      log_.Warn("metrics of a training job were refused", {{"job", job.name}, {"error", Describe(put.error())}});
    else
      ALOFT_TRY(std::move(put));
    return true;
  }

 private:
  MetricScraper scraper_;
  telemetry::MetricStore& metrics_;
  Log log_;
};

// Each host read its own; what a channel holds is said once for each host, too.
std::vector<compute::InputRead> InputsOfAll(const std::vector<compute::TaskStatus>& hosts) {
  std::vector<compute::InputRead> all;
  for (const compute::TaskStatus& host : hosts) {
    for (const compute::InputRead& input : host.inputs) {
      auto same = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.channel == input.channel; });
      if (same == all.end()) {
        all.push_back(input);
        continue;
      }
      same->objects += input.objects;
      same->objects_read += input.objects_read;
      same->bytes += input.bytes;
      same->bytes_read += input.bytes_read;
    }
  }
  return all;
}

}  // namespace

const jobs::KindNames& Names() {
  static const jobs::KindNames kNames{.kind = "training",
                                      .noun = "training job",
                                      .member = "Training",
                                      .arn_kind = "training-job",
                                      .log_group = kLogGroup,
                                      .topic = "training.jobs",
                                      .running = "Training image download completed. Training in progress.",
                                      .uploading = "Uploading generated training model"};
  return kNames;
}

Result<jobs::Terms> TrainingKind::TermsOf(const jobs::Job& record) const {
  ALOFT_ASSIGN(Job job, JobOf(record));
  return TermsOfRequest(job.request);
}

Result<std::vector<compute::TaskSpec>> TrainingKind::Plan(const jobs::Job& record) const {
  ALOFT_ASSIGN(Job job, JobOf(record));
  ALOFT_ASSIGN(compute::Runtime runtime, world_.resolve(ImageOf(job.request)));
  return PlanTasks(job, runtime, options_);
}

std::optional<Time> TrainingKind::ClosedUntil(const jobs::Job& record, Time now) const {
  auto closed = options_.spot_hours.ClosedUntil(now);
  if (!closed) return std::nullopt;
  auto job = JobOf(record);
  if (!job.ok() || !job->request.enable_managed_spot_training.value_or(false)) return std::nullopt;
  return closed;
}

std::unique_ptr<jobs::LogObserver> TrainingKind::Observer(const jobs::Job& record) const {
  auto job = JobOf(record);
  if (!job.ok() || !job->request.algorithm_specification) return nullptr;
  const auto& definitions = job->request.algorithm_specification->metric_definitions;
  if (!definitions || definitions->empty()) return nullptr;
  return std::make_unique<MetricObserver>(MetricScraper(*definitions), metrics_, log_);
}

void TrainingKind::Ended(jobs::Job& record, const jobs::Ending& ending,
                         const std::vector<compute::TaskStatus>& hosts) const {
  record.state.inputs = InputsOfAll(hosts);
  if (!ending.has_artifacts) return;
  if (auto job = JobOf(record); job.ok()) record.state.artifacts = ArtifactsUri(*job);
}

}  // namespace aloft::training
