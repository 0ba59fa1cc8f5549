#include "services/training/listing.h"

#include "services/jobs/listing.h"
#include "services/training/describe.h"
#include "services/training/kind.h"

namespace aloft::training {

using shapes::sagemaker::ListTrainingJobsRequest;
using shapes::sagemaker::ListTrainingJobsResponse;

Result<ListTrainingJobsResponse> ListJobs(sql::Reader& reader, const Scope& scope,
                                          const ListTrainingJobsRequest& request) {
  ListTrainingJobsResponse response;
  response.training_job_summaries.emplace();
  // Training plans are not built: no job has one.
  if (request.training_plan_arn_equals) return response;
  jobs::ListQuery query = jobs::QueryOf(request);
  query.pool_status = request.warm_pool_status_equals;
  ALOFT_ASSIGN(jobs::JobPage page, jobs::ListJobs(reader, Names(), scope, query));
  for (const jobs::ListedJob& job : page.jobs) {
    auto& summary = response.training_job_summaries->emplace_back();
    summary.training_job_name = job.name;
    summary.training_job_arn = JobArn(scope, job.name);
    summary.creation_time = job.created;
    summary.last_modified_time = job.modified;
    summary.training_end_time = job.ended;
    summary.training_job_status = job.status;
    summary.secondary_status = job.secondary;
    summary.warm_pool_status = WarmPoolOf(job.pool, {});
  }
  response.next_token = page.next_token;
  return response;
}

Result<std::vector<std::string>> JobsWithWarmPools(sql::Reader& reader, const Scope& scope) {
  constexpr std::size_t kMost = 1000;
  jobs::ListQuery query{.pool_status = std::string(jobs::ToString(jobs::WarmPool::Status::kAvailable)), .limit = 100};
  std::vector<std::string> names;
  do {
    ALOFT_ASSIGN(jobs::JobPage page, jobs::ListJobs(reader, Names(), scope, query));
    for (jobs::ListedJob& job : page.jobs) names.push_back(std::move(job.name));
    query.next_token = std::move(page.next_token);
  } while (query.next_token && names.size() < kMost);
  return names;
}

}  // namespace aloft::training
