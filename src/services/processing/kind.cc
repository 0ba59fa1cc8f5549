#include "services/processing/kind.h"

#include "services/processing/request.h"

namespace aloft::processing {
namespace {

constexpr std::size_t kMaxExitMessage = 1024;

}  // namespace

const jobs::KindNames& Names() {
  static const jobs::KindNames kNames{.kind = "processing",
                                      .noun = "processing job",
                                      .member = "Processing",
                                      .arn_kind = "processing-job",
                                      .log_group = kLogGroup,
                                      .topic = "processing.jobs",
                                      .running = "Processing in progress.",
                                      .uploading = "Uploading the outputs"};
  return kNames;
}

Result<jobs::Terms> ProcessingKind::TermsOf(const jobs::Job& record) const {
  ALOFT_ASSIGN(Job job, JobOf(record));
  return processing::TermsOf(job.request);
}

Result<std::vector<compute::TaskSpec>> ProcessingKind::Plan(const jobs::Job& record) const {
  ALOFT_ASSIGN(Job job, JobOf(record));
  ALOFT_ASSIGN(compute::Runtime runtime, world_.resolve(job.request.app_specification->image_uri.value_or("")));
  return PlanTasks(job, runtime, options_);
}

void ProcessingKind::Ended(jobs::Job& job, const jobs::Ending&, const std::vector<compute::TaskStatus>& hosts) const {
  std::string& message = job.state.exit_message;
  message.clear();
  for (const compute::TaskStatus& host : hosts)
    if (message.size() + host.exit_message.size() <= kMaxExitMessage) message += host.exit_message;
}

}  // namespace aloft::processing
