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

}  // namespace aloft::training
