#include "services/processing/types.h"

#include "foundation/shapes/json.h"
#include "services/resources/arn.h"

namespace aloft::processing {

Result<Job> JobOf(jobs::Job record) {
  Job job;
  ALOFT_ASSIGN(job.request, shapes::FromJsonText<CreateRequest>(record.document));
  static_cast<jobs::Job&>(job) = std::move(record);
  return job;
}

std::string JobArn(const Scope& scope, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, "processing-job", name);
}

}  // namespace aloft::processing
